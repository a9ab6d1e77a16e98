"""Every compiled feature against its definition in fractions, to 1e-12 relative.

The oracle, ``reference.py``, follows the specification and shares nothing with the C++. NaN and
infinity must be where it has them, and where a value is exactly 0 the compiled one must be too.
"""

from __future__ import annotations

import gzip
import math
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import obcore
import reference
from obcore import LEVEL_DTYPE, Book, FeatureSet, Instrument, Side
from obcore.book import Replay
from reference import ASK, BID, value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

EDGES = [part << 12 for part in (2, 4, 6, 8)]  # quarters of the ladder's window of 2^15 ticks
Pairs = list[tuple[int, int]]


class Case(NamedTuple):
    """A book, best levels first, and its grid."""

    bids: Pairs
    asks: Pairs
    tick: str = "0.1"
    lot: str = "0.001"

    def state(self) -> reference.State:
        steps = Fraction(self.tick), Fraction(self.lot)
        return reference.State(*(reference.Side(s, *steps) for s in (self.bids, self.asks)))

    def features(self, depth: int = 10) -> dict[str, float]:
        catalogue, state = reference.catalogue(depth), self.state()
        return {name: value(formula, state) for name, formula in catalogue.items()}

    def book(self, *, worst_first: bool = False) -> Book:
        """The book by a snapshot, or from its far ends on, so that the window has to follow."""
        book = Book(Instrument("X", self.tick, self.lot, nonpositive_prices=True))
        if worst_first:
            book.apply_delta(levels(self.bids[::-1]), levels(self.asks[::-1]))
        else:
            book.apply_snapshot(levels(self.bids), levels(self.asks))
        return book


def levels(pairs: Iterable[tuple[int, int]]) -> NDArray[np.void]:
    return np.array(list(pairs), dtype=LEVEL_DTYPE)


def is_near(found: float, exact: float) -> bool:
    if math.isnan(exact) or math.isinf(exact):
        return math.isnan(found) if math.isnan(exact) else found == exact
    return abs(found - exact) <= 1e-12 * abs(exact)


def wrong(
    names: Iterable[str], found: NDArray[np.float64], exact: dict[str, float]
) -> dict[str, tuple[float, float]]:
    """The features that miss: what was found and what should have been."""
    pairs = {name: (x, exact[name]) for name, x in zip(names, found.tolist(), strict=True)}
    assert list(pairs) == list(exact)
    return {name: pair for name, pair in pairs.items() if not is_near(*pair)}


NEAR_EDGES = [edge + off for edge in EDGES for off in range(-66, 67)]
GAPS = st.one_of(st.integers(1, 60), st.sampled_from(NEAR_EDGES), st.integers(10**6, 10**9))
SIZES = st.one_of(st.integers(1, 9), st.integers(1, 10**9), st.integers(2**62 - 9, 2**62))
SIDES = st.lists(st.tuples(GAPS, SIZES), max_size=30)
STEPS = st.sampled_from(["1", "0.1", "5", "0.25", "0.00390625", "0.00000001", "1e-18"])
BESTS = st.one_of(st.integers(1, 99), st.integers(10**5, 10**7), st.integers(10**10, 10**12))
SPREADS = st.one_of(st.just(1), st.integers(-9, 60), st.integers(10**6, 10**9))


@st.composite
def cases(draw: st.DrawFn, *, around_zero: bool) -> Case:
    """From the best price, sizes, and the gaps in front of the levels behind it."""
    bid, spread = draw(BESTS), draw(SPREADS)
    best = bid - draw(BESTS) if around_zero else bid

    def side(ticks: int, away: int, levels: Pairs) -> Pairs:
        gaps = accumulate((gap for gap, _ in levels[1:]), initial=0)
        pairs = [
            (ticks + away * gap, lots) for gap, (_, lots) in zip(gaps, levels, strict=False)
        ]
        return [level for level in pairs if around_zero or level[0] > 0]

    sides = side(best, -1, draw(SIDES)), side(best + spread, 1, draw(SIDES))
    return Case(*sides, draw(STEPS), draw(STEPS))


@pytest.mark.parametrize("around_zero", [False, True])
@given(data=st.data(), depth=st.integers(1, 25), backwards=st.booleans())
def test_any_book_has_the_features_of_the_definitions(
    data: st.DataObject, depth: int, *, backwards: bool, around_zero: bool
) -> None:
    case = data.draw(cases(around_zero=around_zero))
    features = FeatureSet("all", depth)

    found = features.compute(case.book(worst_first=backwards))

    assert wrong(features.names, found, case.features(depth)) == {}


BIG = 1 << 62
NEARLY_CANCELLING = {
    "weighted depth": Case([(10**6, 19), (10**6 - 1, 10)], [(10**6 + 1, 10), (10**6 + 2, 20)]),
    "huge depth": Case(
        [(10**6, BIG - 9), (10**6 - 1, 20)], [(10**6 + 1, BIG), (10**6 + 2, 10)]
    ),
    "adjusted microprice 0": Case([(1, 5)], [(10, 49)], "1", "1"),
    "huge": Case([(1 << 59, BIG)], [(1 << 60, BIG - 1)], "5", "5"),
    "mean prices": Case([(0, 1), (-1, 10**8)], [(1, 10**8)], "1", "1"),
    "mean price of both": Case([(-1, BIG - 1)], [(0, 2), (1, BIG)], "0.25", "1"),
} | {  # the logarithm of the mid
    f"mid of 1 {off:+} * {tick}": Case([(one - 1 + off, 3)], [(one + 1 + off, 4)], tick)
    for tick, one in {"0.25": 4, "0.00390625": 256, "0.00000001": 10**8}.items()
    for off in (-2, -1, 0, 1, 5)
}


@pytest.mark.parametrize("case", NEARLY_CANCELLING.values(), ids=NEARLY_CANCELLING)
def test_values_keep_their_digits_where_large_terms_cancel(case: Case) -> None:
    features = FeatureSet("all")

    found = features.compute(case.book())

    assert wrong(features.names, found, case.features()) == {}


DECAYING = reference.depth_weighted_obi
PARAMETERS: dict[str, tuple[Callable[..., reference.Number], dict[str, int | Fraction]]] = {
    "vwap(levels=1)": (reference.vwap, {"levels": 1}),
    "vwap(levels=40)": (reference.vwap, {"levels": 40}),
    "vamp(levels=2)": (reference.vamp, {"levels": 2}),
    "vwap_mid(levels=1)": (reference.vwap_mid, {"depth": 1}),
    "bid_ask_ratio(levels=1)": (reference.bid_ask_ratio, {"depth": 1}),
    "ask_vol(levels=12)": (lambda state: reference.volume(state.asks, 12), {}),
    "depth_weighted_obi(levels=3, decay=0.25)": (
        DECAYING,
        {"levels": 3, "decay": Fraction("0.25")},
    ),
    "depth_weighted_obi(decay=1)": (DECAYING, {"decay": Fraction(1)}),
    "depth_weighted_obi(decay=0.3)": (DECAYING, {"decay": Fraction("0.3")}),
    "adjusted_microprice(w=0.3)": (reference.adjusted_microprice, {"w": Fraction("0.3")}),
    "adjusted_microprice(w=-3)": (reference.adjusted_microprice, {"w": Fraction(-3)}),
    "obi_7": (reference.obi, {"levels": 7}),
    "imbalance_level_13": (reference.imbalance, {"k": 13}),
    "bid_price_offset_14": (reference.offset, {"side": BID, "k": 15}),
    "ask_vol_14": (reference.size_at, {"side": ASK, "k": 15}),
}


@given(case=cases(around_zero=False))
def test_other_parameters_are_in_the_names_and_in_the_values(case: Case) -> None:
    features, state = FeatureSet(", ".join(PARAMETERS), depth=4), case.state()

    found = features.compute(case.book())

    exact = {name: value(f, state, **given) for name, (f, given) in PARAMETERS.items()}
    assert wrong(features.names, found, exact) == {}


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("worst_first", [False, True])
def test_levels_on_both_sides_of_the_windows_ends_count(
    edge: int, *, worst_first: bool
) -> None:
    near = range(edge - 66, edge + 67)
    bids = [(10**6 - i, 1 + i % 7) for i in (0, *near)]
    asks = [(10**6 + 1 + i, 1 + i % 5) for i in (0, *near)]
    case, features = Case(bids, asks), FeatureSet("all", 140)

    found = features.compute(case.book(worst_first=worst_first))

    assert wrong(features.names, found, case.features(140)) == {}


@pytest.mark.parametrize("step", [997, -997, 20_011])
def test_a_drift_of_a_million_ticks_changes_the_book_and_no_formula(step: int) -> None:
    book, dicts = Book(Instrument("X", "0.1", "1")), reference.ReferenceBook()
    features = FeatureSet("all")

    for i in range(1_000_000 // abs(step)):
        centre = 2_000_000 + i * step
        bids = [(centre - 1, 5 + i), (centre - 1 - 3 * step, 0), (centre - 9_000, 3)]
        asks = [(centre + 1, 4 + i), (centre + 1 - 3 * step, 0), (centre + 9_000, 2)]
        book.apply_delta(levels(bids), levels(asks))
        dicts.apply_delta(bids, asks)
        case = Case(dicts.bids(), dicts.asks(), "0.1", "1")
        assert i % 20 or not wrong(features.names, features.compute(book), case.features())


def sampled(paths: Iterable[Path], nth: int) -> Iterator[tuple[NDArray[np.float64], Case]]:
    """Every nth row of a replay with the whole book it was taken from."""
    replay, count = Replay(features="all"), 0
    for path in paths:
        replay.begin(path.name)
        with gzip.open(path) as file:
            for line in file:
                replay.feed(line)
                if b'"depthUpdate"' not in line:
                    continue
                rows = replay.take_rows()[3]
                count += len(rows)
                if len(rows) == 1 and count % nth == 0:
                    book = replay.book()
                    bids, asks = book.top(Side.BID).tolist(), book.top(Side.ASK).tolist()
                    yield rows[0], Case(bids, asks, book.grid.tick, book.grid.lot)
        replay.end()


RECORDED = ["usdm_btcusdt", "usdm_ethusdt", "spot_btcusdt", "cm_btcusd_perp"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sample", *RECORDED])
def test_recorded_states_have_the_features_of_the_definitions(
    shared_data: Callable[[str], Path], name: str
) -> None:
    names, paths = FeatureSet("all").names, [obcore.sample()]
    if name != "sample":
        paths = sorted(shared_data("binance_raw").glob(f"{name}_*.gz"))

    missed = [wrong(names, row, case.features()) for row, case in sampled(paths, 30)]

    assert len(missed) > 100
    assert not any(missed)


def test_a_vector_is_filled_in_place_and_only_where_it_fits() -> None:
    features, book = FeatureSet("collector"), Case([(99, 1)], [(101, 2)]).book()
    out = np.empty(5)

    assert features.compute(book, out) is out
    assert out.tolist() == [0.2, 10, -1 / 3, 0.001, 0.002]
    with pytest.raises(ValueError, match=r"expected shape \(5,\), received \(6,\)"):
        features.compute(book, np.empty(6))
