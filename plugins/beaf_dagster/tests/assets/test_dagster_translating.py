"""Can a person give assets, jobs and schedules other names and words?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import dagster as dg

from beaf_dagster import BeafDagsterTranslator, build_assets, build_jobs
from beaf_dagster.pipelines import Pipeline, load_pipeline


class Desk(BeafDagsterTranslator):
    """What a desk calls its pipelines."""

    def get_asset_key(self, pipeline: Pipeline, pass_name: str | None = None) -> dg.AssetKey:
        return dg.AssetKey(["desk", *filter(None, (pipeline.group, pass_name))])

    def get_group_name(self, pipeline: Pipeline) -> str:
        return "desk"

    def get_description(self, pipeline: Pipeline, pass_name: str | None = None) -> str | None:
        return f"{pass_name} of the desk"

    def get_metadata(self, pipeline: Pipeline, pass_name: str | None = None) -> Mapping[str, str]:
        return {"desk": "equities"}

    def get_tags(self, pipeline: Pipeline, pass_name: str | None = None) -> Mapping[str, str]:
        return {"desk/tier": "1"}

    def get_owners(self, pipeline: Pipeline) -> Sequence[str]:
        return ["team:desk"]

    def get_kinds(self, pipeline: Pipeline, pass_name: str | None = None) -> set[str]:
        return {"delta"}

    def get_backfill_policy(self, pipeline: Pipeline) -> dg.BackfillPolicy:
        return dg.BackfillPolicy.single_run()

    def get_job_name(self, pipeline: Pipeline) -> str:
        return f"desk_{pipeline.group}"

    def get_run_tags(self, pipeline: Pipeline) -> Mapping[str, str]:
        return {"desk/cost": "7"}


def test_a_subclass_decides_on_every_name_and_word(pipes: Path) -> None:
    path = pipes / "two.py"
    [both] = build_assets(path, split_passes=True, translator=Desk())
    hours = both.specs_by_key[dg.AssetKey(["desk", "two", "hours"])]
    assert hours.group_name == "desk"
    assert hours.description == "hours of the desk"
    assert hours.metadata["desk"] == "equities"
    assert hours.tags["desk/tier"] == "1"
    assert hours.owners == ["team:desk"]
    assert hours.kinds == {"delta"}
    assert [each.asset_key for each in hours.deps] == [dg.AssetKey(["desk", "two", "bars"])]
    assert both.backfill_policy == dg.BackfillPolicy.single_run()
    jobs = build_jobs(path, split_passes=True, translator=Desk())
    assert [each.name for each in jobs] == ["desk_two", "tiny_two__job"]
    resolved = dg.Definitions(assets=[both], jobs=jobs).resolve_job_def("desk_two")
    assert resolved.run_tags["desk/cost"] == "7"


def test_without_one_the_pipeline_speaks_for_itself(pipes: Path) -> None:
    [both] = build_assets(pipes / "two.py", split_passes=True)
    hours = both.specs_by_key[dg.AssetKey(["pipes", "two", "hours"])]
    assert hours.group_name == "two"
    assert hours.description == (
        "Bars, and the last close of each hour.\n\n- **hours**: generic, of bars, every 3600 s"
    )
    assert hours.metadata["beaf/dataset"] == "tiny_two"
    assert hours.kinds == {"beaf", "polars"}
    policy = both.backfill_policy
    assert policy is not None
    assert policy.max_partitions_per_run == 100
    name = BeafDagsterTranslator().get_schedule_name(load_pipeline(pipes / "two.py"), "daily run")
    assert name == "two__daily_run"
