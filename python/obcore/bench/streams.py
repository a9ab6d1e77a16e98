"""The streams a race is run on: made up, or recorded from a venue."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from obcore._bench import synthesize
from obcore.bench.binance_texts import delta_texts, snapshot_text
from obcore.bench.recorded import read_depth
from obcore.bench.statistics import StreamStatistics, measure_stream
from obcore.book import LEVEL_DTYPE
from obcore.instrument import Instrument

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray

MADE_UP = Instrument("binance-futures:BTCUSDT", "0.10", "0.001")
DRIFT_UNIT = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """A snapshot and the depth messages that follow it, as arrays and as the venue's JSON.

    Attributes
    ----------
    name : str
        Short, for a table.
    instrument : Instrument
        Whose ticks and lots the arrays count.
    bids, asks : (n,) array of LEVEL_DTYPE
        The snapshot, best first.
    sides : (updates,) uint8
        0 bid, 1 ask, as `obcore.Side`.
    prices, sizes : (updates,) int64
        Ticks; lots, of which 0 removes the level.
    offsets : (messages + 1,) int64
        Message i is updates ``offsets[i]`` to ``offsets[i + 1]``.

    Examples
    --------
    >>> stream = Stream.made_up(levels=20, updates=1_000)
    >>> stream.name, stream.updates >= 1_000, len(stream.json_messages()) == stream.messages
    ('made up, 20 levels', True, True)
    """

    name: str
    instrument: Instrument
    bids: NDArray[np.void]
    asks: NDArray[np.void]
    sides: NDArray[np.uint8]
    prices: NDArray[np.int64]
    sizes: NDArray[np.int64]
    offsets: NDArray[np.int64]
    _texts: tuple[bytes, ...] = field(default=(), repr=False)  # the snapshot's first

    @classmethod
    def made_up(
        cls, levels: int, updates: int, seed: int = 7, spacing: int = 1, drift: float = 0.06
    ) -> Self:
        """Return a seeded stream that looks like a busy perpetual's, the same everywhere.

        Parameters
        ----------
        levels : int
            Levels a side, about; 20 to 10,000.
        updates : int
            At least so many; the last message is whole.
        seed : int, optional
            Another seed is another stream of the same kind.
        spacing : int, optional
            Every price is so many times farther from the others: 16 makes a sparse book.
        drift : float, optional
            By how many ticks of the spacing the mid drifts a message, -1 to 1.
        """
        arrays = synthesize(levels, updates, seed, spacing, round(drift * DRIFT_UNIT))
        bids, asks, sides, prices, sizes, offsets = arrays
        name = f"made up, {levels:,} levels" + (f", {spacing} apart" if spacing > 1 else "")
        return cls(
            name,
            MADE_UP,
            bids.view(LEVEL_DTYPE).ravel(),
            asks.view(LEVEL_DTYPE).ravel(),
            sides,
            prices,
            sizes,
            offsets,
        )

    @classmethod
    def of_recording(cls, path: str | PathLike[str], symbol: str | None = None) -> Self:
        """Return the depth of a recorded Binance stream, from its first joined snapshot on.

        Parameters
        ----------
        path : path-like
            A recording of JSON messages with a REST snapshot among them, plain or gzip.
        symbol : str, optional
            Which one to take from a recording of several, as the venue writes it.

        Raises
        ------
        DecodeError
            If no depth message of the recording joins a snapshot.
        """
        depth = read_depth(path, symbol)
        levels = [side for message in depth.messages for side in (message.bids, message.asks)]
        counts = np.array([len(side) for side in levels], dtype=np.int64)
        rows = np.concatenate(levels)
        return cls(
            depth.name,
            depth.instrument,
            depth.snapshot.bids,
            depth.snapshot.asks,
            np.repeat(np.arange(len(counts), dtype=np.uint8) % 2, counts),
            np.ascontiguousarray(rows["price"]),
            np.ascontiguousarray(rows["size"]),
            np.concatenate([[0], np.cumsum(counts)[1::2]]).astype(np.int64),
            (depth.snapshot.text, *(message.text for message in depth.messages)),
        )

    @property
    def messages(self) -> int:
        """How many messages follow the snapshot."""
        return len(self.offsets) - 1

    @property
    def updates(self) -> int:
        """How many levels they set or remove."""
        return len(self.prices)

    def first(self, messages: int) -> Stream:
        """Return the stream cut behind its first so many messages; a view, not a copy."""
        offsets = self.offsets[: messages + 1]
        end = offsets[-1]
        return replace(
            self,
            sides=self.sides[:end],
            prices=self.prices[:end],
            sizes=self.sizes[:end],
            offsets=offsets,
            _texts=self._texts[: messages + 1],
        )

    def snapshot_json(self) -> bytes:
        """Return the snapshot as the venue's REST text."""
        if self._texts:
            return self._texts[0]
        return snapshot_text(self.instrument, self.bids, self.asks)

    def json_messages(self, limit: int | None = None) -> list[bytes]:
        """Return the first `limit` messages as the venue's texts, which join the snapshot.

        Those of a recording are the venue's own; those of a made-up stream are written as
        Binance USD-M writes them.
        """
        if self._texts:
            return list(self._texts[1:][:limit])
        cut = self if limit is None else self.first(limit)
        return delta_texts(self.instrument, cut.sides, cut.prices, cut.sizes, cut.offsets)

    def statistics(self) -> StreamStatistics:
        """Return the figures that tell whether a stream looks like a venue's."""
        return measure_stream(self)
