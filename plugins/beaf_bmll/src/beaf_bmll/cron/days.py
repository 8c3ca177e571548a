"""Which day does `yesterday` mean when a schedule is due, and on which days is it due at all?"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from beaf_bmll.cron.expression import parse
from beaf_bmll.cron.zones import zone

_DAY, _SATURDAY = timedelta(days=1), 5
_WORDS = {"today": 0, "yesterday": 1}
_DAYS_AGO = re.compile(r"-([1-9]\d{0,3})(b?)d")


def is_relative(day: str) -> bool:
    """Whether a day is a word that stands for another one each time: as in SCHEDULES."""
    return day in _WORDS or _DAYS_AGO.fullmatch(day) is not None


def day_of(word: str, due: datetime, timezone: str) -> str:
    """Say which day a word means, as seen from where the schedule's clock hangs.

    Args:
        word: `today`, `yesterday`, `-3d` (days ago) or `-1bd` (business days: Monday to Friday).
        due: when the schedule was due, however late its machine has started.
        timezone: of the schedule.
    """
    today = due.astimezone(zone(timezone)).date()
    if word in _WORDS:
        return (today - _WORDS[word] * _DAY).isoformat()
    found = _DAYS_AGO.fullmatch(word)
    assert found is not None, word
    count, business = int(found[1]), bool(found[2])
    return (_business_days_before(today, count) if business else today - count * _DAY).isoformat()


def on_days(expression: str, days: str) -> str:
    """Let a cron of five fields that is due on every day be due on some weekdays only.

    Raises:
        UsageError: the result is no cron.
    """
    fields = expression.split()
    if len(fields) != 5 or (fields[2], fields[4]) != ("*", "*"):
        return expression
    found = " ".join([*fields[:4], days])
    parse(found)
    return found


def _business_days_before(day: date, count: int) -> date:
    while count:
        day -= _DAY
        count -= day.weekday() < _SATURDAY
    return day
