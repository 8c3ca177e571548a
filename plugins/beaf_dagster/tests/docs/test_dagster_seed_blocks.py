"""Do the blocks of the description run as they stand, on the simulated market?

They lie in `seed_blocks`; its README says what differs from the text. As in the text, later blocks
use what earlier ones define.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
import yaml
from tests.cli.conftest import Beaf
from tests.conftest import ROOT
from tests.typed_commands import check_typed

from beaf_core import DatePartition
from beaf_dagster import build_assets

BLOCKS = Path(__file__).with_name("seed_blocks")
DAY = "2025-01-02|mic=XLON"

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def project(tmp_path: Path, empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the demos, on the simulated market, and an instance of its own."""
    shutil.copytree(
        ROOT / "demo", tmp_path / "demo", ignore=shutil.ignore_patterns("data", ".beaf", "__py*")
    )
    (tmp_path / "beaf.yaml").write_text("SOURCE: {type: simulated}\n")
    shutil.copytree(empty_home, tmp_path / "home")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def text(name: str) -> str:
    (file,) = BLOCKS.glob(f"{name}.*")
    return file.read_text(encoding="utf-8")


@pytest.fixture
def run(project: Path) -> Run:
    """Execute blocks of Python one after the other; what is given stands before them."""

    def execute(*names: str, **given: Any) -> dict[str, Any]:
        namespace = {"__name__": "described", **given}
        for name in names:
            exec(compile(text(name), name, "exec"), namespace)
        return namespace

    return execute


def rows(project: Path, universe: str, dates: str = "2025-01-02_2025-01-02") -> int:
    file = project / "data" / "dagster_demo" / "pass1" / universe / f"{dates}.parquet"
    return pl.scan_parquet(file).select(pl.len()).collect().item()


def test_single_mic_single_day(run: Run, project: Path, instance: dg.DagsterInstance) -> None:
    definitions = run("01_single_mic")["defs"]
    assets = [definitions.resolve_assets_def("intraday_partition")]
    assert dg.materialize(assets, instance=instance).success
    assert rows(project, "mic=XLON") > 8


def test_multiple_mics(run: Run, project: Path) -> None:
    run("01_single_mic", "02_multiple_mics")
    assert rows(project, "mic=XLON") > 8
    assert rows(project, "mic=XPAR") > 8


def test_a_module_of_a_universe(run: Run) -> None:
    assert run("03_universe_module")["get_universe"]("2025-01-02", "XLON") is None


def test_structured_universes(run: Run) -> None:
    dates = dg.StaticPartitionsDefinition(["2025-01-02"])
    found = run("04_structured_universes", date_partitions=dates)
    assert found["universe_partitions"].get_partition_keys() == [
        "mic=XLON",
        "mic=XPAR",
        "index=STOXX600",
        "mic=BATE+custom",
        "mic=XLON+custom",
        "mic=XPAR+custom",
    ]
    assert found["partitions_def"].get_num_partitions() == 6


def test_the_io_manager_is_configured(
    run: Run, project: Path, instance: dg.DagsterInstance
) -> None:
    config = {"DATASETNAME": "described", "SOURCE": {"type": "simulated"}}
    # The text leaves open what is built: `build_assets(...)`.
    definitions = run("09_io_manager", USER_CONFIG=config, build_assets=demos)["defs"]
    dg.Definitions.validate_loadable(definitions)
    assert "output_target_io_manager" in (definitions.resources or {})
    job = definitions.resolve_implicit_global_asset_job_def()
    bars = [dg.AssetKey(["demo", "demo01_ohlcv_bars"])]
    done = job.execute_in_process(instance=instance, partition_key=DAY, asset_selection=bars)
    assert done.success


def demos(given: object) -> list[dg.AssetsDefinition]:
    assert given is ...
    return build_assets("demo/01_ohlcv_bars.py")


def test_the_schedule_of_the_demo_is_that_of_the_text_and_is_registered(
    run: Run, project: Path
) -> None:
    (project / "demo" / "01_ohlcv_bars.yaml").write_text(text("11_schedule"))
    definitions = run("12_schedules")["defs"]
    dg.Definitions.validate_loadable(definitions)
    (schedule,) = [
        each for each in definitions.schedules if each.name == "demo01_ohlcv_bars__daily_demo"
    ]
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 2 * * *", "Europe/London")
    tick = dg.build_schedule_context(
        scheduled_execution_time=datetime(2025, 1, 3, 2, tzinfo=UTC),
        repository_def=definitions.get_repository_def(),
    )
    (request,) = schedule.evaluate_tick(tick).run_requests or []
    assert str(request.partition_key) == DAY


def test_the_launcher_of_the_text_is_a_section_of_dagsters(project: Path) -> None:
    section = yaml.safe_load(text("17_run_launcher"))
    assert section == {"run_launcher": {"module": "beaf_bmll.dagster", "class": "BMLLRunLauncher"}}


def test_demos_are_discovered(run: Run, project: Path) -> None:
    definitions = run("10_demo_discovery")["defs"]
    dg.Definitions.validate_loadable(definitions)
    keys = {each.key.to_user_string() for each in definitions.resolve_all_asset_specs()}
    assert {"demo/demo01_ohlcv_bars", "demo/main"} <= keys


@pytest.mark.parametrize(
    ("universe", "dates"),
    [
        ("mic=XLON", "2025-01-02"),
        pytest.param("mic=XPAR", "2025-01-03_2025-01-09", marks=pytest.mark.soak),
    ],
)
def test_partitions_in_the_ui(
    run: Run, project: Path, instance: dg.DagsterInstance, universe: str, dates: str
) -> None:
    definitions = run("01_single_mic", "18_ui_partitions")["defs"]
    assets = [definitions.resolve_assets_def("demo06_characteristics")]
    key = f"{dates}|{universe}"
    assert dg.materialize(assets, instance=instance, partition_key=key).success
    days = DatePartition(dates)
    count = (days.end - days.start).days + 1
    assert rows(project, universe, f"{days.start}_{days.end}") > 8 * count


def test_the_command_line_of_the_core(beaf: Beaf, project: Path) -> None:
    for line in commands("13_beaf"):
        assert beaf(*line).code == 0, line


def test_a_pipeline_is_run_by_a_job_of_its_dataset(beaf: Beaf, project: Path) -> None:
    (line,) = commands("14_run")
    typed = beaf(*line)
    assert typed.code == 0, typed.err
    with dg.DagsterInstance.from_config(str(project / "home")) as instance:
        done = instance.get_materialized_partitions(dg.AssetKey(["demo", "demo01_ohlcv_bars"]))
    assert done == {"2026-02-01|mic=XLON"}


def test_a_schedule_is_put_into_the_file_and_taken_out(beaf: Beaf, project: Path) -> None:
    (install,), (uninstall,) = commands("15_install"), commands("16_uninstall")
    file = project / "demo" / "01_ohlcv_bars.yaml"
    comment = file.read_text().splitlines()[0]
    assert beaf(*install).code == 0
    config = yaml.safe_load(file.read_text())["USER_CONFIG"]
    assert config["AUTO_MATERIALIZE_LATEST_DAYS"] == 7
    assert "0 2 * * *" in [each["cron"] for each in config["SCHEDULES"]]
    assert beaf(*uninstall).code == 0
    assert file.read_text().startswith(comment)


@pytest.mark.parametrize(
    "shortened", [("--end_date", "2025-01-03"), pytest.param((), marks=pytest.mark.soak)]
)
def test_tables_are_synchronised(beaf: Beaf, project: Path, shortened: tuple[str, ...]) -> None:
    for each in (project / "demo").iterdir():  # one pipeline that reads trades is enough
        if not each.name.startswith(("01_", "beaf")):
            each.unlink() if each.is_file() else shutil.rmtree(each)
    (line,) = commands("07_sync_tables")
    typed = beaf(*line, *shortened, "--json")
    assert typed.code == 0, typed.err


def test_the_page_without_the_daemon(
    beaf: Beaf, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[list[str]] = []
    monkeypatch.setattr(
        "beaf_dagster.commands.ui._become", lambda words, given: became.append(words)
    )
    (line,) = commands("06_ui")
    assert beaf(*line).code == 0
    ((*_, last),) = became
    assert last == "beaf_dagster.definitions"


def test_the_setup_script(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    (project / "scripts").symlink_to(ROOT / "scripts")
    done = subprocess.run(
        ["bash", "-c", text("19_setup_script")], text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    definitions = project / "home/project/src/beaf_pipelines/definitions.py"
    assert 'frequency="W"' in definitions.read_text()


@pytest.mark.parametrize("name", ["05_scheduler_install", "08_sync_paths"])
def test_what_starts_processes_or_reads_a_bucket_takes_the_options_of_the_text(name: str) -> None:
    for line in commands(name):
        check_typed(line)


def commands(name: str) -> list[list[str]]:
    """Read the lines of a block as a shell does, without `beaf`."""
    lines = text(name).replace("\\\n", " ").splitlines()
    typed = [shlex.split(each, comments=True) for each in lines]
    found = [each for each in typed if each]
    assert {each[0] for each in found} == {"beaf"}
    return [each[1:] for each in found]
