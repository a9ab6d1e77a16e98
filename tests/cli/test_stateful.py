"""``obcore features`` with trades and memory, and ``obcore fit-ofi``."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from typer.testing import CliRunner

import made_up
import obcore
from obcore.cli import app
from obcore.data.parquet import read_features

if TYPE_CHECKING:
    from pathlib import Path

RUNNER = CliRunner()


def run(*arguments: object) -> Any:
    return RUNNER.invoke(app, [str(argument) for argument in arguments])


def split_sample(folder: Path) -> tuple[Path, Path]:
    """The bundled recording as two files: all but the trades, and the trades."""
    lines = gzip.decompress(obcore.sample().read_bytes()).splitlines(keepends=True)
    depth, trades = folder / "depth.txt", folder / "trades.txt"
    depth.write_bytes(b"".join(line for line in lines if b'"e":"trade"' not in line))
    trades.write_bytes(b"".join(line for line in lines if b'"e":"trade"' in line))
    return depth, trades


def test_the_set_stateful_is_written_as_the_library_computes_it(tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"

    result = run("features", obcore.sample(), "--set", "stateful", "-o", out)

    columns, metadata = read_features(out)
    table = obcore.Recording(obcore.sample()).features("stateful")
    assert result.exit_code == 0, result.stderr
    assert tuple(columns)[3:] == table.names
    for name in table.names:
        np.testing.assert_array_equal(columns[name], table[name])
    assert "equal ones; obcore fit-ofi" in result.stdout
    assert metadata["ofi_weights"] is None


def test_trades_of_a_second_file_give_the_same_rows(tmp_path: Path) -> None:
    depth, trades = split_sample(tmp_path)
    whole, merged = tmp_path / "whole.parquet", tmp_path / "merged.parquet"
    chosen = ("--set", "oi, last_trade_age, spread", "--every", "trade")

    expected = run("features", obcore.sample(), *chosen, "-o", whole)
    result = run("features", depth, "--trades", trades, *chosen, "-o", merged)

    assert result.exit_code == 0, result.stderr
    assert result.stderr == expected.stderr
    for name, column in read_features(whole)[0].items():
        np.testing.assert_array_equal(read_features(merged)[0][name], column)
    sources = read_features(merged)[1]["sources"]
    assert [source["name"] for source in sources] == ["depth.txt", "trades.txt"]
    assert sources[1]["bytes"] == trades.stat().st_size


def test_features_of_trades_without_trades_are_told_of(tmp_path: Path) -> None:
    depth, _ = split_sample(tmp_path)

    result = run("features", depth, "--set", "oi, spread", "-o", tmp_path / "out.parquet")

    assert result.exit_code == 0
    assert "there are no trades: their features are NaN; --trades names a file" in result.stderr


def test_features_of_features_of_trades_are_told_of_too(tmp_path: Path) -> None:
    depth, _ = split_sample(tmp_path)

    result = run("features", depth, "--set", "mean(oi)", "-o", tmp_path / "out.parquet")

    assert "there are no trades" in result.stderr


def test_rows_behind_the_last_depth_are_told_of(tmp_path: Path) -> None:
    depth, trades = split_sample(tmp_path)
    depth.write_bytes(b"".join(depth.read_bytes().splitlines(keepends=True)[:5_000]))
    out = tmp_path / "out.parquet"

    result = run("features", depth, "--trades", trades, "--every", "trade", "-o", out)

    assert "trades are behind the last depth: their rows repeat its last state" in result.stderr


def test_weights_that_meet_nothing_or_another_market_are_told_of(tmp_path: Path) -> None:
    weights, out = tmp_path / "weights.json", tmp_path / "out.parquet"
    fitted = obcore.fit_ofi_weights(obcore.Recording(obcore.sample()), levels=2)
    replace(fitted, symbol="BTCUSDT").save(weights)

    result = run("features", obcore.sample(), "--ofi-weights", weights, "-o", out)

    assert "--ofi-weights changes nothing: integrated_ofi is not among" in result.stderr
    assert "fitted on BTCUSDT, not on ETHUSDT" in result.stderr


def test_trades_among_the_depth_are_left_out_and_told_of_where_a_file_has_them(
    tmp_path: Path,
) -> None:
    _, trades = split_sample(tmp_path)
    out = tmp_path / "out.parquet"

    result = run(
        "features", obcore.sample(), "--trades", trades, "--set", "oi", "-o", out, "--json"
    )

    count = trades.read_bytes().count(b"\n")
    summary = json.loads(result.stdout)["summary"]
    assert f"{count:,} trades were left out" in result.stderr
    assert (summary["ignored_trades"], summary["kinds"]["trade"]) == (count, 2 * count)


def test_a_bad_trade_is_named_by_its_own_file_and_line(tmp_path: Path) -> None:
    depth, trades = split_sample(tmp_path)
    lines = trades.read_bytes().splitlines(keepends=True)
    trades.write_bytes(b"".join([*lines[:5], b"1721347022000000000 {nonsense\n", *lines[5:]]))

    result = run("features", depth, "--trades", trades, "--set", "oi", "-o", tmp_path / "out")

    assert result.exit_code == 1
    assert "trades.txt line 6: " in result.stderr
    assert not (tmp_path / "out").exists()


def test_singles_and_aggregates_of_one_tape_are_not_counted_twice(tmp_path: Path) -> None:
    lines = gzip.decompress(obcore.sample().read_bytes()).decode().splitlines(keepends=True)
    twice = [
        text
        for line in lines
        for text in (
            [line, line.replace('"e":"trade"', '"e":"aggTrade"').replace('"t":', '"a":')]
            if '"e":"trade"' in line
            else [line]
        )
    ]
    path = tmp_path / "twice.txt"
    path.write_text("".join(twice))

    table = obcore.Recording(path).features("stateful")

    once = obcore.Recording(obcore.sample()).features("stateful")
    assert table.values.tobytes() == once.values.tobytes()
    assert table.summary.counts["ignored_trades"] == once.summary.counts["kinds"]["trade"]


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (
            "ofi(window=0)",
            "expected a window of 1 to 1048576 states, or of a time such as 500ms",
        ),
        ("mean()", "expected one feature that it reads, as in mean(obi_1)"),
        ("oi, oi", "expected each feature once"),
        ("mean(mean(mean(mean(mean(mean(mean(mean(mean(spread)))))))))", "at most 8"),
    ],
)
def test_a_wrong_choice_is_a_usage_error_that_says_what_is_right(
    tmp_path: Path, chosen: str, said: str
) -> None:
    result = run("features", obcore.sample(), "--set", chosen, "-o", tmp_path / "out")

    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())


def test_weights_are_fitted_written_and_used(tmp_path: Path) -> None:
    weights, out = tmp_path / "weights.json", tmp_path / "out.parquet"

    fitted = run("fit-ofi", obcore.sample(), "--levels", 3, "-o", weights)
    result = run(
        *("features", obcore.sample(), "--set", "integrated_ofi, ofi_1, ofi_2, ofi_3"),
        *("--ofi-weights", weights, "-o", out),
    )

    loaded = obcore.OfiWeights.load(weights)
    columns, metadata = read_features(out)
    assert fitted.exit_code == 0, fitted.stderr
    assert "on the rest" in fitted.stdout
    assert result.exit_code == 0, result.stderr
    assert "fitted on 2,286 rows of ETHUSDT" in result.stdout
    assert metadata["ofi_weights"] == list(loaded.weights)
    depth = obcore.Recording(obcore.sample()).features("total_vol(levels=3)").values[:, 0] / 6
    flow = sum(w * columns[f"ofi_{k}"] for k, w in enumerate(loaded.weights, 1))
    np.testing.assert_allclose(columns["integrated_ofi"], flow / depth, rtol=1e-9, atol=1e-15)


def test_fitted_weights_are_the_first_principal_direction() -> None:
    recording = obcore.Recording(obcore.sample())

    fitted = obcore.fit_ofi_weights(recording, levels=4, window="1s", train=1.0)

    table = recording.features(
        [f"ofi_{k}(window=1s)" for k in (1, 2, 3, 4)] + ["mean(total_vol(levels=4), window=1s)"]
    )
    rows = table.values[np.isfinite(table.values).all(axis=1)]
    scaled = rows[:, :4] / (rows[:, 4:] / 8)
    centred = scaled - scaled.mean(axis=0)
    first = np.linalg.svd(centred, full_matrices=False)[2][0]
    np.testing.assert_allclose(
        fitted.weights, first / first.sum() / np.abs(first / first.sum()).sum()
    )
    assert sum(fitted.weights) > 0
    assert np.isnan(fitted.explained_test)


def test_weights_survive_a_file_and_another_file_is_refused(tmp_path: Path) -> None:
    fitted = obcore.fit_ofi_weights(obcore.Recording(obcore.sample()), levels=2)
    path = tmp_path / "weights.json"

    fitted.save(path)

    assert obcore.OfiWeights.load(path) == fitted
    for text in ("", "[]", '{"kind": "other"}', path.read_text().replace("0.", "nan", 1)):
        (tmp_path / "other.json").write_text(text)
        with pytest.raises(obcore.DecodeError, match=r"other\.json: expected weights that"):
            obcore.OfiWeights.load(tmp_path / "other.json")


def test_a_book_that_never_moves_gives_no_weights(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.IN_SYNC)

    result = run("fit-ofi", path, "-o", tmp_path / "weights.json", "--train", "0.4")

    assert result.exit_code == 1
    assert "expected order flow to fit on" in result.stderr
