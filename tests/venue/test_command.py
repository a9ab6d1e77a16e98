"""``obcore venue``: a process of its own that clients connect to."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import aiohttp
import pytest
from typer.testing import CliRunner

import obcore
from obcore.cli import app
from venue.client import run

RUNNER = CliRunner()


def test_the_first_line_tells_where_to_connect_and_the_last_what_was_done() -> None:
    command = [sys.executable, "-m", "obcore.cli", "venue", str(obcore.sample())]
    options = ["--speed", "max", "--fault", "drop:0.01", "--seed", "4", "--json"]

    async def main(url: str) -> int:
        count = 0
        async with aiohttp.ClientSession() as http, http.ws_connect(url) as socket:
            try:
                while True:
                    await socket.receive_str(timeout=1.0)
                    count += 1
            except TimeoutError:
                return count

    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        base = first["venues"]["binance-futures"]["ws"]
        count = run(lambda: main(f"{base}/public/ws/ethusdt@trade"))
        process.send_signal(signal.SIGINT)
        summary = json.loads(process.stdout.read())
        assert process.wait(10.0) == 0

    assert first["symbols"] == {"binance-futures": ["ETHUSDT"]}
    assert f":{first['port']}/" in base
    assert summary["sent"] == count
    assert summary["played"] == first["messages"] == 14_003
    assert count + summary["faults"]["drop"] == 1_640


def test_once_ends_by_itself_and_tells_what_was_done() -> None:
    arguments = ["venue", str(obcore.sample()), "--speed", "max", "--start", "now", "--once"]

    result = RUNNER.invoke(app, arguments)

    assert result.exit_code == 0
    assert "ws://127.0.0.1:" in result.stdout
    assert "14,003 of 14,003 messages" in result.stdout


@pytest.mark.parametrize(
    "options",
    [["--fault", "drop"], ["--speed", "fast"], ["--start", "never"], ["--copies", "0"]],
)
def test_a_wrong_option_is_a_usage_error(options: list[str]) -> None:
    result = RUNNER.invoke(app, ["venue", str(obcore.sample()), *options])

    assert result.exit_code == 2
    assert options[0] in result.output
