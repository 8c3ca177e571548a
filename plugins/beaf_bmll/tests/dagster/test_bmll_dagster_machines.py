"""Do a daemon and a page, started apart over one PostgreSQL, run Dagster on machines of BMLL?

Everything is real but BMLL's servers: Dagster's queue, its monitor and its backfills, the vendor's
package, the bootstrap, the script, and the worker, each in a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.dagster_processes import (
    POSTGRES,
    DagsterHome,
    Running,
    Webserver,
    events_of,
    running_daemon,
    running_webserver,
    wait_until,
    write_home,
)
from tests.postgres import running_postgres_server

from beaf_bmll.testing import Emulator
from beaf_core import DatePartition, PartitionRun, UniversePartition, run_partition

from .conftest import options_of, settings_of

pytestmark = pytest.mark.soak

VENUES = """
DATASETNAME: venues
SOURCE: {type: simulated}
START_DATE: "2026-02-02"
UNIVERSE: mic=XLON
PASSES:
  - {name: bars, time_bucket_seconds: 3600, modules: [trade]}
BMLL_JOBS: {default_instance_size: 64, max_concurrent_instances: 2}
"""
DEFINITIONS = '''
import time

import dagster as dg

from beaf_dagster import build_assets, build_partitions

three = build_partitions(["mic=XLON", "mic=XPAR", "mic=BATE"], start="2026-02-01")


@dg.asset(tags={"bmll/instance_size": "32", "bmll/max_runtime_hours": "0.5"})
def waits() -> None:
    """Says that it has begun, and waits."""
    print("it has begun", flush=True)
    time.sleep(600)


defs = dg.Definitions(assets=[*build_assets("pipes", partitions_def=three), waits])
'''
LAUNCH = """
mutation ($assets: [AssetKeyInput!], $tags: [ExecutionTag!]) {
  launchRun(executionParams: {
    selector: {
      repositoryLocationName: "defs.py", repositoryName: "__repository__",
      jobName: "__ASSET_JOB", assetSelection: $assets
    },
    executionMetadata: {tags: $tags}
  }) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}
"""
TERMINATE = "mutation ($run: String!) { terminateRun(runId: $run) { __typename } }"
BACKFILL = """
mutation ($assets: [AssetKeyInput!], $keys: [String!]) {
  launchPartitionBackfill(backfillParams: {assetSelection: $assets, partitionNames: $keys}) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
  }
}
"""


@dataclass(frozen=True)
class Stage:
    """BMLL's servers with machines; and a daemon and a page over one home in an area."""

    emulator: Emulator
    project: Path
    home: DagsterHome
    instance: dg.DagsterInstance
    daemon: Running
    web: Webserver

    def launched(self, asset: str, **tags: str) -> str:
        """Launch a run of an asset as the page does; its id."""
        told = self.web.graphql(
            LAUNCH,
            assets=[{"path": [asset]}],
            tags=[{"key": f"bmll/{name}", "value": each} for name, each in tags.items()],
        )["launchRun"]
        assert told["__typename"] == "LaunchRunSuccess", told
        run_id: str = told["run"]["runId"]
        return run_id

    def run(self, run_id: str) -> dg.DagsterRun:
        found = self.instance.get_run_by_id(run_id)
        assert found is not None
        return found

    def told(self, run_id: str) -> str:
        return events_of(self.instance, run_id) + self.daemon.said()

    def machine(self, run_id: str) -> Any:
        """Find the machine of a run that has said that it has begun."""

        def found() -> Any:
            job = self.run(run_id).tags.get("beaf/job")
            machine = self.emulator.run(job.split("/")[1]) if job else None
            said = [each.message for each in machine.stream] if machine else []
            return machine if any("it has begun" in each for each in said) else None

        return wait_until(found, 120, lambda: self.told(run_id))

    def ended(self, run_id: str, seconds: float) -> dg.DagsterRun:
        wait_until(lambda: self.run(run_id).is_finished, seconds, lambda: self.told(run_id))
        return self.run(run_id)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The whole of it; a password of PostgreSQL stands in the `env_file` alone."""
    with (
        Emulator(tmp_path_factory.mktemp("bmll")) as emulator,
        running_postgres_server() as server,
    ):
        project = emulator.area_roots["user"] / "project"
        (project / "pipes").mkdir(parents=True)
        (project / "pipes" / "venues.yaml").write_text(VENUES)
        (project / "defs.py").write_text(DEFINITIONS)
        secrets = project / "secrets.env"
        options = options_of(emulator) | {"env_file": str(secrets)}
        settings = settings_of(options) | {
            "run_monitoring": {"enabled": True, "poll_interval_seconds": 2},
            "concurrency": {"runs": {"max_concurrent_runs": 2}},
        }
        home = write_home(project / "home", postgres=server.create_database(), settings=settings)
        secrets.write_text(f"{POSTGRES}={home.environment[POSTGRES]}\n")
        outside = emulator.environment
        with (
            running_daemon(home, "-f", "defs.py", cwd=project, environment=outside) as daemon,
            running_webserver(home, "-f", "defs.py", cwd=project, environment=outside) as web,
            home.instance() as instance,
        ):
            yield Stage(emulator, project, home, instance, daemon, web)
        assert not emulator.violations


def test_a_backfill_goes_through_the_queue_two_machines_at_a_time(stage: Stage) -> None:
    # Dagster puts partitions of the same days into one run: these are four, and three runs.
    keys = ["02-02|mic=XLON", "02-03|mic=XLON", "02-05|mic=XPAR", "02-08|mic=BATE"]
    keys = [f"2026-{each}" for each in keys]
    asset = {"path": ["pipes", "venues"]}
    told = stage.web.graphql(BACKFILL, assets=[asset], keys=keys)["launchPartitionBackfill"]
    assert told["__typename"] == "LaunchBackfillSuccess", told
    filters = dg.RunsFilter(tags={"dagster/backfill": told["backfillId"]})

    def all_ended() -> list[dg.DagsterRun] | None:
        runs = list(stage.instance.get_runs(filters))
        backfill = stage.instance.get_backfill(told["backfillId"])
        done = backfill is not None and backfill.status.value.startswith("COMPLETED")
        return runs if done and all(each.is_finished for each in runs) else None

    def why() -> str:
        runs = stage.instance.get_runs(filters)
        return "\n".join(events_of(stage.instance, each.run_id) for each in runs)

    runs = wait_until(all_ended, 240, lambda: why() + stage.daemon.said())
    assert len(runs) == 3
    assert {each.status for each in runs} == {dg.DagsterRunStatus.SUCCESS}, why()
    machines = [stage.emulator.wait(each.tags["beaf/job"].split("/")[1]) for each in runs]
    assert [each.settings["instanceSize"] for each in machines] == [64] * 3, "BMLL_JOBS' word"
    assert len(stage.emulator.runs) == len(runs), "one machine for each run"
    assert most_at_once(machines) == 2
    assert len(list(stage.project.rglob("data/venues/**/*.parquet"))) == 4


def most_at_once(machines: list[Any]) -> int:
    """Count how many machines were there at the same time, at most."""
    spans = [(each.states[0][1], each.states[-1][1]) for each in machines]
    return max(sum(began <= at < end for began, end in spans) for at, _ in spans)


def test_the_rows_are_those_of_a_run_here(stage: Stage, tmp_path: Path) -> None:
    london = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2026-02-02"))
    name = "mic=XLON/2026-02-02_2026-02-02.parquet"
    [there] = [each for each in stage.project.rglob("*.parquet") if str(each).endswith(name)]
    pipeline = tmp_path / "venues.yaml"
    pipeline.write_text(VENUES)
    report = run_partition(pipeline, None, london)
    here = Path(report.receipts[0].location)
    assert there != here
    assert_frame_equal(pl.read_parquet(there), pl.read_parquet(here))


def test_a_run_that_is_cancelled_on_the_page_ends_with_its_machine(stage: Stage) -> None:
    run_id = stage.launched("waits", instance_size="128")
    machine = stage.machine(run_id)
    assert machine.settings["instanceSize"] == 128, "the run's own tag is over its asset's"
    told = stage.web.graphql(TERMINATE, run=run_id)["terminateRun"]
    assert told["__typename"] == "TerminateRunSuccess", told
    run = stage.ended(run_id, 60)
    assert run.status is dg.DagsterRunStatus.CANCELED, stage.told(run_id)
    assert run.tags["dagster/max_runtime"] == "1800"  # of the asset: half an hour
    assert not stage.emulator.wait(machine.id).active


def test_a_run_whose_machine_is_lost_is_reported_failed(stage: Stage) -> None:
    run_id = stage.launched("waits")
    machine = stage.machine(run_id)
    assert machine.settings["instanceSize"] == 32, "its asset's tag"
    stage.emulator.lose_machine(machine.id)
    run = stage.ended(run_id, 60)
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert "left no last word" in stage.told(run_id)


def test_no_password_is_told_anywhere(stage: Stage) -> None:
    from tests.postgres import PASSWORD

    words = (stage.home.environment[POSTGRES].encode(), PASSWORD.encode())
    files = [each for each in stage.emulator.root.rglob("*") if each.is_file()]
    assert len(files) > 20
    telling = [each for each in files if any(word in each.read_bytes() for word in words)]
    assert [each.name for each in telling] == ["secrets.env"]
