"""What happened to one book, and its trades, as columns."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KINDS = ("state", "delta", "picture", "refresh", "key")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeBatch:
    """What messages did to one book, a row a message: n of them, with b and a levels.

    Applied one after the other, the rows give the book again; each batch begins with a row that
    holds the whole of it.

    Parameters
    ----------
    tick, lot : str
        Steps of price and size as decimal text, ``"0.10"``.
    position : (n,) int64 array
        Counts all that happened to the symbol, trades too, in the order of arrival.
    time_ns : (n,) int64 array
        The moment that the row belongs to: the greatest receive time so far, the venue's where
        there is none. It never falls. ``ABSENT`` (``-2**63``) before the first time.
    id : (n,) int64 array
        The greatest update id so far.
    kind : (n,) uint8 array
        Of `KINDS`: 0 only the state, 1 absolute new sizes of some levels (0 removes), 2 the whole
        book anew, 3 the same but by no message of the market, 4 the whole book as it was.
    state : (n,) uint8 array
        `BookState` behind the row.
    reason : (n,) int32 array
        Of `reasons`.
    reasons : list of str
        Why the state is what it is.
    ts_event_ns, ts_recv_ns, sequence : (n,) int64 array
        As the book has them behind the row, ``ABSENT`` where there is none.
    horizon_bid, horizon_ask : (n,) int64 array
        How deep the book can be trusted, in ticks; ``ABSENT`` where it is whole.
    depth : (n,) int32 array
        Levels a side that are left behind the row; 0: all of them.
    bid_offsets, ask_offsets : (n + 1,) int64 array
        Levels of row i are ``bid_price[bid_offsets[i]:bid_offsets[i + 1]]``.
    bid_price, ask_price, bid_size, ask_size : (b,) or (a,) int64 array
        Ticks and lots.
    """

    tick: str
    lot: str
    position: NDArray[np.int64]
    time_ns: NDArray[np.int64]
    id: NDArray[np.int64]
    kind: NDArray[np.uint8]
    state: NDArray[np.uint8]
    reason: NDArray[np.int32]
    reasons: list[str]
    ts_event_ns: NDArray[np.int64]
    ts_recv_ns: NDArray[np.int64]
    sequence: NDArray[np.int64]
    horizon_bid: NDArray[np.int64]
    horizon_ask: NDArray[np.int64]
    depth: NDArray[np.int32]
    bid_offsets: NDArray[np.int64]
    bid_price: NDArray[np.int64]
    bid_size: NDArray[np.int64]
    ask_offsets: NDArray[np.int64]
    ask_price: NDArray[np.int64]
    ask_size: NDArray[np.int64]

    @classmethod
    def of(cls, part: dict[str, Any]) -> Self:
        """Return what the core wrote."""
        return cls(**_with_steps(part))

    def __len__(self) -> int:
        return len(self.time_ns)

    @property
    def updates(self) -> int:
        """Levels told, of both sides."""
        return len(self.bid_price) + len(self.ask_price)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeBatch:
    """Trades of one symbol, n of them, in the order of arrival.

    Parameters
    ----------
    tick, lot : str
        Steps of price and size as decimal text.
    position : (n,) int64 array
        As in `ChangeBatch`: a trade came before the change of the next greater one.
    time_ns : (n,) int64 array
        The greatest receive time of a trade so far, the venue's where there is none.
    ts_event_ns, ts_recv_ns : (n,) int64 array
        The trade's own times.
    price, size : (n,) int64 array
        Ticks and lots.
    taker_is_buyer, is_aggregate : (n,) uint8 array
        Whether the buyer was the aggressor; whether several fills are told as one.
    id : (n,) int64 array
        The venue's, ``ABSENT`` where there is none.
    """

    tick: str
    lot: str
    position: NDArray[np.int64]
    time_ns: NDArray[np.int64]
    ts_event_ns: NDArray[np.int64]
    ts_recv_ns: NDArray[np.int64]
    price: NDArray[np.int64]
    size: NDArray[np.int64]
    taker_is_buyer: NDArray[np.uint8]
    is_aggregate: NDArray[np.uint8]
    id: NDArray[np.int64]

    @classmethod
    def of(cls, part: dict[str, Any]) -> Self:
        """Return what the core wrote."""
        return cls(**_with_steps(part))

    def __len__(self) -> int:
        return len(self.time_ns)


def _with_steps(part: dict[str, Any]) -> dict[str, Any]:
    grid = part.pop("grid")
    return part | {"tick": grid.tick, "lot": grid.lot}


PRICES = {
    ChangeBatch: ("bid_price", "ask_price", "horizon_bid", "horizon_ask"),
    TradeBatch: ("price",),
}
SIZES = {ChangeBatch: ("bid_size", "ask_size"), TradeBatch: ("size",)}


def arrays_of(batch: ChangeBatch | TradeBatch) -> dict[str, Any]:
    """Return the fields of a batch by name, without copying them."""
    return {field.name: getattr(batch, field.name) for field in fields(batch)}


def rows_of(batch: ChangeBatch, begin: int, end: int) -> ChangeBatch:
    """Return some rows of a batch, without copying them."""
    arrays = arrays_of(batch)
    out: dict[str, Any] = {}
    for name, values in arrays.items():
        if name in ("tick", "lot", "reasons"):
            out[name] = values
        elif name.endswith("_offsets"):
            out[name] = values[begin : end + 1] - values[begin]
        elif name[:4] in ("bid_", "ask_"):
            offsets = arrays[f"{name[:3]}_offsets"]
            out[name] = values[offsets[begin] : offsets[end]]
        else:
            out[name] = values[begin:end]
    return ChangeBatch(**out)
