"""Does a check find out that a materialized output is gone, and only then?"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from tests.dagster_project import BARS, TWO

from beaf_core import UsageError
from beaf_dagster import build_assets, build_materialization_checks

KEY = dg.AssetKey(["pipes", "bars"])
MONDAY, TUESDAY, SATURDAY = (f"2025-01-{day}|mic=XLON" for day in ("06", "07", "11"))


def materialize(pipes: Path, instance: dg.DagsterInstance, *keys: str) -> None:
    [bars] = build_assets(pipes / "bars.yaml")
    for key in keys:
        assert dg.materialize([bars], instance=instance, partition_key=key).success


def place(pipes: Path, day: str) -> Path:
    return pipes.parent / f"data/tiny_bars/bars/mic=XLON/{day}_{day}.parquet"


def evaluate(
    pipes: Path,
    instance: dg.DagsterInstance,
    key: str | None = None,
    file: str = "bars.yaml",
    **chosen: Any,
) -> dg.AssetCheckEvaluation:
    """Run the check alone, as a click on it does."""
    checks = build_materialization_checks(pipes / file, **chosen)
    [bars] = build_assets(pipes / file)
    definitions = dg.Definitions(
        assets=[bars],
        asset_checks=checks,
        jobs=[dg.define_asset_job("look", dg.AssetSelection.checks(*checks))],
    )
    job = definitions.resolve_job_def("look")
    # As the webserver does it; `partition_key=` is refused where checks alone are selected.
    tags = {"dagster/partition": key} if key else {}
    done = job.execute_in_process(instance=instance, tags=tags)
    [evaluation] = done.get_asset_check_evaluations()
    return evaluation


def test_a_check_of_one_partition_answers_for_it_alone(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    materialize(pipes, instance, MONDAY, TUESDAY)
    place(pipes, "2025-01-06").unlink()
    gone, there = (evaluate(pipes, instance, key) for key in (MONDAY, TUESDAY))
    assert (gone.passed, gone.partition) == (False, MONDAY)
    assert str(place(pipes, "2025-01-06")) in str(gone.description)
    assert (there.passed, there.partition) == (True, TUESDAY)
    assert there.description == f"{TUESDAY} stands"


@pytest.mark.parametrize("mode", ["list", pytest.param("recursive", marks=pytest.mark.soak)])
def test_a_check_of_all_partitions_names_each_that_is_gone(
    pipes: Path, instance: dg.DagsterInstance, mode: str
) -> None:
    materialize(pipes, instance, MONDAY, TUESDAY)
    assert evaluate(pipes, instance, check_mode=mode).description == "2 partitions stand"
    place(pipes, "2025-01-07").unlink()
    told = evaluate(pipes, instance, check_mode=mode)
    assert not told.passed
    assert TUESDAY in str(told.description)
    assert MONDAY not in str(told.description)
    assert told.metadata["absent"].value == 1


@pytest.mark.parametrize("mode", ["head", "list", "recursive"])
def test_nothing_materialized_is_nothing_amiss(
    pipes: Path, instance: dg.DagsterInstance, mode: str
) -> None:
    told = evaluate(pipes, instance, check_mode=mode)
    assert (told.passed, told.description) == (True, "nothing is materialized")


def test_a_range_is_answered_for_partition_by_partition(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    [bars] = build_assets(pipes / "bars.yaml")
    checks = build_materialization_checks(pipes / "bars.yaml")
    definitions = dg.Definitions(
        assets=[bars],
        asset_checks=checks,
        jobs=[dg.define_asset_job("range", dg.AssetSelection.assets(bars))],
    )
    edges = {"start": MONDAY, "end": TUESDAY}
    tags = {f"dagster/asset_partition_range_{name}": key for name, key in edges.items()}
    done = definitions.resolve_job_def("range").execute_in_process(instance=instance, tags=tags)
    evaluations = done.get_asset_check_evaluations()
    mine = [each for each in evaluations if each.check_name == "output_exists"]
    told = [(each.partition, each.passed) for each in mine]
    assert told == [(MONDAY, True), (TUESDAY, True)]
    [key] = checks[0].check_keys
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
    assert {each.status.value for each in history} == {"SUCCEEDED"}, "none is left planned for ever"


def test_every_pass_of_a_pipeline_is_looked_for(pipes: Path, instance: dg.DagsterInstance) -> None:
    [two] = build_assets(pipes / "two.py")
    assert dg.materialize([two], instance=instance, partition_key=MONDAY).success
    assert evaluate(pipes, instance, MONDAY, file="two.py").passed
    next((pipes.parent / "data/tiny_two/bars").rglob("*.parquet")).unlink()
    told = evaluate(pipes, instance, MONDAY, file="two.py")
    assert not told.passed
    assert "tiny_two/bars" in str(told.description)
    assert "tiny_two/hours" not in str(told.description)


def checks_of(checks: Sequence[dg.AssetChecksDefinition]) -> set[tuple[str, str]]:
    return {
        (each.asset_key.to_user_string(), each.name)
        for check in checks
        for each in check.check_specs
    }


def test_each_asset_has_a_check_of_the_name_that_is_asked_for(pipes: Path) -> None:
    (pipes / "broken.yaml").write_text("PASSES: [{nmae: x}]\n")
    whole = build_materialization_checks(pipes, check_name="s3_materialized")
    assert checks_of(whole) == {
        ("pipes/bars", "s3_materialized"),
        ("pipes/two", "s3_materialized"),
    }
    passes = build_materialization_checks(pipes / "two.py", split_passes=True)
    assert checks_of(passes) == {
        ("pipes/two/bars", "output_exists"),
        ("pipes/two/hours", "output_exists"),
    }


def test_a_mode_that_is_none_is_told(pipes: Path) -> None:
    mode: Any = "haed"
    with pytest.raises(UsageError, match="check_mode is 'haed'") as caught:
        build_materialization_checks(pipes, check_mode=mode)
    assert caught.value.remedy == "give one of head, list, recursive"


@pytest.mark.parametrize(
    "mode", ["head", pytest.param("list", marks=pytest.mark.soak), "recursive"]
)
def test_a_day_without_a_session_need_not_stand_anywhere(
    pipes: Path, instance: dg.DagsterInstance, mode: str
) -> None:
    for version, passed in (("a1b2", False), ("closed", True)):
        tags = {"dagster/data_version": version}
        told = dg.AssetMaterialization(KEY, partition=SATURDAY, tags=tags)
        instance.report_runless_asset_event(told)
        assert evaluate(pipes, instance, check_mode=mode).passed is passed


def test_the_outputs_of_a_pipelines_own_universe_are_found(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    (pipes / "own.py").write_text(
        '"""Every listing."""\n'
        "def get_universe(date, reference):\n"
        "    return reference(date)\n"
        "USER_CONFIG = {'DATASETNAME': 'own', 'PASSES': [{'name': 'bars', 'modules': ['trade']}]}\n"
    )
    [own] = build_assets(pipes / "own.py")
    key = "2025-01-06|default"
    assert dg.materialize([own], instance=instance, partition_key=key).success
    for mode in ("head", "list", "recursive"):
        assert evaluate(pipes, instance, file="own.py", check_mode=mode).passed
    next((pipes.parent / "data/own").rglob("*.parquet")).unlink()
    told = evaluate(pipes, instance, key, file="own.py")
    assert (told.passed, told.partition) == (False, key)


def test_no_warning_of_dagster_reaches_the_screen(pipes: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build_materialization_checks(pipes)


def test_pipelines_that_are_no_assets_have_no_checks_and_leave_those_of_others(pipes: Path) -> None:
    (pipes / "a-b.yaml").write_text(BARS)
    (pipes / "a_b.yaml").write_text(BARS)
    odd = TWO.replace('["XLON", "XPAR"]', "").replace(
        '"PASSES"', '"SOURCE": {"type": "parquet", "root": "nowhere"}, "PASSES"'
    )
    (pipes / "odd.py").write_text(odd)
    checks = build_materialization_checks(pipes)
    names = {key.asset_key.path[-1] for each in checks for key in each.check_keys}
    assert names == {"bars", "two"}
    dg.Definitions.validate_loadable(dg.Definitions(build_assets(pipes), asset_checks=checks))
