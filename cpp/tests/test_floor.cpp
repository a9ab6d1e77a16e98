// The bare book against obcore's own, on every set of instructions that this CPU has.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bench/floor.hpp"
#include "bench/synthetic.hpp"
#include "check.hpp"
#include "obcore/book.hpp"
#include "obcore/feature_set.hpp"

namespace {

using namespace obcore;
using namespace obcore::bench;

std::vector<Instructions> sets() {
    std::vector<Instructions> out;
    for (const std::string& name : instruction_sets()) out.push_back(instruction_set(name));
    return out;
}

SyntheticStream made_up(std::int64_t levels, std::int64_t spacing) {
    return SyntheticMarket({levels, 20'000, 3, spacing, 3'932}).stream();
}

std::vector<std::int64_t> rows_of(std::span<const Level> levels) {
    std::vector<std::int64_t> out;
    for (const Level& level : levels) out.insert(out.end(), {level.price, level.size});
    return out;
}

// A bare book of the snapshot. Its range ends where the stream's does.
BareBook bare_book(const SyntheticStream& stream, Instructions instructions) {
    const auto [lowest, highest] = std::ranges::minmax(stream.prices);
    BareBook out(std::min(lowest, stream.bids.back().price),
                 std::max(highest, stream.asks.back().price), instructions);
    out.load(rows_of(stream.bids), rows_of(stream.asks));
    return out;
}

Updates updates_of(const SyntheticStream& stream) {
    return {stream.sides, stream.prices, stream.sizes, stream.offsets};
}

// Applies message i to obcore's book.
void apply(Book& book, const SyntheticStream& stream, std::size_t i) {
    std::array<std::vector<Level>, 2> levels;
    for (auto row = stream.offsets[i]; row < stream.offsets[i + 1]; ++row) {
        const auto at = static_cast<std::size_t>(row);
        levels.at(stream.sides[at]).push_back({stream.prices[at], stream.sizes[at]});
    }
    book.update(levels[0], levels[1]);
}

template <Side side>
std::vector<Level> all_of(const Ladder<side>& ladder) {
    std::vector<Level> out(ladder.count());
    ladder.top(out);
    return out;
}

void check_same_levels(const BareBook& bare, const Book& book) {
    CHECK(bare.levels(false) == all_of(book.bids));
    CHECK(bare.levels(true) == all_of(book.asks));
}

bool close(double a, double b) {
    return std::abs(a - b) <= 1e-9 * std::max(1.0, std::abs(b));
}

void check_against_obcore(const SyntheticStream& stream, Instructions instructions) {
    BareBook applied = bare_book(stream, instructions);
    BareBook replayed = bare_book(stream, instructions);
    std::vector<double> rows((stream.offsets.size() - 1) * BareVector::size);

    applied.apply(updates_of(stream));
    CHECK(replayed.replay(updates_of(stream), {0.1, 0.001}, rows.data()));

    Book book;
    book.grid = {Step::from_text("0.1"), Step::from_text("0.001")};
    book.replace(stream.bids, stream.asks);
    FeatureSet standard("standard");
    std::array<double, BareVector::size> expected{};
    for (std::size_t i = 0; i + 1 < stream.offsets.size(); ++i) {
        apply(book, stream, i);
        standard.compute(book, expected);
        const auto row = std::span(rows).subspan(i * BareVector::size, BareVector::size);
        CHECK(std::equal(row.begin(), row.end(), expected.begin(), close));
    }
    check_same_levels(applied, book);
    check_same_levels(replayed, book);
}

void book_and_numbers_are_obcore_s_dense_and_sparse() {
    for (const Instructions instructions : sets()) {
        for (const std::int64_t levels : {20, 1'000}) {
            for (const std::int64_t spacing : {1, 16, 300}) {
                check_against_obcore(made_up(levels, spacing), instructions);
            }
        }
    }
}

// The text alone with the 8 bytes that may be read behind it, so that a sanitizer sees the
// rest.
void scan(BareBook& book, std::string_view text, const BareScanner& scanner) {
    const std::size_t size = text.size() + 8;
    const auto exact = std::make_unique<char[]>(size);  // NOLINT(modernize-avoid-c-arrays)
    text.copy(exact.get(), text.size());
    const std::array<std::int64_t, 2> offsets{0, static_cast<std::int64_t>(text.size())};
    book.scan(exact.get(), offsets, scanner);
}

void the_scanner_reads_levels_of_any_length() {
    for (const Instructions instructions : sets()) {
        BareBook book(0, 1'000'000, instructions);
        book.load({}, {});

        scan(
            book,
            R"({"stream":"btcusdt@depth","data":{"e":"depthUpdate","U":1,"u":2,"pu":0,)"
            R"("b":[["65000.10","0.055"],["0.10","123456789012.345"]],"a":[["65000.20","1.000"]]}})",
            {{.written = 2, .kept = 1}, {.written = 3, .kept = 3}});
        scan(book,
             R"({"e":"depthUpdate","b":[],"a":[["65000.20","0.000"],["65000.30","7.000"]]})",
             {{.written = 2, .kept = 1}, {.written = 3, .kept = 3}});

        CHECK(book.levels(false) ==
              std::vector<Level>{{650'001, 55}, {1, 123'456'789'012'345}});
        CHECK(book.levels(true) == std::vector<Level>{{650'003, 7'000}});
    }
}

void the_scanner_reads_whole_numbers_and_many_decimals() {
    for (const Instructions instructions : sets()) {
        BareBook book(0, 1'000'000, instructions);
        book.load({}, {});

        scan(book, R"({"e":"depthUpdate","b":[["61773","1001"]],"a":[]})", {{0, 0}, {0, 0}});
        scan(book, R"({"e":"depthUpdate","b":[],"a":[["0.00061774","0.12345678"]]})",
             {{8, 8}, {8, 8}});

        CHECK(book.levels(false) == std::vector<Level>{{61'773, 1'001}});
        CHECK(book.levels(true) == std::vector<Level>{{61'774, 12'345'678}});
    }
    CHECK_THROWS(BareScanner({9, 9}, {0, 0}), std::invalid_argument, "at most 8");
}

void a_side_of_fewer_than_ten_levels_is_told() {
    SyntheticStream stream = made_up(20, 1);
    stream.bids.resize(9);
    stream.offsets = {0, 0};
    std::array<double, BareVector::size> row{};

    CHECK(!bare_book(stream, sets().back()).replay(updates_of(stream), {1, 1}, row.data()));
}

void a_range_without_end_is_refused() {
    CHECK_THROWS(BareBook(0, std::int64_t{1} << 40, sets().back()), std::invalid_argument,
                 "a range of 1 to");
    CHECK_THROWS(instruction_set("abacus"), std::invalid_argument, "received abacus");
}

void all_of_a_buffer_is_read() {
    std::vector<std::uint64_t> values(1'003);
    std::iota(values.begin(), values.end(), 0U);
    for (const Instructions instructions : sets()) {
        CHECK(sum_of(values, instructions) == 1'003 * 1'002 / 2);
    }
}

}  // namespace

int main() {
    return run_tests({book_and_numbers_are_obcore_s_dense_and_sparse,
                      the_scanner_reads_levels_of_any_length,
                      the_scanner_reads_whole_numbers_and_many_decimals,
                      a_side_of_fewer_than_ten_levels_is_told, a_range_without_end_is_refused,
                      all_of_a_buffer_is_read});
}
