"""Do the columns of the book keep to each other, and is it seen where they do not?"""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plugins.beaf_analytics.tests.l2.books import computed

from beaf_analytics import l2
from beaf_analytics.l2 import weighted as l2tw
from beaf_analytics.l2.identities import TOLERANCE
from beaf_analytics.l2.options import L2Options
from beaf_core import Identity


def identities_of(module: Any, **section: Any) -> list[Identity]:
    found: list[Identity] = module.identities(L2Options.model_validate(section))
    return found


def holds(identity: Identity, row: dict[str, Any]) -> bool | None:
    held: bool | None = pl.DataFrame([row]).select(identity.holds).item()
    return held


def test_open_and_close_lie_between_low_and_high() -> None:
    found = identities_of(l2, ohlc=[{"open_mode": ["event", "prev_close", "state"]}])
    assert [each.name for each in found] == [
        "MidLow ≤ MidOpen, MidClose ≤ MidHigh",
        "MidLowC ≤ MidOpenC, MidCloseC ≤ MidHighC",
    ]
    good = {"MidLow": 1.0, "MidOpen": 1.0, "MidClose": 3.0, "MidHigh": 3.0}
    assert holds(found[0], good)
    assert holds(found[0], dict.fromkeys(good, 2.0))
    for wrong in ({"MidOpen": 0.5}, {"MidClose": 0.5}, {"MidOpen": 3.5}, {"MidClose": 3.5}):
        assert not holds(found[0], good | wrong)


def test_more_levels_hold_no_less() -> None:
    asked = {"measures": ["CumQuantity", "Quantity"], "levels": [10, 2], "sides": "Ask"}
    [grows] = identities_of(l2, metric_prefix="My", liquidity=[asked])
    assert grows.name == "MyAskCumQuantity2 ≤ MyAskCumQuantity10"
    for few, more in ((1, 1), (1, 2), (2, 1)):
        row = {"MyAskCumQuantity2": few, "MyAskCumQuantity10": more}
        assert holds(grows, row) == (few <= more)
    [of_three] = identities_of(l2, liquidity=[asked | {"levels": [1, 2, 3]}])
    for sums, expected in (((1, 2, 2), True), ((1, 2, 1), False), ((2, 1, 2), False)):
        row = {f"AskCumQuantity{level}": each for level, each in enumerate(sums, start=1)}
        assert holds(of_three, row) is expected
    assert identities_of(l2, liquidity=[asked | {"levels": [2]}]) == []
    assert len(identities_of(l2)) == 4  # quantities and orders of both sides


def test_a_quote_is_in_one_condition_at_most() -> None:
    [apart] = identities_of(l2tw, shares=["Valid", "Halt", "Crossed"], spreads=[{}])
    assert apart.name == "ValidShare + CrossedShare ≤ 1"
    assert holds(apart, {"ValidShare": 0.75, "CrossedShare": 0.25})
    assert holds(apart, {"ValidShare": 1 + TOLERANCE, "CrossedShare": 0.0})
    assert not holds(apart, {"ValidShare": 0.75, "CrossedShare": 0.2500001})
    assert identities_of(l2tw, shares=[], spreads=[{}]) == []


def test_the_mid_of_means_is_the_mean_of_mids() -> None:
    bars = {"source": ["Ask", "Mid", "Bid"]}
    [mids] = identities_of(l2tw, shares=[], ohlc=[bars])
    assert mids.name == "(BidTWA + AskTWA)/2 = MidTWA"
    row = {"BidTWA": 99.0, "AskTWA": 103.0, "MidTWA": 101.0}
    assert holds(mids, row)
    assert holds(mids, row | {"MidTWA": 101.00000005})
    assert not holds(mids, row | {"MidTWA": 101.0000002})
    assert not holds(mids, row | {"MidTWA": 100.0})
    assert identities_of(l2tw, shares=[], ohlc=[bars | {"aggregations": "Min"}]) == []
    assert holds(mids, dict.fromkeys(row, 0.0))
    for two in (["Bid", "Mid"], ["Mid", "Ask"], ["Ask", "Bid"]):
        assert identities_of(l2tw, shares=[], ohlc=[{"source": two}]) == []
    assert [each.name for each in identities_of(l2tw)][1:] == [mids.name]


@pytest.mark.parametrize("module", [l2, l2tw])
def test_a_module_that_is_switched_off_claims_nothing(module: Any) -> None:
    assert identities_of(module, ENABLED=False) == []


PRICES = st.one_of(st.none(), st.integers(0, 5).map(float))
SIZES = st.integers(0, 9)
STATES = st.lists(
    st.tuples(
        st.integers(1, 239),
        PRICES, SIZES, PRICES, SIZES, PRICES, SIZES,
        st.sampled_from(["CONTINUOUS_TRADING", "HALTED", None]),
    ),
    min_size=1,
    max_size=20,
)  # fmt: skip
EVERYTHING = {
    "liquidity": [{"measures": ["Quantity", "CumQuantity", "CumOrders"], "levels": [1, 2]}],
    "ohlc": [{"source": ["Bid", "Ask", "Mid"], "open_mode": ["event", "prev_close"]}],
    "imbalances": [{"levels": 2, "quotes": "any"}],
    "durations": ["Book"],
}


@settings(max_examples=10, deadline=None)
@given(STATES)
def test_any_book_keeps_to_them_and_gives_numbers_or_nothing(states: list[Any]) -> None:
    rows = [
        (
            second,
            bid,
            one,
            ask,
            two,
            {"AskPrice2": deep, "AskQuantity2": more, "MarketState": phase},
        )
        for second, bid, one, ask, two, deep, more, phase in states
    ]
    found = computed(["l2", "l2tw"], rows, **EVERYTHING)
    floats = found.select(pl.selectors.float())
    assert all(column.drop_nulls().is_finite().all() for column in floats.iter_columns())
    for module in (l2, l2tw):
        for each in identities_of(module, **EVERYTHING):
            assert found.select(each.holds.fill_null(True).all()).item(), each.name
    parts = pl.col("AskQuantity1TWA") + pl.col("AskQuantity2TWA")
    off = (parts - pl.col("AskCumQuantity2TWA")).abs() <= 1e-12 * parts
    assert found.select(off.fill_null(True).all()).item()
    inside = pl.col("ImbalanceCumQuantity2", "ImbalanceCumQuantity2TWA").is_between(-1, 1)
    assert found.select(inside.fill_null(True).all()).row(0) == (True, True)
