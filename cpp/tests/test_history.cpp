// A history gives the book as of any moment, from few bytes, and drops the oldest first.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "kept_change.hpp"
#include "lossy_streams.hpp"
#include "obcore/change_code.hpp"
#include "obcore/history.hpp"
#include "obcore/replay.hpp"
#include "recordings.hpp"
#include "same_book.hpp"

namespace {

using namespace obcore;

class List final : public ChangeSink {
public:
    void on_change(const BookChange& change, const Book& after) override {
        changes.push_back(keep(change, after.grid));
    }
    void on_trade(const TimedTrade& trade, Nanos time, const Grid& /*grid*/) override {
        trades.push_back(trade);
        trade_times.push_back(time);
    }

    std::vector<Kept> changes;
    std::vector<TimedTrade> trades;
    std::vector<Nanos> trade_times;
};

template <typename Sink>
std::shared_ptr<Sink> told(const std::vector<std::string>& lines, std::shared_ptr<Sink> sink) {
    ReplayOptions options;
    options.sink = sink;
    Replay replay(options);
    replay.begin("file");
    for (const std::string& line : lines) replay.feed(line);
    replay.end();
    replay.finish();
    return sink;
}

Book book_of(const std::vector<Kept>& changes, auto includes) {
    Book book;
    for (const Kept& kept : changes) {
        if (!includes(kept.change)) break;
        kept.apply_to(book);
    }
    return book;
}

void numbers_of_any_size_come_back() {
    const std::vector<std::int64_t> values{
        0,      1,   -1,        63,           64,
        absent, 127, 1LL << 60, -(1LL << 60), std::numeric_limits<std::int64_t>::max()};
    change_code::Writer writer;
    const std::vector<Level> levels{{1, 0},
                                    {max_price_ticks, std::numeric_limits<Lots>::max()}};
    const std::vector<Level> others{{-max_price_ticks, 7}};
    for (const std::int64_t a : values) {
        for (const std::int64_t b : values) {
            writer.change({.kind = BookChange::Kind::delta,
                           .state = BookState::gap,
                           .reason = {},
                           .time = a,
                           .id = b,
                           .ts_event_ns = b,
                           .ts_recv_ns = a,
                           .sequence = a,
                           .horizon = {b, a},
                           .depth = 10,
                           .bids = levels,
                           .asks = others},
                          1);
            writer.trade(
                {{.price = 5, .size = 6, .taker = Side::ask, .id = a, .is_aggregate = true},
                 {a, b}},
                b);
        }
    }
    change_code::Reader reader(writer.bytes());
    const std::vector<std::string> reasons{"no", "yes"};
    for (const std::int64_t a : values) {
        for (const std::int64_t b : values) {
            CHECK(!reader.is_at_trade());
            BookChange change = reader.head(reasons);
            reader.levels(change);
            CHECK(change.kind == BookChange::Kind::delta && change.state == BookState::gap);
            CHECK(change.reason == "yes" && change.depth == 10);
            CHECK(change.time == a && change.id == b && change.sequence == a);
            CHECK(change.ts_event_ns == b && change.ts_recv_ns == a);
            CHECK(change.horizon == Horizon{b, a});
            CHECK(Levels(change.bids.begin(), change.bids.end()) == levels);
            CHECK(Levels(change.asks.begin(), change.asks.end()) == others);
            CHECK(reader.is_at_trade());
            Nanos time = 0;
            const TimedTrade trade = reader.trade(time);
            CHECK(time == b && trade.times.ts_event_ns == a && trade.times.ts_recv_ns == b);
            CHECK(trade.trade.id == a && trade.trade.price == 5 && trade.trade.size == 6);
            CHECK(trade.trade.taker == Side::ask && trade.trade.is_aggregate);
        }
    }
    CHECK(reader.at_end());
}

void a_history_gives_the_book_of_any_moment() {
    for (std::uint64_t seed = 0; seed < 25; ++seed) {
        for (const std::vector<std::string>& lines : streams(seed)) {
            const auto list = told(lines, std::make_shared<List>());
            History history;
            const auto tape = told(lines, history.tape("A"));
            Dice dice(seed);
            Book found;  // reused
            for (int i = 0; i < 30; ++i) {
                const Nanos at = (recording::time_ms(0) + 100 * dice.below(66)) * 1'000'000 +
                                 (dice.below(3) - 1);
                const Book wanted = book_of(
                    list->changes, [&](const BookChange& change) { return change.time <= at; });
                const bool known = tape->state_at(at, found);
                CHECK(known == (wanted.state != BookState::empty));
                CHECK(!known || same_book(found, wanted));
                const Sequence id = 9 + dice.below(124);
                const Book by_id = book_of(
                    list->changes, [&](const BookChange& change) { return change.id <= id; });
                const bool known_id = tape->state_at_id(id, found);
                CHECK(known_id == (by_id.state != BookState::empty));
                CHECK(!known_id || same_book(found, by_id));
            }
        }
    }
}

void what_it_tells_is_what_it_was_told() {
    constexpr Nanos always = std::numeric_limits<Nanos>::max();
    for (const std::vector<std::string>& lines : streams(7)) {
        const auto list = told(lines, std::make_shared<List>());
        History history;
        const auto tape = told(lines, history.tape("A"));
        List again;
        tape->tell(absent, always, again);
        CHECK(again.changes.front().change.kind == BookChange::Kind::key);
        std::size_t at = 0;
        Book from_list;
        for (const Kept& kept : again.changes) {
            if (kept.change.kind == BookChange::Kind::key) continue;
            CHECK(kept.bids == list->changes[at].bids && kept.asks == list->changes[at].asks);
            CHECK(kept.reason == list->changes[at].reason);
            CHECK(kept.change.time == list->changes[at].change.time);
            list->changes[at++].apply_to(from_list);
        }
        CHECK(at == list->changes.size());
        CHECK(again.trades.size() == list->trades.size());
    }
}

// A market of about `levels` a side, a change of two levels every millisecond.
class Market {
public:
    explicit Market(Ticks levels, std::uint64_t seed = 1) : levels_(levels), dice_(seed) {
        Event event;
        event.kind = Kind::snapshot;
        event.ts_recv_ns = 1;
        for (Ticks i = 1; i <= levels; ++i) {
            event.bids.push_back({1'000'000 - i, 1 + dice_.below(1'000)});
            event.asks.push_back({1'000'000 + i, 1 + dice_.below(1'000)});
        }
        tell(event, nullptr);
        first_ = std::move(event);
    }

    void run(int changes, const std::vector<ChangeSink*>& sinks) {
        for (ChangeSink* const sink : sinks) restart(*sink);
        for (int i = 0; i < changes; ++i) {
            Event event;
            event.kind = Kind::delta;
            event.ts_recv_ns = (now_ += 1'000'000);
            event.bids.push_back(
                {1'000'000 - 1 - dice_.below(levels_), 1 + dice_.below(1'000)});
            event.asks.push_back(
                {1'000'000 + 1 + dice_.below(levels_), 1 + dice_.below(1'000)});
            tell(event, &sinks);
        }
    }

    [[nodiscard]] const Book& book() const { return book_; }
    [[nodiscard]] Nanos now() const { return now_; }

private:
    void restart(ChangeSink& sink) {
        const BookChange whole{.kind = BookChange::Kind::picture,
                               .state = book_.state,
                               .reason = book_.reason,
                               .time = now_,
                               .bids = first_.bids,
                               .asks = first_.asks};
        if (now_ == 1) sink.on_change(whole, book_);
    }
    void tell(const Event& event, const std::vector<ChangeSink*>* sinks) {
        const Verdict verdict = sync_.on(event, book_);
        CHECK(verdict == Verdict::apply);
        if (sinks == nullptr) return;
        for (ChangeSink* const sink : *sinks) {
            sink->on_change({.kind = BookChange::Kind::delta,
                             .state = book_.state,
                             .reason = book_.reason,
                             .time = event.ts_recv_ns,
                             .ts_recv_ns = event.ts_recv_ns,
                             .bids = event.bids,
                             .asks = event.asks},
                            book_);
        }
    }

    Ticks levels_;
    Dice dice_;
    Book book_;
    Synchronizer sync_;
    Event first_;
    Nanos now_ = 1;
};

void the_oldest_goes_first() {
    History history({.bytes = 200'000});
    Market fast(100);
    Market slow(100, 2);
    const auto a = history.tape("A");
    const auto b = history.tape("B");
    slow.run(100, {b.get()});
    fast.run(40'000, {a.get()});
    CHECK(history.memory_usage() < 300'000);
    CHECK(history.dropped().events > 20'000 && history.dropped().bytes > 100'000);
    CHECK(history.dropped().events == a->dropped().events + b->dropped().events);
    Book book;
    CHECK(!a->state_at(1'000'000, book));
    CHECK(a->state_at(fast.now(), book));
    CHECK(all_bids(book) == all_bids(fast.book()) && all_asks(book) == all_asks(fast.book()));
    CHECK(a->span().first > a->dropped().until_ns - 10'000'000);

    History by_age({.age_ns = 1'000'000'000});
    Market market(100);
    const auto tape = by_age.tape("A");
    market.run(20'000, {tape.get()});
    CHECK(tape->span().first > market.now() - 2'000'000'000);
    CHECK(tape->span().first <= market.now() - 1'000'000'000);

    History by_events({.events = 5'000});
    Market other(100);
    other.run(20'000, {by_events.tape("A").get()});
    CHECK(by_events.events() < 7'000 && by_events.events() > 4'000);
}

void readers_see_whole_books_while_one_writes() {
    History history({.bytes = 1'000'000});
    const auto tape = history.tape("A");
    Market market(200);
    market.run(1, {tape.get()});
    std::atomic<bool> done = false;
    std::vector<std::thread> readers;
    readers.reserve(3);
    std::atomic<std::int64_t> read = 0;
    for (int i = 0; i < 3; ++i) {
        readers.emplace_back([&] {
            Book book;
            while (!done || read < 100) {
                const auto [first, last] = tape->span();
                if (!tape->state_at(last, book)) continue;  // it was dropped meanwhile
                if (book.bids.count() != 200 || book.asks.count() != 200) {
                    std::fprintf(stderr, "a torn book\n");
                    std::abort();
                }
                ++read;
            }
        });
    }
    market.run(20'000, {tape.get()});
    done = true;
    for (std::thread& reader : readers) reader.join();
    CHECK(read >= 100);
}

}  // namespace

int main() {
    return run_tests({
        numbers_of_any_size_come_back,
        a_history_gives_the_book_of_any_moment,
        what_it_tells_is_what_it_was_told,
        the_oldest_goes_first,
        readers_see_whole_books_while_one_writes,
    });
}
