"""Is the place that is told the place that is written, whatever the output?"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Beaf
from tests.table_output import Table

MONDAY, TUESDAY = "2025-01-06", "2025-01-07"
URL = "shelf://me:***@here/tiny_bars"


def options(path: Path, *sets: str) -> list[str]:
    more = [word for each in ("BATCH_FREQ=D", *sets) for word in ("--set", each)]
    return ["--pipeline", str(path), "--start_date", MONDAY, "--end_date", TUESDAY,
            "--universe", "mic=XLON", *more]  # fmt: skip


SHELF = "OUTPUT_TARGET.type=shelf"
TO_TABLE = (SHELF, "OUTPUT_TARGET.table='{datasetname}_{pass}'")


def test_run_tells_the_table_for_every_partition_as_its_output_names_it(
    beaf: Beaf, pipeline_file: Path, table: Table
) -> None:
    ran = beaf("pipeline", "run", *options(pipeline_file, *TO_TABLE))
    assert ran.code == 0, ran.err
    lines = [line.split() for line in ran.out.splitlines() if line.rstrip().endswith(URL)]
    assert [(words[1], words[-1]) for words in lines] == [
        (f"mic=XLON:{day}", URL) for day in (MONDAY, TUESDAY)
    ]
    as_json = beaf("pipeline", "run", *options(pipeline_file, *TO_TABLE), "--json").json
    assert {each["location"] for each in as_json["receipts"]} == {place for place, _ in table.rows}


def test_run_tells_a_place_in_the_working_folder_by_its_short_name(
    beaf: Beaf, pipeline_file: Path, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pipeline_file.parent)
    ran = beaf("pipeline", "run", *options(pipeline_file, SHELF))
    assert sum(line.split()[-1:] == ["data/tiny/bars.shelf"] for line in ran.out.splitlines()) == 2


def test_plan_tells_one_place_for_a_table_and_counts_files(
    beaf: Beaf, pipeline_file: Path, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pipeline_file.parent)
    to_table = beaf("pipeline", "plan", *options(pipeline_file, *TO_TABLE))
    assert f"bars → {URL}\n" in to_table.err
    to_files = beaf("pipeline", "plan", *options(pipeline_file))
    file = f"data/tiny/bars/mic=XLON/{MONDAY}_{MONDAY}.parquet"
    assert f"bars → {file} and 1 more\n" in to_files.err
    assert to_files.err.splitlines()[-1].startswith("next: ")
    assert not table.rows


def test_what_was_planned_is_where_it_is_written(
    beaf: Beaf, pipeline_file: Path, table: Table
) -> None:
    extra = "PASSES.bars.extra_outputs=[{type: shelf, table: more}]"
    for sets in ((), TO_TABLE, (extra,)):
        given = [*options(pipeline_file, *sets), "--json"]
        planned = beaf("pipeline", "plan", *given).json["passes"]
        ran = beaf("pipeline", "run", *given, "--force").json["receipts"]
        assert [where for each in planned for where in each["locations"]] == [
            each["location"] for each in ran
        ]


def test_what_outputs_have_to_say_is_told_once_beside_the_data(
    beaf: Beaf, pipeline_file: Path, table: Table
) -> None:
    says = "OUTPUT_TARGET.says={requests were repeated: 3}"
    ran = beaf("pipeline", "run", *options(pipeline_file, SHELF, says), "--json")
    assert ran.err.count("note: requests were repeated (6 times)") == 1
    assert ran.json["status"] == "succeeded"
    again = beaf("pipeline", "run", *options(pipeline_file, SHELF, says))
    assert "unchanged" in again.out


def test_a_table_of_another_dataset_is_refused_with_what_to_do(
    beaf: Beaf, pipeline_file: Path, table: Table
) -> None:
    one = "OUTPUT_TARGET.table=one"
    beaf("pipeline", "run", *options(pipeline_file, SHELF, one))
    refused = beaf("pipeline", "run", *options(pipeline_file, SHELF, one, "DATASETNAME=other"))
    assert refused.code == 2
    assert "here/one holds" in refused.err
    assert "dataset tiny, pass bars" in refused.err
