"""A local venue in a process of its own, told what to do line by line.

A feed and a venue that share an interpreter share its lock too: apart, each has a core.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ingest.made import made
from obcore.venue import LocalVenue, Settings, load_tape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from obcore.venue import Tape


class VenueProcess:
    """The end that tells."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "ingest.venue_process"]
        paths = [str(Path(__file__).parents[1]), *sys.path]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        assert self._process.wait(30.0) == 0
        self._process.stdout.close()

    def open(
        self, recordings: Sequence[Path], faults: Sequence[str] = (), **options: Any
    ) -> dict[str, Any]:
        """Open a venue that plays when it is told; its port and how many messages it has."""
        return self._tell(
            "open", recordings=list(map(str, recordings)), faults=list(faults), **options
        )

    def play(self, count: int | None = None) -> int:
        """Play messages, as fast as they are read; where the tape stands then."""
        return int(self._tell("play", count=count)["position"])

    def status(self) -> dict[str, Any]:
        """Return how many faults were done, messages sent and clients are there."""
        return self._tell("status")

    def close(self) -> None:
        """Close the venue."""
        self._tell("close")

    def _tell(self, word: str, **options: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"do": word, **options}), file=self._process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer


class _Host:
    """The end that does."""

    def __init__(self) -> None:
        self._tapes: dict[tuple[str, ...], Tape] = {}
        self._venue: LocalVenue | None = None

    async def do(self, request: dict[str, Any]) -> dict[str, Any]:
        word = request.pop("do")
        if word == "open":
            return await self._open(**request)
        assert self._venue is not None
        venue = self._venue
        if word == "play":
            await venue.play(request["count"])
            return {"position": venue.position}
        if word == "status":
            return {
                "faults": dict(venue.faults.counts),
                "sent": venue.hub.sent,
                "clients": len(venue.hub.sessions),
            }
        await venue.__aexit__()
        self._venue = None
        return {}

    async def _open(
        self,
        recordings: list[str],
        faults: list[str],
        weight_budget: int | None = None,
        made_for: str = "",
        **options: Any,
    ) -> dict[str, Any]:
        tape = self._tape((*recordings, made_for))
        settings = Settings(weight_budget=weight_budget)
        self._venue = LocalVenue(
            tape, speed=None, start="call", faults=faults, settings=settings, **options
        )
        await self._venue.__aenter__()
        return {"port": self._venue.port, "length": self._venue.length}

    def _tape(self, key: tuple[str, ...]) -> Tape:
        *recordings, made_for = key
        if key not in self._tapes:
            tape = load_tape(recordings)
            self._tapes[key] = made(tape, made_for) if made_for else tape
        return self._tapes[key]


async def _main() -> None:
    host = _Host()
    while line := await asyncio.to_thread(sys.stdin.readline):
        try:
            answer = await host.do(json.loads(line))
        except Exception as error:  # noqa: BLE001  who told gets it
            answer = {"error": repr(error)}
        print(json.dumps(answer), flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(_main())
