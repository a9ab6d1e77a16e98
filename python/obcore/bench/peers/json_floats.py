"""Depth messages decoded by msgspec straight into floats: the fastest way in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Message(msgspec.Struct):
    """Levels as pairs of price and size; msgspec turns the venue's texts into floats."""

    b: list[tuple[float, float]]
    a: list[tuple[float, float]]


class Envelope(msgspec.Struct):
    """The combined stream's wrapping."""

    data: Message


def decoder(texts: Sequence[bytes]) -> Callable[[bytes], Message]:
    """Return what decodes messages such as these, all wrapped or none."""
    if is_wrapped(texts):
        unwrap = msgspec.json.Decoder(Envelope, strict=False).decode
        return lambda text: unwrap(text).data
    decode: Callable[[bytes], Message] = msgspec.json.Decoder(Message, strict=False).decode
    return decode


def is_wrapped(texts: Sequence[bytes]) -> bool:
    """Return whether messages stand in the combined stream's envelope."""
    return bool(texts) and "data" in msgspec.json.decode(texts[0])
