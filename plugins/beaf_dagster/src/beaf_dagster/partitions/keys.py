"""Which universe × dates does a partition key stand for, and which key stands for these?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import dagster as dg

from beaf_core import (
    DatePartition,
    PartitionRun,
    UniversePartition,
    UsageError,
    did_you_mean,
    parse_universe_spec,
)
from beaf_dagster.partitions.windows import Windows, windows_of

UNIVERSE, DATE = "universe", "date"

_TOLD = 5


def partition_run(
    definition: dg.PartitionsDefinition[str] | None,
    key: str,
    universe_dim: str = UNIVERSE,
    date_dim: str = DATE,
    *,
    instance: dg.DagsterInstance | None = None,
) -> PartitionRun:
    """Read a partition key of universe × date.

    Args:
        definition: the partitions that it is one of.
        key: as Dagster writes it, the dimensions in the order of their names.
        universe_dim: the name of the dimension of universes.
        date_dim: the name of the dimension of dates.
        instance: where the keys of a dynamic dimension stand; without it they are not checked.

    Raises:
        UsageError: no partition of the definition has that key, or it has other dimensions.
    """
    return _Keys(definition, universe_dim, date_dim, instance).run(key)


def partition_runs(
    definition: dg.PartitionsDefinition[str] | None,
    keys: Iterable[str],
    universe_dim: str = UNIVERSE,
    date_dim: str = DATE,
    *,
    instance: dg.DagsterInstance | None = None,
) -> list[PartitionRun]:
    """Read several partition keys, in their order.

    Raises:
        UsageError: as `partition_run`.
    """
    reader = _Keys(definition, universe_dim, date_dim, instance)
    return [reader.run(each) for each in keys]


def partition_key(
    definition: dg.PartitionsDefinition[str] | None,
    universe: str,
    date: str,
    universe_dim: str = UNIVERSE,
    date_dim: str = DATE,
    *,
    instance: dg.DagsterInstance | None = None,
) -> str:
    """Name the partition of a universe whose window holds a day, or a range `start_end`.

    Raises:
        UsageError: there is none; the message has what is near.
    """
    reader = _Keys(definition, universe_dim, date_dim, instance)
    return reader.key(parse_universe_spec(universe), DatePartition(date))


class _Keys:
    """The keys of one definition."""

    def __init__(
        self,
        definition: dg.PartitionsDefinition[str] | None,
        universe_dim: str,
        date_dim: str,
        instance: dg.DagsterInstance | None,
    ) -> None:
        self._definition = _two_dimensions(definition, universe_dim, date_dim)
        self._universe_dim, self._date_dim = universe_dim, date_dim
        self._instance = instance
        self._dates: dict[str, DatePartition] = {}
        self._universes: dict[str, UniversePartition] = {}

    def run(self, key: str) -> PartitionRun:
        """Read a key."""
        parts = self._parts(key)
        universe, date = parts[self._universe_dim], parts[self._date_dim]
        # A backfill has few of each, and many pairs.
        if date not in self._dates:
            self._dates[date] = self._windows.dates(date)
        if universe not in self._universes:
            self._universes[universe] = self._universe(parse_universe_spec(universe))
        return PartitionRun(self._universes[universe], self._dates[date])

    def key(self, universe: UniversePartition, dates: DatePartition) -> str:
        """Name the partition of a universe that holds some dates."""
        parts = {
            self._universe_dim: self._universe(universe).spec,
            self._date_dim: self._windows.key(dates),
        }
        return str(dg.MultiPartitionKey(parts))

    def _parts(self, key: str) -> Mapping[str, str]:
        names = self._definition.partition_dimension_names
        if isinstance(key, dg.MultiPartitionKey) and set(key.keys_by_dimension) == set(names):
            return key.keys_by_dimension
        parts = key.split("|")
        if len(parts) != len(names):
            raise UsageError(
                f"{key!r} is no partition key: these are written {'|'.join(names)}",
                remedy=f"write for example {self._example()}",
            )
        return dict(zip(names, parts, strict=True))

    def _example(self) -> str:
        known = self._known
        example = {self._universe_dim: known[0] if known else "mic=XLON"}
        example[self._date_dim] = "2026-02-02"
        return str(dg.MultiPartitionKey(example))

    @cached_property
    def _windows(self) -> Windows:
        dates = self._definition.get_partitions_def_for_dimension(self._date_dim)
        return windows_of(dates, self._instance)

    @cached_property
    def _known(self) -> Sequence[str] | None:
        """The universes; None where they stand in an instance that was not given."""
        universes = self._definition.get_partitions_def_for_dimension(self._universe_dim)
        if isinstance(universes, dg.DynamicPartitionsDefinition):
            if self._instance is None:
                return None
            return self._instance.get_dynamic_partitions(str(universes.name))
        return universes.get_partition_keys()

    def _universe(self, wanted: UniversePartition) -> UniversePartition:
        """Find a universe as the definition spells it: parts may stand in another order."""
        known = self._known
        if known is None or wanted.spec in known:
            return wanted
        for each in known:
            if _meaning(each) == _meaning(wanted.spec):
                return parse_universe_spec(each)
        raise UsageError(
            f"no partition is of the universe {wanted.spec}{did_you_mean(wanted.spec, known)}",
            remedy=f"take one of {_listed(known)}; or add it to UNIVERSES of the pipeline",
        )


def _two_dimensions(
    definition: dg.PartitionsDefinition[str] | None, universe_dim: str, date_dim: str
) -> dg.MultiPartitionsDefinition:
    remedy = (
        "use build_partitions, or MultiPartitionsDefinition with these two; universe_dim and "
        "date_dim say what they are called"
    )
    if not isinstance(definition, dg.MultiPartitionsDefinition):
        told = "nothing" if definition is None else f"a {type(definition).__name__}"
        raise UsageError(
            f"partitions have the dimensions {universe_dim} and {date_dim}; {told} has none",
            remedy=remedy,
        )
    names = definition.partition_dimension_names
    for each in (universe_dim, date_dim):
        if each not in names:
            raise UsageError(
                f"partitions have no dimension {each!r}, but {' and '.join(names)}"
                f"{did_you_mean(each, names)}",
                remedy=remedy,
            )
    return definition


def _meaning(spec: str) -> tuple[frozenset[UniversePartition], frozenset[UniversePartition]]:
    universe = parse_universe_spec(spec)
    return frozenset(universe.parts), frozenset(universe.exclusions)


def _listed(known: Sequence[str]) -> str:
    more = f" and {len(known) - _TOLD:,} more" if len(known) > _TOLD else ""
    return (", ".join(known[:_TOLD]) or "none") + more
