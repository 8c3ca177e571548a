"""Into which windows are dates cut?

Windows are days of the calendar: midnight to midnight in UTC, so that no time zone and no change of
clocks can make one shorter, longer or another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta

import dagster as dg

from beaf_core import BatchFrequency, DatePartition, UsageError, cut_range
from beaf_dagster.partitions.calendars import NEVER_OPEN, WEEKEND, closed_days
from beaf_dagster.partitions.windows import windows_of

#: Where dates begin unless a pipeline begins earlier.
FIRST_DAY = "2015-01-01"

_FORMAT = "%Y-%m-%d"
#: Frequency → the cron expression whose ticks are the edges of windows. Cron cannot say "every 14
#: days": its `*/14` begins anew each month, with windows of 14, 14 and 3 days.
_CRONS = {
    BatchFrequency.DAY: "0 0 * * *",
    BatchFrequency.WEEK: "0 0 * * 1",
    BatchFrequency.MONTH: "0 0 1 * *",
    BatchFrequency.QUARTER: "0 0 1 */3 *",
    BatchFrequency.YEAR: "0 0 1 1 *",
}
_DAY, _TWO_WEEKS = timedelta(days=1), timedelta(days=14)


def build_date_partitions(
    frequency: BatchFrequency | str = BatchFrequency.DAY,
    start: str | date = FIRST_DAY,
    end: str | date | None = None,
    weekends: bool = True,
    holidays: Iterable[str | date] = (),
    calendar: str | None = None,
    *,
    unfinished: bool = False,
) -> dg.PartitionsDefinition[str]:
    """Cut days into windows, as BATCH_FREQ does; windows that reach outside the range are left out.

    Args:
        frequency: D, W, 2W, M, Q or A.
        start: the first day.
        end: the last day, included; None for windows without end.
        weekends: whether Saturdays and Sundays are partitions; of days alone.
        holidays: days that are no partitions; of days alone.
        calendar: an exchange whose sessions alone are partitions, as the library
            `exchange-calendars` names it (`XLON`); of days alone.
        unfinished: whether the window that holds today is a partition as well.

    Returns:
        Windows named by their first day; of two weeks, keys `start_end`, as many as are finished
        when the definition is made.

    Raises:
        UsageError: no such frequency or calendar, a range without a whole window, or trading days
            asked of windows that are not days.
    """
    chosen = _frequency(frequency)
    span = DatePartition(str(start), "" if end is None else str(end))
    last = None if end is None else span.end
    left_out = _left_out(span.start, last, weekends, holidays, calendar)
    if left_out and chosen is not BatchFrequency.DAY:
        raise UsageError(
            f"trading days cannot be chosen of partitions of {chosen}: only a day can be left out",
            remedy='leave weekends, holidays and calendar alone, or take frequency="D"; within '
            "longer windows EXCLUDE_WEEKENDS leaves weekends out",
        )
    if chosen is BatchFrequency.TWO_WEEKS:
        return dg.StaticPartitionsDefinition(_pairs_of_weeks(span.start, last, unfinished))
    definition = dg.TimeWindowPartitionsDefinition(
        start=_midnight(span.start),
        end=None if last is None else _midnight(last + _DAY),
        fmt=_FORMAT,
        cron_schedule=_CRONS[chosen],
        end_offset=int(unfinished),
        exclusions=left_out or None,
    )
    first = definition.get_next_partition_window(definition.start, respect_bounds=False)
    # Dagster would take the first window for a partition, and so reach outside the range.
    if first is not None and definition.end is not None and first.end > definition.end:
        raise _no_whole_window(chosen, span.start, span.end)
    return definition


def dates_of(definition: dg.PartitionsDefinition[str], key: str) -> DatePartition:
    """Read the days of a date key: the definition's own window, or the range that the key spells.

    Raises:
        UsageError: a key that the definition does not have.
    """
    return windows_of(definition).dates(key)


def date_key(definition: dg.PartitionsDefinition[str], day: date) -> str:
    """Name the window that holds a day.

    Raises:
        UsageError: none does, or it is not finished.
    """
    return windows_of(definition).key(DatePartition(day.isoformat()))


def _frequency(given: BatchFrequency | str) -> BatchFrequency:
    try:
        return BatchFrequency(given)
    except ValueError:
        known = ", ".join(BatchFrequency)
        raise UsageError(
            f"{given!r} is no frequency of partitions", remedy=f"take one of {known}"
        ) from None


def _left_out(
    start: date,
    end: date | None,
    weekends: bool,
    holidays: Iterable[str | date],
    calendar: str | None,
) -> Sequence[str | datetime]:
    """List what Dagster is to leave out of days: cron expressions, and single days."""
    weekdays, days = set(() if weekends else WEEKEND), _days(holidays)
    if calendar is not None:
        closed = closed_days(calendar, start, end)
        weekdays |= closed.weekdays
        days |= closed.days
    # Few and sorted: Dagster goes through them whenever it asks for a window.
    single = sorted(each for each in days if each.weekday() not in weekdays)
    crons = [NEVER_OPEN[each] for each in sorted(weekdays)]
    return [*crons, *(_midnight(each) for each in single)]


def _days(given: Iterable[str | date]) -> set[date]:
    listed = [given] if isinstance(given, str) else given
    return {DatePartition(str(each)).start for each in listed}


def _pairs_of_weeks(start: date, end: date | None, unfinished: bool) -> list[str]:
    today = datetime.now(UTC).date()
    newest = today + _TWO_WEEKS if unfinished else today - _DAY
    pairs = cut_range(start, end or newest, BatchFrequency.TWO_WEEKS)
    whole = [(first, last) for first, last in pairs if last - first == _TWO_WEEKS - _DAY]
    if end is not None and not whole:
        raise _no_whole_window(BatchFrequency.TWO_WEEKS, start, end)
    over = [
        (first, last) for first, last in whole if last < today or (unfinished and first <= today)
    ]
    return [f"{first}_{last}" for first, last in over]


def _no_whole_window(frequency: BatchFrequency, start: date, end: date) -> UsageError:
    return UsageError(
        f"no whole partition of {frequency} lies between {start} and {end}",
        remedy="take a longer range, or a finer frequency",
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
