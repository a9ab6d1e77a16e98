// The synchronizer against an oracle that knows the venue's book at every id.
//
// A venue changes levels at random and folds the changes into deltas. On the way deltas are
// lost, repeated and overtaken by snapshots that are older or newer than what was delivered.
// Whenever the synchronizer says that its book is proved, it must be the venue's book at that
// id.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/sync.hpp"

namespace {

using namespace obcore;

constexpr std::size_t prices = 8;  // 1 … 8 on either side: the book may be crossed
using Sizes = std::array<Lots, prices + 1>;

struct State {
    Sequence id = 0;
    Sizes bids{};
    Sizes asks{};
};

// A venue's book at every id it ever had, and the deltas that it sent.
class Venue {
public:
    Venue(IdRule rule, Dice& dice) : rule_(rule), dice_(dice) { states_.emplace_back(); }

    // Spot numbers every change of a symbol; futures share the numbers with other symbols, so
    // that neither the ids inside a delta nor those between two of them are dense.
    [[nodiscard]] Event next_delta() {
        const bool dense = rule_ == IdRule::binance_spot;
        Event delta;
        delta.kind = Kind::delta;
        delta.rule = rule_;
        delta.ids.previous = dense ? absent : last_;
        delta.ids.first = last_ + 1 + (dense ? 0 : dice_.below(4));
        delta.ids.last = delta.ids.first - 1;
        const std::int64_t changes = dice_.one_in(8) ? 0 : 1 + dice_.below(4);
        for (std::int64_t i = 0; i < changes; ++i) change(delta);
        if (changes == 0 || !dense) delta.ids.last += 1 + (dense ? 0 : dice_.below(3));
        last_ = delta.ids.last;
        return delta;
    }

    [[nodiscard]] const State& at(Sequence id) const {
        const auto later = std::ranges::upper_bound(states_, id, {}, &State::id);
        return *std::prev(later);
    }

    [[nodiscard]] Event snapshot(Sequence id) const {
        Event snapshot;
        snapshot.kind = Kind::snapshot;
        snapshot.rule = rule_;
        snapshot.ids.first = snapshot.ids.last = id;
        const State& state = at(id);
        for (std::size_t price = 1; price <= prices; ++price) {
            const auto ticks = static_cast<Ticks>(price);
            snapshot.bids.push_back({ticks, state.bids[price]});
            snapshot.asks.push_back({ticks, state.asks[price]});
        }
        return snapshot;
    }

    [[nodiscard]] Sequence last() const noexcept { return last_; }

private:
    void change(Event& delta) {
        delta.ids.last += rule_ == IdRule::binance_spot ? 1 : 1 + dice_.below(3);
        State next = states_.back();
        next.id = delta.ids.last;
        const bool bid = dice_.one_in(2);
        const std::int64_t worst_first =
            std::min({dice_.below(prices), dice_.below(prices), dice_.below(prices)});
        const auto price = static_cast<std::size_t>(bid ? 1 + worst_first
                                                        : std::int64_t{prices} - worst_first);
        const Lots size = dice_.one_in(2) ? 0 : next.id;
        (bid ? next.bids : next.asks)[price] = size;
        (bid ? delta.bids : delta.asks).push_back({static_cast<Ticks>(price), size});
        states_.push_back(next);
    }

    IdRule rule_;
    Dice& dice_;
    Sequence last_ = 0;
    std::vector<State> states_;
};

struct Totals {
    std::int64_t compared = 0;  // proved states
    std::int64_t gaps = 0;
    std::int64_t joins = 0;
    std::int64_t resyncs = 0;
    std::int64_t crossed = 0;
};

// A follower of the venue, whose grid may become finer on the way.
class Follower {
public:
    explicit Follower(Venue& venue) : venue_(venue) {}

    void receive(Event event) {
        rescale(event, {.price = scale_, .size = scale_});
        const Sequence before = book_.sequence;
        const bool proved_before = is_proved();
        sync_.on(event, book_);
        if (!is_proved()) return;
        CHECK(!proved_before || book_.sequence >= before);
        ++compared_;
        compare();
    }

    void refine() {
        const Rescale finer{.price = 2, .size = 2};
        book_.rescale(finer);
        sync_.rescale(finer);
        scale_ *= 2;
    }

    [[nodiscard]] bool is_proved() const noexcept {
        return book_.state == BookState::synced || book_.state == BookState::stale;
    }

    void add_to(Totals& totals) const {
        totals.compared += compared_;
        totals.gaps += sync_.counters().gaps;
        totals.joins += sync_.counters().joins;
        totals.resyncs += sync_.counters().stale_snapshots;
        totals.crossed += sync_.counters().crossed;
    }

private:
    void compare() const {
        const State& truth = venue_.at(book_.sequence);
        for (std::size_t price = 1; price <= prices; ++price) {
            const Ticks ticks = static_cast<Ticks>(price) * scale_;
            CHECK(book_.bids.size_at(ticks) == truth.bids[price] * scale_);
            CHECK(book_.asks.size_at(ticks) == truth.asks[price] * scale_);
        }
        const auto levels = [](const Sizes& sizes) {
            return prices + 1 - static_cast<std::size_t>(std::ranges::count(sizes, 0));
        };
        CHECK(book_.bids.count() == levels(truth.bids));
        CHECK(book_.asks.count() == levels(truth.asks));
        CHECK((book_.state == BookState::stale) == book_.is_crossed());
    }

    Venue& venue_;
    Synchronizer sync_;
    Book book_;
    std::int64_t scale_ = 1;
    std::int64_t compared_ = 0;
};

// One recording. It ends with a snapshot that must bring the follower into sync.
void run(IdRule rule, std::uint64_t seed, Totals& totals) {
    Dice dice(seed);
    Venue venue(rule, dice);
    std::vector<Event> sent;
    sent.reserve(80);
    for (int i = 0; i < 80; ++i) sent.push_back(venue.next_delta());
    Follower follower(venue);
    const std::int64_t one_lost_in = dice.one_in(3) ? 1'000 : 4 + dice.below(30);
    const std::int64_t one_snapshot_in = 2 + dice.below(20);
    for (auto delta = sent.begin(); delta != sent.end(); ++delta) {
        if (!dice.one_in(one_lost_in)) follower.receive(*delta);
        if (dice.one_in(10))
            follower.receive(*(delta - dice.below(1 + (delta - sent.begin()))));
        if (dice.one_in(one_snapshot_in)) {
            const Sequence id = delta->ids.last + dice.around(25);
            follower.receive(venue.snapshot(std::clamp<Sequence>(id, 0, venue.last())));
        }
        if (dice.one_in(100)) follower.refine();
    }
    follower.receive(sent.back());
    follower.receive(venue.snapshot(venue.last()));
    follower.receive(venue.next_delta());
    CHECK(follower.is_proved());
    follower.add_to(totals);
}

// The lower bounds say that the runs met everything worth meeting.
void run_many(IdRule rule) {
    Totals totals;
    for (std::uint64_t seed = 0; seed < 3'000; ++seed) run(rule, seed, totals);
    CHECK(totals.compared > 150'000);
    CHECK(totals.gaps > 3'000);
    CHECK(totals.joins > 5'000);
    CHECK(totals.resyncs > 1'000);
    CHECK(totals.crossed > 10'000);
}

void a_proved_spot_book_is_the_venues_book() {
    run_many(IdRule::binance_spot);
}

void a_proved_futures_book_is_the_venues_book() {
    run_many(IdRule::binance_futures);
}

}  // namespace

int main() {
    return run_tests({
        a_proved_spot_book_is_the_venues_book,
        a_proved_futures_book_is_the_venues_book,
    });
}
