#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "obcore/catalog.hpp"
#include "obcore/decimal.hpp"
#include "obcore/error.hpp"
#include "obcore/expression.hpp"
#include "obcore/integer.hpp"

namespace obcore {

// Chosen features of one book state, in order, as one vector of float64.
//
// Not thread-safe: it keeps the top of the book it reads as scratch space.
class FeatureSet {
public:
    static constexpr std::size_t max_depth = 1000;

    // None yet. `depth` is N, where a formula has one.
    explicit FeatureSet(std::size_t depth) : depth_(depth), view_(0) {
        if (depth < 1 || depth > max_depth) {
            throw Error("depth: expected 1 to " + std::to_string(max_depth) + ", received " +
                        std::to_string(depth));
        }
        require_levels(3);  // the adjusted mids read three
    }

    // `chosen` is a list with commas, of features and of the sets standard, all and collector:
    // "spread, obi_5, vwap(levels=10)".
    explicit FeatureSet(std::string_view chosen, std::size_t depth = 10) : FeatureSet(depth) {
        for (const std::string_view name : Expression::split(chosen)) append(name);
    }

    [[nodiscard]] static bool is_set(std::string_view name) noexcept {
        return name == "standard" || name == "all" || name == "collector";
    }

    // A feature that is chosen once at most, or a set of such.
    void append(std::string_view name) {
        if (name == "standard") {
            add_standard();
        } else if (name == "all") {
            add_all();
        } else if (name == "collector") {
            for (const char* part : {"spread", "mid_price", "obi_20", "bid_vol(levels=20)",
                                     "ask_vol(levels=20)"}) {
                add(part);
            }
        } else {
            add(name);
        }
    }

    // The place of a feature that may be there already, as what others read.
    std::size_t include(std::string_view name) {
        const Column column = resolve(Expression(name));
        const auto found = std::ranges::find(names_, column.name);
        if (found != names_.end()) return static_cast<std::size_t>(found - names_.begin());
        push(column);
        return size() - 1;
    }

    // Whether the catalogue of one state has it, by its name without arguments.
    [[nodiscard]] static bool knows(std::string_view name) {
        std::size_t number = 0;
        return find(name, number) != nullptr;
    }

    // For readers of view() that look deeper than the formulas do.
    void require_levels(std::size_t levels) {
        if (levels <= levels_) return;
        levels_ = levels;
        view_ = DepthView(levels);
    }

    [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }
    [[nodiscard]] std::size_t size() const noexcept { return columns_.size(); }
    [[nodiscard]] std::size_t depth() const noexcept { return depth_; }
    // The top of the book that was computed last.
    [[nodiscard]] const DepthView& view() const noexcept { return view_; }

    void load(const Book& book) { view_.load(book); }

    // Fills out[0 … size()).
    void compute(const Book& book, std::span<double> out) {
        load(book);
        std::size_t filled = starts_standard_ ? fill_standard(out) : 0;
        for (; filled < columns_.size(); ++filled) {
            out[filled] = columns_[filled].compute(view_, columns_[filled].parameters);
        }
    }

private:
    struct Computed {
        formula::Formula compute;
        formula::Parameters parameters;
    };

    void add_standard() {
        starts_standard_ = starts_standard_ || columns_.empty();
        for (const Feature& feature : catalog) {
            if (feature.source != sources::standard || feature.name.back() == '_') continue;
            add(feature.name);
        }
        for (const std::string side : {"bid", "ask"}) {
            for (std::size_t i = 0; i < depth_; ++i) {
                add(side + "_price_offset_" + std::to_string(i));
                add(side + "_vol_" + std::to_string(i));
            }
        }
    }

    void add_all() {
        add_standard();
        for (const char* name : {"obi_1", "obi_3", "obi_5", "obi_10", "obi_20"}) add(name);
        for (std::size_t k = 1; k <= depth_; ++k) add("imbalance_level_" + std::to_string(k));
        for (const Feature& feature : catalog) {
            if (feature.source == sources::standard || feature.name.back() == '_') continue;
            add(feature.name);
        }
    }

    // The standard vector without a call through a pointer for each of its values.
    [[nodiscard]] std::size_t fill_standard(std::span<double> out) const {
        namespace f = formula;
        const f::Parameters top{.levels = depth_, .weight = {}};
        const f::Parameters five{.levels = 5, .weight = {}};
        std::size_t i = 0;
        out[i++] = f::mid_price(view_, top);
        out[i++] = f::spread(view_, top);
        out[i++] = f::normalized_spread(view_, top);
        out[i++] = f::log_mid_price(view_, top);
        out[i++] = f::bid_vol(view_, top);
        out[i++] = f::ask_vol(view_, top);
        out[i++] = f::total_vol(view_, top);
        out[i++] = f::net_flow(view_, top);
        out[i++] = f::bid_ask_ratio(view_, top);
        out[i++] = f::vwap_bid(view_, top);
        out[i++] = f::vwap_ask(view_, top);
        out[i] = f::vwap_mid_between(out[i - 2], out[i - 1], view_, top);
        ++i;
        out[i++] = f::imbalance(view_, top);
        out[i++] = f::best_bid_qty(view_, top);
        out[i++] = f::best_ask_qty(view_, top);
        out[i++] = f::best_qty_diff(view_, top);
        out[i++] = f::bid_vol(view_, five);
        out[i++] = f::ask_vol(view_, five);
        f::fill_levels(view_, view_.bids, depth_, &out[i]);
        f::fill_levels(view_, view_.asks, depth_, &out[i + 2 * depth_]);
        return i + 4 * depth_;
    }

    // ---- Names ----------------------------------------------------------------------------

    // The catalogue's row for a name without arguments, and the number that the name ends in.
    [[nodiscard]] static const Feature* find(std::string_view name, std::size_t& number) {
        for (const Feature& feature : catalog) {
            if (feature.name == name) return feature.name.back() == '_' ? nullptr : &feature;
            if (feature.name.back() != '_' || !name.starts_with(feature.name)) continue;
            if (const auto found = Expression::number_behind(feature.name, name)) {
                number = *found;
                return &feature;
            }
        }
        return nullptr;
    }

    // A feature's arguments as its name gives them, the weight as the exact decimal it is.
    struct StateArguments {
        std::size_t levels = 0;
        Decimal weight;

        friend bool operator==(const StateArguments&, const StateArguments&) = default;
    };

    struct Column {
        std::string name;
        formula::Formula compute;
        formula::Parameters parameters;
    };

    [[nodiscard]] Column resolve(const Expression& wanted) const {
        std::size_t number = 0;
        const Feature* feature = find(wanted.name, number);
        if (feature == nullptr) {
            wanted.fail("the name of a set or of a feature in the catalogue");
        }
        const StateArguments defaults = default_arguments(*feature, number);
        StateArguments arguments = defaults;
        for (const auto& setting : wanted.settings) {
            set_argument(*feature, setting, wanted, arguments);
        }
        if (!wanted.inputs.empty()) wanted.fail("arguments as the catalogue lists them");
        const formula::Parameters parameters = checked(*feature, arguments, wanted);
        return {column_name(*feature, wanted.name, arguments, defaults), feature->compute,
                parameters};
    }

    void add(std::string_view name) {
        const Expression wanted(name);
        const Column column = resolve(wanted);
        if (std::ranges::find(names_, column.name) != names_.end()) {
            wanted.fail("each feature once");
        }
        push(column);
    }

    void push(const Column& column) {
        names_.push_back(column.name);
        columns_.push_back({column.compute, column.parameters});
        require_levels(column.parameters.levels);
    }

    [[nodiscard]] StateArguments default_arguments(const Feature& feature,
                                                   std::size_t number) const {
        StateArguments out{feature.default_levels, {}};
        if (!feature.weight_name.empty()) out.weight = read_decimal(feature.default_weight);
        if (feature.naming == Naming::from_zero) out.levels = number + 1;
        if (feature.naming == Naming::from_one) out.levels = number;
        if (feature.naming == Naming::levels && out.levels == 0) out.levels = depth_;
        return out;
    }

    static void set_argument(const Feature& feature, const Expression::Setting& setting,
                             const Expression& wanted, StateArguments& arguments) {
        bool understood = false;
        if (setting.key == "levels" && feature.naming == Naming::levels) {
            understood = read_integer(setting.value, arguments.levels);
        } else if (!feature.weight_name.empty() && setting.key == feature.weight_name) {
            arguments.weight = read_decimal(setting.value);
            understood = arguments.weight.fault == Decimal::Fault::none;
        }
        if (!understood) wanted.fail("arguments as the catalogue lists them");
    }

    [[nodiscard]] static formula::Parameters checked(const Feature& feature,
                                                     const StateArguments& arguments,
                                                     const Expression& wanted) {
        const bool counts = feature.naming != Naming::plain;
        if (counts && (arguments.levels < 1 || arguments.levels > max_depth)) {
            wanted.fail("1 to " + std::to_string(max_depth) + " levels");
        }
        if (feature.weight_name.empty()) return {.levels = arguments.levels, .weight = {}};

        const Decimal& weight = arguments.weight;
        if (weight.decimals < 0 || weight.decimals > max_decimals) {
            wanted.fail("a weight of at most 18 decimals");
        }
        const std::uint64_t unit = powers_of_ten[static_cast<std::size_t>(weight.decimals)];
        const bool fraction =
            weight.mantissa > 0 && weight.mantissa <= unit && !weight.negative;
        if (feature.weight_name == "decay" && !fraction) wanted.fail("a decay in (0, 1]");
        return {.levels = arguments.levels,
                .weight = DoubleDouble(weight.signed_mantissa()) / DoubleDouble(Int128{unit})};
    }

    // Default parameters give the bare name, others say so.
    [[nodiscard]] static std::string column_name(const Feature& feature, std::string_view base,
                                                 const StateArguments& used,
                                                 const StateArguments& defaults) {
        std::string list;
        if (used.levels != defaults.levels) list = "levels=" + std::to_string(used.levels);
        if (used.weight != defaults.weight) {
            const Step step{1, used.weight.decimals, used.weight.decimals};
            list += (list.empty() ? "" : ", ") + std::string(feature.weight_name) + '=' +
                    to_text(used.weight.signed_mantissa(), step);
        }
        const std::string name(base);
        return list.empty() ? name : name + '(' + list + ')';
    }

    std::size_t depth_;
    std::vector<std::string> names_;
    std::vector<Computed> columns_;
    bool starts_standard_ = false;
    std::size_t levels_ = 0;
    DepthView view_;
};

}  // namespace obcore
