"""Does `beaf dagster run` materialize what a person names, in the catalogue, and nothing else?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl
import pytest
from tests.dagster_processes import free_port, impatient

from beaf_core import DatePartition, PartitionRun, parse_universe_spec, run_partition
from beaf_dagster import partition_run
from beaf_dagster.running.asked import Wanted, read_asked

if TYPE_CHECKING:
    from conftest import Beaf

DAY = "2025-01-06|mic=XLON"
BARS = dg.AssetKey(["pipes", "bars"])
TWO = dg.AssetKey(["pipes", "two"])


def materialized(instance: dg.DagsterInstance, key: dg.AssetKey) -> set[str]:
    return set(instance.get_materialized_partitions(key))


@pytest.mark.parametrize(
    "spelt",
    [
        "date=2025-01-06,universe=mic=XLON",
        "universe=mic=XLON, date=2025-01-06",
        "date=2025-01-06",
        DAY,
    ],
)
def test_a_partition_is_known_however_it_is_spelt(pipes: Path, spelt: str) -> None:
    assert read_asked(pipes / "bars.yaml", Wanted(spelt)).keys == [DAY]


def test_a_partition_is_materialized_by_the_pipelines_own_job_in_the_catalogue(
    pipes: Path, home: dg.DagsterInstance, beaf: Beaf
) -> None:
    spelt = ("--partition", "date=2025-01-06,universe=mic=XLON")
    done = beaf("run", "--pipeline", str(pipes / "bars.yaml"), *spelt, "--json")
    assert done.code == 0, done.err
    assert done.json["status"] == "succeeded"
    assert done.json["runs"][0]["partitions"] == [DAY]
    assert materialized(home, BARS) == {DAY}
    run = home.get_run_by_id(done.json["runs"][0]["run_id"])
    assert run is not None
    assert (run.job_name, run.tags["dagster/partition/universe"]) == ("bars__job", "mic=XLON")


def test_it_writes_the_rows_that_a_run_writes(
    pipes: Path, home: dg.DagsterInstance, beaf: Beaf
) -> None:
    path = "data/tiny_bars/bars/mic=XLON/2025-01-06_2025-01-06.parquet"
    part = PartitionRun(parse_universe_spec("mic=XLON"), DatePartition("2025-01-06"))
    run_partition(str(pipes / "bars.yaml"), None, part)
    expected = pl.read_parquet(pipes.parent / path)
    (pipes.parent / path).unlink()
    done = beaf("run", "--pipeline", str(pipes / "bars.yaml"), "--partition", DAY)
    assert done.out.startswith(f"succeeded pipes/bars {DAY} run ")
    assert pl.read_parquet(pipes.parent / path).equals(expected)


def test_nothing_named_means_the_start_date_and_the_first_universe(
    pipes: Path, home: dg.DagsterInstance, beaf: Beaf
) -> None:
    text = (pipes / "bars.yaml").read_text()
    (pipes / "bars.yaml").write_text(text + 'START_DATE: "2025-01-07"\n')
    done = beaf("run", "--pipeline", str(pipes / "bars.yaml"))
    assert done.code == 0, done.err
    assert materialized(home, BARS) == {"2025-01-07|mic=XLON"}


def test_a_range_is_one_run_for_each_universe(
    pipes: Path, home: dg.DagsterInstance, beaf: Beaf
) -> None:
    days = ("--start_date", "2025-01-06", "--end_date", "2025-01-07")
    both = ("--universe", "mic=XLON", "--universe", "mic=XPAR")
    done = beaf("run", "--pipeline", str(pipes / "two.py"), *days, *both, "--json")
    assert done.code == 0, done.err
    assert [each["status"] for each in done.json["runs"]] == ["succeeded", "succeeded"]
    assert materialized(home, TWO) == {
        f"{day}|{mic}" for day in ("2025-01-06", "2025-01-07") for mic in ("mic=XLON", "mic=XPAR")
    }


WEEKS = """
from beaf_dagster import build_definitions
defs = build_definitions({pipeline!r}, universes=["mic=XPAR"], frequency="W", start="2025-01-01")
"""


def test_the_partitions_are_those_that_the_workspace_gives_the_pipeline(pipes: Path) -> None:
    (pipes.parent / "weeks.py").write_text(WEEKS.format(pipeline=str(pipes / "bars.yaml")))
    (pipes.parent / "broken.py").write_text("raise RuntimeError('mine')")
    workspace = pipes.parent / "workspace.yaml"
    workspace.write_text("load_from: [{python_file: broken.py}, {python_file: weeks.py}]")
    for spelt in ("date=2025-01-08,universe=mic=XPAR", "2025-01-06|mic=XPAR"):
        asked = read_asked(pipes / "bars.yaml", Wanted(spelt), workspace=workspace)
        run = partition_run(asked.partitions, asked.keys[0])
        assert run.key == "mic=XPAR:2025-01-06_2025-01-12"
        assert asked.definitions.resolve_job_def(asked.job).partitions_def == asked.partitions
    # One that is not in it has its own.
    alone = read_asked(pipes / "two.py", Wanted(DAY), workspace=workspace)
    assert partition_run(alone.partitions, DAY).key == "mic=XLON:2025-01-06"


@pytest.mark.parametrize("job", ["two__job", "tiny_two__job"])
def test_both_names_of_a_job_work(pipes: Path, job: str) -> None:
    asked = read_asked(pipes / "two.py", Wanted(DAY), job)
    assert asked.definitions.resolve_job_def(asked.job).name == job


def test_a_pass_alone_is_materialized_where_passes_are_assets(
    pipes: Path, home: dg.DagsterInstance, beaf: Beaf
) -> None:
    named = ("--pipeline", str(pipes / "two.py"), "--partition", DAY)
    done = beaf("run", *named, "--split_passes", "--select", "bars")
    assert done.code == 0, done.err
    assert materialized(home, dg.AssetKey(["pipes", "two", "bars"])) == {DAY}
    assert not materialized(home, dg.AssetKey(["pipes", "two", "hours"]))


def test_a_day_without_data_fails_and_says_why(
    pipes: Path, home: dg.DagsterInstance, beaf: Beaf
) -> None:
    asked = ("--partition", "2025-01-08|mic=XLON", "--json")
    done = beaf("run", "--pipeline", str(pipes / "bars.yaml"), *asked)
    assert done.code == 4  # as `beaf pipeline run` ends
    assert done.json["status"] == "failed"
    assert "error: pipes__bars: the partition failed\n2025-01-08|mic=XLON: bars: data" in done.err
    assert "Traceback" not in done.err
    assert not materialized(home, BARS)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--partition", "2025-01-06|mic=XLN"), 'did you mean "mic=XLON"'),
        (("--partition", "date=2025-01-06,universe=mic=XLN"), 'did you mean "mic=XLON"'),
        (("--partition", "date=2025-01-06,date=2025-01-07"), "is said twice"),
        (("--partition", "mic=XLON"), "is neither a date nor a universe"),
        (("--partition", "date=2014-01-06,universe=mic=XLON"), "2014-01-06"),
        (("--partition", DAY, "--start_date", "2025-01-06"), "names a universe and a date"),
        (("--start_date", "2025-01-06"), "--end_date is not"),
        (("--start_date", "2025-01-07", "--end_date", "2025-01-06"), "is after"),
        ((), "no START_DATE"),
        (("--partition", DAY, "--job", "bar__job"), 'did you mean "bars__job"'),
        (("--partition", DAY, "--passes", "bars"), "give --split_passes"),
        (("--partition", DAY, "--split_passes", "--passes", "bar"), 'did you mean "bars"'),
        (("--partition", DAY, "--launch", "--backfill"), "give --launch or --backfill"),
        (("--partition", DAY, "--launch", "--workspace", "no.yaml"), "no workspace no.yaml"),
        (("--run_id", "x"), "needs --run_id and --instance_ref_file"),
        (("--run_id", "x", "--instance_ref_file", "no.json"), "no.json cannot be read"),
    ],
)
def test_what_cannot_be_meant_is_told_and_nothing_is_written(
    pipes: Path, home: dg.DagsterInstance, beaf: Beaf, args: tuple[str, ...], told: str
) -> None:
    done = beaf("run", "--pipeline", str(pipes / "bars.yaml"), *args)
    assert done.code == 2
    assert told in done.err
    assert "→" in done.err
    assert not home.get_runs()
    assert not (pipes.parent / "data").exists()


@pytest.mark.parametrize(
    ("args", "told"),
    [((), "no pipeline is named"), (("--pipeline", "no.py"), "there is no pipeline no.py")],
)
def test_a_pipeline_that_is_not_there_is_told(
    home: dg.DagsterInstance, beaf: Beaf, args: tuple[str, ...], told: str
) -> None:
    done = beaf("run", *args)
    assert (done.code, told in done.err) == (2, True)


def test_without_a_home_nothing_is_run(
    pipes: Path, beaf: Beaf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    done = beaf("run", "--pipeline", str(pipes / "bars.yaml"), "--partition", DAY)
    assert done.code == 2
    assert "DAGSTER_HOME is not set" in done.err
    assert not (pipes.parent / "data").exists()


def test_an_event_log_that_does_not_answer_is_told_without_its_password(
    pipes: Path, tmp_path: Path, beaf: Beaf, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch)
    url = f"postgresql+psycopg2://someone:s3cr3t@127.0.0.1:{free_port()}/none"
    (tmp_path / "down").mkdir()
    text = f"storage: {{postgres: {{postgres_url: '{url}'}}}}\n"
    (tmp_path / "down" / "dagster.yaml").write_text(text)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "down"))
    done = beaf("run", "--partition", DAY, "--pipeline", str(pipes / "bars.yaml"))
    assert done.code == 5, done.err
    assert "cannot be reached" in done.err
    assert "s3cr3t" not in done.err + done.out
    assert not (pipes.parent / "data").exists()


def test_a_backfill_is_one_of_the_assets_and_waits_for_a_daemon(
    pipes: Path, home: dg.DagsterInstance, beaf: Beaf
) -> None:
    days = ("--start_date", "2025-01-06", "--end_date", "2025-01-07", "--backfill", "--json")
    done = beaf("run", "--pipeline", str(pipes / "bars.yaml"), *days)
    assert done.code == 0, done.err
    assert "no daemon is alive over this instance" in done.err
    assert done.json["partitions"] == ["2025-01-06|mic=XLON", "2025-01-07|mic=XLON"]
    asked = home.get_backfill(done.json["backfill_id"])
    assert asked is not None
    assert asked.is_asset_backfill
    assert asked.asset_selection == [BARS]
    assert not home.get_runs()
