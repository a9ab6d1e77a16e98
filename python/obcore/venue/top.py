"""The top of a venue's book: what changed in it, and in what a client was shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from obcore.venue.record import Role

if TYPE_CHECKING:
    from obcore.venue.book import Picture, Side, VenueBook
    from obcore.venue.hub import Message

Pairs = list[tuple[str, str]]


class TopView:
    """The best levels of a book as a client was last shown them.

    Parameters
    ----------
    depth : int
        Levels a side.
    tell_left : bool
        Whether a level is deleted too that only fell behind the others; some venues leave that
        to the client.

    Attributes
    ----------
    picture : Picture or None
        What was shown last.
    """

    def __init__(self, depth: int, *, tell_left: bool) -> None:
        self.depth = depth
        self.tell_left = tell_left
        self.picture: Picture | None = None
        self._bids: dict[str, str] = {}
        self._asks: dict[str, str] = {}

    def show(self, book: VenueBook) -> Picture:
        """Return the top of a book to send whole."""
        picture = book.snapshot(self.depth)
        self._bids, self._asks = dict(picture.bids), dict(picture.asks)
        self.picture = picture
        return picture

    def changes(self, book: VenueBook) -> tuple[Pairs, Pairs]:
        """Return the levels of either side that changed since last time; 0 deletes."""
        bids, asks = self._bids, self._asks
        self.show(book)
        return (
            self._changed(bids, self._bids, book.bids),
            self._changed(asks, self._asks, book.asks),
        )

    def _changed(self, old: dict[str, str], new: dict[str, str], whole: Side) -> Pairs:
        gone = [
            (px, "0") for px in old if px not in new and (self.tell_left or px not in whole)
        ]
        return gone + [(px, sz) for px, sz in new.items() if old.get(px) != sz]


class Follower:
    """Which depth messages change the book that a client was shown.

    A book that starts from a REST snapshot is ahead of its stream at first: the messages that
    it already holds are not for the client.
    """

    def __init__(self) -> None:
        self.is_shown = False
        self._last_id = 0

    def show(self, book: VenueBook) -> None:
        """Note that the client was shown the book."""
        self.is_shown = True
        self._last_id = book.last_id

    def needs(self, message: Message) -> Role:
        """Return whether the client needs the whole book, the message's levels or nothing."""
        role = message.record.role
        if role is Role.SNAPSHOT:
            self.show(message.listing.book)
            return role
        if role is not Role.DELTA or not self.is_shown:
            return Role.OTHER
        depth = message.depth
        restarted = depth.previous_id is not None and depth.last_id < depth.previous_id
        if 0 < depth.last_id <= self._last_id and not restarted:
            return Role.OTHER
        self._last_id = depth.last_id
        return Role.DELTA
