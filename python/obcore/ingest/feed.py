"""The feed that users open: live books that any thread may read, and events in order."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from obcore.book import FeedState
from obcore.errors import FeedError
from obcore.ingest.engine import Engine
from obcore.ingest.health import Health
from obcore.ingest.listener import FeedEvents
from obcore.ingest.settings import Settings
from obcore.ingest.venue import Stream
from obcore.ingest.venues import VENUES
from obcore.instrument import Instrument

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from obcore.book import BookView
    from obcore.ingest.engine import Tap
    from obcore.ingest.events import Event
    from obcore.ingest.venue import Venue

logger = logging.getLogger(__name__)

START_S = 30.0


class Feed:
    """Live books of some instruments, followed in a thread of their own.

    Parameters
    ----------
    symbols : str, Instrument or iterable of them
        ``venue:SYMBOL`` in the venue's own spelling.
    features : str or iterable of str, optional
        What to compute at every state; nothing by default.
    depth : int, optional
        Levels a side, where a feature has a depth.
    channels : iterable of str, optional
        ``"depth"`` and ``"trades"``, or the venue's own words: ``"depth20@100ms"``,
        ``"bookTicker"``, ``"orderbook.50"``.
    policy : {"drop_oldest", "latest", "block", "raise"}, optional
        What happens when the events of ``async for`` are not read in time: the oldest go and are
        counted; a book's newest update takes the place of the one before; the connections wait,
        and with them the books; the reader gets an error. Books and features never wait but for
        ``"block"``.
    capacity : int, optional
        Events that may wait.
    base_url : str, optional
        Where the venues are instead of at their own addresses, each below its name: that of a
        local venue.
    venues : mapping of str to Venue, optional
        More venues, or others under a known name: a relay, a tardis-machine, a test network.
    settings : Settings, optional
        How patient it is.
    tap : callable, optional
        Called in the feed's thread with the connection, the bytes and the time of each frame, as
        it arrives, and with the address in place of the connection for each answer of REST. Empty
        bytes mean that the connection begins, None that it has gone. `Recorder` and
        `CaptureWriter` are taps.

    Raises
    ------
    ValueError
        If a symbol names no venue that is known.

    Notes
    -----
    Reads are safe from any thread. The thread that follows the books decodes and applies each
    frame in C++ as it arrives, so who reads events slowly, or not at all, never delays a book.
    """

    def __init__(
        self,
        symbols: str | Instrument | Iterable[str | Instrument],
        *,
        features: str | Iterable[str] | None = None,
        depth: int = 10,
        ofi_weights: Sequence[float] | None = None,
        channels: Iterable[str] = ("depth", "trades"),
        policy: str = "drop_oldest",
        capacity: int = 65_536,
        base_url: str | None = None,
        venues: Mapping[str, Venue] | None = None,
        settings: Settings | None = None,
        tap: Tap | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self._state = FeedState(**_limits(self.settings))
        self._policy, self._capacity = policy, capacity
        known = {**VENUES, **(venues or {})}
        self._books: dict[str, int] = {}
        wanted: list[tuple[Venue, Stream, int]] = []
        native: list[str] = []
        for symbol in [symbols] if isinstance(symbols, (str, Instrument)) else symbols:
            name, grid = _named(symbol)
            venue, plain = _venue_of(name, known)
            if name in self._books:
                continue
            words = [venue.channel(channel) for channel in channels]
            from_ticker = any(map(venue.from_ticker, words))
            book = self._state.add_book(
                name, grid, features, depth, ofi_weights, from_ticker=from_ticker
            )
            self._books[name] = book
            native.append(plain)
            wanted += [(venue, Stream(plain, word), book) for word in words]
        if not wanted:
            msg = "expected at least one symbol and one channel, received none"
            raise ValueError(msg)
        self._engine = Engine(
            self._state,
            wanted,
            names=list(self._books),
            symbols=native,
            settings=self.settings,
            base_url=base_url,
            tap=tap,
        )
        self._has_features = features is not None
        self._thread: threading.Thread | None = None
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started = threading.Event()
        self._error: BaseException | None = None
        self._is_error_told = False
        self._ended = threading.Event()
        self._main: FeedEvents | None = None

    # ---- Life -------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Start following."""
        if self._thread is not None:
            msg = "expected a feed that was not opened before: make a new one"
            raise FeedError(msg)
        self._thread = threading.Thread(target=self._run, name="obcore feed", daemon=True)
        self._thread.start()
        self._started.wait(START_S)
        return self

    def __exit__(self, *_: object) -> None:
        """Close every connection and end the thread; an error that ended it is raised."""
        self._engine.is_ending = True
        if self._loop is not None and self._task is not None:
            with suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._task.cancel)
        if self._thread is not None:
            self._thread.join()
        if self._main is not None:
            self._main.close()
        if not self._is_error_told:  # nobody read, and nobody would know
            self.raise_error()

    async def __aenter__(self) -> Self:
        """Start following."""
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(self, *failure: object) -> None:
        """Close every connection and end the thread; an error that ended it is raised."""
        await asyncio.to_thread(self.__exit__, *failure)

    def _run(self) -> None:
        try:
            asyncio.run(self._follow())
        except BaseException as error:  # noqa: BLE001  whoever reads the feed gets it
            self._error = error
        finally:
            self._ended.set()
            self._started.set()
            self._engine.wake_listeners()

    async def _follow(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        try:
            await self._engine.run(self._started.set)
        except asyncio.CancelledError:
            return

    def raise_error(self) -> None:
        """Raise what ended the feed, if anything did."""
        error = self._error
        if error is None:
            return
        self._is_error_told = True
        while isinstance(error, BaseExceptionGroup):  # the first of them ended the others
            error = error.exceptions[0]
        msg = f"the feed has ended: {error}"
        raise FeedError(msg) from error

    @property
    def has_ended(self) -> bool:
        """Whether nothing will come any more."""
        return self._ended.is_set()

    # ---- Events -----------------------------------------------------------------------------

    def events(
        self,
        *,
        policy: str = "drop_oldest",
        capacity: int = 65_536,
        features: bool | None = None,
    ) -> FeedEvents:
        """Return one more reader of the events, with a queue of its own.

        It is told first which books are in sync, and from then on everything.

        Parameters
        ----------
        policy, capacity
            As of the feed.
        features : bool, optional
            Whether updates carry features; they do where the feed has any.
        """
        with_features = self._has_features if features is None else features
        listener = self._state.listen(policy, capacity, with_features)
        return FeedEvents(self, self._state, listener, self._engine)

    def __aiter__(self) -> FeedEvents:
        """Iterate over everything that happens, from the first call on."""
        if self._thread is None:
            msg = "expected an open feed: async with obcore.live(…) as feed"
            raise FeedError(msg)
        if self._main is None:  # who never reads events does not pay for them
            self._main = self.events(policy=self._policy, capacity=self._capacity)
        return self._main

    def __iter__(self) -> FeedEvents:
        """Iterate over everything that happens, in a thread without a loop."""
        return self.__aiter__()

    def events_so_far(self) -> list[Event]:
        """Return what happened since the last look, without waiting."""
        return self.__aiter__().poll()

    # ---- Reads, from any thread -------------------------------------------------------------

    @property
    def symbols(self) -> list[str]:
        """``venue:SYMBOL`` of the books."""
        return list(self._books)

    def book(self, symbol: str) -> BookView:
        """Return a book: one object, to be kept, that always shows the newest state.

        Its ``state`` and ``reason`` say how far it can be trusted. Two calls may see two states;
        ``copy.copy(book)`` is one state that stays.
        """
        return self._state.book(self._number(symbol))

    def features(
        self, symbol: str, out: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Return the (k,) features of the book's last state, NaN while it is not to be trusted."""
        return self._state.values(self._number(symbol), out)

    def feature_names(self, symbol: str) -> list[str]:
        """Return the names of `features`, in order."""
        return self._state.feature_names(self._number(symbol))

    def health(self, symbol: str) -> Health:
        """Return how a book is, and what was counted."""
        book = self._number(symbol)
        refusal = self._engine.refusals.get(book, "")
        return Health(symbol=symbol, refusal=refusal, **self._state.health(book))

    def restart(self, symbol: str, reason: str = "asked for") -> None:
        """Give a book up and build it anew, without touching the others."""
        flags = self._state.restart(self._number(symbol), reason, time.time_ns())
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._engine.take, flags)

    @property
    def eta_s(self) -> float:
        """Seconds until every snapshot that is wanted is asked for, by the venues' budgets."""
        return self._engine.eta_s

    @property
    def malformed(self) -> int:
        """Frames that could not be read."""
        return self._state.malformed

    def memory_usage(self) -> int:
        """Return the bytes that the books hold."""
        return self._state.memory_usage()

    def wait_synced(self, timeout_s: float | None = None) -> bool:
        """Wait until every book can be trusted; False where that took too long.

        Raises
        ------
        FeedError
            If a venue refuses a book, or the feed has ended.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not all(self.health(symbol).is_trusted for symbol in self._books):
            self.raise_error()
            for symbol, book in self._books.items():
                if book in self._engine.refusals:
                    msg = f"{symbol}: refused: {self._engine.refusals[book]}"
                    raise FeedError(msg)
            if self.has_ended or (deadline is not None and time.monotonic() > deadline):
                return False
            time.sleep(0.01)
        return True

    def _number(self, symbol: str) -> int:
        try:
            return self._books[symbol]
        except KeyError:
            msg = f"symbol: expected one of {', '.join(self._books)}, received {symbol!r}"
            raise KeyError(msg) from None


def _limits(settings: Settings) -> dict[str, Any]:
    return {
        "first_message_ns": int(settings.first_message_s * 1e9),
        "silence_ns": int(settings.silence_s * 1e9),
        "trade_silence_ns": int(settings.trade_silence_s * 1e9),
        "lag_ns": int(settings.lag_s * 1e9),
        "crossed_messages": settings.crossed_messages,
        "crossed_ns": int(settings.crossed_s * 1e9),
    }


def _named(symbol: str | Instrument) -> tuple[str, Any]:
    if isinstance(symbol, Instrument):
        return symbol.name, symbol.grid
    return symbol, None


def _venue_of(name: str, known: Mapping[str, Venue]) -> tuple[Venue, str]:
    venue, colon, symbol = name.partition(":")
    if not colon or not symbol or venue not in known:
        msg = f"symbol: expected VENUE:SYMBOL with one of {', '.join(known)}, received {name!r}"
        raise ValueError(msg)
    return known[venue], symbol
