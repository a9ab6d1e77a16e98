"""hftbacktest: Rust books behind a backtest's clock, read from numba.

Its fastest path for a book alone keeps the local book and not the exchange's, by the flags of
the events; as documented it keeps both. It has orders, queues and latencies besides, which no
entry here uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import hftbacktest as hft
import numpy as np
from numba import njit

from obcore.bench.contest import Calls, Entry, Trial, UnfitError, Workload, version
from obcore.bench.decimals import FloatStream
from obcore.bench.peers.compiled import fill_standard
from obcore.bench.standard import COUNT, DEPTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from obcore.bench.contest import Levels
    from obcore.bench.streams import Stream

    Floats = NDArray[np.float64]

VECTORS = 20_000
MOST_TICKS = 1 << 26  # of a flat array, two of them a book
START_NS = 1_760_000_000_000_000_000
SNAPSHOT_NS = 1_000_000_000  # how long before the first message the snapshot comes
INTERVAL_NS = 100_000_000
END_NS = 10**17  # later than any stream


def entries() -> list[Entry]:
    """Return every path of it: two kinds of book, with the exchange's half and without."""
    out = []
    for is_flat in (True, False):
        for is_whole in (False, True):
            book = "ROI vector" if is_flat else "hash map"
            half = "as documented" if is_whole else "local book alone"
            out += _entries_of(_Kind(is_flat, is_whole), f"hftbacktest {book}, {half}")
    return out


def _entries_of(kind: _Kind, name: str) -> list[Entry]:
    read = "arrays of the depth" if kind.is_flat else "qty_at_tick"
    package = version("hftbacktest")
    entry = partial(Entry, name, package, calls=Calls.ALL)
    apply = entry(
        path="elapse(to the end)", workload=Workload.APPLY, make=partial(_apply, kind)
    )
    vector = entry(
        path=f"{read} in an njit loop", workload=Workload.VECTOR, make=partial(_vector, kind)
    )
    replay = entry(
        path=f"wait_next_feed, {read}, one njit function",
        workload=Workload.REPLAY,
        make=partial(_replay, kind),
    )
    return [apply, replay] if kind.is_whole else [apply, vector, replay]


@dataclass(frozen=True, slots=True)
class _Kind:
    is_flat: bool
    is_whole: bool


class _Track:
    """A stream as events, and the backtest that plays them."""

    def __init__(self, kind: _Kind, stream: Stream) -> None:
        self.floats = FloatStream(stream)
        self._kind = kind
        self._events = _events(self.floats, is_whole=kind.is_whole)
        self.prices = [stream.prices, stream.bids["price"], stream.asks["price"]]
        self.low = min(int(prices.min()) for prices in self.prices if len(prices))
        self.high = max(int(prices.max()) for prices in self.prices if len(prices))
        if self.high - self.low > MOST_TICKS:
            ticks = self.high - self.low
            msg = f"its depth would be an array of {ticks:,} ticks, or a walk over them"
            raise UnfitError(msg)

    def backtest(self) -> Any:
        """Return a backtest that has seen the snapshot and nothing more."""
        instrument = self.floats.stream.instrument
        tick = float(instrument.tick_size)
        asset = (
            hft.BacktestAsset()
            .data([self._events])
            .linear_asset(1.0)
            .constant_order_latency(0, 0)
            .risk_adverse_queue_model()
            .no_partial_fill_exchange()
            .trading_value_fee_model(0.0, 0.0)
            .tick_size(tick)
            .lot_size(float(instrument.lot_size))
            .last_trades_capacity(0)
        )
        if self._kind.is_flat:
            asset = asset.roi_lb(self.low * tick).roi_ub(self.high * tick)
            backtest = hft.ROIVectorMarketDepthBacktest([asset])
        else:
            backtest = hft.HashMapMarketDepthBacktest([asset])
        pass_snapshot(backtest)
        return backtest

    def levels(self, backtest: Any) -> Levels:
        """Return all levels of the local book."""
        bids, asks = (np.zeros(self.high - self.low + 1) for _ in "ba")
        copy_depth(backtest, self.low, bids, asks)
        tick = float(self.floats.stream.instrument.tick_size)
        sides = []
        for sizes in (bids, asks):
            found = np.flatnonzero(sizes)
            prices = (found + self.low) * tick
            sides.append(list(zip(prices.tolist(), sizes[found].tolist(), strict=True)))
        return self.floats.levels(*sides)


def _events(floats: FloatStream, *, is_whole: bool) -> NDArray[Any]:
    """Return snapshot and messages as hftbacktest's events, each message at its own time."""
    stream = floats.stream
    bid_prices, bid_sizes, ask_prices, ask_sizes = floats.snapshot
    opening = len(bid_prices) + len(ask_prices)
    events = np.zeros(opening + stream.updates, hft.event_dtype)
    sides = np.repeat([0, 1], [len(bid_prices), len(ask_prices)])
    sides = np.concatenate([sides, stream.sides])
    kinds = np.repeat([hft.DEPTH_SNAPSHOT_EVENT, hft.DEPTH_EVENT], [opening, stream.updates])
    flags = hft.LOCAL_EVENT | (hft.EXCH_EVENT if is_whole else 0)
    turns = np.where(sides == 0, hft.BUY_EVENT, hft.SELL_EVENT)
    events["ev"] = (kinds | turns | flags).astype(np.uint64)
    message = np.repeat(np.arange(stream.messages), np.diff(stream.offsets))
    times = START_NS + SNAPSHOT_NS + message * INTERVAL_NS
    times = np.concatenate([np.full(opening, START_NS), times])
    events["exch_ts"] = events["local_ts"] = times
    events["px"] = np.concatenate([bid_prices, ask_prices, floats.prices])
    events["qty"] = np.concatenate([bid_sizes, ask_sizes, floats.sizes])
    return events


@njit
def pass_snapshot(backtest: Any) -> None:
    """Go on to just before the first message."""
    backtest.elapse(SNAPSHOT_NS // 2)


@njit
def play(backtest: Any) -> None:
    """Go on to the end."""
    backtest.elapse(END_NS)


@njit
def copy_depth(backtest: Any, low: int, bids: Floats, asks: Floats) -> None:
    """Fill two arrays with the sizes of each tick from `low` on."""
    depth = backtest.depth(0)
    for i in range(len(bids)):
        bids[i] = depth.bid_qty_at_tick(low + i)
        asks[i] = depth.ask_qty_at_tick(low + i)


@njit
def fill_from_arrays(depth: Any, tick_size: float, top: Floats, out: Floats) -> None:
    """Take ten levels a side from an ROI vector's arrays, and the 58 numbers of them."""
    top[1] = 0.0
    top[3] = 0.0
    first, bids, asks = depth.roi_lb_tick, depth.bid_depth, depth.ask_depth
    tick, found = depth.best_bid_tick - first, 0
    while found < DEPTH and tick >= 0:
        if bids[tick] > 0.0:
            top[0, found] = (tick + first) * tick_size
            top[1, found] = bids[tick]
            found += 1
        tick -= 1
    tick, found = depth.best_ask_tick - first, 0
    while found < DEPTH and tick < len(asks):
        if asks[tick] > 0.0:
            top[2, found] = (tick + first) * tick_size
            top[3, found] = asks[tick]
            found += 1
        tick += 1
    fill_standard(top[0], top[1], top[2], top[3], out)


@njit
def fill_from_ticks(
    depth: Any, tick_size: float, low: int, high: int, top: Floats, out: Floats
) -> None:
    """Take ten levels a side tick by tick, and the 58 numbers of them."""
    top[1] = 0.0
    top[3] = 0.0
    tick, found = depth.best_bid_tick, 0
    while found < DEPTH and tick >= low:
        size = depth.bid_qty_at_tick(tick)
        if size > 0.0:
            top[0, found] = tick * tick_size
            top[1, found] = size
            found += 1
        tick -= 1
    tick, found = depth.best_ask_tick, 0
    while found < DEPTH and tick <= high:
        size = depth.ask_qty_at_tick(tick)
        if size > 0.0:
            top[2, found] = tick * tick_size
            top[3, found] = size
            found += 1
        tick += 1
    fill_standard(top[0], top[1], top[2], top[3], out)


@njit
def replay_arrays(backtest: Any, tick_size: float, rows: Floats) -> None:
    """Wait for each message and take the 58 numbers after it."""
    top = np.zeros((4, DEPTH))
    for row in range(len(rows)):
        backtest.wait_next_feed(False, END_NS)
        fill_from_arrays(backtest.depth(0), tick_size, top, rows[row])


@njit
def replay_ticks(backtest: Any, tick_size: float, low: int, high: int, rows: Floats) -> None:
    """Do the same on a book that has no arrays."""
    top = np.zeros((4, DEPTH))
    for row in range(len(rows)):
        backtest.wait_next_feed(False, END_NS)
        fill_from_ticks(backtest.depth(0), tick_size, low, high, top, rows[row])


@njit
def take_arrays(backtest: Any, tick_size: float, rows: Floats) -> None:
    """Take the 58 numbers of one book over and over."""
    top = np.zeros((4, DEPTH))
    for row in range(len(rows)):
        fill_from_arrays(backtest.depth(0), tick_size, top, rows[row])


@njit
def take_ticks(backtest: Any, tick_size: float, low: int, high: int, rows: Floats) -> None:
    """Do the same on a book that has no arrays."""
    top = np.zeros((4, DEPTH))
    for row in range(len(rows)):
        fill_from_ticks(backtest.depth(0), tick_size, low, high, top, rows[row])


def _apply(kind: _Kind, stream: Stream) -> Trial:
    track = _Track(kind, stream)
    return Trial(track.backtest, play, track.levels, stream.updates)


def _vector(kind: _Kind, stream: Stream) -> Trial:
    track = _Track(kind, stream)
    tick, rows = float(stream.instrument.tick_size), np.zeros((VECTORS, COUNT))
    backtest = track.backtest()
    play(backtest)
    bounds = () if kind.is_flat else (track.low, track.high)
    take: Any = take_arrays if kind.is_flat else take_ticks

    def run(_: object) -> None:
        take(backtest, tick, *bounds, rows)

    return Trial(lambda: None, run, lambda _: rows[-1], VECTORS)


def _replay(kind: _Kind, stream: Stream) -> Trial:
    track = _Track(kind, stream)
    tick, rows = float(stream.instrument.tick_size), np.zeros((stream.messages, COUNT))
    bounds = () if kind.is_flat else (track.low, track.high)
    replay: Any = replay_arrays if kind.is_flat else replay_ticks

    def run(backtest: Any) -> None:
        replay(backtest, tick, *bounds, rows)

    return Trial(track.backtest, run, lambda _: rows, stream.messages)
