"""On which days does an exchange not trade? Asked of the library `exchange-calendars`."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any

from beaf_core import UsageError, did_you_mean

#: Weekday, counted from Monday → the cron expression of its midnights.
NEVER_OPEN = {day: f"0 0 * * {(day + 1) % 7}" for day in range(7)}

WEEKEND = frozenset({5, 6})

_DAY = timedelta(days=1)
#: Holidays do not take away one weekday of ten weeks.
_MANY_DAYS = 70

log = logging.getLogger("beaf.dagster")


@dataclass(frozen=True, slots=True)
class Closed:
    """When an exchange has no session: on weekdays on which it never has one, and on single days.

    Weekdays count from Monday, which is 0.
    """

    weekdays: frozenset[int]
    days: frozenset[date]


def closed_days(name: str, start: date, end: date | None = None) -> Closed:
    """List when an exchange has no session, as far ahead as its calendar knows: about a year.

    Args:
        name: the exchange, as the library names it: XLON, XNYS, 24/7.
        start: the first day that matters.
        end: the last; None for as many as are known.

    Raises:
        UsageError: the library is not installed, does not know the exchange, or that day.
    """
    calendar = _calendar(name, start)
    known = _known_until(name, calendar)
    last = known if end is None else min(known, end)
    days = [start + _DAY * number for number in range((last - start).days + 1)]
    sessions = {each.date() for each in calendar.sessions}
    weekdays = _never_open(sessions, (known - start).days)
    single = [each for each in days if each not in sessions and each.weekday() not in weekdays]
    return Closed(weekdays, frozenset(single))


def _never_open(sessions: set[date], days: int) -> frozenset[int]:
    """Tell the weekdays without any session in so many days; of few days, the weekend's alone.

    A calendar of two weeks around Christmas has no session on the weekday of Christmas.
    """
    closed = frozenset(range(7)) - {each.weekday() for each in sessions}
    return closed if days >= _MANY_DAYS else closed & WEEKEND


def _calendar(name: str, start: date) -> Any:
    library = _library()
    names = library.get_calendar_names(include_aliases=True)
    if name not in names:
        raise UsageError(
            f"no exchange calendar is called {name!r}{did_you_mean(name, names)}",
            remedy="take a name of the library exchange-calendars, most of which are MICs (XLON, "
            "XNYS, XPAR); or list the days that are left out: weekends=False, holidays=[…]",
        )
    try:
        return library.get_calendar(name, start=start.isoformat())
    except (ValueError, library.errors.CalendarError) as error:  # before or behind its records
        raise UsageError(
            f"the exchange calendar {name} does not know days from {start} on: {error}",
            remedy="let partitions start within its records, or list the days that are left out: "
            "weekends=False, holidays=[…]",
        ) from error


def _library() -> Any:
    try:
        return import_module("exchange_calendars")  # 0.4 s and pandas: only where it is used
    except ModuleNotFoundError as error:
        if error.name != "exchange_calendars":
            raise
        raise UsageError(
            "calendars of exchanges need the library exchange-calendars, which is not installed",
            remedy="pip install 'beaf-dagster[calendars]', or list the days that are left out: "
            "weekends=False, holidays=[…]",
        ) from None


def _known_until(name: str, calendar: Any) -> date:
    last: date = calendar.last_session.date()
    if last <= datetime.now(UTC).date():
        log.warning(
            "the exchange calendar %s ends on %s; holidays after that day are not known, and are "
            "partitions: upgrade exchange-calendars",
            name,
            last,
        )
    return last
