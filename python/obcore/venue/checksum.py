"""Checksums that venues send over the top of a book."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from obcore.venue.book import VenueBook

_KRAKEN_LEVELS = 10
_OKX_LEVELS = 25


def kraken(book: VenueBook) -> int:
    """Return Kraken's: ten asks, then ten bids, digits alone (v2, "Book checksum")."""
    picture = book.snapshot(_KRAKEN_LEVELS)
    text = "".join(
        field.replace(".", "").lstrip("0")
        for level in (*picture.asks, *picture.bids)
        for field in level
    )
    return zlib.crc32(text.encode())


def okx(book: VenueBook) -> int:
    """Return OKX's: 25 bids and asks in turn, signed (v5, "Checksum")."""
    picture = book.snapshot(_OKX_LEVELS)
    parts: list[str] = []
    for index in range(max(len(picture.bids), len(picture.asks))):
        for side in (picture.bids, picture.asks):
            if index < len(side):
                parts += side[index]
    value = zlib.crc32(":".join(parts).encode())
    return value - (1 << 32) if value >= 1 << 31 else value
