"""Does the page on Dagster say what is so? Python runs, commands are typed, YAML is read."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from tests.cli.conftest import Beaf
from tests.conftest import ROOT
from tests.typed_commands import check_typed

from beaf_core import prepare_pipeline
from beaf_dagster.component import BeafPipelinesComponent

PAGE = (ROOT / "docs" / "dagster.md").read_text(encoding="utf-8")
README = (ROOT / "plugins" / "beaf_dagster" / "README.md").read_text(encoding="utf-8")


def blocks(language: str, page: str = PAGE) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def commands(language: str) -> list[list[str]]:
    lines = "".join(blocks(language)).replace("\\\n", " ").splitlines()
    typed = [shlex.split(line.removeprefix("$ "), comments=True) for line in lines]
    return [words[1:] for words in typed if words and words[0] == "beaf"]


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Path:
    """A project with the demos, on the simulated market, and an instance of its own."""
    folder = tmp_path_factory.mktemp("page")
    shutil.copytree(
        ROOT / "demo", folder / "demo", ignore=shutil.ignore_patterns("data", ".beaf", "__py*")
    )
    (folder / "beaf.yaml").write_text("SOURCE: {type: simulated}\n")
    shutil.copytree(empty_home, folder / "instance")
    return folder


@pytest.fixture
def project(demos: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(demos / "instance"))
    monkeypatch.delenv("BEAF_PIPELINES", raising=False)
    monkeypatch.chdir(demos)
    return demos


@pytest.mark.parametrize("source", [*blocks("python"), *blocks("python", README)])
def test_its_python_runs(project: Path, source: str) -> None:
    namespace: dict[str, Any] = {"__name__": "page"}
    exec(compile(source, "dagster.md", "exec"), namespace)
    assert len(namespace) > 2, "it has defined or imported something"
    if isinstance(namespace.get("defs"), dg.Definitions):
        dg.Definitions.validate_loadable(namespace["defs"])


def test_its_commands_are_typed_and_answer(beaf: Beaf, project: Path) -> None:
    typed = commands("console")
    assert len(typed) >= 6
    for words in typed:
        found = beaf(*words)
        assert found.code == 0, f"{words}\n{found.err}"


@pytest.mark.parametrize("words", commands("bash"), ids=" ".join)
def test_what_starts_processes_or_reads_a_bucket_is_spelt_as_the_command_line_has_it(
    words: list[str],
) -> None:
    check_typed(words)


def test_its_yaml_is_what_reads_it_expects(tmp_path: Path) -> None:
    found = [yaml.safe_load(each) for each in blocks("yaml")]
    (component,) = [each for each in found if "attributes" in each]
    assert set(component["attributes"]) <= set(BeafPipelinesComponent.model_fields)
    (schedules,) = [each for each in found if "USER_CONFIG" in each]
    pipeline = tmp_path / "bars.yaml"
    schedules["USER_CONFIG"]["PASSES"] = [{"name": "bars", "modules": ["trade"]}]
    pipeline.write_text(yaml.safe_dump(schedules))
    assert prepare_pipeline(pipeline).resolved.config.SCHEDULES[0].name == "daily_demo"
    sections = {
        name: each[name] for each in found for name in each if name in ("run_launcher", "storage")
    }
    assert set(sections) == {"run_launcher", "storage"}


def test_the_sections_of_its_launchers_open_an_instance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    for section in (each for each in blocks("yaml") if each.startswith("run_launcher")):
        (tmp_path / "dagster.yaml").write_text(section)
        with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
            opened.append(type(instance.run_launcher).__name__)
    assert opened == ["BeafRunLauncher", "BMLLRunLauncher"]
