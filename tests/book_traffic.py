"""Messages of many books, mixed, and books compared by all that they show."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from obcore import Instrument, Side
from obcore.bench.streams import Stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from obcore import BookView

BTC = Instrument("binance-futures:BTCUSDT", "0.10", "0.001")
ANY_SYMBOL = BTC.grid  # so that many books may take the messages of one


class Traffic(NamedTuple):
    """Messages of many books, each with the number of its book."""

    ids: NDArray[np.int64]
    messages: list[bytes]

    def without(self, bad: list[int]) -> Traffic:
        kept = [i for i in range(len(self.ids)) if i not in bad]
        return Traffic(self.ids[kept], [self.messages[i] for i in kept])


def mixed_traffic(books: int, messages: int, seed: int = 3) -> Traffic:
    """Return streams of their own for so many books, mixed, each still in its order."""
    streams = [Stream.made_up(levels=20, updates=20 * messages, seed=i) for i in range(books)]
    texts = [[one.snapshot_json(), *one.json_messages(messages)] for one in streams]
    ids = np.repeat(np.arange(books), [len(one) for one in texts])
    np.random.default_rng(seed).shuffle(ids)
    feeds = [iter(one) for one in texts]
    return Traffic(ids, [next(feeds[i]) for i in ids])


def assert_same(one: BookView, other: BookView) -> None:
    for side in Side:
        assert one.top(side).tolist() == other.top(side).tolist()
        assert one.total_lots(side) == other.total_lots(side)
    for name in ("state", "reason", "sequence", "ts_event_ns", "ts_recv_ns"):
        assert getattr(one, name) == getattr(other, name)
