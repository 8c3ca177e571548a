"""Which texts and numbers are valid in a configuration?"""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

from beaf_core.model.dates import BatchFrequency, parse_day
from beaf_core.model.errors import UsageError
from beaf_core.model.partition import DatePartition, parse_universe_spec

SECONDS_OF_A_DAY = 86_400

_CRON_FIELDS = ("minute", "hour", "day", "month", "weekday")


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
    if len(value.split()) != len(_CRON_FIELDS):
        raise ValueError(f"should have five fields: {' '.join(_CRON_FIELDS)}")
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("is not an IANA time zone such as Europe/London") from None
    return value


def _day_or_range(value: object) -> object:
    if value in ("today", "yesterday"):
        return value
    try:
        return DatePartition(str(value)).key
    except UsageError as error:
        raise ValueError(f"{_told(error)}, or today, or yesterday") from None


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
