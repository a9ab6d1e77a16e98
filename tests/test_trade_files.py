"""Depth and trades in files of their own give the rows of one recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine_streams import BTC, ETH, SAMPLE, is_trade, lines_of
from obcore import DecodeError, Recording

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from obcore import FeatureTable


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sample's depth, and its trades."""
    folder = tmp_path_factory.mktemp("parts")
    depth, trades = folder / "depth.txt", folder / "trades.txt"
    depth.write_bytes(b"".join(line for line in lines_of(SAMPLE) if not is_trade(line)))
    trades.write_bytes(b"".join(line for line in lines_of(SAMPLE) if is_trade(line)))
    return depth, trades


def check_same(found: FeatureTable, expected: FeatureTable) -> None:
    for name in ("ts_event_ns", "ts_recv_ns", "sequence", "values"):
        assert getattr(found, name).tobytes() == getattr(expected, name).tobytes(), name


@pytest.mark.parametrize("every", ["event", "100ms", "trade"])
@pytest.mark.parametrize("mode", ["causal", "source"])
def test_depth_and_trades_in_two_files_give_the_rows_of_one(
    parts: tuple[Path, Path], every: str, mode: str
) -> None:
    depth, trades = parts
    chosen: dict[str, Any] = {"features": "stateful", "every": every, "mode": mode}

    found = Recording(depth, trades=trades, instrument=ETH).features(**chosen)

    check_same(found, Recording(SAMPLE, instrument=ETH).features(**chosen))
    assert found.summary.counts["kinds"]["trade"] == 1_640
    assert found.summary.counts["ignored_trades"] == 0
    assert [source.name for source in found.summary.sources] == ["depth.txt", "trades.txt"]


def test_without_an_instrument_the_grid_is_found_from_both_files(
    parts: tuple[Path, Path],
) -> None:
    depth, trades = parts

    found = Recording(depth, trades=trades).features("stateful")

    expected = Recording(SAMPLE, instrument=ETH).features("stateful").values
    assert found.values == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)
    assert (found.summary.tick, found.summary.lot) == ("0.01", "0.001")


def test_trades_among_the_depth_are_ignored_and_counted_where_they_have_files(
    parts: tuple[Path, Path],
) -> None:
    found = Recording(SAMPLE, trades=parts[1], instrument=ETH).features("stateful")

    check_same(found, Recording(SAMPLE, instrument=ETH).features("stateful"))
    assert found.summary.counts["ignored_trades"] == 1_640


@pytest.mark.parametrize("same_name", [False, True])
def test_several_files_of_trades_are_one_tape(
    tmp_path: Path, parts: tuple[Path, Path], *, same_name: bool
) -> None:
    lines = list(lines_of(parts[1]))
    pieces = [lines[:500], [], lines[500:501], lines[501:]]
    paths = [
        tmp_path / str(i) / ("trades.txt" if same_name else f"{i}.txt")
        for i in range(len(pieces))
    ]
    for path, piece in zip(paths, pieces, strict=True):
        path.parent.mkdir()
        path.write_bytes(b"".join(piece).removesuffix(b"\n"))

    found = Recording(parts[0], trades=paths, instrument=ETH).features("stateful")

    check_same(found, Recording(SAMPLE, instrument=ETH).features("stateful"))


def test_an_empty_file_of_trades_is_none(tmp_path: Path, parts: tuple[Path, Path]) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()

    found = Recording(parts[0], trades=empty, instrument=ETH).features("ofi, signed_flow")

    check_same(found, Recording(parts[0], instrument=ETH).features("ofi, signed_flow"))
    assert np.isnan(found["signed_flow"]).all()


@pytest.mark.parametrize(("at", "text"), [(3, b'1 {"e":"trade","p":}\n'), (700, b"1 {]\n")])
def test_a_malformed_line_of_trades_is_named_by_its_file_and_number(
    tmp_path: Path, parts: tuple[Path, Path], at: int, text: bytes
) -> None:
    lines = list(lines_of(parts[1]))
    lines[800 + at - 1] = text
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    first.write_bytes(b"".join(lines[:800]))
    second.write_bytes(b"".join(lines[800:]))

    with pytest.raises(DecodeError, match=f"second.txt line {at}") as error:
        Recording(parts[0], trades=[first, second], instrument=ETH).features("oi")

    assert (error.value.source, error.value.line) == ("second.txt", at)


def test_files_of_trades_in_the_wrong_order_are_refused(
    tmp_path: Path, parts: tuple[Path, Path]
) -> None:
    lines = list(lines_of(parts[1]))
    early, late = tmp_path / "early.txt", tmp_path / "late.txt"
    early.write_bytes(b"".join(lines[:800]))
    late.write_bytes(b"".join(lines[800:]))

    with pytest.raises(
        DecodeError, match=r"early.txt line 1: .*none before those of the input"
    ):
        Recording(parts[0], trades=[late, early]).features("oi")


def test_a_trade_of_another_symbol_is_named_by_its_own_line(
    tmp_path: Path, parts: tuple[Path, Path]
) -> None:
    lines = list(lines_of(parts[1]))
    lines[2] = lines[2].replace(b"ETHUSDT", b"BTCUSDT")
    (tmp_path / "mixed.txt").write_bytes(b"".join(lines))

    with pytest.raises(DecodeError, match=r"mixed.txt line 3: symbol"):
        Recording(parts[0], trades=tmp_path / "mixed.txt").features("oi")


CONVERTED = "tardis_csv/converted/binance-futures_trades_2024-08-08_BTCUSDT.csv.gz"


@pytest.mark.slow
@pytest.mark.parametrize("every", ["event", "trade"])
def test_trades_converted_for_tardis_beside_raw_depth_give_the_same_features(
    shared_data: Callable[[str], Path], every: str
) -> None:
    raw, converted = shared_data("binance_raw/usdm_btcusdt_20240808.gz"), shared_data(CONVERTED)

    found = Recording(raw, trades=converted, instrument=BTC).features("stateful", every=every)

    expected = Recording(raw, instrument=BTC).features("stateful", every=every)
    assert found.values.tobytes() == expected.values.tobytes()
    assert found.ts_event_ns.tobytes() == expected.ts_event_ns.tobytes()
    rounded = expected.ts_recv_ns // 1_000 * 1_000 if every == "trade" else expected.ts_recv_ns
    assert found.ts_recv_ns.tobytes() == rounded.tobytes()  # of trades Tardis tells only the us
    assert found.summary.counts["ignored_trades"] == 21_313


@pytest.mark.slow
def test_two_days_of_tardis_trades_of_one_file_name_are_one_tape(
    tmp_path: Path, shared_data: Callable[[str], Path]
) -> None:
    raw = shared_data("binance_raw/usdm_btcusdt_20240808.gz")
    head, *body = lines_of(shared_data(CONVERTED))
    paths = [tmp_path / day / "trades.csv" for day in ("1", "2")]
    for path, piece in zip(paths, (body[:9_000], body[9_000:]), strict=True):
        path.parent.mkdir()
        path.write_bytes(b"".join([head, *piece]))

    found = Recording(raw, trades=paths, instrument=BTC).features("signed_flow")

    expected = Recording(raw, instrument=BTC).features("signed_flow")
    assert found.values.tobytes() == expected.values.tobytes()
