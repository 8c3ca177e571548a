"""Do pipelines become the definitions of a code location, from wherever they are named?"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from beaf_core import CustomUniverse, UsageError
from beaf_dagster import IndexUniverse, MICUniverse, build_definitions
from beaf_dagster.locate import located_pipelines

BARS = dg.AssetKey(["pipes", "bars"])
TWO = dg.AssetKey(["pipes", "two"])


def keys_of(definitions: dg.Definitions) -> set[str]:
    return {each.key.to_user_string() for each in definitions.resolve_all_asset_specs()}


def partitions_of(definitions: dg.Definitions, key: dg.AssetKey) -> dg.MultiPartitionsDefinition:
    found = definitions.resolve_assets_def(key).partitions_def
    assert isinstance(found, dg.MultiPartitionsDefinition)
    return found


def universes_of(definitions: dg.Definitions, key: dg.AssetKey) -> list[str]:
    dimension = partitions_of(definitions, key).get_partitions_def_for_dimension("universe")
    return list(dimension.get_partition_keys())


def dates_of(definitions: dg.Definitions, key: dg.AssetKey) -> list[str]:
    dimension = partitions_of(definitions, key).get_partitions_def_for_dimension("date")
    return list(dimension.get_partition_keys())


def test_every_pipeline_of_a_folder_is_there(pipes: Path) -> None:
    definitions = build_definitions(pipes)
    dg.Definitions.validate_loadable(definitions)
    assert {"pipes/bars", "pipes/two"} <= keys_of(definitions)


def test_frequency_and_start_hold_for_every_pipeline_and_universes_stay(pipes: Path) -> None:
    definitions = build_definitions(pipes, frequency="M", start="2024-11-01")
    for key in (BARS, TWO):
        assert dates_of(definitions, key)[:3] == ["2024-11-01", "2024-12-01", "2025-01-01"]
    assert universes_of(definitions, BARS) == ["mic=XLON"]
    assert universes_of(definitions, TWO) == ["mic=XLON", "mic=XPAR"]


def test_given_universes_come_after_the_one_that_a_pipeline_begins_with(pipes: Path) -> None:
    given = [MICUniverse(["XPAR", "XLON"]), IndexUniverse(["STOXX600"]), "mic=XPAR+index=CAC"]
    definitions = build_definitions(pipes, universes=given)
    expected = ["mic=XLON", "mic=XPAR", "index=STOXX600", "mic=XPAR+index=CAC"]
    assert universes_of(definitions, BARS) == expected
    assert universes_of(definitions, TWO) == expected


def test_a_universe_with_a_function_is_refused_where_runs_would_not_know_it(pipes: Path) -> None:
    mine = CustomUniverse(lambda date: None, name="mine")
    with pytest.raises(UsageError, match="mine has a function") as raised:
        build_definitions(pipes, universes=[mine])
    assert "UNIVERSES" in str(raised.value)


def test_the_variable_names_folders_files_and_packages(
    pipes: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "acme_pipes"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "tape.yaml").write_bytes((pipes / "bars.yaml").read_bytes())
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path.parent)
    named = os.pathsep.join([str(pipes / "two.py"), "acme_pipes"])
    monkeypatch.setenv("BEAF_PIPELINES", named)
    assert keys_of(build_definitions()) >= {"pipes/two", "acme_pipes/tape"}
    assert "pipes/bars" not in keys_of(build_definitions())


def test_a_name_of_the_variable_that_is_nothing_is_an_error_that_says_so(
    pipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEAF_PIPELINES", f"{pipes}{os.pathsep}{pipes / 'none'}")
    with pytest.raises(UsageError, match=r"BEAF_PIPELINES: .*none is neither"):
        build_definitions()


@pytest.mark.parametrize("place", [".", "pipes", "elsewhere"])
def test_without_it_a_projects_pipelines_are_found_from_anywhere_in_it(
    pipes: Path, tmp_path: Path, place: str
) -> None:
    pipes.rename(tmp_path / "pipelines")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "main.yaml").write_text("PASSES: [{name: bars, modules: [trade]}]\n")
    start = tmp_path / place.replace("pipes", "pipelines")
    found = [each.path.name for each in located_pipelines({}, start)]
    assert found == ["main.yaml", "bars.yaml", "two.py"]


def test_without_a_project_file_the_folders_of_the_working_directory_count(
    pipes: Path, tmp_path: Path
) -> None:
    (tmp_path / "beaf.yaml").rename(pipes / "beaf.yaml")
    demo = pipes.rename(tmp_path / "demo")
    assert [each.path.parent for each in located_pipelines({}, tmp_path)] == [demo, demo]


def test_without_any_pipeline_definitions_are_empty_and_say_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BEAF_PIPELINES", raising=False)
    with caplog.at_level(logging.WARNING, "beaf.dagster"):
        definitions = build_definitions()
    dg.Definitions.validate_loadable(definitions)
    assert keys_of(definitions) == set()
    (said,) = [each.getMessage() for each in caplog.records if "no pipelines" in each.getMessage()]
    assert "set BEAF_PIPELINES" in said
    assert str(tmp_path) in said


def test_a_pipeline_that_cannot_be_loaded_is_named_and_the_others_load(pipes: Path) -> None:
    (pipes / "broken.yaml").write_text("PASSES: [{name: bars, modules: [no_such_module]}]\n")
    (pipes / "hopeless.py").write_text("USER_CONFIG = 1 / 0\n")
    definitions = build_definitions(pipes, frequency="M", universes=["mic=XLON"])
    dg.Definitions.validate_loadable(definitions)
    told = {
        each.key.path[-1]: each.description or ""
        for each in definitions.resolve_all_asset_specs()
        if "beaf/broken" in each.tags
    }
    assert set(told) == {"broken", "hopeless"}
    assert "no_such_module" in told["broken"]
    assert "division by zero" in told["hopeless"]
    assert {"pipes/bars", "pipes/two"} <= keys_of(definitions)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"frequency": "H"}, "H"),
        ({"start": "2025-02-30"}, "2025-02-30"),
        ({"universes": ["mic=XLON,XPAR"]}, "comma"),
    ],
)
def test_partitions_that_cannot_be_are_told_at_each_pipeline(
    pipes: Path, given: dict[str, Any], told: str
) -> None:
    definitions = build_definitions(pipes, **given)
    dg.Definitions.validate_loadable(definitions)
    specs = list(definitions.resolve_all_asset_specs())
    assert all("beaf/broken" in each.tags for each in specs)
    assert all(told in (each.description or "") for each in specs)


def test_partitions_are_said_in_one_way(pipes: Path) -> None:
    days = dg.DailyPartitionsDefinition("2025-01-01")
    with pytest.raises(UsageError, match="partitions_def says what"):
        build_definitions(pipes, partitions_def=days, frequency="M")


def test_each_pipeline_has_a_job_by_either_name_and_passes_can_be_assets(pipes: Path) -> None:
    definitions = build_definitions(pipes, split_passes=True)
    repository = definitions.get_repository_def()
    names = {each.name for each in repository.get_all_jobs()}
    assert {"bars__job", "tiny_bars__job", "two__job", "tiny_two__job"} <= names
    assert {"pipes/two/bars", "pipes/two/hours"} <= keys_of(definitions)


def test_raw_tables_stand_beside_the_pipelines_that_read_them(pipes: Path) -> None:
    definitions = build_definitions(pipes, input_tables=["trades"], start="2025-01-01")
    graph = definitions.resolve_asset_graph()
    (trades,) = [each for each in graph.get_all_asset_keys() if each.path[-1] == "trades"]
    assert not graph.get(trades).is_materializable
    assert trades in graph.get(BARS).parent_keys
    partitions = graph.get(trades).partitions_def
    assert isinstance(partitions, dg.MultiPartitionsDefinition)
    assert list(partitions.get_partitions_def_for_dimension("mic").get_partition_keys()) == [
        "XLON",
        "XPAR",
    ]


def test_the_latest_days_bring_their_sensor(pipes: Path) -> None:
    assert not build_definitions(pipes).sensors
    with (pipes / "bars.yaml").open("a") as pipeline:
        pipeline.write("AUTO_MATERIALIZE_ENABLED: true\n")
    (sensor,) = build_definitions(pipes).sensors or []
    assert isinstance(sensor, dg.AutomationConditionSensorDefinition)


def test_schedules_and_checks_come_along_and_a_job_of_theirs_runs(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    with (pipes / "bars.yaml").open("a") as pipeline:
        pipeline.write('SCHEDULES: [{name: nightly, cron: "0 2 * * *", enabled: true}]\n')
    definitions = build_definitions(pipes)
    assert [each.name for each in definitions.schedules or []] == ["bars__nightly"]
    job = definitions.resolve_job_def("tiny_bars__job")
    done = job.execute_in_process(instance=instance, partition_key="2025-01-06|mic=XLON")
    assert done.success
    checks = done.get_asset_check_evaluations()
    assert checks
    assert all(each.passed for each in checks)
    assert not build_definitions(pipes, checks=False).asset_checks
