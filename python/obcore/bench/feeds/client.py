"""A client of a race, a process of its own: one entrant, asked from another thread.

Commands are lines of JSON on stdin; answers go to the descriptor that was stdout, for some
libraries print.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from obcore.bench.contest import UnfitError
from obcore.bench.feeds.course import Target, take_place
from obcore.bench.feeds.entrant import Entrant
from obcore.bench.feeds.stamps import Stamps

if TYPE_CHECKING:
    from obcore.bench.feeds.entrant import Client

PERCENTILES = (50.0, 99.0, 99.9, 100.0)


def main(entrant: Entrant, target: Target) -> None:
    """Run an entrant until stdin ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    take_place(target.core, undisturbed=target.undisturbed)
    stamps = Stamps() if target.stamped else None
    try:
        client = entrant.make(target, stamps)
    except ModuleNotFoundError as error:
        _say(answers, {"absent": f"not installed: there is no module {error.name}"})
        return
    except UnfitError as unfit:
        _say(answers, {"absent": str(unfit)})
        return
    asked = threading.Thread(target=_answer, args=(client, stamps, answers), daemon=True)
    _say(answers, {"version": _version(entrant), "rss": _rss()})
    if sys.stdin.readline():  # the word to begin
        asked.start()
        try:
            client.run()
        except BaseException:  # noqa: BLE001  a peer may fail in any way; it is said
            traceback.print_exc()
        os._exit(1)


def _answer(client: Client, stamps: Stamps | None, answers: IO[str]) -> None:
    while line := sys.stdin.readline():
        try:
            answer = _do(json.loads(line)["do"], client, stamps)
        except Exception as error:  # noqa: BLE001
            answer = {"error": f"{type(error).__name__}: {error}"}
        _say(answers, answer)
    os._exit(0)


def _do(what: str, client: Client, stamps: Stamps | None) -> dict[str, Any]:
    match what:
        case "mark":
            return {
                "cpu": time.process_time(),
                "wall": time.perf_counter(),
                "received": client.received,
                "rss": _rss(),
            }
        case "ready":
            return {"ready": client.is_ready}
        case "touch":
            return {"touch": client.touch()}
        case "begin" if stamps is not None:
            stamps.begin()
            return {}
        case "latencies" if stamps is not None:
            return _latencies(stamps)
    msg = f"unknown: {what}"
    raise ValueError(msg)


def _latencies(stamps: Stamps) -> dict[str, Any]:
    import numpy as np  # noqa: PLC0415

    taken = stamps.latencies_ns() / 1e3
    if not len(taken):
        return {"messages": 0, "us": None}
    return {"messages": len(taken), "us": np.percentile(taken, PERCENTILES).tolist()}


def _version(entrant: Entrant) -> str:
    from obcore import __version__  # noqa: PLC0415
    from obcore.bench.contest import version  # noqa: PLC0415

    return version(*entrant.distributions) if entrant.distributions else f"obcore {__version__}"


def _rss() -> int:
    """Return the bytes of memory that this process has."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _say(answers: IO[str], answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    main(Entrant.from_json(sys.argv[1]), Target.from_json(sys.argv[2]))
