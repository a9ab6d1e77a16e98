#pragma once

#include <bit>
#include <cstdint>

namespace obcore::bench {

// Random numbers from integers alone, so that every machine and compiler draws the same ones:
// neither std's distributions nor the math library promise that. The generator is splitmix64
// (Steele, Lea and Flood 2014).
class Dice {
public:
    explicit Dice(std::uint64_t seed) noexcept : state_(seed) {}

    [[nodiscard]] std::uint64_t bits() noexcept {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }
    // One of 0 … end − 1, for an end below 2^31.
    [[nodiscard]] std::int64_t below(std::int64_t end) noexcept {
        return static_cast<std::int64_t>((bits() >> 32) * static_cast<std::uint64_t>(end) >>
                                         32);
    }
    [[nodiscard]] bool per_mille(std::int64_t share) noexcept { return below(1000) < share; }
    // 0 or more, half as likely with every `half_life` on: an exponential without a logarithm.
    [[nodiscard]] std::int64_t decaying(std::int64_t half_life) noexcept {
        return std::countr_zero(bits() | std::uint64_t{1} << 40) * half_life + below(half_life);
    }
    // About normal: mean 0, standard deviation 4.
    [[nodiscard]] std::int64_t bell() noexcept { return std::popcount(bits()) - 32; }
    // About lognormal: the median is some 2^8, two in three within a factor of 5 of it.
    [[nodiscard]] std::int64_t lots() noexcept {
        const int flips = std::popcount(bits() & 0xfffffU);
        const std::int64_t power = std::int64_t{1} << (flips < 2 ? 0 : flips - 2);
        return power + below(power);
    }

private:
    std::uint64_t state_;
};

}  // namespace obcore::bench
