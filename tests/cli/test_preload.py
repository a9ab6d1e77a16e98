"""The second start that lrvx needs: once, and only of the command itself."""

from __future__ import annotations

import os
import sys
from importlib import machinery
from pathlib import Path

import pytest

from obcore.cli import preload

COMMAND = str(Path(preload.__file__).with_name("__main__.py"))


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], str]]:
    """Arguments and preloaded libraries of each new start; a command on Linux with lrvx."""
    started: list[tuple[list[str], str]] = []
    monkeypatch.setattr(
        os, "execve", lambda _, argv, env: started.append((argv, env["LD_PRELOAD"]))
    )
    found = machinery.ModuleSpec("lrvx", None)
    monkeypatch.setattr(preload, "find_spec", lambda _: found)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "argv", [COMMAND, "bench", "--peers"])
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "obcore.cli", "bench", "--peers"])
    monkeypatch.delitem(sys.modules, "lrvx", raising=False)
    monkeypatch.delenv("LD_PRELOAD", raising=False)
    return started


def test_the_command_starts_again_as_it_was_called(
    starts: list[tuple[list[str], str]],
) -> None:
    preload.restart_with_cpp_library()

    again = [sys.executable, "-m", "obcore.cli", "bench", "--peers"]
    assert starts == [(again, "libstdc++.so.6")]


def test_what_was_preloaded_stays(
    starts: list[tuple[list[str], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_PRELOAD", "libother.so")

    preload.restart_with_cpp_library()

    assert [preloaded for _, preloaded in starts] == ["libother.so libstdc++.so.6"]


@pytest.mark.parametrize("case", ["second start", "loaded", "not installed", "a test", "macOS"])
def test_otherwise_it_goes_on(
    starts: list[tuple[list[str], str]], monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    if case == "second start":
        monkeypatch.setenv("LD_PRELOAD", "libstdc++.so.6")
    elif case == "loaded":
        monkeypatch.setitem(sys.modules, "lrvx", sys)
    elif case == "not installed":
        monkeypatch.setattr(preload, "find_spec", lambda _: None)
    elif case == "a test":
        monkeypatch.setattr(sys, "argv", ["/usr/bin/pytest", "bench"])
    else:
        monkeypatch.setattr(sys, "platform", "darwin")

    preload.restart_with_cpp_library()

    assert starts == []
