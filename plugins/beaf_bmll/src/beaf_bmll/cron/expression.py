"""What does a cron expression say? Five fields as cron(5) has them, or BMLL's six, read alike.

Five fields are read by croniter, as the core and Dagster read SCHEDULES. Six are those of AWS:
minute, hour, day, month, weekday, year, with `?` in the place of the day that does not count.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Any

from beaf_bmll.cron.refusals import refuse, refuse_oddities

WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
#: What a field takes, in AWS's counting: Sunday is 1.
_RANGES = {
    "minute": (0, 59),
    "hour": (0, 23),
    "day": (1, 31),
    "month": (1, 12),
    "weekday": (1, 7),
    "year": (1970, 2199),
}
_NAMES = {
    "month": {name: number for number, name in enumerate(_MONTHS, start=1)},
    "weekday": {name: number for number, name in enumerate(WEEKDAYS, start=1)},
}
#: A value or a range, and a step.
_ITEM = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")
EVERY_MONTH, EVERY_HOUR = frozenset(range(1, 13)), frozenset(range(24))
LEAP_YEAR = 2024


@dataclass(frozen=True, slots=True)
class Cron:
    """When something is due: sets of what the fields allow.

    Attributes:
        minutes, hours: of the day.
        days: of the month; None where they do not count.
        months: from 1.
        weekdays: from 0, Sunday; None where they do not count.
        years: None is every year.

    Where both `days` and `weekdays` count, either is enough, as in cron(5).
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int] | None
    months: frozenset[int]
    weekdays: frozenset[int] | None
    years: frozenset[int] | None = None

    @property
    def is_hourly(self) -> bool:
        """Whether no hour of the day is left out."""
        return self.hours == EVERY_HOUR

    def has(self, day: date) -> bool:
        """Whether something is due on a day."""
        if day.month not in self.months or (self.years is not None and day.year not in self.years):
            return False
        counting = [
            number in allowed
            for number, allowed in (
                (day.day, self.days),
                (day.isoweekday() % 7, self.weekdays),
            )
            if allowed is not None
        ]
        return any(counting) or not counting

    @property
    def comes(self) -> bool:
        """Whether some year has such a day: not the 30th of February."""
        if self.days is None or self.weekdays is not None:
            return True
        return any(min(self.days) <= monthrange(LEAP_YEAR, month)[1] for month in self.months)


def parse(expression: str) -> Cron:
    """Read a cron expression of five or six fields.

    Raises:
        UsageError: it is none, or says what BMLL cannot do; the remedy names one that it can.
    """
    fields = expression.upper().split()
    if len(fields) not in (5, 6):
        raise refuse(
            expression,
            f"has {len(fields)} field{'' if len(fields) == 1 else 's'}",
            'give five (minute hour day month weekday, "0 6 * * MON-FRI"), or six '
            '(and a year, "0 6 ? * MON-FRI *")',
        )
    refuse_oddities(expression, fields)
    found = _five(expression, fields) if len(fields) == 5 else _six(expression, fields)
    if not found.comes:
        raise refuse(
            expression,
            "names a day that no year has, so it would never run",
            f'change day or month, for example "{_with(fields, 2, "28")}"',
        )
    return found


def is_six(expression: str) -> bool:
    """Whether an expression has BMLL's six fields."""
    return len(expression.split()) == 6


# -- five fields -----------------------------------------------------------------------------------


def _five(expression: str, fields: list[str]) -> Cron:
    _refuse_starred_days(expression, fields)
    minutes, hours, days, months, weekdays = _expanded(expression, fields)
    return Cron(
        _whole(minutes, range(60)),
        _whole(hours, EVERY_HOUR),
        None if "*" in days else frozenset(map(int, days)),
        _whole(months, EVERY_MONTH),
        None if "*" in weekdays else frozenset(map(int, weekdays)),
    )


def _expanded(expression: str, fields: list[str]) -> list[list[Any]]:
    from croniter import CroniterError, croniter  # 30 ms, where there are crons

    try:
        return croniter.expand(" ".join(fields))[0]
    except CroniterError as error:
        raise refuse(
            expression,
            f"cannot be read: {error}",
            'write for example "0 6 * * MON-FRI", minute hour day month weekday',
        ) from None


def _refuse_starred_days(expression: str, fields: list[str]) -> None:
    """Refuse `*/2` beside a weekday: cron(5) asks for both then, croniter and Dagster for either.

    What asks for both, BMLL cannot say: one of its two fields is always `?`.
    """
    for here, other, spelt in ((2, 4, "1-31"), (4, 2, "SUN-SAT")):
        field = fields[here]
        if len(field) > 1 and "*" in field and fields[other] not in ("*", "?"):
            either = _with(fields, here, field.replace("*", spelt, 1))
            raise refuse(
                expression,
                f"may mean days that are both {field} and {fields[other]}, which BMLL cannot say, "
                "or either of them: schedulers differ",
                f'for either write "{either}"; for one alone "{_with(fields, other, "*")}"',
            )


def _whole(values: list[Any], every: range | frozenset[int]) -> frozenset[int]:
    return frozenset(every) if "*" in values else frozenset(map(int, values))


# -- six fields ------------------------------------------------------------------------------------


def _six(expression: str, fields: list[str]) -> Cron:
    _refuse_days_without_question(expression, fields)
    values = {
        name: None if field in ("*", "?") else _values(expression, name, field)
        for name, field in zip(_RANGES, fields, strict=True)
    }
    weekdays = values["weekday"]
    return Cron(
        values["minute"] or frozenset(range(60)),
        values["hour"] or EVERY_HOUR,
        values["day"],
        values["month"] or EVERY_MONTH,
        None if weekdays is None else frozenset(each - 1 for each in weekdays),
        values["year"],
    )


def _refuse_days_without_question(expression: str, fields: list[str]) -> None:
    # Guess: the vendor asks, as AWS does, for `?` in exactly one of day and weekday.
    if [fields[2], fields[4]].count("?") != 1 or "?" in "".join(_others(fields)):
        plain = [field.replace("?", "*") for field in fields]
        better = _with(plain, 2 if plain[2] == "*" or plain[4] != "*" else 4, "?")
        raise refuse(
            expression,
            "should have ? in exactly one of day (the third field) and weekday (the fifth)",
            f'write for example "{better}"; where either is to count, give the five fields '
            f'"{" ".join(plain[:5])}"',
        )


def _others(fields: list[str]) -> list[str]:
    return [field for number, field in enumerate(fields) if number not in (2, 4)]


def _values(expression: str, name: str, field: str) -> frozenset[int]:
    found: set[int] = set()
    for item in field.split(","):
        matched = _ITEM.fullmatch(item)
        values = _items(name, *matched.groups()) if matched else None
        if not values:
            lowest, highest = _RANGES[name]
            names = f", {WEEKDAYS[0]} to {WEEKDAYS[-1]}" if name == "weekday" else ""
            raise refuse(
                expression,
                f"has {item!r} for {name}",
                f"write {lowest} to {highest}{names}, a range, a list, or *",
            )
        found |= set(values)
    return frozenset(found)


def _items(name: str, first: str, last: str | None, step: str | None) -> range | None:
    """List what a range means; None where it means nothing."""
    lowest, highest = _RANGES[name]
    start = lowest if first == "*" else _number(name, first)
    end = _number(name, last) if last else highest if step or first == "*" else start
    if start is None or end is None or (first == "*" and last):
        return None
    if not lowest <= start <= end <= highest or step == "0":
        return None
    return range(start, end + 1, int(step or 1))


def _number(name: str, word: str) -> int | None:
    if word.isascii() and word.isdigit():
        return int(word)
    return _NAMES.get(name, {}).get(word)


def _with(fields: list[str], number: int, value: str) -> str:
    return " ".join([*fields[:number], value, *fields[number + 1 :]])
