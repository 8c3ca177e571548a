"""What do tests of processes share: a project, and definitions that wait, are killed, and fire."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from tests.dagster_processes import DagsterHome, Running, running_daemon, write_home
from tests.dagster_project import write_project
from tests.postgres import running_postgres_server

#: Three venues of the simulated market; a partition is a day.
VENUES = """
DATASETNAME: venues
SOURCE: {type: simulated}
START_DATE: "2026-02-02"
UNIVERSE: mic=XLON
PASSES:
  - {name: bars, time_bucket_seconds: 3600, modules: [trade]}
"""
DEFINITIONS = '''
import time

import dagster as dg

from beaf_dagster import build_assets, build_jobs, build_partitions

tiny = build_assets("pipes")
three = build_partitions(["mic=XLON", "mic=XPAR", "mic=BATE"], start="2026-02-01")
venues = build_assets("more", partitions_def=three)
jobs = build_jobs("pipes")


@dg.asset(tags={"bmll/instance_size": "16", "bmll/max_runtime_hours": "0.5"})
def waits() -> None:
    """Says that it has begun, and waits."""
    print("it has begun", flush=True)
    time.sleep(600)


@dg.schedule(cron_schedule="* * * * *", job=next(each for each in jobs if each.name == "bars__job"),
             default_status=dg.DefaultScheduleStatus.RUNNING)
def each_minute(context):
    return dg.RunRequest(partition_key="2025-01-06|mic=XLON", run_key=None)


defs = dg.Definitions(assets=[*tiny, *venues, waits], jobs=jobs, schedules=[{schedules}])
'''

SETTINGS = {
    "run_launcher": {"module": "beaf_dagster.launcher", "class": "BeafRunLauncher"},
    "run_monitoring": {"enabled": True, "poll_interval_seconds": 2},
}


@dataclass(frozen=True)
class Stage:
    """A project, its home and its daemon."""

    project: Path
    home: DagsterHome
    instance: dg.DagsterInstance
    daemon: Running


def write_stage(folder: Path, *, schedules: str = "") -> Path:
    """Write a project whose `defs.py` has pipelines, and an asset that waits."""
    write_project(folder)
    (folder / "more").mkdir()
    (folder / "more" / "venues.yaml").write_text(VENUES)
    (folder / "defs.py").write_text(DEFINITIONS.replace("{schedules}", schedules))
    return folder


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A daemon over a PostgreSQL, with BEAF's launcher, and a schedule that fires each minute."""
    folder = write_stage(tmp_path_factory.mktemp("stage"), schedules="each_minute")
    with running_postgres_server() as server:
        home = write_home(folder / "home", postgres=server.create_database(), settings=SETTINGS)
        with (
            running_daemon(home, "-f", "defs.py", cwd=folder) as daemon,
            home.instance() as instance,
        ):
            yield Stage(folder, home, instance, daemon)
