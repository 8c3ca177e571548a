"""To which day does each row of an earlier pass belong, and at what time does it stand?"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import DayStatus, PassConfig, Receipt
from beaf_core.engine.planning.earlier import INTERVAL_TIME, EarlierPass, Piece

MONDAY, TUESDAY, THURSDAY = date(2025, 1, 6), date(2025, 1, 7), date(2025, 1, 9)
DAYS = (MONDAY, TUESDAY, THURSDAY)


def earlier(labels: list[datetime], **config: Any) -> EarlierPass:
    rows = pl.LazyFrame({"ListingId": 1, "TimeBucket": pl.Series(labels, dtype=pl.Datetime("ns"))})
    piece = Piece(Receipt("parquet", "here", len(labels), "all:x"), DAYS, rows)
    statuses = dict.fromkeys(DAYS, DayStatus.READY)
    return EarlierPass(PassConfig(name="bars", **config), [piece], statuses)


def on(source: EarlierPass, day: date, closed: str = "right") -> pl.DataFrame:
    read, clock = source.on(day, PassConfig(name="later", time_bucket_closed=closed))
    assert read.frame is not None
    assert clock.time == INTERVAL_TIME
    return read.frame.collect()


def test_a_row_belongs_to_the_last_day_that_begins_no_later_than_its_interval() -> None:
    labels = [
        datetime(2025, 1, 6),  # from Sunday evening: the first day takes what is before it
        datetime(2025, 1, 7),  # the last minute of Monday
        datetime(2025, 1, 7, 0, 1),  # the first of Tuesday
        datetime(2025, 1, 8, 12),  # Wednesday has no data of its own: Tuesday's
        datetime(2025, 1, 9),  # the last minute of Wednesday
        datetime(2025, 1, 9, 0, 1),
        datetime(2025, 1, 12),  # the last day takes what is after it
    ]
    source = earlier(labels)
    found = [on(source, day)["TimeBucket"].to_list() for day in DAYS]
    assert found == [labels[:2], labels[2:5], labels[5:]]
    started = earlier(labels, time_bucket_anchor="start")
    # Labelled at their start, the intervals of midnight belong to the day that begins.
    found = [on(started, day)["TimeBucket"].to_list() for day in DAYS]
    assert found == [labels[:1], labels[1:4], labels[4:]]


@pytest.mark.parametrize(
    ("anchor", "reader", "stands"),
    [("end", "right", 60), ("end", "left", 0), ("start", "right", 120), ("start", "left", 60)],
)
def test_a_row_stands_at_the_edge_that_the_readers_buckets_hold(
    anchor: str, reader: str, stands: int
) -> None:
    label = datetime(2025, 1, 7, 9, 1)
    rows = on(earlier([label], time_bucket_anchor=anchor), TUESDAY, reader)
    wanted = datetime(2025, 1, 7, 9) + timedelta(seconds=stands)
    assert rows.schema[INTERVAL_TIME] == pl.Int64
    assert rows[INTERVAL_TIME].cast(pl.Datetime("ns")).to_list() == [wanted]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.datetimes(datetime(2025, 1, 1), datetime(2025, 1, 14)), max_size=20),
    st.sampled_from(["start", "end"]),
    st.sampled_from([1, 60, 3600, 86_400]),
)
def test_no_row_is_lost_and_none_is_doubled(
    labels: list[datetime], anchor: str, seconds: int
) -> None:
    source = earlier(labels, time_bucket_anchor=anchor, time_bucket_seconds=seconds)
    found = [label for day in DAYS for label in on(source, day)["TimeBucket"].to_list()]
    assert sorted(found) == sorted(labels)


def test_a_piece_is_counted_on_its_first_day_alone() -> None:
    source = earlier([datetime(2025, 1, 7)])
    reader = PassConfig(name="later")
    assert [len(source.on(day, reader)[0].parts) for day in DAYS] == [1, 0, 0]


def test_a_day_without_data_has_no_rows_but_a_status() -> None:
    read, _ = earlier([]).on(date(2025, 1, 8), PassConfig(name="later"))
    assert (read.status, read.frame) == (DayStatus.CLOSED, None)
