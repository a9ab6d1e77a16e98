#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "obcore/error.hpp"
#include "obcore/integer.hpp"

namespace obcore {

// A feature as people write it: "vwap(levels=10)", "z_score(ofi_2(window=5), window=1s)".
//
// Views into the text that it was read from. What the parts mean is up to the catalogue.
struct Expression {
    struct Setting {
        std::string_view key;
        std::string_view value;
    };

    std::string_view text;
    std::string_view name;
    std::vector<std::string_view> inputs;  // arguments without '=': features that it reads
    std::vector<Setting> settings;         // arguments with one

    explicit Expression(std::string_view whole) : text(trim(whole)) {
        const auto open = text.find('(');
        name = trim(text.substr(0, open));
        if (open == std::string_view::npos) return;
        if (text.back() != ')') fail("a closing parenthesis");
        for (const auto part : split(text.substr(open + 1, text.size() - open - 2))) {
            const auto equals = part.find('=');
            if (equals == std::string_view::npos || part.find('(') < equals) {
                inputs.push_back(part);
            } else {
                add({trim(part.substr(0, equals)), trim(part.substr(equals + 1))});
            }
        }
    }

    // The number that its name ends in behind `word`, as people write numbers: no 01.
    [[nodiscard]] static std::optional<std::size_t> number_behind(std::string_view word,
                                                                  std::string_view name) {
        std::size_t number = 0;
        if (!name.starts_with(word)) return std::nullopt;
        const std::string_view digits = name.substr(word.size());
        const bool is_padded = digits.size() > 1 && digits.front() == '0';
        if (is_padded || !read_integer(digits, number)) return std::nullopt;
        return number;
    }

    [[noreturn]] void fail(const std::string& expected) const {
        throw Error("feature: expected " + expected + ", received '" + std::string(text) + "'");
    }

    // The parts of a list, at the commas outside of parentheses.
    [[nodiscard]] static std::vector<std::string_view> split(std::string_view list) {
        std::vector<std::string_view> parts;
        int nesting = 0;
        std::size_t start = 0;
        for (std::size_t i = 0; i <= list.size(); ++i) {
            const char c = i < list.size() ? list[i] : ',';
            nesting += (c == '(') - (c == ')');
            const bool ends = i == list.size() || (c == ',' && nesting <= 0);
            if (!ends) continue;
            parts.push_back(trim(list.substr(start, i - start)));
            start = i + 1;
        }
        return parts;
    }

private:
    void add(const Setting& setting) {
        for (const Setting& other : settings) {
            if (other.key == setting.key) fail("each setting once");
        }
        settings.push_back(setting);
    }

    [[nodiscard]] static std::string_view trim(std::string_view part) {
        const auto first = part.find_first_not_of(" \t\n");
        if (first == std::string_view::npos) return {};
        return part.substr(first, part.find_last_not_of(" \t\n") - first + 1);
    }
};

}  // namespace obcore
