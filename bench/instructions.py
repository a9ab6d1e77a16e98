"""Guards against slowing down: instructions of fixed workloads, against those on record.

``python bench/instructions.py check`` fails when a workload takes over 3 % more instructions than
``instructions.json`` says, ``renew`` writes what it takes now. Instructions, unlike seconds, repeat
exactly; they are those of one compiler, C library and instruction set, so each such toolchain has
records of its own, and one without any is skipped. Needs cmake, ninja and valgrind.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[1]
RECORD = Path(__file__).with_suffix(".json")
SAMPLE = ROOT / "python/obcore/data/samples/binance_futures_ethusdt_20240718.gz"
PROGRAM = ROOT / "build/instructions/instructions"
RENEW = "python bench/instructions.py renew"

LIMIT_PERCENT = 3
"""How much a workload may grow, over all changes since its record."""

# What valgrind can run, wherever it runs.
INSTRUCTION_SETS = {"x86_64": ("portable", "sse4.1")}

# Nothing of the caller's environment, and all symbols bound before the first is called. The C
# library chooses its functions by the CPU, which valgrind makes the same wherever there is AVX2.
ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "LD_BIND_NOW": "1"}


@dataclass(frozen=True, slots=True)
class Row:
    """One workload of one toolchain: its instructions on record and now, None where absent."""

    toolchain: str
    workload: str
    recorded: int | None
    measured: int | None

    @property
    def growth(self) -> float | None:
        if self.recorded is None or self.measured is None:
            return None
        return self.measured / self.recorded - 1

    @property
    def is_failure(self) -> bool:
        """Grown past the limit, or measured without a record to hold it against."""
        if self.recorded is None or self.measured is None:
            return self.recorded is None
        return 100 * self.measured > (100 + LIMIT_PERCENT) * self.recorded

    @property
    def note(self) -> str:
        """What there is to say and do, nothing where all is well."""
        name = f"{self.workload} on {self.toolchain}"
        if self.recorded is None:
            return f"{name}: no record; make one in the same change: {RENEW}"
        if self.measured is None:
            return f"{name}: on record, but no workload any more; drop it: {RENEW}"
        change = (
            f"{name}: recorded {self.recorded:,}, measured {self.measured:,}, {percent(self)}"
        )
        if self.is_failure:
            return f"{change}; make it cheaper, or renew the record in the same change: {RENEW}"
        if 100 * self.measured < (100 - LIMIT_PERCENT) * self.recorded:
            return f"{change}; keep what was won: {RENEW}"
        return ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found, and which toolchains it had to pass over."""

    rows: list[Row]
    skipped: list[str]

    @property
    def is_failure(self) -> bool:
        return any(row.is_failure for row in self.rows)

    def text(self) -> str:
        notes = [row.note for row in self.rows if row.note]
        return "\n".join(
            [*table(self.rows), *notes, *(f"skipped: {reason}" for reason in self.skipped)]
        )

    def json(self) -> str:
        rows = [
            asdict(row) | {"growth": row.growth, "failed": row.is_failure, "note": row.note}
            for row in self.rows
        ]
        return json.dumps(
            {"failed": self.is_failure, "skipped": self.skipped, "rows": rows}, indent=1
        )


def table(rows: list[Row]) -> list[str]:
    """Return the lines of one table a toolchain."""
    lines: list[str] = []
    for toolchain in dict.fromkeys(row.toolchain for row in rows):
        lines.append(f"{toolchain:<45}  recorded      measured")
        lines += [table_line(row) for row in rows if row.toolchain == toolchain]
    return lines


def table_line(row: Row) -> str:
    recorded, measured = (
        "none" if count is None else f"{count:,}" for count in (row.recorded, row.measured)
    )
    return f"  {row.workload:<37}{recorded:>16}{measured:>14}  {percent(row):>9}".rstrip()


def percent(row: Row) -> str:
    return "" if row.growth is None else f"{100 * row.growth:+.2f} %"


def compare(
    toolchain: str, recorded: Mapping[str, int], measured: Mapping[str, int]
) -> list[Row]:
    """Return one row a workload that is on record or was measured."""
    return [
        Row(toolchain, workload, recorded.get(workload), measured.get(workload))
        for workload in dict.fromkeys([*measured, *recorded])
    ]


def without_record(
    records: Mapping[str, Mapping[str, int]], toolchains: list[str]
) -> list[str]:
    """Return why each toolchain that has no record is skipped."""
    return [
        f"no record for {toolchain}; renew makes one"
        for toolchain in toolchains
        if toolchain not in records
    ]


# ---- Measuring ----------------------------------------------------------------------------


def output_of(*command: str | Path) -> str:
    """Return what a command prints; what it says on failure goes to the terminal."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}{done.stderr}{command[0]}: exit status {done.returncode}")
    return done.stdout


def build() -> dict[str, str]:
    """Build the program; return the instruction set of each toolchain that it measures."""
    output_of("cmake", "--workflow", "--preset", "instructions")
    compiler = output_of(PROGRAM, "--compiler").strip()
    machine = platform.machine()
    library = " ".join(platform.libc_ver())
    return {
        f"{compiler} / {library} / {machine} / {instruction_set}": instruction_set
        for instruction_set in INSTRUCTION_SETS.get(machine, ("portable",))
    }


def count(workload: str, instruction_set: str, recording: bytes) -> int:
    """Return how many instructions one workload takes."""
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "profile"
        subprocess.run(
            [
                *("valgrind", "--quiet", "--tool=callgrind", "--toggle-collect=measured"),
                f"--callgrind-out-file={profile}",
                *(f"./{PROGRAM.name}", workload),
            ],
            cwd=PROGRAM.parent,
            env=ENVIRONMENT | {"OBCORE_INSTRUCTION_SET": instruction_set},
            input=recording,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        total = re.search(r"^totals: (\d+)$", profile.read_text(), re.MULTILINE)
    if total is None or int(total[1]) == 0:
        sys.exit(f"{workload}: expected instructions counted inside measured(), received none")
    return int(total[1])


def measure(instruction_set: str) -> dict[str, int]:
    """Return the instructions of every workload."""
    workloads = output_of(PROGRAM, "--workloads").split()
    recording = gzip.decompress(SAMPLE.read_bytes())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = pool.map(lambda name: count(name, instruction_set, recording), workloads)
        return dict(zip(workloads, counts, strict=True))


# ---- Commands -----------------------------------------------------------------------------


def read_records() -> dict[str, dict[str, int]]:
    records: dict[str, dict[str, int]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return records


def check() -> Report:
    """Measure every toolchain on record that this machine has."""
    if shutil.which("valgrind") is None:
        return Report([], ["no valgrind"])
    records = read_records()
    toolchains = build()
    rows: list[Row] = []
    for toolchain, instruction_set in toolchains.items():
        if toolchain in records:
            rows += compare(toolchain, records[toolchain], measure(instruction_set))
    return Report(rows, without_record(records, list(toolchains)))


def renew() -> list[Row]:
    """Measure, and put it on record; other toolchains keep theirs."""
    if shutil.which("valgrind") is None:
        sys.exit("valgrind: expected on the path, received nothing")
    records = read_records()
    rows: list[Row] = []
    for toolchain, instruction_set in build().items():
        measured = measure(instruction_set)
        rows += compare(toolchain, records.get(toolchain, {}), measured)
        records[toolchain] = measured
    text = json.dumps(dict(sorted(records.items())), indent=2)
    RECORD.write_text(text + "\n", encoding="utf-8")
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["check", "renew"])
    parser.add_argument("--json", action="store_true", help="of a check, instead of the table")
    arguments = parser.parse_args()
    if arguments.command == "renew":
        sys.stdout.write("\n".join(table(renew())) + "\n")
        return 0
    report = check()
    sys.stdout.write((report.json() if arguments.json else report.text()) + "\n")
    return int(report.is_failure)


if __name__ == "__main__":
    sys.exit(main())
