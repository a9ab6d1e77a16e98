"""A process that answers lines of JSON with lines of JSON."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

TAIL = 400  # characters of what it wrote to stderr, where it failed
_CHUNK = 1 << 16
_ENDED = "it has ended"


class ChildError(Exception):
    """A process ended or was silent where an answer was expected."""


class Child:
    """A module run as a process of its own, with the same interpreter and path.

    Parameters
    ----------
    module : str
        What to run.
    arguments : sequence of str
        Its arguments.
    """

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        paths = [path for path in sys.path if path]
        self._folder = (
            tempfile.TemporaryDirectory()
        )  # some libraries write files where they are
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            cwd=self._folder.name,
        )
        self._rest = b""

    def __enter__(self) -> Self:
        """Use it for the length of a block."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()
        self._log.close()
        self._folder.cleanup()

    def tell(self, command: dict[str, Any]) -> None:
        """Send a line."""
        stdin = self._process.stdin
        if stdin is not None:
            try:
                stdin.write(json.dumps(command).encode() + b"\n")
                stdin.flush()
            except BrokenPipeError:
                raise self._failed(_ENDED) from None

    def hear(self, timeout_s: float) -> dict[str, Any]:
        """Return the next line.

        Raises
        ------
        ChildError
            If it ended, did not answer in time or answered with an error.
        """
        stdout = self._process.stdout
        end = time.monotonic() + timeout_s
        while stdout is not None and b"\n" not in self._rest:
            wait = max(0.0, end - time.monotonic())
            if not select.select([stdout], [], [], wait)[0]:
                reason = f"no answer within {timeout_s:.0f} s"
                raise self._failed(reason)
            data = os.read(stdout.fileno(), _CHUNK)
            if not data:
                raise self._failed(_ENDED)
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise self._failed(answer["error"])
        return answer

    def ask(self, command: dict[str, Any], timeout_s: float = 30.0) -> dict[str, Any]:
        """Send a line and return the answer."""
        self.tell(command)
        return self.hear(timeout_s)

    def _failed(self, reason: str) -> ChildError:
        self._log.seek(0, os.SEEK_END)
        size = self._log.tell()
        self._log.seek(max(0, size - TAIL))
        tail = " ".join(self._log.read().decode(errors="replace").split())
        return ChildError(f"{reason}; {tail}" if tail else reason)
