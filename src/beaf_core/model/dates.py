"""Which days does a request cover, and into which partitions is it cut?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum

from beaf_core.model.errors import UsageError

# int64 nanoseconds around 1970 reach from September 1677 to April 2262.
_FIRST_YEAR, _LAST_YEAR = 1678, 2261


class DayStatus(StrEnum):
    """Whether a day's data can be read, and if not, whether that is a fault."""

    READY = "ready"
    CLOSED = "closed"  # no session: fine
    PENDING = "pending"  # not delivered yet: come back later
    MISSING = "missing"  # should be there: loud


class BatchFrequency(StrEnum):
    """How a date range is cut into partitions (BATCH_FREQ)."""

    DAY = "D"
    WEEK = "W"
    TWO_WEEKS = "2W"
    MONTH = "M"
    QUARTER = "Q"
    YEAR = "A"


#: Frequency → those whose partitions are made of whole ones of it.
_FITS_IN: dict[BatchFrequency, tuple[BatchFrequency, ...]] = {
    BatchFrequency.DAY: tuple(BatchFrequency),
    BatchFrequency.WEEK: (BatchFrequency.TWO_WEEKS,),
    BatchFrequency.MONTH: (BatchFrequency.QUARTER, BatchFrequency.YEAR),
    BatchFrequency.QUARTER: (BatchFrequency.YEAR,),
}


def is_union_of(coarse: BatchFrequency | None, fine: BatchFrequency | None) -> bool:
    """Say whether each partition of one frequency is made of whole ones of the other.

    None means one partition for the whole request.
    """
    if coarse is None or coarse == fine:
        return True
    return fine is not None and coarse in _FITS_IN.get(fine, ())


def parse_day(text: object) -> date:
    """Read an ISO day, `2026-02-01`.

    Raises:
        UsageError: the text is not a day of the calendar.
    """
    if isinstance(text, date):
        # A datetime is a date with a time of day, which a partition does not have.
        return date(text.year, text.month, text.day)
    remedy = "write dates as YYYY-MM-DD, for example 2026-02-01"
    try:
        day = date.fromisoformat(str(text))
    except ValueError:
        raise UsageError(f"{text!r} is not a date of the calendar", remedy=remedy) from None
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise UsageError(
            f"{text!r} is not a date that nanoseconds can count "
            f"(the years {_FIRST_YEAR} to {_LAST_YEAR})",
            remedy=remedy,
        )
    return day


def absent_day_status(day: date, today: date) -> DayStatus:
    """Judge a day that a source has no data for, until a calendar answers.

    A weekend is closed; today or later is pending; anything else is missing.
    """
    if day >= today:
        return DayStatus.PENDING
    return DayStatus.CLOSED if is_weekend(day) else DayStatus.MISSING


def is_weekend(day: date) -> bool:
    """Say whether the day is a Saturday or a Sunday."""
    return day.weekday() >= 5


def days_between(start: date, end: date) -> list[date]:
    """List every day from start to end, both included."""
    return [start + timedelta(days=offset) for offset in range((end - start).days + 1)]


def cut_range(start: date, end: date, frequency: BatchFrequency | None) -> list[tuple[date, date]]:
    """Cut a range into partitions aligned to the calendar and clipped to the range.

    Weeks begin on Monday, pairs of weeks on the Monday of an even week counted from 1970-01-05,
    months, quarters and years on their first day. No partition reaches outside the request.

    Returns:
        (first day, last day) of each partition, in order. One partition if frequency is None.
    """
    if frequency is None:
        return [(start, end)]
    return list(_pieces(start, end, frequency))


def _pieces(start: date, end: date, frequency: BatchFrequency) -> Iterator[tuple[date, date]]:
    first = start
    while first <= end:
        last = min(_period_end(first, frequency), end)
        yield first, last
        if last == end:
            return  # the day after the calendar's last cannot be named
        first = last + timedelta(days=1)


def _period_end(day: date, frequency: BatchFrequency) -> date:
    monday = day - timedelta(days=day.weekday())
    match frequency:
        case BatchFrequency.DAY:
            return day
        case BatchFrequency.WEEK:
            return monday + timedelta(days=6)
        case BatchFrequency.TWO_WEEKS:
            # 1970-01-05 was a Monday with the ordinal 719_167.
            odd = (monday.toordinal() - 719_167) // 7 % 2
            return monday + timedelta(days=6 if odd else 13)
        case BatchFrequency.MONTH:
            return _month_end(day.year, day.month)
        case BatchFrequency.QUARTER:
            return _month_end(day.year, (day.month - 1) // 3 * 3 + 3)
        case BatchFrequency.YEAR:
            return date(day.year, 12, 31)


def _month_end(year: int, month: int) -> date:
    following = date(year + month // 12, month % 12 + 1, 1)
    return following - timedelta(days=1)
