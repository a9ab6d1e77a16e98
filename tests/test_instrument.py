"""Decimal text to ticks and lots and back, against ``decimal`` and ``fractions``."""

from __future__ import annotations

import json
import re
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import obcore
from obcore import LEVEL_DTYPE, Instrument, Side
from obcore.book import Replay

HIGHEST_PRICE = 1 << 60
HIGHEST_SIZE = 2**63 - 1

# "0.10", "0.00390625", "250", "3": any units, any number of decimals, zeros at the end or none.
STEPS = st.builds(
    lambda units, decimals: format(Decimal(units).scaleb(-decimals), "f"),
    st.one_of(st.sampled_from([1, 5, 10, 25, 100, 390_625]), st.integers(1, 10**6)),
    st.integers(0, 18),
)


def times(step: str, count: int) -> str:
    """``count`` steps as text, with the step's own decimals."""
    with localcontext(prec=60):
        return format(Decimal(step) * count, "f")


def instrument(tick: str = "1", lot: str = "1") -> Instrument:
    return Instrument("X", tick, lot, nonpositive_prices=True)


@given(tick=STEPS, count=st.integers(-HIGHEST_PRICE, HIGHEST_PRICE))
def test_ticks_to_text_and_back_is_exact(tick: str, count: int) -> None:
    x = instrument(tick=tick)

    text = x.price_text(count)

    assert text == times(tick, count)
    if len(Decimal(text).as_tuple().digits) <= 18:  # the wire's numbers fit 64 bits
        assert x.to_ticks(text) == x.to_ticks(Decimal(text)) == count


@given(lot=STEPS, count=st.integers(0, HIGHEST_SIZE))
def test_lots_to_text_and_back_is_exact(lot: str, count: int) -> None:
    x = instrument(lot=lot)

    text = x.size_text(count)

    assert text == times(lot, count)
    if len(Decimal(text).as_tuple().digits) <= 18:
        assert x.to_lots(text) == x.to_lots(Decimal(text)) == count


@given(tick=STEPS, count=st.integers(-(10**11), 10**11), parts=st.sampled_from([1, 2, 4, 10]))
def test_a_number_is_its_exact_count_of_ticks_or_a_precision_error(
    tick: str, count: int, parts: int
) -> None:
    x, number = instrument(tick=tick), Decimal(times(tick, count)) / parts

    if count % parts == 0:
        assert x.to_ticks(number) == count // parts
    else:
        with pytest.raises(obcore.PrecisionError, match=re.escape(format(number, "f"))):
            x.to_ticks(number)


@given(count=st.integers(-(2**53), 2**53), decimals=st.integers(0, 18))
def test_a_float_is_the_quotient_and_so_the_nearest(count: int, decimals: int) -> None:
    x = instrument(*[format(Decimal(1).scaleb(-decimals), "f")] * 2)

    assert x.price(count) == x.size(count) == float(Fraction(count, 10**decimals))


@given(step=STEPS, count=st.integers(-(2**62), 2**62))
def test_a_float_is_within_two_roundings_on_any_step(step: str, count: int) -> None:
    exact = float(Fraction(step) * count)

    assert instrument(tick=step).price(count) == pytest.approx(exact, rel=5e-16, abs=0)


def test_a_third_of_all_prices_would_be_wrong_by_multiplying() -> None:
    x = instrument("0.1", "0.1")

    wrong = [ticks for ticks in range(1_000) if ticks * 0.1 != x.price(ticks)]

    assert [x.price(ticks) for ticks in wrong] == [ticks / 10 for ticks in wrong]
    assert len(wrong) > 300


def test_spot_sizes_keep_the_digits_below_the_order_step() -> None:
    btc = Instrument("BTCUSDT", "0.01", "0.00000001")

    lots = btc.to_lots("25.42618900")

    assert lots == 2_542_618_900
    assert (btc.size_text(lots), btc.size(lots)) == ("25.42618900", 25.426189)
    assert btc.size_text(btc.to_lots("0.00000001")) == "0.00000001"


SPELLINGS = {
    "64250.1": 642_501,
    "64250.10000000000000000000": 642_501,
    "00064250.1": 642_501,
    "6.42501e4": 642_501,
    "64250": 642_500,
    ".1": 1,
    "1.": 10,
}


@pytest.mark.parametrize(("text", "ticks"), SPELLINGS.items())
def test_every_spelling_of_a_number_counts_the_same(text: str, ticks: int) -> None:
    assert Instrument("X", "0.10", "1").to_ticks(text) == ticks


NOT_NUMBERS = [
    "", " ", "-", ".", "e", "1e", "1e+", "+1", " 1", "1 ", "1,5", "1_000", "0x10", "nan", "NaN",
    "Infinity", "-inf", "1.2.3", "--1", "\uff11", "1\u00e9",
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_NUMBERS)
def test_what_is_no_decimal_is_an_error_that_shows_it(text: str) -> None:
    x = instrument()

    for convert, field in ((x.to_ticks, "price"), (x.to_lots, "size")):
        with pytest.raises(obcore.DecodeError, match=f"{field}: expected a decimal") as raised:
            convert(text)
        assert not isinstance(raised.value, obcore.PrecisionError)
        assert f"received {text}" in str(raised.value)


OFF_GRID = [
    ("0.10", "64250.15", "a multiple of the tick 0.10, received 64250.15"),
    ("0.25", "0.30", "a multiple of the tick 0.25, received 0.30"),
    ("1", "1152921504606846977", "within int64 at tick 1, received 1152921504606846977"),
    ("0.000000000000000001", "2", "within int64 at tick"),
    ("1", "9" * 70, "within int64 at tick 1, received 9999"),
]


@pytest.mark.parametrize(("tick", "text", "says"), OFF_GRID)
def test_off_the_tick_or_beyond_int64_is_never_rounded(tick: str, text: str, says: str) -> None:
    x = Instrument("X", tick, tick)

    with pytest.raises(obcore.PrecisionError, match=re.escape(says)) as raised:
        x.to_ticks(text)

    assert isinstance(raised.value, ValueError)
    assert (raised.value.source, raised.value.line) == (None, None)


def test_sizes_reach_from_0_to_the_end_of_int64_and_no_further() -> None:
    x = instrument()

    assert [x.to_lots(text) for text in ("-0", str(HIGHEST_SIZE))] == [0, HIGHEST_SIZE]
    with pytest.raises(obcore.PrecisionError, match="size: expected a number within int64"):
        x.to_lots(HIGHEST_SIZE + 1)
    with pytest.raises(obcore.DecodeError, match="size: expected a size of 0 or more"):
        x.to_lots("-1")


@pytest.mark.parametrize("text", ["0", "0.00", "-0", "-0.1", "-64250.1"])
def test_prices_of_zero_or_less_need_an_instrument_that_allows_them(text: str) -> None:
    allowed = Instrument("X", "0.1", "1", nonpositive_prices=True).to_ticks(text)

    assert allowed == Decimal(text) * 10
    with pytest.raises(obcore.DecodeError, match=f"price: .* above 0, received {text}"):
        Instrument("X", "0.1", "1").to_ticks(text)


@pytest.mark.parametrize("step", ["0", "-0.1", "", "tick", "nan", "1e-19", "1e19", "0.1 "])
def test_a_step_is_a_positive_decimal(step: str) -> None:
    with pytest.raises(obcore.DecodeError, match="step: expected"):
        Instrument("X", step, "1")
    with pytest.raises(obcore.DecodeError, match="step: expected"):
        Instrument("X", "1", step)


def test_floats_are_refused_wherever_text_is_meant() -> None:
    x = instrument("0.1", "0.1")

    for convert in (x.to_ticks, x.to_lots):
        with pytest.raises(TypeError, match=r"received the float 0\.1"):
            convert(0.1)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Instrument("X", 0.1, "1")  # type: ignore[arg-type]


def test_levels_are_pairs_of_text_as_one_array() -> None:
    btc = Instrument("BTCUSDT", "0.10", "0.001")

    levels = btc.levels([("64250.10", "0.35"), ("64250.1", "0")])

    assert levels.dtype == LEVEL_DTYPE
    assert levels.tolist() == [(642_501, 350), (642_501, 0)]
    assert btc.levels([]).shape == (0,)


@pytest.mark.parametrize("name", ["BTCUSDT", "btcusdt", "BTC/USDT", "BTC-USDT", "btc-usdt"])
def test_a_symbol_has_one_spelling_whatever_its_users_write(name: str) -> None:
    assert Instrument(name, "1", "1") == Instrument("BTCUSDT", "1", "1")
    assert Instrument(f"binance:{name}", "1", "1").venue == "binance"


TextLevels = list[tuple[str, str]]
PRICES = st.decimals("0.001", "40000", places=3).map(str)
SIZES = st.decimals("0", "9", places=4).map(str)
TEXT_LEVELS = st.lists(st.tuples(PRICES, SIZES), max_size=3)


@given(messages=st.lists(st.tuples(TEXT_LEVELS, TEXT_LEVELS), min_size=1, max_size=12))
def test_a_grid_found_on_the_way_gives_the_book_of_a_grid_that_was_told(
    messages: list[tuple[TextLevels, TextLevels]],
) -> None:
    """The first messages are buffered, then the snapshot comes, then one is applied a time."""
    told, found = Replay(grid=instrument("0.001", "0.0001").grid), Replay()
    rows = [
        {"e": "depthUpdate", "E": 1_700_000_000_000, "s": "X", "U": u, "u": u, "b": b, "a": a}
        for u, (b, a) in enumerate(messages)
    ]
    rows.insert(3, {"lastUpdateId": 0, "bids": [["1.5", "1"]], "asks": [["30000", "0.25"]]})

    for row in rows:
        for replay in (told, found):
            replay.feed(json.dumps(row).encode() + b"\n")

        assert exact(found.book()) == exact(told.book())


def exact(book: obcore.Book) -> list[list[tuple[Fraction, Fraction]]]:
    tick, lot = Fraction(book.grid.tick), Fraction(book.grid.lot)
    return [[(px * tick, sz * lot) for px, sz in book.top(side).tolist()] for side in Side]


def test_an_instrument_is_a_value() -> None:
    btc = Instrument("BTCUSDT", "0.10", "0.001", venue="binance-futures")

    assert btc == Instrument("BTCUSDT", "0.10", "0.001", venue="binance-futures")
    assert btc != Instrument("BTCUSDT", "0.01", "0.001", venue="binance-futures")
    assert (btc.grid.tick, btc.grid.lot) == ("0.10", "0.001")
    with pytest.raises(AttributeError):
        btc.symbol = "ETHUSDT"  # type: ignore[misc]
