"""A thousand books that take turns against one: what caches, threads and calls cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from obcore import BookSet, BookState
from obcore.bench.streams import MADE_UP, Stream

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

BOOKS = 1_000
TURNS = 50  # messages of each book
LEVELS = 200

pytestmark = pytest.mark.benchmark(group="book_set")


class Turns:
    """The messages of some books that take turns, and a set of books that waits for them."""

    def __init__(self, books: int) -> None:
        turns = TURNS * BOOKS // books
        stream = Stream.made_up(LEVELS, 25 * (turns + 1))
        self._first = [stream.snapshot_json(), *stream.json_messages(turns + 1)]
        self.ids = np.tile(np.arange(books), turns)
        # Each book has its own copy of a message: shared ones would be found in the cache.
        self.messages = [
            bytes(bytearray(message)) for message in self._first[2:] for _ in range(books)
        ]
        self.books = books

    def fresh_set(self) -> BookSet:
        """Return books in sync, just before the messages."""
        books = BookSet([MADE_UP.grid] * self.books)
        for message in self._first[:2]:
            books.apply_json_many(np.arange(self.books), [message] * self.books)
        return books


def one_by_one(books: BookSet, turns: Turns) -> None:
    apply_json = books.apply_json
    for i, message in zip(turns.ids.tolist(), turns.messages, strict=True):
        apply_json(i, message)


def a_turn_a_call(books: BookSet, turns: Turns, threads: int) -> None:
    """Apply `BOOKS` messages at a time."""
    for start in range(0, len(turns.ids), BOOKS):
        turn = slice(start, start + BOOKS)
        books.apply_json_many(turns.ids[turn], turns.messages[turn], threads=threads)


def note_each(benchmark: BenchmarkFixture, count: int, what: str) -> None:
    if benchmark.stats is not None:
        benchmark.extra_info[f"ns a {what}"] = round(benchmark.stats.stats.min / count * 1e9)


@pytest.mark.parametrize("books", [1, BOOKS])
def bench_messages_one_by_one(benchmark: BenchmarkFixture, books: int) -> None:
    turns = Turns(books)
    sets: list[BookSet] = []

    def setup() -> tuple[tuple[BookSet, Turns], dict[str, object]]:
        sets[:] = [turns.fresh_set()]
        return (sets[0], turns), {}

    benchmark.pedantic(one_by_one, setup=setup, rounds=5)  # type: ignore[no-untyped-call]

    assert all(book.state is BookState.SYNCED for book in sets[0])
    note_each(benchmark, len(turns.ids), "message")


@pytest.mark.parametrize(("books", "threads"), [(1, 1), (BOOKS, 1), (BOOKS, 2)])
def bench_messages_a_thousand_a_call(
    benchmark: BenchmarkFixture, books: int, threads: int
) -> None:
    turns = Turns(books)
    sets: list[BookSet] = []

    def setup() -> tuple[tuple[BookSet, Turns, int], dict[str, object]]:
        sets[:] = [turns.fresh_set()]
        return (sets[0], turns, threads), {}

    benchmark.pedantic(a_turn_a_call, setup=setup, rounds=5)  # type: ignore[no-untyped-call]

    assert all(book.state is BookState.SYNCED for book in sets[0])
    note_each(benchmark, len(turns.ids), "message")


@pytest.mark.parametrize(("books", "threads"), [(1, 1), (BOOKS, 1), (BOOKS, 2)])
def bench_features_of_all(benchmark: BenchmarkFixture, books: int, threads: int) -> None:
    filled = Turns(books).fresh_set()
    out = np.empty((books, len(filled.names)))

    benchmark(filled.features, out, threads=threads)

    assert np.isfinite(out).all()
    note_each(benchmark, books, "row")
