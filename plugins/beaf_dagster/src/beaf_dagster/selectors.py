"""Which partitions does a schedule ask for at a tick?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg

from beaf_core import DatePartition, UsageError
from beaf_dagster.partitions.keys import partition_key

if TYPE_CHECKING:
    from beaf_core import SchedulePartitionSelector

_ANY_DAY = "2000-01-01"
_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Dimensions:
    """The partitions that a schedule's selectors are looked up in.

    Attributes:
        definition: of universe × date.
        universe_dim: what the dimension of universes is called.
        date_dim: what the dimension of dates is called.
    """

    definition: dg.MultiPartitionsDefinition
    universe_dim: str
    date_dim: str

    @classmethod
    def of(
        cls, definition: dg.PartitionsDefinition[str], universe_dim: str, date_dim: str
    ) -> Dimensions:
        """Take a definition apart.

        Raises:
            UsageError: it has other dimensions.
        """
        names = {universe_dim, date_dim}
        if isinstance(definition, dg.MultiPartitionsDefinition):
            if names == set(definition.partition_dimension_names):
                return cls(definition, universe_dim, date_dim)
            told = " and ".join(definition.partition_dimension_names)
        else:
            told = f"those of a {type(definition).__name__}"
        raise UsageError(
            f"schedules need the dimensions {universe_dim} and {date_dim}; there are {told}",
            remedy="say what they are called: universe_dim=, date_dim=",
        )

    @property
    def dates(self) -> dg.PartitionsDefinition[str]:
        """The dimension of dates."""
        return self.definition.get_partitions_def_for_dimension(self.date_dim)

    @property
    def universes(self) -> dg.PartitionsDefinition[str]:
        """The dimension of universes."""
        return self.definition.get_partitions_def_for_dimension(self.universe_dim)

    @property
    def is_dynamic(self) -> bool:
        """Whether universes or dates are listed in an instance."""
        both = (self.universes, self.dates)
        return any(isinstance(each, dg.DynamicPartitionsDefinition) for each in both)

    def key(self, universe: str, dates: str, instance: dg.DagsterInstance | None) -> str:
        """Name the partition of a universe that holds some dates.

        Raises:
            UsageError: there is none.
        """
        return partition_key(
            self.definition, universe, dates, self.universe_dim, self.date_dim, instance=instance
        )

    def first_universe(self, preferred: str) -> str:
        """Name the first universe: a pipeline's own where it is one, else the definition's."""
        keys = self._static_universes
        return preferred if not keys or preferred in keys else keys[0]

    def check_universe(self, universe: str) -> None:
        """Check a universe where all are known: dynamic ones are those of a tick's instance.

        Raises:
            UsageError: the definition does not have it.
        """
        if self._static_universes:
            any_day = dg.StaticPartitionsDefinition([_ANY_DAY])
            definition = dg.MultiPartitionsDefinition(
                {self.universe_dim: self.universes, self.date_dim: any_day}
            )
            partition_key(definition, universe, _ANY_DAY, self.universe_dim, self.date_dim)

    @property
    def _static_universes(self) -> Sequence[str]:
        universes = self.universes
        if isinstance(universes, dg.DynamicPartitionsDefinition):
            return ()
        return universes.get_partition_keys()

    def is_business_day(self, day: date) -> bool:
        """Say whether markets trade: no weekend, nor a day that the definition leaves out."""
        if day.weekday() >= _SATURDAY:
            return False
        if not isinstance(self.dates, dg.TimeWindowPartitionsDefinition):
            return True
        midnight = datetime.combine(day, time(), ZoneInfo(self.dates.timezone))
        return not self.dates.is_window_start_excluded(midnight)


def dates_at(selector: str, tick: datetime, zone: str, place: Dimensions) -> DatePartition:
    """Say which days a selector means at a tick: those of the schedule's own calendar and clock.

    Args:
        selector: a day, a range, `today`, `yesterday`, `-3d` (days ago) or `-1bd` (business days).
        tick: when the schedule was to run; however late it does.
        zone: the schedule's time zone.
        place: knows which days are business days.
    """
    today = (tick if tick.tzinfo else tick.replace(tzinfo=UTC)).astimezone(ZoneInfo(zone)).date()
    match selector:
        case "today":
            day = today
        case "yesterday":
            day = today - _DAY
        case ago if ago.startswith("-") and ago.endswith("bd"):
            day = _business_days_before(today, int(ago[1:-2]), place)
        case ago if ago.startswith("-"):
            day = today - int(ago[1:-1]) * _DAY
        case _:
            return DatePartition(selector)
    return DatePartition(day.isoformat())


def _business_days_before(day: date, count: int, place: Dimensions) -> date:
    while count:
        day -= _DAY
        count -= place.is_business_day(day)
    return day


@dataclass(frozen=True, slots=True)
class Asker:
    """Finds the partitions of selectors at a tick.

    Attributes:
        place: where the partitions are.
        zone: the schedule's time zone.
        first_universe: what a selector without a universe means.
        exclude_weekends: whether ranges leave out weekends, where these are partitions of days.
    """

    place: Dimensions
    zone: str
    first_universe: str
    exclude_weekends: bool

    def keys(
        self, asked: SchedulePartitionSelector, tick: datetime, instance: dg.DagsterInstance | None
    ) -> tuple[list[str], list[UsageError]]:
        """Name the partitions that a selector means, and say why others are none.

        Partitions count as they were at the tick: a window that ends later is none yet.
        """
        universe = asked.universe or self.first_universe
        dates = dates_at(asked.date, tick, self.zone, self.place)
        keys: dict[str, None] = {}
        faults: list[UsageError] = []
        with dg.partition_loading_context(effective_dt=tick):
            for each in self._windows(universe, dates, instance):
                try:
                    keys[self.place.key(universe, each.key, instance)] = None
                except UsageError as fault:
                    faults.append(fault)
        return list(keys), faults

    def _windows(
        self, universe: str, dates: DatePartition, instance: dg.DagsterInstance | None
    ) -> Iterator[DatePartition]:
        """Yield the dates whole where one partition holds them, else day by day."""
        if dates.start == dates.end or self._is_one(universe, dates, instance):
            yield dates
            return
        day = dates.start
        while day <= dates.end:
            if not (self.exclude_weekends and day.weekday() >= _SATURDAY):
                yield DatePartition(day.isoformat())
            day += _DAY

    def _is_one(
        self, universe: str, dates: DatePartition, instance: dg.DagsterInstance | None
    ) -> bool:
        try:
            self.place.key(universe, dates.key, instance)
        except UsageError:
            return False
        return True
