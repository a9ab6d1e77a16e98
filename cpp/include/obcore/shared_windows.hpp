#pragma once

#include <cstddef>
#include <deque>

#include "obcore/order_flow.hpp"
#include "obcore/rolling_features.hpp"
#include "obcore/saved_state.hpp"
#include "obcore/stateful.hpp"
#include "obcore/window.hpp"

namespace obcore {

// What the features of one engine share, made where the first of them asks for it. References
// to it stay valid.
class EngineWindows final : public SharedWindows {
public:
    [[nodiscard]] SharedMoments& moments(std::size_t input, Window window) override {
        for (SharedMoments& shared : moments_) {
            if (shared.holds(input, window)) return shared;
        }
        return moments_.emplace_back(input, window);
    }
    [[nodiscard]] order_flow::LevelFlow& level_flow(std::size_t levels) override {
        level_flow_.require_levels(levels);
        return level_flow_;
    }
    [[nodiscard]] order_flow::TouchFlow& touch_flow(Window window) override {
        for (order_flow::TouchFlow& shared : touch_flows_) {
            if (shared.window() == window) return shared;
        }
        return touch_flows_.emplace_back(window);
    }

    // Moves what reads one of the first so many slots, whose values are there: one window
    // behind the other, for each is a long chain of steps and the machine works on several at
    // once.
    void move(const Situation& now, std::size_t slots) {
        for (SharedMoments& shared : moments_) {
            if (shared.input() < slots) shared.move_to(now);
        }
        for (SharedMoments& shared : moments_) {
            if (shared.input() < slots) shared.prepare(now);
        }
    }

    void reset() noexcept {
        for (SharedMoments& shared : moments_) shared.reset();
        level_flow_.reset();
        for (order_flow::TouchFlow& shared : touch_flows_) shared.reset();
    }
    void rescale(const Rescale& factors) {
        level_flow_.rescale(factors);
        for (order_flow::TouchFlow& shared : touch_flows_) shared.rescale(factors);
    }
    void save(StateWriter& out) const {
        for (const SharedMoments& shared : moments_) shared.save(out);
        level_flow_.save(out);
        for (const order_flow::TouchFlow& shared : touch_flows_) shared.save(out);
    }
    void load(StateReader& in) {
        for (SharedMoments& shared : moments_) shared.load(in);
        level_flow_.load(in);
        for (order_flow::TouchFlow& shared : touch_flows_) shared.load(in);
    }

private:
    std::deque<SharedMoments> moments_;
    order_flow::LevelFlow level_flow_;
    std::deque<order_flow::TouchFlow> touch_flows_;
};

}  // namespace obcore
