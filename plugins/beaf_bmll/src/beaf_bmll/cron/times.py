"""When is a cron due, in a time zone: next, last, and between two moments?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from beaf_bmll.cron.expression import Cron, parse
from beaf_bmll.cron.zones import moments, zone

_DAY = timedelta(days=1)
#: The longest that a cron may pause: from one 29th of February over 2100 to another.
_LONGEST_PAUSE = timedelta(days=8 * 366)


def next_times(expression: str, timezone: str, start: datetime, n: int) -> list[datetime]:
    """List the next times at which a cron is due, after a moment, on the clock of its zone.

    Fewer than asked for where its years are over.

    Raises:
        UsageError: there is no such cron or zone.
    """
    where = zone(timezone)
    times = _after(parse(expression), where, start)
    return [each.astimezone(where) for each in islice(times, n)]


def last_time(
    expression: str, timezone: str, until: datetime, within: timedelta
) -> datetime | None:
    """Find the last moment, in UTC, at which a cron was due; None where that is too long ago.

    Raises:
        UsageError: there is no such cron or zone.
    """
    cron, where = parse(expression), zone(timezone)
    day, first = until.astimezone(where).date(), (until - within).astimezone(where).date()
    while day >= first:
        due = [each for each in _due_on(cron, where, day) if until - within <= each <= until]
        if due:
            return due[-1]
        day -= _DAY
    return None


def _after(cron: Cron, where: ZoneInfo, start: datetime) -> Iterator[datetime]:
    last, day = start, start.astimezone(where).date()
    while datetime(day.year, day.month, day.day, tzinfo=UTC) - last < _LONGEST_PAUSE:
        for due in _due_on(cron, where, day):
            if due > last:
                yield due
                last = due
        day += _DAY


def _due_on(cron: Cron, where: ZoneInfo, day: date) -> list[datetime]:
    """List the moments of one local day, in order."""
    if not cron.has(day):
        return []
    local = (
        datetime(day.year, day.month, day.day, hour, minute)
        for hour in cron.hours
        for minute in cron.minutes
    )
    return sorted({due for each in local for due in moments(each, where, hourly=cron.is_hourly)})
