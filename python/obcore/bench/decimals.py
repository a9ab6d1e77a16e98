"""A stream as the floats that most order books take, and their books back as integers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from obcore.bench.contest import Levels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from obcore.bench.streams import Stream

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FloatStream:
    """Prices and sizes of a stream as the floats nearest to their decimal text."""

    stream: Stream

    @cached_property
    def prices(self) -> Floats:
        """Prices of all updates."""
        return to_floats(self.stream.prices, self.stream.instrument.tick_size)

    @cached_property
    def sizes(self) -> Floats:
        """Sizes of all updates."""
        return to_floats(self.stream.sizes, self.stream.instrument.lot_size)

    @cached_property
    def snapshot(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Prices and sizes of the bids, then of the asks, that the stream starts from."""
        bids, asks = (
            (
                to_floats(side["price"], self.stream.instrument.tick_size),
                to_floats(side["size"], self.stream.instrument.lot_size),
            )
            for side in (self.stream.bids, self.stream.asks)
        )
        return *bids, *asks

    def two_dicts(self) -> tuple[dict[float, float], dict[float, float]]:
        """Return the snapshot as price to size, a dict a side."""
        bid_prices, bid_sizes, ask_prices, ask_sizes = (x.tolist() for x in self.snapshot)
        return (
            dict(zip(bid_prices, bid_sizes, strict=True)),
            dict(zip(ask_prices, ask_sizes, strict=True)),
        )

    def levels(
        self, bids: Iterable[tuple[float, float]], asks: Iterable[tuple[float, float]]
    ) -> Levels:
        """Return a book of floats as ticks and lots."""
        return Levels(self._side(bids, descending=True), self._side(asks, descending=False))

    def _side(
        self, levels: Iterable[tuple[float, float]], *, descending: bool
    ) -> NDArray[np.int64]:
        instrument = self.stream.instrument
        pairs = np.array(sorted(levels, reverse=descending), dtype=np.float64).reshape(-1, 2)
        steps = [float(instrument.tick_size), float(instrument.lot_size)]
        return np.rint(pairs / steps).astype(np.int64)


def to_floats(counts: NDArray[Any], step: str) -> Floats:
    """Return whole numbers of steps as the nearest floats.

    Divided, not multiplied: ``3 * 0.1`` is not the float nearest to 0.3, ``3 / 10`` is.

    Examples
    --------
    >>> to_floats(np.array([3]), "0.1").tolist(), 3 * 0.1
    ([0.3], 0.30000000000000004)
    """
    exponent = -int(Decimal(step).as_tuple().exponent)
    units = int(Decimal(step).scaleb(exponent))
    return np.asarray(counts.astype(np.float64) * units / 10.0**exponent)
