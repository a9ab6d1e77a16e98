// Bytes as operations on a ladder, which must stay equal to a std::map.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <span>
#include <type_traits>
#include <vector>

#include "obcore/ladder.hpp"

namespace {

using namespace obcore;

// Ends the run: the fuzzer keeps the input that led here.
void require(bool holds) {
    if (!holds) std::abort();
}

// Reads numbers off the input; zeros behind its end.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

    [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }

    template <typename Number>
    [[nodiscard]] Number take() noexcept {
        Number number{};
        const std::size_t used = std::min(sizeof(Number), rest_.size());
        std::memcpy(&number, rest_.data(), used);
        rest_ = rest_.subspan(used);
        return number;
    }

private:
    std::span<const std::uint8_t> rest_;
};

// Near the last price by a step whose size the input chooses, or anywhere.
Ticks next_price(Input& input, Ticks last) {
    const auto how = input.take<std::uint8_t>();
    const auto step = Ticks{input.take<std::int8_t>()};
    const Ticks price = how == 255 ? input.take<Ticks>() >> 3 : last + (step << (how % 40));
    return std::clamp(price, -max_price_ticks, max_price_ticks);
}

template <Side side, std::int64_t window>
class Twins {
public:
    void run(Input input) {
        Ticks price = 0;
        while (!input.empty()) {
            const auto operation = input.take<std::uint8_t>();
            if (operation == 0) {
                ladder_.clear();
                levels_.clear();
            } else if (operation < 16) {
                assign(input, operation, price);
            } else if (operation < 32) {
                set_many(input, price);
            } else {
                price = next_price(input, price);
                set({price, operation % 3 == 0 ? 0 : Lots{operation}});
            }
            compare(price);
        }
    }

private:
    void assign(Input& input, std::uint8_t count, Ticks& price) {
        std::vector<Level> levels;
        for (std::uint8_t i = 0; i < count; ++i) {
            price = next_price(input, price);
            levels.push_back({price, Lots{input.take<std::uint8_t>()} % 4});
        }
        ladder_.assign(levels);
        levels_.clear();
        for (const Level& level : levels) put(level);
    }

    // So many that pages come and go, at prices that the map compares quickly.
    void set_many(Input& input, Ticks& price) {
        price = next_price(input, price);
        const auto step = Ticks{input.take<std::int8_t>()};
        const auto sizes = 1 + input.take<std::uint8_t>() % 4;
        const auto prices = 1 + input.take<std::uint8_t>() % 128;
        const int count = input.take<std::uint16_t>() % 8'192;
        for (int i = 0; i < count; ++i) {
            const Ticks there = price + step * (i % prices);
            set({std::clamp(there, -max_price_ticks, max_price_ticks), Lots{i % sizes}});
        }
    }

    void set(Level level) {
        ladder_.set(level);
        put(level);
    }

    void put(Level level) {
        if (level.size == 0) {
            levels_.erase(level.price);
        } else {
            levels_[level.price] = level.size;
        }
    }

    void compare(Ticks price) const {
        std::vector<Level> top(levels_.size() + 1);
        top.resize(ladder_.top(top));
        require(top.size() == levels_.size() && ladder_.count() == levels_.size());
        Int128 total = 0;
        std::size_t index = 0;
        for (const auto& [held, size] : levels_) {
            const Level level{held, size};
            require(top[index] == level);
            if (index < 4 || index + 4 > top.size()) require(ladder_.at(index) == level);
            total += size;
            ++index;
        }
        require(ladder_.total_lots() == total && ladder_.empty() == levels_.empty());
        const auto found = levels_.find(price);
        require(ladder_.size_at(price) == (found == levels_.end() ? 0 : found->second));
        if (!top.empty())
            require(ladder_.best() == top.front() && ladder_.worst() == top.back());
    }

    Ladder<side, window> ladder_;
    std::map<Ticks, Lots, std::conditional_t<side == Side::bid, std::greater<>, std::less<>>>
        levels_;
};

template <Side side>
void run(Input input) {
    switch (input.take<std::uint8_t>() % 3) {
        case 0:
            return Twins<side, 128>().run(input);
        case 1:
            return Twins<side, 512>().run(input);
        default:
            return Twins<side, 1 << 18>().run(input);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(data, size);
    if (input.take<std::uint8_t>() % 2 == 0) {
        run<Side::bid>(input);
    } else {
        run<Side::ask>(input);
    }
    return 0;
}
