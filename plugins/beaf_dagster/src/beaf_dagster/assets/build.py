"""How does a pipeline become assets?

Annotations are not postponed here: Dagster looks at the type of `context` itself.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import dagster as dg

from beaf_core import BeafError
from beaf_dagster.assets.broken import broken_asset, of_one_key, op_name
from beaf_dagster.assets.passes import PassAssets, asset_keys
from beaf_dagster.assets.step import Event, Step
from beaf_dagster.assets.telling import check_specs_of
from beaf_dagster.assets.translator import BeafDagsterTranslator
from beaf_dagster.io_manager import with_default_io
from beaf_dagster.partitions.definition import partitions_of
from beaf_dagster.partitions.keys import DATE, UNIVERSE
from beaf_dagster.pipelines import Package, Pipeline, Pipelines, as_pipelines, with_place

log = logging.getLogger("beaf.dagster")


def build_assets(
    pkg: Pipelines = "demo",
    partitions_def: dg.PartitionsDefinition[str] | None = None,
    universe_dim: str = UNIVERSE,
    date_dim: str = DATE,
    split_passes: bool = False,
    input_asset_keys: Mapping[str, dg.AssetKey] | None = None,
    *,
    translator: BeafDagsterTranslator | None = None,
) -> list[dg.AssetsDefinition]:
    """Make assets of pipelines.

    A pipeline that cannot be loaded becomes an asset that says why; the others are not affected.

    Args:
        pkg: a package, a module, a folder, a pipeline's file, or a list of these.
        partitions_def: the partitions of all of them; each pipeline's own, if None.
        universe_dim: how the dimension of universes is called.
        date_dim: how the dimension of dates is called.
        split_passes: whether each pass is an asset; the passes of a pipeline stay one step.
        input_asset_keys: input table → its asset, as `build_input_source_assets` returns them.
        translator: names and describes the assets.

    Raises:
        UsageError: there is no such package, or no pipeline in it.
    """
    chosen = translator or BeafDagsterTranslator()
    make = PassAssets(chosen, input_asset_keys or {}, universe_dim, date_dim, split_passes)
    return list(_Factory(make, partitions_def).assets(as_pipelines(pkg)))


def build_assets_for_module(
    module: Package,
    partitions_def: dg.PartitionsDefinition[str] | None = None,
    universe_dim: str = UNIVERSE,
    date_dim: str = DATE,
    split_passes: bool = False,
    input_asset_keys: Mapping[str, dg.AssetKey] | None = None,
    *,
    translator: BeafDagsterTranslator | None = None,
) -> list[dg.AssetsDefinition]:
    """Make assets of one module; `build_assets` takes modules, too."""
    return build_assets(
        module,
        partitions_def,
        universe_dim,
        date_dim,
        split_passes,
        input_asset_keys,
        translator=translator,
    )


@dataclass(frozen=True, slots=True)
class _Factory:
    make: PassAssets
    partitions_def: dg.PartitionsDefinition[str] | None

    def assets(self, pipelines: list[Pipeline]) -> Iterator[dg.AssetsDefinition]:
        by_key: dict[dg.AssetKey, list[Pipeline]] = defaultdict(list)
        for each in pipelines:
            by_key[self.make.translator.get_asset_key(each)].append(each)
        for key, found in by_key.items():
            if len(found) > 1:
                yield self._broken(found[0], of_one_key(found, key), [key])
            else:
                yield self._asset(found[0])

    def _asset(self, pipeline: Pipeline) -> dg.AssetsDefinition:
        keys = asset_keys(pipeline, self.make.translator, self.make.split_passes)
        if pipeline.fault is not None:
            return self._broken(pipeline, pipeline.fault, keys)
        try:
            return self._computed(pipeline)
        except BeafError as fault:  # of its universes, or its dates
            return self._broken(pipeline, with_place(fault, pipeline.path), keys)

    def _broken(
        self, pipeline: Pipeline, fault: BeafError, keys: list[dg.AssetKey]
    ) -> dg.AssetsDefinition:
        if fault is not pipeline.fault:  # that one has been told
            log.error("a pipeline cannot be an asset: %s", fault)
        return broken_asset(pipeline, fault, self.make.translator, keys, self.partitions_def)

    def _computed(self, pipeline: Pipeline) -> dg.AssetsDefinition:
        dimensions = self.make.universe_dim, self.make.date_dim
        partitions = self.partitions_def or partitions_of(pipeline, *dimensions)
        assets = self.make.of(pipeline, partitions)
        step = Step(pipeline, assets, partitions, *dimensions)

        @dg.multi_asset(
            name=op_name(pipeline),
            specs=[each.spec for each in assets],
            check_specs=[
                check
                for each in assets
                for check in check_specs_of(pipeline, each.pass_name, asset=each.key)
            ],
            partitions_def=partitions,
            can_subset=len(assets) > 1,
            backfill_policy=self.make.translator.get_backfill_policy(pipeline),
        )
        def computed(context: dg.AssetExecutionContext) -> Iterator[Event]:
            yield from step.run(context)

        return with_default_io(computed)
