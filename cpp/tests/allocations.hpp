#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <new>

// Every allocation of a program, counted, and refused where a test says so. For the one source
// of a program: the operators below replace those of the standard library.

inline std::int64_t allocations = 0;
inline std::int64_t allocations_left = std::numeric_limits<std::int64_t>::max();

inline void* allocated(std::size_t size) {
    ++allocations;
    if (allocations_left == 0) throw std::bad_alloc();
    --allocations_left;
    void* const memory = std::malloc(size == 0 ? 1 : size);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

void* operator new(std::size_t size) {
    return allocated(size);
}
void* operator new[](std::size_t size) {
    return allocated(size);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete[](void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::size_t /*size*/) noexcept {
    std::free(memory);
}
