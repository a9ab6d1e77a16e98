"""Live sources: the only readers of sockets and clocks. Needs the extra ``app`` when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from obcore.ingest.events import (
    Disconnected,
    Event,
    Gap,
    InstrumentChanged,
    Resynced,
    Stale,
    Trade,
    TradesLost,
    Update,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from obcore.ingest.collection import Collection
    from obcore.ingest.feed import Feed
    from obcore.instrument import Instrument

__all__ = [
    "Disconnected",
    "Event",
    "Gap",
    "InstrumentChanged",
    "Resynced",
    "Stale",
    "Trade",
    "TradesLost",
    "Update",
    "collect",
    "live",
]


def live(symbols: str | Instrument | Iterable[str | Instrument], **options: Any) -> Feed:
    """Return a feed of live books, to be opened with ``async with`` or ``with``.

    Parameters
    ----------
    symbols : str, Instrument or iterable of them
        ``venue:SYMBOL`` in the venue's own spelling: ``"binance-futures:BTCUSDT"``,
        ``"okx:BTC-USDT-SWAP"``, ``"kraken:BTC/USD"``. An `Instrument` fixes tick and lot;
        without one they are found on the way.
    **options
        As `obcore.ingest.feed.Feed` takes them: ``features``, ``channels``, ``policy``,
        ``capacity``, ``base_url``, ``venues``, ``settings``.

    Returns
    -------
    Feed
        Books, features and health that any thread may read, and events in order.

    Raises
    ------
    ModuleNotFoundError
        If aiohttp is not installed: ``pip install 'obcore[app]'``.

    Examples
    --------
    >>> import asyncio, obcore
    >>> async def watch():
    ...     async with obcore.live(["binance-futures:BTCUSDT"], features="standard") as feed:
    ...         async for event in feed:
    ...             print(event)
    >>> asyncio.run(watch())  # doctest: +SKIP
    """
    from obcore.ingest.feed import Feed  # noqa: PLC0415  aiohttp is an extra

    return Feed(symbols, **options)


def collect(
    symbols: str | Instrument | Iterable[str | Instrument], seconds: float, **options: Any
) -> Collection:
    """Return what some live books went through in the next seconds, as a table.

    Parameters
    ----------
    symbols : str, Instrument or iterable of them
        As `live` takes them.
    seconds : float
        How long to collect, from the moment at which every book is in sync.
    **options
        As `live` takes them, and ``limit``: at most so many states are kept, the newest.

    Returns
    -------
    Collection
        States with their features, and everything that happened to the books meanwhile.

    Notes
    -----
    The feed has a thread of its own, so it works in a notebook, whose event loop is running.

    Examples
    --------
    >>> import obcore
    >>> table = obcore.collect("binance-futures:BTCUSDT", 10, features="mid_price")  # doctest: +SKIP
    """
    from obcore.ingest.collection import collect as run  # noqa: PLC0415  aiohttp is an extra

    return run(symbols, seconds, **options)
