"""Print what a call costs by pybind11's dispatcher and past it; see ``thin_calls.cpp``."""

from __future__ import annotations

import statistics
import sys
import timeit
from typing import Any

import both_ways  # type: ignore[import-not-found]
import numpy as np

CALLS = 100_000
REPEATS = 15
WAYS = {"pybind11": both_ways.Plain(), "thin": both_ways.Thin()}
STATEMENTS = {
    "nothing": "None",
    "one.value": "one.value",
    "one.take(one)": "one.take(one)",
    "one.take(thing=one)": "one.take(thing=one)",
    "one.fill(one)": "one.fill(one)",
    "one.fill(one, out)": "one.fill(one, out)",
    "one.fill(one, out=out)": "one.fill(one, out=out)",
}


def nanoseconds(statement: str, one: Any) -> str:
    names = {"one": one, "out": np.zeros(1)}
    runs = timeit.repeat(statement, number=CALLS, repeat=REPEATS, globals=names)
    each = [run / CALLS * 1e9 for run in runs]
    return f"{statistics.median(each):8.1f} (least {min(each):.1f})"


for name, statement in STATEMENTS.items():
    costs = "  ".join(f"{way} {nanoseconds(statement, one)}" for way, one in WAYS.items())
    sys.stdout.write(f"{name:24} {costs}\n")
