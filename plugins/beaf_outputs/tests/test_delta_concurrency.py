"""Do writers of one Delta table not get in each other's way, and does one of a partition win?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import CommitProperties, DeltaTable, Transaction
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

from beaf_core import DatePartition, LockedError, PartitionRun, Target, UniversePartition
from beaf_outputs import delta
from beaf_outputs.delta import commit
from beaf_outputs.delta.table import Place, Table

CHILD = """
import sys
from datetime import date, timedelta
from beaf_core import DatePartition, PartitionRun, UniversePartition
from tests.delta_tables import bars, target_at, write

root, universe, scale, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
print("ready", flush=True)
if not sys.stdin.readline():
    sys.exit(1)  # the parent is gone
for each in range(count):
    day = date(2025, 1, 1) + timedelta(days=each)
    partition = PartitionRun(UniversePartition("mic", universe), DatePartition(day.isoformat()))
    stamp = {"fingerprint": str(scale), "run_id": "r"}
    write(bars(scale), target_at(root, stamp=stamp), partition)
"""

HOME = Path(__file__).resolve().parents[3]


def written_at_once(root: Path, universes: Sequence[str], count: int) -> None:
    """Let processes write to one table at the same time, each `count` days."""
    with ExitStack() as started:
        processes = []
        for number, universe in enumerate(universes):
            arguments = [str(root), universe, str(number + 1), str(count)]
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-c", CHILD, *arguments],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    cwd=HOME,
                )
            )
            started.callback(processes[-1].kill)
        _let_go(processes)


def _let_go(processes: Sequence[subprocess.Popen[str]]) -> None:
    for each in processes:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in processes:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    for each in processes:
        each.communicate(timeout=600)
    assert [each.returncode for each in processes] == [0] * len(processes)


def of_day(universe: str, day: str) -> PartitionRun:
    return PartitionRun(UniversePartition("mic", universe), DatePartition(day))


def all_are_there_once(root: Path, processes: int, count: int) -> bool:
    """Each process writes partitions of its own, to a table that none of them finds there."""
    universes = [f"X{each:03}" for each in range(processes)]
    written_at_once(root, universes, count)
    rows = pl.scan_delta(table_of(target_at(root))).collect()
    assert rows.height == 3 * processes * count
    counts = rows.group_by("PartitionKey").len()
    assert counts.height == processes * count
    assert counts["len"].unique().to_list() == [3]
    target = target_at(root)
    for number, universe in enumerate(universes):
        assert read(target, of_day(universe, "2025-01-02")).equals(bars(number + 1))
        everything = PartitionRun(
            UniversePartition("mic", universe), DatePartition("2025-01-01", "2025-12-31")
        )
        assert len(delta.list_receipts(target, everything)) == count
    return True


def test_processes_that_write_different_partitions_all_get_theirs_in(tmp_path: Path) -> None:
    assert all_are_there_once(tmp_path, processes=2, count=8)


@pytest.mark.soak
def test_eight_processes_write_a_hundred_partitions_each(tmp_path: Path) -> None:
    assert all_are_there_once(tmp_path, processes=8, count=100)


def test_of_processes_that_write_the_same_partitions_one_wins_each_whole(tmp_path: Path) -> None:
    written_at_once(tmp_path, ["XLON"] * 2, count=6)
    target = target_at(tmp_path)
    for day in ("2025-01-01", "2025-01-03", "2025-01-06"):
        rows = read(target, of_day("XLON", day))
        scale = rows["Close"][0]
        assert rows.equals(bars(scale))
        receipt = delta.find_receipt(target, of_day("XLON", day))
        assert receipt is not None
        assert receipt.fingerprint == f"{scale:g}"  # the receipt is of these rows
    assert pl.scan_delta(table_of(target)).collect().height == 18


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return target_at(tmp_path)


def interrupted(
    monkeypatch: pytest.MonkeyPatch, times: int, meanwhile: Callable[[], object]
) -> None:
    """Let something happen between looking at the table and the commit."""
    real, left = commit._replace, [times]

    def replace(*args: Any, **named: Any) -> None:
        if left[0]:
            left[0] -= 1
            monkeypatch.setattr(commit, "_replace", real)
            meanwhile()
            monkeypatch.setattr(commit, "_replace", replace)
        real(*args, **named)

    monkeypatch.setattr(commit, "_replace", replace)


def test_who_comes_second_replaces_the_first_and_tells_of_it(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(bars(1), target)
    interrupted(monkeypatch, 2, lambda: write(bars(7), target))
    notes = write(bars(2), target).notes
    assert notes["commits were repeated since other runs wrote to the Delta table"] == 2
    assert read(target).equals(bars(2))
    removed = [len(of_kind(each, "remove")) for each in log_of(target)]
    assert removed == [0, 1, 1, 1]


def test_a_new_partition_conflicts_by_its_number_alone(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(bars(1), target)
    interrupted(monkeypatch, 1, lambda: write(bars(7), target, TUESDAY))
    write(bars(2), target, TUESDAY)  # neither of the two has files to remove
    assert read(target, TUESDAY).equals(bars(2))
    assert pl.scan_delta(table_of(target)).collect().height == 6


def test_a_commit_to_another_partition_stays(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(bars(1), target)
    interrupted(monkeypatch, 1, lambda: write(bars(7), target, TUESDAY))
    write(bars(2), target)
    assert read(target).equals(bars(2))
    assert read(target, TUESDAY).equals(bars(7))


def test_of_two_that_make_a_table_anew_the_later_one_joins_the_first(
    target: Target, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    anew = target_at(tmp_path, schema_mode="overwrite")
    wide = bars().with_columns(More=pl.lit(1))
    write(bars(), target)
    write(bars(), target, PARIS)
    interrupted(monkeypatch, 1, lambda: write(wide, anew, TUESDAY))
    write(wide, anew)
    assert read(target, MONDAY, TUESDAY).equals(pl.concat([wide, wide]))
    assert delta.find_receipt(target, PARIS) is None


def test_columns_that_are_added_meanwhile_stay(
    target: Target, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wide = target_at(tmp_path, schema_mode="add_columns")
    more = bars(7).with_columns(Volume=pl.lit(1))
    write(bars(1), target)
    interrupted(monkeypatch, 1, lambda: write(more, wide, TUESDAY))
    write(bars(2).with_columns(Notional=pl.lit(2.0)), wide)
    assert read(target, TUESDAY).equals(more)
    names = [each.name for each in DeltaTable(table_of(target)).schema().fields]
    assert names == [*bars().columns, "PartitionKey", "Volume", "Notional"]


def test_a_compaction_meanwhile_does_not_bring_old_rows_back(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    from beaf_outputs.delta import files

    monkeypatch.setattr(files, "_FILE_BYTES", 2**20)
    write(bars(1, rows=300_000), target)
    interrupted(monkeypatch, 1, lambda: delta.compact(target.location(MONDAY), apply=True))
    write(bars(2), target)
    assert read(target).equals(bars(2))
    assert DeltaTable(table_of(target)).version() == 2  # rows, compacted, replaced


def test_a_write_during_a_compaction_is_not_undone(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    from beaf_outputs.delta import files

    monkeypatch.setattr(files, "_FILE_BYTES", 2**20)
    write(bars(1, rows=300_000), target)
    write(bars(1, rows=300_000), target, TUESDAY)
    real, calls = Place.table, []

    def looked(place: Place) -> Table | None:
        table = real(place)
        calls.append(place)
        if len(calls) == 2:  # the one whose files are then compacted
            write(bars(2), target)
        return table

    monkeypatch.setattr(Place, "table", looked)
    delta.compact(target.location(MONDAY), apply=True)
    assert read(target).equals(bars(2))
    assert read(target, TUESDAY).height == 300_000
    assert pl.scan_delta(table_of(target)).collect().height == 300_003


def test_a_writer_that_never_gets_in_says_so_and_changes_nothing(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "ATTEMPTS", 3)
    write(bars(1), target)
    interrupted(monkeypatch, 99, lambda: write(bars(7), target))
    with pytest.raises(LockedError, match="another run had changed the same rows"):
        write(bars(2), target)
    assert read(target).equals(bars(7))


def test_a_commit_whose_answer_was_lost_is_not_made_twice(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(bars(1), target)
    real = commit._replace

    def lost(*args: Any, **named: Any) -> None:
        real(*args, **named)
        monkeypatch.setattr(commit, "_replace", real)
        raise commit.DeltaError("the answer was lost")

    monkeypatch.setattr(commit, "_replace", lost)
    receipt = write(bars(2), target)
    assert delta.find_receipt(target, MONDAY) == receipt
    assert len(log_of(target)) == 2


def test_numbers_of_other_applications_are_left_alone(target: Target) -> None:
    write(bars(1), target)
    table = DeltaTable(table_of(target))
    table.create_write_transaction(
        [], "append", table.schema(), table.metadata().partition_columns,
        commit_properties=CommitProperties(app_transactions=[Transaction("theirs", 5)]),
    )  # fmt: skip
    write(bars(2), target)
    assert DeltaTable(table_of(target)).transaction_version("theirs") == 5
