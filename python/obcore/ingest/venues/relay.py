"""A relay of order books, which every house has its own of: configured, not coded.

Its client logs in with a key, subscribes with symbols and a depth, and is sent ``orderbook``
messages with ``bids``, ``asks`` and ``update_id``. There is no document; names can be set.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from obcore.ingest.venue import Control, Limits, Say, Stream, Venue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from obcore.ingest.secret import Secret

_ACCEPTED = {"authenticated", "auth_ok", "subscribed", "unsubscribed", "ok", "ack"}
_REFUSED = {"error", "auth_error", "auth_failed", "unauthorized", "refused"}


def _read_control(message: Any) -> Control:
    kind = str(message.get("type", ""))
    text = str(message.get("message", message.get("reason", kind)))
    if kind in _REFUSED or message.get("success") is False:
        return Control(Say.REFUSED, text)
    return Control(Say.ACCEPTED if kind in _ACCEPTED else Say.NOTHING)


def relay(
    name: str,
    websocket: str,
    *,
    key: Secret | None = None,
    depth: int = 20,
    path: str = "",
    keys: Mapping[str, str] | None = None,
) -> Venue:
    """Return the venue of a relay, for ``venues=`` of `obcore.live`.

    Parameters
    ----------
    name : str
        What it is called in ``name:SYMBOL``.
    websocket, path : str
        Its address.
    key : Secret, optional
        To log in with; without one no login is sent.
    depth : int, optional
        Levels to ask for.
    keys : mapping, optional
        What its messages call things, where it is not the usual: ``type_key``, ``book_type``,
        ``symbol_key``, ``bids_key``, ``asks_key``, ``id_key``, ``time_key``; ``snapshot_key``
        names what is true in a snapshot, without it every message is the whole top of the book;
        ``ids`` is ``none``, ``growing`` or ``consecutive``.

    Examples
    --------
    >>> from obcore.ingest.secret import Secret
    >>> house = relay("house", "wss://relay.example", key=Secret("…"), keys={"ids": "growing"})
    >>> house.key
    <secret>
    """

    def subscribe(streams: Sequence[Stream], _: int) -> list[str]:
        symbols = [stream.symbol for stream in streams]
        return [json.dumps({"type": "subscribe", "symbols": symbols, "depth": depth})]

    def unsubscribe(streams: Sequence[Stream], _: int) -> list[str]:
        symbols = [stream.symbol for stream in streams]
        return [json.dumps({"type": "unsubscribe", "symbols": symbols})]

    def login(secret: Secret) -> str:
        return json.dumps({"type": "authenticate", "api_key": secret.reveal()})

    return Venue(
        name=name,
        wire="relay",
        websocket=websocket,
        depth="orderbook",
        trades="trades",
        path=lambda _: path,
        subscribe=subscribe,
        unsubscribe=unsubscribe,
        has_depth=lambda channel: channel == "orderbook",
        read_control=_read_control,
        login=login if key is not None else None,
        key=key,
        relay=dict(keys or {}),
        limits=Limits(streams=500, streams_a_message=100),
    )
