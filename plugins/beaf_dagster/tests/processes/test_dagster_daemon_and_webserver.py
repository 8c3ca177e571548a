"""Do a daemon and a webserver, started apart over one PostgreSQL, do what a user sees them do?"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import polars as pl
import pytest
from tests.dagster_processes import (
    Webserver,
    events_of,
    running_webserver,
    wait_for_runs,
    wait_until,
)

if TYPE_CHECKING:
    from conftest import Stage

pytestmark = pytest.mark.soak

LAUNCH = """
mutation ($job: String!, $assets: [AssetKeyInput!], $tags: [ExecutionTag!]) {
  launchRun(executionParams: {
    selector: {
      repositoryLocationName: "defs.py", repositoryName: "__repository__",
      jobName: $job, assetSelection: $assets
    },
    executionMetadata: {tags: $tags}
  }) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}
"""
TERMINATE = """
mutation ($run: String!) {
  terminateRun(runId: $run) { __typename ... on TerminateRunFailure { message } }
}
"""
BACKFILL = """
mutation ($assets: [AssetKeyInput!], $keys: [String!]) {
  launchPartitionBackfill(backfillParams: {assetSelection: $assets, partitionNames: $keys}) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
  }
}
"""
PARTITIONS = """
query ($asset: AssetKeyInput!) {
  assetNodeOrError(assetKey: $asset) { ... on AssetNode { partitionStats { numMaterialized } } }
}
"""


@pytest.fixture(scope="module")
def web(stage: Stage) -> Iterator[Webserver]:
    """A webserver beside the daemon, over the same home."""
    with running_webserver(stage.home, "-f", "defs.py", cwd=stage.project) as running:
        yield running


def launched(web: Webserver, asset: list[str], **tags: str) -> str:
    """Launch a run of an asset as the page does; its id."""
    told = web.graphql(
        LAUNCH,
        job="__ASSET_JOB",
        assets=[{"path": asset}],
        tags=[{"key": name.replace("__", "/"), "value": each} for name, each in tags.items()],
    )["launchRun"]
    assert told["__typename"] == "LaunchRunSuccess", told
    run_id: str = told["run"]["runId"]
    return run_id


def begun(stage: Stage, run_id: str) -> int:
    """Wait until the asset that waits has begun; the pid of its worker."""

    def pid() -> int | None:
        text = events_of(stage.instance, run_id)
        found = re.search(r"Started process for run \(pid: (\d+)\)", text)
        return int(found[1]) if (found and "STEP_START" in text) or found else None

    found = wait_until(pid, 90, lambda: events_of(stage.instance, run_id) + stage.daemon.said())
    log = next(stage.project.glob(f".beaf/commands/{run_id}/log.txt"))
    wait_until(lambda: "it has begun" in log.read_text(), 90, log.read_text)
    return found


def the_run(stage: Stage, run_id: str) -> dg.DagsterRun:
    run = stage.instance.get_run_by_id(run_id)
    assert run is not None
    return run


def ended(stage: Stage, run_id: str, seconds: float) -> dg.DagsterRun:
    def told() -> str:
        return events_of(stage.instance, run_id) + stage.daemon.said()

    wait_until(lambda: the_run(stage, run_id).is_finished, seconds, told)
    return the_run(stage, run_id)


def test_a_schedule_fires_and_its_run_writes_the_partition(stage: Stage) -> None:
    filters = dg.RunsFilter(tags={"dagster/schedule_name": "each_minute"})
    runs = wait_for_runs(stage.instance, filters=filters, seconds=180, told=stage.daemon.said)
    assert runs[-1].status is dg.DagsterRunStatus.SUCCESS, events_of(
        stage.instance, runs[-1].run_id
    )
    assert runs[-1].tags["beaf/launcher"] == "local"
    place = "data/tiny_bars/bars/mic=XLON/2025-01-06_2025-01-06.parquet"
    rows = pl.read_parquet(stage.project / place).select("ListingId", "Close").rows()
    assert rows == [(101, 10.4), (101, 10.6), (102, 20.0), (102, 21.0)]


def test_a_cancelled_run_ends_as_cancelled(stage: Stage, web: Webserver) -> None:
    run_id = launched(web, ["waits"], bmll__instance_size="64")
    pid = begun(stage, run_id)
    began = time.monotonic()
    told = web.graphql(TERMINATE, run=run_id)["terminateRun"]
    assert told["__typename"] == "TerminateRunSuccess", told
    run = ended(stage, run_id, 45)
    print(f"cancelled after {time.monotonic() - began:.1f} s")
    assert run.status is dg.DagsterRunStatus.CANCELED, events_of(stage.instance, run_id)
    assert run.tags["dagster/max_runtime"] == "1800"  # of the asset: half an hour
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), 40)


def test_a_killed_worker_is_reported_failed_with_its_signal_and_its_last_lines(
    stage: Stage, web: Webserver
) -> None:
    run_id = launched(web, ["waits"])
    pid = begun(stage, run_id)
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    run = ended(stage, run_id, 33)
    print(f"reported after {time.monotonic() - began:.1f} s")
    assert run.status is dg.DagsterRunStatus.FAILURE
    text = events_of(stage.instance, run_id)
    assert "exit code -9 (SIGKILL)" in text
    assert "it has begun" in text


def test_a_backfill_fills_three_universes_by_ten_days(stage: Stage, web: Webserver) -> None:
    days = [f"2026-02-{day:02}" for day in range(2, 12)]
    keys = [f"{day}|mic={mic}" for mic in ("XLON", "XPAR", "BATE") for day in days]
    asset = {"path": ["more", "venues"]}
    told = web.graphql(BACKFILL, assets=[asset], keys=keys)["launchPartitionBackfill"]
    assert told["__typename"] == "LaunchBackfillSuccess", told
    filters = dg.RunsFilter(tags={"dagster/backfill": told["backfillId"]})

    def counted() -> int:
        node: dict[str, Any] = web.graphql(PARTITIONS, asset=asset)["assetNodeOrError"]
        count: int = node["partitionStats"]["numMaterialized"]
        return count

    def why() -> str:
        runs = stage.instance.get_runs(filters)
        return "\n".join(events_of(stage.instance, each.run_id) for each in runs)

    wait_until(lambda: counted() == 30, 300, why)
    assert len(stage.instance.get_runs(filters)) <= 6  # pieces of one universe, not thirty
    files = list((stage.project / "data" / "venues").rglob("*.parquet"))
    assert len(files) == 30


def test_the_page_of_an_asset_shows_its_partitions(
    stage: Stage, web: Webserver, tmp_path: Path
) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium on the PATH")  # no package index for Python brings one
    picture = Path(os.environ.get("BEAF_PICTURES", tmp_path)) / "asset_partitions.png"
    subprocess.run(
        (
            *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *("--window-size=1600,1000", "--virtual-time-budget=30000"),
            *(f"--user-data-dir={tmp_path}/profile", f"--screenshot={picture}"),
            f"{web.url}/assets/more/venues?view=partitions",
        ),
        check=True,
        timeout=180,
        capture_output=True,
    )
    assert picture.stat().st_size > 20_000  # an empty page is 5 kB
