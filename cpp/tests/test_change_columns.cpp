// What a replay writes into columns is what happened, and each part of them can be read alone.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "check.hpp"
#include "kept_change.hpp"
#include "lossy_streams.hpp"
#include "obcore/change_columns.hpp"
#include "obcore/change_player.hpp"
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
    void on_trade(const TimedTrade& /*trade*/, Nanos /*time*/, const Grid& /*grid*/) override {}

    std::vector<Kept> changes;
};

ChangeView view_of(const ChangeColumns& part) {
    const auto side = [](const LevelColumns& levels) {
        return ChangeView::Side{levels.offsets, levels.price, levels.size};
    };
    return {.position = part.position,
            .time = part.time,
            .id = part.id,
            .kind = part.kind,
            .state = part.state,
            .reason = part.reason,
            .ts_event_ns = part.ts_event_ns,
            .ts_recv_ns = part.ts_recv_ns,
            .sequence = part.sequence,
            .horizon_bid = part.horizon_bid,
            .horizon_ask = part.horizon_ask,
            .depth = part.depth,
            .bids = side(part.bids),
            .asks = side(part.asks),
            .reasons = part.reasons};
}

template <typename Sink>
std::shared_ptr<Sink> told(const std::vector<std::string>& lines, std::shared_ptr<Sink> sink) {
    ReplayOptions options;
    options.sink = sink;
    options.grid = market_grid;
    Replay replay(options);
    replay.begin("file");
    for (const std::string& line : lines) replay.feed(line);
    replay.end();
    replay.finish();
    return sink;
}

std::vector<ChangeColumns> parts_of(const std::vector<std::string>& lines, std::size_t levels) {
    const auto sink = told(lines, std::make_shared<ColumnSink>(levels));
    sink->finish();
    return sink->take_changes();
}

bool is_end(const BookChange& change) {
    return change.kind == BookChange::Kind::state && change.reason == "the recording ends";
}

void rows_are_the_changes_one_by_one() {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        for (const std::vector<std::string>& lines : streams(seed)) {
            const std::vector<Kept> wanted = told(lines, std::make_shared<List>())->changes;
            ChangePlayer player(market_grid);
            std::size_t at = 0;
            std::int64_t position = -1;
            for (const ChangeColumns& part : parts_of(lines, 64)) {
                const ChangeView view = view_of(part);
                view.check();
                for (std::size_t i = 0; i < view.size(); ++i) {
                    CHECK(view.position[i] > position);
                    position = view.position[i];
                    const BookChange change = player.read(view, i);
                    if (change.kind == BookChange::Kind::key || is_end(change)) continue;
                    CHECK(at < wanted.size());
                    const BookChange& same = wanted[at].change;
                    CHECK(change.kind == same.kind && change.state == same.state);
                    CHECK(change.reason == wanted[at].reason && change.depth == same.depth);
                    CHECK(change.time == same.time && change.id == same.id);
                    CHECK(change.ts_event_ns == same.ts_event_ns &&
                          change.ts_recv_ns == same.ts_recv_ns);
                    CHECK(change.sequence == same.sequence && change.horizon == same.horizon);
                    CHECK(Levels(change.bids.begin(), change.bids.end()) == wanted[at].bids);
                    CHECK(Levels(change.asks.begin(), change.asks.end()) == wanted[at].asks);
                    ++at;
                }
            }
            CHECK(at == wanted.size());
        }
    }
}

void every_part_gives_its_books_without_the_others() {
    std::size_t parts = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        for (const std::vector<std::string>& lines : streams(seed)) {
            const std::vector<Kept> all = told(lines, std::make_shared<List>())->changes;
            std::size_t done = 0;
            Book wanted;
            wanted.grid = market_grid;
            for (const ChangeColumns& part : parts_of(lines, 64)) {
                const ChangeView view = view_of(part);
                CHECK(part.kind[0] == static_cast<std::uint8_t>(BookChange::Kind::key) ||
                      done == 0);
                ChangePlayer player(market_grid);
                for (std::size_t i = 0; i < view.size(); ++i) {
                    const auto kind = static_cast<BookChange::Kind>(part.kind[i]);
                    if (is_end(player.read(view, i))) break;
                    if (kind != BookChange::Kind::key) all[done++].apply_to(wanted);
                    CHECK(player.play(view, i, {.time = part.time[i]}) > i);
                    ChangePlayer once(market_grid);
                    CHECK(once.play(view, 0, {.time = part.time[i]}) > i);
                    if (i + 1 == view.size() || part.time[i + 1] > part.time[i]) {
                        CHECK(same_book(once.book(), wanted));
                    }
                }
                ++parts;
            }
        }
    }
    CHECK(parts > std::size_t{2} * 20 * streams(0).size());
}

void a_day_begins_with_the_book_of_its_midnight() {
    constexpr Nanos day = 86'400'000'000'000;
    ColumnSink sink;
    ChangeWatch watch;
    Synchronizer sync;
    Book book;
    const auto take = [&](Nanos time, Kind kind, Lots size) {
        Event event;
        event.kind = kind;
        event.ts_recv_ns = time;
        event.bids = {{100, size}};
        event.asks = {{101, size}};
        watch.before(event, book, sink);
        const Verdict verdict = sync.on(event, book);
        watch.after(event, verdict, sync.touched(), book, sink);
    };
    take(20'000 * day + 5, Kind::snapshot, 1);
    take(20'001 * day - 1, Kind::delta, 2);
    take(20'001 * day, Kind::delta, 3);
    take(20'003 * day + 7, Kind::delta, 4);
    sink.finish();

    const std::vector<ChangeColumns> parts = sink.take_changes();
    CHECK(parts.size() == 3);
    CHECK(parts[0].size() == 2 && parts[1].size() == 2 && parts[2].size() == 3);
    CHECK(parts[2].time[2] == 20'003 * day + 8 &&
          parts[2].reasons.back() == "the recording ends");
    CHECK(parts[1].time[0] == 20'001 * day && parts[1].bids.size[0] == 2);
    CHECK(parts[2].time[0] == 20'003 * day && parts[2].bids.size[0] == 3);
    CHECK(parts[2].time[1] == 20'003 * day + 7 && parts[2].bids.size[1] == 4);
}

void a_finer_grid_moves_what_was_not_taken() {
    std::int64_t regrids = 0;
    for (const std::vector<std::string>& lines : streams(3)) {
        const auto sink = std::make_shared<ColumnSink>(64);
        ReplayOptions options;
        options.sink = sink;
        Replay replay(options);
        replay.begin("file");
        for (const std::string& line : lines) replay.feed(line);
        replay.end();
        replay.finish();
        sink->finish();
        ChangePlayer player(replay.book().grid);
        for (const ChangeColumns& part : sink->take_changes()) {
            CHECK(part.grid == replay.book().grid);
            const ChangeView view = view_of(part);
            const bool ends = is_end(player.read(view, view.size() - 1));
            player.play(view, 0, {.time = part.time.back() - (ends ? 1 : 0)});
        }
        regrids += replay.regrids();
        CHECK(same_book(player.book(), replay.book()));
    }
    CHECK(regrids > 0);
}

}  // namespace

int main() {
    return run_tests({
        rows_are_the_changes_one_by_one,
        every_part_gives_its_books_without_the_others,
        a_day_begins_with_the_book_of_its_midnight,
        a_finer_grid_moves_what_was_not_taken,
    });
}
