"""Are files sorted by time read once for all batches, and does each get its rows, in order?"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.conftest import (
    Cut,
    assert_same,
)

from beaf_core.config.analytics import PassConfig
from beaf_core.config.resolved import ResolvedPass
from beaf_core.engine.batches import pool, recluster
from beaf_core.engine.batches.batch import Step
from beaf_core.engine.batches.recluster import readings_of, sort_into_files, with_inputs
from beaf_core.engine.batches.workfolder import WorkFolder
from beaf_core.engine.compiler.compile import Clock, TablePlan
from beaf_core.engine.planning.prepare import DayPlan
from beaf_core.engine.planning.tables import TableOnDay
from beaf_core.engine.work import Batch, PassWork
from beaf_core.model.dates import DayStatus
from beaf_core.model.tables import Part, TableRead

BATCHES = [(1, 2), (3,), (4, 5), (6,), (7, 9)]
CAP = "MAX_ROWS_PER_TABLE.trades"


def table_of(frame: pl.LazyFrame, *parts: Part) -> TableOnDay:
    read = TableRead(DayStatus.READY, frame, parts)
    return TableOnDay(TablePlan("trades", ()), read, Clock("t", None, ordered=True))


def work_of(table: TableOnDay, name: str = "bars") -> PassWork:
    plan = DayPlan(date(2025, 1, 6), DayStatus.READY, pl.DataFrame(), (table,))
    return PassWork(ResolvedPass(PassConfig(name=name), (), ()), [plan])


def steps_of(work: PassWork, batches: Any = BATCHES) -> list[Step]:
    return [Step((work,), Batch(each), 0) for each in batches]


def part(*groups: tuple[int, int, int]) -> Part:
    return Part("a", rows=sum(each[0] for each in groups), row_groups=groups)


@pytest.mark.parametrize(
    ("parts", "readings"),
    [
        ([part((10, 1, 2), (10, 3, 3), (10, 4, 9))], (10 + 10 + 30) / 30),
        ([part((10, 1, 9), (10, 1, 9))], 5),
        ([part((10, 1, 2)), part((30, 1, 9))], (10 + 150) / 40),
        ([Part("a", rows=10)], 5),
        ([Part("a", rows=10, listings=(3, 5))], 2),
        ([part((10, 8, 8))], 1),  # nobody's, but the batch around it cannot know
        ([part((10, 20, 30))], 0),
        ([], 0),
    ],
)
def test_what_batches_read_is_known_from_row_groups(parts: list[Part], readings: float) -> None:
    assert readings_of(table_of(pl.LazyFrame(), *parts), BATCHES) == readings


@settings(max_examples=25, deadline=None)
@given(ids=st.lists(st.integers(0, 12), max_size=60), dtype=st.sampled_from([pl.Int64, pl.UInt32]))
def test_each_batch_gets_its_own_rows_in_their_order(
    tmp_path_factory: pytest.TempPathFactory, ids: list[int], dtype: Any
) -> None:
    rows = pl.DataFrame(
        {"ListingId": ids, "t": range(len(ids)), "text": [f"{one}" for one in ids]},
        schema_overrides={"ListingId": dtype, "text": pl.Categorical},
    )
    work = work_of(table_of(rows.lazy(), part((len(ids) or 1, 1, 9))))
    with WorkFolder(tmp_path_factory.mktemp("folder")) as folder:
        found = sort_into_files(steps_of(work), folder)
        for batch, inputs in zip(BATCHES, found, strict=True):
            assert list(inputs) == [("bars", "2025-01-06", "trades")]
            frame = with_inputs(work, inputs).plans[0].tables[0].rows.collect()
            wanted = rows.filter(pl.col("ListingId").is_in(list(batch)))
            assert frame.schema == wanted.schema
            assert frame.equals(wanted)


def test_a_file_that_is_sorted_by_listing_stays_where_it_is(tmp_path: Path) -> None:
    groups = [(10, one, one) for one in range(1, 10)]
    work = work_of(table_of(pl.LazyFrame({"ListingId": [1]}), part(*groups)))
    folder = WorkFolder(tmp_path / "folder")
    assert sort_into_files(steps_of(work), folder) == [{}] * 5
    assert not (tmp_path / "folder").exists()


def test_a_step_that_is_not_cut_reads_the_source(tmp_path: Path) -> None:
    work = work_of(table_of(pl.LazyFrame({"ListingId": [1]}), part((1, 1, 9))))
    steps = [Step((work_of(work.plans[0].tables[0], "other"),), Batch(None), 0), *steps_of(work)]
    with WorkFolder(tmp_path) as folder:
        first, *others = sort_into_files(steps, folder)
    assert first == {}
    assert all(others)


def test_a_full_disk_leaves_the_source_to_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = work_of(table_of(pl.LazyFrame({"ListingId": [1], "t": [1]}), part((100, 1, 9))))
    # 100 rows of two columns are at most 3200 bytes, and only half of what is free may be used.
    usage = SimpleNamespace(free=6399)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    with WorkFolder(tmp_path) as folder:
        assert sort_into_files(steps_of(work), folder) == [{}] * 5
        usage.free = 6400
        assert all(sort_into_files(steps_of(work), folder))


def test_a_source_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    broken = pl.LazyFrame({"ListingId": [1], "t": ["x"]}).with_columns(pl.col("t").cast(int))
    work = work_of(table_of(broken, part((100, 1, 9))))
    with WorkFolder(tmp_path) as folder:
        assert sort_into_files(steps_of(work), folder) == [{}] * 5
        assert [each.name for each in folder.path.iterdir()] == [".in-use"]


@pytest.mark.parametrize(
    ("workers", "layout"),
    [
        (0, "time"),
        (0, "listing"),
        (2, "time"),
        pytest.param(2, "listing", marks=pytest.mark.soak),  # nothing is sorted for the workers
    ],
)
def test_a_run_over_files_sorted_by_time_reads_each_once(
    cut: Cut,
    whole_rows: Callable[[int], pl.DataFrame],
    monkeypatch: pytest.MonkeyPatch,
    workers: int,
    layout: Any,
) -> None:
    cut.write(1, layout)
    wanted = whole_rows(1)
    found: list[Any] = []

    def heard(*arguments: Any) -> Any:
        found.extend(recluster.sort_into_files(*arguments))
        return found

    monkeypatch.setattr(pool, "sort_into_files", heard)
    assert_same(cut.rows(f"{CAP}=100", f"NUM_WORKERS={workers}"), wanted)
    assert len(found) >= 4
    assert all(len(each) == (2 if layout == "time" else 0) for each in found)  # days
    assert list(cut.folder.glob(".beaf/tmp/*")) == []
