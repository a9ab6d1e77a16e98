#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>

#include "obcore/error.hpp"
#include "obcore/event.hpp"
#include "obcore/format.hpp"
#include "obcore/units.hpp"

namespace obcore {

// Which depth messages of a stream make its book: diffs or top-N pictures, never both.
//
// A futures partial depth has the keys of a diff. Without a stream name, only a deletion or a
// long side proves that it is none; where neither comes, the caller has to say.
class DepthKind {
public:
    explicit DepthKind(Format format = Format::automatic) : format_(format) {}

    // False for what the caller did not choose. Throws AmbiguousFormat where the caller did not
    // choose and has to.
    [[nodiscard]] bool is_meant(const Event& event) {
        const bool picture = event.kind == Kind::topn;
        if (format_ == Format::diff || format_ == Format::topn) {
            return picture == (format_ == Format::topn);
        }
        if (!pictures_.has_value()) pictures_ = picture;
        if (*pictures_ != picture) {
            throw AmbiguousFormat("depth", "diffs or top-N pictures (--kind diff or topn)",
                                  "both in one recording");
        }
        watch_bare_delta(event);
        return true;
    }

    // So many messages came that may be the one or the other that none is taken any more.
    [[nodiscard]] bool is_in_doubt() const noexcept {
        return bare_deltas_ >= bare_deltas_judged;
    }

    // The end of the stream: a doubt that is left is an error.
    void finish() const {
        if (bare_deltas_ > 0) throw_ambiguous();
    }

private:
    static constexpr int bare_deltas_judged = 100;
    static constexpr std::size_t largest_picture = 20;

    void watch_bare_delta(const Event& event) {
        const bool doubtful = event.kind == Kind::delta && !event.enveloped &&
                              event.rule == IdRule::binance_futures;
        if (!doubtful || bare_deltas_ < 0) return;
        const auto removes = [](const Level& level) { return level.size == 0; };
        if (event.bids.size() > largest_picture || event.asks.size() > largest_picture ||
            std::ranges::any_of(event.bids, removes) ||
            std::ranges::any_of(event.asks, removes)) {
            bare_deltas_ = -1;  // proved to be diffs
            return;
        }
        ++bare_deltas_;
        if (is_in_doubt()) throw_ambiguous();
    }

    [[noreturn]] void throw_ambiguous() const {
        throw AmbiguousFormat("depthUpdate",
                              "a deletion or more than 20 levels a side within 100 messages, "
                              "which would tell diffs "
                              "from futures partial depth; say which with --kind diff or topn",
                              "none in " + std::to_string(bare_deltas_));
    }

    Format format_;
    std::optional<bool> pictures_;
    int bare_deltas_ = 0;
};

}  // namespace obcore
