#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "obcore/decimal.hpp"
#include "obcore/event.hpp"

namespace obcore {

// The events of one frame, in order: all of them decoded before the first is applied, so that a
// frame is all or nothing. Its events are used again for the next frame, and allocate nothing
// once they have grown.
class Frame {
public:
    void clear() noexcept { size_ = 0; }

    // A new event behind the others.
    Event& add() {
        if (size_ == events_.size()) events_.emplace_back();
        Event& event = events_[size_++];
        event.reset();
        return event;
    }

    // An event that stands for a message without further use: its kind and the venue's word.
    Event& add(Kind kind, std::string_view name) {
        Event& event = add();
        event.kind = kind;
        event.name = name;
        return event;
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] Event& operator[](std::size_t i) noexcept { return events_[i]; }
    [[nodiscard]] const Event& operator[](std::size_t i) const noexcept { return events_[i]; }

private:
    std::vector<Event> events_;
    std::size_t size_ = 0;
};

// The grids of the instruments that a decoder meets, asked for by the venue's own symbol. Null
// where that one is not meant: its numbers lie on another grid and are not read.
class Grids {
public:
    [[nodiscard]] virtual const Grid* find(std::string_view symbol) = 0;

protected:
    Grids() = default;
    Grids(const Grids&) = default;
    Grids& operator=(const Grids&) = default;
    Grids(Grids&&) = default;
    Grids& operator=(Grids&&) = default;
    ~Grids() = default;
};

}  // namespace obcore
