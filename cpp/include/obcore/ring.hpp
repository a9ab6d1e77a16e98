#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "obcore/saved_state.hpp"

namespace obcore {

// A first-in, first-out queue in one array. Grows to its limit and no further, so that nothing
// is allocated once it has been as long as it gets.
template <typename T>
class Ring {
public:
    explicit Ring(std::size_t limit) : limit_(limit) {}

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] bool full() const noexcept { return size_ == limit_; }

    // Counted from the oldest.
    [[nodiscard]] const T& operator[](std::size_t i) const noexcept {
        return slots_[wrapped(first_ + i)];
    }
    [[nodiscard]] T& operator[](std::size_t i) noexcept { return slots_[wrapped(first_ + i)]; }
    [[nodiscard]] const T& front() const noexcept { return (*this)[0]; }
    [[nodiscard]] const T& back() const noexcept { return (*this)[size_ - 1]; }

    // Only while not full.
    void push_back(const T& item) {
        if (size_ == slots_.size()) grow();
        slots_[wrapped(first_ + size_)] = item;
        ++size_;
    }

    // Makes the oldest the newest, for the caller to read and overwrite; only while full.
    [[nodiscard]] T& recycle_front() noexcept {
        T& slot = slots_[first_];
        first_ = wrapped(first_ + 1);
        return slot;
    }

    void pop_front() noexcept {
        first_ = wrapped(first_ + 1);
        --size_;
    }

    void clear() noexcept { first_ = size_ = 0; }

    template <typename Change>
    void for_each(Change&& change) {
        for (std::size_t i = 0; i < size_; ++i) change((*this)[i]);
    }

    void save(StateWriter& out) const {
        out.put(static_cast<std::uint64_t>(size_));
        for (std::size_t i = 0; i < size_; ++i) out.put((*this)[i]);
    }
    void load(StateReader& in) {
        clear();
        const auto count = in.get<std::uint64_t>();
        if (count > limit_) StateReader::fail("a longer window");
        for (std::uint64_t i = 0; i < count; ++i) push_back(in.get<T>());
    }

private:
    [[nodiscard]] std::size_t wrapped(std::size_t i) const noexcept {
        return i < slots_.size() ? i : i - slots_.size();
    }

    void grow() {
        constexpr std::size_t smallest = 16;
        std::rotate(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(first_),
                    slots_.end());
        first_ = 0;
        slots_.resize(std::min(limit_, std::max(smallest, 2 * slots_.size())));
    }

    std::size_t limit_;
    std::vector<T> slots_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

}  // namespace obcore
