"""Does each write of a Delta table change its own partition alone, in one commit?"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable, write_deltalake
from tests.delta_tables import (
    MONDAY,
    PARIS,
    TUESDAY,
    bars,
    log_of,
    of_kind,
    read,
    table_of,
    target_at,
    write,
)

from beaf_core import DatePartition, PartitionRun, Receipt, Target, UniversePartition, UsageError
from beaf_outputs import delta


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return target_at(tmp_path)


def paths(actions: list[dict[str, object]]) -> set[object]:
    return {each["path"] for each in actions}


def test_what_is_written_reads_back_as_it_was(target: Target) -> None:
    receipt = write(bars(), target)
    assert receipt == delta.find_receipt(target, MONDAY)
    assert receipt.rows == 3
    assert receipt.location == target.location(MONDAY)
    assert read(target).equals(bars())
    assert read(target).schema == bars().schema


def test_a_first_write_is_one_commit_that_holds_rows_and_number(target: Target) -> None:
    write(bars(), target)
    (first,) = log_of(target)
    assert len(of_kind(first, "add")) == 1
    (number,) = of_kind(first, "txn")
    assert number["appId"] == "beaf:mic=XLON:2025-01-06"
    assert str(number["version"]) in of_kind(first, "add")[0]["path"]


def test_a_rewrite_removes_the_files_of_its_partition_and_no_others(target: Target) -> None:
    write(bars(), target)
    write(bars(2), target, TUESDAY)
    write(bars(3), target, PARIS)
    write(bars(4), target)
    first, _, _, again = log_of(target)
    assert paths(of_kind(again, "remove")) == paths(of_kind(first, "add"))
    (added,) = of_kind(again, "add")
    assert added["partitionValues"] == {"PartitionKey": "mic=XLON:2025-01-06"}
    assert [each["appId"] for each in of_kind(again, "txn")] == ["beaf:mic=XLON:2025-01-06"]
    assert of_kind(again, "metaData") == []
    assert read(target).equals(bars(4))
    assert read(target, TUESDAY).equals(bars(2))
    assert read(target, PARIS).equals(bars(3))


def test_universes_that_overlap_do_not_take_each_others_rows(target: Target) -> None:
    index = PartitionRun(UniversePartition("index", "FTSE"), MONDAY.dates)
    write(bars(), target)
    write(bars(2), target, index)  # the same listings and days
    write(bars(3), target)
    assert read(target, index).equals(bars(2))
    assert read(target).equals(bars(3))


def test_the_history_tells_which_run_wrote_which_partition(target: Target) -> None:
    write(bars(), target)
    write(bars(2), replace(target, stamp={"run_id": "r2", "fingerprint": "f2"}), TUESDAY)
    newest, first = DeltaTable(table_of(target)).history()
    assert first["beaf.partition"] == MONDAY.key
    assert newest["beaf.partition"] == TUESDAY.key
    assert newest["beaf.run_id"] == "r2"
    assert newest["beaf.rows"] == 3


def test_receipts_survive_checkpoints_and_a_log_that_is_cut(tmp_path: Path) -> None:
    target = target_at(tmp_path, delta_properties={"delta.checkpointInterval": "3"})
    days = [
        PartitionRun(MONDAY.universe, DatePartition(f"2025-02-{day:02}")) for day in range(1, 9)
    ]
    written = {each.key: write(bars(), target, each) for each in days}
    log = table_of(target) / "_delta_log"
    assert list(log.glob("*.checkpoint*.parquet"))
    last = json.loads((log / "_last_checkpoint").read_text())["version"]
    for version in range(last):
        (log / f"{version:020}.json").unlink()
    assert {each.key: delta.find_receipt(target, each) for each in days} == written
    assert read(target, *days).height == 24


def test_overwrite_leaves_the_partition_alone_in_the_table(target: Target) -> None:
    write(bars(), target)
    write(bars(2), target, TUESDAY)
    write(bars(3), replace(target, options=delta.Config(delta_mode="overwrite")), PARIS)
    assert delta.read_output(target, [MONDAY, TUESDAY]) is None
    assert delta.find_receipt(target, MONDAY) is None
    assert delta.list_receipts(target, MONDAY) == []
    assert read(target, PARIS).equals(bars(3))
    assert len(log_of(target)) == 3


def test_removing_an_output_takes_rows_and_receipt_in_one_commit(target: Target) -> None:
    monday = write(bars(), target)
    tuesday = write(bars(2), target, TUESDAY)
    assert delta.remove_output(target, monday)
    (*_, last) = log_of(target)
    assert len(of_kind(last, "remove")) == 1
    assert of_kind(last, "add") == []
    assert delta.find_receipt(target, MONDAY) is None
    assert delta.read_output(target, [MONDAY]) is None
    assert delta.find_receipt(target, TUESDAY) == tuesday
    assert delta.remove_output(target, monday)  # gone already
    assert len(log_of(target)) == 3
    assert write(bars(5), target).rows == 3
    assert read(target).equals(bars(5))


def test_receipts_are_listed_by_universe_and_days(target: Target) -> None:
    week = PartitionRun(MONDAY.universe, DatePartition("2025-01-06", "2025-01-10"))
    later = PartitionRun(MONDAY.universe, DatePartition("2025-02-03", "2025-02-07"))
    written = [write(bars(), target, each) for each in (week, MONDAY, later, PARIS)]
    assert delta.list_receipts(target, TUESDAY) == [written[0]]
    both = delta.list_receipts(target, MONDAY)
    assert sorted(each.partition for each in both) == sorted([MONDAY.key, week.key])
    assert delta.list_receipts(target_at("/nowhere"), MONDAY) == []


def test_a_partition_without_rows_has_a_receipt(target: Target) -> None:
    receipt = write(bars().clear(), target)
    assert receipt.rows == 0
    assert delta.find_receipt(target, MONDAY) == receipt
    assert read(target).equals(bars().clear())
    assert delta.list_receipts(target, MONDAY) == [receipt]


def test_rows_that_others_take_away_make_the_receipt_void(target: Target) -> None:
    write(bars(), target)
    receipt = write(bars(2), target, TUESDAY)
    DeltaTable(table_of(target)).delete("ListingId = 100 AND \"PartitionKey\" LIKE '%-06'")
    assert delta.find_receipt(target, MONDAY) is None
    assert delta.find_receipt(target, TUESDAY) == receipt
    write(bars(3), target)
    assert read(target).equals(bars(3))


def test_a_table_that_is_taken_back_in_time_has_the_receipt_of_that_time(target: Target) -> None:
    first = write(bars(1), replace(target, stamp={"fingerprint": "old"}))
    write(bars(2), target)
    DeltaTable(table_of(target)).restore(0)
    assert delta.find_receipt(target, MONDAY) == first
    assert read(target).equals(bars(1))
    write(bars(3), target)
    assert read(target).equals(bars(3))


def test_a_partition_that_others_have_rewritten_keeps_its_receipt_while_its_rows_are_the_same(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    from beaf_outputs.delta import files

    monkeypatch.setattr(files, "_FILE_BYTES", 2**20)
    receipt = write(bars(rows=300_000), target)
    DeltaTable(table_of(target)).optimize.compact()
    assert "beaf" not in DeltaTable(table_of(target)).file_uris()[0].rpartition("/")[2]
    assert delta.find_receipt(target, MONDAY) == receipt
    assert read(target).sort("TimeBucket").equals(bars(rows=300_000))
    write_deltalake(
        table_of(target),
        bars().with_columns(
            pl.col("TimeBucket").dt.cast_time_unit("us"), PartitionKey=pl.lit(MONDAY.key)
        ),
        mode="append",
    )
    assert delta.find_receipt(target, MONDAY) is None  # not only ours any more
    write(bars(), target)
    assert read(target).equals(bars())


def test_a_table_of_another_origin_is_refused_and_replaced_only_by_force(target: Target) -> None:
    theirs = pl.DataFrame({"x": [1, 2]})
    write_deltalake(table_of(target), theirs)
    with pytest.raises(UsageError, match=r"a Delta table that BEAF has not written") as error:
        delta.find_receipt(target, MONDAY)
    assert "--force" in str(error.value)
    assert delta.list_receipts(target, MONDAY) == []
    write(bars(), target)  # what --force comes to: nobody has asked for the receipt
    assert read(target).equals(bars())
    table = DeltaTable(table_of(target))
    assert pl.scan_delta(table).collect().height == 3
    table.load_as_version(0)
    assert pl.scan_delta(table).collect().equals(theirs)  # their rows can be had back


def test_a_folder_of_other_files_is_refused(target: Target) -> None:
    folder = table_of(target)
    folder.mkdir(parents=True)
    assert delta.find_receipt(target, MONDAY) is None
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="a folder with files that BEAF has not written"):
        delta.find_receipt(target, MONDAY)


def test_nothing_is_there_before_it_is_written_and_looking_leaves_no_trace(
    target: Target, tmp_path: Path
) -> None:
    assert delta.find_receipt(target, MONDAY) is None
    assert delta.read_output(target, [MONDAY, TUESDAY]) is None
    assert delta.list_receipts(target, MONDAY) == []
    assert delta.remove_output(target, Receipt("delta", target.location(MONDAY), 0, MONDAY.key))
    assert delta.describe(target.location(MONDAY)) is None
    assert list(tmp_path.iterdir()) == []


def test_rows_that_cannot_be_computed_leave_the_table_as_it_was(target: Target) -> None:
    write(bars(), target)
    before = sorted(each for each in table_of(target).rglob("*") if each.is_file())

    def fail(_frame: pl.DataFrame) -> pl.DataFrame:
        raise RuntimeError("on purpose")

    failing = bars().lazy().map_batches(fail, schema=bars().schema)
    with pytest.raises(RuntimeError, match="on purpose"):
        write(failing, target)
    assert sorted(each for each in table_of(target).rglob("*") if each.is_file()) == before
    assert read(target).equals(bars())


def test_the_files_of_a_partition_may_be_many(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    from beaf_outputs.delta import files

    monkeypatch.setattr(files, "_FILE_BYTES", 2**20)
    rows = bars(rows=300_000)
    receipt = write(rows, target)
    assert len(of_kind(log_of(target)[0], "add")) > 1
    assert receipt.rows == 300_000
    assert read(target).equals(rows)
    write(bars(), target)
    assert read(target).equals(bars())
