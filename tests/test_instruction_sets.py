"""Every kernel gives the same bytes; each process chooses one, so each runs in its own."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import obcore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

X86 = platform.machine() in ("x86_64", "AMD64")
COMPLAINT = (
    "OBCORE_INSTRUCTION_SET: expected portable, or sse4.1 where the machine has it, "
    "received 'avx2'"
)
needs_two = pytest.mark.skipif(not X86, reason="needs a machine with two instruction sets")

DIGEST = """
import sys
from hashlib import sha256
import obcore

table = obcore.Recording(sys.argv[1:]).features("standard")
rows = sha256()
for column in (table.ts_event_ns, table.ts_recv_ns, table.sequence, table.values):
    rows.update(column.tobytes())
print(len(table), table.summary.counts["levels"], rows.hexdigest())
"""

COMPLAIN = """
import sys
import obcore

try:
    obcore.Recording(sys.argv[1]).features("mid_price")
except obcore.ObcoreError as error:
    print(error)
"""


def run(instruction_set: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run Python with an instruction set of its own."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, "OBCORE_INSTRUCTION_SET": instruction_set},
        capture_output=True,
        text=True,
        check=False,
    )


def digest(instruction_set: str, paths: Sequence[Path]) -> tuple[int, int, str]:
    """Return rows, levels read, and the hash of all columns."""
    ran = run(instruction_set, "-c", DIGEST, *paths)
    assert ran.returncode == 0, ran.stderr
    rows, levels, told = ran.stdout.split()
    return int(rows), int(levels), told


def check_every_kernel(paths: Sequence[Path], rows: int) -> None:
    portable = digest("portable", paths)

    assert portable == digest("sse4.1", paths) == digest("", paths)
    assert portable[0] == rows
    assert portable[1] > rows


@needs_two
def test_the_sample_gives_the_same_bytes_with_every_kernel() -> None:
    check_every_kernel([obcore.sample()], 3_267)


@needs_two
@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "rows"),
    [
        (["binance_raw/usdm_btcusdt_20240808.gz"], 6_546),
        (
            ["binance_raw/spot_btcusdt_20240808.gz", "binance_raw/spot_btcusdt_20240809.gz"],
            6_493,
        ),
        (
            [f"binance_raw/cm_btcusd_perp_2024{day}.gz" for day in ("0808", "0809")],
            44_771,
        ),
        (
            [
                f"binance_ethbtc_1h/ETHBTC_2020-11-01T09-00-00_{part}.json.gz"
                for part in ("snapshot", "update")
            ],
            3_599,
        ),
    ],
    ids=["usd-m", "spot", "coin-m", "one-second diffs"],
)
def test_large_recordings_give_the_same_bytes_with_every_kernel(
    shared_data: Callable[[str], Path], names: list[str], rows: int
) -> None:
    check_every_kernel([shared_data(name) for name in names], rows)


def tardis_trades(directory: Path) -> Path:
    """Write a recording that no kernel is needed for."""
    path = directory / "trades.csv"
    path.write_text(
        "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n"
        "bitmex,XBTUSD,1590000000000000,1590000000000001,1,buy,9000.5,100\n"
    )
    return path


def test_a_wrong_name_is_an_error_of_obcore_whatever_is_read(tmp_path: Path) -> None:
    for path in (obcore.sample(), tardis_trades(tmp_path)):
        ran = run("avx2", "-c", COMPLAIN, path)

        assert ran.returncode == 0, ran.stderr
        assert ran.stdout == COMPLAINT + "\n"


def test_a_wrong_name_ends_a_command_in_one_line_and_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out.parquet"

    ran = run("avx2", "-m", "obcore.cli", "features", obcore.sample(), "-o", out)

    assert ran.returncode == 1
    assert ran.stdout == ""
    assert ran.stderr == f"error: {COMPLAINT}\n"
    assert list(tmp_path.iterdir()) == []
