#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "obcore/csv.hpp"
#include "obcore/decimal.hpp"
#include "obcore/error.hpp"
#include "obcore/event.hpp"
#include "obcore/frame.hpp"
#include "obcore/input_context.hpp"
#include "obcore/integer.hpp"
#include "obcore/units.hpp"

// LOBSTER message files: the single orders of one stock and one day, as Nasdaq told them.
// Document: lobsterdata.com, "Output structure".
namespace obcore::lobster {

// Decodes one row at a time, and sums the orders that rest at a price into the size of a level.
//
// Orders and sums are kept as they stand in the file, in 1/10000 USD and in shares, so that
// they are exact on any grid. A row that throws changes nothing, so that it can be given again
// on a finer one.
class Decoder {
public:
    // No market has so many orders at rest, so past it the file is broken.
    static constexpr std::size_t max_orders = std::size_t{1} << 22;

    explicit Decoder(InputContext context) : context_(std::move(context)) {}

    [[nodiscard]] static bool recognises(std::string_view first_line) {
        std::vector<std::string_view> fields;
        if (scan_csv(first_line, fields) != CsvFault::none || fields.size() != Column::count) {
            return false;
        }
        const std::string_view type = fields[Column::type];
        std::int64_t number = 0;
        return type.size() == 1 && type[0] >= '1' && type[0] <= '7' &&
               read_decimal(fields[Column::time]).fault == Decimal::Fault::none &&
               read_integer(fields[Column::price], number) &&
               (fields[Column::direction] == "1" || fields[Column::direction] == "-1");
    }

    void decode(std::string_view row, const Grid& grid, Frame& frame) {
        frame.clear();
        split_csv(row, fields_);
        expect_fields(fields_, Column::count);
        time_ns_ = read_time();
        const Type type = read_type();
        Change change;
        if (is_of_book(type)) {
            change = read_change(type);
            if (type == Type::visible) add_trade(change, grid, frame);
        } else {
            add(frame, type == Type::halt ? Kind::unknown : Kind::off_book).name =
                name_of(type);
        }
        if (!is_open_ && !context_.opening_book.empty()) {
            open_with_book(change, grid, frame);
        } else if (is_of_book(type)) {
            apply(change, grid, frame);
        }
    }

private:
    struct Column {
        enum : std::uint8_t { time, type, id, size, price, direction, count };
    };
    enum class Type : char {
        add = '1',
        cancel = '2',  // of a part
        remove = '3',
        visible = '4',  // an execution
        hidden = '5',
        cross = '6',
        halt = '7'
    };

    struct Order {
        std::int64_t price = 0;  // in 1/10000 USD
        Lots size = 0;
        Side side = Side::bid;
    };
    // The size of a level, by whose it is: of orders that the file began, and of older ones.
    struct Sum {
        Lots told = 0;
        Lots older = 0;
    };
    using Sums = std::unordered_map<std::int64_t, Sum>;

    // What one row does: to an order, and to the sum of its level.
    struct Change {
        std::int64_t id = absent;
        Order order;      // as it is behind the row; of size 0: gone, or never seen
        Lots traded = 0;  // the size that stands in the row
        Sum sum;          // behind the row
        bool changes_level = false;
        bool is_unseen = false;  // it was of an order that nothing has told
    };

    [[nodiscard]] static constexpr bool is_of_book(Type type) noexcept {
        return type <= Type::visible;
    }
    // Neither was ever part of the book that is shown, and since July 2014 Nasdaq does not tell
    // the side of a hidden order.
    [[nodiscard]] std::string_view name_of(Type type) const {
        if (type == Type::hidden) return "hidden execution";
        if (type == Type::cross) return "cross";
        const std::string_view what = fields_[Column::price];
        if (what == "-1") return "trading halt";
        if (what == "0") return "quotes resume";
        if (what == "1") return "trading resumes";
        throw DecodeError("price", "-1, 0 or 1 in a row of type 7", what);
    }

    // ---- Fields -----------------------------------------------------------------------------

    [[nodiscard]] Nanos read_time() const {
        constexpr std::int64_t second = 1'000'000'000;
        constexpr std::int64_t day = 86'400 * second;
        if (context_.midnight_ns == absent) {
            throw DecodeError("file name",
                              "one that tells the day, as AAPL_2012-06-21_…_message_50.csv",
                              "none with a date");
        }
        const std::string_view text = fields_[Column::time];
        const Decimal value = read_decimal(text);
        std::optional<Nanos> since;
        if (value.fault == Decimal::Fault::none && !value.negative) since = to_nanos(value);
        if (!since || *since >= day) {
            throw DecodeError("time", "seconds after midnight, below 86400", text);
        }
        return context_.midnight_ns + *since;
    }

    // Times are told to the nanosecond at most. Digits beyond it are what a double printed, in
    // which some tools keep them: 35821.088778456004.
    [[nodiscard]] static std::optional<Nanos> to_nanos(const Decimal& seconds) noexcept {
        constexpr int told = 9;
        if (seconds.decimals < 0 || seconds.decimals > max_decimals) return std::nullopt;
        Int128 value = seconds.mantissa;
        if (seconds.decimals <= told) {
            value *= powers_of_ten[static_cast<std::size_t>(told - seconds.decimals)];
        } else {
            const auto step = powers_of_ten[static_cast<std::size_t>(seconds.decimals - told)];
            value = (value + step / 2) / step;
        }
        if (value > std::numeric_limits<Nanos>::max()) return std::nullopt;
        return static_cast<Nanos>(value);
    }

    [[nodiscard]] Type read_type() const {
        const std::string_view text = fields_[Column::type];
        if (text.size() != 1 || text[0] < '1' || text[0] > '7') {
            throw DecodeError("type", "1 to 7", text);
        }
        return static_cast<Type>(text[0]);
    }

    [[nodiscard]] std::int64_t read_positive(std::size_t column, std::string_view name) const {
        const std::int64_t value = to_int64(fields_[column], name);
        if (value <= 0) throw DecodeError(name, "a number above 0", fields_[column]);
        return value;
    }

    [[nodiscard]] Order read_order() const {
        const std::string_view direction = fields_[Column::direction];
        if (direction != "1" && direction != "-1") {
            throw DecodeError("direction", "1 or -1", direction);
        }
        return {.price = read_positive(Column::price, "price"),
                .size = read_positive(Column::size, "size"),
                .side = direction == "1" ? Side::bid : Side::ask};
    }

    // ---- Orders -----------------------------------------------------------------------------

    [[nodiscard]] Change read_change(Type type) const {
        Change change;
        change.id = to_int64(fields_[Column::id], "order id");
        change.order = read_order();
        change.traded = change.order.size;
        change.sum = sum_of(change.order);
        const auto known = orders_.find(change.id);
        if (type == Type::add) {
            if (known != orders_.end()) {
                throw DecodeError("order id", "a new one in a row of type 1",
                                  fields_[Column::id]);
            }
            add_order(change);
        } else if (known != orders_.end()) {
            cut_order(change, known->second, type);
        } else {
            cut_older(change);
        }
        return change;
    }

    void add_order(Change& change) const {
        if (orders_.size() >= max_orders) {
            throw DecodeError("order id",
                              "at most " + std::to_string(max_orders) + " orders at rest",
                              "more");
        }
        change.changes_level = true;
        if (__builtin_add_overflow(change.sum.told, change.order.size, &change.sum.told)) {
            throw DecodeError("size", "a sum of orders within int64", fields_[Column::size]);
        }
    }

    // An order never grows. It may be smaller than it was here: what happens deeper than the
    // levels of the file is not in it.
    void cut_order(Change& change, const Order& known, Type type) const {
        if (known.price != change.order.price || known.side != change.order.side) {
            throw DecodeError("order id",
                              "the price and direction that order " +
                                  std::string(fields_[Column::id]) + " was added with",
                              std::string(fields_[Column::price]) + " and " +
                                  std::string(fields_[Column::direction]));
        }
        if (change.order.size > known.size) {
            throw DecodeError("size",
                              "at most the " + std::to_string(known.size) + " that order " +
                                  std::string(fields_[Column::id]) + " has left",
                              fields_[Column::size]);
        }
        const Lots cut = type == Type::remove ? known.size : change.order.size;
        change.order.size = known.size - cut;
        change.sum.told -= cut;
        change.changes_level = true;
    }

    // Of an order from before the file. More of them may have rested here than anything told.
    static void cut_older(Change& change) noexcept {
        const Lots cut = std::min(change.order.size, change.sum.older);
        change.is_unseen = cut < change.order.size;
        change.sum.older -= cut;
        change.order.size = 0;
        change.changes_level = cut > 0;
    }

    void keep(const Change& change) {
        if (change.order.size > 0) {
            orders_.insert_or_assign(change.id, change.order);
        } else {
            orders_.erase(change.id);
        }
        set_sum(sums_, change.order, change.sum);
    }

    [[nodiscard]] Sum sum_of(const Order& order) const {
        const Sums& side = sums_[static_cast<std::size_t>(order.side)];
        const auto found = side.find(order.price);
        return found == side.end() ? Sum{} : found->second;
    }
    static void set_sum(std::array<Sums, 2>& sums, const Order& at, const Sum& sum) {
        Sums& side = sums[static_cast<std::size_t>(at.side)];
        if (sum.told == 0 && sum.older == 0) {
            side.erase(at.price);
        } else {
            side[at.price] = sum;
        }
    }

    // ---- Events -----------------------------------------------------------------------------

    void apply(const Change& change, const Grid& grid, Frame& frame) {
        if (change.changes_level) {
            Lots total = 0;
            if (__builtin_add_overflow(change.sum.told, change.sum.older, &total)) {
                throw DecodeError("size", "a sum of orders within int64",
                                  fields_[Column::size]);
            }
            // Without a book beside it, it begins empty: older orders are never seen.
            Event& event = add(frame, is_open_ ? Kind::delta : Kind::snapshot);
            add_level({change.order.price, total}, change.order.side, grid, event);
        }
        if (change.is_unseen) add(frame, Kind::unknown).name = "change of an unknown order";
        keep(change);
        is_open_ = is_open_ || change.changes_level;
    }

    // The book beside the messages is the one behind the first of them.
    void open_with_book(const Change& first, const Grid& grid, Frame& frame) {
        std::array<Sums, 2> sums;
        Event& event = add(frame, Kind::snapshot);
        read_book(grid, sums, event);
        const bool adds = first.order.size > 0;
        if (adds) {
            Sum& sum = sums[static_cast<std::size_t>(first.order.side)][first.order.price];
            if (sum.older < first.order.size) {
                throw DecodeError("opening book",
                                  "one that holds the order of the first message",
                                  std::to_string(sum.older) + " at its price");
            }
            sum = {.told = first.order.size, .older = sum.older - first.order.size};
            orders_.insert_or_assign(first.id, first.order);
        }
        sums_ = std::move(sums);
        is_open_ = true;
    }

    // Ask price, ask size, bid price and bid size of each level; where there is none the size
    // is 0, and the price beyond any other.
    void read_book(const Grid& grid, std::array<Sums, 2>& sums, Event& event) const {
        std::vector<std::string_view> fields;
        split_csv(context_.opening_book, fields);
        if (fields.back().empty()) fields.pop_back();
        if (fields.empty() || fields.size() % 4 != 0) {
            throw DecodeError("opening book", "4 fields a level",
                              std::to_string(fields.size()));
        }
        for (std::size_t i = 0; i < fields.size(); i += 2) {
            const Level level{to_int64(fields[i], "opening book price"),
                              to_int64(fields[i + 1], "opening book size")};
            if (level.size == 0) continue;
            if (level.size < 0 || level.price <= 0) {
                throw DecodeError("opening book", "a price and a size above 0",
                                  std::string(fields[i]) + ", " + std::string(fields[i + 1]));
            }
            const Side side = i % 4 == 0 ? Side::ask : Side::bid;
            set_sum(sums, {.price = level.price, .size = 0, .side = side},
                    {.told = 0, .older = level.size});
            add_level(level, side, grid, event);
        }
    }

    void add_trade(const Change& change, const Grid& grid, Frame& frame) const {
        Event& event = add(frame, Kind::trade);
        const Level traded = on_grid({change.order.price, change.traded}, grid);
        event.trade.price = traded.price;
        event.trade.size = traded.size;
        event.trade.taker = change.order.side == Side::bid ? Side::ask : Side::bid;
    }

    Event& add(Frame& frame, Kind kind) const {
        Event& event = frame.add();
        event.kind = kind;
        event.rule = context_.opening_book.empty() ? IdRule::orders : IdRule::none;
        event.symbol = context_.symbol;
        event.ts_event_ns = time_ns_;
        return event;
    }

    static void add_level(const Level& level, Side side, const Grid& grid, Event& event) {
        (side == Side::bid ? event.bids : event.asks).push_back(on_grid(level, grid));
    }

    // From 1/10000 USD and shares.
    [[nodiscard]] static Level on_grid(const Level& native, const Grid& grid) {
        constexpr int decimals = 4;
        constexpr std::int64_t dollar = 10'000;
        std::array<char, 32> text{};
        char* end =
            std::to_chars(text.data(), text.data() + text.size(), native.price / dollar).ptr;
        *end = '.';
        std::int64_t rest = native.price % dollar;
        for (int i = decimals; i > 0; --i, rest /= 10)
            end[i] = static_cast<char>('0' + rest % 10);
        const std::string_view price(
            text.data(), static_cast<std::size_t>(end - text.data()) + decimals + 1);
        Level level;
        level.price = decode_price(price, grid, {});
        end = std::to_chars(text.data(), text.data() + text.size(), native.size).ptr;
        level.size =
            decode_size({text.data(), static_cast<std::size_t>(end - text.data())}, grid, {});
        return level;
    }

    InputContext context_;
    bool is_open_ = false;  // the book has begun
    std::unordered_map<std::int64_t, Order> orders_;
    std::array<Sums, 2> sums_;  // by side and price
    Nanos time_ns_ = absent;    // of the row at hand
    std::vector<std::string_view> fields_;
};

}  // namespace obcore::lobster
