"""Which universe × dates does a partition key stand for, and which key stands for these?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import dagster as dg

from beaf_core import PartitionRun, UsageError, parse_universe_spec
from beaf_dagster.partitions.dates import dates_of

UNIVERSE, DATE = "universe", "date"


def partition_run(
    definition: dg.PartitionsDefinition[str],
    key: str,
    universe_dim: str = UNIVERSE,
    date_dim: str = DATE,
) -> PartitionRun:
    """Read a partition key of universe × date.

    Raises:
        UsageError: the definition has other dimensions.
    """
    if not isinstance(definition, dg.MultiPartitionsDefinition):
        raise UsageError(
            f"a {type(definition).__name__} has no dimensions {universe_dim} and {date_dim}",
            remedy="use build_partitions, or MultiPartitionsDefinition with these two",
        )
    parts: Mapping[str, str] = definition.get_partition_key_from_str(key).keys_by_dimension
    dates = definition.get_partitions_def_for_dimension(date_dim)
    return PartitionRun(parse_universe_spec(parts[universe_dim]), dates_of(dates, parts[date_dim]))


def partition_runs(
    definition: dg.PartitionsDefinition[str],
    keys: Iterable[str],
    universe_dim: str = UNIVERSE,
    date_dim: str = DATE,
) -> list[PartitionRun]:
    """Read several partition keys, in their order."""
    return [partition_run(definition, each, universe_dim, date_dim) for each in keys]
