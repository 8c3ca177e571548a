"""Which texts and numbers are valid in a configuration?"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

from beaf_core.model.dates import BatchFrequency, parse_day
from beaf_core.model.errors import UsageError
from beaf_core.model.partition import DatePartition, parse_universe_spec

SECONDS_OF_A_DAY = 86_400

#: A field of cron → what it takes.
_CRON_VALUES = {
    "minute": "write 0 to 59, */5, 0,30 or *",
    "hour": "write 0 to 23, */6, 9-17 or *",
    "day": "write 1 to 31, L for a month's last, or *",
    "month": "write 1 to 12, JAN to DEC, or *",
    "weekday": "write 0 to 7 (Sunday is 0 and 7), MON-FRI, or *",
}
_CRON_FIELDS = tuple(_CRON_VALUES)
#: What the library reads, and orchestrators do not, or not twice alike: the working day nearest to
#: a day (15W), a time chosen at random (R, R(0-9)) or by a name (H).
_CRON_ODDITIES = re.compile(r"\dW|^LW|(^|,)[RH]($|[^A-Z])", re.IGNORECASE)
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)

#: Days before the one on which a schedule runs: `-3d`, or business days, `-1bd`.
_DAYS_AGO = re.compile(r"-[1-9]\d{0,3}b?d")


def _told(error: UsageError) -> ValueError:
    return ValueError(f"{error.message}; {error.remedy}" if error.remedy else error.message)


def _iso_day(value: object) -> object:
    if value is None:
        return None
    try:
        return parse_day(value).isoformat()
    except UsageError as error:
        raise _told(error) from None


def _frequency(value: object) -> object:
    return "A" if value == "Y" else value


def _text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _path_part(name: str) -> str:
    if name in {".", ".."} or any(c in "/\\" or not c.isprintable() for c in name):
        raise ValueError("is part of a path, so it cannot hold slashes or unprintable characters")
    return name


def _no_flag(value: object) -> object:
    # pydantic would read true as the number 1.
    if isinstance(value, bool):
        raise ValueError("should be a number")
    return value


def _whole_nanoseconds(seconds: float) -> float:
    nanoseconds = round(seconds * 1e9)
    if nanoseconds < 1 or abs(nanoseconds - seconds * 1e9) > 1e-3:
        raise ValueError("should be a whole number of nanoseconds, at least one")
    return seconds


def _ordered(limits: tuple[float | None, float | None]) -> tuple[float | None, float | None]:
    low, high = limits
    if low is not None and high is not None and low > high:
        raise ValueError(f"the smallest value allowed, {low:g}, lies above the largest, {high:g}")
    return limits


def _cron(value: str) -> str:
    fields = value.split()
    if len(fields) != len(_CRON_FIELDS):
        raise ValueError(f"should have five fields: {' '.join(_CRON_FIELDS)}{_five_of(fields)}")
    for number, (field, name) in enumerate(zip(fields, _CRON_FIELDS, strict=True)):
        alone = ["*"] * number + [field] + ["*"] * (4 - number)
        if _CRON_ODDITIES.search(field) or not _is_cron(" ".join(alone)):
            raise ValueError(f"{field!r} is no {name} of cron; {_CRON_VALUES[name]}")
    if not _is_cron(value):
        raise ValueError("cannot be read; write for example 0 2 * * MON-FRI")
    if not _comes(value):
        raise ValueError("names a day that no year has, so it would never run; change day or month")
    return " ".join(fields)


def _five_of(fields: list[str]) -> str:
    """Say how six fields of AWS and BMLL, whose last is a year, are written in five."""
    if len(fields) != 6 or not re.fullmatch(r"\*|[0-9,/-]{4,}", fields[-1]):
        return ""
    return f"; without the year it is {' '.join(fields[:5]).replace('?', '*')}"


def _is_cron(value: str) -> bool:
    from croniter import CroniterError, croniter  # 30 ms, where schedules are

    try:
        croniter.expand(value)
    except CroniterError:
        return False
    return True


def _comes(value: str) -> bool:
    from croniter import CroniterBadDateError, croniter  # as above

    try:
        croniter(value, _ANY_TIME).get_next()
    except CroniterBadDateError:
        return False
    return True


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("is not an IANA time zone such as Europe/London") from None
    return value


def _day_or_range(value: object) -> object:
    if value in ("today", "yesterday") or _DAYS_AGO.fullmatch(str(value)):
        return value
    try:
        return DatePartition(str(value)).key
    except UsageError as error:
        raise ValueError(
            f"{_told(error)}, or today, yesterday, -3d for days ago, -1bd for business days ago"
        ) from None


def _selector(value: str) -> str:
    try:
        parse_universe_spec(value)
    except UsageError as error:
        raise _told(error) from None
    return value


IsoDay = Annotated[str, BeforeValidator(_iso_day)]
DayOrRange = Annotated[str, BeforeValidator(_day_or_range)]
Frequency = Annotated[BatchFrequency, BeforeValidator(_frequency)]
Selector = Annotated[str, AfterValidator(_selector)]
Limits = Annotated[tuple[float | None, float | None], AfterValidator(_ordered)]
Cron = Annotated[str, AfterValidator(_cron)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
#: A text for which YAML's `true` and `3` are taken too.
Text = Annotated[str, BeforeValidator(_text)]
#: Becomes a folder or a file's name.
PathPart = Annotated[str, Field(min_length=1), AfterValidator(_path_part)]
#: A bucket wider than a day would be cut by the edges of partitions.
BucketSeconds = Annotated[
    float,
    BeforeValidator(_no_flag),
    Field(gt=0, le=SECONDS_OF_A_DAY, allow_inf_nan=False),
    AfterValidator(_whole_nanoseconds),
]
