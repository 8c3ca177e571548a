"""Are rows paired with those that follow soon enough?"""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_analytics.measures.expressions import nanoseconds
from beaf_analytics.measures.following import FIRST, THEN, followed


def pairs(
    first: list[tuple[str | None, int]], then: list[tuple[str | None, int]], tolerance: int
) -> list[tuple[str, int, int]]:
    schema = {"key": pl.String, FIRST: pl.Int64}
    begun = pl.LazyFrame(first, schema=schema, orient="row")
    later = pl.LazyFrame(then, schema={"key": pl.String, THEN: pl.Int64}, orient="row")
    found = followed(begun, later, ["key"], tolerance).collect()
    assert set(found.columns) == {"key", FIRST, THEN}
    return sorted(found.select("key", FIRST, THEN).rows())


def test_a_row_is_followed_at_once_up_to_the_tolerance_and_not_before() -> None:
    times = [99, 100, 101, 109, 110, 111, 120]
    assert pairs([("a", 100)], [("a", time) for time in times], 10) == [
        ("a", 100, 100), ("a", 100, 101), ("a", 100, 109), ("a", 100, 110)
    ]  # fmt: skip


def test_a_row_in_the_midst_of_a_slot_is_followed_into_the_next_one() -> None:
    assert pairs([("a", 108)], [("a", 107), ("a", 118), ("a", 119)], 10) == [("a", 108, 118)]


@pytest.mark.parametrize(("tolerance", "last"), [(0, 100), (1, 101), (2, 102)])
def test_the_shortest_times_count(tolerance: int, last: int) -> None:
    then = [("a", time) for time in range(97, 105)]
    wanted = [("a", 100, time) for time in range(100, last + 1)]
    assert pairs([("a", 100)], then, tolerance) == wanted


def test_rows_agree_in_the_columns_and_null_agrees_with_nothing() -> None:
    first = [("a", 5), ("b", 6), (None, 5)]
    then = [("b", 7), ("a", 8), (None, 6), ("c", 6)]
    assert pairs(first, then, 3) == [("a", 5, 8), ("b", 6, 7)]


times = st.lists(st.integers(-40, 40), max_size=6)


@settings(deadline=None, max_examples=25)
@given(times, times, st.integers(0, 12))
def test_pairs_are_those_of_looking_at_every_one(
    first: list[int], then: list[int], tolerance: int
) -> None:
    wanted = [("a", a, b) for a in first for b in then if 0 <= b - a <= tolerance]
    found = pairs([("a", time) for time in first], [("a", time) for time in then], tolerance)
    assert found == sorted(wanted)


@pytest.mark.parametrize("unit", ["ns", "us", "ms"])
def test_times_are_nanoseconds_however_they_are_stored(unit: str) -> None:
    stored = pl.Series("t", [datetime(1970, 1, 1, 0, 0, 2)]).cast(pl.Datetime(unit))
    assert stored.to_frame().select(nanoseconds("t")).item() == 2_000_000_000
    assert pl.DataFrame({"t": [7]}).select(nanoseconds("t")).item() == 7
