#pragma once

#include <cstdint>
#include <random>

// Random numbers that are the same on every machine, unlike those of
// std::uniform_int_distribution.
struct Dice {
    std::mt19937_64 engine;

    explicit Dice(std::uint64_t seed) : engine(seed) {}

    // One of 0 … end − 1.
    [[nodiscard]] std::int64_t below(std::int64_t end) {
        return static_cast<std::int64_t>(engine() % static_cast<std::uint64_t>(end));
    }
    // One of −reach … reach.
    [[nodiscard]] std::int64_t around(std::int64_t reach) {
        return below(2 * reach + 1) - reach;
    }
    [[nodiscard]] bool one_in(std::int64_t n) { return below(n) == 0; }
};
