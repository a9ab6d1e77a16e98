#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace obcore::bench {

// One side of the market that a synthetic stream tells of. A level is a key; the larger key is
// the better price, on both sides. Remembers which levels the message in hand has touched.
class QuotedSide {
public:
    using Key = std::int64_t;

    explicit QuotedSide(Key end)
        : lots_(index(end)), touched_in_(index(end), -1), worst_(end) {}

    [[nodiscard]] Key best() const noexcept { return best_; }
    [[nodiscard]] Key worst() const noexcept { return worst_; }
    [[nodiscard]] std::int64_t count() const noexcept { return count_; }
    [[nodiscard]] std::int64_t lots(Key key) const noexcept { return lots_[index(key)]; }
    [[nodiscard]] bool is_touched(Key key) const noexcept {
        return touched_in_[index(key)] == message_;
    }
    [[nodiscard]] std::size_t touches() const noexcept { return touched_.size(); }

    void begin_message() noexcept {
        ++message_;
        touched_.clear();
    }
    // What the message has touched, best first.
    [[nodiscard]] std::span<const Key> sorted_touches() {
        std::ranges::sort(touched_, std::greater{});
        return touched_;
    }

    void quote(Key key, std::int64_t lots) {
        touch(key);
        count_ += lots_[index(key)] == 0 ? 1 : 0;
        lots_[index(key)] = lots;
        best_ = std::max(best_, key);
        worst_ = std::min(worst_, key);
    }
    // Also of a level that is not there, as feeds do. Never of the last one.
    void remove(Key key) {
        touch(key);
        count_ -= lots_[index(key)] != 0 ? 1 : 0;
        lots_[index(key)] = 0;
        while (lots(best_) == 0) --best_;
        while (lots(worst_) == 0) ++worst_;
    }
    // Removes whatever is better than a level that is quoted.
    void lead_with(Key key) {
        while (best_ > key) remove(best_);
    }

private:
    [[nodiscard]] static std::size_t index(Key key) noexcept {
        return static_cast<std::size_t>(key);
    }
    void touch(Key key) {
        touched_in_[index(key)] = message_;
        touched_.push_back(key);
    }

    std::vector<std::int64_t> lots_;
    std::vector<std::int64_t> touched_in_;
    std::vector<Key> touched_;
    std::int64_t message_ = 0;
    std::int64_t count_ = 0;
    Key best_ = 0;
    Key worst_;
};

}  // namespace obcore::bench
