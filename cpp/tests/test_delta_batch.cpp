// Batches of deltas: what they hold, what they refuse, and the book that they leave.

#include <cstdint>
#include <limits>
#include <vector>

#include "check.hpp"
#include "obcore/delta_batch.hpp"

namespace {

using namespace obcore;
using Levels = std::vector<Level>;

const Grid positive{Step::from_text("0.1"), Step::from_text("1")};
const Grid any_price{Step::from_text("0.1"), Step::from_text("1"), true};

// What a batch is made of: two messages, asks among the bids.
struct Columns {
    std::vector<std::uint8_t> sides{1, 0, 1, 0, 0};
    std::vector<Ticks> prices{12, 10, 11, 9, 9};
    std::vector<Lots> sizes{1, 2, 3, 4, 0};
    std::vector<std::int64_t> offsets{0, 3, 5};

    [[nodiscard]] DeltaBatch batch(const Grid& grid = positive) const {
        return {grid, sides, prices, sizes, offsets};
    }
};

template <typename Change>
Columns columns_with(Change change) {
    Columns columns;
    change(columns);
    return columns;
}

Levels all(std::span<const Level> levels) {
    return {levels.begin(), levels.end()};
}

template <Side side>
Levels all(const Ladder<side>& ladder) {
    Levels levels(ladder.count());
    ladder.top(levels);
    return levels;
}

// ---- What it holds ------------------------------------------------------------------------

void a_message_is_its_bids_and_then_its_asks_in_the_order_given() {
    const DeltaBatch batch = Columns().batch();

    CHECK(batch.size() == 2 && batch.updates() == 5 && batch.grid() == positive);
    CHECK(all(batch[0].bids) == Levels{{10, 2}});
    CHECK(all(batch[0].asks) == Levels{{12, 1}, {11, 3}});
    CHECK(all(batch[1].bids) == Levels{{9, 4}, {9, 0}} && batch[1].asks.empty());
    CHECK(batch.levels() == Levels{{10, 2}, {12, 1}, {11, 3}, {9, 4}, {9, 0}});
}

void there_may_be_no_messages_and_messages_without_levels() {
    const DeltaBatch none(positive, {}, {}, {}, std::vector<std::int64_t>{0});
    const DeltaBatch empty(positive, {}, {}, {}, std::vector<std::int64_t>{0, 0, 0});

    CHECK(none.size() == 0 && none.updates() == 0 && none.levels().empty());
    CHECK(empty.size() == 2 && empty.updates() == 0);
    CHECK(empty[0].bids.empty() && empty[0].asks.empty() && empty[1].asks.empty());
}

void a_copy_does_not_lean_on_the_columns() {
    Columns columns;
    const DeltaBatch batch = columns.batch();

    columns.prices.assign(5, 77);

    CHECK(all(DeltaBatch(batch)[0].bids) == Levels{{10, 2}});
}

void its_messages_leave_the_book_of_single_updates() {
    const DeltaBatch batch = Columns().batch();
    Book book;
    Book single;

    for (std::size_t i = 0; i < batch.size(); ++i) book.update(batch[i].bids, batch[i].asks);
    single.update(Levels{{10, 2}}, Levels{{12, 1}, {11, 3}});
    single.update(Levels{{9, 4}, {9, 0}}, Levels{});

    CHECK(all(book.bids) == all(single.bids) && all(book.asks) == all(single.asks));
    CHECK(all(book.asks) == Levels{{11, 3}, {12, 1}} && all(book.bids) == Levels{{10, 2}});
}

// ---- What it refuses ----------------------------------------------------------------------

void a_row_that_is_no_level_is_named_by_the_callers_number() {
    const auto refuses = [](auto change, std::string_view part) {
        CHECK_THROWS(columns_with(change).batch(), DecodeError, part);
    };

    refuses([](Columns& c) { c.sides[3] = 2; },
            "rows[3] side: expected 0 for bid or 1 for ask");
    refuses([](Columns& c) { c.sizes[1] = -1; }, "rows[1] size: expected 0 or more lots");
    refuses([](Columns& c) { c.prices[0] = 0; }, "rows[0] price: expected more than 0 ticks");
    refuses([](Columns& c) { c.prices[4] = max_price_ticks + 1; }, "rows[4] price");
    refuses([](Columns& c) { c.prices[4] = std::numeric_limits<Ticks>::min(); },
            "rows[4] price");
}

void a_price_below_zero_needs_a_grid_that_allows_it() {
    const Columns columns = columns_with([](Columns& c) { c.prices[0] = -max_price_ticks; });

    CHECK(all(columns.batch(any_price)[0].asks) == Levels{{-max_price_ticks, 1}, {11, 3}});
    CHECK_THROWS(columns.batch(), DecodeError, "rows[0] price");
}

void offsets_must_divide_the_rows() {
    const auto refuses = [](const std::vector<std::int64_t>& offsets, std::string_view part) {
        const Columns columns = columns_with([&](Columns& c) { c.offsets = offsets; });
        CHECK_THROWS(columns.batch(), DecodeError, part);
    };

    refuses({}, "offsets: expected 0 first and 5 last, received none");
    refuses({0}, "offsets: expected 0 first and 5 last, received 0 and 0");
    refuses({1, 5}, "offsets: expected 0 first");
    refuses({0, 6}, "offsets: expected 0 first and 5 last, received 0 and 6");
    refuses({0, 4, 3, 5}, "offsets[2]: expected at least 4, received 3");
    refuses({0, 6, 5}, "offsets[2]: expected at least 6, received 5");
    refuses({0, std::numeric_limits<std::int64_t>::max(), 5}, "offsets[2]: expected at least");
    refuses({0, -1, 5}, "offsets[1]: expected at least 0, received -1");
}

void columns_must_be_of_one_length() {
    CHECK_THROWS(columns_with([](Columns& c) { c.prices.pop_back(); }).batch(), DecodeError,
                 "prices, sizes: expected 5 rows, as sides has, received 4 and 5");
    CHECK_THROWS(columns_with([](Columns& c) { c.sizes.push_back(1); }).batch(), DecodeError,
                 "received 5 and 6");
}

}  // namespace

int main() {
    return run_tests({
        a_message_is_its_bids_and_then_its_asks_in_the_order_given,
        there_may_be_no_messages_and_messages_without_levels,
        a_copy_does_not_lean_on_the_columns,
        its_messages_leave_the_book_of_single_updates,
        a_row_that_is_no_level_is_named_by_the_callers_number,
        a_price_below_zero_needs_a_grid_that_allows_it,
        offsets_must_divide_the_rows,
        columns_must_be_of_one_length,
    });
}
