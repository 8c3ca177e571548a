"""Which assets is a pipeline: one, or one per pass, and what does each depend on?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg

from beaf_dagster.assets.inputs import input_deps, tables_of
from beaf_dagster.automation import automation_condition_of
from beaf_dagster.freshness import freshness_of
from beaf_dagster.io.names import io_manager_key, io_metadata

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass
    from beaf_dagster.assets.translator import BeafDagsterTranslator
    from beaf_dagster.pipelines import Pipeline


@dataclass(frozen=True, slots=True)
class PassAsset:
    """An asset, and the passes whose rows it is.

    Attributes:
        pass_name: the pass; None where the whole pipeline is one asset.
        passes: the passes, by name.
        spec: its key, what it depends on, and what is said of it.
    """

    pass_name: str | None
    passes: tuple[str, ...]
    spec: dg.AssetSpec

    @property
    def key(self) -> dg.AssetKey:
        """Its key."""
        return self.spec.key

    @property
    def dep_keys(self) -> list[dg.AssetKey]:
        """What it depends on."""
        return [each.asset_key for each in self.spec.deps]


def asset_keys(
    pipeline: Pipeline, translator: BeafDagsterTranslator, split_passes: bool
) -> list[dg.AssetKey]:
    """Name the assets of a pipeline; one that cannot be loaded is one asset."""
    if not split_passes or pipeline.fault is not None:
        return [translator.get_asset_key(pipeline)]
    return [translator.get_asset_key(pipeline, each) for each in _in_order(pipeline)]


@dataclass(frozen=True, slots=True)
class PassAssets:
    """Makes the assets of pipelines.

    Attributes:
        translator: names and describes them.
        inputs: input table → its asset.
        universe_dim: how the dimension of universes is called.
        date_dim: how the dimension of dates is called.
        split_passes: whether each pass is an asset.
    """

    translator: BeafDagsterTranslator
    inputs: Mapping[str, dg.AssetKey]
    universe_dim: str
    date_dim: str
    split_passes: bool

    def of(
        self, pipeline: Pipeline, partitions_def: dg.PartitionsDefinition[str]
    ) -> list[PassAsset]:
        """List the assets of a pipeline, each after those that it depends on."""
        if self.split_passes:
            names = _in_order(pipeline)
            return [self._of_pass(pipeline, each, partitions_def) for each in names]
        passes = tuple(each.name for each in pipeline.passes)
        deps = self._raw(pipeline.passes, partitions_def)
        spec = self._spec(pipeline, None, pipeline.digest, deps)
        return [PassAsset(None, passes, spec)]

    def _of_pass(
        self, pipeline: Pipeline, name: str, partitions_def: dg.PartitionsDefinition[str]
    ) -> PassAsset:
        resolved = pipeline.ready.resolved.pass_of(name)
        keys = [self.translator.get_asset_key(pipeline, each) for each in resolved.sources]
        deps = [*map(dg.AssetDep, keys), *self._raw([resolved], partitions_def)]
        spec = self._spec(pipeline, name, pipeline.pass_digests[name], deps)
        return PassAsset(name, (name,), spec)

    def _raw(
        self, passes: Iterable[ResolvedPass], partitions_def: dg.PartitionsDefinition[str]
    ) -> list[dg.AssetDep]:
        tables = tables_of(passes)
        return input_deps(tables, self.inputs, partitions_def, self.universe_dim, self.date_dim)

    def _spec(
        self,
        pipeline: Pipeline,
        pass_name: str | None,
        code_version: str,
        deps: Sequence[dg.AssetDep],
    ) -> dg.AssetSpec:
        told = self.translator
        place = io_metadata(pipeline, pass_name, self.universe_dim, self.date_dim)
        return dg.AssetSpec(
            told.get_asset_key(pipeline, pass_name),
            deps=deps,
            group_name=told.get_group_name(pipeline),
            description=told.get_description(pipeline, pass_name),
            metadata={**told.get_metadata(pipeline, pass_name), **place},
            tags=told.get_tags(pipeline, pass_name),
            owners=told.get_owners(pipeline),
            kinds=told.get_kinds(pipeline, pass_name),
            code_version=code_version,
            automation_condition=automation_condition_of(pipeline),
            freshness_policy=freshness_of(pipeline),
        ).with_io_manager_key(io_manager_key(pipeline, pass_name))


def _in_order(pipeline: Pipeline) -> list[str]:
    """Name the passes so that each follows those that it reads; there are no circles."""
    sources = {each.name: each.sources for each in pipeline.passes}
    placed: dict[str, None] = {}

    def place(name: str) -> None:
        for each in sources[name]:
            place(each)
        placed.setdefault(name)

    for name in sources:
        place(name)
    return list(placed)
