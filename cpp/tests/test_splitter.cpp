// Cutting bytes into messages: lines or the elements of a JSON array, in chunks of any size.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "obcore/splitter.hpp"

namespace {

using namespace obcore;

// The messages with their line numbers, "1: {}", and at the end what was wrong, if anything.
std::vector<std::string> split(std::string_view text, std::size_t chunk) {
    Splitter splitter;
    std::vector<std::string> messages;
    const auto keep = [&](std::string_view message) {
        messages.push_back(std::to_string(splitter.line()) + ": " + std::string(message));
    };
    try {
        for (std::size_t at = 0; at < text.size(); at += chunk) {
            // A copy of its own, so that a view which outlives its chunk is found out.
            const std::vector<char> bytes(
                text.begin() + static_cast<std::ptrdiff_t>(at),
                text.begin() + static_cast<std::ptrdiff_t>(std::min(at + chunk, text.size())));
            splitter.feed({bytes.data(), bytes.size()}, keep);
        }
        splitter.finish(keep);
    } catch (const DecodeError& error) {
        messages.push_back(std::to_string(splitter.line()) + "! " + error.what());
    }
    return messages;
}

void check_split(std::string_view text, const std::vector<std::string>& wanted) {
    for (const std::size_t chunk : {1U, 2U, 3U, 5U, 7U, 11U, 64U, 100'000U}) {
        CHECK(split(text, chunk) == wanted);
    }
}

void a_text_is_cut_into_its_lines() {
    check_split("a,b\nc,d\n", {"1: a,b", "2: c,d"});
    check_split("a,b\r\nc,d", {"1: a,b", "2: c,d"});
    check_split("1 {}\n2 {}\r\n", {"1: 1 {}", "2: 2 {}"});
}

void lines_without_content_are_counted_and_dropped() {
    check_split("\n \r\n{1}\n\n\t\n  {2} \t\r\n\n", {"3: {1}", "6: {2}"});
    check_split("", {});
    check_split("\n\n \r\n", {});
}

// An array of messages holds objects; a line of Kraken is an array that begins with a number.
void lines_may_be_arrays_that_begin_with_a_number() {
    check_split("[993,{}]\n[12,[]]\n\n[3]\n", {"1: [993,{}]", "2: [12,[]]", "4: [3]"});
    check_split("\n[ 993,{}]\r\n{}", {"2: [993,{}]", "3: {}"});
    check_split("[993,", {"1: [993,"});
    const std::string name = "JSON array: expected ";
    check_split("[993]", {"1! " + name + "an object, received 9"});
    check_split("[993", {"1! " + name + "']', received the end (truncated?)"});
    check_split("[\n", {"1! " + name + "']', received the end (truncated?)"});
    check_split("[\n{}]", {"2: {}"});
}

void a_byte_order_mark_is_skipped() {
    check_split("\xEF\xBB\xBF{1}\n{2}\n", {"1: {1}", "2: {2}"});
    check_split("\xEF\xBB\xBF[{}]", {"1: {}"});
    check_split("\xEF\xBB\xBF", {});
    check_split("\xEF\xBB{1}", {"0! start: expected a byte order mark, received a part of it"});
    check_split("{1}\n\xEF\xBB\xBF{2}", {"1: {1}", "2: \xEF\xBB\xBF{2}"});
    check_split("\n\xEF\xBB\xBF{1}", {"2: \xEF\xBB\xBF{1}"});
}

void an_array_is_cut_into_its_elements() {
    check_split("[{\"a\":[1,{}]},{}\n,\n{\"b\":2}]\n",
                {"1: {\"a\":[1,{}]}", "1: {}", "3: {\"b\":2}"});
    check_split(" [ ] ", {});
    check_split("\n\n[\n{1}\n]", {"4: {1}"});
}

void brackets_inside_strings_do_not_count() {
    check_split(R"([{"]}":"[{"},{"\"}":"\\"},{"\\\"":"]"}])",
                {R"(1: {"]}":"[{"})", R"(1: {"\"}":"\\"})", R"(1: {"\\\"":"]"})"});
}

void an_array_that_is_wrong_says_so_at_its_line() {
    const std::string name = "JSON array: expected ";
    check_split("[{1}", {"1: {1}", "1! " + name + "']', received the end (truncated?)"});
    check_split("[{1},\n{2", {"1: {1}", "2! " + name + "']', received the end (truncated?)"});
    check_split("[", {"1! " + name + "']', received the end (truncated?)"});
    check_split("[1]", {"1! " + name + "an object, received 1"});
    check_split("[,{}]", {"1! " + name + "an object, received ,"});
    check_split("[[{}]]", {"1! " + name + "an object, received ["});
    check_split("[{}\n{}]", {"1: {}", "2! " + name + "',' or ']', received {"});
    check_split("[{}] {}", {"1: {}", "1! " + name + "nothing behind ']', received {"});
    check_split("[]\n]", {"2! " + name + "nothing behind ']', received ]"});
}

void a_message_without_end_is_refused_before_it_fills_the_memory() {
    const std::string part(std::size_t{1} << 20, 'x');
    for (const std::string_view start : {"x", "[{"}) {
        Splitter splitter;
        const auto ignore = [](std::string_view) {};
        splitter.feed(start, ignore);
        for (int i = 0; i < 63; ++i) splitter.feed(part, ignore);
        CHECK_THROWS(splitter.feed(part, ignore), DecodeError,
                     "message: expected at most 64 MiB, received more");
    }
}

}  // namespace

int main() {
    return run_tests({
        a_text_is_cut_into_its_lines,
        lines_without_content_are_counted_and_dropped,
        lines_may_be_arrays_that_begin_with_a_number,
        a_byte_order_mark_is_skipped,
        an_array_is_cut_into_its_elements,
        brackets_inside_strings_do_not_count,
        an_array_that_is_wrong_says_so_at_its_line,
        a_message_without_end_is_refused_before_it_fills_the_memory,
    });
}
