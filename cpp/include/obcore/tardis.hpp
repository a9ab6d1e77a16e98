#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "obcore/csv.hpp"
#include "obcore/event.hpp"
#include "obcore/integer.hpp"
#include "obcore/symbol.hpp"
#include "obcore/told_prices.hpp"
#include "obcore/units.hpp"

// Tardis.dev CSV files. Documents: docs.tardis.dev, "Downloadable CSV files" (columns) and
// "FAQ: Order books" (is_snapshot, local_timestamp, amount 0).
namespace obcore::tardis {

// Decodes the rows of one file, whose header told the columns.
//
// A book file has one row a level: the rows of one message share their local_timestamp and are
// one event, complete only when a row with another one comes. All other files have one event a
// row. A row that throws changes nothing, so that it can be given again on a finer grid.
class Decoder {
public:
    // Rows of symbols that `filter` does not mean are passed over: files of many symbols
    // interleave them row by row.
    explicit Decoder(std::string_view header, SymbolFilter filter = {})
        : filter_(std::move(filter)) {
        const CsvHeader columns(header);
        format_ = format_of(columns, header);
        column_count_ = columns.names().size();
        symbol_ = columns.column("symbol");
        timestamp_ = columns.column("timestamp");
        local_timestamp_ = columns.column("local_timestamp");
        switch (format_) {
            case Format::increments:
                is_snapshot_ = columns.column("is_snapshot");
                break;
            case Format::trades:
                id_ = columns.column("id");
                break;
            case Format::pictures:
                find_levels(columns, header);
                return;
            case Format::quotes:
                find_quote(columns);
                return;
        }
        side_ = columns.column("side");
        value_ = {columns.column("price"), columns.column("amount")};
    }

    // Only Tardis has a local_timestamp. What else is missing, the constructor says.
    [[nodiscard]] static bool recognises(std::string_view first_line) {
        std::vector<std::string_view> names;
        return scan_csv(first_line, names) == CsvFault::none &&
               std::ranges::find(names, "local_timestamp") != names.end() &&
               std::ranges::find(names, "symbol") != names.end();
    }

    // True where `out` now holds a complete event; otherwise the row waits for the next one.
    [[nodiscard]] bool line(std::string_view row, const Grid& grid, Event& out) {
        split_csv(row, fields_);
        expect_fields(fields_, column_count_);
        if (!filter_.accepts(fields_[symbol_])) {
            ++passed_over_;
            return false;
        }
        if (format_ == Format::increments) return add_change(grid, out);
        out.reset();
        out.symbol = fields_[symbol_];
        out.ts_event_ns = read_time(timestamp_, "timestamp");
        out.ts_recv_ns = read_time(local_timestamp_, "local_timestamp");
        if (format_ == Format::trades) {
            read_trade(grid, out);
        } else {
            out.kind = Kind::topn;
            read_picture(bids_, grid, out.bids);
            read_picture(asks_, grid, out.asks);
        }
        return true;
    }

    // At the end of the file: true where `out` now holds its last event.
    [[nodiscard]] bool finish(Event& out) {
        if (!has_group_) return false;
        std::swap(group_, out);
        has_group_ = in_snapshot_ = false;
        return true;
    }

    // A finer grid turned up: the rows that wait move onto it too, all of them or none.
    void rescale(const Rescale& factors) {
        if (!has_group_) return;
        Event group = group_;
        ToldPrices told = told_;
        obcore::rescale(group, factors);
        if (in_snapshot_) told.rescale(factors);
        std::swap(group_, group);
        std::swap(told_, told);
    }

    // Rows of other symbols since the last call.
    [[nodiscard]] std::int64_t take_passed_over() noexcept {
        return std::exchange(passed_over_, 0);
    }

    [[nodiscard]] std::string_view format() const noexcept {
        switch (format_) {
            case Format::increments:
                return "tardis incremental_book_L2";
            case Format::trades:
                return "tardis trades";
            case Format::pictures:
                return "tardis book_snapshot";
            case Format::quotes:
                return "tardis quotes";
        }
        return "?";
    }

private:
    static constexpr std::size_t max_group = std::size_t{1} << 21;

    enum class Format : std::uint8_t { increments, trades, pictures, quotes };

    struct LevelColumns {
        std::size_t price = 0;
        std::size_t amount = 0;
    };

    struct SideColumns {
        std::string_view name;  // for error texts
        std::vector<LevelColumns> levels;
    };

    // One row of a book file.
    struct Change {
        std::string_view symbol;
        Nanos ts_event_ns = absent;
        Nanos ts_recv_ns = absent;
        bool is_snapshot = false;
        Side side = Side::bid;
        Level level;
    };

    // ---- Header ---------------------------------------------------------------------------

    [[nodiscard]] static bool names_level(std::string_view name) noexcept {
        return name.starts_with("asks[") || name.starts_with("bids[");
    }

    [[nodiscard]] static Format format_of(const CsvHeader& columns, std::string_view header) {
        if (columns.has("is_snapshot")) return Format::increments;
        if (std::ranges::any_of(columns.names(), names_level)) return Format::pictures;
        // options_chain has the columns of a quote too, for many instruments at a time.
        const bool options = columns.has("strike_price");
        if (!options && (columns.has("ask_price") || columns.has("bid_price"))) {
            return Format::quotes;
        }
        if (columns.has("id") || columns.has("side")) return Format::trades;
        throw DecodeError("header",
                          "the columns of Tardis incremental_book_L2, trades, book_snapshot, "
                          "quotes or book_ticker",
                          header);
    }

    void find_quote(const CsvHeader& columns) {
        asks_ = {"ask", {{columns.column("ask_price"), columns.column("ask_amount")}}};
        bids_ = {"bid", {{columns.column("bid_price"), columns.column("bid_amount")}}};
    }

    // asks[0].price, asks[0].amount, bids[0].price … for as many levels as there are.
    void find_levels(const CsvHeader& columns, std::string_view header) {
        asks_.name = "asks";
        bids_.name = "bids";
        const auto total =
            static_cast<std::size_t>(std::ranges::count_if(columns.names(), names_level));
        const auto find_level = [&](const SideColumns& side, std::size_t i) -> LevelColumns {
            const std::string level = std::string(side.name) + '[' + std::to_string(i) + "].";
            return {columns.column(level + "price"), columns.column(level + "amount")};
        };
        for (std::size_t i = 0; 4 * i < total; ++i) {
            asks_.levels.push_back(find_level(asks_, i));
            bids_.levels.push_back(find_level(bids_, i));
        }
        if (total != 4 * asks_.levels.size()) {
            throw DecodeError("header", "price and amount of asks and bids at every level",
                              header);
        }
    }

    // ---- Rows -----------------------------------------------------------------------------

    [[nodiscard]] Nanos read_time(std::size_t column, std::string_view name) const {
        return decode_time(to_int64(fields_[column], name), name);
    }

    [[nodiscard]] Change read_change(const Grid& grid) const {
        Change change;
        change.symbol = fields_[symbol_];
        change.ts_event_ns = read_time(timestamp_, "timestamp");
        change.ts_recv_ns = read_time(local_timestamp_, "local_timestamp");
        const std::string_view is_snapshot = fields_[is_snapshot_];
        change.is_snapshot = is_snapshot == "true";
        if (!change.is_snapshot && is_snapshot != "false") {
            throw DecodeError("is_snapshot", "true or false", is_snapshot);
        }
        const std::string_view side = fields_[side_];
        change.side = side == "bid" ? Side::bid : Side::ask;
        if (change.side == Side::ask && side != "ask") {
            throw DecodeError("side", "bid or ask", side);
        }
        change.level.price = decode_price(fields_[value_.price], grid, {});
        change.level.size = decode_size(fields_[value_.amount], grid, {});
        return change;
    }

    [[nodiscard]] bool add_change(const Grid& grid, Event& out) {
        const Change change = read_change(grid);
        const bool same_symbol = change.symbol == group_.symbol;
        const bool same_group = has_group_ && change.ts_recv_ns == group_.ts_recv_ns;
        if (has_group_ && !same_symbol) {
            throw DecodeError("mixed symbols",
                              group_.symbol + " as before (choose with --symbol)",
                              change.symbol);
        }
        if (same_group && group_.bids.size() + group_.asks.size() >= max_group) {
            throw DecodeError("local_timestamp", "at most 2^21 rows of one message", "more");
        }
        const bool complete = has_group_ && !same_group;
        if (complete) std::swap(group_, out);
        if (!same_group) {
            if (!same_symbol) in_snapshot_ = false;
            start_group(change);
        }
        fold(change);
        return complete;
    }

    void start_group(const Change& first) {
        has_group_ = true;
        group_.reset();
        group_.kind = Kind::delta;
        group_.symbol = first.symbol;
        group_.ts_recv_ns = first.ts_recv_ns;
    }

    // "is_snapshot: if last update was not a snapshot and the current one is, then existing
    // order book state must be discarded": a snapshot that goes on over several messages, or is
    // told twice without an update between, is one picture.
    void fold(const Change& change) {
        if (change.is_snapshot) {
            if (!in_snapshot_) start_snapshot();
            if (!told_.insert(change.side, change.level.price)) group_.repeats_price = true;
        }
        in_snapshot_ = change.is_snapshot;
        group_.ts_event_ns = change.ts_event_ns;
        (change.side == Side::bid ? group_.bids : group_.asks).push_back(change.level);
    }

    void start_snapshot() {
        told_.clear();
        group_.kind = Kind::snapshot;
        group_.repeats_price = false;
        group_.bids.clear();
        group_.asks.clear();
    }

    void read_picture(const SideColumns& side, const Grid& grid,
                      std::vector<Level>& out) const {
        for (std::size_t i = 0; i < side.levels.size(); ++i) {
            const std::string_view price = fields_[side.levels[i].price];
            const std::string_view amount = fields_[side.levels[i].amount];
            if (price.empty() && amount.empty()) continue;
            const bool quote = format_ == Format::quotes;
            const Where where{side.name, quote ? Where::no_index : i};
            if (price.empty() || amount.empty()) {
                throw DecodeError(where.text(price.empty() ? "price" : "size"),
                                  "price and size, or neither", "an empty field");
            }
            Level level;
            level.price = decode_price(price, grid, where);
            level.size = decode_size(amount, grid, where);
            out.push_back(level);
        }
    }

    void read_trade(const Grid& grid, Event& out) const {
        const std::string_view side = fields_[side_];
        if (side != "buy" && side != "sell" && side != "unknown") {
            throw DecodeError("side", "buy, sell or unknown", side);
        }
        out.trade.price = decode_price(fields_[value_.price], grid, {});
        out.trade.size = decode_size(fields_[value_.amount], grid, {});
        out.trade.taker = side == "sell" ? Side::ask : Side::bid;
        out.trade.id = read_id(fields_[id_]);
        out.kind = Kind::trade;
        if (side == "unknown") {
            out.kind = Kind::unknown;
            out.name = "trade of unknown side";
        }
    }

    // Some venues have numbers, some have UUIDs, which no integer holds.
    [[nodiscard]] static std::int64_t read_id(std::string_view text) noexcept {
        std::int64_t id = 0;
        return read_integer(text, id) ? id : absent;
    }

    SymbolFilter filter_;
    std::int64_t passed_over_ = 0;
    Format format_ = Format::increments;
    std::size_t column_count_ = 0;
    std::size_t symbol_ = 0;
    std::size_t timestamp_ = 0;
    std::size_t local_timestamp_ = 0;
    std::size_t is_snapshot_ = 0;
    std::size_t id_ = 0;
    std::size_t side_ = 0;
    LevelColumns value_;  // price and amount of a trade, or of a level that changed
    SideColumns bids_;
    SideColumns asks_;
    std::vector<std::string_view> fields_;

    Event group_;  // the rows so far of a message of a book file
    bool has_group_ = false;
    bool in_snapshot_ = false;  // the last row was of a snapshot
    ToldPrices told_;
};

}  // namespace obcore::tardis
