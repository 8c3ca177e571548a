"""Which raw tables do assets read, and what are these as assets of somebody else?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from beaf_core import TABLES, UsageError, did_you_mean
from beaf_dagster.assets.alignment import partition_mapping

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass

#: Table → where BMLL keeps it: the folder, and how names of files begin.
_PLACES = {
    "trades": ("Trades-Plus", "trades-plus-"),
    "l2": ("Equity", ""),
    "l3": ("Equity-L3", "l3-"),
    "cbbo": ("CBBO", "cbbo-"),
    "marketstate": ("MarketState", "market-state-"),
}
#: Tables that are no stream of a venue's day.
_WHOLE = ("reference", "membership")


class InputKeys(dict[str, dg.AssetKey]):
    """Table → key, which also knows how each table is partitioned.

    A plain mapping does as well; an asset then depends on every partition of a table.
    """

    def __init__(self, specs: Mapping[str, dg.AssetSpec]) -> None:
        super().__init__({table: each.key for table, each in specs.items()})
        self.partitions = {table: each.partitions_def for table, each in specs.items()}


def build_input_source_assets(
    tables: Iterable[str],
    date_partitions_def: dg.PartitionsDefinition[str] | None = None,
    mic_partitions_def: dg.PartitionsDefinition[str] | None = None,
    cbbo_partitions_def: dg.PartitionsDefinition[str] | None = None,
    date_dim: str = "date",
    mic_dim: str = "mic",
    cbbo_dim: str = "cbbo",
    *,
    asset_key_prefix: str | Sequence[str] = "BMLL",
    group_name: str = "BMLL",
) -> tuple[list[dg.AssetSpec], InputKeys]:
    """Describe raw tables as external assets: Dagster knows of them, and never computes them.

    Each table is partitioned by date × mic, `cbbo` by date × cbbo, `reference` and `membership` by
    date; where one of the two definitions is not given, by the other alone.

    Args:
        tables: names of input tables, such as trades and l3.
        date_partitions_def: the days.
        mic_partitions_def: the venues.
        cbbo_partitions_def: what consolidated books are cut by.
        date_dim: how the dimension of days is called.
        mic_dim: how the dimension of venues is called.
        cbbo_dim: how the dimension of consolidated books is called.
        asset_key_prefix: what keys begin with.
        group_name: the group that they are shown in.

    Returns:
        The assets, and table → key, as `build_assets(input_asset_keys=…)` takes it.

    Raises:
        UsageError: a table that there is not.
    """
    prefix = [asset_key_prefix] if isinstance(asset_key_prefix, str) else list(asset_key_prefix)
    others = {"cbbo": (cbbo_dim, cbbo_partitions_def), **dict.fromkeys(_WHOLE, (mic_dim, None))}
    specs = {}
    for table in dict.fromkeys(map(_table_of, tables)):
        dimension, definition = others.get(table, (mic_dim, mic_partitions_def))
        partitions = _partitions({date_dim: date_partitions_def, dimension: definition})
        specs[table] = _spec(table, dg.AssetKey([*prefix, table]), partitions, group_name)
    return list(specs.values()), InputKeys(specs)


def tables_of(passes: Iterable[ResolvedPass]) -> list[str]:
    """List the input tables that passes read, those behind tables that modules make included."""
    found: dict[str, None] = {}
    for each in passes:
        for module in each.modules:
            found.update(dict.fromkeys(module.needs))
    return [each for each in found if each in TABLES]


def input_deps(
    tables: Iterable[str],
    keys: Mapping[str, dg.AssetKey],
    partitions_def: dg.PartitionsDefinition[str],
    universe_dim: str,
    date_dim: str,
) -> list[dg.AssetDep]:
    """Say which raw tables an asset depends on, of those that are assets."""
    known = keys.partitions if isinstance(keys, InputKeys) else {}
    return [
        dg.AssetDep(
            keys[each],
            partition_mapping=partition_mapping(
                known.get(each), partitions_def, universe_dim, date_dim
            ),
        )
        for each in tables
        if each in keys
    ]


def _table_of(name: str) -> str:
    """Read a table's name, or one that sources have for it (`trades-plus`)."""
    for table, schema in TABLES.items():
        if name in (table, *schema.aliases):
            return table
    raise UsageError(
        f"there is no input table {name!r}{did_you_mean(name, TABLES)}",
        remedy=f"name some of {', '.join(TABLES)}",
    )


def _partitions(
    dimensions: Mapping[str, dg.PartitionsDefinition[str] | None],
) -> dg.PartitionsDefinition[str] | None:
    given = {name: each for name, each in dimensions.items() if each is not None}
    if len(given) < 2:
        return next(iter(given.values()), None)
    return dg.MultiPartitionsDefinition(given)


def _spec(
    table: str,
    key: dg.AssetKey,
    partitions: dg.PartitionsDefinition[str] | None,
    group_name: str,
) -> dg.AssetSpec:
    folder, prefix = _PLACES.get(table, (table, ""))
    dimensions = "none"
    if isinstance(partitions, dg.MultiPartitionsDefinition):
        dimensions = "cbbo_date" if table == "cbbo" else "mic_date"
    elif partitions is not None:
        dimensions = "date"
    return dg.AssetSpec(
        key,
        description=f"The input table {table}; `beaf dagster sync` tells what is there.",
        group_name=group_name,
        partitions_def=partitions,
        kinds={"parquet"},
        metadata={
            "table": table,
            "s3_folder": folder,
            "s3_prefix": prefix,
            "partitioning": dimensions,
            "dagster/column_schema": _columns(table),
        },
    )


def _columns(table: str) -> dg.TableSchema:
    columns = TABLES[table].columns.items()
    return dg.TableSchema([dg.TableColumn(name, str(kind)) for name, kind in columns])
