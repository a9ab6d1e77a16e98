"""A stretch of one symbol of the past, which gives rows of features as a recording does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from obcore.book import ABSENT, ChangePlayer
from obcore.data.arguments import parse_every, parse_time
from obcore.data.changes import rows_of
from obcore.data.table import FeatureTable, Summary
from obcore.errors import NotCoveredError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from obcore.data.changes import ChangeBatch, TradeBatch
    from obcore.data.past import Past

END_OF_TIME = 2**63 - 1


class PastView:
    """What `Past.view` returns.

    Parameters
    ----------
    past : Past
        Where it lies.
    name : str
        ``venue:SYMBOL``.
    start, end : str, int or None
        The first and the last moment.
    """

    def __init__(
        self, past: Past, name: str, start: str | int | None, end: str | int | None
    ) -> None:
        self._past, self._name = past, name
        self._start, self._end = start, end

    def batches(
        self,
        features: str | Iterable[str] = "standard",
        *,
        depth: int = 10,
        every: str | int = "event",
        mode: str = "causal",
        ofi_weights: Sequence[float] | None = None,
        on_read: Callable[[int], None] | None = None,
    ) -> Iterator[FeatureTable]:
        """Yield rows in pieces, in memory independent of the length.

        Parameters
        ----------
        features, depth, every, mode, ofi_weights
            As in `Recording.features`.
        on_read : callable, optional
            Called with the number of levels read.

        Raises
        ------
        NotCoveredError
            If there is no state that can be trusted.
        """
        names = features if isinstance(features, str) else ", ".join(features)
        mode_of_rows, n = parse_every(every)
        player = ChangePlayer(
            self._past.grid(self._name),
            features=names,
            depth=depth,
            mode=mode,
            ofi_weights=ofi_weights,
            every=mode_of_rows,
            every_n=n,
        )
        stretch = self._name, self._start, self._end
        trades = _TradesInOrder(self._past.trade_batches(*stretch))
        for batch in self._past.batches(*stretch, on_read=on_read):
            trades.play_before(player, batch)
            yield self._table(player)
        trades.play_rest(player)
        player.finish()
        yield self._table(player)
        if not player.states:
            span = self._past.span(self._name)
            msg = f"{self._name}: no state that can be trusted; {span}"
            raise NotCoveredError(msg)

    def _table(self, player: ChangePlayer) -> FeatureTable:
        event, recv, sequence, values = _within(player.take_rows(), self._start, self._end)
        grid = self._past.grid(self._name)
        book = player.book()
        summary = Summary(
            sources=(),
            symbol=self._name,
            tick=grid.tick,
            lot=grid.lot,
            state=book.state.name,
            reason=book.reason,
            states=player.states,
            gaps=[],
            counts={"gap_count": 0},
        )
        return FeatureTable(tuple(player.names), event, recv, sequence, values, summary)


class _TradesInOrder:
    """Plays trades at their positions among the changes, recording by recording."""

    def __init__(self, batches: Iterator[TradeBatch]) -> None:
        self._batches = batches
        self._batch = next(batches, None)
        self._at = 0

    def play_before(self, player: ChangePlayer, changes: ChangeBatch) -> None:
        while self._batch is not None:
            last = int(changes.position[-1])
            behind = int(self._batch.position[-1]) < last
            if not behind:
                break
            # The batch ends among these changes: they are played up to where it does.
            stop = int(np.searchsorted(changes.position, self._batch.position[-1]))
            if stop > 0:
                self._at = player.play_with_trades(
                    rows_of(changes, 0, stop), self._batch, self._at
                )
                changes = rows_of(changes, stop, len(changes))
            player.play_trades(self._batch, self._at, int(changes.position[0]))
            self._batch, self._at = next(self._batches, None), 0
        if self._batch is None:
            player.play(changes)
        else:
            self._at = player.play_with_trades(changes, self._batch, self._at)

    def play_rest(self, player: ChangePlayer) -> None:
        while self._batch is not None:
            player.play_trades(self._batch, self._at, END_OF_TIME)
            self._batch, self._at = next(self._batches, None), 0


Rows = tuple[
    "NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.float64]"
]


def _within(rows: Rows, start: str | int | None, end: str | int | None) -> Rows:
    event, recv, sequence, values = rows
    times = np.where(recv != ABSENT, recv, event)
    keep = np.ones(len(times), dtype=bool)
    if start is not None:
        keep &= times >= parse_time(start)
    if end is not None:
        keep &= times <= parse_time(end)
    return event[keep], recv[keep], sequence[keep], values[keep]
