#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "obcore/error.hpp"
#include "obcore/feature_set.hpp"
#include "obcore/format.hpp"
#include "obcore/input_error.hpp"
#include "obcore/live_book.hpp"
#include "obcore/on_threads.hpp"
#include "obcore/verdict.hpp"
#include "obcore/vouched.hpp"

namespace obcore {

// Thousands of books in one process, each known by its number.
//
// It owns its books, which never move, and what decodes messages and works features out once a
// thread. Not thread-safe: the threads that a call asks for end with it, and no book is touched
// by two of them.
class BookSet {
public:
    struct Instrument {
        Grid grid;
        std::string symbol;  // the venue's; empty: of the first message that names one
        std::string name;    // with the venue, where that is known
    };

    // Many messages, each with the number of its book. Where there are no receive times, the
    // source has none.
    struct Messages {
        std::span<const std::int64_t> ids;
        std::span<const std::string_view> texts;
        std::span<const Nanos> ts_recv_ns;
    };

    static constexpr std::size_t max_threads = 256;
    // In place of the verdict of a message that could not be applied.
    static constexpr std::uint8_t no_verdict = 0xff;

    BookSet(std::span<const Instrument> instruments, const FeatureSet& features,
            Format format = Format::automatic)
        : format_(format), workers_(1, {MessageReader(format), features}) {
        books_.reserve(instruments.size());
        for (const Instrument& instrument : instruments) {
            name_next(instrument);
            books_.emplace_back(instrument.grid, instrument.symbol, format);
        }
        queues_.resize(books_.size());
    }

    [[nodiscard]] std::size_t size() const noexcept { return books_.size(); }
    [[nodiscard]] const LiveBook& operator[](std::size_t i) const noexcept { return books_[i]; }
    [[nodiscard]] const FeatureSet& feature_set() const noexcept {
        return workers_.front().features;
    }

    // The number of the book of a symbol, or of a "venue:SYMBOL". Throws where there is none,
    // or where several venues have the symbol.
    [[nodiscard]] std::size_t index(const std::string& name) const {
        if (const auto found = names_.find(name); found != names_.end()) return found->second;
        const auto found = symbols_.find(name);
        if (found == symbols_.end()) {
            throw Error("symbol: expected one of the set's, received " +
                        DecodeError::shortened(name));
        }
        if (found->second == several) {
            throw Error("symbol: expected one with its venue, for several have it; received " +
                        name);
        }
        return found->second;
    }

    // ---- One message ------------------------------------------------------------------------

    Verdict apply_json(std::size_t i, std::string_view message, Nanos ts_recv_ns) {
        return books_[i].apply_json(message, ts_recv_ns, workers_.front().reader);
    }
    void apply_snapshot(std::size_t i, std::span<const Level> bids, std::span<const Level> asks,
                        const Told& told) {
        books_[i].apply_snapshot(bids, asks, told);
    }
    void apply_delta(std::size_t i, std::span<const Level> bids, std::span<const Level> asks,
                     const Told& told) {
        books_[i].apply_delta(bids, asks, told);
    }

    // ---- Many -------------------------------------------------------------------------------

    // Applies each message as apply_json does, those of one book in their order, and writes its
    // verdict. One that fails stops no other: it gets no_verdict, and once all are done the
    // first of them is thrown, with its number. Ids are numbers of books, the spans of one
    // size.
    void apply_json_many(const Messages& messages, std::span<std::uint8_t> verdicts,
                         std::size_t threads) {
        std::size_t bytes = 0;
        for (const std::string_view text : messages.texts) bytes += text.size();
        threads = workers_for(threads, bytes, bytes_worth_a_thread);
        sort_by_book(messages.ids);
        Share share(touched_.size(), threads);
        on_threads(threads, [&](std::size_t worker) noexcept {
            share.each(
                [&](std::size_t run) { apply_run(run, messages, verdicts, workers_[worker]); });
        });
        throw_first_failure(messages.ids, threads);
    }

    // Fills a row a book: NaN where the book is not in sync by proof or by somebody's word.
    void compute(std::span<double> out, std::size_t threads) {
        threads = workers_for(threads, size(), rows_worth_a_thread);
        const std::size_t width = feature_set().size();
        Share share(size(), threads);
        on_threads(threads, [&](std::size_t worker) noexcept {
            share.each([&](std::size_t i) {
                compute_row(books_[i].book(), out.subspan(i * width, width),
                            workers_[worker].features);
            });
        });
    }

    [[nodiscard]] std::size_t memory_usage() const noexcept {
        std::size_t bytes = sizeof(*this) + workers_.capacity() * sizeof(Worker) +
                            next_.capacity() * sizeof(std::uint32_t) +
                            queues_.capacity() * sizeof(Queue) +
                            touched_.capacity() * sizeof(std::uint32_t);
        for (const LiveBook& book : books_) bytes += book.memory_usage();
        return bytes;
    }

private:
    static constexpr std::size_t several = std::numeric_limits<std::size_t>::max();
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
    // A thread has to be worth its start: some 20 µs.
    static constexpr std::size_t bytes_worth_a_thread = 32'768;
    static constexpr std::size_t rows_worth_a_thread = 128;

    // The messages of one book in one call, as a chain through `next_`.
    struct Queue {
        std::uint32_t first = none;
        std::uint32_t last = none;
    };

    // What failed first, of what one thread applied.
    struct Failure {
        std::size_t count = 0;
        std::uint32_t message = none;
        std::exception_ptr error;
    };

    // What a thread needs besides a book; no two share a cache line.
    struct alignas(64) Worker {
        Worker(MessageReader own_reader, FeatureSet own_features)
            : reader(std::move(own_reader)), features(std::move(own_features)) {}

        MessageReader reader;
        FeatureSet features;
        Failure failure;
    };

    void name_next(const Instrument& instrument) {
        const auto& [grid, symbol, name] = instrument;
        if (!name.empty() && !names_.emplace(name, books_.size()).second) {
            throw Error("instruments: expected each once, received " + name + " twice");
        }
        if (symbol.empty()) return;
        const auto [place, is_new] = symbols_.emplace(symbol, books_.size());
        if (!is_new) place->second = several;
    }

    [[nodiscard]] std::size_t workers_for(std::size_t threads, std::size_t work,
                                          std::size_t worth_a_thread) {
        if (threads < 1 || threads > max_threads) {
            throw Error("threads: expected 1 to " + std::to_string(max_threads) +
                        ", received " + std::to_string(threads));
        }
        const std::size_t used = std::clamp<std::size_t>(work / worth_a_thread, 1, threads);
        while (workers_.size() < used) {
            workers_.emplace_back(MessageReader(format_), feature_set());
        }
        return used;
    }

    // Which order the books come in makes no difference; message by message each would be
    // fetched from memory anew.
    void sort_by_book(std::span<const std::int64_t> ids) {
        next_.assign(ids.size(), none);
        touched_.clear();
        for (std::uint32_t message = 0; message < ids.size(); ++message) {
            const auto id = static_cast<std::uint32_t>(ids[message]);
            Queue& queue = queues_[id];
            if (queue.first == none) {
                queue.first = message;
                touched_.push_back(id);
            } else {
                next_[queue.last] = message;
            }
            queue.last = message;
        }
    }

    // All messages of one book.
    void apply_run(std::size_t run, const Messages& messages, std::span<std::uint8_t> verdicts,
                   Worker& worker) noexcept {
        const std::uint32_t id = touched_[run];
        std::uint32_t message = queues_[id].first;
        queues_[id] = {};
        for (; message != none; message = next_[message]) {
            const Nanos ts_recv_ns =
                messages.ts_recv_ns.empty() ? absent : messages.ts_recv_ns[message];
            try {
                verdicts[message] = static_cast<std::uint8_t>(
                    books_[id].apply_json(messages.texts[message], ts_recv_ns, worker.reader));
            } catch (...) {
                verdicts[message] = no_verdict;
                note_failure(message, worker.failure);
            }
        }
    }

    static void note_failure(std::uint32_t message, Failure& failure) noexcept {
        ++failure.count;
        if (message > failure.message) return;
        failure.message = message;
        failure.error = std::current_exception();
    }

    // Names the message as the place of what went wrong.
    struct Place {
        std::string name;
        [[nodiscard]] const std::string& source() const noexcept { return name; }
        [[nodiscard]] static std::int64_t line() noexcept { return 0; }
    };

    void throw_first_failure(std::span<const std::int64_t> ids, std::size_t threads) {
        Failure all;
        for (Worker& worker : std::span(workers_).first(threads)) {
            Failure failure = std::exchange(worker.failure, {});
            failure.count += all.count;
            if (all.message < failure.message) {
                failure.message = all.message;
                failure.error = all.error;
            }
            all = failure;
        }
        if (all.count == 0) return;
        std::string place = "messages[" + std::to_string(all.message) + "] of book " +
                            std::to_string(ids[all.message]);
        if (all.count > 1)
            place += ", the first of " + std::to_string(all.count) + " that fail";
        with_place(Place{place}, [&] {
            try {
                std::rethrow_exception(all.error);
            } catch (const DecodeError&) {
                throw;
            } catch (const Error& error) {
                throw Error(place + ": " + error.what());
            }
        });
    }

    static void compute_row(const Book& book, std::span<double> row,
                            FeatureSet& features) noexcept {
        if (book.state == BookState::synced || book.state == BookState::unverified) {
            features.compute(book, row);
        } else {
            std::ranges::fill(row, std::numeric_limits<double>::quiet_NaN());
        }
    }

    Format format_;
    std::vector<LiveBook> books_;  // as many as reserved at the start: they never move
    std::vector<Worker> workers_;
    std::unordered_map<std::string, std::size_t> names_;
    std::unordered_map<std::string, std::size_t> symbols_;

    // Of the call that runs: kept for the next one, which then allocates nothing.
    std::vector<std::uint32_t> next_;     // the message behind it of the same book
    std::vector<Queue> queues_;           // of each book
    std::vector<std::uint32_t> touched_;  // the books that have messages
};

}  // namespace obcore
