#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "obcore/book.hpp"
#include "obcore/expression.hpp"
#include "obcore/feature_set.hpp"
#include "obcore/integer.hpp"
#include "obcore/registry.hpp"
#include "obcore/rolling_features.hpp"
#include "obcore/saved_state.hpp"
#include "obcore/stateful.hpp"
#include "obcore/stateful_catalog.hpp"
#include "obcore/trade_flow.hpp"
#include "obcore/units.hpp"

namespace obcore {

// How a FeatureEngine is to be built.
struct FeatureOptions {
    // Names with commas between them, sets among them: standard, all, collector, stateful.
    std::string features = "standard";
    std::size_t depth = 10;  // N, where a formula has one
    bool source = false;     // the article's signs and lags, for parity with it alone
    std::vector<double>
        ofi_weights;  // of integrated_ofi, from level 1 on; none: ten equal ones
    const Registry* registry = nullptr;  // features of the user; outlives the engine
};

// Features of one book state and features that remember, as one vector for each state.
//
// Shown the states and trades of one stream in order of arrival. A trade is seen at the first
// state that is later than it on every clock that both carry, never before: it may arrive with
// the depth that it caused. A recording and a live feed drive the same object, so both give
// the same bits. O(1) a state; allocates nothing once its windows are full. Not thread-safe.
class FeatureEngine final : private SharedWindows {
public:
    static constexpr int max_nesting = 8;

    explicit FeatureEngine(const FeatureOptions& options)
        : source_(options.source),
          registry_(options.registry),
          weights_(options.ofi_weights),
          state_(options.depth),
          waiting_(options.source ? TradeQueue::Rule::not_after
                                  : TradeQueue::Rule::strictly_before) {
        check_weights();
        choose(options.features);
    }

    [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }
    [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }
    [[nodiscard]] bool is_source() const noexcept { return source_; }
    [[nodiscard]] std::int64_t states() const noexcept { return number_; }  // since a reset
    [[nodiscard]] std::size_t waiting_trades() const noexcept { return waiting_.waiting(); }

    // ---- Events -----------------------------------------------------------------------------

    // Throws DecodeError on a trade without any time.
    void on_trade(const TimedTrade& trade) {
        if (trade.times.best() == absent) {
            throw DecodeError("trade", "a venue time or a receive time", "neither");
        }
        if (features_.empty()) return;
        waiting_.arrive(trade, [this](const TimedTrade& early) { see(early); });
        if (source_) {
            lagged_waiting_.arrive(trade,
                                   [this](const TimedTrade& early) { lagged_.see(early); });
        }
    }

    // The book shows a new state. Throws before anything is remembered.
    void on_state(const Book& book) {
        if (features_.empty()) {
            ++number_;
            return;
        }
        const Times times{book.ts_event_ns, book.ts_recv_ns};
        const Nanos now = clock_at(times);
        if (needs_clock_ && now == absent) {
            throw DecodeError("window", "states with times, for a window of a duration",
                              "a state without");
        }
        now_ = now;
        if (++number_ == 1) first_ = now_;
        waiting_.release(
            times, [this](const TimedTrade& trade) { see(trade); },
            [this] { forget_trades(); });
        if (source_) {
            lagged_waiting_.release(
                times, [this](const TimedTrade& trade) { lagged_.see(trade); },
                [this] { lagged_ = {}; });
        }
        state_.compute(book, values_);
        const Situation situation = at(times);
        for (std::size_t i = 0; i < features_.size(); ++i) {
            values_[state_.size() + i] = features_[i].feature->on_state(situation);
        }
    }

    // For mode "source", where rows are trades: the merged trade is part of its own row, the
    // article's lagged features see those before it. Instead of on_trade().
    void on_source_trade(const TimedTrade& trade) {
        lagged_ = trades_;
        see(trade);
        const Situation situation = at(trade.times);
        for (std::size_t i = 0; i < features_.size(); ++i) {
            StatefulFeature& feature = *features_[i].feature;
            if (!feature.reads_trades_only()) continue;
            values_[state_.size() + i] = feature.on_state(situation);
        }
    }

    // Fills out[0 … size()) with the vector of the last state, which is the book's present one.
    void fill(const Book& book, std::span<double> out) {
        if (features_.empty()) {
            state_.compute(book, out);
            return;
        }
        for (std::size_t i = 0; i < slots_.size(); ++i) out[i] = values_[slots_[i]];
    }

    // Forgets everything, trades that wait included: behind a gap nothing goes on.
    void reset() {
        number_ = 0;
        now_ = first_ = absent;
        waiting_.clear();
        lagged_waiting_.clear();
        forget_trades();
        lagged_ = {};
        for (SharedMoments& window : windows_) window.reset();
        for (Column& column : features_) column.feature->reset();
        std::ranges::fill(values_, undefined);
    }

    // A finer grid: what is remembered moves onto it, all of it or nothing.
    void rescale(const Rescale& factors) {
        const std::string before = memory();
        try {
            trades_.rescale(factors);
            lagged_.rescale(factors);
            waiting_.rescale(factors);
            lagged_waiting_.rescale(factors);
            for (Column& column : features_) column.feature->rescale(factors);
        } catch (...) {
            load(before);
            throw;
        }
    }

    // ---- Warm-up ----------------------------------------------------------------------------

    struct Missing {
        std::string feature;
        std::string what;  // "12 of 20 states"
    };

    // The features that are not warm yet, and what they wait for.
    [[nodiscard]] std::vector<Missing> missing() const {
        std::vector<Missing> out;
        for (std::size_t i = 0; i < names_.size(); ++i) {
            std::string what = number_ == 0 ? "a first state" : missing_at(slots_[i]);
            if (!what.empty()) out.push_back({names_[i], std::move(what)});
        }
        return out;
    }

    // ---- Saved state ------------------------------------------------------------------------

    // All that it remembers. What restores it goes on to the same bits.
    [[nodiscard]] std::string save(const Grid& grid) const {
        StateWriter out;
        out.text(description(grid));
        out.text(memory());
        out.put(checksum(out.bytes()));
        return out.bytes();
    }

    // Throws and stays as it was where the bytes are damaged or of another engine.
    void restore(std::string_view bytes, const Grid& grid) {
        if (bytes.size() < sizeof(std::uint64_t)) StateReader::fail("fewer");
        const auto body = bytes.substr(0, bytes.size() - sizeof(std::uint64_t));
        if (StateReader(bytes.substr(body.size())).get<std::uint64_t>() != checksum(body)) {
            StateReader::fail("damaged ones");
        }
        StateReader in(body);
        const std::string_view saved = in.text();
        if (saved != description(grid)) {
            throw Error("saved state: expected " + description(grid) + ", received " +
                        std::string(saved));
        }
        const std::string before = memory();
        try {
            load(in.text());
        } catch (...) {
            load(before);
            throw;
        }
    }

private:
    struct Column {
        std::string name;
        std::unique_ptr<StatefulFeature> feature;
        std::optional<std::size_t> input;
        bool is_users = false;
    };

    // ---- Choosing ---------------------------------------------------------------------------

    // State features first, for their slots come first; then those that remember, each behind
    // what it reads.
    void choose(const std::string& list) {
        std::vector<std::string> wanted;
        std::vector<std::optional<std::size_t>> known;
        const auto want = [&](std::string_view name, std::optional<std::size_t> slot) {
            wanted.emplace_back(name);
            known.push_back(slot);
        };
        for (const std::string_view part : Expression::split(list)) {
            if (part == "stateful") {
                for (const std::string& name : stateful_set()) want(name, std::nullopt);
            } else if (find(Expression(part)) != nullptr) {
                want(part, std::nullopt);
            } else {
                std::size_t slot = state_.size();
                state_.append(part);
                for (; slot < state_.size(); ++slot) want(state_.names()[slot], slot);
            }
        }
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            if (!known[i]) include_inputs(wanted[i], 0);
        }
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            const std::optional<std::size_t>& state_slot = known[i];
            const std::size_t slot = state_slot ? *state_slot : slot_of(wanted[i]);
            if (std::ranges::find(slots_, slot) != slots_.end()) {
                Expression(wanted[i]).fail("each feature once");
            }
            slots_.push_back(slot);
            names_.push_back(slot < state_.size() ? state_.names()[slot]
                                                  : features_[slot - state_.size()].name);
        }
        values_.assign(state_.size() + features_.size(), undefined);
    }

    void include_inputs(std::string_view text, int nesting) {
        const Expression wanted(text);
        if (nesting > max_nesting) {
            wanted.fail("at most " + std::to_string(max_nesting) + " features in each other");
        }
        const StatefulRow* row = find(wanted);
        if (row == nullptr) {
            state_.include(text);
            return;
        }
        if (!row->reads_feature && !wanted.inputs.empty()) {
            wanted.fail("settings as the catalogue lists them");
        }
        if (row->reads_feature && (wanted.inputs.size() != 1 || wanted.inputs[0].empty())) {
            wanted.fail("one feature that it reads, as in mean(obi_1)");
        }
        for (const std::string_view input : wanted.inputs) include_inputs(input, nesting + 1);
    }

    // The catalogue's row, the user's included; none for a feature of one state.
    [[nodiscard]] const StatefulRow* find(const Expression& wanted) const {
        for (const StatefulRow& row : stateful_catalog) {
            if (row.name == wanted.name && row.levels > 0) return &row;
            if (number_behind(row, wanted)) return &row;
        }
        if (registry_ == nullptr) return nullptr;
        for (const StatefulRow& row : registry_->rows()) {
            if (row.name == wanted.name) return &row;
        }
        return nullptr;
    }

    [[nodiscard]] static std::optional<std::size_t> number_behind(const StatefulRow& row,
                                                                  const Expression& wanted) {
        std::size_t number = 0;
        const bool same_word = row.levels == 0 && wanted.name.starts_with(row.name);
        if (!same_word || !read_integer(wanted.name.substr(row.name.size()), number)) {
            return std::nullopt;
        }
        return number;
    }

    [[nodiscard]] std::size_t slot_of(std::string_view text) {
        const Expression wanted(text);
        const StatefulRow* row = find(wanted);
        if (row == nullptr) return state_.include(text);

        Arguments arguments;
        arguments.shared = this;
        arguments.weights = weights_;
        arguments.level = number_behind(*row, wanted).value_or(1);
        if (arguments.level < 1 || arguments.level > FeatureSet::max_depth) {
            wanted.fail("level 1 to " + std::to_string(FeatureSet::max_depth));
        }
        std::string list;
        std::optional<std::size_t> input;
        if (row->reads_feature) {
            input = arguments.input = slot_of(wanted.inputs[0]);
            list = name_of(arguments.input);
        }
        list += set_windows(*row, wanted, arguments);
        std::string name(wanted.name);
        if (!list.empty()) name += '(' + (list.starts_with(", ") ? list.substr(2) : list) + ')';

        for (std::size_t i = 0; i < features_.size(); ++i) {
            if (features_[i].name == name) return state_.size() + i;
        }
        const std::size_t depth = row->levels == 0 ? arguments.level : row->levels;
        state_.require_levels(depth);
        const bool is_users = registry_ != nullptr && is_row_of(*registry_, row);
        features_.push_back({std::move(name), row->make(arguments), input, is_users});
        return state_.size() + features_.size() - 1;
    }

    // Returns what the column's name says of them: those that are not the preset ones.
    std::string set_windows(const StatefulRow& row, const Expression& wanted,
                            Arguments& arguments) {
        for (std::size_t i = 0; i < row.settings.size(); ++i) {
            if (row.settings[i].key.empty()) continue;
            arguments.windows[i] = window_from(row.settings[i].preset, wanted);
        }
        for (const auto& setting : wanted.settings) {
            const auto place =
                std::ranges::find(row.settings, setting.key, &StatefulRow::Setting::key);
            if (setting.key.empty() || place == row.settings.end()) {
                wanted.fail("settings as the catalogue lists them");
            }
            const auto i = static_cast<std::size_t>(place - row.settings.begin());
            arguments.windows[i] = window_from(setting.value, wanted);
        }
        std::string list;
        for (std::size_t i = 0; i < row.settings.size(); ++i) {
            if (row.settings[i].key.empty()) continue;
            needs_clock_ = needs_clock_ || arguments.windows[i].is_timed();
            const std::string text = arguments.windows[i].text();
            if (text == row.settings[i].preset) continue;
            list += ", " + std::string(row.settings[i].key) + '=' + text;
        }
        return list;
    }

    [[nodiscard]] static Window window_from(std::string_view text, const Expression& wanted) {
        const auto window = Window::from_text(text);
        if (!window) wanted.fail("a window of 1 to 1048576 states, or of a time such as 500ms");
        return *window;
    }

    [[nodiscard]] static bool is_row_of(const Registry& registry, const StatefulRow* row) {
        return std::ranges::any_of(registry.rows(),
                                   [&](const StatefulRow& one) { return &one == row; });
    }

    [[nodiscard]] const std::string& name_of(std::size_t slot) const {
        return slot < state_.size() ? state_.names()[slot]
                                    : features_[slot - state_.size()].name;
    }

    void check_weights() {
        if (weights_.empty()) weights_.assign(order_flow::Integrated::max_levels, 0.1);
        if (weights_.size() > order_flow::Integrated::max_levels ||
            !std::ranges::all_of(weights_, [](double w) { return std::isfinite(w); })) {
            throw Error("ofi_weights: expected 1 to " +
                        std::to_string(order_flow::Integrated::max_levels) +
                        " finite numbers, received " + std::to_string(weights_.size()));
        }
    }

    [[nodiscard]] SharedMoments& moments(std::size_t input, Window window) override {
        for (SharedMoments& shared : windows_) {
            if (shared.holds(input, window)) return shared;
        }
        return windows_.emplace_back(input, window);
    }

    // ---- Running ----------------------------------------------------------------------------

    void see(const TimedTrade& trade) {
        trades_.see(trade);
        for (Column& column : features_) {
            if (column.is_users) column.feature->on_trade(trade);
        }
    }

    void forget_trades() { trades_ = {}; }

    // The clock of windows: the venue's where the first state has it, else ours; it never runs
    // back, and stands still where a state lacks it.
    [[nodiscard]] Nanos clock_at(const Times& times) {
        if (number_ == 0) on_venue_clock_ = times.ts_event_ns != absent;
        if (number_ > 0 && now_ == absent) return absent;  // the first state had no time
        return std::max(now_, on_venue_clock_ ? times.ts_event_ns : times.ts_recv_ns);
    }

    [[nodiscard]] Situation at(const Times& times) const {
        return {state_.view(), trades_, values_, times,
                now_,          first_,  number_, source_ ? &lagged_ : nullptr};
    }

    [[nodiscard]] std::string missing_at(std::size_t slot) const {
        if (slot < state_.size()) return {};
        const Column& column = features_[slot - state_.size()];
        std::string what = column.feature->missing(at({now_, now_}));
        if (what.empty() && column.input) what = missing_at(*column.input);
        return what;
    }

    // ---- Memory -----------------------------------------------------------------------------

    [[nodiscard]] std::string description(const Grid& grid) const {
        std::string text = "obcore features 1 of ";
        for (const std::string& name : names_) text += name + ", ";
        text += "depth " + std::to_string(state_.depth()) + ", tick " + to_text(grid.tick) +
                ", lot " + to_text(grid.lot) + (source_ ? ", mode source" : "");
        StateWriter weights;
        for (const double weight : weights_) weights.put(weight);
        return text + ", weights " + std::to_string(checksum(weights.bytes()));
    }

    [[nodiscard]] std::string memory() const {
        StateWriter out;
        out.put(number_);
        out.put(now_);
        out.put(first_);
        out.put(on_venue_clock_);
        out.put(trades_);
        out.put(lagged_);
        waiting_.save(out);
        lagged_waiting_.save(out);
        for (const SharedMoments& window : windows_) window.save(out);
        for (const Column& column : features_) column.feature->save(out);
        for (const double value : values_) out.put(value);
        return out.bytes();
    }

    void load(std::string_view bytes) {
        StateReader in(bytes);
        in.get(number_);
        in.get(now_);
        in.get(first_);
        in.get(on_venue_clock_);
        in.get(trades_);
        in.get(lagged_);
        waiting_.load(in);
        lagged_waiting_.load(in);
        for (SharedMoments& window : windows_) window.load(in);
        for (Column& column : features_) column.feature->load(in);
        for (double& value : values_) in.get(value);
        if (!in.at_end()) StateReader::fail("more");
    }

    bool source_;
    const Registry* registry_;
    std::vector<double> weights_;
    FeatureSet state_;                   // slots 0 … state_.size()
    std::deque<SharedMoments> windows_;  // a deque: features hold references
    std::vector<Column> features_;       // slots from state_.size() on
    std::vector<std::string> names_;     // of what was asked for
    std::vector<std::size_t> slots_;     // where that stands in values_
    std::vector<double> values_;         // of the last state
    bool needs_clock_ = false;

    TradeQueue waiting_;
    TradeFlow trades_;
    TradeQueue lagged_waiting_{TradeQueue::Rule::strictly_before};
    TradeFlow lagged_;
    std::int64_t number_ = 0;  // states since the last reset
    Nanos now_ = absent;
    Nanos first_ = absent;
    bool on_venue_clock_ = false;
};

}  // namespace obcore
