"""Does `beaf pipeline plan` say what a run would do, and leave everything as it is?"""

from __future__ import annotations

import shlex
from pathlib import Path

import polars as pl
import pytest

from beaf_core.testing.market import write_market
from tests.cli.conftest import Beaf

MONDAY, TUESDAY, WEDNESDAY = "2025-01-06", "2025-01-07", "2025-01-08"


def options(path: Path, end: str = TUESDAY, *more: str) -> list[str]:
    return ["--pipeline", str(path), "--start_date", MONDAY, "--end_date", end,
            "--universe", "mic=XLON", "--set", "BATCH_FREQ=D", *more]  # fmt: skip


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_plan_lists_what_would_run_and_why_and_touches_nothing(
    beaf: Beaf, pipeline_file: Path
) -> None:
    before = tree(pipeline_file.parent)
    planned = beaf("pipeline", "plan", *options(pipeline_file))
    assert planned.code == 0
    assert [line.split()[:3] for line in planned.out.splitlines() if "mic=" in line] == [
        ["bars", f"mic=XLON:{MONDAY}", "new"],
        ["bars", f"mic=XLON:{TUESDAY}", "new"],
    ]
    assert "2 partitions: 2 new" in planned.err
    assert tree(pipeline_file.parent) == before
    assert list(pipeline_file.parent.iterdir()) != []


def test_the_last_line_is_the_next_command_and_can_be_typed(
    beaf: Beaf, pipeline_file: Path
) -> None:
    planned = beaf("pipeline", "plan", *options(pipeline_file, TUESDAY, "--only", "missing"))
    word, _, command = planned.err.splitlines()[-1].partition(": ")
    assert word == "next"
    program, *typed = shlex.split(command)
    assert program == "beaf"
    assert typed[:2] == ["pipeline", "run"]
    assert beaf(*typed).code == 0
    after = beaf("pipeline", "plan", *options(pipeline_file))
    assert "2 partitions: 2 up to date" in after.err
    assert after.err.splitlines()[-1].startswith("nothing would be written")


def test_a_plan_as_json_is_one_object_with_sizes(beaf: Beaf, pipeline_file: Path) -> None:
    beaf("pipeline", "run", *options(pipeline_file, MONDAY))
    planned = beaf("pipeline", "plan", *options(pipeline_file), "--json")
    monday, tuesday = planned.json["passes"]
    assert {name: monday[name] for name in ("pass", "partition", "status", "runs")} == {
        "pass": "bars",
        "partition": f"mic=XLON:{MONDAY}",
        "status": "up to date",
        "runs": False,
    }
    assert (tuesday["status"], tuesday["runs"], tuesday["reason"]) == ("new", True, None)
    assert set(tuesday) == {
        "pass", "partition", "status", "runs", "reason", "rows_in", "memory", "batches",
        "locations",
    }  # fmt: skip
    assert tuesday["rows_in"] == 2
    place = pipeline_file.parent / f"data/tiny/bars/mic=XLON/{TUESDAY}_{TUESDAY}.parquet"
    assert tuesday["locations"] == [str(place)]


def test_missing_data_is_told_and_exits_four_unless_it_is_allowed(
    beaf: Beaf, pipeline_file: Path
) -> None:
    planned = beaf("pipeline", "plan", *options(pipeline_file, WEDNESDAY))
    assert planned.code == 4
    assert f"missing: data is missing on {WEDNESDAY}" in planned.out
    assert "2 new, 1 missing" in planned.err
    allowed = beaf("pipeline", "plan", *options(pipeline_file, WEDNESDAY, "--allow_missing"))
    assert allowed.code == 0
    assert f"missing: {WEDNESDAY} is missing" in allowed.out


def test_what_would_be_refused_is_told_with_the_code_that_the_run_has(
    beaf: Beaf, pipeline_file: Path
) -> None:
    beaf("pipeline", "run", *options(pipeline_file, TUESDAY, "--set", "BATCH_FREQ=W"))
    planned = beaf("pipeline", "plan", *options(pipeline_file))
    ran = beaf("pipeline", "run", *options(pipeline_file))
    assert planned.code == ran.code == 2
    assert "refused" in planned.out
    forced = beaf("pipeline", "plan", *options(pipeline_file, TUESDAY, "--force"))
    assert "2 forced" in forced.err
    assert forced.err.splitlines()[-1].endswith("--force")


def test_where_nothing_would_be_written_a_plan_says_what_to_do_instead_of_running(
    beaf: Beaf, pipeline_file: Path
) -> None:
    planned = beaf(
        "pipeline", "plan", "--pipeline", str(pipeline_file), "--date", WEDNESDAY,
        "--universe", "mic=XLON",
    )  # fmt: skip
    assert planned.code == 4
    assert "next: " not in planned.err
    assert planned.err.splitlines()[-1].startswith("  → ")


def test_a_plan_reads_no_row(beaf: Beaf, pipeline_file: Path, tmp_path: Path) -> None:
    """Footers stay, and every page in front of them is overwritten: reading one would fail."""
    market = write_market(tmp_path / "market")
    for path in (market / "trades").rglob("*.parquet"):
        content = bytearray(path.read_bytes())
        length = int.from_bytes(content[-8:-4], "little")
        content[4 : -8 - length] = b"\xff" * (len(content) - 12 - length)
        path.write_bytes(content)
        with pytest.raises(Exception, match=r".+"):
            pl.read_parquet(path)
    planned = beaf(
        "pipeline", "plan", *options(pipeline_file), "--set", f"SOURCE.root={market}", "--json"
    )
    assert planned.code == 0
    assert [each["rows_in"] for each in planned.json["passes"]] == [8, 2]


def test_plan_and_run_agree_on_what_is_written(beaf: Beaf, pipeline_file: Path) -> None:
    beaf("pipeline", "run", *options(pipeline_file, MONDAY))
    for more in (
        [],
        ["--only", "missing"],
        ["--only", "stale"],
        ["--set", "PASSES.bars.time_bucket_seconds=300", "--only", "stale"],
        ["--set", "SKIP_EXISTING_OUTPUT=true"],
        ["--force"],
    ):
        given = options(pipeline_file, TUESDAY, *more, "--json")
        planned = beaf("pipeline", "plan", *given).json["passes"]
        ran = beaf("pipeline", "run", *given).json["receipts"]
        assert [each["runs"] for each in planned] == [
            each["status"] == "written" for each in ran
        ], more


def test_an_unknown_kind_of_partition_is_two(beaf: Beaf, pipeline_file: Path) -> None:
    for command in ("plan", "run"):
        refused = beaf("pipeline", command, *options(pipeline_file, MONDAY, "--only", "new"))
        assert refused.code == 2
        assert "missing,stale,failed" in refused.err


def test_explain_shows_the_physical_plan_of_each_table_and_names_what_does_not_stream(
    beaf: Beaf, pipeline_file: Path
) -> None:
    path = pipeline_file.with_name("own.py")
    path.write_text(
        "import polars as pl\n"
        "from beaf_core import Aggregation, Kind, Measure\n"
        "SIZE = pl.col('Size')\n"
        "A = Measure('Sum', 'trades', Aggregation(Kind.SUM, SIZE), 'shares', '', '')\n"
        "B = Measure('Middle', 'trades', Aggregation(Kind.MEDIAN, SIZE), 'shares', '', '')\n"
        "USER_CONFIG = {'PASSES': [{'name': 'bars', 'modules': ['custom']}]}\n"
    )
    shown = beaf("pipeline", "plan", *options(path), "--explain")
    assert shown.code == 0
    assert "group-by" in shown.out
    assert shown.out.count("not streamed, as its measures need") >= 1
    assert "though nothing declares it" not in shown.out
    as_json = beaf("pipeline", "plan", *options(path), "--explain", "--json").json
    assert {each["table"] for each in as_json["plans"]} == {"trades"}
    # The plan is shown once, whatever the number of partitions, and whatever stands already.
    beaf("pipeline", "run", *options(path))
    again = beaf("pipeline", "plan", *options(path), "--explain", "--json").json
    assert [each["lane"] for each in again["plans"]] == [each["lane"] for each in as_json["plans"]]
    assert "plans" not in beaf("pipeline", "plan", *options(path), "--json").json


def test_passes_are_planned_and_run_alone_with_those_that_they_read(
    beaf: Beaf, tmp_path: Path
) -> None:
    write_market(tmp_path / "market")
    pipeline = tmp_path / "three.yaml"
    one = "{name: NAME, modules: [trade], time_bucket_seconds: 3600}"
    passes = ", ".join(one.replace("NAME", name) for name in ("first", "other"))
    reader = (
        "{name: second, source_pass: first, modules: [generic], time_bucket_seconds: 3600, "
        "generic_analytics: {aggregations: {Close: last}}}"
    )
    source = "SOURCE: {type: parquet, root: market}"
    pipeline.write_text(f"{source}\nDATASETNAME: three\nPASSES: [{passes}, {reader}]\n")
    asked = ["--pipeline", str(pipeline), "--date", MONDAY, "--universe", "mic=XLON"]
    planned = beaf("pipeline", "plan", *asked, "--passes", "second", "--json")
    assert [each["pass"] for each in planned.json["passes"]] == ["first", "second"]
    told = beaf("pipeline", "plan", *asked, "--passes", "second")
    assert told.err.splitlines()[-1].endswith(" --passes second")
    ran = beaf("pipeline", "run", *asked, "--passes", "second", "--json")
    assert [each["pass"] for each in ran.json["receipts"]] == ["first", "second"]
    wrong = beaf("pipeline", "run", *asked, "--passes", "secund")
    assert (wrong.code, "its passes are first, other, second" in wrong.err) == (2, True)
