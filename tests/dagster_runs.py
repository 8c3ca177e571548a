"""How do tests materialize assets as Dagster itself does, and read what it was told?"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

#: The tags by which Dagster asks one run for several partitions.
_START, _END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def materialize(
    assets: Sequence[dg.AssetsDefinition],
    instance: dg.DagsterInstance,
    first: str,
    last: str | None = None,
    keys: Sequence[dg.AssetKey] | None = None,
) -> dg.ExecuteInProcessResult:
    """Materialize one partition, or a range of them in one run, as a backfill does.

    Args:
        assets: what the code location holds.
        instance: where events go.
        first: the partition, or the first of a range.
        last: the last of a range; None for one partition.
        keys: the assets that are selected; all of the first definition, if None.
    """
    job = dg.Definitions(assets=assets).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        instance=instance,
        asset_selection=list(keys or assets[0].keys),
        partition_key=first if last is None else None,
        tags={} if last is None else {_START: first, _END: last},
        raise_on_error=False,
    )


def told(result: dg.ExecuteInProcessResult) -> list[dg.AssetMaterialization]:
    """List the materializations of a run, in their order."""
    return [
        each.step_materialization_data.materialization
        for each in result.all_events
        if each.is_step_materialization
    ]


def told_of(result: dg.ExecuteInProcessResult) -> list[tuple[str, str | None]]:
    """List the last part of the key and the partition of each materialization of a run."""
    return [(each.asset_key.path[-1], each.partition) for each in told(result)]


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    """Give what the failed step of a run says."""
    failed = [each for each in result.all_events if each.is_step_failure]
    data = failed[0].step_failure_data.user_failure_data
    return str(data.description) if data else ""
