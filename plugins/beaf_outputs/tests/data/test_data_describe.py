"""Does `beaf data describe` say what is there, what it means, and how it was made?"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from tests.cli.conftest import Beaf
from tests.s3 import S3Server

import beaf_core
from beaf_core.testing import check_command

Run = Callable[..., list[str]]

MONDAY, TUESDAY = "2025-01-06", "2025-01-07"


def place(beaf: Beaf, *arguments: object) -> dict:
    """Describe what is one place."""
    found = beaf("data", "describe", *arguments, "--json")
    assert found.code == 0, found.err
    (only,) = found.json["places"]
    return only


def test_the_command_keeps_the_contract() -> None:
    check_command("data")


def test_help_imports_nothing_that_takes_time() -> None:
    code = (
        "import sys\nfrom beaf_core.cli import main\n"
        "sys.argv = ['beaf', 'data', 'describe', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'polars', 'pyarrow', 'pydantic', 'deltalake', 'sqlalchemy', 'obstore', 'rich'}\n"
        "print(sorted(heavy & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--pipeline" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


# -- one file --------------------------------------------------------------------------------------


def test_a_file_tells_its_partition_as_its_receipt_has_it(beaf: Beaf, run: Run) -> None:
    file, _ = run()
    found = place(beaf, file)
    assert (found["kind"], found["location"]) == ("parquet", file)
    (partition,) = found["partitions"]
    assert partition["partition"] == f"mic=XLON:{MONDAY}"
    assert (partition["dataset"], partition["pass"]) == ("tiny", "bars")
    assert partition["rows"] == found["rows"] == pl.read_parquet(file).height > 0
    (manifest,) = Path(".beaf/runs").iterdir()
    assert partition["run_id"] == manifest.name
    assert partition["written_at"].startswith("20")


def test_a_file_tells_its_columns_with_what_they_mean(beaf: Beaf, run: Run) -> None:
    file, _ = run()
    columns = place(beaf, file)["columns"]
    schema = pl.read_parquet_schema(file)
    assert [each["name"] for each in columns] == list(schema)
    listed = beaf("analytics", "list", "--pipeline", "bars.yaml", "--json").json
    told = {each["name"]: each for each in columns}
    for each in listed:
        mine = told[each["column"]]
        assert (mine["unit"], mine["meaning"]) == (each["unit"], each["doc"])
        assert mine["formula"]
        assert mine["module"] == "trade"
        assert mine["version"] >= 1
    assert (told["TimeBucket"]["type"], told["TimeBucket"]["stored"]) == (
        "Datetime(ns)", "timestamp[ns]",
    )  # fmt: skip
    assert (told["TradeTotalVolume"]["reaggregation"], told["TradeTotalVolume"]["unit"]) == (
        "sum", "shares",
    )  # fmt: skip


def test_a_file_tells_how_its_buckets_are_made(beaf: Beaf, run: Run) -> None:
    file, _ = run("PASSES.bars.time_bucket_seconds=90", "PASSES.bars.time_bucket_closed=left")
    facts = place(beaf, file)["facts"]
    assert len(facts.pop("configuration")) == 32
    assert facts == {
        "time_bucket_seconds": "90",
        "time_bucket_anchor": "end",
        "time_bucket_closed": "left",
        "beaf": beaf_core.__version__,
    }
    shown = beaf("data", "describe", file).out
    assert "90 s, [start, end), labelled at their end" in shown


def test_the_screen_is_readable_at_a_hundred_columns(beaf: Beaf, run: Run) -> None:
    run()
    shown = beaf("data", "describe", "data/tiny/bars")
    assert max(len(line) for line in shown.out.splitlines()) <= 100
    for text in (
        "kind           parquet", f"mic=XLON:{TUESDAY}", "shares", "= Σ s",
        "longer buckets: sum of the buckets", "version 1 of the module trade",
        "in timestamp[ns]", "The venue of the listing, ISO 10383.",
    ):  # fmt: skip
        assert text in shown.out
    assert shown.err.startswith("next: beaf data ")


def test_the_last_line_is_the_next_command_and_can_be_typed(beaf: Beaf, run: Run) -> None:
    file, _ = run()
    for given in ([file], ["data"], ["--pipeline", "bars.yaml", "--pass", "bars"]):
        told = beaf("data", "describe", *given).err.splitlines()[-1]
        program, *typed = shlex.split(told.removeprefix("next: "))
        assert program == "beaf"
        assert beaf(*typed).code == 0


# -- several files ---------------------------------------------------------------------------------


def test_the_files_of_a_folder_are_described_together_by_what_they_are_of(
    beaf: Beaf, run: Run
) -> None:
    run()
    run(universe="mic=XPAR")
    run("DATASETNAME=other")
    found = beaf("data", "describe", "data", "--json").json["places"]
    told = {each["partitions"][0]["dataset"]: each for each in found}
    assert told.keys() == {"tiny", "other"}
    assert [each["partition"] for each in told["tiny"]["partitions"]] == [
        f"mic={mic}:{day}" for day in (MONDAY, TUESDAY) for mic in ("XLON", "XPAR")
    ]
    assert told["tiny"]["rows"] == sum(each["rows"] for each in told["tiny"]["partitions"])


def test_of_many_partitions_the_latest_are_shown_and_all_if_asked_for(beaf: Beaf, run: Run) -> None:
    file, _ = run()
    for number in range(24):  # as it is copied, a file is still of the partition that it tells
        Path(f"data/{number:02}.parquet").write_bytes(Path(file).read_bytes())
    shown = beaf("data", "describe", "data")
    assert shown.out.count("mic=XLON:") == 20
    assert "and 6 earlier; --all lists them" in shown.err
    assert beaf("data", "describe", "data", "--all").out.count("mic=XLON:") == 26
    assert len(place(beaf, "data")["partitions"]) == 26


def test_files_that_are_staged_or_hidden_or_of_others_are_left_out(beaf: Beaf, run: Run) -> None:
    file, _ = run()
    text = Path(file).read_bytes()
    for hidden in (".x.parquet.ab.staged", ".x.parquet", "_tmp/x.parquet"):
        path = Path("data", hidden)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text)
    pl.DataFrame({"a": [1]}).write_parquet("data/foreign.parquet")
    Path("data/broken.parquet").write_bytes(text[:100])
    assert len(place(beaf, "data")["partitions"]) == 2


# -- the outputs of a pipeline ---------------------------------------------------------------------


def test_a_pipeline_tells_all_its_files_whatever_universe_and_dates(
    beaf: Beaf, run: Run, project: Path
) -> None:
    run()
    run(universe="mic=XPAR")
    run("OUTPUT_TARGET.path_template=elsewhere/{pass}-{universe}-{start_date}.parquet")
    found = place(beaf, "--pipeline", "bars.yaml")
    assert found["location"] == str(project / "data/tiny/bars")
    assert len(found["partitions"]) == 4


TWO = """
DATASETNAME: tiny
PASSES:
  - {name: bars, modules: [trade]}
  - {name: more, modules: [trade], time_bucket_seconds: 300,
     extra_outputs: [{path_template: "second/{universe}.{start_date}.parquet"}]}
"""


def test_a_pipeline_tells_each_output_of_each_pass_or_of_one(
    beaf: Beaf, run: Run, project: Path
) -> None:
    (project / "two.yaml").write_text(TWO)
    run(pipeline="two.yaml")
    found = beaf("data", "describe", "--pipeline", "two.yaml", "--json").json["places"]
    told = [(Path(each["location"]).name, each["facts"]["time_bucket_seconds"]) for each in found]
    assert told == [("bars", "60"), ("more", "300"), ("second", "300")]
    one = beaf("data", "describe", "--pipeline", "two.yaml", "--pass", "more", "--json").json
    assert [Path(each["location"]).name for each in one["places"]] == ["more", "second"]


def test_what_other_outputs_keep_is_left_out_and_said_to_be(
    beaf: Beaf, run: Run, project: Path, table: object
) -> None:
    (project / "both.yaml").write_text(
        "DATASETNAME: tiny\nPASSES:\n"
        "  - {name: bars, modules: [trade], extra_outputs: [{type: shelf}]}\n"
    )
    run(pipeline="both.yaml")
    found = beaf("data", "describe", "--pipeline", "both.yaml", "--json")
    assert found.code == 0
    assert [each["kind"] for each in found.json["places"]] == ["parquet"]
    assert "the output shelf says nothing of itself" in found.err


# -- what is not there -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "what", ["nothing", "nothing.parquet", "folder", "folder.parquet", "foreign.parquet", "text"]
)
def test_what_beaf_has_not_written_is_told_with_what_to_do(
    beaf: Beaf, project: Path, what: str
) -> None:
    (project / "folder").mkdir()
    (project / "folder.parquet").mkdir()
    pl.DataFrame({"a": [1]}).write_parquet(project / "foreign.parquet")
    pl.DataFrame({"a": [1]}).write_parquet(project / "folder/foreign.parquet")
    (project / "text").write_text("no data")
    found = beaf("data", "describe", what)
    assert found.code == 2
    assert f"{what} that BEAF has written" in found.err
    assert "→ name a parquet file" in found.err
    assert found.out == ""


def test_what_cannot_be_asked_for_is_told_with_what_to_write(beaf: Beaf, project: Path) -> None:
    assert "--pipeline FILE" in beaf("data", "describe").err
    both = beaf("data", "describe", "data", "--pipeline", "bars.yaml", "--pass", "bars")
    assert (both.code, "leave PATH or --pass out" in both.err) == (2, True)
    wrong = beaf("data", "describe", "--pipeline", "bars.yaml", "--pass", "barz")
    assert (wrong.code, 'did you mean "bars"?' in wrong.err) == (2, True)
    nothing = beaf("data", "describe", "--pipeline", "bars.yaml")
    assert (nothing.code, "beaf pipeline plan" in nothing.err) == (2, True)


def test_a_password_in_a_url_is_never_printed(beaf: Beaf, project: Path) -> None:
    for url in ("postgresql://me:hush@127.0.0.1:1/x", "sqlite://me:hush@/nowhere/x.db"):
        found = beaf("data", "describe", url, "--table", "bars", "--debug")
        assert found.code != 0
        assert "hush" not in found.out + found.err


def test_a_database_is_asked_for_one_table(beaf: Beaf, run: Run, project: Path) -> None:
    url = f"sqlite:///{project}/x.db"
    sets = ("OUTPUT_TARGET.type=sql", f"OUTPUT_TARGET.sql_connection={url}")
    run(*sets)
    assert place(beaf, url, "--table", "tiny_bars") == place(beaf, f"{url}#tiny_bars")
    without = beaf("data", "describe", url)
    assert (without.code, "--table NAME" in without.err) == (2, True)
    other = beaf("data", "describe", url, "--table", "other")
    assert (other.code, "that BEAF has written" in other.err) == (2, True)
    (project / "many.yaml").write_text(
        f"OUTPUT_TARGET: {{type: sql, sql_connection: '{url}', sql_table: '{{universe}}'}}\n"
        "PASSES: [{name: bars, modules: [trade]}]\n"
    )
    many = beaf("data", "describe", "--pipeline", "many.yaml")
    assert (many.code, "--table NAME" in many.err) == (2, True)


def test_options_for_s3_are_those_of_the_project_or_of_a_pipeline(
    beaf: Beaf, run: Run, project: Path, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = f"{s3.create_bucket('options')}/tiny"
    project_file = project / "beaf.yaml"
    alone = project_file.read_text()
    options = f"S3_STORAGE_OPTIONS: {json.dumps(s3.storage_options())}\n"
    project_file.write_text(alone + options)
    run(f"OUTPUT_TARGET.path_template={where}", "OUTPUT_TARGET.partition_columns=[MIC]")
    nearest = place(beaf, where)
    assert len(nearest["partitions"]) == 2
    project_file.write_text(alone)
    (project / "own.yaml").write_text(options + "PASSES: [{name: bars, modules: [trade]}]\n")
    assert place(beaf, where, "--pipeline", "own.yaml") == nearest
    told = beaf("data", "describe", where, "--pipeline", "own.yaml").err.splitlines()[-1]
    assert told == f"next: beaf data compact {where} --pipeline own.yaml"
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    assert place(beaf, where) == nearest


def test_who_stops_reading_is_no_fault(run: Run) -> None:
    run()
    typed = f"{Path(sys.executable).with_name('beaf')} data describe data | head -n 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {typed}"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "data\n"), done.stderr
    assert "Traceback" not in done.stderr
