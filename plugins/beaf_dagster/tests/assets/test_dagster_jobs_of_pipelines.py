"""Has each pipeline its jobs, with the tags that its runs need?"""

from __future__ import annotations

import logging
from pathlib import Path

import dagster as dg
import pytest

from beaf_dagster import build_assets, build_jobs

JOBS = (
    "BMLL_JOBS: {default_instance_size: 64, log_path: /home/logs, "
    "default_conda_env: py311-latest}\n"
)


def test_a_pipeline_has_a_job_by_its_file_and_one_by_its_dataset(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    jobs = build_jobs(pipes, split_passes=True)
    assert sorted(each.name for each in jobs) == [
        "bars__job",
        "tiny_bars__job",
        "tiny_two__job",
        "two__job",
    ]
    defs = dg.Definitions(assets=build_assets(pipes, split_passes=True), jobs=jobs)
    done = defs.resolve_job_def("tiny_two__job").execute_in_process(
        instance=instance, partition_key="2025-01-06|mic=XLON"
    )
    keys = [each.asset_key.path for each in done.get_asset_materialization_events() if each]
    assert keys == [["pipes", "two", "bars"], ["pipes", "two", "hours"]]


def test_runs_of_a_job_have_the_tags_of_bmll_jobs_and_assets_those_without_a_path(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    path = pipes / "bars.yaml"
    path.write_text(path.read_text() + JOBS)
    [bars] = build_assets(path)
    defs = dg.Definitions(assets=[bars], jobs=build_jobs(path))
    done = defs.resolve_job_def("bars__job").execute_in_process(
        instance=instance, partition_key="2025-01-06|mic=XLON"
    )
    run = instance.get_run_by_id(done.run_id)
    assert run is not None
    tags = run.tags
    assert tags["bmll/instance_size"] == "64"
    assert tags["bmll/log_path"] == "/home/logs"
    of_asset = bars.specs_by_key[bars.key].tags
    assert of_asset["bmll/conda_env"] == "py311-latest"
    assert "bmll/log_path" not in of_asset


def test_a_job_name_of_two_datasets_is_the_firsts_and_the_other_is_told(
    pipes: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (pipes / "other.yaml").write_text((pipes / "bars.yaml").read_text())
    with caplog.at_level(logging.WARNING, "beaf"):
        jobs = build_jobs(pipes)
    assert [each.name for each in jobs].count("tiny_bars__job") == 1
    assert "the job tiny_bars__job is that of" in caplog.text
    assert "other.yaml would have it too" in caplog.text


def test_a_broken_pipeline_has_a_job_that_fails_as_its_asset_does(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    (pipes / "bad.py").write_text("USER_CONFIG = 1 / 0\n")
    defs = dg.Definitions(assets=build_assets(pipes), jobs=build_jobs(pipes))
    job = defs.resolve_job_def("bad__job")
    done = job.execute_in_process(instance=instance, raise_on_error=False)
    assert not done.success
