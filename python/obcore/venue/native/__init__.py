"""What the messages of each market mean; one module a venue.

Reading only: how a venue answers, and what it sends when, stands in ``obcore.venue.protocols``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from obcore.venue.native import binance, bitstamp, bybit, deribit, kraken, okx
from obcore.venue.record import Role

if TYPE_CHECKING:
    from obcore.venue.record import Depth, Record, Trade


class Native(Protocol):
    """The questions that every venue's messages answer."""

    MARKETS: tuple[str, ...]

    def record_of_capture(
        self, ts_recv_ns: int, payload: bytes, address: str, /
    ) -> Record | None:
        """Return the record of a message, None where it is no market data."""
        ...

    def depth(self, record: Record) -> Depth:
        """Return a depth message in neutral words."""
        ...

    def trades(self, record: Record) -> list[Trade]:
        """Return the trades of a message, none where it holds none."""
        ...


_BY_DOMAIN: dict[str, Native] = {
    "binance.com": binance,
    "bybit.com": bybit,
    "okx.com": okx,
    "kraken.com": kraken,
    "deribit.com": deribit,
    "bitstamp.net": bitstamp,
}
_BY_MARKET = {market: native for native in _BY_DOMAIN.values() for market in native.MARKETS}


def record_of_capture(ts_recv_ns: int, payload: bytes, address: str) -> Record | None:
    """Return the record of a message that came from `address`, None where it is no market data.

    Raises
    ------
    ValueError
        Where the address is none of a known venue.
    """
    domain = ".".join((urlsplit(address).hostname or "").split(".")[-2:])
    native = _BY_DOMAIN.get(domain)
    if native is None:
        msg = f"expected an address of {', '.join(_BY_DOMAIN)}, received {address}"
        raise ValueError(msg)
    return native.record_of_capture(ts_recv_ns, payload, address)


def depth_of(record: Record) -> Depth:
    """Return a depth message in neutral words."""
    return _BY_MARKET[record.market].depth(record)


def trades_of(record: Record) -> list[Trade]:
    """Return the trades of a message, none where it holds none."""
    return _BY_MARKET[record.market].trades(record)


def depth_limit_of(record: Record) -> int | None:
    """Return how many levels a side a venue keeps without telling what falls behind them."""
    if record.market == kraken.MARKET and record.role is not Role.OTHER:
        return kraken.depth_limit(record)
    return None
