#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

namespace obcore {

// Calls work(thread) once on each of so many threads, the calling one among them, and waits for
// all of them. Threads live for one call: starting one costs some 20 µs, and none is left
// behind for a fork or an exit to trip over. Where the system has no more threads, fewer do the
// work, which therefore has to be shared by what `work` takes next, as from a Share.
template <typename Work>
void on_threads(std::size_t threads, const Work& work) {
    static_assert(noexcept(work(std::size_t{0})));
    std::vector<std::thread> others;
    others.reserve(threads - 1);
    try {
        while (others.size() + 1 < threads) others.emplace_back(work, others.size() + 1);
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): those there are will do
    }
    work(0);
    for (std::thread& other : others) other.join();
}

// Numbers 0 … size − 1, dealt to threads in blocks: to whoever is free next.
class Share {
public:
    // Blocks are large enough that neighbours seldom meet in one cache line, and small enough
    // that no thread waits long for the last one.
    Share(std::size_t size, std::size_t threads)
        : size_(size), block_(std::clamp<std::size_t>(size / (threads * 8), 1, 64)) {}

    // Calls work(number) with what is left, until nothing is.
    template <typename Work>
    void each(const Work& work) {
        for (std::size_t next = take(); next < size_; next = take()) {
            const std::size_t end = std::min(next + block_, size_);
            for (; next < end; ++next) work(next);
        }
    }

private:
    [[nodiscard]] std::size_t take() noexcept {
        return taken_.fetch_add(block_, std::memory_order_relaxed);
    }

    std::size_t size_;
    std::size_t block_;
    std::atomic<std::size_t> taken_ = 0;
};

}  // namespace obcore
