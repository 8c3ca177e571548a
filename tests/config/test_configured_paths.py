"""Relative to what is a relative path, in each layer?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.config.conftest import Desk, TapeConfig

PASS = "PASSES: [{name: one, modules: [bars]}]\n"


def root(desk: Desk, pipeline: Any, **more: Any) -> str:
    options = desk.resolve(pipeline, **more).source_options
    assert isinstance(options, TapeConfig)
    return options.root


@pytest.fixture
def pipeline(desk: Desk) -> Path:
    """A pipeline in a/b, its project file in a, and the working folder above both."""
    desk.write("a/beaf.yaml", "SOURCE: {type: tape, root: lake}\n")
    return desk.write("a/b/p.yaml", PASS)


def test_a_path_belongs_to_the_folder_of_the_file_it_stands_in(desk: Desk, pipeline: Path) -> None:
    assert root(desk, pipeline) == str(desk.folder / "a/lake")
    pipeline.write_text(PASS + "SOURCE: {root: ../lake2}\n")
    assert root(desk, pipeline) == str(desk.folder / "a/lake2")
    desk.write("a/b/p.py", 'USER_CONFIG = {"SOURCE": {"root": "lake3"}}\n')
    pipeline.write_text(PASS)
    assert root(desk, pipeline) == str(desk.folder / "a/b/lake3")


def test_from_flags_and_the_environment_it_belongs_to_the_working_folder(
    desk: Desk, pipeline: Path
) -> None:
    assert root(desk, pipeline, sets=["SOURCE.root=lake"]) == str(desk.folder / "lake")
    environ = {"BEAF__SOURCE__root": "./x/../lake"}
    assert root(desk, pipeline, environ=environ) == str(desk.folder / "lake")
    flags = {"SOURCE": {"root": "lake"}}
    assert root(desk, pipeline, flags=flags) == str(desk.folder / "lake")
    assert root(desk, {"SOURCE": {"type": "tape", "root": "lake"}, "PASSES": [
        {"name": "one", "modules": ["bars"]}]}) == str(desk.folder / "lake")  # fmt: skip


@pytest.mark.parametrize("url", ["s3://bucket/prefix", "https://host/x/../y", "file:///lake"])
def test_absolute_paths_and_addresses_stay(desk: Desk, pipeline: Path, url: str) -> None:
    assert root(desk, pipeline, sets=[f"SOURCE.root={url}"]) == url
    assert root(desk, pipeline, sets=["SOURCE.root=/lake"]) == "/lake"


def test_a_tilde_is_the_home_of_the_user(
    desk: Desk, pipeline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert root(desk, pipeline, sets=["SOURCE.root=~/lake"]) == "/home/me/lake"
    nobody = root(desk, pipeline, sets=["SOURCE.root='~nobody_of_this_name/lake'"])
    assert nobody == str(desk.folder / "~nobody_of_this_name/lake")


def test_a_variable_inside_a_path_is_filled_in_first(
    desk: Desk, pipeline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_HOME", "/lakes")
    assert root(desk, pipeline, sets=["SOURCE.root='${env:LAKE_HOME}/x'"]) == "/lakes/x"
    monkeypatch.setenv("LAKE_HOME", "lakes")
    pipeline.write_text(PASS + "SOURCE: {root: '${env:LAKE_HOME}/x'}\n")
    assert root(desk, pipeline) == str(desk.folder / "a/b/lakes/x")


def test_paths_inside_lists_and_mappings_are_paths_too(desk: Desk, pipeline: Path) -> None:
    pipeline.write_text(PASS + "SOURCE: {extra_roots: [x, /y], by_table: {trades: z}}\n")
    options = desk.resolve(pipeline).source_options
    assert isinstance(options, TapeConfig)
    assert options.extra_roots == [str(desk.folder / "a/b/x"), "/y"]
    assert options.by_table == {"trades": str(desk.folder / "a/b/z")}


def test_the_options_of_modules_and_outputs_have_paths(desk: Desk, pipeline: Path) -> None:
    desk.write("a/beaf.yaml", "OUTPUT_TARGET: {log: out.log, path_template: 'rows/{pass}'}\n")
    pipeline.write_text(
        "PASSES:\n"
        "  - name: one\n"
        "    modules: [bars]\n"
        "    bars_analytics: {lookup: names.csv}\n"
        "    output: {compression: snappy}\n"
        "SCHEMA_LOCK_PATH: lock.json\n"
    )
    found = desk.resolve(pipeline)
    (one,) = found.passes
    assert one.modules[0].options.lookup == str(desk.folder / "a/b/names.csv")
    assert one.targets[0].options.log == str(desk.folder / "a/out.log")
    assert one.targets[0].path_template == str(desk.folder / "a/rows/{pass}")
    assert found.config.OUTPUT_TARGET.path_template == str(desk.folder / "a/rows/{pass}")
    assert str(desk.folder / "a/b/lock.json") == found.config.SCHEMA_LOCK_PATH


def test_outputs_go_below_the_project_unless_told_otherwise(desk: Desk, pipeline: Path) -> None:
    (target,) = desk.resolve(pipeline).passes[0].targets
    assert target.path_template == str(
        desk.folder / "a/data/{datasetname}/{pass}/{universe}/{start_date}_{end_date}.parquet"
    )


def database(desk: Desk, pipeline: Any, **more: Any) -> str:
    options = desk.resolve(pipeline, **more).source_options
    assert isinstance(options, TapeConfig)
    return options.database


@pytest.mark.parametrize(
    ("url", "anchored"),
    [
        ("sqlite:///bars.db", "sqlite:////{a}/b/bars.db"),
        ("sqlite+pysqlite:///../bars.db?timeout=9", "sqlite+pysqlite:////{a}/bars.db?timeout=9"),
        ("duckdb:///lake/x.duckdb", "duckdb:////{a}/b/lake/x.duckdb"),
    ],
)
def test_the_file_of_a_database_belongs_to_the_folder_of_the_file_its_url_stands_in(
    desk: Desk, pipeline: Path, url: str, anchored: str
) -> None:
    pipeline.write_text(PASS + f"SOURCE: {{database: '{url}'}}\n")
    folder = str(desk.folder / "a").removeprefix("/")
    assert database(desk, pipeline) == anchored.format(a=folder)


def test_the_file_of_a_database_from_a_flag_belongs_to_the_working_folder(
    desk: Desk, pipeline: Path
) -> None:
    sets = ["SOURCE.database=sqlite:///bars.db"]
    assert database(desk, pipeline, sets=sets) == f"sqlite:///{desk.folder}/bars.db"


def test_the_file_of_a_database_may_begin_at_the_home_of_the_user(
    desk: Desk, pipeline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    sets = ["SOURCE.database=duckdb:///~/x.duckdb"]
    assert database(desk, pipeline, sets=sets) == "duckdb:////home/me/x.duckdb"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////lake/bars.db",
        "sqlite:///:memory:",
        "sqlite:///file:bars?uri=true",
        "sqlite://",
        "postgresql:///bars",
        "postgresql://host/bars",
        "bars.db",
    ],
)
def test_what_names_no_relative_file_stays(desk: Desk, pipeline: Path, url: str) -> None:
    assert database(desk, pipeline, sets=[f"SOURCE.database='{url}'"]) == url
