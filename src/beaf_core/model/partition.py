"""What is the unit of work? A universe over a range of days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from beaf_core.model.dates import parse_day
from beaf_core.model.errors import UsageError

#: What stands between the parts of a selector, and before a part that is taken away.
JOIN, NOT = "+", "!"

#: What a partition key cannot hold, wherever partitions are kept or named on a command line.
_BREAKS_KEYS = ",|[]"


@dataclass(frozen=True, slots=True)
class UniversePartition:
    """A selector of listings: `mic=XLON`, `custom`, or several parts joined by `+`.

    Parts intersect, whatever their order; a part behind `!` is taken away: `index=STOXX600+!mic=X`.
    """

    name: str
    value: str | None = None

    @property
    def spec(self) -> str:
        """The selector as a person types it."""
        return self.name if self.value is None else f"{self.name}={self.value}"

    @property
    def parts(self) -> tuple[UniversePartition, ...]:
        """The single selectors whose listings intersect; at least one.

        Raises:
            UsageError: the selector cannot be read.
        """
        return tuple(part for taken_away, part in _read(self.spec) if not taken_away)

    @property
    def exclusions(self) -> tuple[UniversePartition, ...]:
        """The single selectors whose listings are taken away.

        Raises:
            UsageError: the selector cannot be read.
        """
        return tuple(part for taken_away, part in _read(self.spec) if taken_away)


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
    """Read a selector: `part(+part)*`, where a part is `[!]name[=value]`.

    One of several parts (`mic=XLON+custom`) keeps its whole text as its name.

    Raises:
        UsageError: an empty selector or part, an exclusion that stands first, or a character that
            partition keys cannot hold.
    """
    parts = _read(spec)
    if len(parts) == 1:
        return parts[0][1]
    return UniversePartition(JOIN.join(NOT * taken_away + part.spec for taken_away, part in parts))


def _read(spec: str) -> list[tuple[bool, UniversePartition]]:
    """Read the parts of a selector, each with whether it is taken away."""
    _check_characters(spec)
    texts = [each.strip() for each in spec.split(JOIN)]
    if texts[0].startswith(NOT):
        raise UsageError(
            f"universe {spec!r}: nothing stands before {texts[0]}, so there is nothing to take it "
            "from",
            remedy=f"say what it is taken from, for example mic{JOIN}{texts[0]}: a bare mic is "
            "every venue",
        )
    return [(each.startswith(NOT), _read_part(each.removeprefix(NOT), spec)) for each in texts]


def _check_characters(spec: str) -> None:
    if "," in spec:
        raise UsageError(
            f"universe {spec!r}: a comma breaks partition keys, so it cannot stand in one",
            remedy="run the alternatives one after another; or list several values with ~ where a "
            "universe takes them, or in a file; + intersects, and +! takes away",
        )
    broken = [each for each in spec if each in _BREAKS_KEYS or not each.isprintable()]
    if broken:
        raise UsageError(
            f"universe {spec!r}: {broken[0]!r} breaks partition keys, so it cannot stand in one",
            remedy="write name=value, for example mic=XLON; + intersects, and +! takes away",
        )


def _read_part(text: str, spec: str) -> UniversePartition:
    name, equals, value = (each.strip() for each in text.partition("="))
    if not name or name.startswith(NOT) or (equals and not value):
        told = f"universe {spec!r}: " if text != spec else "universe "
        lacking = "value" if name and not name.startswith(NOT) else "name"
        raise UsageError(
            f"{told}{text!r} has no {lacking}",
            remedy="write name=value, for example mic=XLON",
        )
    return UniversePartition(name, value if equals else None)
