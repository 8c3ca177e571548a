"""Which crons of BMLL, which knows UTC alone, start a job whenever a cron of ours is due?

In UTC they say exactly the same. In a zone whose clocks change they are due a little more often:
each offset has crons of its own in the months in which it may hold, and the guard on the machine
(`guard.py`) lets only those start that the local clock asks for.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta

from beaf_bmll.cron.expression import EVERY_MONTH, LEAP_YEAR, Cron, is_six, parse
from beaf_bmll.cron.refusals import refuse
from beaf_bmll.cron.render import five_fields, six_fields
from beaf_bmll.cron.zones import offsets, zone

_HOUR, _DAY = 60, 1440
#: (minutes, hours) that belong together.
_Times = tuple[frozenset[int], frozenset[int]]


def to_bmll(expression: str, timezone: str = "UTC", since: date | None = None) -> tuple[str, ...]:
    """Translate a cron of five or six fields into crons of six, in UTC.

    Args:
        expression: the cron.
        timezone: in which its times are meant.
        since: from when on it must be right; today, if None.

    Raises:
        UsageError: there is no such cron or zone, or BMLL cannot say it.
    """
    # Guess: the vendor reads crons in UTC, and takes as many triggers for a job as are needed.
    cron = parse(expression)
    by_offset = offsets(zone(timezone), since or datetime.now(UTC).date())
    if set(by_offset) == {0} and _is_fit(expression):
        return (" ".join(expression.upper().split()),)
    several = len(by_offset) > 1
    parts = [
        part
        for offset, months in by_offset.items()
        for shifted in _shifted(cron, offset)
        for part in (_within(shifted, months) if several else (shifted,))
        if part.comes
    ]
    return tuple(sorted(map(six_fields, _merged(parts))))


def from_bmll(expression: str) -> str:
    """Translate a cron of BMLL's six fields into cron's five.

    Raises:
        UsageError: it is none, or is due in some years only.
    """
    cron = parse(expression)
    if cron.years is not None:
        raise refuse(
            expression,
            "is due in some years only, which five fields cannot say",
            f'write * for the year: "{six_fields(replace(cron, years=None))}"',
        )
    return five_fields(cron)


def _is_fit(expression: str) -> bool:
    """Whether six fields can stay as a person wrote them: no steps, no numbers for weekdays."""
    # Guess: the vendor refuses '/', as the predecessor found out, and takes names of weekdays.
    is_plain = is_six(expression) and "/" not in expression
    return is_plain and not any(each.isdigit() for each in expression.split()[4])


# -- from local times to UTC -----------------------------------------------------------------------


def _shifted(cron: Cron, offset: int) -> Iterator[Cron]:
    """Move a cron from local time to UTC, in as many parts as that takes."""
    for days_on, times in _times(cron, offset).items():
        for alternative in _alternatives(cron):
            for moved in _moved(alternative, days_on):
                for minutes, hours in times:
                    yield replace(moved, minutes=minutes, hours=hours)


def _times(cron: Cron, offset: int) -> dict[int, list[_Times]]:
    """Move the times of a day: days on (-1, 0, 1) → the times there."""
    minutes: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    for hour in cron.hours:
        for minute in cron.minutes:
            days_on, time = divmod(hour * _HOUR + minute - offset, _DAY)
            minutes[days_on, time // _HOUR].add(time % _HOUR)
    hours: defaultdict[tuple[int, frozenset[int]], set[int]] = defaultdict(set)
    for (days_on, hour), found in minutes.items():
        hours[days_on, frozenset(found)].add(hour)
    times: defaultdict[int, list[_Times]] = defaultdict(list)
    for (days_on, found_minutes), found_hours in hours.items():
        times[days_on].append((found_minutes, frozenset(found_hours)))
    return times


def _alternatives(cron: Cron) -> tuple[Cron, ...]:
    """Part the days of the month from the weekdays, where either is enough."""
    if cron.days is None or cron.weekdays is None:
        return (cron,)
    return replace(cron, weekdays=None), replace(cron, days=None)


def _moved(cron: Cron, days_on: int) -> Iterator[Cron]:
    """Move the days of a cron by one, or none.

    Where weekdays meet months the neighbouring month comes along: which of its days are meant, no
    cron can say.
    """
    if days_on == 0:
        yield cron
        return
    years = None if cron.years is None else cron.years | {each + days_on for each in cron.years}
    if cron.weekdays is not None:
        months = cron.months | {(each - 1 + days_on) % 12 + 1 for each in cron.months}
        weekdays = frozenset((each + days_on) % 7 for each in cron.weekdays)
        yield replace(cron, months=months, weekdays=weekdays, years=years)
    elif cron.days is None and cron.months == EVERY_MONTH:
        yield replace(cron, years=years)
    else:
        for months, days in _moved_dates(cron, days_on):
            yield replace(cron, months=months, days=days, years=years)


def _moved_dates(
    cron: Cron, days_on: int
) -> Iterator[tuple[frozenset[int], frozenset[int] | None]]:
    """Move days of months: those that have the same days come together."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    for year in (LEAP_YEAR, LEAP_YEAR + 1):  # February ends on two days
        for month in cron.months:
            for day in cron.days or range(1, 32):
                if day <= monthrange(year, month)[1]:
                    moved = date(year, month, day) + timedelta(days=days_on)
                    found[moved.month].add(moved.day)
    alike: defaultdict[frozenset[int] | None, set[int]] = defaultdict(set)
    for month, days in found.items():
        is_whole = len(days) == monthrange(LEAP_YEAR, month)[1]
        alike[None if is_whole else frozenset(days)].add(month)
    for same, months in alike.items():
        yield frozenset(months), same


# -- fewer crons -----------------------------------------------------------------------------------


def _within(cron: Cron, months: frozenset[int]) -> Iterator[Cron]:
    if kept := cron.months & months:
        yield replace(cron, months=kept)


def _merged(parts: Iterable[Cron]) -> list[Cron]:
    """Join crons that differ in one field, until none do."""
    rest, done = list(dict.fromkeys(parts)), list[Cron]()
    while rest:
        one = rest.pop()
        for number, other in enumerate(done):
            if joined := _joined(one, other):
                del done[number]
                rest.append(joined)
                break
        else:
            done.append(one)
    return done


def _joined(one: Cron, other: Cron) -> Cron | None:
    differing = [
        each.name for each in fields(Cron) if getattr(one, each.name) != getattr(other, each.name)
    ]
    if not differing:
        return one
    values = [getattr(each, differing[0]) for each in (one, other)]
    if len(differing) > 1 or None in values:
        return None
    return replace(one, **{differing[0]: values[0] | values[1]})
