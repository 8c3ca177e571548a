"""Is a Delta table kept in order without harm to rows or receipts, and read as far as needed?"""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable, TableFeatures, write_deltalake
from pydantic import ValidationError
from tests.delta_tables import MONDAY, TUESDAY, bars, log_of, read, table_of, target_at, write

from beaf_core import DatePartition, PartitionRun, Target, UsageError
from beaf_outputs import delta
from beaf_outputs.delta import files


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return target_at(tmp_path)


@pytest.fixture
def many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_FILE_BYTES", 2**20)


@pytest.mark.usefixtures("many_files")
def test_compact_says_first_what_it_would_do_and_then_does_it(target: Target) -> None:
    rows = bars(rows=300_000)
    receipt = write(rows, target)
    tuesday = write(bars(2), target, TUESDAY)
    before = DeltaTable(table_of(target)).file_uris()
    location = target.location(MONDAY)
    dry = delta.compact(location)
    assert dry is not None
    assert (dry.kind, dry.added, dry.applied) == ("delta", 1, False)
    assert len(dry.removed) == len(before) - 1
    assert dry.removed_bytes == sum(
        Path(table_of(target), each.replace("%25", "%")).stat().st_size for each in dry.removed
    )
    assert DeltaTable(table_of(target)).file_uris() == before
    done = delta.compact(location, apply=True)
    assert done is not None
    assert done.applied
    assert done.removed == dry.removed
    assert len(DeltaTable(table_of(target)).file_uris()) == 2
    assert read(target).sort("TimeBucket").equals(rows)  # as `done.notes` says
    assert delta.find_receipt(target, MONDAY) == receipt
    assert delta.find_receipt(target, TUESDAY) == tuesday
    again = delta.compact(location, apply=True)
    assert again is not None
    assert not again.does_something
    assert len(log_of(target)) == 3
    write(bars(3), target)
    assert read(target).equals(bars(3))


def test_vacuum_removes_replaced_files_and_receipts_once_they_are_old(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(bars(1), target)
    receipt = write(bars(2), target)
    location = target.location(MONDAY)
    week = delta.vacuum(location, apply=True)
    assert week is not None
    assert not week.does_something
    dry = delta.vacuum(location, keep_hours=0)
    assert dry is not None
    assert [Path(each).suffix for each in dry.removed] == [".parquet"]
    assert dry.removed_bytes > 500
    assert dry.notes == ("older versions can be read no further back than 0 hours",)
    there = set(table_of(target).rglob("*"))
    assert set(table_of(target).rglob("*")) == there
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 25 * 3600)
    done = delta.vacuum(location, keep_hours=0, apply=True)
    assert done is not None
    assert sorted(Path(each).suffix for each in done.removed) == [".json", ".parquet"]
    assert delta.find_receipt(target, MONDAY) == receipt
    assert read(target).equals(bars(2))
    assert len(list(table_of(target).rglob("*.parquet"))) == 1
    assert len(list((table_of(target) / "_beaf").iterdir())) == 2  # a receipt, and what rows mean
    last = delta.vacuum(location, keep_hours=0)
    assert last is not None
    assert not last.does_something


def test_vacuum_leaves_strange_files_alone(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    write(bars(1), target)
    mine = table_of(target) / "notes.txt"
    mine.write_text("mine")
    foreign = table_of(target) / "other.parquet"
    bars().write_parquet(foreign)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 1000 * 3600)
    done = delta.vacuum(target.location(MONDAY), keep_hours=0, apply=True)
    assert done is not None
    assert done.removed == ()
    assert mine.exists()
    assert foreign.exists()


def test_upkeep_of_a_place_without_a_table_is_none(tmp_path: Path) -> None:
    assert delta.compact(str(tmp_path)) is None
    assert delta.vacuum(str(tmp_path)) is None
    assert delta.describe(str(tmp_path)) is None


def test_reading_takes_the_files_of_the_partitions_alone_and_the_columns_asked_for(
    target: Target,
) -> None:
    days = [
        PartitionRun(MONDAY.universe, DatePartition(f"2025-02-{day:02}")) for day in range(1, 6)
    ]
    for each in days:
        write(bars(), target, each)
    frame = delta.read_output(target, days[1:3])
    assert frame is not None
    late = datetime(2025, 1, 6, 9, 2)
    asked = frame.filter(pl.col("TimeBucket") > late, pl.col("ListingId") == 101).select("Close")
    plan = asked.explain()
    assert plan.count("FILTER") == 0  # all of it goes into the scan
    assert "SELECTION" in plan
    assert "TimeBucket" in plan.partition("SELECTION")[2]
    assert "PROJECT 3/4 COLUMNS" in plan
    for each in (days[0], *days[3:]):
        for path in table_of(target).glob(f"*{each.dates.key}/*.parquet"):
            path.write_bytes(b"unreadable")
    assert asked.collect()["Close"].to_list() == [3.0, 3.0]
    assert frame.collect_schema() == bars().schema


def test_the_files_of_venues_that_are_not_asked_for_are_not_read(tmp_path: Path) -> None:
    target = target_at(tmp_path, partition_columns=["MIC"])
    write(bars(rows=6), target)
    for path in table_of(target).glob("MIC=BATE/**/*.parquet"):
        path.write_bytes(b"unreadable")
    frame = delta.read_output(target, [MONDAY])
    assert frame is not None
    assert frame.filter(pl.col("MIC") == "XLON").collect().height == 3


def test_values_are_taken_from_the_log_where_folders_do_not_tell_them(tmp_path: Path) -> None:
    target = target_at(
        tmp_path / "MIC=WRONG" / "Date=2020-01-01", partition_columns=["MIC", "Date"]
    )
    write(bars(rows=6), target)
    assert read(target).sort("TimeBucket").equals(bars(rows=6))
    old = table_of(target)
    for entry in (old / "_delta_log").glob("*.json"):
        entry.write_text(entry.read_text().replace("MIC=BATE/Date=2025-01-06/", "moved/"))
    (old / "moved").mkdir()
    for folder in (old / "MIC=BATE" / "Date=2025-01-06").iterdir():
        folder.rename(old / "moved" / folder.name)
    assert read(target).sort("TimeBucket").equals(bars(rows=6))
    assert delta.find_receipt(target, MONDAY) is not None


def test_a_table_to_which_others_have_given_deletion_vectors_is_read_as_the_library_does(
    target: Target,
) -> None:
    write(bars(), target)
    write(bars(2), target, TUESDAY)
    DeltaTable(table_of(target)).alter.add_feature(
        TableFeatures.DeletionVectors, allow_protocol_versions_increase=True
    )
    assert read(target).equals(bars())
    assert read(target, MONDAY, TUESDAY).height == 6


def test_upkeep_leaves_tables_of_others_alone(tmp_path: Path) -> None:
    write_deltalake(tmp_path, bars().drop("TimeBucket"))
    assert delta.compact(str(tmp_path), apply=True) is None
    assert delta.vacuum(str(tmp_path), apply=True) is None
    found = delta.describe(str(tmp_path))
    assert found is not None
    assert found.receipts == ()
    assert found.about is None
    assert found.stored["Close"] == "double"


def test_properties_are_those_of_the_table_that_is_made(tmp_path: Path) -> None:
    kept = {"delta.logRetentionDuration": "interval 60 days"}
    target = target_at(tmp_path, delta_properties=kept)
    write(bars(), target)
    assert DeltaTable(table_of(target)).metadata().configuration == {
        "delta.checkpointInterval": "10",
        **kept,
    }


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("delta.appendOnly", "true", "replaces its rows"),
        ("delta.columnMapping.mode", "name", "polars does not read"),
        ("logRetention", "1", "begin with delta."),
    ],
)
def test_properties_that_break_the_output_are_refused(name: str, value: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        delta.Config(delta_properties={name: value})


def test_a_property_that_delta_does_not_know_is_told(tmp_path: Path) -> None:
    target = target_at(tmp_path, delta_properties={"delta.noSuchThing": "1"})
    with pytest.raises(UsageError, match="delta_properties"):
        write(bars(), target)
    assert delta.read_output(target, [MONDAY]) is None
