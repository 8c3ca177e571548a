"""What stands after several runs have written at once, after one has died, and on a server?"""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import dagster as dg
import polars as pl
import pytest
from tests.dagster_io import GRID, LONDON, bars, keeping
from tests.postgres import PASSWORD, PostgresServer

from beaf_core import ResourceError
from beaf_dagster import OutputTargetIOManager
from beaf_dagster.io.names import IO_MANAGER_KEY

KEYS = [f"2025-01-0{day}|mic={mic}" for day in (6, 7) for mic in ("XLON", "XPAR")]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Writer:
    """Hands frames over as the steps of Dagster do."""

    def __init__(self, instance: dg.DagsterInstance, **target: Any) -> None:
        base = {"DATASETNAME": "mine", "OUTPUT_TARGET": target}
        self.instance, self.manager = instance, OutputTargetIOManager(base_config=base)

    def write(self, key: str, frame: pl.DataFrame | pl.LazyFrame) -> None:
        context = dg.build_output_context(
            asset_key="mids",
            asset_spec=dg.AssetSpec("mids"),
            asset_partitions_def=GRID,
            partition_key=key,
            instance=self.instance,
        )
        self.manager.handle_output(context, frame)

    def read(self, key: str) -> pl.DataFrame:
        context = dg.build_input_context(
            asset_key="mids",
            dagster_type=dg.PythonObjectDagsterType(pl.DataFrame),
            asset_partitions_def=GRID,
            partition_key=key,
            instance=self.instance,
        )
        value = self.manager.load_input(context)
        assert isinstance(value, pl.DataFrame)
        return value


def test_writers_of_one_delta_table_lose_nothing(instance: dg.DagsterInstance) -> None:
    writers = [Writer(instance, type="delta") for _ in KEYS]  # each run has one of its own
    writers[0].write(KEYS[0], bars(9.0))
    frames = [bars(float(number)) for number in range(len(KEYS))]
    with ThreadPoolExecutor(len(KEYS)) as pool:
        list(pool.map(Writer.write, writers, KEYS, frames))
    for key, frame in zip(KEYS, frames, strict=True):
        assert writers[0].read(key).equals(frame)


def test_of_two_writers_of_one_partition_the_last_one_stays_whole(
    instance: dg.DagsterInstance,
) -> None:
    frames = [bars(*[float(number)] * 5) for number in range(4)]
    writers = [Writer(instance) for _ in frames]
    with ThreadPoolExecutor(len(frames)) as pool:
        list(pool.map(Writer.write, writers, [LONDON] * 4, frames))
    assert any(writers[0].read(LONDON).equals(each) for each in frames)
    assert len(list(Path("data").rglob("*.parquet*"))) == 1  # and nothing half-written beside it


def test_a_writer_waits_until_a_living_one_has_its_file_in_place(
    instance: dg.DagsterInstance,
) -> None:
    begun = threading.Event()

    def slowly(frame: pl.DataFrame) -> pl.DataFrame:
        begun.set()
        time.sleep(0.5)
        return frame

    slow = bars(1.0).lazy().map_batches(slowly, schema=bars().schema)
    first, second = Writer(instance), Writer(instance)
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(first.write, LONDON, slow)
        assert begun.wait(30)
        second.write(LONDON, bars(2.0))
        written.result()
    assert first.read(LONDON).equals(bars(2.0))  # else the slow one would have come last


def test_a_run_that_dies_before_its_file_is_in_place_leaves_the_old_one(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(instance)
    writer.write(LONDON, bars(1.0))

    def dies(*_: object) -> NoReturn:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "replace", dies)
        with pytest.raises(ResourceError, match="No space left on device"):
            writer.write(LONDON, bars(2.0))
    assert writer.read(LONDON).equals(bars(1.0))
    writer.write(LONDON, bars(3.0))
    assert writer.read(LONDON).equals(bars(3.0))


def test_a_frame_that_fails_while_it_is_computed_leaves_the_old_one(
    instance: dg.DagsterInstance,
) -> None:
    def fails(_: pl.DataFrame) -> NoReturn:
        raise ZeroDivisionError("of the asset's own")

    writer = Writer(instance)
    writer.write(LONDON, bars(1.0))
    with pytest.raises(Exception, match="of the asset's own"):
        writer.write(LONDON, bars(2.0).lazy().map_batches(fails, schema=bars().schema))
    assert writer.read(LONDON).equals(bars(1.0))


# -- a server --------------------------------------------------------------------------------------


def test_a_table_of_postgresql_is_kept_without_telling_its_password(
    dagster_postgres: PostgresServer, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = dagster_postgres.create_database()
    monkeypatch.setenv("BARS_DB", url)

    @dg.asset(partitions_def=GRID, io_manager_key=IO_MANAGER_KEY)
    def mids(context):
        return bars(float(len(context.run.tags)))

    @dg.asset(partitions_def=GRID)
    def spreads(context, mids: pl.DataFrame) -> None:
        context.add_output_metadata({"rows": mids.height, "mean": mids["Close"].mean()})

    resources = keeping(type="sql", sql_connection="${env:BARS_DB}")
    for _ in range(2):
        done = dg.materialize(
            [mids, spreads], partition_key=LONDON, resources=resources, instance=instance
        )
    told = done.asset_materializations_for_node("spreads")[0].metadata
    assert told["rows"].value == 1  # replaced, not appended
    logs = repr(instance.all_logs(done.run_id))
    assert "mine_mids" in logs
    assert PASSWORD not in logs
    assert url not in logs
