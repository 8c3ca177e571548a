"""Which offsets does a time zone have, and which moment is a local time?

A local time that comes twice, in autumn, means the first of them; one that does not exist, in
spring, is read with the offset from before the change: 02:30 becomes 03:30, one hour after 01:30.
So says RFC 5545 (3.3.5), and so do PEP 495 and `zoneinfo`; cron(8) runs such jobs once, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from beaf_core import UsageError

#: For so many years to come crons are right; a law that changes a zone asks for a new install.
HORIZON_YEARS = 10
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


def zone(name: str) -> ZoneInfo:
    """Find a time zone.

    Raises:
        UsageError: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"there is no time zone {name!r}", remedy="write an IANA name such as Europe/London"
        ) from None


@lru_cache(maxsize=8)
def offsets(where: ZoneInfo, since: date) -> Mapping[int, frozenset[int]]:
    """List a zone's offsets from UTC, in minutes, and the months (of UTC) that they are needed in.

    A change lies within a day, so that its two ends tell of both offsets.
    """
    found: defaultdict[int, set[int]] = defaultdict(set)
    for day in _days(since):
        for moment in (day, day + _DAY - _MINUTE):
            found[_offset(where, moment)].add(day.month)
    return {offset: frozenset(months) for offset, months in found.items()}


def moments(local: datetime, where: ZoneInfo, *, hourly: bool) -> Iterator[datetime]:
    """List the moments, in UTC, of a local time.

    What is due in every hour keeps to the clock: in both of the hours that come twice, and never
    in one that does not exist.
    """
    first = local.replace(tzinfo=where, fold=0).astimezone(UTC)
    if not hourly:
        yield first
    elif first.astimezone(where).replace(tzinfo=None) == local:
        yield first
        second = local.replace(tzinfo=where, fold=1).astimezone(UTC)
        if second != first:
            yield second


def _days(since: date) -> Iterator[datetime]:
    day = datetime(since.year, since.month, since.day, tzinfo=UTC)
    end = day.year + HORIZON_YEARS
    while day.year <= end:
        yield day
        day += _DAY


def _offset(where: ZoneInfo, moment: datetime) -> int:
    found = moment.astimezone(where).utcoffset()
    assert found is not None
    return int(found.total_seconds() // 60)
