#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "obcore/book.hpp"
#include "obcore/book_change.hpp"
#include "obcore/change_code.hpp"
#include "obcore/decimal.hpp"
#include "obcore/error.hpp"
#include "obcore/trade_flow.hpp"
#include "obcore/units.hpp"

namespace obcore {

// What a history may hold; past it the oldest goes.
struct HistoryLimits {
    std::size_t bytes = std::numeric_limits<std::size_t>::max();
    std::int64_t events = std::numeric_limits<std::int64_t>::max();
    Nanos age_ns = std::numeric_limits<Nanos>::max();
};

// What had to go.
struct HistoryDropped {
    std::int64_t events = 0;
    std::int64_t bytes = 0;
    Nanos until_ns = absent;  // the last moment of which anything is gone
};

// Some time of one book: the whole book where it begins, and what happened from there on.
// Does not change any more once it is in a history's list.
struct HistoryBlock {
    Grid grid;
    std::vector<std::uint8_t> bytes;
    std::vector<std::string> reasons;
    Nanos first_time = absent;
    Nanos last_time = absent;
    Sequence first_id = absent;
    std::int64_t events = 0;

    [[nodiscard]] std::size_t memory_usage() const noexcept {
        std::size_t all =
            sizeof(*this) + bytes.capacity() + reasons.capacity() * sizeof(std::string);
        for (const std::string& reason : reasons) all += reason.capacity();
        return all;
    }
};

class HistoryTape;

// What happened to several books, in memory, bounded; the oldest leaves first.
//
// One thread writes each book, any number read: blocks do not change once they are whole, and
// the open one is copied, so a reader holds the lock for some ten kilobytes at the most.
class History {
public:
    explicit History(HistoryLimits limits = {}) : limits_(limits) {}

    // The tape of a book, which is made where there is none.
    [[nodiscard]] std::shared_ptr<HistoryTape> tape(const std::string& symbol);
    [[nodiscard]] std::vector<std::string> symbols() const;
    [[nodiscard]] HistoryDropped dropped() const {
        const std::scoped_lock lock(mutex_);
        return dropped_;
    }
    [[nodiscard]] std::size_t memory_usage() const;
    [[nodiscard]] std::int64_t events() const;

private:
    friend HistoryTape;

    void make_room(Nanos now);  // the lock is held

    mutable std::mutex mutex_;
    HistoryLimits limits_;
    HistoryDropped dropped_;
    std::vector<std::pair<std::string, std::shared_ptr<HistoryTape>>> tapes_;
    std::size_t bytes_ = 0;  // of whole blocks
    std::int64_t events_ = 0;
};

// One book of a history.
class HistoryTape final : public ChangeSink {
public:
    // To read a level of a key frame costs about as much as to apply an update, and five bytes:
    // half as many updates as levels between two of them keep both small.
    static constexpr std::size_t least_updates = 256;

    explicit HistoryTape(History& history) : history_(history) {}

    void on_change(const BookChange& change, const Book& after) override {
        const std::scoped_lock lock(history_.mutex_);
        if (open_.events > 0 && change.time < open_.last_time) {
            throw Error("history: expected what happened later than " +
                        std::to_string(open_.last_time) + ", received " +
                        std::to_string(change.time));
        }
        if (open_.events == 0 || !(open_.grid == after.grid)) {
            close();
            begin(change, after);
        }
        writer_.change(change, code_of(change.reason));
        note(change.time);
        updates_ += change.bids.size() + change.asks.size() + 1;
        const std::size_t levels = after.bids.count() + after.asks.count();
        if (updates_ < std::max(least_updates, levels / 2)) return;
        close();
        history_.make_room(change.time);
        begin(change, after);
    }

    void on_trade(const TimedTrade& trade, Nanos time, const Grid& grid) override {
        const std::scoped_lock lock(history_.mutex_);
        if (open_.events == 0 || !(open_.grid == grid)) return;  // before the first book
        writer_.trade(trade, time);
        ++open_.events;
        updates_ += 1;
    }

    // The book as of a time; false where the history begins later, or has nothing.
    [[nodiscard]] bool state_at(Nanos time, Book& out) const {
        const auto block =
            find([&](const HistoryBlock& one) { return one.first_time <= time; });
        if (!block) return false;
        read(*block, out, [&](const BookChange& change) { return change.time <= time; });
        return true;
    }
    // The same as of an update id.
    [[nodiscard]] bool state_at_id(Sequence id, Book& out) const {
        const auto block = find([&](const HistoryBlock& one) { return one.first_id <= id; });
        if (!block) return false;
        read(*block, out, [&](const BookChange& change) { return change.id <= id; });
        return true;
    }

    // Tells what happened until `end`, from the block on that `start` lies in: the whole book
    // first.
    void tell(Nanos start, Nanos end, ChangeSink& sink) const {
        Book book;
        bool has_begun = false;
        for (const auto& block : blocks_from(start)) {
            if (block->first_time > end) return;
            book.grid = block->grid;
            change_code::Reader reader(block->bytes);
            while (!reader.at_end()) {
                if (reader.is_at_trade()) {
                    Nanos time = absent;
                    const TimedTrade trade = reader.trade(time);
                    if (time <= end) sink.on_trade(trade, time, book.grid);
                    continue;
                }
                BookChange change = reader.head(block->reasons);
                reader.levels(change);
                if (change.time > end) return;
                const bool is_known = change.kind == BookChange::Kind::key && has_begun;
                has_begun = true;
                if (is_known) continue;
                apply(change, book);
                sink.on_change(change, book);
            }
        }
    }

    // First and last moment; absent where there is nothing.
    [[nodiscard]] std::pair<Nanos, Nanos> span() const {
        const std::scoped_lock lock(history_.mutex_);
        if (open_.events == 0) return {absent, absent};
        return {blocks_.empty() ? open_.first_time : blocks_.front()->first_time,
                open_.last_time};
    }
    [[nodiscard]] Grid grid() const {
        const std::scoped_lock lock(history_.mutex_);
        return open_.grid;
    }
    [[nodiscard]] HistoryDropped dropped() const {
        const std::scoped_lock lock(history_.mutex_);
        return dropped_;
    }

private:
    friend History;
    using Block = std::shared_ptr<const HistoryBlock>;

    // ---- Writing: the lock is held ----------------------------------------------------------

    void begin(const BookChange& change, const Book& after) {
        open_.grid = after.grid;
        open_.first_time = open_.last_time = change.time;
        open_.first_id = change.id;
        open_.events = 0;
        BookChange key = change;
        key.kind = BookChange::Kind::key;
        key.depth = 0;
        key.bids = copy(after.bids, bids_);
        key.asks = copy(after.asks, asks_);
        writer_.change(key, code_of(change.reason));
        note(change.time);
    }

    void close() {
        if (open_.events == 0) return;
        auto whole = std::make_shared<HistoryBlock>(std::exchange(open_, {}));
        whole->bytes = std::exchange(writer_, {}).bytes();
        whole->bytes.shrink_to_fit();
        history_.bytes_ += whole->memory_usage();
        history_.events_ += whole->events;
        blocks_.push_back(std::move(whole));
        updates_ = 0;
    }

    void note(Nanos time) {
        open_.last_time = time;
        ++open_.events;
    }

    [[nodiscard]] std::uint32_t code_of(std::string_view reason) {
        auto& reasons = open_.reasons;
        const auto found = std::ranges::find(reasons, reason);
        const auto code = static_cast<std::uint32_t>(found - reasons.begin());
        if (found == reasons.end()) reasons.emplace_back(reason);
        return code;
    }

    template <Side side>
    [[nodiscard]] static std::span<const Level> copy(const Ladder<side>& ladder,
                                                     std::vector<Level>& out) {
        out.resize(ladder.count());
        ladder.top(out);
        return out;
    }

    // ---- Reading ----------------------------------------------------------------------------

    [[nodiscard]] Block copy_of_open() const {
        auto copy = std::make_shared<HistoryBlock>(open_);
        copy->bytes = writer_.bytes();
        return copy;
    }

    // The last block of which `includes` holds; it holds of those before it.
    template <typename Includes>
    [[nodiscard]] Block find(Includes&& includes) const {
        const std::scoped_lock lock(history_.mutex_);
        if (open_.events > 0 && includes(open_)) return copy_of_open();
        const auto behind = std::ranges::partition_point(
            blocks_, [&](const Block& block) { return includes(*block); });
        return behind == blocks_.begin() ? nullptr : *(behind - 1);
    }

    [[nodiscard]] std::vector<Block> blocks_from(Nanos start) const {
        const std::scoped_lock lock(history_.mutex_);
        auto first = std::ranges::partition_point(
            blocks_, [&](const Block& block) { return block->first_time <= start; });
        if (first != blocks_.begin()) --first;
        std::vector<Block> out(first, blocks_.end());
        if (open_.events > 0) out.push_back(copy_of_open());
        return out;
    }

    template <typename Includes>
    static void read(const HistoryBlock& block, Book& out, Includes&& includes) {
        out.grid = block.grid;
        change_code::Reader reader(block.bytes);
        while (!reader.at_end()) {
            if (reader.is_at_trade()) {
                Nanos time = absent;
                static_cast<void>(reader.trade(time));
                continue;
            }
            BookChange change = reader.head(block.reasons);
            if (!includes(change)) return;
            reader.levels(change);
            apply(change, out);
        }
    }

    History& history_;
    std::deque<Block> blocks_;
    HistoryBlock open_;  // its bytes are the writer's
    change_code::Writer writer_;
    std::size_t updates_ = 0;
    HistoryDropped dropped_;
    std::vector<Level> bids_;
    std::vector<Level> asks_;
};

inline std::shared_ptr<HistoryTape> History::tape(const std::string& symbol) {
    const std::scoped_lock lock(mutex_);
    for (const auto& [name, tape] : tapes_) {
        if (name == symbol) return tape;
    }
    return tapes_.emplace_back(symbol, std::make_shared<HistoryTape>(*this)).second;
}

inline std::vector<std::string> History::symbols() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> out;
    out.reserve(tapes_.size());
    for (const auto& [name, tape] : tapes_) out.push_back(name);
    return out;
}

inline std::size_t History::memory_usage() const {
    const std::scoped_lock lock(mutex_);
    std::size_t all = sizeof(*this) + bytes_;
    for (const auto& [name, tape] : tapes_) {
        all += name.capacity() + sizeof(HistoryTape) +
               tape->blocks_.size() * sizeof(HistoryTape::Block) +
               tape->writer_.bytes().capacity() + tape->open_.memory_usage() +
               (tape->bids_.capacity() + tape->asks_.capacity()) * sizeof(Level);
    }
    return all;
}

inline std::int64_t History::events() const {
    const std::scoped_lock lock(mutex_);
    std::int64_t all = events_;
    for (const auto& [name, tape] : tapes_) all += tape->open_.events;
    return all;
}

inline void History::make_room(Nanos now) {
    const auto oldest = [&]() -> HistoryTape* {
        HistoryTape* found = nullptr;
        for (const auto& [name, tape] : tapes_) {
            if (tape->blocks_.empty()) continue;
            if (found == nullptr ||
                tape->blocks_.front()->last_time < found->blocks_.front()->last_time) {
                found = tape.get();
            }
        }
        return found;
    };
    while (HistoryTape* const tape = oldest()) {
        const HistoryTape::Block block = tape->blocks_.front();
        Nanos age = 0;
        const bool is_old = block->last_time != absent && now != absent &&
                            !__builtin_sub_overflow(now, block->last_time, &age) &&
                            age > limits_.age_ns;
        if (!is_old && bytes_ <= limits_.bytes && events_ <= limits_.events) return;
        const auto size = block->memory_usage();
        bytes_ -= size;
        events_ -= block->events;
        for (HistoryDropped* const dropped : {&dropped_, &tape->dropped_}) {
            dropped->events += block->events;
            dropped->bytes += static_cast<std::int64_t>(size);
            dropped->until_ns = std::max(dropped->until_ns, block->last_time);
        }
        tape->blocks_.pop_front();
    }
}

}  // namespace obcore
