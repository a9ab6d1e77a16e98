// Many books in one set against as many books alone, on one thread and on four.

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/book_set.hpp"

namespace {

using namespace obcore;

const Grid grid{Step::from_text("0.1"), Step::from_text("0.001")};

std::string level(std::int64_t ticks, std::int64_t lots) {
    return "[\"" + to_text(ticks, grid.tick) + "\",\"" + to_text(lots, grid.lot) + "\"]";
}

// The messages of one symbol: a snapshot that joins, then deltas of some levels a side.
class Feed {
public:
    Feed(std::string symbol, std::uint64_t seed) : symbol_(std::move(symbol)), dice_(seed) {}

    std::string snapshot() {
        std::string bids;
        std::string asks;
        for (std::int64_t i = 1; i <= 30; ++i) {
            const char* const comma = i == 1 ? "" : ",";
            bids += comma + level(middle - i, 1 + dice_.below(5'000));
            asks += comma + level(middle + i, 1 + dice_.below(5'000));
        }
        return R"({"lastUpdateId":)" + std::to_string(last_) +
               R"(,"E":1720000000000,"bids":[)" + bids + R"(],"asks":[)" + asks + "]}";
    }

    std::string delta() {
        const std::int64_t previous = last_;
        last_ += 1 + dice_.below(9);
        return R"({"e":"depthUpdate","E":1720000000001,"T":1720000000000,"s":")" + symbol_ +
               R"(","U":)" + std::to_string(previous + 1) + R"(,"u":)" + std::to_string(last_) +
               R"(,"pu":)" + std::to_string(previous) + R"(,"b":[)" + side(-1) + R"(],"a":[)" +
               side(1) + "]}";
    }

private:
    static constexpr std::int64_t middle = 642'500;

    std::string side(std::int64_t away) {
        std::string out;
        for (std::int64_t i = 0; i < 8; ++i) {
            const std::int64_t lots = dice_.one_in(3) ? 0 : 1 + dice_.below(5'000);
            out += (i == 0 ? "" : ",") + level(middle + away * (1 + dice_.below(40)), lots);
        }
        return out;
    }

    std::string symbol_;
    Dice dice_;
    std::int64_t last_ = 100;
};

std::string symbol_of(std::size_t i) {
    return "COIN" + std::to_string(i) + "USDT";
}

std::vector<BookSet::Instrument> instruments(std::size_t count) {
    std::vector<BookSet::Instrument> out;
    out.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back({grid, symbol_of(i), "binance-futures:" + symbol_of(i)});
    }
    return out;
}

// Messages with the numbers of their books, in an order that mixes the books.
struct Traffic {
    std::vector<std::int64_t> ids;
    std::vector<std::string> texts;
    std::vector<Nanos> ts_recv_ns;

    void add(std::size_t id, std::string text) {
        ids.push_back(static_cast<std::int64_t>(id));
        texts.push_back(std::move(text));
        ts_recv_ns.push_back(1'720'000'000'000'000'000 + static_cast<Nanos>(ids.size()));
    }
    [[nodiscard]] std::vector<std::string_view> views() const {
        return {texts.begin(), texts.end()};
    }
};

Traffic traffic(std::size_t books, std::size_t deltas) {
    std::vector<Feed> feeds;
    Traffic out;
    for (std::size_t i = 0; i < books; ++i) {
        feeds.emplace_back(symbol_of(i), i);
        out.add(i, feeds.back().snapshot());
    }
    Dice dice(7);
    for (std::size_t k = 0; k < deltas; ++k) {
        const auto id = static_cast<std::size_t>(dice.below(static_cast<std::int64_t>(books)));
        out.add(id, feeds[id].delta());
    }
    return out;
}

std::vector<std::uint8_t> apply(BookSet& set, const Traffic& traffic, std::size_t threads) {
    std::vector<std::uint8_t> verdicts(traffic.ids.size());
    set.apply_json_many({traffic.ids, traffic.views(), traffic.ts_recv_ns}, verdicts, threads);
    return verdicts;
}

template <Side side>
std::vector<Level> levels_of(const Ladder<side>& ladder) {
    std::vector<Level> out(ladder.count());
    ladder.top(out);
    return out;
}

bool is_same(const Book& a, const Book& b) {
    return levels_of(a.bids) == levels_of(b.bids) && levels_of(a.asks) == levels_of(b.asks) &&
           a.state == b.state && a.reason == b.reason && a.sequence == b.sequence &&
           a.ts_event_ns == b.ts_event_ns && a.ts_recv_ns == b.ts_recv_ns;
}

std::vector<std::uint64_t> bits_of(const std::vector<double>& values) {
    std::vector<std::uint64_t> out;
    out.reserve(values.size());
    for (const double value : values) out.push_back(std::bit_cast<std::uint64_t>(value));
    return out;
}

constexpr std::size_t books = 40;
constexpr std::size_t deltas = 4'000;  // enough bytes for four threads to be worth their start

void a_set_is_as_many_books_alone() {
    const Traffic all = traffic(books, deltas);
    for (const std::size_t threads : {1U, 2U, 4U}) {
        BookSet set(instruments(books), FeatureSet("standard"));
        MessageReader reader;
        std::vector<LiveBook> alone;
        alone.reserve(books);
        for (std::size_t i = 0; i < books; ++i) alone.emplace_back(grid, symbol_of(i));

        const std::vector<std::uint8_t> verdicts = apply(set, all, threads);

        for (std::size_t k = 0; k < all.ids.size(); ++k) {
            const auto id = static_cast<std::size_t>(all.ids[k]);
            const Verdict expected =
                alone[id].apply_json(all.texts[k], all.ts_recv_ns[k], reader);
            CHECK(verdicts[k] == static_cast<std::uint8_t>(expected));
        }
        for (std::size_t i = 0; i < books; ++i) {
            CHECK(set[i].book().state == BookState::synced);
            CHECK(is_same(set[i].book(), alone[i].book()));
        }
    }
}

void threads_make_no_difference_to_the_features() {
    constexpr std::size_t many = 1'000;  // rows enough for four threads
    const Traffic all = traffic(many, 8 * many);
    BookSet set(instruments(many), FeatureSet("all"));
    apply(set, all, 4);
    const std::size_t width = set.feature_set().size();
    std::vector<double> one(many * width);
    std::vector<double> four(many * width);

    set.compute(one, 1);
    set.compute(four, 4);

    CHECK(bits_of(one) == bits_of(four));
    FeatureSet features("all");
    std::vector<double> row(width);
    features.compute(set[many - 1].book(), row);
    CHECK(bits_of(row) == bits_of({one.end() - static_cast<std::ptrdiff_t>(width), one.end()}));
}

void a_row_of_a_book_out_of_sync_is_nan() {
    BookSet set(instruments(3), FeatureSet("spread"));
    Feed feed(symbol_of(1), 1);
    set.apply_json(0, Feed(symbol_of(0), 0).snapshot(), absent);
    set.apply_json(1, feed.snapshot(), absent);
    set.apply_json(1, feed.delta(), absent);
    const std::array bid{Level{100, 1}};
    const std::array ask{Level{103, 1}};
    set.apply_snapshot(2, bid, ask, {});
    std::array<double, 3> rows{};

    set.compute(rows, 1);

    CHECK(set[0].book().state == BookState::buffering && std::isnan(rows[0]));
    CHECK(set[1].book().state == BookState::synced && rows[1] > 0);
    CHECK(set[2].book().state == BookState::unverified && std::abs(rows[2] - 0.3) < 1e-12);
}

void bad_messages_stop_no_others_and_the_first_is_named() {
    for (const std::size_t threads : {1U, 4U}) {
        const Traffic good = traffic(books, deltas);
        Traffic all = good;
        const std::size_t first = 1'000;
        for (const std::size_t k : {first, std::size_t{2'000}, std::size_t{2'001}}) {
            const auto at = static_cast<std::ptrdiff_t>(k);
            all.ids.insert(all.ids.begin() + at, 7);
            all.texts.insert(all.texts.begin() + at, R"({"e":"depthUpdate","b":[["1)");
            all.ts_recv_ns.insert(all.ts_recv_ns.begin() + at, absent);
        }
        BookSet set(instruments(books), FeatureSet("standard"));
        BookSet expected(instruments(books), FeatureSet("standard"));
        apply(expected, good, 1);
        std::vector<std::uint8_t> verdicts(all.ids.size());
        const std::vector<std::string_view> texts = all.views();
        const BookSet::Messages messages{all.ids, texts, all.ts_recv_ns};

        CHECK_THROWS(set.apply_json_many(messages, verdicts, threads), InputError,
                     "messages[1000] of book 7, the first of 3 that fail: ");

        for (std::size_t k = 0; k < verdicts.size(); ++k) {
            const bool is_bad = k == first || k == 2'000 || k == 2'001;
            CHECK((verdicts[k] == BookSet::no_verdict) == is_bad);
        }
        for (std::size_t i = 0; i < books; ++i) {
            CHECK(is_same(set[i].book(), expected[i].book()));
        }
        // The failure is over: the next call has none.
        const Traffic later = traffic(books, 0);
        for (const std::uint8_t verdict : apply(set, later, threads)) {
            CHECK(verdict == static_cast<std::uint8_t>(Verdict::skip));
        }
    }
}

void a_book_is_kept_from_messages_or_from_levels_never_from_both() {
    BookSet set(instruments(2), FeatureSet("spread"));
    const std::array bid{Level{100, 1}};
    Feed feed(symbol_of(0), 0);
    set.apply_json(0, feed.snapshot(), absent);
    set.apply_json(0, feed.delta(), absent);
    set.apply_delta(1, bid, {}, {.sequence = 5, .ts_event_ns = 6, .ts_recv_ns = 7});
    const std::vector<Level> before = levels_of(set[0].book().bids);
    const std::vector<std::int64_t> ids{1};
    const std::string text = Feed(symbol_of(1), 1).snapshot();
    const std::vector<std::string_view> texts{text};
    std::vector<std::uint8_t> verdicts(1);

    CHECK_THROWS(set.apply_snapshot(0, bid, {}, {}), Error,
                 "book of COIN0USDT: expected messages, as before, received decoded levels");
    CHECK_THROWS(set.apply_delta(0, bid, {}, {}), Error, "expected messages, as before");
    CHECK_THROWS(set.apply_json(1, text, absent), Error,
                 "book of COIN1USDT: expected decoded levels, as before, received a message");
    CHECK_THROWS(set.apply_json_many({ids, texts, {}}, verdicts, 1), Error,
                 "messages[0] of book 1: book of COIN1USDT: expected decoded levels");

    CHECK(set[0].book().state == BookState::synced);
    CHECK(levels_of(set[0].book().bids) == before);
    CHECK(set[1].book().state == BookState::unverified);
    CHECK(set[1].book().sequence == 5 && set[1].book().ts_event_ns == 6 &&
          set[1].book().ts_recv_ns == 7);
    CHECK(verdicts[0] == BookSet::no_verdict);
}

void an_invalid_level_leaves_the_way_of_the_book_open() {
    BookSet set(instruments(1), FeatureSet("spread"));
    const std::array negative{Level{100, -1}};

    CHECK_THROWS(set.apply_delta(0, negative, {}, {}), DecodeError, "bids[0] size");

    CHECK(set[0].book().state == BookState::empty);
    CHECK(set.apply_json(0, Feed(symbol_of(0), 0).snapshot(), absent) == Verdict::buffer);
}

void books_are_found_by_symbol_and_by_name() {
    const std::array members{BookSet::Instrument{grid, "BTCUSDT", "binance:BTCUSDT"},
                             BookSet::Instrument{grid, "BTCUSDT", "binance-futures:BTCUSDT"},
                             BookSet::Instrument{grid, "ETHUSDT", "ETHUSDT"},
                             BookSet::Instrument{grid, "", ""}};
    const BookSet set(members, FeatureSet("spread"));

    CHECK(set.index("binance-futures:BTCUSDT") == 1);
    CHECK(set.index("ETHUSDT") == 2);
    CHECK_THROWS(set.index("BTCUSDT"), Error, "with its venue");
    CHECK_THROWS(set.index("DOGEUSDT"), Error, "received DOGEUSDT");
    const std::array twice{members[2], members[2]};
    CHECK_THROWS(BookSet(twice, FeatureSet("spread")), Error, "received ETHUSDT twice");
}

void threads_are_counted() {
    BookSet set(instruments(1), FeatureSet("spread"));
    std::array<double, 1> row{};

    CHECK_THROWS(set.compute(row, 0), Error, "threads: expected 1 to 256, received 0");
    CHECK_THROWS(set.compute(row, 257), Error, "received 257");
}

void a_book_takes_no_more_than_300_kilobytes() {
    constexpr std::size_t many = 100;
    BookSet set(instruments(many), FeatureSet("standard"));
    const std::size_t empty = set.memory_usage();
    apply(set, traffic(many, 1'000), 1);

    CHECK(empty / many > 100'000);
    CHECK(set.memory_usage() >= empty);
    CHECK(set.memory_usage() / many < 300'000);
}

}  // namespace

int main() {
    return run_tests({a_set_is_as_many_books_alone, threads_make_no_difference_to_the_features,
                      a_row_of_a_book_out_of_sync_is_nan,
                      bad_messages_stop_no_others_and_the_first_is_named,
                      a_book_is_kept_from_messages_or_from_levels_never_from_both,
                      an_invalid_level_leaves_the_way_of_the_book_open,
                      books_are_found_by_symbol_and_by_name, threads_are_counted,
                      a_book_takes_no_more_than_300_kilobytes});
}
