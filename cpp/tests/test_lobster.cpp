// LOBSTER: single orders summed into levels, and rows that must change nothing.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "check.hpp"
#include "obcore/lobster.hpp"

namespace {

using obcore::absent;
using obcore::DecodeError;
using obcore::Event;
using obcore::Frame;
using obcore::Grid;
using obcore::IdRule;
using obcore::InputContext;
using obcore::Kind;
using obcore::Level;
using obcore::Nanos;
using obcore::PrecisionError;
using obcore::Side;
using obcore::Step;
using obcore::lobster::Decoder;

constexpr Nanos midnight = 1'340'251'200'000'000'000;
constexpr std::string_view add = "34200.004241176,1,7,18,5853300,1";

Grid cents() {
    return {Step::from_text("0.01"), Step::from_text("1")};
}

InputContext context(std::string book = {}) {
    return {.symbol = "AAPL", .midnight_ns = midnight, .opening_book = std::move(book)};
}

void an_order_begins_a_book_of_one_level() {
    Decoder decoder(context());
    Frame frame;

    decoder.decode(add, cents(), frame);

    CHECK(frame.size() == 1);
    CHECK(frame[0].kind == Kind::snapshot);
    CHECK(frame[0].rule == IdRule::orders);
    CHECK(frame[0].symbol == "AAPL");
    CHECK(frame[0].ts_event_ns == midnight + 34'200'004'241'176);
    CHECK(frame[0].ts_recv_ns == absent);
    CHECK(frame[0].bids == std::vector<Level>{{58533, 18}});
    CHECK(frame[0].asks.empty());
}

void digits_beyond_nanoseconds_are_a_doubles() {
    Decoder decoder(context());
    Frame frame;

    decoder.decode("35821.088778456004,1,7,18,5853300,1", cents(), frame);

    CHECK(frame[0].ts_event_ns == midnight + 35'821'088'778'456);
}

void an_execution_is_a_trade_and_a_smaller_level() {
    Decoder decoder(context());
    Frame frame;
    decoder.decode(add, cents(), frame);

    decoder.decode("34200.1,4,7,5,5853300,1", cents(), frame);

    CHECK(frame.size() == 2);
    CHECK(frame[0].kind == Kind::trade);
    CHECK(frame[0].trade.price == 58533);
    CHECK(frame[0].trade.size == 5);
    CHECK(frame[0].trade.taker == Side::ask);
    CHECK(frame[1].kind == Kind::delta);
    CHECK(frame[1].bids == std::vector<Level>{{58533, 13}});
}

void a_removed_order_takes_all_that_it_has_left() {
    Decoder decoder(context());
    Frame frame;
    decoder.decode(add, cents(), frame);
    decoder.decode("34200.1,1,8,2,5853300,1", cents(), frame);

    decoder.decode("34200.2,3,7,9,5853300,1", cents(), frame);

    CHECK(frame[0].bids == std::vector<Level>{{58533, 2}});
    decoder.decode("34200.3,3,7,9,5853300,1", cents(), frame);  // now nobody knows it
    CHECK(frame[0].kind == Kind::unknown);
}

void a_row_that_throws_can_be_given_again_on_a_finer_grid() {
    const std::string_view half_a_cent = "34200.1,1,8,2,5853350,1";
    for (const bool has_book : {false, true}) {
        Decoder decoder(context(has_book ? "5859450,200,5853300,18," : ""));
        Frame frame;
        const Grid fine{Step::from_text("0.001"), Step::from_text("1")};
        if (has_book) {
            CHECK_THROWS(decoder.decode(add, cents(), frame), PrecisionError, "price");
            decoder.decode(add, fine, frame);
            CHECK(frame[0].asks == std::vector<Level>{{585945, 200}});
            CHECK(frame[0].bids == std::vector<Level>{{585330, 18}});
        } else {
            decoder.decode(add, cents(), frame);
        }

        CHECK_THROWS(decoder.decode(half_a_cent, cents(), frame), PrecisionError, "price");
        decoder.decode(half_a_cent, fine, frame);

        CHECK(frame[0].bids == std::vector<Level>{{585335, 2}});
    }
}

void sums_beyond_64_bits_are_errors() {
    Decoder decoder(context());
    Frame frame;
    decoder.decode("1,1,1,9223372036854775807,5853300,1", cents(), frame);

    CHECK_THROWS(decoder.decode("2,1,2,1,5853300,1", cents(), frame), DecodeError,
                 "size: expected a sum of orders within int64, received 1");
}

void books_of_another_shape_are_errors() {
    for (const std::string_view book : {"1,2,3", "5859400,-1,5853300,18", "x,1,5853300,18"}) {
        Decoder decoder(context(std::string(book)));
        Frame frame;
        CHECK_THROWS(decoder.decode(add, cents(), frame), DecodeError, "opening book");
    }
}

void the_first_row_is_recognised() {
    CHECK(Decoder::recognises(add));
    CHECK(Decoder::recognises("34200,7,0,0,-1,-1"));
    CHECK(!Decoder::recognises("34200,8,0,0,-1,-1"));
    CHECK(!Decoder::recognises("34200,1,7,18,5853300"));
    CHECK(!Decoder::recognises("34200,1,7,18,585.33,1"));
    CHECK(!Decoder::recognises("depthUpdate,1,7,18,5853300,1"));
    CHECK(!Decoder::recognises(R"({"e":"depthUpdate"})"));
}

}  // namespace

int main() {
    return run_tests({
        an_order_begins_a_book_of_one_level,
        digits_beyond_nanoseconds_are_a_doubles,
        an_execution_is_a_trade_and_a_smaller_level,
        a_removed_order_takes_all_that_it_has_left,
        a_row_that_throws_can_be_given_again_on_a_finer_grid,
        sums_beyond_64_bits_are_errors,
        books_of_another_shape_are_errors,
        the_first_row_is_recognised,
    });
}
