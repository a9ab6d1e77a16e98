#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "obcore/rolling.hpp"
#include "obcore/stateful.hpp"
#include "obcore/window.hpp"

namespace obcore {

// One window over one feature, for all that ask for it: the first to ask in a state moves it.
class SharedMoments {
public:
    SharedMoments(std::size_t input, Window window)
        : input_(input), moments_(window, Moments::Of::mean) {}

    // Before the first state.
    void require_deviation() noexcept { moments_.require_deviation(); }

    [[nodiscard]] bool holds(std::size_t input, Window window) const noexcept {
        return input_ == input && moments_.window().window() == window;
    }

    [[nodiscard]] std::size_t input() const noexcept { return input_; }

    const Moments& at(const Situation& now) {
        if (seen_ != now.number) move_to(now);
        return moments_;
    }

    // Works out what most ask for, once it was moved.
    void prepare(const Situation& now) {
        if (moments_.is_defined(now.first, now.now)) static_cast<void>(moments_.mean());
    }

    // Once a state.
    void move_to(const Situation& now) {
        moments_.push(now.now, now.inputs[input_]);
        seen_ = now.number;
    }

    [[nodiscard]] std::string missing(const Situation& now) const {
        std::string text = moments_.window().missing(now.first, now.now);
        if (text.empty() && moments_.undefined() > 0) {
            text = "a value in " + std::to_string(moments_.undefined()) + " of " +
                   std::to_string(moments_.window().size()) + " states";
        }
        return text;
    }

    void reset() noexcept {
        moments_.clear();
        seen_ = 0;
    }
    void save(StateWriter& out) const {
        out.put(seen_);
        moments_.save(out);
    }
    void load(StateReader& in) {
        in.get(seen_);
        moments_.load(in);
    }

private:
    std::size_t input_;
    Moments moments_;
    std::int64_t seen_ = 0;  // number of the state it was moved to
};

namespace rolling {

// What the engine keeps for them, they do not keep themselves.
class OverSharedWindows : public StatefulFeature {
public:
    void reset() override {}
    void save(StateWriter& /*out*/) const override {}
    void load(StateReader& /*in*/) override {}
};

// A number of one window: mean, std, z_score.
template <double (*statistic)(const Moments&), std::int64_t min_states = 1>
class Statistic final : public OverSharedWindows {
public:
    explicit Statistic(const Arguments& arguments)
        : shared_(arguments.shared->moments(arguments.input, arguments.windows[0])) {
        if (min_states == 1) return;
        shared_.require_deviation();
        const Window& window = arguments.windows[0];
        if (!window.is_timed() && window.states < min_states) {
            throw Error(
                "feature: expected a window of 2 states or more, which a sample "
                "deviation takes, received " +
                window.text());
        }
    }

    [[nodiscard]] double on_state(const Situation& now) override {
        const Moments& moments = shared_.at(now);
        return moments.is_defined(now.first, now.now) ? statistic(moments) : undefined;
    }
    [[nodiscard]] std::string missing(const Situation& now) const override {
        return shared_.missing(now);
    }

private:
    SharedMoments& shared_;
};

inline double mean(const Moments& moments) {
    return moments.mean().value();
}
inline double std(const Moments& moments) {
    return moments.std();
}
inline double z_score(const Moments& moments) {
    return moments.z_score();
}

// Mean over a fast window less the mean over a slow one.
class Trend final : public OverSharedWindows {
public:
    explicit Trend(const Arguments& arguments)
        : fast_(arguments.shared->moments(arguments.input, arguments.windows[0])),
          slow_(arguments.shared->moments(arguments.input, arguments.windows[1])) {}

    [[nodiscard]] double on_state(const Situation& now) override {
        const Moments& fast = fast_.at(now);
        const Moments& slow = slow_.at(now);
        const bool defined =
            fast.is_defined(now.first, now.now) && slow.is_defined(now.first, now.now);
        return defined ? difference(fast.mean(), slow.mean()).value() : undefined;
    }
    [[nodiscard]] std::string missing(const Situation& now) const override {
        const std::string slow = slow_.missing(now);
        return slow.empty() ? fast_.missing(now) : slow;
    }

private:
    SharedMoments& fast_;
    SharedMoments& slow_;
};

}  // namespace rolling

}  // namespace obcore
