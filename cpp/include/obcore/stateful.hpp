#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "obcore/depth_view.hpp"
#include "obcore/event.hpp"
#include "obcore/expression.hpp"
#include "obcore/saved_state.hpp"
#include "obcore/trade_flow.hpp"
#include "obcore/units.hpp"
#include "obcore/window.hpp"

namespace obcore {

inline constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

// All that a feature which remembers is shown of one state.
struct Situation {
    const DepthView& view;           // the top of the book, on its grid
    const TradeFlow& trades;         // seen strictly before the state
    std::span<const double> inputs;  // features computed before this one, by slot
    Times times;
    Nanos now = absent;       // the clock of windows: never runs back
    Nanos first = absent;     // when the first state since the last reset was
    std::int64_t number = 0;  // of the state since the last reset, from 1
    // For mode "source" alone: the article's signs, and its lagged trades.
    const TradeFlow* lagged = nullptr;

    [[nodiscard]] bool is_source() const noexcept { return lagged != nullptr; }
};

// What a value follows from, besides the grid.
enum class Reads : std::uint8_t {
    everything,        // asked once a state, in order
    trades_and_state,  // keeps nothing: mode "source" asks it again at each trade
    trades,            // nor does this: it is asked only where trades were seen
};

// A feature that remembers: shown every state once, in order, it answers with its value there.
//
// It costs O(1) a state and allocates nothing once its windows are full. Its value may depend
// on nothing but what it was shown. NaN means undefined, or not yet warm.
class StatefulFeature {
public:
    StatefulFeature() = default;
    virtual ~StatefulFeature() = default;
    StatefulFeature(const StatefulFeature&) = delete;
    StatefulFeature& operator=(const StatefulFeature&) = delete;
    StatefulFeature(StatefulFeature&&) = delete;
    StatefulFeature& operator=(StatefulFeature&&) = delete;

    [[nodiscard]] virtual double on_state(const Situation& now) = 0;

    // The same of features of one class that stand side by side, this one first. Each may read
    // the values before its own.
    virtual void on_states(const Situation& now, std::span<StatefulFeature* const> run,
                           double* out) {
        for (StatefulFeature* feature : run) *out++ = feature->on_state(now);
    }

    // Each trade, when it is seen: just before the first state that is later.
    virtual void on_trade(const TimedTrade& /*trade*/) {}

    // Forget everything: a gap, or a new session.
    virtual void reset() = 0;

    // What is not there yet, for people: "12 of 20 states"; empty once warm.
    [[nodiscard]] virtual std::string missing(const Situation& /*now*/) const { return {}; }

    // A finer grid: ticks and lots that are remembered must follow it.
    virtual void rescale(const Rescale& /*factors*/) {}

    // All that reset() clears, so that a restart goes on where it was.
    virtual void save(StateWriter& out) const = 0;
    virtual void load(StateReader& in) = 0;

    [[nodiscard]] virtual Reads reads() const noexcept { return Reads::everything; }
};

// A final class of which several often stand side by side: one call asks them all.
template <typename Feature>
class SideBySide : public StatefulFeature {
public:
    void on_states(const Situation& now, std::span<StatefulFeature* const> run,
                   double* out) final {
        for (StatefulFeature* feature : run)
            *out++ = static_cast<Feature*>(feature)->on_state(now);
    }

private:
    friend Feature;
    SideBySide() = default;
};

class SharedMoments;
namespace order_flow {
class LevelFlow;
class TouchFlow;
}  // namespace order_flow

// What an engine keeps for several features at once.
class SharedWindows {
public:
    SharedWindows() = default;
    virtual ~SharedWindows() = default;
    SharedWindows(const SharedWindows&) = delete;
    SharedWindows& operator=(const SharedWindows&) = delete;
    SharedWindows(SharedWindows&&) = delete;
    SharedWindows& operator=(SharedWindows&&) = delete;

    [[nodiscard]] virtual SharedMoments& moments(std::size_t input, Window window) = 0;
    [[nodiscard]] virtual order_flow::LevelFlow& level_flow(std::size_t levels) = 0;
    [[nodiscard]] virtual order_flow::TouchFlow& touch_flow(Window window) = 0;
};

// How a feature was asked for.
struct Arguments {
    std::size_t level = 1;            // the number that its name ends in
    std::size_t input = 0;            // slot of the feature that it reads
    std::array<Window, 2> windows{};  // its settings, in the catalogue's order
    std::span<const double> weights;  // of the integrated order-flow imbalance
    SharedWindows* shared = nullptr;
};

// One row of the catalogue of features that remember.
struct StatefulRow {
    struct Setting {
        std::string_view key;
        std::string_view preset;  // a window in text: "20", "1s"
    };

    std::string_view name;  // a numbered one ends in '_'
    std::string_view formula;
    std::string_view unit;
    std::string_view source;
    std::unique_ptr<StatefulFeature> (*make)(const Arguments&) = nullptr;
    // NOLINTBEGIN(readability-redundant-member-init): GCC wants them for rows that end earlier
    std::array<Setting, 2> settings = {};
    bool reads_feature = false;
    std::size_t levels = 1;  // of the book that it looks at; 0: the number in its name
    // NOLINTEND(readability-redundant-member-init)

    // The number in a name of a numbered feature.
    [[nodiscard]] std::optional<std::size_t> number_in(std::string_view wanted) const {
        if (levels > 0) return std::nullopt;
        return Expression::number_behind(name, wanted);
    }
    [[nodiscard]] bool is_named(std::string_view wanted) const {
        return levels > 0 ? name == wanted : number_in(wanted).has_value();
    }
};

// The usual `make`: a class that is constructed from its arguments.
template <typename Feature>
[[nodiscard]] std::unique_ptr<StatefulFeature> make_feature(const Arguments& arguments) {
    return std::make_unique<Feature>(arguments);
}

}  // namespace obcore
