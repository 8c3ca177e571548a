"""What is Dagster told of a partition that stands?

A step of several partitions tells of each as it is done, with a data version of its own: what a
MaterializeResult says holds for all partitions of a step alike, and comes too late for a step that
is cancelled. A step of one partition goes the same way. The output that ends the step says nothing
any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from beaf_dagster import private
from beaf_dagster.assets.compute import data_version_of, main_receipts, stands
from beaf_dagster.assets.telling import check_results, materialization_metadata

if TYPE_CHECKING:
    from beaf_core import PassOutcome, RunReport
    from beaf_dagster.assets.compute import Computed
    from beaf_dagster.assets.passes import PassAsset
    from beaf_dagster.pipelines import Pipeline

#: What Dagster takes for "an input of which nothing is known".
_NO_POINTER, _NO_VERSION = "NULL", "INITIAL"


class Teller:
    """Tells of the partitions of one step.

    Args:
        pipeline: whose partitions.
        assets: all its assets.
        context: the step.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        assets: Sequence[PassAsset],
        context: dg.AssetExecutionContext,
    ) -> None:
        self._pipeline, self._assets, self._context = pipeline, assets, context
        self._own = {each.key for each in assets}
        # What other assets were before anything was read: what comes later makes ours stale.
        others = {key for each in assets for key in each.dep_keys if key not in self._own}
        self._others = {key: self._input_tags(key) for key in others}

    def tell(self, computed: Computed) -> Iterator[dg.AssetMaterialization]:
        """Tell of every asset of a partition that stands.

        Of one that was not selected, only where it had to be computed anew for another to be.
        """
        for each in self._assets:
            outcomes = computed.of(each.passes)
            is_new = any(outcome.status == "written" for outcome in outcomes)
            wanted = each.key in self._context.selected_asset_keys or is_new
            if wanted and outcomes and all(map(stands, outcomes)):
                yield self._materialization(each, computed, outcomes)

    def checked(self, reports: Sequence[RunReport]) -> Iterator[dg.AssetCheckResult]:
        """Tell of the checks that were made of all partitions of the step."""
        for each in self._selected:
            yield from check_results(self._pipeline, each.pass_name, reports, asset=each.key)

    def end(self) -> Iterator[dg.MaterializeResult[Any]]:
        """End the step, so that what depends on it goes on."""
        told = {private.SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True}
        for each in self._selected:
            yield dg.MaterializeResult(asset_key=each.key, metadata=told)

    @property
    def _selected(self) -> list[PassAsset]:
        return [each for each in self._assets if each.key in self._context.selected_asset_keys]

    def _materialization(
        self, asset: PassAsset, computed: Computed, outcomes: Sequence[PassOutcome]
    ) -> dg.AssetMaterialization:
        told = materialization_metadata(
            self._pipeline,
            asset.pass_name,
            [computed.report] if computed.report else [],
            picture=len(self._context.partition_keys) == 1,
        )
        return dg.AssetMaterialization(
            asset.key,
            partition=computed.key,
            metadata=told,
            tags=self._tags(asset, computed.key, outcomes),
        )

    def _tags(self, asset: PassAsset, key: str, outcomes: Sequence[PassOutcome]) -> dict[str, str]:
        tags = {private.CODE_VERSION_TAG: str(asset.spec.code_version)}
        if isinstance(key, dg.MultiPartitionKey):
            tags |= private.get_tags_from_multi_partition_key(key)
        version = data_version_of(main_receipts(outcomes))
        if version is not None:
            tags[private.DATA_VERSION_TAG] = version
            tags[private.DATA_VERSION_IS_USER_PROVIDED_TAG] = "true"
        for each in asset.dep_keys:
            # Our own passes have been told of by now, since each follows those that it reads.
            tags |= self._input_tags(each) if each in self._own else self._others[each]
        return tags

    def _input_tags(self, key: dg.AssetKey) -> dict[str, str]:
        """Say up to which event an input was known; its later ones make the asset stale."""
        instance = self._context.instance
        found = instance.fetch_materializations(key, limit=1).records
        found = found or instance.fetch_observations(key, limit=1).records
        version, pointer = _NO_VERSION, _NO_POINTER
        if found:
            version = _data_version(found[0]) or version
            pointer = str(found[0].storage_id)
        return {
            private.get_input_data_version_tag(key): version,
            private.get_input_event_pointer_tag(key): pointer,
        }


def _data_version(record: dg.EventLogRecord) -> str | None:
    event = record.asset_materialization or record.event_log_entry.asset_observation
    return (event.tags or {}).get(private.DATA_VERSION_TAG) if event else None
