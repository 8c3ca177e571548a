"""Do the commands print what a person, or a program, came for?"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.cli.conftest import Beaf

MONDAY = "2025-01-06"
DEMO = Path(__file__).resolve().parents[2] / "demo" / "01_ohlcv_bars.py"


def test_run_prints_receipts_and_rows_on_stdout(beaf: Beaf, pipeline_file: Path) -> None:
    found = beaf("pipeline", "run", "--pipeline", pipeline_file, "--date", MONDAY,
                 "--universe", "mic=XLON")  # fmt: skip
    assert found.code == 0
    assert "written" in found.out
    assert f"{MONDAY}_{MONDAY}.parquet" in found.out
    assert "10.5" in found.out, "the high of the first bar"
    assert "manifest:" in found.err


def test_run_with_json_prints_one_object(beaf: Beaf, pipeline_file: Path) -> None:
    found = beaf("pipeline", "run", "--pipeline", pipeline_file, "--date", MONDAY,
                 "--universe", "mic=XLON", "--json")  # fmt: skip
    assert found.code == 0
    assert set(found.json) == {"status", "run_id", "manifest", "receipts"}
    assert found.json["status"] == "succeeded"
    assert json.loads(Path(found.json["manifest"]).read_text())["run_id"] == found.json["run_id"]
    receipt = found.json["receipts"][0]
    assert set(receipt) == {"pass", "location", "rows", "partition", "status"}
    assert receipt["pass"] == "bars"
    assert receipt["rows"] == pl.read_parquet(receipt["location"]).height == 4
    assert receipt["partition"] == f"mic=XLON:{MONDAY}"
    assert receipt["status"] == "written"


def test_options_are_spelt_with_either_dash(beaf: Beaf, pipeline_file: Path) -> None:
    for start, end in (("--start_date", "--end_date"), ("--start-date", "--end-date")):
        found = beaf("pipeline", "run", "--pipeline", pipeline_file, start, MONDAY, end, MONDAY,
                     "--universe", "mic=XLON", "--json")  # fmt: skip
        assert found.code == 0, found.err


def test_a_run_that_partly_fails_says_so_in_its_code_and_its_object(
    beaf: Beaf, pipeline_file: Path
) -> None:
    found = beaf("pipeline", "run", "--pipeline", pipeline_file, "--start_date", "2025-01-07",
                 "--end_date", "2025-01-08", "--universe", "mic=XLON", "--set", "BATCH_FREQ=D",
                 "--json")  # fmt: skip
    assert found.code == 4
    assert found.json["status"] == "partly_failed"
    assert [each["status"] for each in found.json["receipts"]] == ["written", "failed"]


def test_validate_reads_no_data(beaf: Beaf, pipeline_file: Path, tmp_path: Path) -> None:
    nowhere = f"SOURCE.root={tmp_path / 'nowhere'}"
    found = beaf("pipeline", "validate", "--pipeline", pipeline_file, "--set", nowhere)
    assert found.code == 0
    assert "is valid: 1 pass, 8 measures" in found.out


def test_validate_with_json_lists_problems_with_their_places(
    beaf: Beaf, pipeline_file: Path
) -> None:
    pipeline_file.write_text(pipeline_file.read_text().replace("[trade]", "[trad]"))
    found = beaf("pipeline", "validate", "--pipeline", pipeline_file, "--json")
    assert found.code == 2
    assert found.json["valid"] is False
    assert found.json["problems"][0]["path"] == "PASSES[0].modules[0]"
    assert found.json["problems"][0]["place"].endswith("bars.yaml:4:15")


def test_show_says_where_each_value_came_from(beaf: Beaf, pipeline_file: Path) -> None:
    found = beaf("pipeline", "show", "--pipeline", pipeline_file, "--date", MONDAY,
                 "--set", "PASSES.bars.time_bucket_seconds=300", "--json")  # fmt: skip
    assert found.code == 0
    origins = found.json["origins"]
    assert found.json["config"]["PASSES"][0]["time_bucket_seconds"] == 300
    assert origins["PASSES.bars.time_bucket_seconds"].startswith("--set")
    assert origins["DATASETNAME"].endswith("bars.yaml:1:14")
    assert origins["SOURCE.root"].endswith("beaf.yaml:1:31")
    assert origins["START_DATE"] == "--date"


def test_show_prints_yaml_that_loads_again(beaf: Beaf, pipeline_file: Path) -> None:
    shown = beaf("pipeline", "show", "--pipeline", pipeline_file)
    again = pipeline_file.with_name("again.yaml")
    again.write_text(shown.out)
    found = beaf("pipeline", "validate", "--pipeline", again, "--json")
    assert found.code == 0, found.err


def test_universe_list_and_show_ask_the_source(beaf: Beaf, pipeline_file: Path) -> None:
    listed = beaf("universe", "list", "--pipeline", pipeline_file, "--date", MONDAY, "--json")
    mic = next(each for each in listed.json if each["name"] == "mic")
    assert mic == {"name": "mic", "distribution": "beaf-universes", "values": ["XLON", "XPAR"]}
    shown = beaf("universe", "show", "mic=XLON", "--pipeline", pipeline_file, "--date", MONDAY,
                 "--json")  # fmt: skip
    assert [each["ListingId"] for each in shown.json] == [101, 102]


def test_universe_uses_the_nearest_project_file(
    beaf: Beaf, pipeline_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pipeline_file.parent)
    shown = beaf("universe", "show", "mic=XPAR", "--date", MONDAY, "--json")
    assert shown.code == 0, shown.err
    assert [each["ListingId"] for each in shown.json] == [201]


def test_analytics_list_names_exactly_the_columns_that_are_written(
    beaf: Beaf, pipeline_file: Path
) -> None:
    listed = beaf("analytics", "list", "--pipeline", pipeline_file, "--json")
    ran = beaf("pipeline", "run", "--pipeline", pipeline_file, "--date", MONDAY,
               "--universe", "mic=XLON", "--json")  # fmt: skip
    written = pl.read_parquet(ran.json["receipts"][0]["location"]).columns
    carried = {"ListingId", "TimeBucket", "MIC", "Ticker", "CurrencyCode"}
    assert [each["column"] for each in listed.json] == [c for c in written if c not in carried]
    assert all(each["unit"] and each["doc"] and each["needs"] for each in listed.json)


def test_analytics_list_without_a_pipeline_shows_the_defaults_of_modules(beaf: Beaf) -> None:
    listed = beaf("analytics", "list", "--module", "trade", "--json")
    columns = [each["column"] for each in listed.json]
    assert columns == ["MarketState", "VWAP", "VolumeWeightedPricePlacement", "Volume",
                       "Open", "High", "Low", "Close"]  # fmt: skip


def test_plugins_list_and_check(beaf: Beaf) -> None:
    listed = beaf("plugins", "list", "--json")
    found = {(each["kind"], each["name"]): each for each in listed.json}
    assert found["source", "parquet"]["distribution"] == "beaf-core"
    checked = beaf("plugins", "check", "--json")
    assert checked.code == 0, checked.err
    assert {each["status"] for each in checked.json} == {"works"}


def test_plugins_new_writes_a_package(beaf: Beaf, tmp_path: Path) -> None:
    found = beaf("plugins", "new", "acme", "--kind", "universe", "--folder", tmp_path, "--json")
    assert found.code == 0, found.err
    assert all(Path(path).is_file() for path in found.json)
    again = beaf("plugins", "new", "acme", "--kind", "universe", "--folder", tmp_path)
    assert again.code == 2
    assert "exists" in again.err


def test_the_demo_runs_on_the_simulated_market_on_a_sunday(beaf: Beaf, tmp_path: Path) -> None:
    found = beaf("pipeline", "run", "--pipeline", DEMO, "--date", "2026-02-01", "--json",
                 "--set", f"OUTPUT_TARGET.path_template={tmp_path}/bars.parquet")  # fmt: skip
    assert found.code == 0, found.err
    frame = pl.read_parquet(found.json["receipts"][0]["location"])
    wanted = (
        "Open High Low Close TradeTotalVolume TradeTotalNotional TradeTotalVWAP TradeTotalCount"
    )
    assert set(wanted.split()) <= set(frame.columns)
    assert frame.height > 1000
    manifest = json.loads(Path(found.json["manifest"]).read_text())
    assert manifest["outcomes"][0]["receipt"]["stamp"]["source"] == "simulated"


def test_an_interrupted_run_keeps_what_is_done_and_says_130(tmp_path: Path) -> None:
    (tmp_path / "beaf.yaml").write_text("SOURCE: {type: simulated}\n")
    (tmp_path / "bars.yaml").write_text("PASSES: [{name: bars, modules: [trade]}]\n")
    beaf = Path(sys.executable).with_name("beaf")
    process = subprocess.Popen(
        [beaf, "pipeline", "run", "--pipeline", "bars.yaml", "--universe", "mic=XLON",
         "--start_date", "2025-01-02", "--end_date", "2026-12-31", "--set", "BATCH_FREQ=D"],
        cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    first = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "written" in first
    assert "interrupted" in err
    assert "Traceback" not in err
    manifest = json.loads(next(tmp_path.glob(".beaf/runs/*/manifest.json")).read_text())
    assert manifest["exit_code"] == 130
    written = [each for each in manifest["outcomes"] if each["status"] == "written"]
    files = list(tmp_path.glob("data/**/*.parquet"))
    assert len(written) <= len(files) <= len(written) + 1
    assert all(pl.read_parquet(path).height > 0 for path in files)
    assert not list(tmp_path.glob("data/**/*.staged"))


def test_a_reader_that_leaves_early_is_no_fault() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    beaf = Path(sys.executable).with_name("beaf")
    ran = subprocess.run([beaf, "analytics", "list", "--json"], stdout=writing, check=False)
    os.close(writing)
    assert ran.returncode == 0


def test_a_failed_run_is_told_by_its_code_though_nobody_reads_on(pipeline_file: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    beaf = Path(sys.executable).with_name("beaf")
    ran = subprocess.run(
        [beaf, "pipeline", "run", "-p", pipeline_file, "--date", "2025-01-08",
         "--universe", "mic=XLON"],
        stdout=writing, check=False,
    )  # fmt: skip
    os.close(writing)
    assert ran.returncode == 4


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "sys.argv = ['beaf', *sys.argv[1:]]\n"
        "from beaf_core.cli import main\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as ended:\n"
        "    assert not ended.code, ended.code\n"
        "heavy = {'polars', 'pyarrow', 'pydantic', 'dagster', 'textual', 'boto3', 'numpy',\n"
        "         'pandas', 'pluggy', 'rich', 'yaml', 'beaf_analytics', 'beaf_simulator'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    for command in (["--help"], ["pipeline", "--help"], ["pipeline", "run", "--help"]):
        ran = subprocess.run(
            [sys.executable, "-c", program, *command], capture_output=True, text=True, check=True
        )
        assert ran.stderr.strip() == "[]", command
        assert "Usage: beaf" in ran.stdout


def test_importing_the_package_costs_nothing() -> None:
    program = "import sys, beaf_core; print([m for m in sys.modules if m.startswith('beaf_core.')])"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


def test_every_public_name_resolves() -> None:
    import beaf_core

    assert {*beaf_core._HOMES, "__version__"} == set(beaf_core.__all__)
    for name in beaf_core.__all__:
        assert getattr(beaf_core, name) is not None
