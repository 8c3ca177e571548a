"""What are a pipeline's assets called, and what is said of them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from beaf_dagster.pipelines import identifier

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass
    from beaf_dagster.pipelines import Pipeline

#: Key of BMLL_JOBS → the tag that the BMLL launcher reads.
_BMLL_TAGS = {
    "default_instance_size": "bmll/instance_size",
    "default_conda_env": "bmll/conda_env",
    "max_runtime_hours": "bmll/max_runtime_hours",
    "max_concurrent_instances": "bmll/max_concurrent_instances",
    "log_path": "bmll/log_path",
}
#: Tags of assets may hold no path; those of runs may.
_NOT_ON_ASSETS = ("bmll/log_path",)


class BeafDagsterTranslator:
    """Names and describes assets, jobs and schedules; override what should be otherwise.

    Wherever a method takes a `pass_name`, that is the pass of an asset of `split_passes`, and None
    where the whole pipeline is one asset. `get_asset_key`, `get_group_name`, `get_owners` and
    `get_job_name` are also asked of pipelines that cannot be loaded, which know their package,
    group and path alone.
    """

    def get_asset_key(self, pipeline: Pipeline, pass_name: str | None = None) -> dg.AssetKey:
        """Name the asset: `[package, group]`, or `[package, group, pass]`."""
        path = [pipeline.package, pipeline.group]
        return dg.AssetKey([*path, pass_name] if pass_name else path)

    def get_group_name(self, pipeline: Pipeline) -> str:
        """Name the group that a pipeline's assets are shown in: letters, digits, underscores."""
        return pipeline.group

    def get_description(self, pipeline: Pipeline, pass_name: str | None = None) -> str | None:
        """Describe the asset, in Markdown: the docstring, and what each pass computes."""
        doc = pipeline.module.__doc__ if pipeline.module else None
        passes = [each for each in pipeline.passes if pass_name in (None, each.name)]
        lines = "\n".join(f"- {_described(each)}" for each in passes)
        return "\n\n".join(filter(None, (doc and doc.strip(), lines)))

    def get_metadata(self, pipeline: Pipeline, pass_name: str | None = None) -> Mapping[str, Any]:
        """Give what stands beside the asset whatever its partition: dataset and output."""
        passes = [each for each in pipeline.passes if pass_name in (None, each.name)]
        targets = {each.name: each.targets[0].path_template for each in passes}
        return {
            "beaf/dataset": pipeline.config.DATASETNAME,
            "beaf/output": targets[pass_name] if pass_name else dg.MetadataValue.json(targets),
        }

    def get_tags(self, pipeline: Pipeline, pass_name: str | None = None) -> Mapping[str, str]:
        """Give the asset's tags: BMLL_JOBS, as far as an asset may hold them.

        Dagster never copies them to runs; `get_run_tags` are what a job's runs have.
        """
        tags = self.get_run_tags(pipeline)
        return {name: each for name, each in tags.items() if name not in _NOT_ON_ASSETS}

    def get_run_tags(self, pipeline: Pipeline) -> Mapping[str, str]:
        """Give the tags of runs of the pipeline's jobs: what BMLL_JOBS sets."""
        chosen = pipeline.config.BMLL_JOBS
        return {
            tag: str(chosen[key]) for key, tag in _BMLL_TAGS.items() if chosen.get(key) is not None
        }

    def get_owners(self, pipeline: Pipeline) -> Sequence[str]:
        """Name the owners: addresses, or `team:name`; nobody by default."""
        return ()

    def get_kinds(self, pipeline: Pipeline, pass_name: str | None = None) -> set[str]:
        """Name what the asset is made with, at most three words, shown as badges."""
        return {"beaf", "polars"}

    def get_backfill_policy(self, pipeline: Pipeline) -> dg.BackfillPolicy:
        """Say how many partitions of a backfill one run computes: 100, of one universe.

        Dagster gives each universe runs of its own, of days that follow each other. A run costs
        seconds to start, so one per day is slow; one for all days leaves a machine's other cores
        idle, and is long to watch. Whatever ends a run, each partition that it had computed stands
        and is told of, and is not computed again.
        """
        return dg.BackfillPolicy.multi_run(max_partitions_per_run=100)

    def get_job_name(self, pipeline: Pipeline) -> str:
        """Name the job that materializes all assets of a pipeline: `<group>__job`."""
        return f"{pipeline.group}__job"

    def get_dataset_job_name(self, pipeline: Pipeline) -> str:
        """Name the same job by the dataset: `<DATASETNAME>__job`."""
        return f"{identifier(pipeline.config.DATASETNAME)}__job"

    def get_schedule_name(self, pipeline: Pipeline, schedule: str) -> str:
        """Name a schedule: `<group>__<its name in SCHEDULES>`."""
        return f"{pipeline.group}__{identifier(schedule)}"


def _described(each: ResolvedPass) -> str:
    modules = ", ".join(module.module.name for module in each.modules) or "no modules"
    reads = f", of {', '.join(each.sources)}" if each.sources else ""
    return f"**{each.name}**: {modules}{reads}, every {each.config.time_bucket_seconds:g} s"
