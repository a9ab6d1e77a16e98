"""What messages did to a book, and the trades beside them, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STATE, DELTA, PICTURE, KEY = range(4)  # of `ChangeBatch.kind`


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeBatch:
    """What messages did to a book, a row a message (n messages, b and a levels).

    Attributes
    ----------
    symbol : str
        With its market: ``"binance-futures:BTCUSDT"``.
    tick, lot : str
        Decimals, ``"0.10"``.
    time_ns : (n,) int64 array
        The moment that a message belongs to, nanoseconds since 1970 UTC: the greatest receive
        time so far, the venue's where there is none. Never falls, in a batch or after it.
    ts_event_ns, ts_recv_ns : (n,) int64 array
        The venue's time and ours; `obcore.book.ABSENT` where the format has none.
    sequence : (n,) int64 array
        The venue's id of the state, or `ABSENT`.
    kind : (n,) uint8 array
        0 state (no levels), 1 delta (absolute sizes, 0 removes), 2 picture (the whole book
        anew), 3 key (the same once more: it tells nothing new).
    state : (n,) uint8 array
        The `BookState` behind the message, as its number.
    bid_offsets, ask_offsets : (n + 1,) int64 array
        Levels of message i are ``bid_price[bid_offsets[i]:bid_offsets[i + 1]]``.
    bid_price, ask_price : (b,) and (a,) int64 array
        Prices in ticks.
    bid_size, ask_size : (b,) and (a,) int64 array
        Sizes in lots.

    Examples
    --------
    A book of one level a side, and as Tardis has it:

    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from obcore import BookState
    >>> from obcore.data.export import write_npz, write_tardis_csv
    >>> now = np.array([1_700_000_000_000_000_000])
    >>> batch = ChangeBatch(
    ...     symbol="binance:BTCUSDT", tick="0.1", lot="0.001",
    ...     time_ns=now, ts_event_ns=now, ts_recv_ns=now, sequence=np.array([7]),
    ...     kind=np.array([PICTURE], np.uint8),
    ...     state=np.array([BookState.SYNCED.value], np.uint8),
    ...     bid_offsets=np.array([0, 1]), bid_price=np.array([649]), bid_size=np.array([2000]),
    ...     ask_offsets=np.array([0, 1]), ask_price=np.array([651]), ask_size=np.array([500]),
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = write_tardis_csv([batch], Path(folder) / "book.csv")
    ...     text = (Path(folder) / "book.csv").read_text()
    ...     rows = write_npz([batch], [], Path(folder) / "book.npz")
    >>> report
    TardisReport(messages=1, rows=2, merged=0)
    >>> print(text.splitlines()[1])
    binance,BTCUSDT,1700000000000000,1700000000000000,true,bid,64.9,2.000
    >>> rows  # clears and two levels
    6
    """

    symbol: str
    tick: str
    lot: str
    time_ns: NDArray[np.int64]
    ts_event_ns: NDArray[np.int64]
    ts_recv_ns: NDArray[np.int64]
    sequence: NDArray[np.int64]
    kind: NDArray[np.uint8]
    state: NDArray[np.uint8]
    bid_offsets: NDArray[np.int64]
    bid_price: NDArray[np.int64]
    bid_size: NDArray[np.int64]
    ask_offsets: NDArray[np.int64]
    ask_price: NDArray[np.int64]
    ask_size: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeBatch:
    """Trades, a row a trade (n trades).

    Attributes
    ----------
    symbol, tick, lot : str
        As in `ChangeBatch`.
    time_ns, ts_event_ns, ts_recv_ns : (n,) int64 array
        As in `ChangeBatch`.
    price, size : (n,) int64 array
        In ticks and in lots.
    taker_is_buyer : (n,) bool array
        Whose order met a resting one.
    id : (n,) int64 array
        The venue's id, or `ABSENT`.
    """

    symbol: str
    tick: str
    lot: str
    time_ns: NDArray[np.int64]
    ts_event_ns: NDArray[np.int64]
    ts_recv_ns: NDArray[np.int64]
    price: NDArray[np.int64]
    size: NDArray[np.int64]
    taker_is_buyer: NDArray[np.bool_]
    id: NDArray[np.int64]
