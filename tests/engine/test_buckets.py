"""Does every event fall into the interval that its label names?"""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaf_core.engine.compiler.bucket import (
    Buckets,
    bucket_label,
    in_range,
    nanoseconds,
    width_in_nanoseconds,
)

TIMES = st.integers(min_value=-(10**18), max_value=4 * 10**18)
WIDTHS = st.integers(min_value=1, max_value=10**15)


def labels(times: list[int], width: int, **edges: str) -> list[int]:
    frame = pl.DataFrame({"t": times}, schema={"t": pl.Int64})
    return frame.select(bucket_label(pl.col("t"), width, **edges))["t"].to_list()


def test_an_event_on_an_edge_closes_its_bucket_by_default() -> None:
    assert labels([59, 60, 61], 60) == [60, 60, 120]


@pytest.mark.parametrize(
    ("anchor", "closed", "expected"),
    [
        ("end", "right", [60, 60, 120]),
        ("start", "right", [0, 0, 60]),
        ("end", "left", [60, 120, 120]),
        ("start", "left", [0, 60, 60]),
    ],
)
def test_the_four_conventions_differ_on_the_edge_and_in_the_label(
    anchor: str, closed: str, expected: list[int]
) -> None:
    assert labels([59, 60, 61], 60, anchor=anchor, closed=closed) == expected


@given(st.lists(TIMES, min_size=1), WIDTHS)
def test_a_right_closed_bucket_holds_its_end_and_not_its_start(
    times: list[int], width: int
) -> None:
    for time, end in zip(times, labels(times, width), strict=True):
        assert end - width < time <= end
        assert end % width == 0


@given(st.lists(TIMES, min_size=1), WIDTHS)
def test_a_left_closed_bucket_holds_its_start_and_not_its_end(times: list[int], width: int) -> None:
    found = labels(times, width, anchor="start", closed="left")
    for time, start in zip(times, found, strict=True):
        assert start <= time < start + width
        assert start % width == 0


@given(st.lists(TIMES, min_size=1), WIDTHS, st.sampled_from(["right", "left"]))
def test_the_anchors_differ_by_one_width(times: list[int], width: int, closed: str) -> None:
    ends = labels(times, width, anchor="end", closed=closed)
    starts = labels(times, width, anchor="start", closed=closed)
    assert [end - start for end, start in zip(ends, starts, strict=True)] == [width] * len(times)


def test_a_width_of_a_fraction_of_a_second_is_exact() -> None:
    assert width_in_nanoseconds(0.1) == 100_000_000
    assert width_in_nanoseconds(1e-9) == 1


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_event_times_of_every_unit_become_nanoseconds(unit: str) -> None:
    instant = datetime(2026, 2, 1, 8, 0, 0, 1000)
    frame = pl.DataFrame({"t": [instant]}, schema={"t": pl.Datetime(unit)})
    found = frame.select(nanoseconds("t", frame.schema["t"])).item()
    assert found == 1_769_932_800_001_000_000


def test_integers_are_nanoseconds_already() -> None:
    frame = pl.DataFrame({"t": [1_769_932_800_000_000_001]})
    assert frame.select(nanoseconds("t", frame.schema["t"])).item() == 1_769_932_800_000_000_001


@given(
    st.lists(TIMES, min_size=1),
    WIDTHS,
    st.sampled_from(["end", "start"]),
    st.sampled_from(["right", "left"]),
    st.data(),
)
def test_the_times_of_a_span_are_those_whose_labels_lie_in_it(
    times: list[int], width: int, anchor: str, closed: str, data: st.DataObject
) -> None:
    found = labels(times, width, anchor=anchor, closed=closed)
    first = data.draw(st.sampled_from(found))
    # The end of the last span is no bucket's label.
    until = data.draw(st.sampled_from([*found, *(each + 1 for each in found)]))
    low, high = Buckets(width, anchor, closed).span(first, until)
    assert [low <= time < high for time in times] == [first <= each < until for each in found]


@pytest.mark.parametrize(
    "dtype",
    [
        pl.Int64(),
        pl.Datetime("ns"),
        pl.Datetime("us"),
        pl.Datetime("ms"),
        pl.Datetime("us", "Europe/London"),
        pl.Date(),
    ],
    ids=str,
)
@given(ticks=st.lists(st.integers(-(10**4), 10**4), min_size=1), data=st.data())
def test_a_range_of_times_means_nanoseconds_whatever_the_unit(
    dtype: pl.DataType, ticks: list[int], data: st.DataObject
) -> None:
    frame = pl.DataFrame({"t": pl.Series(ticks, dtype=pl.Int64).cast(dtype, strict=False)})
    times = frame.select(nanoseconds("t", dtype))["t"].to_list()
    edges = st.sampled_from(times).flatmap(lambda time: st.integers(time - 1, time + 1))
    low, high = data.draw(edges), data.draw(edges)
    kept = frame.select(in_range("t", dtype, low, high))["t"].to_list()
    assert kept == [low <= time < high for time in times]
