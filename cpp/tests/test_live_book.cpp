// A book kept from messages as they arrive: what it takes, skips, refuses and counts.

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "binance_messages.hpp"
#include "check.hpp"
#include "obcore/live_book.hpp"

namespace {

using namespace obcore;

const Grid grid{Step::from_text("0.1"), Step::from_text("0.001")};

struct Feed {
    explicit Feed(std::string_view symbol = "BTCUSDT", Format format = Format::automatic)
        : live(grid, symbol, format), reader(format) {}

    Verdict give(std::string_view message, Nanos ts_recv_ns = absent) {
        return live.apply_json(message, ts_recv_ns, reader);
    }
    [[nodiscard]] const Book& book() const { return live.book(); }

    LiveBook live;
    MessageReader reader;
};

std::string replaced(std::string text, std::string_view part, std::string_view by) {
    CHECK(text.find(part) != std::string::npos);
    return text.replace(text.find(part), part.size(), by);
}

// The futures' diff behind futures_diff: its u and pu.
std::string next_diff(const std::string& u, const std::string& pu) {
    return replaced(replaced(replaced(futures_diff, "880200100311", u), "880200100377", u),
                    "880200100298", pu);
}

Feed in_sync() {
    Feed feed;
    CHECK(feed.give(futures_snapshot, 700) == Verdict::buffer);
    CHECK(feed.give(futures_diff, 900) == Verdict::apply);
    CHECK(feed.book().state == BookState::synced);
    return feed;
}

// ---- Joining ------------------------------------------------------------------------------

void a_snapshot_may_come_first_or_behind_the_delta_that_joins_it() {
    Feed late;
    CHECK(late.give(futures_diff, 900) == Verdict::buffer);
    CHECK(late.give(futures_snapshot, 950) == Verdict::apply);

    for (const Feed& feed : {in_sync(), std::move(late)}) {
        CHECK(feed.book().state == BookState::synced);
        CHECK(feed.book().sequence == 880200100377);
        CHECK(*feed.book().bids.best() == Level{642501, 4120} && feed.book().asks.empty());
        CHECK(feed.live.sync().joins == 1 && feed.live.statistics().messages == 2);
    }
}

void a_join_is_received_with_the_last_of_its_parts() {
    Feed late;
    late.give(futures_diff, 900);
    late.give(futures_snapshot, 950);

    CHECK(late.book().ts_recv_ns == 950 && in_sync().book().ts_recv_ns == 900);
}

void a_gap_is_told_and_a_snapshot_closes_it() {
    Feed feed = in_sync();

    CHECK(feed.give(next_diff("880200100400", "880200100390")) == Verdict::gap);
    CHECK(feed.book().state == BookState::gap && feed.book().sequence == 880200100377);
    const std::string newer = replaced(futures_snapshot, "880200100350", "880200100400");
    CHECK(feed.give(newer) == Verdict::apply);

    CHECK(feed.book().state == BookState::synced && feed.live.sync().gaps == 1);
    CHECK(feed.book().sequence == 880200100400);
}

void spot_joins_by_its_own_rule() {
    Feed feed;
    const auto coarse = [](const std::string& text) {
        return replaced(replaced(text, "0.35000000", "0.350"), "64250.11", "64250.20");
    };

    CHECK(feed.give(coarse(spot_diff)) == Verdict::buffer);
    CHECK(feed.give(coarse(replaced(picture, "9100000109", "9100000105"))) == Verdict::apply);

    CHECK(feed.book().state == BookState::synced && feed.book().sequence == 9100000109);
}

// ---- What is skipped, and what is refused -------------------------------------------------

void a_message_that_fails_leaves_the_book_and_the_next_one_reveals_the_gap() {
    const std::string next = next_diff("880200100390", "880200100377");
    for (const std::string& bad : {
             std::string(),
             next.substr(0, next.size() - 1),
             next + next,
             replaced(next, "64249.90", "64249.95"),
             replaced(next, "BTCUSDT", "ETHUSDT"),
             replaced(next, R"("u":880200100390)", R"("u":"x")"),
             replaced(next, R"([["64250.20","0.000"]])", R"([["64250.20"]])"),
         }) {
        Feed feed = in_sync();
        CHECK_THROWS(feed.give(bad), DecodeError, "expected");

        CHECK(feed.book().sequence == 880200100377 && feed.book().ts_recv_ns == 900);
        CHECK(*feed.book().bids.best() == Level{642501, 4120});
        CHECK(feed.live.statistics().messages == 2);
        CHECK(feed.give(next_diff("880200100400", "880200100390")) == Verdict::gap);
    }
}

void what_is_no_depth_is_counted_and_skipped() {
    Feed feed = in_sync();
    const std::string other_symbols_news = R"({"e":"markPriceUpdate","s":"ETHUSDT"})";

    for (const std::string& message :
         {trade, agg_trade, futures_ticker, other_symbols_news, std::string("{}")}) {
        CHECK(feed.give(message) == Verdict::skip);
    }

    CHECK(feed.book().sequence == 880200100377 && feed.live.statistics().messages == 7);
    CHECK(feed.live.sync().skipped == 0);
}

void a_trade_of_another_symbol_is_refused() {
    Feed feed = in_sync();

    CHECK_THROWS(feed.give(replaced(trade, "BTCUSDT", "ETHUSDT")), DecodeError,
                 "symbol: expected BTCUSDT, received ETHUSDT");
}

void without_a_symbol_the_first_one_is_meant() {
    Feed feed("");
    feed.give(futures_snapshot);
    CHECK(feed.live.symbol().empty());

    feed.give(futures_diff);

    CHECK(feed.live.symbol() == "BTCUSDT");
    CHECK_THROWS(feed.give(replaced(futures_diff, "BTCUSDT", "ETHUSDT")), DecodeError,
                 "symbol");
}

// ---- Kinds of depth, times, readers -------------------------------------------------------

void depth_of_the_kind_that_was_not_chosen_is_ignored() {
    Feed diffs("BTCUSDT", Format::diff);
    Feed pictures("BTCUSDT", Format::topn);
    const std::string partial = enveloped("btcusdt@depth20", futures_diff);
    const std::string diff = enveloped("btcusdt@depth", futures_diff);

    CHECK(diffs.give(partial) == Verdict::skip && diffs.give(diff) == Verdict::buffer);
    CHECK(pictures.give(diff) == Verdict::skip && pictures.give(partial) == Verdict::apply);

    CHECK(pictures.book().state == BookState::unverified);
    CHECK(diffs.live.statistics().ignored_depth == 1);
    CHECK(pictures.live.statistics().ignored_depth == 1);
}

void a_receive_time_may_be_any() {
    using Limits = std::numeric_limits<Nanos>;
    for (const Nanos time : {Limits::min() + 1, Limits::max()}) {
        Feed feed = in_sync();

        feed.give(next_diff("880200100390", "880200100377"), time);

        CHECK(feed.book().ts_recv_ns == time);
    }
}

void books_may_take_turns_on_one_reader() {
    MessageReader reader;
    LiveBook one(grid);
    LiveBook other(grid);
    const std::string ether = replaced(futures_diff, "BTCUSDT", "ETHUSDT");

    for (const std::string& message : {futures_snapshot, futures_diff}) {
        static_cast<void>(one.apply_json(message, absent, reader));
        static_cast<void>(
            other.apply_json(message == futures_diff ? ether : message, absent, reader));
    }

    CHECK(one.symbol() == "BTCUSDT" && other.symbol() == "ETHUSDT");
    CHECK(one.book().state == BookState::synced && other.book().state == BookState::synced);
}

}  // namespace

int main() {
    return run_tests({
        a_snapshot_may_come_first_or_behind_the_delta_that_joins_it,
        a_join_is_received_with_the_last_of_its_parts,
        a_gap_is_told_and_a_snapshot_closes_it,
        spot_joins_by_its_own_rule,
        a_message_that_fails_leaves_the_book_and_the_next_one_reveals_the_gap,
        what_is_no_depth_is_counted_and_skipped,
        a_trade_of_another_symbol_is_refused,
        without_a_symbol_the_first_one_is_meant,
        depth_of_the_kind_that_was_not_chosen_is_ignored,
        a_receive_time_may_be_any,
        books_may_take_turns_on_one_reader,
    });
}
