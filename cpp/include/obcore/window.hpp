#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "obcore/integer.hpp"
#include "obcore/ring.hpp"
#include "obcore/units.hpp"

namespace obcore {

// From an earlier time to a later one; the largest where 64 bits do not hold it.
[[nodiscard]] constexpr Nanos elapsed(Nanos from, Nanos to) noexcept {
    Nanos out = 0;
    const bool overflows = __builtin_sub_overflow(to, from, &out);
    return overflows ? std::numeric_limits<Nanos>::max() : out;
}

// How far back a feature looks: so many states, or so long a time.
struct Window {
    static constexpr std::int64_t max_states = 1 << 20;
    // States held for a duration: where more come, its value is undefined until they fit again.
    static constexpr std::size_t max_timed_states = 1 << 16;
    static constexpr Nanos max_duration_ns = 366LL * 86'400 * 1'000'000'000;

    std::int64_t states = 0;
    Nanos duration_ns = 0;

    friend bool operator==(const Window&, const Window&) = default;

    [[nodiscard]] bool is_timed() const noexcept { return duration_ns > 0; }
    [[nodiscard]] std::size_t limit() const noexcept {
        return is_timed() ? max_timed_states : static_cast<std::size_t>(states);
    }

    // "20" or "500ms"; none where it is neither, zero or beyond the limits above.
    [[nodiscard]] static std::optional<Window> from_text(std::string_view text) noexcept {
        const auto digits = text.find_first_not_of("0123456789");
        std::int64_t count = 0;
        if (!read_integer(text.substr(0, digits), count) || count < 1) return std::nullopt;
        if (digits == std::string_view::npos) {
            return count > max_states ? std::nullopt : std::optional(Window{.states = count});
        }
        for (const Unit& unit : units) {
            if (text.substr(digits) != unit.name) continue;
            if (count > max_duration_ns / unit.ns) return std::nullopt;
            return Window{.duration_ns = count * unit.ns};
        }
        return std::nullopt;
    }

    // In the largest unit that gives a whole number.
    [[nodiscard]] std::string text() const {
        if (!is_timed()) return std::to_string(states);
        for (const Unit& unit : units) {
            if (duration_ns % unit.ns != 0) continue;
            return std::to_string(duration_ns / unit.ns) + std::string(unit.name);
        }
        return {};
    }

private:
    struct Unit {
        std::string_view name;
        Nanos ns;
    };
    static constexpr std::array<Unit, 6> units{{{"h", 3'600'000'000'000},
                                                {"m", 60'000'000'000},
                                                {"s", 1'000'000'000},
                                                {"ms", 1'000'000},
                                                {"us", 1'000},
                                                {"ns", 1}}};
};

// The items of the last so many states, or of the states of the last so long a time: those with
// now − duration < time <= now.
template <typename Item>
class Windowed {
public:
    struct Entry {
        Nanos time = absent;
        Item item{};
    };

    explicit Windowed(Window window) : window_(window), entries_(window.limit()) {}

    [[nodiscard]] const Window& window() const noexcept { return window_; }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] const Item& oldest() const noexcept { return entries_.front().item; }

    // Takes the newest item in; `leave` is told of each that the window thereby moves past.
    template <typename Leave>
    void push(Nanos now, const Item& item, Leave&& leave) {
        if (window_.is_timed()) {
            while (!entries_.empty() &&
                   elapsed(entries_.front().time, now) >= window_.duration_ns) {
                drop_oldest(leave);
            }
        }
        if (entries_.full()) {
            Entry& oldest = entries_.recycle_front();
            overflowed_ = window_.is_timed();
            lost_ = oldest.time;
            leave(oldest.item);
            oldest = {now, item};
        } else {
            entries_.push_back({now, item});
        }
        overflowed_ = overflowed_ && elapsed(lost_, now) < window_.duration_ns;
    }

    // Whether it reaches all the way back; `first` is the time of the first state.
    [[nodiscard]] bool is_warm(Nanos first, Nanos now) const noexcept {
        if (!window_.is_timed()) return entries_.full();
        return !overflowed_ && elapsed(first, now) >= window_.duration_ns;
    }

    // What is missing until it is warm; empty where nothing is.
    [[nodiscard]] std::string missing(Nanos first, Nanos now) const {
        if (overflowed_) {
            return "a window of at most " + std::to_string(entries_.limit()) + " states";
        }
        if (is_warm(first, now)) return {};
        if (!window_.is_timed()) {
            return std::to_string(size()) + " of " + window_.text() + " states";
        }
        const Nanos lasted = first == absent ? 0 : elapsed(first, now);
        return Window{.duration_ns = lasted}.text() + " of " + window_.text();
    }

    template <typename Change>
    void for_each(Change&& change) {
        entries_.for_each([&](Entry& entry) { change(entry.item); });
    }

    void clear() noexcept {
        entries_.clear();
        overflowed_ = false;
        lost_ = absent;
    }

    void save(StateWriter& out) const {
        entries_.save(out);
        out.put(overflowed_);
        out.put(lost_);
    }
    void load(StateReader& in) {
        entries_.load(in);
        in.get(overflowed_);
        in.get(lost_);
    }

private:
    template <typename Leave>
    void drop_oldest(Leave&& leave) {
        leave(entries_.front().item);
        entries_.pop_front();
    }

    Window window_;
    Ring<Entry> entries_;
    bool overflowed_ = false;
    Nanos lost_ = absent;  // the newest that had to go too early
};

}  // namespace obcore
