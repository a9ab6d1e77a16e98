"""Some seconds of live books as a table, for notebooks."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from obcore.errors import FeedError
from obcore.ingest.events import Event, Trade, Update
from obcore.ingest.feed import Feed

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import NDArray

    from obcore.instrument import Instrument

_ABSENT = np.iinfo(np.int64).min  # NumPy reads it as NaT
_PAUSE_S = 0.02


@dataclass(frozen=True, slots=True)
class Collection:
    """States of live books with their features, one row each, in order of arrival.

    Parameters
    ----------
    names : tuple of str
        The k columns of `values`: the features, behind the touch.
    symbols : (n,) array of str
        Whose state each row is.
    ts_event_ns, ts_recv_ns, sequence : (n,) int64 array
        Venue time, receive time and final update id; ``-2**63``, which NumPy reads as ``NaT``,
        where the venue has none.
    values : (n, k) float64 array
        ``bid_px, bid_sz, ask_px, ask_sz``, then the features.
    trades : tuple of Trade
        Trades of the same time.
    events : tuple of Event
        Everything else that happened: gaps, outages, resyncs.
    left_out : int
        States that went because there were more than the limit.
    """

    names: tuple[str, ...]
    symbols: NDArray[np.str_]
    ts_event_ns: NDArray[np.int64]
    ts_recv_ns: NDArray[np.int64]
    sequence: NDArray[np.int64]
    values: NDArray[np.float64]
    trades: tuple[Trade, ...] = field(repr=False)
    events: tuple[Event, ...] = field(repr=False)
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """Return one column as an (n,) view."""
        if name not in self.names:
            msg = f"expected one of {', '.join(self.names)}, received {name!r}"
            raise KeyError(msg)
        return self.values[:, self.names.index(name)]

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a DataFrame; needs pandas."""
        import pandas as pd  # noqa: PLC0415  the caller's, not ours

        return pd.DataFrame(
            {
                "symbol": self.symbols,
                "ts_event": self.ts_event_ns.view("M8[ns]"),
                "ts_recv": self.ts_recv_ns.view("M8[ns]"),
                "sequence": self.sequence,
                **{name: self.values[:, i] for i, name in enumerate(self.names)},
            }
        )


def collect(
    symbols: str | Instrument | Iterable[str | Instrument],
    seconds: float,
    *,
    limit: int = 1_000_000,
    sync_s: float = 60.0,
    **options: Any,
) -> Collection:
    """Return what some live books went through in the next seconds.

    Parameters
    ----------
    symbols, seconds
        As `obcore.collect` takes them.
    limit : int, optional
        At most so many states are kept, the newest; the rest is counted.
    sync_s : float, optional
        How long to wait until every book is in sync.
    **options
        As `Feed` takes them.

    Raises
    ------
    FeedError
        If the books did not all come into sync in time, or the feed has ended.
    """
    states: deque[Update] = deque(maxlen=limit)
    trades: deque[Trade] = deque(maxlen=limit)
    others: deque[Event] = deque(maxlen=limit)
    seen = 0
    with Feed(symbols, **options) as feed:
        if not feed.wait_synced(sync_s):
            feed.raise_error()
            states_of = [feed.health(symbol) for symbol in feed.symbols]
            late = [
                f"{h.symbol} {h.state.name} ({h.reason})" for h in states_of if not h.is_trusted
            ]
            msg = (
                f"not in sync after {sync_s:.0f} s: {'; '.join(late) or 'the source has ended'}"
            )
            raise FeedError(msg)
        feature_names = feed.feature_names(feed.symbols[0])
        reader = feed.events()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not feed.has_ended:
            time.sleep(_PAUSE_S)
            for event in reader.poll():
                if isinstance(event, Update):
                    seen += 1
                    states.append(event)
                elif isinstance(event, Trade):
                    trades.append(event)
                else:
                    others.append(event)
        reader.close()
        feed.raise_error()
    touch = ("bid_px", "bid_sz", "ask_px", "ask_sz")
    values = np.full((len(states), len(touch) + len(feature_names)), np.nan)
    for row, state in zip(values, states, strict=True):
        row[:4] = state.bid_px, state.bid_sz, state.ask_px, state.ask_sz
        if state.features is not None:
            row[4:] = state.features
    return Collection(
        (*touch, *feature_names),
        np.array([state.symbol for state in states], dtype=np.str_),
        _integers(state.ts_event_ns for state in states),
        _integers(state.ts_recv_ns for state in states),
        _integers(state.sequence for state in states),
        values,
        tuple(trades),
        tuple(others),
        seen - len(states),
    )


def _integers(values: Iterable[int | None]) -> NDArray[np.int64]:
    return np.array([_ABSENT if value is None else value for value in values], dtype=np.int64)
