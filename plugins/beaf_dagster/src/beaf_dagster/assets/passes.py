"""Which assets is a pipeline: one, or one per pass, and what does each depend on?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from beaf_dagster.assets.inputs import input_deps, tables_of

if TYPE_CHECKING:
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


def pass_assets(
    pipeline: Pipeline,
    translator: BeafDagsterTranslator,
    inputs: Mapping[str, dg.AssetKey],
    partitions_def: dg.PartitionsDefinition[str],
    *,
    split_passes: bool,
) -> list[PassAsset]:
    """List the assets of a pipeline, each after those that it depends on."""
    if not split_passes:
        passes = tuple(each.name for each in pipeline.passes)
        deps = input_deps(tables_of(pipeline.passes), inputs, partitions_def)
        spec = _spec(pipeline, translator, None, pipeline.digest, deps)
        return [PassAsset(None, passes, spec)]
    return [
        _of_pass(pipeline, name, translator, inputs, partitions_def) for name in _in_order(pipeline)
    ]


def _of_pass(
    pipeline: Pipeline,
    name: str,
    translator: BeafDagsterTranslator,
    inputs: Mapping[str, dg.AssetKey],
    partitions_def: dg.PartitionsDefinition[str],
) -> PassAsset:
    resolved = pipeline.ready.resolved.pass_of(name)
    read = [dg.AssetDep(translator.get_asset_key(pipeline, each)) for each in resolved.sources]
    deps = [*read, *input_deps(tables_of([resolved]), inputs, partitions_def)]
    spec = _spec(pipeline, translator, name, pipeline.pass_digests[name], deps)
    return PassAsset(name, (name,), spec)


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


def _spec(
    pipeline: Pipeline,
    translator: BeafDagsterTranslator,
    pass_name: str | None,
    code_version: str,
    deps: Sequence[dg.AssetDep],
) -> dg.AssetSpec:
    metadata: Mapping[str, Any] = translator.get_metadata(pipeline, pass_name)
    return dg.AssetSpec(
        translator.get_asset_key(pipeline, pass_name),
        deps=deps,
        group_name=translator.get_group_name(pipeline),
        description=translator.get_description(pipeline, pass_name),
        metadata=metadata,
        tags=translator.get_tags(pipeline, pass_name),
        owners=translator.get_owners(pipeline),
        kinds=translator.get_kinds(pipeline, pass_name),
        code_version=code_version,
    )
