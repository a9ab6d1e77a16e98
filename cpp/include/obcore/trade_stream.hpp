#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "obcore/event.hpp"
#include "obcore/units.hpp"

namespace obcore {

// The trades of one book: by which connections they come, and whether they come at all.
//
// No id proves that none is missing. What is known to be a hole is told: nobody brought them
// for a while, or they are silent for longer than the market is likely to be.
class TradeStream {
public:
    void begin(std::size_t connection, Nanos now) {
        if (!is_brought_by(connection)) connections_.push_back(connection);
        begin_anew(now);
        vain_ = 0;
    }
    // Subscribed to again, on a connection that goes on.
    void begin_anew(Nanos now) noexcept { expected_since_ = now; }

    // A connection has gone. True where trades may be missing from now on: nobody else brings
    // them, or the next one's cannot be matched with what was told.
    bool leave(std::size_t connection) noexcept {
        if (!is_brought_by(connection)) return false;
        const bool was_followed = connections_.front() == connection;
        std::erase(connections_, connection);
        return connections_.empty() || (was_followed && lacks_ids_);
    }

    // Whether a trade was not told before: while two connections bring them, each comes twice.
    // Ids grow, those of aggregates by themselves; without ids the trades of one connection are
    // followed.
    bool is_news(std::size_t connection, const Trade& trade, Nanos now) noexcept {
        std::int64_t& last_id = last_ids_[trade.is_aggregate ? 1 : 0];
        lacks_ids_ = trade.id == absent;
        if (connections_.size() > 1) {
            const bool is_known =
                lacks_ids_ ? connection != connections_.front() : trade.id <= last_id;
            if (is_known) return false;
        }
        last_id = trade.id;
        last_ns_ = now;
        vain_ = 0;
        return true;
    }

    // For how long no trade came, where that is too long. A market may be as quiet as that:
    // each time in vain the next one is said later.
    std::optional<Nanos> notice_silence(Nanos now, Nanos limit) noexcept {
        if (connections_.empty()) return std::nullopt;
        const Nanos quiet = now - std::max(last_ns_, expected_since_);
        if (quiet < limit << std::min(vain_, 5)) return std::nullopt;
        ++vain_;
        begin_anew(now);
        return quiet;
    }

private:
    [[nodiscard]] bool is_brought_by(std::size_t connection) const noexcept {
        return std::ranges::find(connections_, connection) != connections_.end();
    }

    std::vector<std::size_t> connections_;  // one, or the next one beside it
    Nanos expected_since_ = absent;
    Nanos last_ns_ = absent;
    std::array<std::int64_t, 2> last_ids_{absent, absent};  // of trades, of aggregates
    bool lacks_ids_ = false;
    int vain_ = 0;  // times that it was silent, since the last trade
};

}  // namespace obcore
