#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "obcore/error.hpp"
#include "obcore/feed_event.hpp"

namespace obcore {

// What one listener of a feed has not read yet. Bounded; the policy says what happens when it
// is full. Slots are made when they are needed and used again, so that nothing is allocated
// once it has been full.
class EventQueue {
public:
    enum class Policy : std::uint8_t {
        latest,       // a book has one update in the queue: its newest
        block,        // the connection waits, and with it the book
        drop_oldest,  // the oldest event goes, and the next one read says how many went
        raise,        // the listener gets an error, and nothing more
    };

    EventQueue(Policy policy, std::size_t capacity)
        : policy_(policy), capacity_(capacity), slots_(std::min(capacity, slots_at_first)) {
        if (capacity == 0) throw Error("capacity: expected 1 or more events, received 0");
    }

    [[nodiscard]] Policy policy() const noexcept { return policy_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }
    [[nodiscard]] std::uint64_t replaced() const noexcept { return replaced_; }
    // True where the one who fills it has to wait: only with the policy `block`.
    [[nodiscard]] bool is_blocking() const noexcept {
        return policy_ == Policy::block && size_ >= capacity_;
    }
    [[nodiscard]] bool has_overflowed() const noexcept { return overflowed_; }

    // The slot of the next event, to be written. Null where it is not wanted any more.
    [[nodiscard]] FeedEvent* push(FeedEvent::Kind kind, std::uint32_t book) {
        if (overflowed_) {  // what came behind the hole would look like what came before it
            ++dropped_;
            return nullptr;
        }
        if (policy_ == Policy::latest && kind == FeedEvent::Kind::update) {
            if (FeedEvent* pending = pending_update(book)) {
                ++replaced_;
                return pending;
            }
        }
        if (policy_ == Policy::latest && kind != FeedEvent::Kind::trade) forget_update(book);
        if (size_ == slots_.size() && size_ < capacity_) {
            grow(std::min(capacity_, 2 * size_));
        } else if (size_ >= capacity_) {
            if (policy_ == Policy::raise) {
                overflowed_ = true;
                ++dropped_;
                return nullptr;
            }
            if (policy_ == Policy::block) {
                // By the events of one frame: the next one waits.
                if (size_ == slots_.size()) grow(size_ + size_ / 2 + 1);
            } else {
                static_cast<void>(pop());
                ++dropped_;
                ++missed_;
            }
        }
        FeedEvent& slot = slots_[(first_ + size_) % slots_.size()];
        if (policy_ == Policy::latest && kind == FeedEvent::Kind::update) {
            remember_update(book);
        }
        ++size_;
        slot.kind = kind;
        slot.book = book;
        return &slot;
    }

    [[nodiscard]] bool is_empty() const noexcept { return size_ == 0; }

    // The oldest event, until the next push; it must not be empty.
    FeedEvent& take() {
        FeedEvent& oldest = pop();
        oldest.missed = std::exchange(missed_, 0);
        return oldest;
    }

private:
    static constexpr std::size_t slots_at_first = 64;

    FeedEvent& pop() noexcept {
        FeedEvent& oldest = slots_[first_];
        first_ = (first_ + 1) % slots_.size();
        --size_;
        ++popped_;
        return oldest;
    }

    void grow(std::size_t slots) {
        std::vector<FeedEvent> larger(slots);
        for (std::size_t i = 0; i < size_; ++i) {
            larger[i] = std::move(slots_[(first_ + i) % slots_.size()]);
        }
        slots_ = std::move(larger);
        first_ = 0;
    }

    // ---- Policy `latest` --------------------------------------------------------------------

    // Where the update of each book stands, as the number of its push; 0 where there is none.
    [[nodiscard]] FeedEvent* pending_update(std::uint32_t book) noexcept {
        if (book >= updates_.size() || updates_[book] <= popped_) return nullptr;
        const std::uint64_t place = updates_[book] - popped_ - 1;
        return &slots_[(first_ + static_cast<std::size_t>(place)) % slots_.size()];
    }
    // What comes behind a gap must not take the place of what came before it.
    void forget_update(std::uint32_t book) noexcept {
        if (book < updates_.size()) updates_[book] = 0;
    }
    void remember_update(std::uint32_t book) {
        if (book >= updates_.size()) updates_.resize(book + std::size_t{1}, 0);
        updates_[book] = popped_ + size_ + 1;
    }

    Policy policy_;
    std::size_t capacity_;
    std::vector<FeedEvent> slots_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
    std::uint64_t popped_ = 0;
    std::uint64_t dropped_ = 0;
    std::uint64_t replaced_ = 0;
    std::uint64_t missed_ = 0;
    bool overflowed_ = false;
    std::vector<std::uint64_t> updates_;
};

}  // namespace obcore
