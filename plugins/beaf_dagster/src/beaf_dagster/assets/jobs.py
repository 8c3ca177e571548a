"""Which jobs materialize a pipeline?"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import dagster as dg

from beaf_dagster.assets.passes import asset_keys
from beaf_dagster.assets.translator import BeafDagsterTranslator
from beaf_dagster.pipelines import Pipeline, Pipelines, as_pipelines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

log = logging.getLogger("beaf.dagster")


def build_jobs(
    pkg: Pipelines = "demo",
    split_passes: bool = False,
    translator: BeafDagsterTranslator | None = None,
) -> list[UnresolvedAssetJobDefinition]:
    """Make jobs that materialize all assets of a pipeline.

    Each pipeline has `<group>__job`, and `<DATASETNAME>__job` too; of several with one name, the
    first has it. Runs of both bear the tags of BMLL_JOBS.

    Args:
        pkg: as `build_assets` takes it.
        split_passes: whether each pass is an asset.
        translator: names jobs and assets.
    """
    chosen = translator or BeafDagsterTranslator()
    pipelines = as_pipelines(pkg)
    keys = keys_by_pipeline(pipelines, chosen, split_passes=split_passes)
    jobs = [_Job(chosen.get_job_name(each), each, found) for each, found in keys]
    jobs += [
        _Job(chosen.get_dataset_job_name(each), each, found)
        for each, found in keys
        if each.fault is None
    ]
    return [each.defined(chosen) for each in _without_twins(jobs)]


def keys_by_pipeline(
    pipelines: Sequence[Pipeline], translator: BeafDagsterTranslator, *, split_passes: bool
) -> list[tuple[Pipeline, list[dg.AssetKey]]]:
    """List the asset keys of pipelines; several that would be one asset are that broken one."""
    return [
        (found[0], [key] if len(found) > 1 else asset_keys(found[0], translator, split_passes))
        for key, found in by_key(pipelines, translator).items()
    ]


def by_key(
    pipelines: Iterable[Pipeline], translator: BeafDagsterTranslator | None = None
) -> dict[dg.AssetKey, list[Pipeline]]:
    """Group pipelines by the key of their asset; of several nobody knows whose it is."""
    chosen = translator or BeafDagsterTranslator()
    found: dict[dg.AssetKey, list[Pipeline]] = defaultdict(list)
    for each in pipelines:
        found[chosen.get_asset_key(each)].append(each)
    return found


@dataclass(frozen=True, slots=True)
class _Job:
    name: str
    pipeline: Pipeline
    keys: Sequence[dg.AssetKey]

    def defined(self, translator: BeafDagsterTranslator) -> UnresolvedAssetJobDefinition:
        whole = self.pipeline.fault is None
        tags = translator.get_run_tags(self.pipeline) if whole else {}
        return _asset_job(
            self.name,
            tuple(self.keys),
            f"Materializes {self.pipeline.path.name}.",
            tuple(tags.items()),
        )


@lru_cache
def _asset_job(
    name: str, keys: tuple[dg.AssetKey, ...], description: str, tags: tuple[tuple[str, str], ...]
) -> UnresolvedAssetJobDefinition:
    """Make a job; equal ones are one object.

    Dagster would take the job of a schedule and an equal one among `jobs=` for two of one name.
    """
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*keys),
        description=description,
        run_tags=dict(tags),
    )


def _without_twins(jobs: Sequence[_Job]) -> list[_Job]:
    """Keep the first job of each name, so groups before datasets; say which are left out."""
    kept: dict[str, _Job] = {}
    for each in jobs:
        first = kept.setdefault(each.name, each)
        if first.pipeline is not each.pipeline:
            log.warning(
                "the job %s is that of %s; %s would have it too, and has none of this name",
                each.name,
                first.pipeline.path,
                each.pipeline.path,
            )
    return list(kept.values())
