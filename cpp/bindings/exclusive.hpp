#pragma once

#include <atomic>
#include <string>
#include <utility>

#include "obcore/error.hpp"

namespace obcore::bindings {

// Says so when two threads use one object at once, instead of corrupting it: work on it may run
// without the GIL.
class Exclusive {
public:
    explicit Exclusive(const char* name) : name_(name) {}

    // Held while one thread uses the object.
    class Claim {
    public:
        explicit Claim(Exclusive& object) : busy_(object.busy_) {
            if (busy_.exchange(true)) {
                throw Error(std::string(object.name_) + ": another thread is using it");
            }
        }
        ~Claim() { busy_.store(false); }
        Claim(const Claim&) = delete;
        Claim& operator=(const Claim&) = delete;
        Claim(Claim&&) = delete;
        Claim& operator=(Claim&&) = delete;

    private:
        std::atomic<bool>& busy_;
    };

private:
    const char* name_;
    std::atomic<bool> busy_ = false;
};

}  // namespace obcore::bindings
