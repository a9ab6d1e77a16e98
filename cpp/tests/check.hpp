#pragma once

#include <cstdio>
#include <exception>
#include <initializer_list>
#include <string_view>

// All that a test needs: CHECK goes on after a failure, run_tests() is what main returns.

inline int failed_checks = 0;

inline void check(bool holds, const char* text, const char* file, int line) {
    if (holds) return;
    ++failed_checks;
    std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, text);
}

// Passes where `action` throws an Exception whose text holds `part`.
template <typename Exception, typename Action>
void check_throws(Action action, std::string_view part, const char* text, const char* file,
                  int line) {
    try {
        action();
    } catch (const Exception& error) {
        if (std::string_view(error.what()).find(part) != std::string_view::npos) return;
        std::fprintf(stderr, "it says: %s\n", error.what());
    } catch (const std::exception& error) {
        std::fprintf(stderr, "it throws another exception: %s\n", error.what());
    }
    check(false, text, file, line);
}

// Variadic, because the preprocessor splits a braced list at its commas.
#define CHECK(...) check(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)
#define CHECK_THROWS(expression, Exception, part)                         \
    check_throws<Exception>([&] { static_cast<void>(expression); }, part, \
                            "throws " #Exception ": " #expression, __FILE__, __LINE__)

// Runs every test, also behind one that throws; the exit code of the program.
[[nodiscard]] inline int run_tests(std::initializer_list<void (*)()> tests) noexcept {
    for (auto* const test : tests) {
        try {
            test();
        } catch (const std::exception& error) {
            check(false, error.what(), "uncaught exception", 0);
        }
    }
    return failed_checks == 0 ? 0 : 1;
}
