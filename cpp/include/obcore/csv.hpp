#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "obcore/error.hpp"
#include "obcore/integer.hpp"

namespace obcore {

// The widest file that is read has 104 columns; a foreign one may be a single endless line.
inline constexpr std::size_t max_csv_fields = 1024;

enum class CsvFault : std::uint8_t { none, unterminated_quote, text_behind_quote, too_many };

namespace detail {

// The quote that ends a quoted field, from behind its first one; a doubled quote does not.
[[nodiscard]] inline std::size_t closing_quote(std::string_view line, std::size_t at) noexcept {
    for (at = line.find('"', at); at != std::string_view::npos; at = line.find('"', at + 2)) {
        if (at + 1 == line.size() || line[at + 1] != '"') return at;
    }
    return at;
}

}  // namespace detail

// Splits one line, with or without its CR, into views of its fields; reuses `fields`.
//
// RFC 4180: a field that starts with a quote ends at the matching one and may hold commas. Its
// text is what stands between the two; a doubled quote inside stays doubled, nothing is copied.
// Behind a fault `fields` ends with the field where it was found.
[[nodiscard]] inline CsvFault scan_csv(std::string_view line,
                                       std::vector<std::string_view>& fields) {
    fields.clear();
    if (line.ends_with('\r')) line.remove_suffix(1);
    for (std::size_t at = 0;; ++at) {
        if (fields.size() == max_csv_fields) return CsvFault::too_many;
        if (at < line.size() && line[at] == '"') {
            const std::size_t start = at + 1;
            at = detail::closing_quote(line, start);
            fields.push_back(line.substr(start, at - start));
            if (at == std::string_view::npos) return CsvFault::unterminated_quote;
            ++at;
            if (at != line.size() && line[at] != ',') return CsvFault::text_behind_quote;
        } else {
            const std::size_t start = at;
            at = std::min(line.find(',', start), line.size());
            fields.push_back(line.substr(start, at - start));
        }
        if (at == line.size()) return CsvFault::none;
    }
}

// The same, but what is wrong with a line is thrown.
inline void split_csv(std::string_view line, std::vector<std::string_view>& fields) {
    const CsvFault fault = scan_csv(line, fields);
    if (fault == CsvFault::none) return;
    if (fault == CsvFault::too_many) {
        const std::string limit = std::to_string(max_csv_fields);
        throw DecodeError("row", "at most " + limit + " fields", "more");
    }
    const std::string field = "field " + std::to_string(fields.size());
    if (fault == CsvFault::unterminated_quote) {
        throw DecodeError(field, "a closing quote", "the end (truncated?)");
    }
    const char* const behind = fields.back().data() + fields.back().size() + 1;
    throw DecodeError(field, "a comma behind the closing quote",
                      {behind, static_cast<std::size_t>(line.data() + line.size() - behind)});
}

inline void expect_fields(const std::vector<std::string_view>& fields, std::size_t wanted) {
    if (fields.size() == wanted) return;
    throw DecodeError("row", std::to_string(wanted) + " fields", std::to_string(fields.size()));
}

[[nodiscard]] inline std::int64_t to_int64(std::string_view text, std::string_view field) {
    std::int64_t value = 0;
    if (!read_integer(text, value)) [[unlikely]] {
        throw DecodeError(field, "an integer of 64 bits", text);
    }
    return value;
}

// The columns of a header line, found by name. Views into the line, which must outlive it.
class CsvHeader {
public:
    explicit CsvHeader(std::string_view line) : line_(line) {
        split_csv(line, names_);
        std::vector<std::string_view> sorted = names_;
        std::ranges::sort(sorted);
        const auto twice = std::ranges::adjacent_find(sorted);
        if (twice != sorted.end()) {
            throw DecodeError("header", "every column once", std::string(*twice) + " twice");
        }
    }

    [[nodiscard]] const std::vector<std::string_view>& names() const noexcept { return names_; }

    [[nodiscard]] bool has(std::string_view name) const noexcept {
        return std::ranges::find(names_, name) != names_.end();
    }

    [[nodiscard]] std::size_t column(std::string_view name) const {
        const auto found = std::ranges::find(names_, name);
        if (found == names_.end()) {
            throw DecodeError("header", "a column " + std::string(name), line_);
        }
        return static_cast<std::size_t>(found - names_.begin());
    }

private:
    std::string_view line_;
    std::vector<std::string_view> names_;
};

}  // namespace obcore
