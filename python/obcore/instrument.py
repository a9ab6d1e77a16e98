"""What is traded, and the exact way between decimal text and integer ticks and lots."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from obcore.book import LEVEL_DTYPE, Grid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


def _text(number: str | Decimal | int) -> str:
    if isinstance(number, float):
        msg = f"expected decimal text, Decimal or int, received the float {number!r}"
        raise TypeError(msg)
    return format(number, "f") if isinstance(number, Decimal) else str(number)


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument of one venue, and the grid of its prices and sizes.

    Parameters
    ----------
    symbol : str
        The venue's own name, e.g. ``"BTCUSDT"``. ``"BTC/USDT"``, ``"BTC-USDT"`` and ``"btcusdt"``
        are read as that, and ``"binance-futures:BTCUSDT"`` names the venue too.
    tick_size, lot_size : str
        Smallest steps of price and size as decimal text. The lot is the precision of the
        **wire**, not the venue's order step: Binance spot prints sizes with 8 decimals and uses
        them.
    venue : str, optional
        E.g. ``"binance-futures"``.
    nonpositive_prices : bool, optional
        Whether prices of zero or less are legal, as for spreads. They are errors otherwise.

    Raises
    ------
    DecodeError
        If a step is not a positive decimal with at most 18 decimals.

    Examples
    --------
    >>> btc = Instrument("binance-futures:BTCUSDT", "0.10", "0.001")
    >>> btc.symbol, btc.venue
    ('BTCUSDT', 'binance-futures')
    >>> btc.to_ticks("64250.10")
    642501
    >>> btc.price_text(642501), btc.price(642501)
    ('64250.10', 64250.1)
    >>> btc.to_ticks("64250.15")
    Traceback (most recent call last):
    obcore.errors.PrecisionError: price: expected a multiple of the tick 0.10, received 64250.15
    """

    symbol: str
    tick_size: str
    lot_size: str
    venue: str = ""
    nonpositive_prices: bool = False
    grid: Grid = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        venue, _, native = self.symbol.rpartition(":")
        object.__setattr__(self, "venue", venue or self.venue)
        plain = native if venue else native.replace("/", "").replace("-", "").upper()
        object.__setattr__(self, "symbol", plain)
        tick, lot = _text(self.tick_size), _text(self.lot_size)
        grid = Grid(tick, lot, nonpositive_prices=self.nonpositive_prices)
        object.__setattr__(self, "grid", grid)

    @property
    def name(self) -> str:
        """``venue:NATIVE``, the name that is unique among venues."""
        return f"{self.venue}:{self.symbol}" if self.venue else self.symbol

    def to_ticks(self, price: str | Decimal | int) -> int:
        """Return a price as a whole number of ticks; `PrecisionError` where it is none."""
        return self.grid.ticks(_text(price))

    def to_lots(self, size: str | Decimal | int) -> int:
        """Return a size as a whole number of lots; `PrecisionError` where it is none."""
        return self.grid.lots(_text(size))

    def price(self, ticks: int) -> float:
        """Return ticks as the nearest float price in quote currency."""
        return self.grid.price(ticks)

    def size(self, lots: int) -> float:
        """Return lots as the nearest float size in base currency."""
        return self.grid.size(lots)

    def price_text(self, ticks: int) -> str:
        """Return ticks as exact decimal text, with the tick's own number of decimals."""
        return self.grid.price_text(ticks)

    def size_text(self, lots: int) -> str:
        """Return lots as exact decimal text, with the lot's own number of decimals."""
        return self.grid.size_text(lots)

    def levels(self, pairs: Iterable[tuple[str, str]]) -> NDArray[np.void]:
        """Return ``(price, size)`` texts as a ``(n,)`` array of `LEVEL_DTYPE`.

        Examples
        --------
        >>> Instrument("BTCUSDT", "0.10", "0.001").levels([("64250.10", "0.35")]).tolist()
        [(642501, 350)]
        """
        rows = [(self.to_ticks(price), self.to_lots(size)) for price, size in pairs]
        return np.array(rows, dtype=LEVEL_DTYPE)
