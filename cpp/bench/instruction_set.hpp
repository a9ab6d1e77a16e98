#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace obcore::bench {

// One build for every CPU, and loops that use what the CPU at hand has: a kernel, a callable
// that can be inlined whole, is compiled once for each set of instructions.
enum class Instructions : std::uint8_t { portable, avx2, avx512 };

#if defined(__x86_64__)

template <typename Kernel>
[[gnu::noinline,
  gnu::target("avx2,bmi,bmi2,lzcnt,popcnt")]] void run_on_avx2(const Kernel& kernel) {
    kernel();
}

template <typename Kernel>
[[gnu::noinline,
  gnu::target("avx2,bmi,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512dq,avx512vl")]] void
run_on_avx512(const Kernel& kernel) {
    kernel();
}

// Slowest first.
[[nodiscard]] inline std::vector<std::string> instruction_sets() {
    std::vector<std::string> out{"portable"};
    if (__builtin_cpu_supports("avx2") == 0 || __builtin_cpu_supports("bmi2") == 0) return out;
    out.emplace_back("avx2");
    if (__builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
        __builtin_cpu_supports("avx512vl") != 0) {
        out.emplace_back("avx512");
    }
    return out;
}

#else

[[nodiscard]] inline std::vector<std::string> instruction_sets() {
    return {"portable"};
}

#endif

// The set of that name; of no name, the fastest that the CPU has.
[[nodiscard]] inline Instructions instruction_set(std::string_view name) {
    const std::vector<std::string> present = instruction_sets();
    std::string all;
    for (std::size_t i = 0; i < present.size(); ++i) {
        const bool fastest = i + 1 == present.size();
        if (present[i] == name || (name.empty() && fastest)) {
            return static_cast<Instructions>(i);
        }
        all += (all.empty() ? "" : ", ") + present[i];
    }
    throw std::invalid_argument("instruction_set: expected one of " + all + ", received " +
                                std::string(name));
}

template <typename Kernel>
void run_on(Instructions set, const Kernel& kernel) {
#if defined(__x86_64__)
    if (set == Instructions::avx2) return run_on_avx2(kernel);
    if (set == Instructions::avx512) return run_on_avx512(kernel);
#endif
    kernel();
}

}  // namespace obcore::bench
