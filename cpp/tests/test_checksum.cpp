// The venues' checksums of a book: known values, the text they are taken of, and its edges.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "allocations.hpp"
#include "check.hpp"
#include "obcore/book.hpp"
#include "obcore/checksum.hpp"
#include "obcore/crc32.hpp"
#include "obcore/decimal.hpp"

namespace {

using obcore::Book;
using obcore::checksum_of;
using obcore::crc32;
using obcore::Level;
using obcore::Step;
using Rule = obcore::Checksum::Rule;
using Texts = std::vector<std::pair<std::string_view, std::string_view>>;

// A book whose grid has these steps.
Book book_of(std::string_view tick, std::string_view lot, const Texts& bids,
             const Texts& asks) {
    Book book;
    book.grid = {Step::from_text(tick), Step::from_text(lot)};
    const auto set = [&](auto& side, const Texts& texts) {
        for (const auto& [price, size] : texts) {
            side.set({obcore::decode_price(price, book.grid, {}),
                      obcore::decode_size(size, book.grid, {})});
        }
    };
    set(book.bids, bids);
    set(book.asks, asks);
    return book;
}

void kraken_of_a_short_book() {
    const Book book =
        book_of("0.1", "0.00000001", {{"100.4", "0.00000007"}, {"100.0", "3.50000000"}},
                {{"100.5", "0.25000000"}, {"100.6", "1.00000000"}, {"101.0", "12.00000001"}});

    CHECK(checksum_of(book, Rule::kraken) == 2443253331U);
    CHECK(crc32("100525000000100610000000010101200000001100471000350000000") == 2443253331U);
}

// docs.kraken.com, "Book checksum (WebSocket v2)".
void kraken_of_its_documentation() {
    Book book = book_of("0.1", "0.00000001",
                        {{"45283.5", "0.10000000"},
                         {"45283.4", "1.54582015"},
                         {"45282.1", "0.10000000"},
                         {"45281.0", "0.10000000"},
                         {"45280.3", "1.54592586"},
                         {"45279.0", "0.07990000"},
                         {"45277.6", "0.03310103"},
                         {"45277.5", "0.30000000"},
                         {"45277.3", "1.54602737"},
                         {"45276.6", "0.15445238"}},
                        {{"45285.2", "0.00100000"},
                         {"45286.4", "1.54571953"},
                         {"45286.6", "1.54571109"},
                         {"45289.6", "1.54560911"},
                         {"45290.2", "0.15890660"},
                         {"45291.8", "1.54553491"},
                         {"45294.7", "0.04454749"},
                         {"45296.1", "0.35380000"},
                         {"45297.5", "0.09945542"},
                         {"45299.5", "0.18772827"}});

    CHECK(checksum_of(book, Rule::kraken) == 3310070434U);

    // What lies behind the tenth level does not count.
    book.bids.set({1, 1});
    book.asks.set({999'999, 1});
    CHECK(checksum_of(book, Rule::kraken) == 3310070434U);
    book.asks.set({452'853, 1});
    CHECK(checksum_of(book, Rule::kraken) != 3310070434U);
}

void okx_takes_bids_and_asks_in_turn() {
    const Book book = book_of("0.1", "0.00000001", {{"3366.1", "7"}, {"3366", "6.50000000"}},
                              {{"3366.8", "9"}, {"3368", "8.01"}, {"3370", "0.00000002"}});

    CHECK(checksum_of(book, Rule::okx) ==
          crc32("3366.1:7:3366.8:9:3366:6.5:3368:8.01:3370:0.00000002"));
}

void okx_goes_on_with_the_longer_side() {
    const Texts none;
    CHECK(checksum_of(book_of("1", "1", {{"2", "20"}, {"1", "100"}}, none), Rule::okx) ==
          crc32("2:20:1:100"));
    CHECK(checksum_of(book_of("1", "1", none, {{"2", "20"}}), Rule::okx) == crc32("2:20"));
}

void okx_takes_25_levels_a_side() {
    Book book = book_of("0.01", "1", {}, {});
    std::string text;
    for (std::int64_t i = 0; i < 30; ++i) {
        book.bids.set({1000 - i, 1 + i});
        book.asks.set({1100 + i, 1 + i});
    }
    for (int i = 0; i < 25; ++i) {
        const std::string size = ":" + std::to_string(1 + i);
        const auto price = [](int ticks) {  // of two decimals, without trailing zeros
            std::string out = std::to_string(ticks);
            out.insert(out.size() - 2, 1, '.');
            while (out.back() == '0') out.pop_back();
            if (out.back() == '.') out.pop_back();
            return out;
        };
        if (i != 0) text += ':';
        text.append(price(1000 - i)).append(size).append(":");
        text.append(price(1100 + i)).append(size);
    }

    CHECK(checksum_of(book, Rule::okx) == crc32(text));
}

void a_step_of_several_units_prints_its_prices() {
    const Book book = book_of("0.5", "5", {{"100.5", "15"}}, {});

    CHECK(checksum_of(book, Rule::okx) == crc32("100.5:15"));
    CHECK(checksum_of(book, Rule::kraken) == crc32("100515"));
}

void prices_below_zero_have_their_sign() {
    Book book = book_of("0.1", "1", {}, {});
    book.bids.set({-15, 2});
    book.bids.set({0, 3});

    CHECK(checksum_of(book, Rule::okx) == crc32("0:3:-1.5:2"));
}

void the_longest_numbers_fit() {
    Book book = book_of("0.000000000000000001", "0.000000000000000001", {}, {});
    std::string decimals;
    for (std::int64_t i = 0; i < 25; ++i) {
        book.bids.set({obcore::max_price_ticks - i, INT64_MAX});
        book.asks.set({obcore::max_price_ticks + i - 100, INT64_MAX});
    }
    for (std::int64_t i = 0; i < 25; ++i) {
        for (const std::int64_t ticks : {-i, i - 100}) {
            std::string price = std::to_string(obcore::max_price_ticks + ticks);
            while (price.back() == '0') price.pop_back();
            decimals +=
                (decimals.empty() ? "1." : ":1.") + price.substr(1) + ":9.223372036854775807";
        }
    }

    CHECK(checksum_of(book, Rule::okx) == crc32(decimals));
}

void an_empty_book_and_no_rule_have_one_too() {
    const Book book;
    CHECK(checksum_of(book, Rule::none) == 0);
    CHECK(checksum_of(book, Rule::kraken) == crc32(""));
    CHECK(checksum_of(book, Rule::okx) == crc32(""));
}

void nothing_is_allocated() {
    const Book book = book_of("0.1", "0.1", {{"1", "2"}}, {{"3", "4"}});
    const std::int64_t before = allocations;
    const std::uint32_t both = checksum_of(book, Rule::kraken) ^ checksum_of(book, Rule::okx);

    CHECK(both != 0);
    CHECK(allocations == before);
}

}  // namespace

int main() {
    return run_tests({
        kraken_of_a_short_book,
        kraken_of_its_documentation,
        okx_takes_bids_and_asks_in_turn,
        okx_goes_on_with_the_longer_side,
        okx_takes_25_levels_a_side,
        a_step_of_several_units_prints_its_prices,
        prices_below_zero_have_their_sign,
        the_longest_numbers_fit,
        an_empty_book_and_no_rule_have_one_too,
        nothing_is_allocated,
    });
}
