#include <iostream>
#include <obcore/book.hpp>

int main() {
    obcore::Book book;
    book.bids.set({.price = 100, .size = 1});
    book.asks.set({.price = 103, .size = 1});
    std::cout << book.spread().value_or(0) << '\n';
}
