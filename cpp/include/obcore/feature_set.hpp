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
#include "obcore/integer.hpp"

namespace obcore {

// Chosen features of one book state, in order, as one vector of float64.
//
// Not thread-safe: it keeps the top of the book it reads as scratch space.
class FeatureSet {
public:
    static constexpr std::size_t max_depth = 1000;

    // `chosen` is the name of a set (standard, all, collector) or feature names with commas
    // between them, "spread, obi_5, vwap(levels=10)". `depth` is N, where a formula has one.
    explicit FeatureSet(std::string_view chosen, std::size_t depth = 10)
        : depth_(depth), view_(0) {
        if (depth < 1 || depth > max_depth) {
            throw Error("depth: expected 1 to " + std::to_string(max_depth) + ", received " +
                        std::to_string(depth));
        }
        if (chosen == "standard") {
            add_standard();
        } else if (chosen == "all") {
            add_all();
        } else if (chosen == "collector") {
            for (const char* name : {"spread", "mid_price", "obi_20", "bid_vol(levels=20)",
                                     "ask_vol(levels=20)"}) {
                add(name);
            }
        } else {
            for (const std::string_view name : split(chosen)) add(name);
        }
        std::size_t needed = 1;
        for (const Column& column : columns_) {
            needed = std::max(needed, column.parameters.levels);
        }
        view_ = DepthView(std::max<std::size_t>(needed, 3));  // the adjusted mids read three
    }

    [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }
    [[nodiscard]] std::size_t size() const noexcept { return columns_.size(); }
    [[nodiscard]] std::size_t depth() const noexcept { return depth_; }

    // Fills out[0 … size()).
    void compute(const Book& book, std::span<double> out) {
        view_.load(book);
        std::size_t filled = starts_standard_ ? fill_standard(out) : 0;
        for (; filled < columns_.size(); ++filled) {
            out[filled] = columns_[filled].compute(view_, columns_[filled].parameters);
        }
    }

private:
    struct Column {
        formula::Formula compute;
        formula::Parameters parameters;
    };

    void add_standard() {
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
        starts_standard_ = true;
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
        out[i++] = f::vwap_mid(view_, top);
        out[i++] = f::imbalance(view_, top);
        out[i++] = f::best_bid_qty(view_, top);
        out[i++] = f::best_ask_qty(view_, top);
        out[i++] = f::best_qty_diff(view_, top);
        out[i++] = f::bid_vol(view_, five);
        out[i++] = f::ask_vol(view_, five);
        for (std::size_t level = 1; level <= depth_; ++level) {
            out[i++] = f::bid_price_offset(view_, {.levels = level, .weight = {}});
            out[i++] = f::bid_level_vol(view_, {.levels = level, .weight = {}});
        }
        for (std::size_t level = 1; level <= depth_; ++level) {
            out[i++] = f::ask_price_offset(view_, {.levels = level, .weight = {}});
            out[i++] = f::ask_level_vol(view_, {.levels = level, .weight = {}});
        }
        return i;
    }

    // ---- Names ----------------------------------------------------------------------------

    [[nodiscard]] static std::string_view trim(std::string_view text) {
        const auto first = text.find_first_not_of(" \t\n");
        if (first == std::string_view::npos) return {};
        return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
    }

    // At the commas outside of parentheses.
    [[nodiscard]] static std::vector<std::string_view> split(std::string_view text) {
        std::vector<std::string_view> parts;
        int nesting = 0;
        std::size_t start = 0;
        for (std::size_t i = 0; i <= text.size(); ++i) {
            const char c = i < text.size() ? text[i] : ',';
            nesting += (c == '(') - (c == ')');
            const bool ends = i == text.size() || (c == ',' && nesting <= 0);
            if (!ends) continue;
            parts.push_back(trim(text.substr(start, i - start)));
            start = i + 1;
        }
        return parts;
    }

    [[noreturn]] static void fail(std::string_view name, const std::string& expected) {
        throw Error("feature: expected " + expected + ", received '" + std::string(name) + "'");
    }

    // The catalogue's row for a name without arguments, and the number that the name ends in.
    [[nodiscard]] static const Feature* find(std::string_view name, std::size_t& number) {
        for (const Feature& feature : catalog) {
            if (feature.name == name) return feature.name.back() == '_' ? nullptr : &feature;
            if (feature.name.back() != '_' || !name.starts_with(feature.name)) continue;
            const std::string_view digits = name.substr(feature.name.size());
            if (read_integer(digits, number)) return &feature;
        }
        return nullptr;
    }

    // A feature's arguments as its name gives them, the weight as the exact decimal it is.
    struct Arguments {
        std::size_t levels = 0;
        Decimal weight;

        friend bool operator==(const Arguments&, const Arguments&) = default;
    };

    void add(std::string_view name) {
        const auto open = name.find('(');
        const std::string_view base = trim(name.substr(0, open));
        std::size_t number = 0;
        const Feature* feature = find(base, number);
        if (feature == nullptr)
            fail(name, "the name of a set or of a feature in the catalogue");

        const Arguments defaults = default_arguments(*feature, number);
        Arguments arguments = defaults;
        if (open != std::string_view::npos) {
            if (name.back() != ')') fail(name, "a closing parenthesis");
            const std::string_view list = name.substr(open + 1, name.size() - open - 2);
            for (const std::string_view argument : split(list)) {
                set_argument(*feature, argument, name, arguments);
            }
        }
        const formula::Parameters parameters = checked(*feature, arguments, name);
        append(column_name(*feature, base, arguments, defaults),
               {feature->compute, parameters});
    }

    [[nodiscard]] Arguments default_arguments(const Feature& feature,
                                              std::size_t number) const {
        Arguments out{feature.default_levels, {}};
        if (!feature.weight_name.empty()) out.weight = read_decimal(feature.default_weight);
        if (feature.naming == Naming::from_zero) out.levels = number + 1;
        if (feature.naming == Naming::from_one) out.levels = number;
        if (feature.naming == Naming::levels && out.levels == 0) out.levels = depth_;
        return out;
    }

    static void set_argument(const Feature& feature, std::string_view argument,
                             std::string_view name, Arguments& arguments) {
        const auto equals = argument.find('=');
        const std::string_view key = trim(argument.substr(0, equals));
        const std::string_view value =
            equals == std::string_view::npos ? "" : trim(argument.substr(equals + 1));
        bool understood = false;
        if (key == "levels" && feature.naming == Naming::levels) {
            understood = read_integer(value, arguments.levels);
        } else if (!feature.weight_name.empty() && key == feature.weight_name) {
            arguments.weight = read_decimal(value);
            understood = arguments.weight.fault == Decimal::Fault::none;
        }
        if (!understood) fail(name, "arguments as the catalogue lists them");
    }

    [[nodiscard]] static formula::Parameters checked(const Feature& feature,
                                                     const Arguments& arguments,
                                                     std::string_view name) {
        const bool counts = feature.naming != Naming::plain;
        if (counts && (arguments.levels < 1 || arguments.levels > max_depth)) {
            fail(name, "1 to " + std::to_string(max_depth) + " levels");
        }
        if (feature.weight_name.empty()) return {.levels = arguments.levels, .weight = {}};

        const Decimal& weight = arguments.weight;
        if (weight.decimals < 0 || weight.decimals > max_decimals) {
            fail(name, "a weight of at most 18 decimals");
        }
        const std::uint64_t unit = powers_of_ten[static_cast<std::size_t>(weight.decimals)];
        const bool fraction =
            weight.mantissa > 0 && weight.mantissa <= unit && !weight.negative;
        if (feature.weight_name == "decay" && !fraction) fail(name, "a decay in (0, 1]");
        return {.levels = arguments.levels,
                .weight = DoubleDouble(weight.signed_mantissa()) / DoubleDouble(Int128{unit})};
    }

    // Default parameters give the bare name, others say so.
    [[nodiscard]] static std::string column_name(const Feature& feature, std::string_view base,
                                                 const Arguments& used,
                                                 const Arguments& defaults) {
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

    void append(const std::string& name, Column column) {
        if (std::ranges::find(names_, name) != names_.end()) {
            fail(name, "each feature once");
        }
        names_.push_back(name);
        columns_.push_back(column);
    }

    std::size_t depth_;
    std::vector<std::string> names_;
    std::vector<Column> columns_;
    bool starts_standard_ = false;
    DepthView view_;
};

}  // namespace obcore
