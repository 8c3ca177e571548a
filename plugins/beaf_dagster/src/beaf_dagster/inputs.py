"""Which raw tables does a code location show beside its pipelines, and over which partitions?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import dagster as dg

from beaf_core import parse_universe_spec
from beaf_dagster.assets.inputs import InputKeys, build_input_source_assets
from beaf_dagster.partitions.dates import build_date_partitions

#: The universe whose values are venues, and what stands between several of them.
_MIC, _OR = "mic", "~"


@dataclass(frozen=True, slots=True)
class InputTables:
    """Raw tables as external assets, and their keys as `build_assets` takes them."""

    specs: list[dg.AssetSpec]
    keys: InputKeys | None


def input_tables_of(
    tables: Iterable[str],
    partitions: Iterable[dg.PartitionsDefinition[str] | None],
    start: str,
    universe_dim: str,
) -> InputTables:
    """Describe tables by day and venue: the venues that stand in some pipeline's universes.

    Raises:
        UsageError: there is no such table.
    """
    names = list(tables)
    if not names:
        return InputTables([], None)
    venues = sorted({each for one in partitions for each in _venues(one, universe_dim)})
    specs, keys = build_input_source_assets(
        names,
        build_date_partitions("D", start),
        dg.StaticPartitionsDefinition(venues) if venues else None,
    )
    return InputTables(specs, keys)


def _venues(definition: dg.PartitionsDefinition[str] | None, universe_dim: str) -> Iterator[str]:
    if not isinstance(definition, dg.MultiPartitionsDefinition):
        return
    universes = definition.get_partitions_def_for_dimension(universe_dim)
    if not isinstance(universes, dg.StaticPartitionsDefinition):
        return
    for key in universes.get_partition_keys():
        for part in parse_universe_spec(key).parts:
            if part.name == _MIC and part.value:
                yield from str(part.value).split(_OR)
