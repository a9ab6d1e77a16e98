"""Tardis: a tardis-machine's normalised messages, replayed or live.

Document: docs.tardis.dev, "Tardis Machine", ``/replay-normalized``, ``/ws-replay-normalized`` and
``/ws-stream-normalized``. Messages carry no ids: its books are UNVERIFIED, and a hole is known
only where it says ``disconnect``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from obcore.ingest.venue import Control, Limits, Say, Stream, Venue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def _read_control(message: Any) -> Control:
    if message.get("type") == "error" or "error" in message:
        return Control(Say.REFUSED, str(message.get("details", message.get("error", ""))))
    return Control(Say.NOTHING)


def _exchange(stream: Stream) -> str:
    return stream.symbol.partition(":")[0]


def _query(extra: Mapping[str, Any]) -> Callable[[Sequence[Stream]], Mapping[str, str]]:
    def query(streams: Sequence[Stream]) -> Mapping[str, str]:
        options = {
            "exchange": _exchange(streams[0]),
            "symbols": sorted({stream.symbol.partition(":")[2] for stream in streams}),
            "dataTypes": sorted({stream.channel for stream in streams}),
            "withDisconnectMessages": True,
            **extra,
        }
        return {"options": json.dumps([options])}

    return query


def _venue(websocket: str, path: str, extra: Mapping[str, Any], *, ends_at: str = "") -> Venue:
    return Venue(
        name="tardis",
        wire="tardis",
        websocket=websocket,
        depth="book_change",
        trades="trade",
        # One exchange a connection: two may call different things by one name.
        path=lambda stream: f"{path}#{_exchange(stream)}",
        query=_query(extra),
        subscribe=lambda _streams, _request: [],
        unsubscribe=lambda _streams, _request: [],
        has_depth=lambda channel: channel.startswith("book"),
        read_control=_read_control,
        symbol_on_wire=lambda symbol: symbol.partition(":")[2],
        is_finite=bool(ends_at),
        ends_at=ends_at,
        limits=Limits(streams=1_000, streams_a_message=1_000),
    )


def tardis_replay(start: str, end: str, *, machine: str = "ws://127.0.0.1:8001") -> Venue:
    """Return a tardis-machine that replays the past, for ``venues=`` of `obcore.live`.

    Symbols are ``"tardis:binance-futures:BTCUSDT"``: Tardis' name of the exchange, and the
    exchange's own of the instrument. The feed ends with the replay.

    Parameters
    ----------
    start, end : str
        ISO 8601 UTC; ``end`` is exclusive.
    machine : str, optional
        Base address: of its HTTP port, or of its WebSocket, which is one higher. The machine
        holds the API key.
    """
    extra = {"from": start, "to": end}
    path = "/replay-normalized" if machine.startswith("http") else "/ws-replay-normalized"
    return _venue(machine, path, extra, ends_at=end)


def tardis_live(*, machine: str = "ws://127.0.0.1:8001", timeout_ms: int = 10_000) -> Venue:
    """Return a tardis-machine that follows the exchanges themselves, live.

    Parameters
    ----------
    machine : str, optional
        As in `tardis_replay`.
    timeout_ms : int, optional
        After how long without a message the machine connects anew.
    """
    extra = {"timeoutIntervalMS": timeout_ms}
    return _venue(machine, "/ws-stream-normalized", extra)
