#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "obcore/capture.hpp"
#include "obcore/decimal.hpp"
#include "obcore/error.hpp"
#include "obcore/event.hpp"
#include "obcore/frame.hpp"
#include "obcore/market_address.hpp"
#include "obcore/symbol.hpp"
#include "obcore/venue_wire.hpp"

namespace obcore {

// The one grid of a replay, for the symbols that are meant, and for messages that name none.
class ChosenGrid final : public Grids {
public:
    ChosenGrid(const Grid& grid, SymbolFilter& filter) : grid_(grid), filter_(filter) {}

    [[nodiscard]] const Grid* find(std::string_view symbol) override {
        return symbol.empty() || filter_.accepts(symbol) ? &grid_ : nullptr;
    }

private:
    const Grid& grid_;
    SymbolFilter& filter_;
};

}  // namespace obcore

namespace obcore::capture {

// Decodes a recording of several connections, each by the rules of its venue, and picks one
// instrument of it: a symbol may mean another one on another connection.
//
// What it learns of a connection it keeps from one file of a recording to the next.
class Decoder {
public:
    // `venue` is the one that was asked for; empty: the recording may hold only one that has
    // the symbol.
    explicit Decoder(SymbolFilter filter = {}, std::string venue = {})
        : filter_(std::move(filter)), venue_(std::move(venue)) {}

    // Fills the frame with the events of one line, in order. Throws DecodeError; the frame is
    // then worthless, and nothing else happened.
    void decode(std::string_view line, const Grid& grid, Frame& frame) {
        frame.clear();
        const Captured captured = reader_.read(line);
        switch (captured.kind) {
            case Captured::Kind::header:
            case Captured::Kind::send:
                return;
            case Captured::Kind::connect:
                connect(captured, frame);
                break;
            case Captured::Kind::http:
                read_answer(captured, grid, frame);
                break;
            case Captured::Kind::recv:
                read_message(captured, grid, frame);
                break;
        }
        for (std::size_t i = 0; i < frame.size(); ++i) {
            frame[i].ts_recv_ns = captured.ts_recv_ns;
        }
    }

    // Messages of any connection may be missing: what was learned of them counts no longer.
    void reset() noexcept {
        for (auto& [name, connection] : connections_) {
            if (connection.decoder) connection.decoder->reset();
        }
    }

    // Whose instrument is meant, once one of its messages was read.
    [[nodiscard]] const std::string& market() const noexcept { return market_; }

    // Lines of other markets that never became events, since the last call.
    [[nodiscard]] std::int64_t take_passed_over() noexcept {
        return std::exchange(passed_over_, 0);
    }

private:
    struct Connection {
        std::string market;  // of a venue that obcore does not know: its host
        std::optional<WireDecoder> decoder;
        bool brings_depth = false;  // of the instrument that is meant
    };

    // The second time that a connection begins, it had been lost; and so had its books.
    void connect(const Captured& line, Frame& frame) {
        const auto found = connections_.find(line.connection);
        if (found != connections_.end() && found->second.brings_depth) {
            Event& event = frame.add(Kind::lost, line.connection);
            event.name += " connected again";
        }
        Connection& begins =
            found != connections_.end()
                ? found->second
                : connections_.emplace(line.connection, Connection{}).first->second;
        const auto wire = wire_of_address(line.address);
        begins.decoder.reset();
        if (wire) begins.decoder.emplace(*wire);
        begins.market = wire ? market_of_address(*wire, line.address)
                             : std::string(obcore::detail::host_of(line.address));
    }

    void read_answer(const Captured& line, const Grid& grid, Frame& frame) {
        const auto source = source_of_answer(line.address);
        if (!source) {
            std::string name(obcore::detail::host_of(line.address));
            name += obcore::detail::path_of(line.address);
            frame.add(Kind::unknown, name);
            return;
        }
        if (!is_market_of(source->market, venue_)) {
            ++passed_over_;
            return;
        }
        if (!filter_.accepts(source->symbol)) {
            Event& event = frame.add();
            event.kind = Kind::snapshot;
            event.symbol = source->symbol;
            return;
        }
        ChosenGrid grids(grid, filter_);
        WireDecoder(source->wire).decode_snapshot(line.text, grids, frame);
        for (std::size_t i = 0; i < frame.size(); ++i) {
            if (!frame[i].is_depth()) continue;
            frame[i].symbol = source->symbol;
            require_one_market(source->market, frame[i]);
        }
    }

    void read_message(const Captured& line, const Grid& grid, Frame& frame) {
        const auto found = connections_.find(line.connection);
        if (found == connections_.end()) {
            frame.add(Kind::unknown, line.connection);
            return;
        }
        Connection& from = found->second;
        // A tardis-machine runs wherever its user has put it.
        if (!from.decoder && recognise(line.text) == Wire::tardis) {
            from.decoder.emplace(Wire::tardis);
            from.market = venue_of(Wire::tardis);
        }
        if (!from.decoder) {
            frame.add(Kind::unknown, from.market);
            return;
        }
        if (!is_market_of(from.market, venue_)) {
            ++passed_over_;
            return;
        }
        ChosenGrid grids(grid, filter_);
        from.decoder->decode(line.text, grids, frame);
        for (std::size_t i = 0; i < frame.size(); ++i) {
            Event& event = frame[i];
            if (event.kind == Kind::lost && event.symbol.empty() && !from.brings_depth) {
                event.kind = Kind::control;  // of books that nobody asked for
                event.name = "lost";
            }
            if (!is_meant(event)) continue;
            require_one_market(from.market, event);
            from.brings_depth |= event.is_depth();
        }
    }

    [[nodiscard]] bool is_meant(const Event& event) {
        const bool priced =
            event.is_depth() || event.kind == Kind::bbo || event.kind == Kind::trade;
        return priced && filter_.accepts(event.symbol);
    }

    // The same symbol of two markets is two instruments, which never become one book.
    void require_one_market(std::string_view market, const Event& event) {
        if (market_.empty()) {
            market_ = market;
            symbol_ = event.symbol;
        }
        if (market == market_) return;
        const std::string before = market_ + ":" + symbol_;
        const std::string now = std::string(market) + ":" + event.symbol;
        if (filter_.any()) {
            throw DecodeError("symbol",
                              before + " as before (mixed symbols: choose with --symbol)", now);
        }
        throw DecodeError("symbol", before + " or " + now + " (--symbol)", event.symbol);
    }

    Reader reader_;
    std::map<std::string, Connection, std::less<>> connections_;
    SymbolFilter filter_;
    std::string venue_;
    std::string market_;  // of the instrument that is meant
    std::string symbol_;
    std::int64_t passed_over_ = 0;
};

}  // namespace obcore::capture
