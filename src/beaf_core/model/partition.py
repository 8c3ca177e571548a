"""What is the unit of work? A universe over a range of days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from beaf_core.model.dates import parse_day
from beaf_core.model.errors import UsageError


@dataclass(frozen=True, slots=True)
class UniversePartition:
    """A selector of listings: `mic=XLON`, `custom`, or several joined by `+` to intersect."""

    name: str
    value: str | None = None

    @property
    def spec(self) -> str:
        """The selector as a person types it."""
        return self.name if self.value is None else f"{self.name}={self.value}"

    @property
    def parts(self) -> tuple[UniversePartition, ...]:
        """The single selectors that this one intersects."""
        return tuple(_parse_single(part) for part in self.spec.split("+"))


@dataclass(frozen=True, slots=True)
class DatePartition:
    """A range of days, both ends included, as ISO text.

    Either argument may be a range key (`2025-01-03_2025-01-09`), as partition keys are:
    the start is then the start of the first argument, the end is the end of the second.

    Raises:
        UsageError: an end that is not a day, or that lies before the start.
    """

    start_date: str
    end_date: str = ""

    def __post_init__(self) -> None:
        start = parse_day(str(self.start_date).partition("_")[0])
        end = parse_day(str(self.end_date or self.start_date).rpartition("_")[2])
        if end < start:
            raise UsageError(
                f"the end {end} lies before the start {start}", remedy="swap the two dates"
            )
        object.__setattr__(self, "start_date", start.isoformat())
        object.__setattr__(self, "end_date", end.isoformat())

    @property
    def start(self) -> date:
        """The first day."""
        return date.fromisoformat(self.start_date)

    @property
    def end(self) -> date:
        """The last day."""
        return date.fromisoformat(self.end_date)

    @property
    def key(self) -> str:
        """One day, or `start_end`."""
        if self.start_date == self.end_date:
            return self.start_date
        return f"{self.start_date}_{self.end_date}"


@dataclass(frozen=True, slots=True)
class PartitionRun:
    """Universe × dates: the unit of work, of idempotence and of orchestration."""

    universe: UniversePartition
    dates: DatePartition

    @property
    def key(self) -> str:
        """`mic=XLON:2025-01-03_2025-01-09`."""
        return f"{self.universe.spec}:{self.dates.key}"


def build_partition_runs(
    universes: Iterable[UniversePartition], dates: Iterable[DatePartition]
) -> list[PartitionRun]:
    """Pair every universe with every date range, universe by universe."""
    ranges = list(dates)
    return [PartitionRun(universe, each) for universe in universes for each in ranges]


def parse_universe_spec(spec: str) -> UniversePartition:
    """Read a selector. One that intersects (`mic=XLON+custom`) keeps its whole text as its name.

    Raises:
        UsageError: an empty selector or part, or a comma, which partition keys cannot hold.
    """
    if "," in spec:
        raise UsageError(
            f"universe {spec!r}: a comma breaks partition keys, so it cannot stand in one",
            remedy="run the alternatives one after another, or intersect selectors with +",
        )
    parts = [_parse_single(part) for part in spec.split("+")]
    return parts[0] if len(parts) == 1 else UniversePartition("+".join(each.spec for each in parts))


def _parse_single(text: str) -> UniversePartition:
    name, equals, value = text.strip().partition("=")
    if not name or (equals and not value):
        raise UsageError(
            f"universe {text!r} has no {'value' if name else 'name'}",
            remedy="write name=value, for example mic=XLON",
        )
    return UniversePartition(name, value if equals else None)
