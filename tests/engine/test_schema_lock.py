"""Does a change of columns get told, refused or accepted, as configured?"""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from beaf_core import ConfigError, ExitCode, ResourceError, RunReport, UsageError, run_pipeline
from beaf_core.engine.checks.schema_lock import SchemaLock, differences, dtype_name, write_lock

MONDAY = "2025-01-06"
BARS = {"ListingId": pl.Int64(), "TimeBucket": pl.Datetime("ns"), "Open": pl.Float64()}
LOCKED = {"ListingId": "Int64", "TimeBucket": "Datetime(ns)", "Open": "Float64"}


def content(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "locks" / "schema.json"


@pytest.mark.parametrize("mode", ["warn", "raise", "update"])
def test_the_first_run_writes_the_file_in_the_order_of_columns(mode: Any, path: Path) -> None:
    assert SchemaLock(mode, path).check("bars", BARS) == []
    assert content(path) == {"bars": LOCKED}
    assert list(content(path)["bars"]) == list(LOCKED)
    assert path.read_text().startswith('{\n  "bars": {\n    "ListingId": "Int64",\n')
    assert [each.name for each in path.parent.iterdir()] == ["schema.json"]


def test_off_neither_reads_nor_writes(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("damaged")
    assert SchemaLock("off", path).check("bars", BARS) == []
    assert path.read_text() == "damaged"


def test_differences_are_shown_as_plus_minus_and_arrow() -> None:
    known = {"A": "Int64", "B": "Int64", "C": "Int64"}
    found = {"D": "String", "C": "Float64", "A": "Int64"}
    assert differences(known, found) == ["+D String", "−B", "C: Int64 → Float64"]
    assert differences(known, dict(reversed(known.items()))) == [], "order is no difference"


CHANGED = {"ListingId": pl.Int64(), "Open": pl.Float32(), "Close": pl.Float64()}
CHANGES = "+Close Float64, −TimeBucket, Open: Float64 → Float32"


def test_warn_tells_and_leaves_the_file(path: Path) -> None:
    lock = SchemaLock("warn", path)
    lock.check("bars", BARS)
    assert lock.check("bars", CHANGED) == [f"the schema lock of bars differs: {CHANGES}"]
    assert content(path) == {"bars": LOCKED}


def test_raise_refuses_and_says_how_to_accept(path: Path) -> None:
    lock = SchemaLock("raise", path)
    lock.check("bars", BARS)
    with pytest.raises(UsageError) as caught:
        lock.check("bars", CHANGED)
    assert CHANGES in caught.value.message
    assert "SCHEMA_LOCK_MODE=update" in str(caught.value.remedy)
    assert content(path) == {"bars": LOCKED}


def test_update_rewrites_only_the_pass_that_ran(path: Path) -> None:
    SchemaLock("warn", path).check("bars", BARS)
    SchemaLock("warn", path).check("book", BARS)
    told = SchemaLock("update", path).check("bars", CHANGED)
    assert told == [f"the schema lock of bars is updated: {CHANGES}"]
    assert content(path) == {
        "bars": {"ListingId": "Int64", "Open": "Float32", "Close": "Float64"},
        "book": LOCKED,
    }


def test_a_pass_that_the_file_does_not_know_is_added(path: Path) -> None:
    SchemaLock("raise", path).check("bars", BARS)
    assert SchemaLock("raise", path).check("book", CHANGED) == []
    assert list(content(path)) == ["bars", "book"]


def test_a_column_without_a_dtype_neither_breaks_nor_rewrites_the_lock(path: Path) -> None:
    nothing = {**BARS, "Open": pl.Null()}
    for mode in ("warn", "raise", "update"):
        SchemaLock("update", path).check("bars", BARS)
        assert SchemaLock(mode, path).check("bars", nothing) == []
        assert content(path) == {"bars": LOCKED}


def test_a_dtype_that_the_first_run_did_not_know_is_learned(path: Path) -> None:
    SchemaLock("raise", path).check("bars", {**BARS, "Open": pl.Null()})
    assert content(path)["bars"]["Open"] is None
    assert SchemaLock("raise", path).check("bars", BARS) == []
    assert content(path) == {"bars": LOCKED}


def test_a_lock_that_says_it_all_is_not_written_again(path: Path) -> None:
    SchemaLock("update", path).check("bars", BARS)
    before = path.stat().st_ino
    SchemaLock("update", path).check("bars", BARS)
    assert path.stat().st_ino == before


@pytest.mark.parametrize("text", ["", "{", "[]", '{"bars": []}', '{"bars": {"Open": 1}}', "\xff"])
def test_a_damaged_file_is_one_clear_error_and_stays_as_it_is(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_bytes(text.encode("latin-1"))
    for mode in ("warn", "raise", "update"):
        with pytest.raises(UsageError, match="cannot be read") as caught:
            SchemaLock(mode, path).check("bars", BARS)
        assert str(path) in caught.value.message
        assert "remove it" in str(caught.value.remedy)
    assert path.read_bytes() == text.encode("latin-1")


def test_passes_that_finish_at_once_do_not_forget_each_other(path: Path) -> None:
    lock = SchemaLock("warn", path)
    names = [f"pass{number}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: lock.check(name, BARS), names))
    assert sorted(content(path)) == sorted(names)


_RUNS = """
import sys
from pathlib import Path
import polars as pl
from beaf_core.engine.checks.schema_lock import SchemaLock
print("ready", flush=True)
sys.stdin.readline()  # until all are
for number in range(40):
    SchemaLock("warn", Path(sys.argv[1])).check(f"{sys.argv[2]}{number}", {"A": pl.Int64()})
"""


def test_runs_beside_each_other_do_not_forget_each_other(path: Path) -> None:
    command = [sys.executable, "-c", _RUNS, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    others = [subprocess.Popen([*command, name], **pipes) for name in "abc"]
    assert [each.stdout.readline() for each in others] == ["ready\n"] * 3
    for each in others:
        each.stdin.write("go\n")
        each.stdin.flush()
    assert [each.communicate(timeout=60)[1] for each in others] == [None] * 3
    assert [each.returncode for each in others] == [0] * 3
    assert len(content(path)) == 120


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        (pl.Int64(), "Int64"),
        (pl.Datetime("us", "UTC"), "Datetime(us, UTC)"),
        (pl.Duration("ms"), "Duration(ms)"),
        (pl.List(pl.Datetime("ns")), "List(Datetime(ns))"),
        (pl.Enum(["a"]), "Enum"),
        (pl.Null(), None),
    ],
)
def test_dtypes_have_short_names(dtype: pl.DataType, name: str | None) -> None:
    assert dtype_name(dtype) == name


# -- in a run --------------------------------------------------------------------------------------


def run(pipeline_file: Path, mode: str, *sets: str, **more: Any) -> RunReport:
    lock = [f"SCHEMA_LOCK_MODE={mode}", f"SCHEMA_LOCK_PATH={pipeline_file.parent}/lock.json"]
    return run_pipeline(
        pipeline_file, universe="mic=XLON", sets=[*lock, *sets], **{"date": MONDAY, **more}
    )


RENAMED = "PASSES.bars.trade_analytics.metric_prefix=My"


def test_a_run_refuses_a_changed_output_before_anything_of_it_is_written(
    pipeline_file: Path,
) -> None:
    assert run(pipeline_file, "raise").exit_code is ExitCode.OK
    written = Path(run(pipeline_file, "raise").receipts[0].location)
    before = written.read_bytes()
    refused = run(pipeline_file, "raise", RENAMED)
    assert refused.exit_code is ExitCode.USAGE
    assert "+MyOpen Float64" in str(refused.outcomes[0].message)
    assert "−Open" in str(refused.outcomes[0].message)
    assert written.read_bytes() == before
    accepted = run(pipeline_file, "update", RENAMED)
    assert "is updated: " in str(accepted.outcomes[0].message)
    assert run(pipeline_file, "raise", RENAMED, force=True).exit_code is ExitCode.OK


def test_every_partition_of_a_run_is_held_against_the_lock(pipeline_file: Path) -> None:
    days = {"date": None, "start_date": MONDAY, "end_date": "2025-01-07"}
    run(pipeline_file, "raise")
    report = run(pipeline_file, "raise", RENAMED, "BATCH_FREQ=D", **days)
    assert [each.exit_code for each in report.outcomes] == [ExitCode.USAGE] * 2


def test_a_relative_path_belongs_to_the_file_that_names_it(pipeline_file: Path) -> None:
    text = pipeline_file.read_text()
    pipeline_file.write_text(f"SCHEMA_LOCK_MODE: warn\nSCHEMA_LOCK_PATH: lock.json\n{text}")
    run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON")
    assert list(content(pipeline_file.parent / "lock.json")) == ["bars"]


def test_a_damaged_lock_ends_a_run_before_it_begins(pipeline_file: Path) -> None:
    (pipeline_file.parent / "lock.json").write_text("{")
    with pytest.raises(UsageError, match=r"schema lock .* cannot be read"):
        run(pipeline_file, "warn")
    assert not (pipeline_file.parent / "data").exists()


@pytest.mark.parametrize("mode", ["warn", "raise", "update"])
def test_a_mode_without_a_path_is_refused_with_a_remedy(pipeline_file: Path, mode: str) -> None:
    with pytest.raises(ConfigError, match=r"SCHEMA_LOCK_MODE: .* needs a file") as caught:
        run_pipeline(
            pipeline_file, date=MONDAY, universe="mic=XLON", sets=[f"SCHEMA_LOCK_MODE={mode}"]
        )
    assert "SCHEMA_LOCK_PATH: " in str(caught.value)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ResourceError, match="cannot be written"):
        write_lock(tmp_path / "file" / "lock.json", {})
