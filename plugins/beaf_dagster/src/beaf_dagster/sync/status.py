"""How are counts of partitions brought up to date, which Dagster keeps beside the event log?"""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

from beaf_dagster.private import get_and_update_asset_status_cache_value

__all__ = ["get_and_update_asset_status_cache_value", "wipe_asset_cached_status"]


def wipe_asset_cached_status(
    instance: dg.DagsterInstance, asset_keys: Iterable[dg.AssetKey]
) -> None:
    """Forget the counts of assets: they are made anew when somebody looks at them next.

    Whoever writes events past Dagster's own methods has to do this, or call
    `get_and_update_asset_status_cache_value`, which makes them anew at once.
    """
    instance.wipe_asset_cached_status(list(asset_keys))


def recounted(
    instance: dg.DagsterInstance, asset: dg.AssetKey, definition: dg.PartitionsDefinition[str]
) -> int | None:
    """Count an asset's materialized partitions anew, and keep the count; None for an unknown one.

    The old count is wiped first: Dagster adds to it what has a higher id than the newest event it
    knew, and ids that were drawn before another writer's may have been committed after them.
    """
    wipe_asset_cached_status(instance, [asset])
    found = get_and_update_asset_status_cache_value(instance, asset, definition)
    if found is None:
        return None
    return len(found.deserialize_materialized_partition_subsets(definition))
