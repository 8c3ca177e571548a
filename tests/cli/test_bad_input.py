"""Does bad input get one clear message, the right exit code, and nothing half-written?"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from beaf_core.testing.market import write_market
from tests.cli.conftest import Beaf, Typed

MONDAY = "2025-01-06"


def run(
    beaf: Beaf, path: Path, *more: str, date: str = MONDAY, universe: str = "mic=XLON"
) -> Typed:
    return beaf(
        "pipeline", "run", "--pipeline", path, "--date", date, "--universe", universe, *more
    )


def assert_refused(found: Typed, path: Path, code: int, *words: str) -> None:
    assert found.code == code, found.err
    for word in words:
        assert word in found.err
    assert "Traceback" not in found.err
    assert not list(path.parent.glob("data/**/*")), "nothing is half-written"


def test_what_all_partitions_say_is_told_once(beaf: Beaf, pipeline_file: Path) -> None:
    days = ["--start_date", MONDAY, "--end_date", "2025-01-07", "--set", "BATCH_FREQ=D"]
    nowhere = ["--set", "SOURCE={type: parquet, root: nowhere}", "--universe", "mic=XLON"]
    found = beaf("pipeline", "run", "--pipeline", pipeline_file, *days, *nowhere)
    assert found.err.count("does not exist") == 1
    assert f"mic=XLON:{MONDAY} and 1 more:" in found.err


CONFIGURATION = {
    "an unknown key at the top": (
        ["--set", "DATASETNAM=x"],
        ['unknown key "DATASETNAM"', 'did you mean "DATASETNAME"'],
    ),
    "an unknown key in a pass": (
        ["--set", "PASSES.bars.modlues=[trade]"],
        ['did you mean "modules"'],
    ),
    "an unknown option of a module": (
        ["--set", "PASSES.bars.trade_analytics.clasifications=all"],
        ['did you mean "classifications"'],
    ),
    "an unknown module": (
        ["--set", "PASSES.bars.modules=[trad]"],
        ['no module is called "trad"', 'did you mean "trade"', "PASSES[0].modules[0]"],
    ),
    "an unknown output": (
        ["--set", "OUTPUT_TARGET.type=parkett"],
        ['no output is called "parkett"'],
    ),
    "an unknown source": (
        ["--set", "SOURCE.type=parqet"],
        ['no source is called "parqet"', 'did you mean "parquet"'],
    ),
    "an unknown launcher": (["--set", "LAUNCHER=lokal"], ['no launcher is called "lokal"']),
    "an unknown pass": (["--set", "PASSES.bras.time_bucket_seconds=1"], ['did you mean "bars"']),
    "a wrong type": (
        ["--set", "PASSES.bars.time_bucket_seconds=soon"],
        ["time_bucket_seconds", "'soon'"],
    ),
    "a bucket of no width": (
        ["--set", "PASSES.bars.time_bucket_seconds=0"],
        ["time_bucket_seconds", "greater than 0"],
    ),
    "a wrong anchor": (["--set", "PASSES.bars.time_bucket_anchor=middle"], ["'end' or 'start'"]),
    "an option that yields no column": (
        ["--set", "PASSES.bars.trade_analytics.ENABLED=false"],
        ["yields no column"],
    ),
    "a column asked for twice": (
        ["--set", "PASSES.bars.trade_analytics.generic_metrics=[{measures: [Volume, Volume]}]"],
        ["TradeTotalVolume more than once"],
    ),
    "an override without a value": (["--set", "DATASETNAME"], ["is not PATH=VALUE"]),
    "a YAML fault in an override": (["--set", "DATASETNAME=[1"], ["YAML syntax error"]),
    "a placeholder that is not known": (
        ["--set", "OUTPUT_TARGET.path_template=/tmp/{venue}.parquet"],
        ["{datasetname}"],
    ),
    "a sort key that is no column": (
        ["--set", "PASSES.bars.sort_keys=[Opne]"],
        ['no column "Opne"', 'did you mean "Open"'],
    ),
    "a width that is a flag": (
        ["--set", "PASSES.bars.time_bucket_seconds=true"],
        ["should be a number"],
    ),
    "a dataset that would leave its folder": (
        ["--set", "DATASETNAME=../../x"],
        ["slashes"],
    ),
    "a bucket that is not set": (
        ["--set", "OUTPUT_TARGET.path_template=s3://{bucket}/x"],
        ["set bucket beside it"],
    ),
    "a source without a root": (["--set", "SOURCE.root=null"], ["root"]),
}


@pytest.mark.parametrize("case", CONFIGURATION)
def test_a_fault_in_the_configuration_is_two(beaf: Beaf, pipeline_file: Path, case: str) -> None:
    more, words = CONFIGURATION[case]
    assert_refused(run(beaf, pipeline_file, *more), pipeline_file, 2, *words)


@pytest.mark.parametrize(
    "date", ["2025-02-30", "tomorrow", "2025-1-6", "20250106x", "9999-12-31", "0001-01-01"]
)
def test_an_impossible_date_is_two(beaf: Beaf, pipeline_file: Path, date: str) -> None:
    assert_refused(run(beaf, pipeline_file, date=date), pipeline_file, 2, date, "not a date")


def test_a_range_given_as_a_date_is_told_once_with_the_way_to_write_it(
    beaf: Beaf, pipeline_file: Path
) -> None:
    found = run(beaf, pipeline_file, date="2025-01-06_2025-01-07")
    assert_refused(found, pipeline_file, 2, "--date: '2025-01-06_2025-01-07'", "--end_date")
    assert found.err.count("is not a date") == 1


@pytest.mark.parametrize(
    ("universe", "words"),
    [
        ("mik=XLON", ['no universe is called "mik"', 'did you mean "mic"']),
        ("mic=XLON,XPAR", ["a comma breaks partition keys"]),
        ("mic=", ["has no value"]),
        ("=XLON", ["has no name"]),
    ],
)
def test_a_selector_that_cannot_be_read_is_two(
    beaf: Beaf, pipeline_file: Path, universe: str, words: list[str]
) -> None:
    assert_refused(run(beaf, pipeline_file, universe=universe), pipeline_file, 2, *words)


def test_an_end_before_the_start_is_two(beaf: Beaf, pipeline_file: Path) -> None:
    found = beaf(
        "pipeline", "run", "--pipeline", pipeline_file, "--universe", "mic=XLON",
        "--start_date", "2025-01-07", "--end_date", MONDAY,
    )  # fmt: skip
    assert_refused(found, pipeline_file, 2, "before the start")


def test_a_yaml_fault_is_two_and_shows_the_line(beaf: Beaf, pipeline_file: Path) -> None:
    pipeline_file.write_text("DATASETNAME: tiny\nPASSES: [\n")
    assert_refused(run(beaf, pipeline_file), pipeline_file, 2, "YAML syntax error", "bars.yaml:")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("raise ValueError('boom')", ["ValueError: boom", "bars.py:1"]),
        ("x = (", ["SyntaxError", "bars.py:1"]),
        ("import no_such_package", ["no_such_package", "bars.py:1"]),
        ("import sys; sys.exit(3)", ["SystemExit", "bars.py:1"]),
        ("USER_CONFIG = 3", ["USER_CONFIG is a int"]),
    ],
)
def test_a_pipeline_that_raises_is_two(
    beaf: Beaf, pipeline_file: Path, source: str, words: list[str]
) -> None:
    pipeline_file.with_suffix(".py").write_text(source + "\n")
    assert_refused(run(beaf, pipeline_file), pipeline_file, 2, *words)


def test_a_pipeline_that_is_not_there_is_two(beaf: Beaf, pipeline_file: Path) -> None:
    found = run(beaf, pipeline_file.with_name("bar.yaml"))
    assert_refused(found, pipeline_file, 2, "there is no pipeline", 'did you mean "bars.yaml"')


def test_a_pipeline_file_without_a_configuration_is_two(beaf: Beaf, tmp_path: Path) -> None:
    path = tmp_path / "empty.py"
    path.write_text("")
    assert_refused(run(beaf, path), path, 2, "no USER_CONFIG")


# -- data ------------------------------------------------------------------------------------------


@pytest.fixture
def market(tmp_path: Path) -> Path:
    return write_market(tmp_path / "market")


def with_root(market: Path) -> list[str]:
    return ["--set", f"SOURCE.root={market}"]


def trades_of(market: Path) -> Path:
    return market / "trades" / "XLON" / f"{MONDAY}.parquet"


def test_a_root_that_is_not_there_is_four(beaf: Beaf, pipeline_file: Path, tmp_path: Path) -> None:
    found = run(beaf, pipeline_file, *with_root(tmp_path / "nowhere"))
    assert_refused(found, pipeline_file, 4, "nowhere")


def test_a_missing_table_is_four(beaf: Beaf, pipeline_file: Path, market: Path) -> None:
    for path in (market / "trades").rglob("*.parquet"):
        path.unlink()
    found = run(beaf, pipeline_file, *with_root(market))
    assert_refused(found, pipeline_file, 4, "trades", MONDAY)


def test_a_missing_file_is_four_and_names_it(beaf: Beaf, pipeline_file: Path, market: Path) -> None:
    trades_of(market).unlink()
    found = run(beaf, pipeline_file, *with_root(market))
    assert_refused(found, pipeline_file, 4, str(trades_of(market)), "--allow_missing")


def test_a_missing_column_is_four_and_names_the_mapping(
    beaf: Beaf, pipeline_file: Path, market: Path
) -> None:
    path = trades_of(market)
    pl.read_parquet(path).rename({"Size": "Siz"}).write_parquet(path)
    found = run(beaf, pipeline_file, *with_root(market))
    assert_refused(found, pipeline_file, 4, "Size", 'did you mean "Siz"', "SOURCE.columns.trades")


def test_a_mistyped_column_is_four(beaf: Beaf, pipeline_file: Path, market: Path) -> None:
    path = trades_of(market)
    pl.read_parquet(path).with_columns(pl.col("Size").cast(pl.String)).write_parquet(path)
    found = run(beaf, pipeline_file, *with_root(market))
    assert_refused(found, pipeline_file, 4, "Size", "String", str(path))


@pytest.mark.parametrize("content", [b"", b"not a parquet file", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_a_corrupt_file_is_four_and_named(
    beaf: Beaf, pipeline_file: Path, market: Path, content: bytes
) -> None:
    trades_of(market).write_bytes(content)
    found = run(beaf, pipeline_file, *with_root(market))
    assert_refused(found, pipeline_file, 4, str(trades_of(market)))


def test_a_truncated_file_is_four(beaf: Beaf, pipeline_file: Path, market: Path) -> None:
    path = trades_of(market)
    path.write_bytes(path.read_bytes()[:-20])
    assert_refused(run(beaf, pipeline_file, *with_root(market)), pipeline_file, 4, str(path))


def test_an_empty_universe_is_four(beaf: Beaf, pipeline_file: Path) -> None:
    found = run(beaf, pipeline_file, universe="mic=XLOM")
    assert_refused(found, pipeline_file, 4, 'did you mean "XLON"')


# -- the machine -----------------------------------------------------------------------------------


def test_an_output_that_cannot_be_written_is_five(
    beaf: Beaf, pipeline_file: Path, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    found = run(
        beaf, pipeline_file, "--set", f"OUTPUT_TARGET.path_template={in_the_way}/out.parquet"
    )
    assert_refused(found, pipeline_file, 5, str(in_the_way))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder that even root cannot write")
def test_a_read_only_place_is_five(beaf: Beaf, pipeline_file: Path) -> None:
    found = run(beaf, pipeline_file, "--set", "OUTPUT_TARGET.path_template=/proc/beaf/out.parquet")
    assert_refused(found, pipeline_file, 5, "/proc/beaf")


# -- words -----------------------------------------------------------------------------------------


def test_every_problem_is_told_at_once(beaf: Beaf, pipeline_file: Path) -> None:
    found = run(
        beaf, pipeline_file,
        "--set", "DATASETNAM=x",
        "--set", "PASSES.bars.modules=[trad]",
        "--set", "PASSES.bars.time_bucket_seconds=0",
    )  # fmt: skip
    assert_refused(found, pipeline_file, 2, "3 problems", "DATASETNAM", '"trad"', "greater than 0")


def test_a_command_that_does_not_exist_gets_the_nearest_one(beaf: Beaf) -> None:
    found = beaf("pipelin", "run")
    assert found.code == 2
    assert 'did you mean "pipeline"' in found.err
    found = beaf("pipeline", "rn")
    assert 'did you mean "run"' in found.err


def test_with_json_a_refused_run_is_still_one_object(beaf: Beaf, pipeline_file: Path) -> None:
    found = run(beaf, pipeline_file, "--set", "LAUNCHER=lokal", "--json")
    assert found.code == 2
    assert found.json["status"] == "failed"
    assert found.json["error"]["exit_code"] == 2
    assert "lokal" in found.json["error"]["message"]


def test_debug_shows_the_traceback_of_a_partition_that_failed(
    beaf: Beaf, pipeline_file: Path
) -> None:
    pipeline_file.with_suffix(".py").write_text(
        "def get_universe(date):\n    raise ValueError('boom')\n"
    )
    quiet = run(beaf, pipeline_file, universe="default")
    assert quiet.code == 2
    assert "ValueError: boom" in quiet.err
    assert "bars.py" in quiet.err
    assert "Traceback" not in quiet.err
    loud = run(beaf, pipeline_file, "--debug", universe="default")
    assert "Traceback" in loud.err
    assert "in get_universe" in loud.err


def test_debug_shows_the_traceback(beaf: Beaf, pipeline_file: Path) -> None:
    found = run(beaf, pipeline_file, "--set", "LAUNCHER=lokal", "--debug")
    assert found.code == 2
    assert "Traceback" in found.err
