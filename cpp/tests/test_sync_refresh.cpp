// A market that drifts to the end of what its snapshot told, against an oracle that knows all
// of it.
//
// Snapshots have a number of levels a side at most. When the market has come near the last of
// them the synchronizer wants another one, which may be older or newer than the book, late, too
// old or lost. Meanwhile and behind it the book must be the venue's as far as its horizon
// reaches, and never leave its sync.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/sync.hpp"

namespace {

using namespace obcore;
using Levels = std::vector<Level>;
using Want = Synchronizer::Want;

constexpr std::size_t prices = 400;
using Sizes = std::array<std::int32_t, prices + 1>;

struct State {
    Sequence id = 0;
    Ticks bid = 0;  // the best one; the best ask is a tick above
    Sizes bids{};
    Sizes asks{};
};

// A market with a level at nearly every tick, whose touch wanders; every state that it had.
class Market {
public:
    Market(IdRule rule, Dice& dice) : rule_(rule), dice_(dice) {
        State first;
        first.bid = prices / 2;
        for (std::size_t price = 1; price <= prices; ++price) {
            const bool bid = std::cmp_less_equal(price, first.bid);
            (bid ? first.bids : first.asks)[price] = 1;
        }
        states_.push_back(first);
    }

    [[nodiscard]] Event next_delta() {
        const bool dense = rule_ == IdRule::binance_spot;
        Event delta;
        delta.kind = Kind::delta;
        delta.rule = rule_;
        delta.ids.previous = dense ? absent : last_;
        delta.ids.first = last_ + 1 + (dense ? 0 : dice_.below(4));
        delta.ids.last = delta.ids.first - 1;
        if (dice_.one_in(40)) is_falling_ = !is_falling_;
        if (states_.back().bid < 60) is_falling_ = false;
        if (states_.back().bid > static_cast<Ticks>(prices) - 60) is_falling_ = true;
        for (std::int64_t i = 1 + dice_.below(2); i > 0; --i) change_a_size(delta);
        if (dice_.one_in(3)) move(delta);
        last_ = delta.ids.last;
        return delta;
    }

    [[nodiscard]] const State& at(Sequence id) const {
        const auto later = std::ranges::upper_bound(states_, id, {}, &State::id);
        return *std::prev(later);
    }

    // The best levels alone, as a venue gives them.
    [[nodiscard]] Event snapshot(Sequence id, std::size_t levels) const {
        Event snapshot;
        snapshot.kind = Kind::snapshot;
        snapshot.rule = rule_;
        snapshot.ids.first = snapshot.ids.last = id;
        const State& state = at(id);
        for (std::size_t price = prices; price > 0 && snapshot.bids.size() < levels; --price) {
            if (state.bids[price] == 0) continue;
            snapshot.bids.push_back({static_cast<Ticks>(price), state.bids[price]});
        }
        for (std::size_t price = 1; price <= prices && snapshot.asks.size() < levels; ++price) {
            if (state.asks[price] == 0) continue;
            snapshot.asks.push_back({static_cast<Ticks>(price), state.asks[price]});
        }
        return snapshot;
    }

    [[nodiscard]] Sequence last() const noexcept { return last_; }

private:
    State& next_state(Event& delta) {
        delta.ids.last += rule_ == IdRule::binance_spot ? 1 : 1 + dice_.below(3);
        states_.push_back(states_.back());
        states_.back().id = delta.ids.last;
        return states_.back();
    }

    void set(State& state, Event& delta, bool bid, Ticks price, std::int32_t size) {
        (bid ? state.bids : state.asks)[static_cast<std::size_t>(price)] = size;
        (bid ? delta.bids : delta.asks).push_back({price, size});
    }

    // Anywhere but at the touch, so that the market is where `bid` says.
    void change_a_size(Event& delta) {
        State& state = next_state(delta);
        const bool bid = dice_.one_in(2);
        const Ticks away = 1 + dice_.below(dice_.one_in(3) ? 120 : 12);
        const Ticks price =
            std::clamp<Ticks>(bid ? state.bid - away : state.bid + 1 + away, 1, prices);
        const bool is_gone = dice_.one_in(4);
        set(state, delta, bid, price,
            is_gone ? 0 : static_cast<std::int32_t>(1 + dice_.below(900)));
    }

    // The best level of one side goes, and the other side takes its place.
    void move(Event& delta) {
        State& state = next_state(delta);
        const Ticks crossed = state.bid + (is_falling_ ? 0 : 1);
        const auto size = static_cast<std::int32_t>(1 + dice_.below(900));
        set(state, delta, is_falling_, crossed, 0);
        set(state, delta, !is_falling_, crossed, size);
        state.bid += is_falling_ ? -1 : 1;
        // What was behind it may have been taken before.
        const Ticks next = state.bid + (is_falling_ ? 0 : 1);
        set(state, delta, is_falling_, next, size);
    }

    IdRule rule_;
    Dice& dice_;
    bool is_falling_ = true;
    Sequence last_ = 0;
    std::vector<State> states_;
};

struct Totals {
    std::int64_t compared = 0;
    std::int64_t wanted = 0;
    std::int64_t by_older = 0;    // refreshes by a snapshot that the book was ahead of
    std::int64_t by_newer = 0;    // by one that waited for the book
    std::int64_t refused = 0;     // too old
    std::int64_t lost = 0;        // requests that nobody answered
    std::int64_t incomplete = 0;  // refreshes of a book whose best ten were not all known
};

// A follower in sync, which asks for what it wants.
class Follower {
public:
    Follower(Market& market, Dice& dice, std::size_t levels, Totals& totals)
        : market_(market), dice_(dice), levels_(levels), totals_(totals) {}

    void join(const Event& first) {
        sync_.on(market_.snapshot(0, levels_), book_);
        CHECK(sync_.on(first, book_) == Verdict::apply);
        check_book();
    }

    void receive(Event delta) {
        ++received_;
        rescale(delta, {.price = scale_, .size = scale_});
        CHECK(give(delta) == Verdict::apply);
        check_book();
        if (answer_ && --answer_->deltas_left < 0) be_answered();
        if (!answer_ && sync_.wants() == Want::refresh) ask();
    }

    void refine() {
        const Rescale finer{.price = 2, .size = 2};
        book_.rescale(finer);
        sync_.rescale(finer);
        scale_ *= 2;
        check_book();
    }

    [[nodiscard]] const Synchronizer::Counters& counters() const noexcept {
        return sync_.counters();
    }

private:
    struct Answer {
        std::int64_t deltas_left = 0;  // until it arrives
        std::optional<Sequence> id;    // none: it never does
    };

    void ask() {
        ++totals_.wanted;
        if (dice_.one_in(5)) {
            answer_ = {10, std::nullopt};
            return;
        }
        const std::int64_t reach = 6 * book_.sequence / received_;  // ids of six deltas
        const Sequence id = book_.sequence + reach / 4 + dice_.around(reach);
        const std::int64_t late = dice_.one_in(2) ? 0 : dice_.below(8);
        answer_ = {late, std::clamp<Sequence>(id, 0, market_.last())};
    }

    void be_answered() {
        const Answer answer = *answer_;
        answer_.reset();
        if (!answer.id) {
            ++totals_.lost;
            return;
        }
        Event snapshot = market_.snapshot(*answer.id, levels_);
        rescale(snapshot, {.price = scale_, .size = scale_});
        const Verdict verdict = give(snapshot);
        CHECK(verdict == Verdict::buffer || verdict == Verdict::resync);
        totals_.refused += verdict == Verdict::resync;
        check_book();
    }

    // Watches what a refresh does to the book.
    Verdict give(const Event& event) {
        const Sequence before = book_.sequence;
        const auto [refreshes, corrections] = counts();
        const bool was_complete = book_.is_complete_to(10);
        const bool is_snapshot = event.kind == Kind::snapshot;
        const Verdict verdict = sync_.on(event, book_);
        if (is_snapshot) CHECK(book_.sequence == before);
        const auto [refreshes_now, corrections_now] = counts();
        if (refreshes_now > refreshes) {
            ++(is_snapshot ? totals_.by_older : totals_.by_newer);
            totals_.incomplete += !was_complete;
            CHECK(book_.horizon.bid != absent && book_.horizon.ask != absent);
        }
        // What was known of the best levels was right.
        if (was_complete && book_.is_complete_to(10)) CHECK(corrections_now == corrections);
        return verdict;
    }

    [[nodiscard]] std::pair<std::int64_t, std::int64_t> counts() const noexcept {
        return {sync_.counters().refreshes, sync_.counters().corrections};
    }

    void check_book() {
        CHECK(book_.state == BookState::synced);
        ++totals_.compared;
        const State& truth = market_.at(book_.sequence);
        for (std::size_t price = 1; price <= prices; ++price) {
            const Ticks ticks = static_cast<Ticks>(price) * scale_;
            check_level(book_.bids.size_at(ticks), truth.bids[price] * scale_,
                        book_.horizon.covers_bid(ticks));
            check_level(book_.asks.size_at(ticks), truth.asks[price] * scale_,
                        book_.horizon.covers_ask(ticks));
        }
        check_top(book_.bids, truth.bid);
        check_top(book_.asks, truth.bid + 1);
    }

    // Behind the horizon a level may be missing, but what is there is right.
    static void check_level(Lots size, Lots truth, bool is_covered) {
        CHECK(size == truth || (!is_covered && size == 0));
    }

    template <Side side>
    void check_top(const Ladder<side>& ladder, Ticks best) const {
        if (!book_.is_complete_to(1)) return;
        CHECK(ladder.best() && ladder.best()->price == best * scale_);
    }

    Market& market_;
    Dice& dice_;
    std::size_t levels_;
    Totals& totals_;
    Synchronizer sync_;
    Book book_;
    std::int64_t scale_ = 1;
    std::int64_t received_ = 1;  // deltas
    std::optional<Answer> answer_;
};

void run(IdRule rule, std::size_t levels, std::uint64_t seed, Totals& totals) {
    Dice dice(seed);
    Market market(rule, dice);
    constexpr std::size_t deltas = 500;
    std::vector<Event> sent;
    sent.reserve(deltas);
    for (std::size_t i = 0; i < deltas; ++i) sent.push_back(market.next_delta());
    Follower follower(market, dice, levels, totals);
    follower.join(sent.front());
    for (const Event& delta : std::span(sent).subspan(1)) {
        follower.receive(delta);
        if (dice.one_in(200)) follower.refine();
    }
    CHECK(follower.counters().gaps == 0 && follower.counters().joins == 1);
    CHECK(follower.counters().skipped == 0 && follower.counters().crossed == 0);
}

// The lower bounds say that the runs met everything worth meeting.
void run_many(IdRule rule) {
    for (const std::size_t levels : {5UL, 10UL, 20UL, 50UL}) {
        Totals totals;
        for (std::uint64_t seed = 0; seed < 25; ++seed) run(rule, levels, seed, totals);
        CHECK(totals.compared > 25L * 500);
        CHECK(totals.wanted > 50);
        CHECK(totals.by_older > 10);
        CHECK(totals.by_newer > 10);
        CHECK(totals.refused > 5);
        CHECK(totals.lost > 5);
        // Deep snapshots are refreshed while the best ten are still known.
        CHECK(levels < 50 || totals.incomplete * 20 < totals.wanted);
    }
}

void a_spot_book_is_right_as_far_as_its_horizon_however_the_market_drifts() {
    run_many(IdRule::binance_spot);
}

void a_futures_book_is_right_as_far_as_its_horizon_however_the_market_drifts() {
    run_many(IdRule::binance_futures);
}

// ---- One refresh after the other
// --------------------------------------------------------------

// Twenty bids from 100 down and twenty asks from 101 up, joined by an empty delta.
struct Feed {
    Synchronizer sync;
    Book book;

    static Event snapshot(Sequence id, Ticks bid, Lots size) {
        Event event;
        event.kind = Kind::snapshot;
        event.rule = IdRule::binance_spot;
        event.ids = {id, id, absent};
        for (Ticks i = 0; i < 20; ++i) {
            event.bids.push_back({bid - i, size});
            event.asks.push_back({bid + 1 + i, size});
        }
        return event;
    }

    explicit Feed(Lots size = 1) {
        sync.on(snapshot(10, 100, size), book);
        CHECK(give(11, {}, {}) == Verdict::apply);
        CHECK(book.horizon == Horizon{.bid = 81, .ask = 120});
        CHECK(sync.wants() == Want::nothing);
    }

    Verdict give(Sequence id, const Levels& bids, const Levels& asks) {
        Event event;
        event.kind = Kind::delta;
        event.rule = IdRule::binance_spot;
        event.ids = {id, id, absent};
        event.bids = bids;
        event.asks = asks;
        return sync.on(event, book);
    }
    Verdict give(const Event& event) { return sync.on(event, book); }

    // The ten best bids and a tick more are taken, by one delta.
    void fall(Sequence id) {
        Levels taken;
        for (Ticks price = 90; price <= 100; ++price) taken.push_back({price, 0});
        CHECK(give(id, taken, {}) == Verdict::apply);
    }
};

void a_market_that_came_halfway_wants_a_refresh_until_it_is_there() {
    Feed feed;
    feed.fall(12);
    CHECK(feed.sync.wants() == Want::refresh && feed.book.state == BookState::synced);
    CHECK(feed.give(13, {}, {}) == Verdict::apply);
    CHECK(feed.sync.wants() == Want::refresh);

    CHECK(feed.give(Feed::snapshot(13, 89, 1)) == Verdict::buffer);

    CHECK(feed.sync.wants() == Want::nothing && feed.book.state == BookState::synced);
    CHECK(feed.book.horizon == Horizon{.bid = 70, .ask = 109});
    CHECK(feed.book.sequence == 13 && feed.sync.counters().refreshes == 1);
}

void a_snapshot_that_nobody_wanted_changes_nothing() {
    Feed feed;

    CHECK(feed.give(Feed::snapshot(11, 500, 1)) == Verdict::skip);

    CHECK(feed.book.bids.best() == Level{100, 1} && feed.book.horizon.bid == 81);
    CHECK(feed.sync.counters().refreshes == 0);
}

void what_came_behind_an_older_snapshot_is_applied_to_it_again() {
    Feed feed;
    feed.fall(12);
    feed.give(13, {{85, 7}}, {});
    feed.give(14, {{84, 0}}, {{101, 9}});

    CHECK(feed.give(Feed::snapshot(12, 89, 1)) == Verdict::buffer);

    CHECK(feed.book.sequence == 14 && feed.book.state == BookState::synced);
    CHECK(feed.book.bids.size_at(85) == 7 && feed.book.bids.size_at(84) == 0);
    CHECK(feed.book.asks.size_at(101) == 9 && feed.book.bids.size_at(70) == 1);
}

void a_snapshot_from_before_the_copies_is_too_old_and_another_one_is_wanted() {
    Feed feed;
    feed.fall(12);
    feed.give(13, {{85, 7}}, {});

    CHECK(feed.give(Feed::snapshot(11, 100, 1)) == Verdict::resync);

    CHECK(feed.sync.counters().stale_snapshots == 1 && feed.sync.counters().refreshes == 0);
    CHECK(feed.sync.wants() == Want::refresh && feed.book.bids.size_at(85) == 7);
    CHECK(feed.give(Feed::snapshot(12, 89, 1)) == Verdict::buffer);
    CHECK(feed.sync.wants() == Want::nothing && feed.book.bids.size_at(85) == 7);
}

void a_newer_snapshot_waits_for_the_book_and_nothing_is_wanted_meanwhile() {
    Feed feed;
    feed.fall(12);

    CHECK(feed.give(Feed::snapshot(14, 89, 3)) == Verdict::buffer);

    CHECK(feed.sync.wants() == Want::nothing);
    CHECK(feed.sync.memory_usage() >= 40 * sizeof(Level));
    feed.give(13, {}, {});
    feed.give(14, {}, {});
    CHECK(feed.book.bids.best() == Level{89, 1});
    CHECK(feed.give(15, {{88, 8}}, {}) == Verdict::apply);
    CHECK(feed.book.bids.best() == Level{89, 3} && feed.book.bids.size_at(88) == 8);
    CHECK(feed.book.bids.count() == 20 && feed.sync.counters().refreshes == 1);
}

void a_gap_forgets_the_refresh() {
    Feed feed;
    feed.fall(12);
    feed.give(Feed::snapshot(20, 89, 3));

    CHECK(feed.give(14, {}, {}) == Verdict::gap);

    CHECK(feed.sync.wants() == Want::snapshot);
    CHECK(feed.give(Feed::snapshot(13, 50, 5)) == Verdict::apply);
    CHECK(feed.book.state == BookState::synced && feed.book.bids.best() == Level{50, 5});
    for (Sequence id = 15; id < 25; ++id) feed.give(id, {}, {});
    CHECK(feed.book.bids.best() == Level{50, 5} && feed.sync.counters().refreshes == 0);
}

// Ids that follow each other say nothing of a level that was wrong from the start.
void a_refresh_that_finds_the_best_levels_wrong_is_counted() {
    Feed feed;
    feed.fall(12);

    feed.give(Feed::snapshot(12, 89, 2));  // the venue has other sizes

    CHECK(feed.sync.counters().refreshes == 1 && feed.sync.counters().corrections == 1);
    CHECK(feed.book.bids.best() == Level{89, 2});
}

void a_market_that_is_near_the_new_horizon_too_wants_the_next_one() {
    Feed feed;
    feed.fall(12);
    feed.give(Feed::snapshot(12, 100, 1));  // as if nothing had been taken
    CHECK(feed.sync.wants() == Want::nothing);

    feed.fall(13);

    CHECK(feed.sync.wants() == Want::refresh);
}

void a_finer_grid_moves_what_is_near_with_the_book() {
    const Rescale finer{.price = 10, .size = 1};
    const auto refined = [&] {
        Feed feed;
        feed.book.rescale(finer);
        feed.sync.rescale(finer);
        feed.give(12, {}, {});
        CHECK(feed.sync.wants() == Want::nothing);
        return feed;
    };
    Feed falling = refined();
    Levels taken;
    for (Ticks price = 91; price <= 100; ++price) taken.push_back({price * 10, 0});
    falling.give(13, taken, {});
    CHECK(falling.sync.wants() == Want::nothing);  // 90 is halfway and no further
    falling.give(14, {{900, 0}}, {});
    CHECK(falling.sync.wants() == Want::refresh);

    Feed rising = refined();
    taken.clear();
    for (Ticks price = 101; price <= 111; ++price) taken.push_back({price * 10, 0});
    rising.give(13, {}, taken);
    CHECK(rising.sync.wants() == Want::refresh);
}

}  // namespace

int main() {
    return run_tests({
        a_spot_book_is_right_as_far_as_its_horizon_however_the_market_drifts,
        a_futures_book_is_right_as_far_as_its_horizon_however_the_market_drifts,
        a_market_that_came_halfway_wants_a_refresh_until_it_is_there,
        a_snapshot_that_nobody_wanted_changes_nothing,
        what_came_behind_an_older_snapshot_is_applied_to_it_again,
        a_snapshot_from_before_the_copies_is_too_old_and_another_one_is_wanted,
        a_newer_snapshot_waits_for_the_book_and_nothing_is_wanted_meanwhile,
        a_gap_forgets_the_refresh,
        a_refresh_that_finds_the_best_levels_wrong_is_counted,
        a_market_that_is_near_the_new_horizon_too_wants_the_next_one,
        a_finer_grid_moves_what_is_near_with_the_book,
    });
}
