"""Which universe × dates does each partition of an asset stand for, whatever its dimensions?"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from beaf_core import DatePartition, PartitionRun, UniversePartition, parse_universe_spec
from beaf_dagster.io.names import Dimensions
from beaf_dagster.partitions.keys import partition_runs
from beaf_dagster.partitions.universes import OWN_UNIVERSE
from beaf_dagster.partitions.windows import windows_of

#: What an asset without universes, or without dates, stands for: all that BEAF knows.
ALL = UniversePartition("all")
ALL_DAYS = DatePartition("1678-01-01", "2261-12-31")

#: The key of the one partition of an asset that has none.
WHOLE = ""


def runs_of(
    definition: dg.PartitionsDefinition[str] | None, keys: Sequence[str], dims: Dimensions
) -> dict[str, PartitionRun]:
    """Read the partitions of an asset: key → universe × dates, by universe and then by date.

    Dagster hands over the keys of a step in any order.

    Raises:
        UsageError: partitions that are no universes and no days, or that are not there.
    """
    if definition is None:
        return {WHOLE: PartitionRun(ALL, ALL_DAYS)}
    runs = [_named_as_written(each) for each in _read(definition, keys, dims)]
    return dict(sorted(zip(keys, runs, strict=True), key=lambda each: _order(each[1])))


def _read(
    definition: dg.PartitionsDefinition[str], keys: Sequence[str], dims: Dimensions
) -> list[PartitionRun]:
    if isinstance(definition, dg.MultiPartitionsDefinition):
        return partition_runs(definition, keys, dims.universe, dims.date)
    if isinstance(definition, dg.TimeWindowPartitionsDefinition):
        windows = windows_of(definition)
        return [PartitionRun(ALL, windows.dates(each)) for each in keys]
    return [_of_one_dimension(each) for each in keys]


def _of_one_dimension(key: str) -> PartitionRun:
    """Read a key of a list: days begin with a year, universes with a word."""
    if key[:4].isdigit():
        return PartitionRun(ALL, DatePartition(key))
    return PartitionRun(parse_universe_spec(key), ALL_DAYS)


def _named_as_written(run: PartitionRun) -> PartitionRun:
    """Name a pipeline's own universe as its outputs do: they are of all that it lists."""
    return PartitionRun(ALL, run.dates) if run.universe.spec == OWN_UNIVERSE else run


def _order(run: PartitionRun) -> tuple[str, str]:
    return run.universe.spec, run.dates.start_date
