"""What can no cron of BMLL say, why, and which expression comes near it?"""

from __future__ import annotations

import re
from dataclasses import dataclass

from beaf_core import UsageError

_CHANCE = re.compile(r"(^|,)[RH]($|[^A-Z])")


@dataclass(frozen=True, slots=True)
class _Oddity:
    """What some schedulers read: a field's number, how it looks, and what comes near it."""

    field: int
    looks: re.Pattern[str]
    meaning: str
    nearby: str
    when: str


# Guess: the vendor takes none of AWS's L, W and #; nobody has been seen to write them.
_ODDITIES = (
    _Oddity(
        2,
        re.compile(r"L(-\d+)?"),
        "the last days of a month",
        "1",
        "on the 1st, when `yesterday` is the month's last day",
    ),
    _Oddity(
        2, re.compile(r"(\d+W|LW)"), "the working day nearest to a day", "15", "on that very day"
    ),
    _Oddity(
        4,
        re.compile(r"(?P<day>\w+?)(#\d|L)|L(?P<last>\w+)"),
        "one weekday of each month",
        "",
        "every week",
    ),
)


def refuse(expression: str, fault: str, remedy: str) -> UsageError:
    """Word what is wrong with a cron expression."""
    return UsageError(f'the cron "{expression}" {fault}', remedy=remedy)


def refuse_oddities(expression: str, fields: list[str]) -> None:
    """Refuse what croniter or AWS may read, and BMLL is not known to.

    Raises:
        UsageError: with the expression that comes nearest.
    """
    if any(_CHANCE.search(field) for field in fields):
        raise refuse(
            expression, "leaves a time to chance, which BMLL cannot do", "write minute and hour"
        )
    for odd in _ODDITIES:
        for item in fields[odd.field].split(","):
            if found := odd.looks.fullmatch(item):
                raise _refuse_odd(expression, fields, odd, item, found)


def _refuse_odd(
    expression: str, fields: list[str], odd: _Oddity, item: str, found: re.Match[str]
) -> UsageError:
    value = odd.nearby or found["day"] or found["last"]
    better = [*fields[: odd.field], value, *fields[odd.field + 1 :]]
    return refuse(
        expression,
        f"asks for {odd.meaning} ({item}), which BMLL is not known to take",
        f'"{" ".join(better)}" runs {odd.when}',
    )
