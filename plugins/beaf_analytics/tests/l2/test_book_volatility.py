"""Are returns of quotes those between the points of a grid?"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import log, sqrt
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plugins.beaf_analytics.tests.l2.books import computed

from beaf_analytics.l2.options import L2Options
from beaf_analytics.l2.volatility import step_ns
from beaf_analytics.l2.weighted import measures

Pass = Callable[..., pl.DataFrame]

#: Mids 100, 110, 121 at the points 10, 20 and 50; what lies between two points is not seen.
ROWS = [
    (3, 99.0, 1, 101.0, 1),
    (14, 101.0, 1, 103.0, 1),
    (15, 103.0, 1, 105.0, 1),
    (20, 109.0, 1, 111.0, 1),
    (47, 120.0, 1, 122.0, 1),
]
STEP = log(1.1)
WORDS = ["Std", "Mean", "Sum", "Min", "Max"]


def grid(**metric: Any) -> dict[str, Any]:
    return {"volatility": [{"step": "10s", "measures": ["RV", "Vol", "N"], **metric}]}


def near(*expected: float | None) -> list[Any]:
    return [None if each is None else pytest.approx(each, rel=1e-9, abs=1e-15) for each in expected]


@pytest.mark.parametrize("closed", ["left", "right"])
def test_the_price_in_force_at_each_point_makes_the_returns(weighted: Pass, closed: str) -> None:
    found = weighted(ROWS, time_bucket_closed=closed, **grid(aggregations=WORDS))
    [row] = found.to_dicts()
    # From 10 to 60: one step up, two of nothing, one up, one of nothing.
    assert row["RVMid10sN"] == 5
    assert row["RVMid10s"] == pytest.approx(2 * STEP**2, rel=1e-12)
    assert row["VolMid10s"] == pytest.approx(sqrt(2) * STEP, rel=1e-12)
    assert row["L2VolatilityMidSum"] == pytest.approx(2 * STEP, rel=1e-12)
    assert row["L2VolatilityMidMean"] == pytest.approx(0.4 * STEP, rel=1e-12)
    assert row["L2VolatilityMidStd"] == pytest.approx(sqrt(0.3) * STEP, rel=1e-12)
    assert row["L2VolatilityMidMin"] == 0.0
    assert row["L2VolatilityMidMax"] == pytest.approx(STEP, rel=1e-12)


@pytest.mark.parametrize("closed", ["left", "right"])
def test_a_return_belongs_to_the_bucket_in_which_its_point_is_reached(
    weighted: Pass, closed: str
) -> None:
    # The row on the edge is seen at the point 60, which ends the first bucket on either side.
    rows = [(10, 99.0, 1, 101.0, 1), (60, 109.0, 1, 111.0, 1), (61, 120.0, 1, 122.0, 1)]
    found = weighted(rows, time_bucket_closed=closed, **grid())
    assert found["RVMid10s"].to_list()[-2:] == near(STEP**2, STEP**2)
    assert found["RVMid10sN"].to_list()[-2:] == [5, 6]


def test_extremes_of_returns_that_all_move_leave_zero_out(weighted: Pass) -> None:
    rows = [(second, price - 1, 1, price + 1, 1) for second, price in ((10, 100), (20, 110))]
    rising = weighted(
        [*rows, (30, 120.0, 1, 122.0, 1)], time_bucket_seconds=30, **grid(aggregations=WORDS)
    )
    assert rising["L2VolatilityMidMin"].to_list() == near(STEP)
    assert rising["RVMid10sN"].to_list() == [2]
    assert rising["L2VolatilityMidStd"].to_list() == [pytest.approx(0, abs=1e-8)]
    falling = weighted(
        [(10, 120.0, 1, 122.0, 1), (20, 109.0, 1, 111.0, 1)],
        time_bucket_seconds=20,
        **grid(aggregations=WORDS),
    )
    assert falling["L2VolatilityMidMax"].to_list() == near(-STEP)
    assert falling["L2VolatilityMidStd"].to_list() == [None]  # one return does not deviate
    assert falling["RVMid10s"].to_list() == near(STEP**2)
    assert falling["L2VolatilityMidMean"].to_list() == near(-STEP)
    still = weighted(
        [(10, 120.0, 1, 122.0, 1), (20, 109.0, 1, 111.0, 1)],
        time_bucket_seconds=60,
        **grid(aggregations=WORDS),
    )
    assert still["L2VolatilityMidMax"].to_list() == [0.0]
    assert still["L2VolatilityMidMin"].to_list() == near(-STEP)


def test_a_point_without_a_valid_quote_has_no_return_to_it_or_from_it(weighted: Pass) -> None:
    halted = {"MarketState": "HALTED"}
    rows = [
        (60, 99.0, 1, 101.0, 1),
        (65, 99.0, 1, 101.0, 1, halted),
        (85, 109.0, 1, 111.0, 1),
        (95, 120.0, 1, 122.0, 1),
    ]
    found = weighted(rows, **grid())
    # Points 70 and 80 have no price; from 90 on there are three returns.
    assert found["RVMid10sN"].to_list() == [0, 3]
    assert found["RVMid10s"].to_list() == near(None, STEP**2)
    everything = weighted(rows, **grid(quotes="uncrossed"))
    assert everything["RVMid10sN"].to_list() == [0, 6]


@pytest.mark.parametrize(("late", "number"), [(0, 5), (1, 4)])
def test_a_row_a_nanosecond_after_a_point_is_seen_at_the_next(
    weighted: Pass, book: Callable[..., pl.DataFrame], late: int, number: int
) -> None:
    time = pl.col("TimestampNanoseconds").cast(pl.Int64) + late
    frame = book([(10, 99.0, 1, 101.0, 1)]).with_columns(time.cast(pl.Datetime("ns")))
    assert weighted(frame, **grid())["RVMid10sN"].to_list() == [number]


def test_times_of_microseconds_are_read_as_such(
    weighted: Pass, book: Callable[..., pl.DataFrame]
) -> None:
    frame = book(ROWS).with_columns(pl.col("TimestampNanoseconds").cast(pl.Datetime("us")))
    assert weighted(frame, **grid())["RVMid10s"].to_list() == near(2 * STEP**2)


def test_grids_of_other_phases_are_other_tables(weighted: Pass) -> None:
    rows = [*ROWS[:-1], (47, 120.0, 1, 122.0, 1, {"MarketState": "HALTED"})]
    metrics = [
        {"step": "10s", "measures": "RV"},
        {
            "step": "10s",
            "measures": "RV",
            "market_states": ["CONTINUOUS_TRADING", "HALTED"],
            "output_name_pattern": "All{measures}",
        },
    ]
    found = weighted(rows, volatility=metrics)
    assert found["RVMid10s"].to_list() == near(STEP**2)
    assert found["AllRV"].to_list() == near(2 * STEP**2)


def test_without_a_return_there_is_no_volatility(weighted: Pass) -> None:
    found = weighted([(55, 99.0, 1, 101.0, 1)], **grid(aggregations=WORDS))
    row = found.select(pl.exclude("ListingId", "TimeBucket", "MIC", "RVMid10sN")).row(0)
    assert row == (None,) * 7
    assert found["RVMid10sN"].to_list() == [0]


@pytest.mark.parametrize(
    ("source", "first", "second"), [("Bid", 99.0, 109.0), ("Ask", 101.0, 111.0)]
)
def test_each_source_is_followed(weighted: Pass, source: str, first: float, second: float) -> None:
    rows = [(10, 99.0, 1, 101.0, 1), (60, 109.0, 1, 111.0, 1)]
    found = weighted(rows, **grid(source=source))
    assert found[f"RV{source}10s"].to_list() == near(log(second / first) ** 2)


def test_for_a_year_squares_grow_with_time_and_deviations_with_its_root(weighted: Pass) -> None:
    asked = grid(aggregations=WORDS, ann="session", session_seconds=1000)
    [row] = weighted(ROWS, **asked).to_dicts()
    assert row["RVMid10sAnn"] == pytest.approx(2 * STEP**2 * 252_000 / 50, rel=1e-12)
    assert row["VolMid10sAnn"] == pytest.approx(sqrt(2 * STEP**2 * 252_000 / 50), rel=1e-12)
    assert row["L2VolatilityMidStdAnn"] == pytest.approx(sqrt(0.3 * 25_200) * STEP, rel=1e-12)
    assert row["L2VolatilityMidMean"] == pytest.approx(0.4 * STEP, rel=1e-12)
    assert row["RVMid10sN"] == 5
    [row] = weighted(ROWS, **grid(ann="session")).to_dicts()  # a session is of 8.5 hours
    assert row["RVMid10sAnn"] == pytest.approx(2 * STEP**2 * 252 * 30_600 / 50, rel=1e-12)
    [row] = weighted(ROWS, **grid(ann="session", session_seconds=0.5)).to_dicts()
    assert row["RVMid10sAnn"] == pytest.approx(2 * STEP**2 * 126 / 50, rel=1e-12)


def test_listings_do_not_meet(weighted: Pass, book: Callable[..., pl.DataFrame]) -> None:
    other = book([(second, bid * 2, 1, ask * 2, 1) for second, bid, _, ask, _ in ROWS], listing=2)
    found = weighted(pl.concat([other, book(ROWS)]).sort("TimestampNanoseconds"), **grid())
    assert found["RVMid10s"].to_list() == near(2 * STEP**2, 2 * STEP**2)


@pytest.mark.parametrize(
    ("step", "nanoseconds"),
    [("500ms", 500_000_000), ("1s", 10**9), ("10s", 10**10), ("5m", 300 * 10**9)],
)
def test_a_step_is_a_time(step: str, nanoseconds: int) -> None:
    assert step_ns(step) == nanoseconds


def test_measures_of_one_grid_say_what_they_are() -> None:
    asked = L2Options.model_validate(grid(ann="session", aggregations="Std") | {"shares": []})
    realised, root, number, deviation = measures(asked)
    assert realised.doc == (
        "Sum of squared logarithmic returns of the Mid over 10s, in valid quotes, for a year of "
        "252 sessions."
    )
    assert [each.name for each in (realised, root, number, deviation)] == [
        "RVMid10sAnn", "VolMid10sAnn", "RVMid10sN", "L2VolatilityMidStdAnn",
    ]  # fmt: skip
    assert [realised.reaggregation, number.reaggregation] == ["none", "sum"]
    plain = measures(L2Options.model_validate(grid(aggregations=WORDS) | {"shares": []}))
    rules = [each.reaggregation for each in plain]
    assert rules == ["sum", "none", "sum", "none", "none", "sum", "min", "max"]


QUOTES = st.lists(
    st.tuples(
        st.integers(1, 300),
        st.integers(50, 150).map(float),
        st.sampled_from(["CONTINUOUS_TRADING", "HALTED"]),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=15, deadline=None)
@given(QUOTES)
def test_five_minutes_have_the_returns_of_their_minutes(quotes: list[Any]) -> None:
    rows = [
        (second, price, 1, price + 1, 1, {"MarketState": state})
        for second, price, state in sorted(quotes, key=lambda each: each[0])
    ]
    dense = {
        "fields": {"dense_analytics": {"mode": "uniform", "time_interval": ["09:00", "09:05"]}}
    }
    minutes, whole = (
        computed(["dense", "l2tw"], rows, time_bucket_seconds=width, shares=[], **dense, **grid())
        for width in (60, 300)
    )
    assert minutes["RVMid10sN"].sum() == whole["RVMid10sN"].sum()
    assert minutes["RVMid10s"].sum() == pytest.approx(whole["RVMid10s"].sum(), rel=1e-12)
    assert whole["RVMid10sN"].item() == by_hand(rows)


def by_hand(rows: list[Any]) -> int:
    """Count the steps of ten seconds that begin and end with a price, point by point."""

    def price(point: int) -> float | None:
        known = [row for row in rows if row[0] <= point]
        return known[-1][1] if known and known[-1][5]["MarketState"] != "HALTED" else None

    points = [price(point) for point in range(0, 301, 10)]
    return sum(one is not None and other is not None for one, other in pairwise(points))
