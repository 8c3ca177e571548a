"""Which days does a date key stand for, and which key holds given days?

The definition alone answers, never the environment of whoever asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Protocol
from zoneinfo import ZoneInfo

import dagster as dg

from beaf_core import DatePartition, UsageError

#: Each weekday but the weekend's, as cron spells it: a window over a weekend is its Friday alone.
_WEEKDAYS = ("1-5", "1,2,3,4,5", "MON-FRI")
#: What cron may say instead of minutes and hours that are midnight.
_MIDNIGHT_MACROS = ("@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually")

_DAY = timedelta(days=1)


class Windows(Protocol):
    """The windows of a date dimension."""

    def dates(self, key: str) -> DatePartition:
        """Read the days of a key.

        Raises:
            UsageError: no window has that key.
        """

    def key(self, dates: DatePartition) -> str:
        """Name the window that holds all of some days.

        Raises:
            UsageError: none does.
        """


def windows_of(
    definition: dg.PartitionsDefinition[str], instance: dg.DagsterInstance | None = None
) -> Windows:
    """Read the windows of a date dimension; keys of a dynamic one are in the instance.

    Raises:
        UsageError: windows that do not begin at midnight.
    """
    if isinstance(definition, dg.TimeWindowPartitionsDefinition):
        return _TimeWindows(definition)
    if isinstance(definition, dg.DynamicPartitionsDefinition):
        listed = None if instance is None else definition.get_partition_keys(None, instance)
        return _ListedWindows(listed)
    return _ListedWindows(definition.get_partition_keys())


class _TimeWindows:
    """Windows between the ticks of a cron expression."""

    def __init__(self, definition: dg.TimeWindowPartitionsDefinition) -> None:
        if not _is_midnight(definition.cron_schedule):
            raise UsageError(
                f"date partitions of cron {definition.cron_schedule!r} are no whole days",
                remedy="let windows begin at midnight, as build_date_partitions does",
            )
        self._definition = definition

    def dates(self, key: str) -> DatePartition:
        wanted = self._parsed(key)
        start, end = self._window(key)
        if self._named(start) != key:
            raise self._no_key(key, wanted)
        self._check_first(key, start)
        self._check_last(key, start)
        return self._days(start, end)

    def key(self, dates: DatePartition) -> str:
        midnight = datetime.combine(dates.start, datetime.min.time(), self._zone)
        key = self._definition.get_partition_key_for_timestamp(midnight.timestamp())
        start, end = self._window(key)
        days = self._days(start, end)
        self._check_first(dates.key, start)
        if dates.start > days.end:
            raise self._left_out(dates.start, key)
        self._check_last(dates.key, start)
        if dates.end > days.end:
            raise UsageError(
                f"{dates.key} is not one partition: {key} ends on {days.end}",
                remedy="name one partition by any of its days; a backfill computes several",
            )
        return key

    # -- the definition ----------------------------------------------------------------------------

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._definition.timezone)

    @cached_property
    def _bounds(self) -> tuple[datetime, datetime] | None:
        """Where the first window starts, and the last one; None where there is none.

        Bounds move with the clock; one reader sees them once, however many keys it reads.
        """
        first = self._definition.get_first_partition_window()
        last = self._definition.get_last_partition_window()
        if first is None or last is None or last.start < first.start:
            return None
        return first.start, last.start

    def _window(self, key: str) -> tuple[datetime, datetime]:
        window = self._definition.time_window_for_partition_key(key)
        return window.start, window.end

    def _named(self, start: datetime) -> str:
        return start.strftime(self._definition.fmt)

    def _parsed(self, key: str) -> date:
        try:
            return datetime.strptime(key, self._definition.fmt).date()
        except ValueError:
            example = self._named(self._definition.start)
            raise UsageError(
                f"{key!r} is no key of a date partition",
                remedy=f"keys are written like {example}; {self._told()}",
            ) from None

    def _days(self, start: datetime, end: datetime) -> DatePartition:
        first, last = start.date(), end.date() - _DAY
        if self._skips_weekends:
            last = first
        return DatePartition(first.isoformat(), last.isoformat())

    @cached_property
    def _skips_weekends(self) -> bool:
        return self._definition.cron_schedule.upper().split()[-1] in _WEEKDAYS

    # -- what is wrong -----------------------------------------------------------------------------

    def _check_first(self, asked: str, start: datetime) -> None:
        if self._bounds is None:
            raise UsageError(
                f"{asked} is no date partition: {self._told()}",
                remedy="with an earlier START_DATE, or start=, they begin earlier",
            )
        if start < self._bounds[0]:
            raise UsageError(
                f"{asked} lies before the first date partition",
                remedy=f"{self._told()}; with an earlier START_DATE, or start=, they begin earlier",
            )

    def _check_last(self, asked: str, start: datetime) -> None:
        if self._bounds is not None and start > self._bounds[1]:
            raise self._too_late(asked, start)

    def _too_late(self, asked: str, start: datetime) -> UsageError:
        closing = self._definition.end
        if closing is not None and start >= closing:
            return UsageError(f"{asked} lies after the last date partition", remedy=self._told())
        key = self._named(start)
        _, end = self._window(key)
        whole = f"its partition {key}" if key != asked else "it"
        return UsageError(
            f"{asked} is no date partition yet: {whole} ends on {end.date() - _DAY}, and is one "
            f"from {end:%Y-%m-%d %H:%M} {self._definition.timezone} on",
            remedy=f"{self._told()} so far; a finer BATCH_FREQ has newer ones",
        )

    def _no_key(self, key: str, day: date) -> UsageError:
        """Say why a day is not the key of a window: it is left out, or within one."""
        held = self.key(DatePartition(day.isoformat()))
        if held == key:
            return UsageError(f"{key!r} is no key of a date partition", remedy=self._told())
        return UsageError(
            f"{key} is no key of a date partition: it lies within {held}",
            remedy=f"name {held}, the first day of its window",
        )

    def _left_out(self, day: date, before: str) -> UsageError:
        return UsageError(
            f"{day} ({day:%A}) is no trading day, so it is no partition",
            remedy=f"the one before is {before}; to have it, set EXCLUDE_WEEKENDS: false, or use a "
            "definition without this calendar",
        )

    def _told(self) -> str:
        if self._bounds is None:
            begin = self._named(self._definition.start)
            return f"no window from {begin} on is finished"
        first, last = self._bounds
        return f"date partitions go from {self._named(first)} to {self._named(last)}"


class _ListedWindows:
    """Keys that spell their days: `2025-01-02`, `2025-01-03_2025-01-09`. None knows not which."""

    def __init__(self, keys: Sequence[str] | None) -> None:
        self._keys = keys

    def dates(self, key: str) -> DatePartition:
        if self._keys is not None and key not in self._spelt:
            raise self._no_key(key)
        return DatePartition(key)

    def key(self, dates: DatePartition) -> str:
        if self._keys is None or dates.key in self._spelt:
            return dates.key
        key = self._holding(dates.start)
        if key is None or dates.end > self._ranges[key].end:
            raise self._no_key(dates.key)
        return key

    def _holding(self, day: date) -> str | None:
        held = (key for key, days in self._ranges.items() if days.start <= day <= days.end)
        return next(held, None)

    @cached_property
    def _spelt(self) -> frozenset[str]:
        return frozenset(self._keys or ())

    @cached_property
    def _ranges(self) -> Mapping[str, DatePartition]:
        return {each: DatePartition(each) for each in self._keys or ()}

    def _no_key(self, key: str) -> UsageError:
        if not self._keys:
            return UsageError(
                f"{key} is no date partition: none is listed",
                remedy="list some; windows of two weeks are listed when they are over",
            )
        near = self._holding(DatePartition(key).start)
        hint = "" if near is None else f"; {near} holds its first day"
        return UsageError(
            f"{key} is no date partition{hint}",
            remedy=f"those that are listed go from {self._keys[0]} to {self._keys[-1]}; newer ones "
            "of two weeks are listed when definitions are loaded anew",
        )


def _is_midnight(cron: str) -> bool:
    return cron in _MIDNIGHT_MACROS or cron.split()[:2] == ["0", "0"]
