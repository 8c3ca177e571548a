"""Which universe × dates does each partition of an asset stand for, whatever its dimensions?"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from beaf_core import (
    DatePartition,
    PartitionRun,
    UniversePartition,
    UsageError,
    did_you_mean,
    parse_universe_spec,
)
from beaf_dagster.io.names import Dimensions
from beaf_dagster.partitions.dates import dates_of
from beaf_dagster.partitions.keys import partition_run
from beaf_dagster.partitions.universes import OWN_UNIVERSE

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
        UsageError: partitions that are no universes and no days.
    """
    if definition is None:
        return {WHOLE: PartitionRun(ALL, ALL_DAYS)}
    runs = {key: _named_as_written(_run(definition, key, dims)) for key in keys}
    return dict(sorted(runs.items(), key=lambda each: _order(each[1])))


def _run(definition: dg.PartitionsDefinition[str], key: str, dims: Dimensions) -> PartitionRun:
    if isinstance(definition, dg.MultiPartitionsDefinition):
        _require_dimensions(definition, dims)
        return partition_run(definition, key, dims.universe, dims.date)
    if isinstance(definition, dg.TimeWindowPartitionsDefinition):
        _require_whole_days(definition, key)
        return PartitionRun(ALL, dates_of(definition, key))
    if key[:4].isdigit():
        return PartitionRun(ALL, DatePartition(key))
    return PartitionRun(parse_universe_spec(key), ALL_DAYS)


def _order(run: PartitionRun) -> tuple[str, str]:
    return run.universe.spec, run.dates.start_date


def _named_as_written(run: PartitionRun) -> PartitionRun:
    """Name a pipeline's own universe as its outputs do: they are of all that it lists."""
    return PartitionRun(ALL, run.dates) if run.universe.spec == OWN_UNIVERSE else run


def _require_dimensions(definition: dg.MultiPartitionsDefinition, dims: Dimensions) -> None:
    names = definition.partition_dimension_names
    for wanted, option in ((dims.universe, "universe_dim"), (dims.date, "date_dim")):
        if wanted not in names:
            raise UsageError(
                f'the partitions have no dimension "{wanted}"{did_you_mean(wanted, names)}',
                remedy=f"give the IO manager {option}, one of {', '.join(names)}",
            )


def _require_whole_days(definition: dg.TimeWindowPartitionsDefinition, key: str) -> None:
    window = definition.time_window_for_partition_key(key)
    if (window.end.date() - window.start.date()).days < 1:
        raise UsageError(
            f"the partition {key} is shorter than a day, and outputs are kept by days",
            remedy="partition the asset by days or longer, or give it another io_manager_key",
        )
