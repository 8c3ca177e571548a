"""When is a cron due? Every minute of two years is looked at, without a word of the code on trial.

Random crons are made with the sets that they mean, so that nothing needs to read them first.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Minutes = NDArray[np.bool_]

FIRST = datetime(2027, 1, 1, tzinfo=UTC)
DAYS = 731  # 2028 is a leap year
MINUTES = DAYS * 1440
_MARGIN = 2  # days before and after, for local times
_DATES = [(FIRST + timedelta(days=n)).date() for n in range(-_MARGIN, DAYS + _MARGIN)]
_MONTH = np.array([each.month for each in _DATES])
_DAY = np.array([each.day for each in _DATES])
_WEEKDAY = np.array([(each.weekday() + 1) % 7 for each in _DATES])  # Sunday is 0
_YEAR = np.array([each.year for each in _DATES])
_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


@dataclass(frozen=True)
class Meant:
    """A cron, and what it means: None is `*` (or `?`) for days, weekdays and years."""

    text: str
    minutes: set[int]
    hours: set[int]
    days: set[int] | None
    months: set[int]
    weekdays: set[int] | None
    years: set[int] | None = None

    def due(self) -> Minutes:
        """Look at every minute, on the clock, from two days before FIRST."""
        counting = [
            np.isin(numbers, list(meant))
            for numbers, meant in ((_DAY, self.days), (_WEEKDAY, self.weekdays))
            if meant is not None
        ]
        either = np.logical_or.reduce(counting) if counting else np.ones(len(_DATES), bool)
        days = either & np.isin(_MONTH, list(self.months))
        if self.years is not None:
            days &= np.isin(_YEAR, list(self.years))
        times = np.zeros((24, 60), bool)
        times[np.ix_(sorted(self.hours), sorted(self.minutes))] = True
        return np.logical_and.outer(days, times.ravel()).ravel()


def in_utc(clock: Minutes) -> Minutes:
    """Cut what was looked at to the two years, where the clock is that of UTC."""
    return clock[_MARGIN * 1440 : -_MARGIN * 1440]


class Clock:
    """A zone's clock over the two years: which local minute is each minute of UTC?"""

    def __init__(self, zone: str) -> None:
        where = ZoneInfo(zone)
        quarters = [FIRST + timedelta(minutes=15 * n) for n in range(MINUTES // 15)]
        found = [each.astimezone(where).utcoffset() for each in quarters]
        by_quarter = np.array([each.total_seconds() // 60 for each in found if each is not None])
        self.offset = np.repeat(by_quarter.astype(int), 15)
        self.local = np.arange(MINUTES) + self.offset + _MARGIN * 1440
        self.again = np.zeros(MINUTES, bool)  # the second of two equal local minutes
        self.skipped: list[tuple[int, int]] = []  # (local minute that is not there, what it means)
        for at in np.flatnonzero(np.diff(self.offset)) + 1:
            change = int(self.offset[at] - self.offset[at - 1])
            if change < 0:
                self.again[at : at - change] = True
            else:
                old = int(self.offset[at - 1])
                self.skipped += [(at + n + old + _MARGIN * 1440, at + n) for n in range(change)]

    def due(self, cron: Meant) -> Minutes:
        """Look at every minute of UTC."""
        clock = cron.due()
        due: Minutes = clock[self.local]
        if len(cron.hours) < 24:
            due &= ~self.again
            for local, moment in self.skipped:
                due[moment] |= clock[local]
        return due


def read_six(text: str) -> Meant:
    """Read what the vendor would be given: lists and ranges of numbers, weekdays by name."""
    minute, hour, day, month, weekday, year = text.split()
    assert not any(each.isdigit() for each in weekday), text
    assert [day, weekday].count("?") == 1, text
    assert "/" not in text, text
    return Meant(
        text,
        _read(minute, 0, 59) or set(range(60)),
        _read(hour, 0, 23) or set(range(24)),
        _read(day, 1, 31),
        _read(month, 1, 12, _MONTHS, 1) or set(range(1, 13)),
        _read(weekday, 0, 6, _NAMES),
        _read(year, 1970, 2199),
    )


def read_five(text: str) -> Meant:
    """Read cron's five fields, of lists and ranges, weekdays by name."""
    minute, hour, day, month, weekday = text.split()
    if day == weekday == "*":
        weekday = "?"
    day = "?" if day == "*" and weekday != "?" else day
    weekday = "?" if weekday == "*" else weekday
    return Meant(
        text,
        _read(minute, 0, 59) or set(range(60)),
        _read(hour, 0, 23) or set(range(24)),
        _read(day, 1, 31),
        _read(month, 1, 12, _MONTHS, 1) or set(range(1, 13)),
        _read(weekday, 0, 6, _NAMES),
    )


def _read(
    field: str, lowest: int, highest: int, names: tuple[str, ...] = (), named: int = 0
) -> set[int] | None:
    if field in ("*", "?"):
        return None
    found: set[int] = set()
    for item in field.split(","):
        words = item.split("-")
        ends = [int(each) if each.isdigit() else names.index(each) + named for each in words]
        assert lowest <= ends[0] <= ends[-1] <= highest, field
        found.update(range(ends[0], ends[-1] + 1))
    return found


# -- random crons ----------------------------------------------------------------------------------


def random_five(dice: random.Random) -> Meant:
    """Make a cron of five fields; not one that schedulers read differently."""
    days = weekdays = None
    day, weekday = "*", "*"
    kind = dice.randrange(5)
    if kind in (1, 3):
        day, days = _field(dice, 1, 31)
    if kind in (2, 3):
        weekday, weekdays = _weekdays(dice)
    if kind == 4:
        step = dice.choice((2, 3, 7))
        day, days = f"*/{step}", set(range(1, 32, step))
    minute, minutes = _starred(dice, 0, 59)
    hour, hours = _starred(dice, 0, 23)
    month, months = _starred(dice, 1, 12, _MONTHS) if dice.random() < 0.5 else ("*", _all(1, 12))
    return Meant(f"{minute} {hour} {day} {month} {weekday}", minutes, hours, days, months, weekdays)


def random_six(dice: random.Random, *, years: bool = False) -> Meant:
    """Make a cron as AWS has it: one `?`, weekdays from 1, Sunday."""
    minute, minutes = _starred(dice, 0, 59)
    hour, hours = _starred(dice, 0, 23)
    month, months = _starred(dice, 1, 12, _MONTHS) if dice.random() < 0.5 else ("*", _all(1, 12))
    days = weekdays = None
    day, weekday = dice.choice((("?", "*"), ("*", "?")))
    kind = dice.randrange(3)
    if kind == 1:
        day, (weekday, weekdays) = "?", _aws_weekdays(dice)
    if kind == 2:
        (day, days), weekday = _field(dice, 1, 31), "?"
    year, wanted = dice.choice((("2027", {2027}), ("2028-2030", {2028, 2029, 2030}), ("*", None)))
    if not years:
        year, wanted = "*", None
    text = f"{minute} {hour} {day} {month} {weekday} {year}"
    return Meant(text, minutes, hours, days, months, weekdays, wanted)


def _all(lowest: int, highest: int) -> set[int]:
    return set(range(lowest, highest + 1))


def _starred(
    dice: random.Random, lowest: int, highest: int, names: tuple[str, ...] = ()
) -> tuple[str, set[int]]:
    chance = dice.random()
    if chance < 0.15:
        return "*", _all(lowest, highest)
    if chance < 0.35:
        step = dice.randint(1, max(2, highest // 2))
        return f"*/{step}", set(range(lowest, highest + 1, step))
    return _field(dice, lowest, highest, names)


def _field(
    dice: random.Random, lowest: int, highest: int, names: tuple[str, ...] = ()
) -> tuple[str, set[int]]:
    """Make a list of values, ranges, and ranges with steps."""
    items, meant = [], set()
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        first = dice.randint(lowest, highest)
        last = dice.randint(first, highest)
        kind = dice.randrange(4)
        if kind <= 1 or first == last:
            items.append(_word(dice, first, names))
            meant.add(first)
        elif kind == 2:
            items.append(f"{_word(dice, first, names)}-{_word(dice, last, names)}")
            meant |= _all(first, last)
        else:
            step = dice.randint(1, 5)
            items.append(f"{first}-{last}/{step}")
            meant |= set(range(first, last + 1, step))
    return ",".join(items), meant


def _word(dice: random.Random, number: int, names: tuple[str, ...]) -> str:
    if names and dice.random() < 0.5:
        return names[number - 1] if dice.random() < 0.5 else names[number - 1].lower()
    return str(number)


def _weekdays(dice: random.Random) -> tuple[str, set[int]]:
    """Make weekdays of cron(5): 0 and 7 are Sunday, and a range may go over it."""
    items, meant = [], set()
    for _ in range(dice.choice((1, 1, 2))):
        first, last = dice.randint(0, 7), dice.randint(0, 7)
        if dice.random() < 0.5:
            items.append(dice.choice((str(first), _NAMES[first % 7])))
            meant.add(first % 7)
        elif first < last:
            items.append(f"{first}-{last}")
            meant |= {each % 7 for each in range(first, last + 1)}
        elif first % 7 != last % 7:
            items.append(f"{_NAMES[first % 7]}-{_NAMES[last % 7]}")
            meant |= {
                each % 7 for each in range(first % 7, first % 7 + 8) if _over(each, first, last)
            }
    return (",".join(items), meant) if items else ("1-5", {1, 2, 3, 4, 5})


def _over(each: int, first: int, last: int) -> bool:
    return each - first % 7 <= (last - first) % 7


def _aws_weekdays(dice: random.Random) -> tuple[str, set[int]]:
    first = dice.randint(0, 6)
    last = dice.randint(first, 6)
    kind = dice.randrange(4)
    if kind == 0:
        return str(first + 1), {first}
    if kind == 1:
        return f"{_NAMES[first]}-{_NAMES[last]}", _all(first, last)
    if kind == 2:
        return f"{first + 1}-{last + 1}", _all(first, last)
    step = dice.randint(1, 3)
    return f"{first + 1}/{step}", set(range(first, 7, step))
