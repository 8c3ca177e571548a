"""What time is it for the emulated servers, and which times has a cron?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from threading import Lock

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


#: What happens at a time; and who lists what does after one time and until another, in order.
Due = tuple[datetime, Callable[[], None]]
Agenda = Callable[[datetime, datetime], Iterator[Due]]


class Clock:
    """A clock that runs with the real one, and jumps forward when it is told to."""

    def __init__(self, start: datetime | None = None) -> None:
        self._ahead = timedelta() if start is None else _utc(start) - datetime.now(UTC)
        self._lock = Lock()
        self._agenda: Agenda = lambda _start, _end: iter(())
        self._served = self.now()

    def now(self) -> datetime:
        """Tell the time, in UTC."""
        return datetime.now(UTC) + self._ahead

    def advance(self, *, to: datetime | None = None, **by: float) -> None:
        """Jump to a time, or by `days=`, `hours=`, `minutes=`; whatever is due on the way happens.

        What is due happens at its own time: a job of 6 o'clock starts when the clock says 6.
        """
        with self._lock:
            end = self.now() + timedelta(**by) if to is None else _utc(to)
            if end < self._served:
                raise ValueError(f"the clock goes forward only: from {self.now()}, not to {end}")
            for when, happen in self._agenda(self._served, end):
                self._set(when)
                happen()
            self._set(end)
            self._served = end

    def follow(self, agenda: Agenda) -> None:
        """Say who knows what is due."""
        self._agenda = agenda

    def _set(self, now: datetime) -> None:
        self._ahead = max(self._ahead, now - datetime.now(UTC))


def _utc(when: datetime) -> datetime:
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Cron:
    """Six fields as the vendor writes them: minute, hour, day, month, day of week, year; in UTC.

    Days of the week count from Sunday, which is 1. One of the two kinds of day is `?`.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int] | None
    months: frozenset[int]
    weekdays: frozenset[int] | None
    years: frozenset[int]

    @classmethod
    def parse(cls, text: str, *, steps: bool = False) -> Cron:
        """Read it; a ValueError where the servers would refuse it.

        Args:
            text: six fields.
            steps: whether `*/5` and the like are taken.
        """
        fields = text.split()
        if len(fields) != 6:
            raise ValueError(f"has {len(fields)} fields, not 6")
        if "/" in text and not steps:
            raise ValueError("has steps")
        minute, hour, day, month, weekday, year = fields
        if (day == "?") == (weekday == "?"):
            raise ValueError("needs a `?` in one of day and day of week, and only in one")
        return cls(
            _field(minute, 0, 59),
            _field(hour, 0, 23),
            None if day == "?" else _field(day, 1, 31),
            _field(month, 1, 12, _MONTHS),
            None if weekday == "?" else _field(weekday, 1, 7, _DAYS),
            _field(year, 1970, 2199),
        )

    def between(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """List its times after `start`, until `end`."""
        after = (when for when in self._from(start.date()) if when > start)
        return takewhile(lambda when: when <= end, after)

    def _from(self, first: date) -> Iterator[datetime]:
        day = first
        while day.year <= max(self.years):
            if self._has(day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        yield datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
            day += timedelta(days=1)

    def _has(self, day: date) -> bool:
        return (
            day.year in self.years
            and day.month in self.months
            and (self.days is None or day.day in self.days)
            and (self.weekdays is None or day.isoweekday() % 7 + 1 in self.weekdays)
        )


def _field(text: str, low: int, high: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    # Guess: `L`, `W` and `#` are refused; what a server takes beyond is a gift.
    return frozenset(value for part in text.split(",") for value in _part(part, low, high, names))


def _part(part: str, low: int, high: int, names: tuple[str, ...]) -> range:
    part, slash, step = part.partition("/")
    every = _value(step, 1, high) if slash else 1
    if part == "*":
        return range(low, high + 1, every)
    first, dash, last = part.partition("-")
    start = _value(first, low, high, names)
    stop = _value(last, low, high, names) if dash else (high if slash else start)
    if stop < start:
        raise ValueError(f"{part!r} runs backwards")
    return range(start, stop + 1, every)


def _value(text: str, low: int, high: int, names: tuple[str, ...] = ()) -> int:
    if text.upper() in names:
        return low + names.index(text.upper())
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise ValueError(f"{text!r} is none of {low} to {high}")
    return int(text)
