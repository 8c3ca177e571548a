"""Are the rows of a partition the same, whoever asks for it?"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from click.testing import CliRunner
from polars.testing import assert_frame_equal
from tests.dagster_project import write_project
from tests.dagster_runs import materialize

from beaf_core import DatePartition, PartitionRun, UniversePartition, run_partition
from beaf_core.cli import app
from beaf_dagster import build_assets

Way = Callable[[Path], None]


def _by_the_function(pipes: Path) -> None:
    for day in ("2025-01-06", "2025-01-07"):
        for mic in ("XLON", "XPAR"):
            universe = UniversePartition("mic", mic)
            run_partition(pipes / "two.py", None, PartitionRun(universe, DatePartition(day)))


def _by_the_command_line(pipes: Path) -> None:
    for mic in ("XLON", "XPAR"):
        command = ["pipeline", "run", "--pipeline", str(pipes / "two.py")]
        dates = ["--start_date", "2025-01-06", "--end_date", "2025-01-07", "--set", "BATCH_FREQ=D"]
        done = CliRunner().invoke(app, [*command, *dates, "--universe", f"mic={mic}"])
        assert done.exit_code == 0, done.output


def _one_by_one(pipes: Path, *, split: bool) -> None:
    assets = build_assets(pipes / "two.py", split_passes=split)
    with dg.DagsterInstance.ephemeral() as instance:
        for day in ("2025-01-06", "2025-01-07"):
            for mic in ("XLON", "XPAR"):
                key = f"{day}|mic={mic}"
                assert dg.materialize(assets, instance=instance, partition_key=key).success


def _by_ranges(pipes: Path, *, split: bool) -> None:
    assets = build_assets(pipes / "two.py", split_passes=split)
    with dg.DagsterInstance.ephemeral() as instance:
        for mic in ("XLON", "XPAR"):
            first, last = f"2025-01-06|mic={mic}", f"2025-01-07|mic={mic}"
            assert materialize(assets, instance, first, last).success


def _frames(folder: Path, way: Way) -> dict[str, pl.DataFrame]:
    way(write_project(folder))
    data = folder / "data"
    found = {str(each.relative_to(data)): pl.read_parquet(each) for each in data.rglob("*.parquet")}
    shutil.rmtree(data)
    return found


def test_a_partition_has_the_rows_that_were_worked_out_by_hand(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    bars = build_assets(pipes / "bars.yaml")
    assert bars[0].key.path == ["pipes", "bars"]
    assert dg.materialize(bars, instance=instance, partition_key="2025-01-06|mic=XLON").success
    place = "data/tiny_bars/bars/mic=XLON/2025-01-06_2025-01-06.parquet"
    rows = pl.read_parquet(pipes.parent / place).select("ListingId", "Close").rows()
    assert rows == [(101, 10.4), (101, 10.6), (102, 20.0), (102, 21.0)]


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    """What the function writes: two days, two venues, two passes."""
    found = _frames(tmp_path_factory.mktemp("wanted"), _by_the_function)
    assert len(found) == 8
    return found


@pytest.mark.xdist_group("dagster_equality")  # what is wanted is computed once
@pytest.mark.parametrize(
    "way",
    [
        pytest.param(partial(_one_by_one, split=False), id="one by one", marks=pytest.mark.soak),
        pytest.param(partial(_one_by_one, split=True), id="one by one, pass by pass"),
        pytest.param(partial(_by_ranges, split=False), id="ranges", marks=pytest.mark.soak),
        pytest.param(partial(_by_ranges, split=True), id="ranges, pass by pass"),
        pytest.param(_by_the_command_line, id="the command line"),
    ],
)
def test_every_way_to_a_partition_leads_to_the_rows_of_run_partition(
    tmp_path: Path, wanted: dict[str, pl.DataFrame], way: Way
) -> None:
    found = _frames(tmp_path, way)
    assert found.keys() == wanted.keys()
    for place, frame in wanted.items():
        assert_frame_equal(found[place], frame, rel_tol=1e-12, abs_tol=0)
