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
#include "obcore/book_change.hpp"
#include "obcore/replay.hpp"
#include "recordings.hpp"
#include "same_book.hpp"

namespace {

using namespace obcore;

// A change whose views are its own.
struct Kept {
    BookChange change;
    std::string reason;
    Levels bids;
    Levels asks;
    Grid grid;

    void apply_to(Book& book) const {
        BookChange whole = change;
        whole.reason = reason;
        whole.bids = bids;
        whole.asks = asks;
        book.grid = grid;
        apply(whole, book);
    }
};

class Mirror final : public ChangeSink {
public:
    void on_change(const BookChange& change, const Book& after) override {
        CHECK(change.is_whole() || book.grid == after.grid);
        CHECK(changes.empty() || change.time >= changes.back().change.time);
        CHECK(changes.empty() || change.id >= changes.back().change.id);
        changes.push_back({change,
                           std::string(change.reason),
                           {change.bids.begin(), change.bids.end()},
                           {change.asks.begin(), change.asks.end()},
                           after.grid});
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

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        out.emplace_back(text.substr(at, end - at + 1));
        at = end + 1;
    }
    return out;
}

std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines) out += line;
    return out;
}

// Some lines are missing, come twice, or change places, and a source says that it was cut off.
std::vector<std::string> with_losses(const std::vector<std::string>& lines, Dice& dice) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i > 0 && dice.one_in(15)) continue;
        out.push_back(lines[i]);
        if (dice.one_in(15)) out.push_back(lines[i]);
        if (dice.one_in(10)) out.push_back(lines[0]);  // the snapshot again
        if (out.size() > 1 && dice.one_in(15)) std::swap(out.back(), out[out.size() - 2]);
        if (dice.one_in(25))
            out.emplace_back("{\"obcore\":\"interrupted\",\"reason\":\"test\"}\n");
    }
    return out;
}

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

std::vector<std::vector<std::string>> streams(std::uint64_t seed) {
    std::vector<std::vector<std::string>> out;
    const std::vector<Moment> market = random_market(seed);
    Dice dice(seed);
    for (const std::string& bytes :
         {recording::binance_lines(market), recording::tardis_rows(market),
          recording::research_rows(market), recording::picture_lines(market)}) {
        out.push_back(lines_of(bytes));
    }
    const std::vector<std::string> binance = lines_of(recording::binance_lines(market));
    for (int i = 0; i < 4; ++i) out.push_back(with_losses(binance, dice));
    return out;
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
