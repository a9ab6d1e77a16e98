"""What one core can do at best: the speed that no book can pass, to set all others against."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from obcore._bench import BareBook, instruction_sets, read_memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from obcore.bench.streams import Stream

__all__ = ["BareReplay", "Floor", "JsonTexts", "instruction_sets", "measure"]

PADDING = bytes(8)
JSON_MESSAGES = 50_000
MEMORY_BYTES = 1 << 28


@dataclass(frozen=True, slots=True)
class Floor:
    """Least CPU times of one core on a stream.

    Attributes
    ----------
    apply_ns : float
        Nanoseconds a level update: one array over all prices, a bit a level, the touch known
        after each message. Neither sync nor validation nor totals.
    replay_us : float
        Microseconds a message: the same, and the 58 numbers of the standard vector.
    json_us : float
        Microseconds a message: the venue's JSON read without validation, and applied.
    memory_gb_per_s : float
        How fast a buffer larger than the caches is read.
    """

    apply_ns: float
    replay_us: float
    json_us: float
    memory_gb_per_s: float


class BareReplay:
    """A stream and the barest book for it, loaded with the stream's snapshot.

    Parameters
    ----------
    stream : Stream
        Whose prices the book spans.
    instruction_set : str, optional
        One of `instruction_sets`; the fastest by default.
    """

    def __init__(self, stream: Stream, instruction_set: str = "") -> None:
        prices = (stream.prices, stream.bids["price"], stream.asks["price"])
        lowest = min(int(column.min()) for column in prices if len(column))
        highest = max(int(column.max()) for column in prices if len(column))
        self._stream = stream
        self._instruction_set = instruction_set
        self._snapshot = _rows(stream.bids), _rows(stream.asks)
        self._updates = stream.sides, stream.prices, stream.sizes, stream.offsets
        self._book = BareBook(lowest, highest, instruction_set)
        self.load()

    def load(self) -> None:
        """Set the book back to the snapshot."""
        self._book.load(*self._snapshot)

    def apply(self) -> None:
        """Apply the whole stream."""
        self._book.apply(*self._updates)

    def replay(self, out: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Apply the whole stream; return the standard vector after each message, (m, 58)."""
        rows = np.empty((self._stream.messages, 58)) if out is None else out
        grid = self._stream.instrument
        self._book.replay(*self._updates, grid.price(1), grid.size(1), rows)
        return rows

    def scan(self, texts: JsonTexts) -> None:
        """Apply messages of the same stream as the venue writes them."""
        self._book.scan(texts.joined, texts.offsets, texts.price_digits, texts.size_digits)

    def read(self, memory: NDArray[np.uint64]) -> int:
        """Read a buffer and return its sum."""
        return read_memory(memory, self._instruction_set)

    def levels(self, *, ask: bool) -> list[tuple[int, int]]:
        """Return the levels of a side in ticks and lots, best first."""
        return [(ticks, lots) for ticks, lots in self._book.levels(ask).tolist()]


class JsonTexts:
    """Messages in one buffer, and how many digits their numbers have behind the point."""

    def __init__(self, stream: Stream, limit: int | None = None) -> None:
        messages = stream.json_messages(limit)
        self.joined = b"".join(messages) + PADDING
        lengths = [len(message) for message in messages]
        self.offsets = np.cumsum([0, *lengths], dtype=np.int64)
        price, size = _first_level(messages)
        tick, lot = stream.instrument.tick_size, stream.instrument.lot_size
        self.price_digits = _decimals(price), _kept(tick)
        self.size_digits = _decimals(size), _kept(lot)

    def __len__(self) -> int:
        return len(self.offsets) - 1


def measure(stream: Stream, repeats: int = 5) -> Floor:
    """Return the floor of a stream: of each figure, the least of several runs.

    Parameters
    ----------
    stream : Stream
        All of it is applied; of its JSON the first 50,000 messages.
    repeats : int, optional
        How often each is run, on every set of instructions that the CPU has.
    """
    out = np.zeros((stream.messages, 58))
    texts = JsonTexts(stream, JSON_MESSAGES)
    memory = np.ones(MEMORY_BYTES // 8, dtype=np.uint64)
    books = [BareReplay(stream, name) for name in instruction_sets()]

    def best(run: Callable[[BareReplay], object]) -> int:
        return min(_thread_ns(book, run) for book in books for _ in range(repeats))

    return Floor(
        apply_ns=best(BareReplay.apply) / stream.updates,
        replay_us=best(lambda book: book.replay(out)) / stream.messages / 1e3,
        json_us=best(lambda book: book.scan(texts)) / len(texts) / 1e3,
        memory_gb_per_s=memory.nbytes / best(lambda book: book.read(memory)),
    )


def _thread_ns(book: BareReplay, run: Callable[[BareReplay], object]) -> int:
    book.load()
    start = time.thread_time_ns()
    run(book)
    return time.thread_time_ns() - start


def _rows(levels: NDArray[np.void]) -> NDArray[np.int64]:
    return np.stack([levels["price"], levels["size"]], axis=1)


def _first_level(messages: list[bytes]) -> tuple[str, str]:
    for message in messages:
        content = json.loads(message)
        content = content.get("data", content)
        for price, size in content["b"] + content["a"]:
            return price, size
    msg = "expected a message with a level, received none"
    raise ValueError(msg)


def _decimals(number: str) -> int:
    return len(number.partition(".")[2])


def _kept(step: str) -> int:
    """Return how many decimals tell a multiple of the step, which is a power of ten here."""
    shortest = step.rstrip("0").rstrip(".") if "." in step else step
    digits = shortest.replace(".", "").lstrip("0")
    if digits != "1":
        msg = f"step: expected a power of ten, at most 1, received {step}"
        raise ValueError(msg)
    return _decimals(shortest)
