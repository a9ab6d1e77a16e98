"""Reads a store: the exact book of any moment, and everything that happened since another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from obcore.book import ChangePlayer, Grid
from obcore.data.arguments import parse_time
from obcore.data.coverage import Coverage, cover
from obcore.data.past import END_OF_TIME, Past, moment
from obcore.data.store import manifest as manifests
from obcore.data.store.files import StoreFiles
from obcore.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike

    from obcore.book import Book
    from obcore.data.changes import ChangeBatch, TradeBatch
    from obcore.data.store.manifest import Manifest


class Store(Past):
    """Market data in Parquet files, as `write_store` writes them. Reads nothing until asked.

    Not thread-safe: a thread needs a store of its own, which costs nothing to make.

    Parameters
    ----------
    root : path-like
        Its folder.

    Raises
    ------
    StoreError
        If it holds nothing.

    Examples
    --------
    >>> import tempfile
    >>> import obcore
    >>> folder = tempfile.TemporaryDirectory()
    >>> done = obcore.write_store(obcore.sample(), folder.name, venue="binance-futures")
    >>> store = Store(folder.name)
    >>> store.symbols
    ('binance-futures:ETHUSDT',)
    >>> store.state_at("ETHUSDT", "2024-07-18T23:58:00").best_bid
    (342516, 69992)
    >>> store.state_at("ETHUSDT", "2024-07-19")
    Traceback (most recent call last):
    obcore.errors.NotCoveredError: binance-futures:ETHUSDT: at 2024-07-19T00:00:00.000000000Z the \
book was STALE: the recording ends; stale=True gives it as it was
    >>> folder.cleanup()
    """

    def __init__(self, root: str | PathLike[str]) -> None:
        self.root = Path(root)
        names = manifests.names_in(self.root)
        if not names:
            msg = f"{self.root}: expected a store, received a folder without one; obcore ingest makes it"
            raise StoreError(msg)
        self._names = {f"{venue}:{symbol}": (venue, symbol) for venue, symbol in names}
        self._manifests: dict[str, Manifest] = {}
        self._files = StoreFiles(self.root)

    def __repr__(self) -> str:
        return f"Store({str(self.root)!r})"

    @property
    def symbols(self) -> tuple[str, ...]:
        """What it holds, as ``venue:SYMBOL``."""
        return tuple(self._names)

    def refresh(self) -> None:
        """See what was written since."""
        self.__init__(self.root)  # type: ignore[misc]

    def manifest(self, symbol: str) -> Manifest:
        """Return what the store knows of a symbol: recordings, files, tick and lot."""
        name = self.full_name(symbol)
        if name not in self._manifests:
            self._manifests[name] = manifests.load(self.root, *self._names[name])
        return self._manifests[name]

    def grid(self, symbol: str) -> Grid:
        """Return the steps of price and size of a symbol."""
        found = self.manifest(symbol)
        return Grid(found.tick, found.lot, nonpositive_prices=found.nonpositive_prices)

    def batches(
        self,
        symbol: str,
        start: str | int | None = None,
        end: str | int | None = None,
        *,
        on_read: Callable[[int], None] | None = None,
    ) -> Iterator[ChangeBatch]:
        """Yield everything that happened to a book, in pieces, in bounded memory.

        Each piece begins with the whole book. The first one holds `start`, the last one `end`:
        rows before and behind them are among the pieces.
        """
        name = self.full_name(symbol)
        groups = self._files.groups(self.manifest(name))
        first = 0 if start is None else groups.last_until(parse_time(start), None) or 0
        until = END_OF_TIME if end is None else parse_time(end)
        for at in range(first, len(groups)):
            if groups.first_ns[at] > until:
                return
            batch = self._files.changes(groups, at)
            if on_read is not None:
                on_read(batch.updates)
            yield batch

    def trade_batches(
        self, symbol: str, start: str | int | None = None, end: str | int | None = None
    ) -> Iterator[TradeBatch]:
        """Yield the trades of a symbol in pieces; the first holds `start`, the last `end`."""
        groups = self._files.groups(self.manifest(symbol), "trades")
        first = 0 if start is None else groups.last_until(parse_time(start), None) or 0
        until = END_OF_TIME if end is None else parse_time(end)
        for at in range(first, len(groups)):
            if groups.first_ns[at] > until:
                return
            yield self._files.trades(groups, at)

    # ---- What is there ----------------------------------------------------------------------

    def coverage(self, symbol: str) -> Coverage:
        """Return from when to when a book is known, and where it is not and why."""
        name = self.full_name(symbol)
        recordings = [
            {"sources": one.sources, "complete": one.complete, **one.summary}
            for one in self.manifest(name).recordings
        ]
        return cover(name, self.batches(name), self.trade_batches(name), recordings)

    def sql(self, query: str) -> Any:
        """Run SQL over the store with DuckDB; the result has ``df()``, ``arrow()``, ``fetchall()``.

        Tables are ``depth`` and ``trades``; views ``levels``, ``bbo``, ``gaps`` and
        ``instruments`` are made of them. Prices and sizes are decimal in ``bbo`` and ``trades``.
        """
        from obcore.data.store.sql import ask  # noqa: PLC0415  an extra

        return ask(self, query)

    def verify(self) -> None:
        """Compare every file with its sha256.

        Raises
        ------
        StoreError
            If one is missing or differs.
        """
        for name in self.symbols:
            for kind in manifests.KINDS:
                for file in self.manifest(name).files(kind):
                    self._files.verify(file)

    def _book_at(self, name: str, time_ns: int | None, sequence: int | None) -> Book | None:
        groups = self._files.groups(self.manifest(name))
        at = groups.last_until(time_ns, sequence)
        if at is None:
            return None
        player = ChangePlayer(self.grid(name))
        player.play(self._files.changes(groups, at), until_ns=time_ns, until_id=sequence)
        return player.book()

    def span(self, name: str) -> str:
        """Return in words from when to when a symbol is known."""
        recordings = self.manifest(name).recordings
        spans = [
            f"{moment(one.first_ns, None)} to {moment(one.last_ns, None)}"
            for one in recordings
            if one.first_ns is not None
        ]
        return f"the store has {', '.join(spans) or 'nothing'}"
