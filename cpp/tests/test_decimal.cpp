// Decimal text to whole numbers of steps and back, exactly, and the times of events.

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "check.hpp"
#include "obcore/decimal.hpp"
#include "obcore/event.hpp"

namespace {

using obcore::absent;
using obcore::Count;
using obcore::Decimal;
using obcore::decode_price;
using obcore::decode_size;
using obcore::decode_time;
using obcore::DecodeError;
using obcore::Event;
using obcore::Grid;
using obcore::GridFault;
using obcore::Int128;
using obcore::Level;
using obcore::max_price_ticks;
using obcore::PrecisionError;
using obcore::read_decimal;
using obcore::rescale;
using obcore::Step;
using obcore::to_count;
using obcore::to_text;
using Fault = Decimal::Fault;

constexpr std::int64_t max_int64 = std::numeric_limits<std::int64_t>::max();

bool reads(std::string_view text, std::uint64_t mantissa, int decimals, bool negative = false) {
    const Decimal value = read_decimal(text);
    return value.fault == Fault::none && value.mantissa == mantissa &&
           value.decimals == decimals && value.negative == negative;
}

Count count(std::string_view text, std::string_view step) {
    return to_count(text, Step::from_text(step));
}

bool counts(std::string_view text, std::string_view step, std::int64_t wanted) {
    const Count found = count(text, step);
    return found.fault == GridFault::none && found.value == wanted;
}

Grid grid() {
    return {Step::from_text("0.01"), Step::from_text("0.001")};
}

void plain_decimals_are_read_without_trailing_zeros() {
    CHECK(reads("0", 0, 0));
    CHECK(reads("007", 7, 0));
    CHECK(reads("120", 120, 0));
    CHECK(reads("0.5210", 521, 3));
    CHECK(reads("100.000", 100, 0));
    CHECK(reads("100.0010", 100001, 3));
    CHECK(reads(".5", 5, 1));
    CHECK(reads("5.", 5, 0));
    CHECK(reads("-1.5", 15, 1, true));
    CHECK(reads("18446744073709551615", 18'446'744'073'709'551'615U, 0));
}

void any_number_of_zeros_is_the_same_number() {
    CHECK(reads(std::string(1000, '0') + "1." + std::string(1000, '0'), 1, 0));
    CHECK(reads("0." + std::string(30, '0') + "1", 1, 31));
    CHECK(reads("0." + std::string(1 << 21, '0'), 0, 0));
    CHECK(reads("-0.000", 0, 0, true));
}

void exponents_are_read() {
    CHECK(reads("1e-7", 1, 7));
    CHECK(reads("1.25E+2", 125, 0));
    CHECK(reads("1.25e1", 125, 1));
    CHECK(reads("1e3", 1, -3));
    CHECK(reads("120e-2", 12, 1));
    CHECK(reads("0e5", 0, 0));
    CHECK(reads("0e99999999999999999999", 0, 0));
}

void text_that_is_no_decimal_is_told() {
    for (const char* text :
         {"",    " ",   "-",     ".",     "-.", "+1",  " 1",   "1 ",    "1,5",      "1.2.3",
          "1e",  "1e+", "e5",    "x",     "1x", "NaN", "nan",  "inf",   "Infinity", "0x10",
          "--1", "1-",  "1_000", "1e5.5", "٣",  "1\n", "null", "1e--5", "½"}) {
        CHECK(read_decimal(text).fault == Fault::not_a_number);
    }
    CHECK(read_decimal(std::string_view("1\0", 2)).fault == Fault::not_a_number);
}

void more_digits_than_64_bits_hold_are_told() {
    CHECK(read_decimal("18446744073709551616").fault == Fault::too_large);
    CHECK(read_decimal("99999999999999999999").fault == Fault::too_large);
    CHECK(read_decimal("1.0000000000000000000001").fault == Fault::too_large);
    CHECK(read_decimal(std::string(1 << 21, '9')).fault == Fault::too_large);
    CHECK(read_decimal("0." + std::string(1 << 21, '9')).fault == Fault::too_large);
}

void a_step_keeps_the_decimals_that_a_venue_prints() {
    CHECK(Step::from_text("0.10") == Step{.units = 1, .decimals = 1, .text_decimals = 2});
    CHECK(Step::from_text("1") == Step{.units = 1, .decimals = 0, .text_decimals = 0});
    CHECK(Step::from_text("0.25") == Step{.units = 25, .decimals = 2, .text_decimals = 2});
    CHECK(Step::from_text("1e-8") == Step{.units = 1, .decimals = 8, .text_decimals = 8});
    CHECK(Step::from_text("1e2") == Step{.units = 100, .decimals = 0, .text_decimals = 0});
}

void a_step_that_is_none_is_an_error() {
    for (const char* text : {"", "0", "0.0", "-0.1", "x", "NaN", "1e-19", "1e30",
                             "0.0000000000000000001", "99999999999999999999"}) {
        CHECK_THROWS(Step::from_text(text), DecodeError, "step: expected");
    }
}

void multiples_of_the_step_are_counted_exactly() {
    CHECK(counts("64250.1", "0.1", 642'501));
    CHECK(counts("64250.10000", "0.10", 642'501));
    CHECK(counts("0", "0.1", 0));
    CHECK(counts("-0.3", "0.1", -3));
    CHECK(counts("1.25", "0.25", 5));
    CHECK(counts("300", "100", 3));
    CHECK(counts("1e-7", "0.00000001", 10));
    CHECK(counts("9223372036854775807", "1", max_int64));
    CHECK(counts("-9223372036854775807", "1", -max_int64));
    CHECK(counts("0.29", "0.01", 29));  // 28.999… in doubles
}

void what_is_off_the_grid_is_never_rounded() {
    CHECK(count("0.15", "0.1").fault == GridFault::off_grid);
    CHECK(count("0.15", "0.1").decimals == 2);
    CHECK(count("1.3", "0.25").fault == GridFault::off_grid);
    CHECK(count("150", "100").fault == GridFault::off_grid);
    CHECK(count("0.1", "1").fault == GridFault::off_grid);
    CHECK(count("1e-300", "0.1").fault == GridFault::off_grid);
}

void what_int64_cannot_count_is_told() {
    CHECK(count("9223372036854775808", "1").fault == GridFault::too_large);
    CHECK(count("922337203685477580.8", "0.1").fault == GridFault::too_large);
    CHECK(count("10", "0.000000000000000001").fault == GridFault::too_large);
    CHECK(count("1e300", "1").fault == GridFault::too_large);
    CHECK(count("1e99999999999999999999", "1").fault == GridFault::too_large);
    CHECK(count("x", "1").fault == GridFault::not_a_number);
}

void counts_are_printed_as_the_venue_prints_them() {
    CHECK(to_text(642'501, Step::from_text("0.10")) == "64250.10");
    CHECK(to_text(0, Step::from_text("0.10")) == "0.00");
    CHECK(to_text(-3, Step::from_text("0.1")) == "-0.3");
    CHECK(to_text(5, Step::from_text("0.25")) == "1.25");
    CHECK(to_text(3, Step::from_text("100")) == "300");
    CHECK(to_text(1, Step::from_text("1e-8")) == "0.00000001");
    CHECK(to_text(Int128{max_int64} * 10, Step::from_text("1")) == "92233720368547758070");
    CHECK(to_text(Step::from_text("0.010")) == "0.010");
}

void text_and_count_are_each_other_s_inverse() {
    for (const char* step : {"1", "0.1", "0.25", "0.05", "0.00000001", "5", "1000"}) {
        const Step on = Step::from_text(step);
        for (std::int64_t value : {0, 1, -1, 7, 99, 100, 12'345'678, -987'654'321}) {
            const Count back = to_count(to_text(value, on), on);
            CHECK(back.fault == GridFault::none);
            CHECK(back.value == value);
        }
    }
}

void doubles_are_made_by_dividing() {
    const Step tick = Step::from_text("0.1");
    CHECK(tick.to_double(3.0) == 0.3);
    CHECK(tick.to_double(Int128{642'501}) == 64250.1);
    CHECK(Step::from_text("0.25").to_double(5.0) == 1.25);
}

void prices_and_sizes_are_held_to_their_bounds() {
    CHECK(decode_price("64250.1", grid(), {}) == 6'425'010);
    CHECK(decode_size("0", grid(), {}) == 0);
    CHECK_THROWS(decode_price("0", grid(), {}), DecodeError, "price: expected a price above 0");
    CHECK_THROWS(decode_price("-1", grid(), {"b", 3}), DecodeError, "b[3] price");
    CHECK_THROWS(decode_size("-1", grid(), {"b", 3}), DecodeError, "b[3] size");
    CHECK_THROWS(decode_price("NaN", grid(), {"p"}), DecodeError,
                 "p price: expected a decimal");
    CHECK_THROWS(decode_price("11529215046068469.77", grid(), {}), PrecisionError,
                 "price: expected a number within int64 at tick 0.01");
    CHECK_THROWS(decode_size("9223372036854775.808", grid(), {}), PrecisionError,
                 "size: expected a number within int64 at lot 0.001");
}

void a_precision_error_tells_the_decimals_that_would_do() {
    try {
        static_cast<void>(decode_size("0.00125", grid(), {}));
        CHECK(false);
    } catch (const PrecisionError& error) {
        CHECK(error.quantity == PrecisionError::Quantity::size);
        CHECK(error.decimals == 5);
    }
}

void prices_below_zero_are_read_where_they_may_be() {
    Grid spreads = grid();
    spreads.nonpositive_prices = true;
    CHECK(decode_price("-1.25", spreads, {}) == -125);
    CHECK(decode_price("0", spreads, {}) == 0);
    CHECK_THROWS(decode_price("-11529215046068469.77", spreads, {}), PrecisionError, "int64");
}

void times_have_the_unit_of_their_magnitude() {
    CHECK(decode_time(1'700'000'000, "t") == 1'700'000'000'000'000'000);
    CHECK(decode_time(1'700'000'000'123, "t") == 1'700'000'000'123'000'000);
    CHECK(decode_time(1'700'000'000'123'456, "t") == 1'700'000'000'123'456'000);
    CHECK(decode_time(1'700'000'000'123'456'789, "t") == 1'700'000'000'123'456'789);
    CHECK(decode_time(max_int64, "t") == max_int64);
    for (std::int64_t value :
         {std::int64_t{0}, std::int64_t{-1}, std::int64_t{99'999'999}, absent, -max_int64}) {
        CHECK_THROWS(decode_time(value, "t"), DecodeError, "t: expected a time since 1970");
    }
}

void a_finer_grid_takes_events_along() {
    Event event;
    event.bids = {{5, 7}};
    event.trade = {.price = 3, .size = 2};

    rescale(event, {.price = 10, .size = 100});

    CHECK(event.bids[0] == Level{50, 700});
    CHECK(event.trade.price == 30);
    CHECK(event.trade.size == 200);
    CHECK_THROWS(rescale(event, {.price = max_price_ticks, .size = 1}), PrecisionError,
                 "int64");
    CHECK_THROWS(rescale(event, {.price = 1, .size = max_int64}), PrecisionError, "int64");
}

}  // namespace

int main() {
    return run_tests({
        plain_decimals_are_read_without_trailing_zeros,
        any_number_of_zeros_is_the_same_number,
        exponents_are_read,
        text_that_is_no_decimal_is_told,
        more_digits_than_64_bits_hold_are_told,
        a_step_keeps_the_decimals_that_a_venue_prints,
        a_step_that_is_none_is_an_error,
        multiples_of_the_step_are_counted_exactly,
        what_is_off_the_grid_is_never_rounded,
        what_int64_cannot_count_is_told,
        counts_are_printed_as_the_venue_prints_them,
        text_and_count_are_each_other_s_inverse,
        doubles_are_made_by_dividing,
        prices_and_sizes_are_held_to_their_bounds,
        a_precision_error_tells_the_decimals_that_would_do,
        prices_below_zero_are_read_where_they_may_be,
        times_have_the_unit_of_their_magnitude,
        a_finer_grid_takes_events_along,
    });
}
