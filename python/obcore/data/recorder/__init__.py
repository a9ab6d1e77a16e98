"""What a live feed receives, kept on disk: segments that survive a kill, read as one recording."""

from __future__ import annotations

from obcore.data.recorder.recorder import Recorder

__all__ = ["Recorder"]
