"""Does a queued run of the command line reach its worker by way of a real daemon?"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from click.testing import CliRunner
from polars.testing import assert_frame_equal
from tests.dagster_processes import events_of, running_daemon, wait_for_runs, write_home
from tests.dagster_project import write_project

from beaf_core import DatePartition, PartitionRun, UniversePartition, run_partition
from beaf_core.cli import app

LONDON = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-06"))
SETTINGS = {"run_launcher": {"module": "beaf_dagster.launcher", "class": "BeafRunLauncher"}}


@pytest.mark.xdist_group("dagster_processes")
def test_a_run_that_is_queued_is_launched_by_the_daemon_and_writes_its_partition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipes = write_project(tmp_path)
    home = write_home(tmp_path / "home", settings=SETTINGS)
    (tmp_path / "empty.py").write_text("import dagster as dg\ndefs = dg.Definitions()\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(home.folder))
    monkeypatch.setenv("BEAF_PIPELINES", "")  # what the command sets is undone after the test
    asked = ("--pipeline", str(pipes / "bars.yaml"), "--partition", "2025-01-06|mic=XLON")
    with running_daemon(home, "-f", "empty.py", cwd=tmp_path) as daemon, home.instance() as opened:
        began = time.monotonic()
        done = CliRunner().invoke(app, ["dagster", "run", *asked, "--launch"])
        assert done.exit_code == 0, done.stderr
        assert done.stdout.startswith("queued pipes/bars 2025-01-06|mic=XLON run ")
        (run,) = wait_for_runs(opened, seconds=120, told=daemon.said)
        print(f"asked for and written within {time.monotonic() - began:.1f} s")
        told = events_of(opened, run.run_id)
        assert run.status is dg.DagsterRunStatus.SUCCESS, told
        assert "The launcher local has taken the run" in told
    place = "data/tiny_bars/bars/mic=XLON/2025-01-06_2025-01-06.parquet"
    rows = pl.read_parquet(tmp_path / place).select("ListingId", "Close").rows()
    assert rows == [(101, 10.4), (101, 10.6), (102, 20.0), (102, 21.0)]
    launched = pl.read_parquet(tmp_path / place)
    shutil.rmtree(tmp_path / "data")
    run_partition(pipes / "bars.yaml", None, LONDON)
    assert_frame_equal(launched, pl.read_parquet(tmp_path / place))
    assert not list(home.folder.glob("beaf/instances/*"))  # no way to the instance is left behind
