"""How does a pipeline become assets?

Annotations are not postponed here: Dagster looks at the type of `context` itself.
"""

from typing import Any

import dagster as dg

from beaf_core import run_partition
from beaf_dagster.assets.translator import BeafDagsterTranslator
from beaf_dagster.partitions.definition import partitions_of
from beaf_dagster.partitions.keys import DATE, UNIVERSE, partition_runs
from beaf_dagster.pipelines import Pipeline, as_pipelines


def build_assets(
    pkg: Any = "demo",
    partitions_def: dg.PartitionsDefinition[str] | None = None,
    universe_dim: str = UNIVERSE,
    date_dim: str = DATE,
    split_passes: bool = False,
    *,
    translator: BeafDagsterTranslator | None = None,
) -> list[dg.AssetsDefinition]:
    """Make an asset of each pipeline."""
    chosen = translator or BeafDagsterTranslator()
    return [
        _asset(each, partitions_def or partitions_of(each, universe_dim, date_dim), chosen)
        for each in as_pipelines(pkg)
    ]


def _asset(
    pipeline: Pipeline,
    partitions_def: dg.PartitionsDefinition[str],
    translator: BeafDagsterTranslator,
) -> dg.AssetsDefinition:
    @dg.asset(
        key=translator.get_asset_key(pipeline),
        group_name=translator.get_group_name(pipeline),
        description=translator.get_description(pipeline),
        partitions_def=partitions_def,
        code_version=pipeline.digest,
        kinds={"beaf", "polars"},
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def computed(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        rows = 0
        for run in partition_runs(partitions_def, context.partition_keys):
            report = run_partition(pipeline.path, None, run)
            rows += sum(each.rows for each in report.receipts)
        return dg.MaterializeResult(metadata={"dagster/partition_row_count": rows})

    return computed
