"""A venue on this machine, from recordings; needs aiohttp.

Recordings become a tape (`tape`, `files`, ``native``), the tape is played (`schedule`, `player`)
to whoever listens (`hub`, `session`), in the words of each venue (``protocols``), with faults if
asked for (`faults`). The venue's own books (`book`) know nothing of the compiled core, so that
the one can be held against the other.
"""

from __future__ import annotations

from obcore.venue.book import Picture, VenueBook
from obcore.venue.faults import Done, Fault
from obcore.venue.protocols.base import Settings
from obcore.venue.server import LocalVenue
from obcore.venue.tape import Tape, load_tape

__all__ = [
    "Done",
    "Fault",
    "LocalVenue",
    "Picture",
    "Settings",
    "Tape",
    "VenueBook",
    "load_tape",
]
