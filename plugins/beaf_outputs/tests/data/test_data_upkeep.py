"""Do `beaf data compact` and `beaf data vacuum` say what they would do, do it, and lose nothing?"""

from __future__ import annotations

import os
import shlex
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import write_deltalake
from tests.cli.conftest import Beaf

from beaf_core import DatePartition, PartitionRun, UniversePartition, prepare_pipeline

Run = Callable[..., list[str]]

DAYS = ("2025-01-06", "2025-01-07")
HIVE = ("OUTPUT_TARGET.path_template=kept", "OUTPUT_TARGET.partition_columns=[MIC]")
DELTA = ("OUTPUT_TARGET.path_template=kept", "OUTPUT_TARGET.type=delta")
OLD = time.time() - 30 * 24 * 3600


def tree(folder: str = "kept") -> dict[str, bytes]:
    return {str(each): each.read_bytes() for each in Path(folder).rglob("*") if each.is_file()}


def age(path: Path, when: float = OLD) -> Path:
    os.utime(path, (when, when))
    return path


def left(path: str, when: float = OLD) -> Path:
    """Leave a file as a killed writer does."""
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"half a file")
    return age(place, when)


def rows(sets: tuple[str, ...]) -> pl.DataFrame:
    """Read what is there, as any later pass does."""
    prepared = prepare_pipeline("bars.yaml", sets=sets)
    (target,) = prepared.resolved.passes[0].targets
    asked = [PartitionRun(UniversePartition("mic", "XLON"), DatePartition(day)) for day in DAYS]
    found = prepared.host.read_output(target, asked)
    assert found is not None
    return found.collect()


def task(beaf: Beaf, *words: str) -> dict[str, Any]:
    done = beaf("data", *words, "--json")
    assert done.code == 0, done.err
    (only,) = done.json["places"]
    return only


def follow(beaf: Beaf, told: str) -> Any:
    """Type the next command that a person is told."""
    program, *words = shlex.split(told.splitlines()[-1].partition("next: ")[2])
    assert program == "beaf"
    return beaf(*words)


# -- a hive dataset --------------------------------------------------------------------------------


def test_a_dataset_has_nothing_to_put_together_and_says_why(beaf: Beaf, run: Run) -> None:
    run(*HIVE)
    before = tree()
    for more in ([], ["--apply"]):
        done = beaf("data", "compact", "kept", *more)
        assert done.code == 0
        assert "is replaced by itself" in done.err
        assert done.err.splitlines()[-1] == "there is nothing to compact"
    assert tree() == before


def test_what_killed_writers_staged_goes_once_it_is_old(beaf: Beaf, run: Run) -> None:
    run(*HIVE)
    before, wanted = tree(), rows(HIVE)
    old = [left("kept/_beaf/staged/ab/cd/0.staged"), left("kept/MIC=XLON/.x.parquet.ab.staged")]
    young = left("kept/_beaf/staged/ab/ef/0.staged", time.time() - 3600)
    dry = beaf("data", "vacuum", "kept")
    assert dry.code == 0
    assert "nothing has been done yet" in dry.err
    assert "would go: _beaf/staged/ab/cd/0.staged" in dry.out
    assert all(each.exists() for each in old)
    done = follow(beaf, dry.err)
    assert done.code == 0
    assert not any(each.exists() for each in old)
    assert tree() == {**before, str(young): b"half a file"}
    assert rows(HIVE).equals(wanted)
    assert follow(beaf, done.err).code == 0


def test_a_dry_run_says_exactly_what_goes(beaf: Beaf, run: Run) -> None:
    run(*HIVE)
    left("kept/_beaf/staged/ab/cd/0.staged")
    dry = task(beaf, "vacuum", "kept")
    assert dry == {
        "kind": "hive",
        "location": str(Path("kept").absolute()),
        "applied": False,
        "files_written": 0,
        "bytes_written": 0,
        "files_removed": ["_beaf/staged/ab/cd/0.staged"],
        "bytes_removed": len(b"half a file"),
        "notes": [],
    }
    assert task(beaf, "vacuum", "kept", "--apply") == {**dry, "applied": True}
    assert task(beaf, "vacuum", "kept")["files_removed"] == []


def test_what_is_committed_and_not_moved_yet_stays_however_old(beaf: Beaf, run: Run) -> None:
    """As a writer leaves it that is killed right after it has committed."""
    from beaf_outputs.parquet.records import all_records, latest, records
    from beaf_outputs.stores import open_store

    run(*HIVE)
    wanted = rows(HIVE)
    store = open_store(str(Path("kept").absolute()))
    version = latest(store)
    assert version is not None
    for record in records(store, store.names(all_records(version))):
        assert record is not None
        assert record.kept is not None
        for place, staged in record.staged(record.kept.receipt.partition).items():
            Path("kept", staged).parent.mkdir(parents=True, exist_ok=True)
            age(Path("kept", place).replace(Path("kept", staged)))
    before = tree()
    assert task(beaf, "vacuum", "kept", "--keep_hours", "0", "--apply")["files_removed"] == []
    assert tree() == before
    assert rows(HIVE).equals(wanted)


def test_what_a_dataset_that_began_anew_left_goes_once_it_is_over_for_long(
    beaf: Beaf, run: Run
) -> None:
    run(*HIVE)
    shutil.copytree("kept", "old")
    anew = (*HIVE, "OUTPUT_TARGET.schema_mode=overwrite", "PASSES.bars.trade_analytics="
            "{generic_metrics: [{measures: [VWAP]}]}")  # fmt: skip
    run(*anew)
    before, wanted = tree(), rows(anew)
    shutil.copytree("old", "kept", dirs_exist_ok=True, copy_function=_unless_there)
    over = sorted(set(tree()) - set(before))
    assert len(over) >= 4, "files of rows, and records"
    for each in over:
        age(Path(each))
    assert task(beaf, "vacuum", "kept")["files_removed"] == [], "needed until a moment ago"
    now = task(beaf, "vacuum", "kept", "--keep_hours", "0")["files_removed"]
    assert [f"kept/{each}" for each in now] == [each for each in over if "_beaf" not in each]
    for each in Path("kept/_beaf/dataset").iterdir():
        age(each)
    done = task(beaf, "vacuum", "kept", "--apply")
    assert [f"kept/{each}" for each in done["files_removed"]] == over
    assert tree() == before
    assert rows(anew).equals(wanted)


def _unless_there(source: str, place: str) -> None:
    if not Path(place).exists():
        shutil.copy2(source, place)


def test_files_of_others_in_a_dataset_stay(beaf: Beaf, run: Run) -> None:
    run(*HIVE)
    for name in ("kept/notes.txt", "kept/MIC=XLON/mine.parquet", "kept/_mine/part.json",
                 "kept/MIC=XLON/part-0.parquet"):  # fmt: skip
        left(name)
    before = tree()
    task(beaf, "vacuum", "kept", "--keep_hours", "0", "--apply")
    assert tree() == before


def test_a_run_after_a_vacuum_finds_everything_as_it_was(beaf: Beaf, run: Run) -> None:
    run(*HIVE)
    wanted = rows(HIVE)
    task(beaf, "vacuum", "kept", "--keep_hours", "0", "--apply")
    assert run(*HIVE) == run(*HIVE)
    assert rows(HIVE).equals(wanted)


# -- single files ----------------------------------------------------------------------------------


def test_a_folder_of_single_files_loses_what_killed_writers_left(beaf: Beaf, run: Run) -> None:
    run()
    before = tree("data")
    old = left("data/tiny/bars/mic=XLON/.2025-01-06_2025-01-06.parquet.ab.staged")
    left("data/tiny/bars/mic=XLON/.young.parquet.ab.staged", time.time())
    done = task(beaf, "vacuum", "--pipeline", "bars.yaml", "--apply")
    assert (done["kind"], len(done["files_removed"])) == ("parquet", 1)
    assert not old.exists()
    assert len(tree("data")) == len(before) + 1


# -- Delta -----------------------------------------------------------------------------------------


def test_the_small_files_of_a_delta_table_are_put_together_and_then_vacuumed(
    beaf: Beaf, run: Run
) -> None:
    run(*DELTA)
    # As a person mends a table by hand: a row more, in a file of its own, twice.
    (key,) = pl.scan_delta("kept").select("PartitionKey").unique().head(1).collect().to_series()
    row = pl.scan_delta("kept").filter(pl.col("PartitionKey") == key).head(1).collect()
    for _ in range(2):
        row.write_delta("kept", mode="append")
    before, rows_before = tree(), pl.read_delta("kept").sort(pl.all())
    dry = beaf("data", "compact", "kept")
    assert "nothing has been done yet" in dry.err
    assert tree() == before
    assert dry.out.count("would go: ") == 3
    (told,) = [line.split() for line in dry.out.splitlines() if line.startswith(" kept")]
    assert (told[:3], told[5]) == (["kept", "delta", "1"], "3")
    done = follow(beaf, dry.err)
    assert done.code == 0
    assert "until vacuum" in done.err
    assert pl.read_delta("kept").sort(pl.all()).equals(rows_before)
    assert before.items() <= tree().items(), "readers of older versions still find their files"
    gone = task(beaf, "vacuum", "kept", "--keep_hours", "0", "--apply")
    assert len(gone["files_removed"]) == 3
    assert pl.read_delta("kept").sort(pl.all()).equals(rows_before)


def test_a_delta_table_of_others_is_not_kept_in_order_for_them(beaf: Beaf, project: Path) -> None:
    write_deltalake("kept", pl.DataFrame({"a": [1]}).to_arrow())
    for word in ("compact", "vacuum"):
        refused = beaf("data", word, "kept")
        assert (refused.code, refused.out) == (2, "")
        assert "that BEAF has written" in refused.err


def test_a_replaced_partition_of_a_delta_table_leaves_files_that_a_vacuum_removes(
    beaf: Beaf, run: Run
) -> None:
    run(*DELTA)
    wanted = rows(DELTA)
    sets = [word for each in DELTA for word in ("--set", each)]
    typed = ["--pipeline", "bars.yaml", "--date", DAYS[0], "--universe", "mic=XLON", *sets]
    assert beaf("pipeline", "run", *typed, "--force").code == 0
    assert task(beaf, "vacuum", "kept")["files_removed"] == [], "a week is not over"
    dry = beaf("data", "vacuum", "kept", "--keep_hours", "0")
    assert "--keep_hours 0" in dry.err.splitlines()[-1]
    assert len(task(beaf, "vacuum", "kept", "--keep_hours", "0")["files_removed"]) == 1
    assert follow(beaf, dry.err).code == 0
    assert task(beaf, "vacuum", "kept", "--keep_hours", "0")["files_removed"] == []
    assert rows(DELTA).equals(wanted)
    again = beaf("pipeline", "plan", *typed)
    assert "up to date" in again.err, "the receipt has stayed"


@pytest.mark.parametrize(
    ("sets", "place", "kind"),
    [
        ("OUTPUT_TARGET.type=delta", "data/tiny/bars.delta", "delta"),
        ("OUTPUT_TARGET.partition_columns=[MIC]", "data/tiny/bars.parquet", "hive"),
    ],
)
def test_places_are_kept_where_they_are_by_default(
    beaf: Beaf, run: Run, project: Path, sets: str, place: str, kind: str
) -> None:
    assert set(run(sets)) == {str(project / place)}
    for command in ("describe", "compact", "vacuum"):
        assert task(beaf, command, place)["kind"] == kind


# -- what has no files to keep ---------------------------------------------------------------------


@pytest.mark.parametrize("command", ["compact", "vacuum"])
def test_a_database_keeps_its_own_files(beaf: Beaf, project: Path, command: str) -> None:
    done = beaf("data", command, "postgresql://me:hush@127.0.0.1:1/x#bars")
    assert done.code == 2
    assert "a database keeps its own files" in done.err
    assert "hush" not in done.err


@pytest.mark.parametrize("command", ["compact", "vacuum"])
def test_where_nothing_is_nothing_is_kept(beaf: Beaf, project: Path, command: str) -> None:
    for path in ("nothing", "bars.yaml"):
        done = beaf("data", command, path, "--apply")
        assert done.code == 2
        assert "that BEAF has written" in done.err


def test_all_outputs_of_a_pipeline_are_kept_at_once(beaf: Beaf, run: Run, project: Path) -> None:
    (project / "two.yaml").write_text(
        "DATASETNAME: tiny\nPASSES:\n"
        "  - name: bars\n    modules: [trade]\n"
        "    output: {path_template: 'hive', partition_columns: [MIC]}\n"
        "    extra_outputs: [{type: delta, path_template: 'lake'}]\n"
    )
    run(pipeline="two.yaml")
    done = beaf("data", "vacuum", "--pipeline", "two.yaml", "--json")
    assert [each["kind"] for each in done.json["places"]] == ["hive", "delta"]


def test_a_folder_above_tables_names_them(beaf: Beaf, run: Run, project: Path) -> None:
    run("OUTPUT_TARGET.type=delta", "OUTPUT_TARGET.path_template=lake/one")
    run("OUTPUT_TARGET.path_template=lake/two", "OUTPUT_TARGET.partition_columns=[MIC]")
    for command in ("describe", "vacuum"):
        told = beaf("data", command, "lake")
        assert told.code == 2
        assert f"→ name {project}/lake/one, {project}/lake/two" in told.err
