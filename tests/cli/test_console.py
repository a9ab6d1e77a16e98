"""What the commands share: a light start, missing packages, progress and odd endings."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

import made_up
import obcore
from obcore.cli import app
from obcore.cli.console import quantity

if TYPE_CHECKING:
    from pathlib import Path

HINT = (
    "error: the commands need more packages: "
    "pip install 'obcore[app]' (in a clone: pip install '.[app]')\n"
)


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )


def test_the_version_is_the_package_s() -> None:
    result = CliRunner().invoke(app, ["--version"])

    assert result.exit_code == 0
    assert result.stdout == f"obcore {obcore.__version__}\n"


def test_the_module_runs_as_the_script_does() -> None:
    command = [sys.executable, "-m", "obcore.cli", "--version"]

    result = subprocess.run(command, capture_output=True, text=True, check=True)

    assert result.stdout == f"obcore {obcore.__version__}\n"


def test_importing_the_commands_loads_no_heavy_library() -> None:
    heavy = "{'matplotlib', 'pyarrow', 'rich', 'torch'}"

    result = python(f"import sys, obcore.cli; print({heavy} & set(sys.modules))")

    assert result.stdout == "set()\n"


def test_without_the_extra_the_script_says_what_to_install() -> None:
    result = python(
        "import sys; sys.modules['typer'] = None; from obcore.cli import app; app()"
    )

    assert (result.returncode, result.stdout, result.stderr) == (2, "", HINT)


@pytest.mark.parametrize("package", ["pyarrow", "matplotlib"])
def test_without_a_library_a_command_says_what_to_install(tmp_path: Path, package: str) -> None:
    arguments = ["demo", "-o", str(tmp_path), "--json"]

    result = python(
        f"import sys; sys.modules[{package!r}] = None\n"
        f"from obcore.cli import app; app({arguments!r})"
    )

    assert (result.returncode, result.stderr) == (2, HINT)


def test_nobody_s_terminal_gets_no_progress_bar() -> None:
    result = CliRunner().invoke(app, ["inspect", str(obcore.sample())])

    assert result.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("options", "is_shown"), [([], True), (["--json"], False)])
def test_a_terminal_gets_a_progress_bar(options: list[str], *, is_shown: bool) -> None:
    import pty  # noqa: PLC0415  not on every platform

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "obcore.cli", "inspect", str(obcore.sample()), *options]

    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, check=True)

    os.write(theirs, b"end")
    shown = os.read(ours, 100_000)
    os.close(ours)
    os.close(theirs)
    assert (b"reading" in shown) is is_shown
    assert result.stdout


def test_a_reader_that_leaves_early_gets_no_traceback(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.IN_SYNC)
    command = [sys.executable, "-m", "obcore.cli", "inspect", str(path)]
    ours, theirs = os.pipe()
    os.close(ours)

    result = subprocess.run(
        command, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False
    )

    os.close(theirs)
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.00 kB"), (15_300_000, "15.3 MB"), (1e9, "1.00 GB")],
)
def test_quantities_have_three_digits(count: float, text: str) -> None:
    assert quantity(count, "B") == text
