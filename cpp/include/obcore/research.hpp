#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "obcore/csv.hpp"
#include "obcore/event.hpp"
#include "obcore/units.hpp"

// Headerless CSV files of research code: Binance's depthUpdate with both sides as Python list
// literals, and aggTrade. There is no document; the columns are told by their place.
namespace obcore::research {

// Reads "[['0.5210', '120'], …]": lists or tuples, numbers bare or in quotes, nothing else.
//
// Inside a quoted CSV field a double quote is doubled, and the splitter leaves it so.
class LiteralReader {
public:
    LiteralReader(std::string_view text, std::string_view field)
        : p_(text.data()), end_(p_ + text.size()), field_(field) {}

    void levels(const Grid& grid, std::vector<Level>& out) {
        const char close = open();
        for (std::size_t index = 0; !accept(close); ++index) {
            if (index > 0) {
                expect(',');
                if (accept(close)) break;  // Python prints a tuple of one as "(x,)"
            }
            out.push_back(level(grid, {field_, index}));
        }
        skip_space();
        if (p_ != end_) fail("the end of the list");
    }

private:
    [[nodiscard]] Level level(const Grid& grid, const Where& where) {
        const char close = open();
        Level level;
        level.price = decode_price(number(), grid, where);
        expect(',');
        level.size = decode_size(number(), grid, where);
        expect(close);
        return level;
    }

    // Enters a list or a tuple; returns what ends it.
    [[nodiscard]] char open() {
        if (accept('[')) return ']';
        if (accept('(')) return ')';
        fail("'[' or '('");
    }

    [[nodiscard]] std::string_view number() {
        skip_space();
        const std::string_view rest(p_, static_cast<std::size_t>(end_ - p_));
        const std::string_view quote = rest.starts_with('\'')     ? "'"
                                       : rest.starts_with("\"\"") ? "\"\""
                                                                  : "";
        const std::size_t start = quote.size();
        const std::size_t length =
            quote.empty() ? rest.find_first_of(",]) \t") : rest.substr(start).find(quote);
        if (length == std::string_view::npos) fail("a number and what ends it");
        p_ += start + length + start;
        return rest.substr(start, length);
    }

    void skip_space() noexcept {
        while (p_ != end_ && (*p_ == ' ' || *p_ == '\t')) ++p_;
    }

    [[nodiscard]] bool accept(char wanted) noexcept {
        skip_space();
        if (p_ == end_ || *p_ != wanted) return false;
        ++p_;
        return true;
    }

    void expect(char wanted) {
        if (!accept(wanted)) fail({'\'', wanted, '\''});
    }

    [[noreturn]] void fail(const std::string& expected) const {
        if (p_ == end_) throw DecodeError(field_, expected, "the end (truncated?)");
        throw DecodeError(field_, expected, {p_, static_cast<std::size_t>(end_ - p_)});
    }

    const char* p_;
    const char* end_;
    std::string_view field_;
};

// Decodes one row at a time, of either kind; nothing is kept between two rows.
class Decoder {
public:
    [[nodiscard]] static bool recognises(std::string_view first_line) {
        std::vector<std::string_view> fields;
        if (scan_csv(first_line, fields) != CsvFault::none) return false;
        return (fields[0] == "depthUpdate" && fields.size() == depth_columns) ||
               (fields[0] == "aggTrade" && fields.size() == trade_columns);
    }

    // True: every row is a complete event.
    [[nodiscard]] bool line(std::string_view row, const Grid& grid, Event& out) {
        split_csv(row, fields_);
        out.reset();
        if (fields_[type] == "depthUpdate") {
            read_depth(grid, out);
        } else if (fields_[type] == "aggTrade") {
            read_trade(grid, out);
        } else {
            throw DecodeError("type", "depthUpdate or aggTrade", fields_[type]);
        }
        return true;
    }

    [[nodiscard]] bool finish(Event& /*out*/) const noexcept { return false; }
    void rescale(const Rescale& /*factors*/) const noexcept {}

    [[nodiscard]] std::string_view format() const noexcept { return "headerless research CSV"; }

private:
    enum : std::uint8_t { type, event_time };
    struct Depth {
        enum : std::uint8_t { transact_time = 2, symbol, u1, u2, u3, bids, asks, count };
    };
    struct AggTrade {
        enum : std::uint8_t {
            id = 2,
            symbol,
            price,
            quantity,
            first_id,
            last_id,
            transact_time,
            is_buyer_maker,
            count
        };
    };
    static constexpr std::size_t depth_columns = Depth::count;
    static constexpr std::size_t trade_columns = AggTrade::count;

    // A picture: it replaces the top of the book, and its ids prove nothing.
    void read_depth(const Grid& grid, Event& out) const {
        expect_fields(fields_, depth_columns);
        out.kind = Kind::topn;
        out.symbol = fields_[Depth::symbol];
        out.ids.first = read_id(Depth::u1, "u1");
        out.ids.last = read_id(Depth::u2, "u2");
        out.ids.previous = read_id(Depth::u3, "u3");
        out.ts_event_ns = read_time(Depth::transact_time);
        LiteralReader(fields_[Depth::bids], "bids").levels(grid, out.bids);
        LiteralReader(fields_[Depth::asks], "asks").levels(grid, out.asks);
    }

    void read_trade(const Grid& grid, Event& out) const {
        expect_fields(fields_, trade_columns);
        out.kind = Kind::trade;
        out.trade.is_aggregate = true;
        out.symbol = fields_[AggTrade::symbol];
        out.ts_event_ns = read_time(AggTrade::transact_time);
        out.trade.id = to_int64(fields_[AggTrade::id], "agg_trade_id");
        // Of no use, but a row whose columns moved must not pass for a trade.
        static_cast<void>(to_int64(fields_[AggTrade::first_id], "first_trade_id"));
        static_cast<void>(to_int64(fields_[AggTrade::last_id], "last_trade_id"));
        out.trade.price = decode_price(fields_[AggTrade::price], grid, {});
        out.trade.size = decode_size(fields_[AggTrade::quantity], grid, {});
        const std::string_view maker = fields_[AggTrade::is_buyer_maker];
        const bool buyer_is_maker = maker == "True" || maker == "true";
        if (!buyer_is_maker && maker != "False" && maker != "false") {
            throw DecodeError("is_buyer_maker", "True or False", maker);
        }
        out.trade.taker = buyer_is_maker ? Side::ask : Side::bid;
    }

    [[nodiscard]] Sequence read_id(std::size_t column, std::string_view name) const {
        return fields_[column].empty() ? absent : to_int64(fields_[column], name);
    }

    // Spot has only the time of the push.
    [[nodiscard]] Nanos read_time(std::size_t transact_column) const {
        const std::string_view text = fields_[transact_column];
        if (!text.empty()) return decode_time(to_int64(text, "transact_time"), "transact_time");
        return decode_time(to_int64(fields_[event_time], "event_time"), "event_time");
    }

    std::vector<std::string_view> fields_;
};

}  // namespace obcore::research
