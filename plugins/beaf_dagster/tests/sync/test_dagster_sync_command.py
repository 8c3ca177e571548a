"""Does `beaf dagster sync` tell Dagster what lies in outputs and inputs, and say what it cannot?"""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from tests.dagster_sync import BARS, DAYS, TWO, Project, runs_of
from tests.event_logs import instance_of, postgres_home

from beaf_core import LockedError, ResourceError, UsageError
from beaf_dagster.sync.instance import alone


def test_outputs_become_materializations_once(project: Project) -> None:
    project.write("bars.yaml", runs_of("XLON"))
    project.write("two.py", runs_of("XLON", "XPAR"))
    assert {key: each["written"] for key, each in project.sync().items()} == {
        "pipes/bars": 2,
        "pipes/two": 4,
    }
    assert {each["written"] for each in project.sync().values()} == {0}
    [changed] = project.write("bars.yaml", runs_of("XLON", days=DAYS[:1]), "f2")
    done = project.sync()["pipes/bars"]
    assert (done["new"], done["changed"], done["unchanged"]) == (0, 1, 1)
    with instance_of(project.home) as instance:
        newest = instance.get_latest_materialization_event(BARS)
        assert newest is not None
        made = newest.asset_materialization
        assert made is not None
        assert made.partition == dg.MultiPartitionKey({"universe": "mic=XLON", "date": DAYS[0]})
        assert made.metadata["path"].value == changed
        assert made.metadata["bytes"].value == Path(changed).stat().st_size


def test_the_version_is_what_the_run_itself_has_written(project: Project) -> None:
    project.write("bars.yaml", runs_of("XLON", days=DAYS[:1]))
    project.sync()
    with instance_of(project.home) as instance:
        newest = instance.get_latest_materialization_event(BARS)
        assert newest is not None
        assert newest.asset_materialization is not None
        tags = newest.asset_materialization.tags or {}
    assert tags["dagster/data_version"] == f"f1-bars-mic=XLON:{DAYS[0]}"


def test_a_partition_of_which_a_pass_lacks_is_not_told_and_said_so(project: Project) -> None:
    locations = project.write("two.py", runs_of("XLON"))
    Path(next(each for each in locations if "hours" in each and DAYS[1] in each)).unlink()
    done = project.sync()["pipes/two"]
    assert done["written"] == 1
    assert done["notes"] == [f"mic=XLON:{DAYS[1]}: not every pass is there, so nothing is told"]


def test_each_pass_is_an_asset_with_split_passes(project: Project) -> None:
    project.write("two.py", runs_of("XLON"))
    done = project.sync("--split_passes")
    assert done["pipes/two/bars"]["written"] == done["pipes/two/hours"]["written"] == 2


def test_outputs_that_are_no_partitions_are_left_out_and_named(project: Project) -> None:
    days = (f"{DAYS[0]}_{DAYS[1]}",)
    project.write("two.py", runs_of("XLON", days=days) + runs_of("XAMS", days=DAYS[:1]))
    done = project.sync()["pipes/two"]
    assert done["there"] == 0
    assert sorted(done["notes"]) == [
        f"mic=XAMS:{DAYS[0]}: no partition has this universe, so nothing is told",
        f"mic=XLON:{DAYS[0]}_{DAYS[1]}: no partition has exactly these days, so nothing is told",
    ]


def test_a_copy_of_an_output_elsewhere_is_no_partition(project: Project) -> None:
    [location, _] = project.write("bars.yaml", runs_of("XLON"))
    copy = Path(location.replace(DAYS[0], "2025-01-08"))
    copy.write_bytes(Path(location).read_bytes())
    assert project.sync()["pipes/bars"]["there"] == 2


def test_dates_narrow_what_is_looked_for(project: Project) -> None:
    project.write("bars.yaml", runs_of("XLON"))
    done = project.sync("--start_date", DAYS[1], "--end_date", DAYS[1])
    assert done["pipes/bars"]["written"] == 1


def test_a_dry_run_leaves_no_trace(project: Project) -> None:
    project.write("bars.yaml", runs_of("XLON"))
    assert project.sync("--dry_run")["pipes/bars"]["new"] == 2
    assert not (project.folder / ".beaf").exists()
    assert project.events(BARS) == 0


def test_vanished_files_are_reported_and_forgotten_when_asked(project: Project) -> None:
    locations = project.write("bars.yaml", runs_of("XLON"))
    project.sync()
    Path(locations[0]).unlink()
    done = project.sync("--reconcile")["pipes/bars"]
    assert done["vanished"] == [f"{DAYS[0]}|mic=XLON"]
    assert project.code == 4
    done = project.sync("--reconcile", "--start_over")["pipes/bars"]
    assert (done["wiped"], done["written"], done["materialized"]) == (True, 1, 1)
    assert project.code == 0


def test_input_tables_become_materializations_of_days_and_venues(project: Project) -> None:
    dates = ("--start_date", "2025-01-05", "--end_date", "2025-01-08")
    done = project.sync("--tables", "trades,marketstate", *dates)
    assert {key: each["written"] for key, each in done.items()} == {
        "BMLL/trades": 4,
        "BMLL/marketstate": 4,
    }
    again = project.sync("--tables", "all", *dates, "--asset_key_prefix", "BMLL")
    assert {each["written"] for each in again.values()} == {0}
    trades = project.folder / "market" / "trades" / "XLON" / f"{DAYS[0]}.parquet"
    pl.read_parquet(trades).head(1).write_parquet(trades)
    changed = project.sync("--tables", "trades", *dates)["BMLL/trades"]
    assert (changed["changed"], changed["written"]) == (1, 1)
    with instance_of(project.home) as instance:
        newest = instance.get_latest_materialization_event(dg.AssetKey(["BMLL", "trades"]))
        assert newest is not None
        made = newest.asset_materialization
        assert made is not None
        assert made.partition == dg.MultiPartitionKey({"date": DAYS[0], "mic": "XLON"})
        assert made.metadata["path"].value == str(trades)


def test_paths_are_told_of_alone(project: Project) -> None:
    locations = project.write("two.py", runs_of("XLON", "XPAR"))
    trades = str(project.folder / "market" / "trades" / "XPAR" / f"{DAYS[1]}.parquet")
    chosen = next(each for each in locations if "hours/mic=XPAR" in each and DAYS[1] in each)
    done = project.sync("--paths", f"{chosen},{trades}", "--paths", chosen)
    assert {key: each["written"] for key, each in done.items()} == {
        "pipes/two": 1,
        "BMLL/trades": 1,
    }
    with instance_of(project.home) as instance:
        assert instance.get_materialized_partitions(TWO) == {f"{DAYS[1]}|mic=XPAR"}


@pytest.mark.parametrize("path", ["nowhere.parquet", "market/2025-01-06.txt"])
def test_a_path_that_belongs_to_nothing_is_refused(project: Project, path: str) -> None:
    with pytest.raises(UsageError, match="belongs to no output of these pipelines"):
        project.sync("--paths", path)
    assert project.events(BARS) == 0


def test_a_broken_pipeline_is_named_and_the_others_are_told_of(project: Project) -> None:
    project.write("bars.yaml", runs_of("XLON"))
    (project.pipes / "wrong.yaml").write_text("PASSES: [{name: a, modules: [nothing]}]\n")
    assert project.sync()["pipes/bars"]["written"] == 2
    assert project.code == 3


def test_the_project_s_own_pipelines_are_taken_where_none_are_named(project: Project) -> None:
    project.write("bars.yaml", runs_of("XLON"))
    project.pipes.rename(project.folder / "pipelines")
    assert project.beaf_dagster("sync") == 0
    assert project.events(dg.AssetKey(["pipelines", "bars"])) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--tables", "trade"), "there is no input table 'trade'"),
        (("--tables", "reference"), "is not kept by days and venues"),
        (("--end_date", "2025-01-06"), "--start_date is not"),
        (("--start_date", "2025-01-32"), "2025-01-32"),
        (("--no_emit_materializations",), "neither materializations nor observations"),
        (("--start_over",), "belongs to --reconcile"),
        (
            ("--reconcile", "--start_over", "--no_emit_materializations", "--emit_observations"),
            "does not tell of them anew",
        ),
        (("--writer", "copy"), "cannot be copied to"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_written(
    project: Project, arguments: tuple[str, ...], told: str
) -> None:
    project.write("bars.yaml", runs_of("XLON", days=DAYS[:1]))
    with pytest.raises(UsageError, match=told):
        project.sync(*arguments)
    assert project.events(BARS) == 0


def test_without_a_home_it_says_what_to_set(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME")
    with pytest.raises(UsageError, match="DAGSTER_HOME is not set"):
        project.sync()


def test_a_database_that_does_not_answer_is_told_without_its_password(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEAF_TEST_EVENT_LOG", "")
    home = postgres_home(project.folder / "pg", "postgresql://someone:s3cret@127.0.0.1:1/events")
    with pytest.raises(ResourceError) as caught:
        project.sync("--dagster_home", str(home))
    assert "cannot be reached" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert not (project.folder / ".beaf").exists()


def test_a_dagster_yaml_that_cannot_be_used_is_told_with_its_place(project: Project) -> None:
    (project.home / "dagster.yaml").write_text("storage: {postgres: {postgres_urll: x}}\n")
    with pytest.raises(UsageError, match=r"dagster\.yaml cannot be used"):
        project.sync()


def test_two_syncs_of_one_home_do_not_work_at_once(project: Project) -> None:
    with alone(str(project.home)), pytest.raises(LockedError, match="is at work"):
        project.sync()
