"""Is a range cut into partitions that cover it exactly, and nothing outside it?"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaf_core import BatchFrequency, DayStatus, UsageError, absent_day_status, worst_status
from beaf_core.model.dates import cut_range, days_between, parse_day

DAYS = st.dates(date(1990, 1, 1), date(2040, 12, 31))
RANGES = st.tuples(DAYS, st.integers(0, 800)).map(lambda r: (r[0], r[0] + timedelta(days=r[1])))


def pieces(start: str, end: str, frequency: str) -> list[str]:
    cut = cut_range(date.fromisoformat(start), date.fromisoformat(end), BatchFrequency(frequency))
    return [f"{first}..{last}" for first, last in cut]


@given(RANGES, st.sampled_from([*BatchFrequency, None]))
def test_the_pieces_cover_the_range_once_and_in_order(
    span: tuple[date, date], frequency: BatchFrequency | None
) -> None:
    cut = cut_range(*span, frequency)
    covered = [day for first, last in cut for day in days_between(first, last)]
    assert covered == days_between(*span)


@given(RANGES, st.sampled_from(list(BatchFrequency)))
def test_a_longer_request_keeps_the_cuts_of_a_shorter_one(
    span: tuple[date, date], frequency: BatchFrequency
) -> None:
    start, end = span
    inner = cut_range(start, end, frequency)[1:-1]
    outer = cut_range(start - timedelta(days=40), end + timedelta(days=40), frequency)
    assert set(inner) <= set(outer)


def test_weeks_begin_on_monday_and_are_clipped() -> None:
    assert pieces("2025-01-02", "2025-01-14", "W") == [
        "2025-01-02..2025-01-05",
        "2025-01-06..2025-01-12",
        "2025-01-13..2025-01-14",
    ]


def test_months_quarters_and_years_end_where_the_calendar_ends_them() -> None:
    assert pieces("2024-01-31", "2024-03-01", "M") == [
        "2024-01-31..2024-01-31",
        "2024-02-01..2024-02-29",
        "2024-03-01..2024-03-01",
    ]
    assert pieces("2024-11-30", "2025-04-01", "Q") == [
        "2024-11-30..2024-12-31",
        "2025-01-01..2025-03-31",
        "2025-04-01..2025-04-01",
    ]
    assert pieces("2024-12-31", "2026-01-01", "A") == [
        "2024-12-31..2024-12-31",
        "2025-01-01..2025-12-31",
        "2026-01-01..2026-01-01",
    ]


def test_pairs_of_weeks_begin_on_the_same_mondays_whatever_the_request() -> None:
    assert pieces("1970-01-05", "1970-02-01", "2W") == [
        "1970-01-05..1970-01-18",
        "1970-01-19..1970-02-01",
    ]
    assert pieces("1970-01-12", "1970-01-20", "2W") == [
        "1970-01-12..1970-01-18",
        "1970-01-19..1970-01-20",
    ]


@pytest.mark.parametrize("text", ["2025-02-29", "2025-13-01", "yesterday", "", "2025/01/01"])
def test_what_is_not_a_day_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a date"):
        parse_day(text)


def test_a_time_of_day_is_dropped() -> None:
    assert parse_day(datetime(2025, 1, 6, 9, 30)) == date(2025, 1, 6)


@pytest.mark.parametrize(
    ("day", "status"),
    [
        ("2025-01-05", DayStatus.CLOSED),  # a Sunday
        ("2025-01-06", DayStatus.MISSING),
        ("2025-01-08", DayStatus.PENDING),  # today
        ("2025-01-11", DayStatus.PENDING),  # a Saturday to come
    ],
)
def test_an_absent_day_is_closed_pending_or_missing(day: str, status: DayStatus) -> None:
    assert absent_day_status(date.fromisoformat(day), today=date(2025, 1, 8)) is status


def test_the_worst_status_is_the_one_to_hear_of() -> None:
    assert worst_status(DayStatus) is DayStatus.MISSING
    assert worst_status([DayStatus.READY, DayStatus.CLOSED]) is DayStatus.CLOSED
    assert worst_status([]) is DayStatus.READY
