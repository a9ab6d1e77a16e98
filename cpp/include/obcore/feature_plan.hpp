#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

#include "obcore/expression.hpp"
#include "obcore/feature_set.hpp"
#include "obcore/integer.hpp"
#include "obcore/registry.hpp"
#include "obcore/shared_windows.hpp"
#include "obcore/stateful.hpp"
#include "obcore/stateful_catalog.hpp"

namespace obcore {

// How a FeatureEngine is to be built.
struct FeatureOptions {
    // Names with commas between them, sets among them: standard, all, collector, stateful.
    std::string features = "standard";
    std::size_t depth = 10;  // N, where a formula has one
    bool source = false;     // the article's signs and lags, for parity with it alone
    // Of integrated_ofi, from level 1 on; none: ten equal ones.
    std::vector<double> ofi_weights = {};  // NOLINT(readability-redundant-member-init): for GCC
    const Registry* registry = nullptr;    // features of the user
};

// What was asked for, and what has to be computed for it, in an order in which it can be: first
// the features of one book state, then those that remember, each behind what it reads. The
// place of a feature in that order is its slot.
class FeaturePlan {
public:
    static constexpr int max_nesting = 8;

    // A feature that remembers.
    struct Column {
        std::string name;
        std::unique_ptr<StatefulFeature> feature;
        std::optional<std::size_t> input;
        bool is_users = false;
    };

    // Features of one class that stand side by side, and the slot of the first.
    struct Run {
        std::size_t slot = 0;
        std::vector<StatefulFeature*> features;
    };

    // Values that are asked for in the order in which they are computed.
    struct Piece {
        std::size_t slot = 0;
        std::size_t size = 0;
    };

    // Throws Error where a name or a setting is not in the catalogue.
    explicit FeaturePlan(const FeatureOptions& options)
        : registry_(options.registry), weights_(options.ofi_weights), state_(options.depth) {
        check_weights();
        choose(options.features);
        arrange();
    }

    // What was asked for: names, and the slots of the values.
    [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }
    [[nodiscard]] const std::vector<std::size_t>& outputs() const noexcept { return outputs_; }
    [[nodiscard]] const std::vector<Piece>& pieces() const noexcept { return pieces_; }

    // What is computed: slots 0 … state().size() are of one book state, features() follow.
    [[nodiscard]] std::size_t slots() const noexcept {
        return state_.size() + features_.size();
    }
    [[nodiscard]] const FeatureSet& state() const noexcept { return state_; }
    [[nodiscard]] FeatureSet& state() noexcept { return state_; }
    [[nodiscard]] const std::vector<Column>& features() const noexcept { return features_; }
    [[nodiscard]] std::vector<Column>& features() noexcept { return features_; }
    // The same by when they are asked: only where trades were seen, or at each state.
    [[nodiscard]] const std::vector<Run>& of_trades() const noexcept { return of_trades_; }
    [[nodiscard]] const std::vector<Run>& of_states() const noexcept { return of_states_; }
    [[nodiscard]] const std::vector<StatefulFeature*>& users() const noexcept { return users_; }
    [[nodiscard]] const EngineWindows& shared() const noexcept { return *shared_; }
    [[nodiscard]] EngineWindows& shared() noexcept { return *shared_; }

    [[nodiscard]] const std::vector<double>& weights() const noexcept { return weights_; }
    // Whether a window is of a duration.
    [[nodiscard]] bool needs_clock() const noexcept { return needs_clock_; }

private:
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
            if (std::ranges::find(outputs_, slot) != outputs_.end()) {
                Expression(wanted[i]).fail("each feature once");
            }
            outputs_.push_back(slot);
            names_.push_back(slot < state_.size() ? state_.names()[slot]
                                                  : features_[slot - state_.size()].name);
        }
    }

    // In what steps the engine computes and hands over what was chosen.
    void arrange() {
        for (std::size_t i = 0; i < features_.size(); ++i) {
            StatefulFeature& feature = *features_[i].feature;
            const std::size_t slot = state_.size() + i;
            const bool reads_trades = feature.reads() == Reads::trades;
            append(reads_trades ? of_trades_ : of_states_, feature, slot);
            if (features_[i].is_users) users_.push_back(&feature);
        }
        for (const std::size_t slot : outputs_) {
            if (pieces_.empty() || pieces_.back().slot + pieces_.back().size != slot) {
                pieces_.push_back({slot, 0});
            }
            ++pieces_.back().size;
        }
    }

    static void append(std::vector<Run>& runs, StatefulFeature& feature, std::size_t slot) {
        const auto continues = [&](const Run& run) {
            const StatefulFeature& other = *run.features.front();
            return run.slot + run.features.size() == slot && typeid(other) == typeid(feature);
        };
        if (runs.empty() || !continues(runs.back())) runs.push_back({slot, {}});
        runs.back().features.push_back(&feature);
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
            if (row.is_named(wanted.name)) return &row;
        }
        if (registry_ == nullptr) return nullptr;
        for (const StatefulRow& row : registry_->rows()) {
            if (row.is_named(wanted.name)) return &row;
        }
        return nullptr;
    }

    [[nodiscard]] std::size_t slot_of(std::string_view text) {
        const Expression wanted(text);
        const StatefulRow* row = find(wanted);
        if (row == nullptr) return state_.include(text);

        Arguments arguments;
        arguments.shared = shared_.get();
        arguments.weights = weights_;
        arguments.level = row->number_in(wanted.name).value_or(1);
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
        if (weights_.empty()) weights_.assign(order_flow::max_weights, 0.1);
        if (weights_.size() > order_flow::max_weights ||
            !std::ranges::all_of(weights_, [](double w) { return std::isfinite(w); })) {
            throw Error("ofi_weights: expected 1 to " +
                        std::to_string(order_flow::max_weights) + " finite numbers, received " +
                        std::to_string(weights_.size()));
        }
    }

    const Registry* registry_;
    std::vector<double> weights_;
    FeatureSet state_;
    std::unique_ptr<EngineWindows> shared_ = std::make_unique<EngineWindows>();
    std::vector<Column> features_;
    std::vector<std::string> names_;
    std::vector<std::size_t> outputs_;
    std::vector<Piece> pieces_;
    std::vector<Run> of_trades_;
    std::vector<Run> of_states_;
    std::vector<StatefulFeature*> users_;
    bool needs_clock_ = false;
};

}  // namespace obcore
