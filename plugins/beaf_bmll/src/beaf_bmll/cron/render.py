"""How are sets of minutes, hours and days written in BMLL's six fields, or in cron's five?

Names for weekdays (Monday is 1 to cron and 2 to AWS), and never a step: lists and ranges alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from beaf_bmll.cron.expression import EVERY_MONTH, WEEKDAYS, Cron

_EVERY_MINUTE, _EVERY_HOUR = frozenset(range(60)), frozenset(range(24))
#: Fewer than so many in a row are listed.
_SHORTEST_RANGE = 3


def six_fields(cron: Cron) -> str:
    """Write a cron as the vendor takes it; not one in which either kind of day is enough."""
    assert cron.days is None or cron.weekdays is None
    days = "?" if cron.days is None else _listed(cron.days)
    # Guess: `? * *` and `* * ?` are both taken for every day; this one has been seen in use.
    weekdays = "*" if cron.days is None else "?"
    if cron.weekdays is not None:
        weekdays = _listed(cron.weekdays, WEEKDAYS.__getitem__)
    years = "*" if cron.years is None else _listed(cron.years)
    return " ".join([*_times(cron), days, _months(cron), weekdays, years])


def five_fields(cron: Cron) -> str:
    """Write a cron as cron(5) has it; the years must not count."""
    assert cron.years is None
    days = "*" if cron.days is None else _listed(cron.days)
    weekdays = "*" if cron.weekdays is None else _listed(cron.weekdays, WEEKDAYS.__getitem__)
    return " ".join([*_times(cron), days, _months(cron), weekdays])


def _times(cron: Cron) -> tuple[str, str]:
    minutes = "*" if cron.minutes == _EVERY_MINUTE else _listed(cron.minutes)
    return minutes, "*" if cron.hours == _EVERY_HOUR else _listed(cron.hours)


def _months(cron: Cron) -> str:
    return "*" if cron.months == EVERY_MONTH else _listed(cron.months)


def _listed(values: Iterable[int], name: Callable[[int], str] = str) -> str:
    return ",".join(
        f"{name(row[0])}-{name(row[-1])}"
        if len(row) >= _SHORTEST_RANGE
        else ",".join(map(name, row))
        for row in _rows(values)
    )


def _rows(values: Iterable[int]) -> list[list[int]]:
    """Cut numbers into those that follow each other."""
    rows: list[list[int]] = []
    for each in sorted(values):
        if rows and rows[-1][-1] == each - 1:
            rows[-1].append(each)
        else:
            rows.append([each])
    return rows
