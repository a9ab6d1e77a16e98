// What a replay tells a sink gives the same book again, after every message and as of every
// time.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "kept_change.hpp"
#include "lossy_streams.hpp"
#include "obcore/book_change.hpp"
#include "obcore/replay.hpp"
#include "recordings.hpp"
#include "same_book.hpp"

namespace {

using namespace obcore;

class Mirror final : public ChangeSink {
public:
    void on_change(const BookChange& change, const Book& after) override {
        CHECK(change.is_whole() || book.grid == after.grid);
        CHECK(changes.empty() || change.time >= changes.back().change.time);
        CHECK(changes.empty() || change.id >= changes.back().change.id);
        changes.push_back(keep(change, after.grid));
        changes.back().apply_to(book);
        CHECK(same_book(book, after));
    }

    void on_trade(const TimedTrade& trade, Nanos time, const Grid& grid) override {
        CHECK(time >= last_trade_time);
        CHECK(grid == book.grid || trades == 0 || changes.empty());
        CHECK(trade.trade.size > 0);
        last_trade_time = time;
        ++trades;
    }

    Book book;
    std::vector<Kept> changes;
    Nanos last_trade_time = absent;
    int trades = 0;
};

Book book_at(std::string_view bytes, StopAt stop, const std::optional<Grid>& grid) {
    ReplayOptions options;
    options.grid = grid;
    options.stop = stop;
    Replay replay(options);
    replay.begin("file");
    replay.feed(bytes);
    replay.end();
    replay.finish();
    return replay.book();
}

template <typename Includes>
Book book_of(const Mirror& mirror, Includes includes) {
    Book book;
    for (const Kept& kept : mirror.changes) {
        if (!includes(kept.change)) break;
        kept.apply_to(book);
    }
    return book;
}

void changes_give_the_book_after_every_message() {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        for (const std::vector<std::string>& lines : streams(seed)) {
            const auto mirror = std::make_shared<Mirror>();
            ReplayOptions options;
            options.sink = mirror;
            Replay replay(options);
            replay.begin("file");
            for (const std::string& line : lines) {
                replay.feed(line);
                if (replay.book().state == BookState::empty) continue;
                mirror->book.grid =
                    replay.book().grid;  // a finer one is told with the next change
                CHECK(mirror->book.state == replay.book().state);
                CHECK(mirror->book.sequence == replay.book().sequence);
            }
            replay.end();
            replay.finish();
            CHECK(same_book(mirror->book, replay.book()));
        }
    }
}

void a_book_as_of_a_time_has_the_changes_up_to_it() {
    for (std::uint64_t seed = 0; seed < 25; ++seed) {
        for (const std::vector<std::string>& lines : streams(seed)) {
            const std::string bytes = joined(lines);
            const auto mirror = std::make_shared<Mirror>();
            ReplayOptions options;
            options.sink = mirror;
            options.grid = market_grid;
            Replay replay(options);
            replay.begin("file");
            replay.feed(bytes);
            replay.end();
            replay.finish();
            Dice dice(seed);
            for (int i = 0; i < 20; ++i) {
                const Nanos at = (recording::time_ms(0) + 100 * dice.below(62)) * 1'000'000 +
                                 (dice.below(3) - 1);
                const Book wanted = book_at(bytes, {.time = at}, market_grid);
                const Book found = book_of(
                    *mirror, [&](const BookChange& change) { return change.time <= at; });
                CHECK(wanted.state == BookState::empty || same_book(found, wanted));
            }
            for (int i = 0; i < 20; ++i) {
                const Sequence last = 9 + dice.below(124);
                const Book wanted = book_at(bytes, {.sequence = last}, market_grid);
                const Book found = book_of(
                    *mirror, [&](const BookChange& change) { return change.id <= last; });
                CHECK(wanted.state == BookState::empty || same_book(found, wanted));
            }
        }
    }
}

}  // namespace

int main() {
    return run_tests({
        changes_give_the_book_after_every_message,
        a_book_as_of_a_time_has_the_changes_up_to_it,
    });
}
