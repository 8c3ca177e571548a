"""Of which assets is to be told: the outputs of pipelines, and the tables of their sources?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import dagster as dg

from beaf_core import TABLES, BeafError, DataMissingError, DatePartition, UsageError, source_values
from beaf_dagster.assets.passes import asset_keys
from beaf_dagster.assets.translator import BeafDagsterTranslator
from beaf_dagster.partitions.definition import partitions_of
from beaf_dagster.partitions.keys import DATE, UNIVERSE
from beaf_dagster.pipelines import Pipeline
from beaf_dagster.sync.inputs import InputAsset, tables_named
from beaf_dagster.sync.names import PartitionNames
from beaf_dagster.sync.outputs import OutputAsset
from beaf_dagster.workspaces import FILE as WORKSPACE
from beaf_dagster.workspaces import partitions_shown, shown_assets


def output_assets(
    pipelines: Iterable[Pipeline],
    instance: dg.DagsterInstance,
    *,
    split_passes: bool,
    translator: BeafDagsterTranslator | None = None,
) -> Iterator[OutputAsset]:
    """Give the assets of pipelines: one each, or one for each pass.

    Their partitions are those that the workspace of the instance gives them, else their own.
    """
    chosen = translator or BeafDagsterTranslator()
    shown = shown_assets(Path(instance.root_directory, WORKSPACE))
    for pipeline in pipelines:
        keys = asset_keys(pipeline, chosen, split_passes)
        definition = partitions_shown(pipeline, keys, shown) or partitions_of(pipeline)
        names = PartitionNames(definition, UNIVERSE, DATE, instance)
        passes = pipeline.ready.resolved.passes
        if not split_passes:
            key = chosen.get_asset_key(pipeline)
            yield OutputAsset(key, pipeline, passes, definition, names)
            continue
        for each in passes:
            key = chosen.get_asset_key(pipeline, each.name)
            yield OutputAsset(key, pipeline, (each,), definition, names)


def input_assets(
    pipelines: Sequence[Pipeline], tables: Sequence[str], prefix: str, dates: DatePartition
) -> Iterator[InputAsset]:
    """Give the tables of the pipelines' source, for all venues that it knows on some of the days.

    Raises:
        UsageError: there is no such table, or the pipelines have several sources.
        DataMissingError: the source knows no venue on any of the days.
    """
    if not pipelines:
        return
    _check_one_source(pipelines)
    named = tables_named(tables, pipelines)
    mics = _venues(pipelines[0], dates) if named else ()
    for table in named:
        yield InputAsset(_table_key(prefix, table), table, pipelines[0], mics)


def keys_of(
    pipelines: Iterable[Pipeline], prefix: str, translator: BeafDagsterTranslator | None = None
) -> set[dg.AssetKey]:
    """Name every asset that could be of these pipelines: whole, by pass, and their tables."""
    chosen = translator or BeafDagsterTranslator()
    found = {_table_key(prefix, table) for table in TABLES}
    for pipeline in pipelines:
        found.add(chosen.get_asset_key(pipeline))
        if pipeline.fault is None:
            passes = pipeline.ready.resolved.passes
            found |= {chosen.get_asset_key(pipeline, each.name) for each in passes}
    return found


def _table_key(prefix: str, table: str) -> dg.AssetKey:
    return dg.AssetKey([*filter(None, prefix.split("/")), table])


def _venues(pipeline: Pipeline, dates: DatePartition) -> Sequence[str]:
    """Name the venues of the newest day that has a reference."""
    fault: BeafError | None = None
    for number in range((dates.end - dates.start).days + 1):
        day = dates.end - timedelta(days=number)
        try:
            return source_values(pipeline.config.SOURCE, date=day.isoformat())("mic")
        except DataMissingError as error:
            fault = fault or error
    assert fault is not None
    raise fault


def _check_one_source(pipelines: Sequence[Pipeline]) -> None:
    sources = {repr(each.ready.resolved.source_options): each for each in pipelines}
    if len(sources) > 1:
        named = ", ".join(each.group for each in sources.values())
        raise UsageError(
            f"the pipelines {named} have different sources, so their tables are not one asset",
            remedy="name pipelines of one source with --pipeline, and --asset_key_prefix for each",
        )
