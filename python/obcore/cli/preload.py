"""A second start of the process, for a library that must be there before all others."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

CPP_LIBRARY = "libstdc++.so.6"


def restart_with_cpp_library() -> None:
    """Start the command again where lrvx could not be loaded any more; returns where it can.

    lrvx uses thread-local storage of libstdc++ that only exists if that library is loaded with
    the program. obcore, and most C++ modules, load it later.
    """
    preloaded = os.environ.get("LD_PRELOAD", "")
    if not (_is_command() and sys.platform == "linux" and find_spec("lrvx")):
        return
    if "lrvx" in sys.modules or CPP_LIBRARY in preloaded:
        return
    environment = os.environ | {"LD_PRELOAD": f"{preloaded} {CPP_LIBRARY}".strip()}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606


def _is_command() -> bool:
    """Return whether the process is ``obcore`` or ``python -m obcore.cli``, and no test."""
    program = Path(sys.argv[0])
    return program.name == "obcore" or program.parent == Path(__file__).parent
