"""Which partitions of a raw table does a partition of an asset read?

Without a word on it Dagster takes two definitions of two dimensions for the same, and then looks
for a partition `2026-02-01|mic=XLON` of a table that has `2026-02-01|XLON`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg

from beaf_core import parse_universe_spec

#: The universe whose values are venues, and what stands between several of them.
_MIC, _OR = "mic", "~"


def partition_mapping(
    upstream: dg.PartitionsDefinition[str] | None,
    downstream: dg.PartitionsDefinition[str],
    universe_dim: str,
    date_dim: str,
) -> dg.PartitionMapping:
    """Say which partitions of a table those of an asset read.

    Days read their days, and a selector `mic=XLON` the venue XLON alone; any other reads every
    venue. Where the two cannot be held against each other, everything is read.

    Args:
        upstream: the table's partitions; None where they are not known.
        downstream: the asset's partitions.
        universe_dim: the asset's dimension of universes.
        date_dim: the asset's dimension of dates.
    """
    if not isinstance(downstream, dg.MultiPartitionsDefinition):
        return dg.AllPartitionMapping()
    dates = downstream.get_partitions_def_for_dimension(date_dim)
    if isinstance(upstream, dg.MultiPartitionsDefinition):
        universes = downstream.get_partitions_def_for_dimension(universe_dim)
        return _of_dimensions(upstream, {date_dim: dates, universe_dim: universes}, date_dim)
    if upstream is not None and upstream == dates:
        return _beta(dg.MultiToSingleDimensionPartitionMapping, date_dim)
    return dg.AllPartitionMapping()


def _of_dimensions(
    upstream: dg.MultiPartitionsDefinition,
    mine: Mapping[str, dg.PartitionsDefinition[str]],
    date_dim: str,
) -> dg.PartitionMapping:
    universe_dim = next(each for each in mine if each != date_dim)
    found: dict[str, dg.DimensionPartitionMapping] = {}
    for each in upstream.partitions_defs:
        if isinstance(each.partitions_def, dg.TimeWindowPartitionsDefinition):
            mapping = _of_dates(mine[date_dim])
            found[each.name] = dg.DimensionPartitionMapping(date_dim, mapping)
        else:
            mapping = _of_venues(each.partitions_def, mine[universe_dim])
            found[each.name] = dg.DimensionPartitionMapping(universe_dim, mapping)
    return _beta(dg.MultiPartitionMapping, found)


def _of_dates(mine: dg.PartitionsDefinition[str]) -> dg.PartitionMapping:
    if isinstance(mine, dg.TimeWindowPartitionsDefinition):
        # A table may begin later than the asset.
        return _beta(dg.TimeWindowPartitionMapping, allow_nonexistent_upstream_partitions=True)
    return dg.AllPartitionMapping()


def _of_venues(
    venues: dg.PartitionsDefinition[str], mine: dg.PartitionsDefinition[str]
) -> dg.PartitionMapping:
    known = isinstance(venues, dg.StaticPartitionsDefinition)
    if not known or not isinstance(mine, dg.StaticPartitionsDefinition):
        return dg.AllPartitionMapping()
    keys = mine.get_partition_keys()
    read = {key: venues_of(key) for key in keys}
    names = venues.get_partition_keys()
    if not any(name in found for name in names for found in read.values() if found is not None):
        return dg.AllPartitionMapping()  # no venues, but regions of consolidated books
    return dg.StaticPartitionMapping(
        {name: [key for key in keys if _reads(read[key], name)] for name in names}
    )


def _reads(venues: frozenset[str] | None, name: str) -> bool:
    return venues is None or name in venues


def venues_of(selector: str) -> frozenset[str] | None:
    """List the venues that a selector is bound to; None where it may be any."""
    bound = [each for each in parse_universe_spec(selector).parts if each.name == _MIC]
    found = [frozenset(each.value.split(_OR)) for each in bound if each.value]
    return frozenset.intersection(*found) if found else None


def _beta(make: Any, *given: Any, **named: Any) -> dg.PartitionMapping:
    """Make a mapping that Dagster calls beta: nothing else of it maps two dimensions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        made: dg.PartitionMapping = make(*given, **named)
        return made
