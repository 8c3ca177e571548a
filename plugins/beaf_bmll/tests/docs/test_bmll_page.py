"""Does the page on BMLL say what is so? Python runs, commands are typed, the rest is read."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from types import ModuleType
from typing import Any

import pytest
import yaml
from tests.cli.conftest import Beaf, beaf
from tests.conftest import ROOT
from tests.typed_commands import check_typed

from beaf_bmll.testing import Emulator
from beaf_bmll.testing.plugin import lead_here
from beaf_core import prepare_pipeline

__all__ = ["beaf"]

pytestmark = pytest.mark.xdist_group("bmll")

PAGE = (ROOT / "docs" / "bmll.md").read_text(encoding="utf-8")
README = (ROOT / "plugins" / "beaf_bmll" / "README.md").read_text(encoding="utf-8")


def blocks(language: str, page: str = PAGE) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def commands(language: str, page: str = PAGE) -> list[list[str]]:
    lines = "".join(blocks(language, page)).replace("\\\n", " ").splitlines()
    typed = [shlex.split(line.removeprefix("$ "), comments=True) for line in lines]
    return [words[1:] for words in typed if words and words[0] == "beaf"]


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """Servers whose every run succeeds at once, and a project with the demos to stand in."""
    with Emulator(tmp_path / "bmll", start_machines=False) as emulator:
        lead_here(emulator, monkeypatch)
        project = emulator.area_roots["user"] / "project"
        left = shutil.ignore_patterns("data", ".beaf", "__py*", "beaf.yaml")
        shutil.copytree(ROOT / "demo", project / "demo", ignore=left)
        settings = yaml.safe_load(blocks("yaml")[0])
        settings["SOURCE"] = {"type": "simulated"}
        settings["BMLL_JOBS"] |= {
            "lab_org_id": emulator.lab_org_id,
            "poll_seconds": 0.05,
            "project_root": str(project),
            "area_roots": {name: str(root) for name, root in emulator.area_roots.items()},
        }
        (project / "beaf.yaml").write_text(yaml.safe_dump(settings))
        monkeypatch.chdir(project)
        over = Event()
        machine = Thread(target=succeed, args=(emulator, over), daemon=True)
        machine.start()
        yield emulator
        over.set()
        machine.join()
    assert not emulator.violations


def succeed(emulator: Emulator, over: Event) -> None:
    while not over.wait(0.02):
        for run in emulator.runs:
            if run.active:
                emulator.end(run.id)


@pytest.mark.parametrize("source", blocks("python"))
def test_its_python_runs(source: str) -> None:
    namespace: dict[str, Any] = {"__name__": "page"}
    exec(compile(source, "bmll.md", "exec"), namespace)
    assert len(namespace) > 2, "it has defined or imported something"


def test_its_commands_are_typed_and_answer(servers: Emulator, beaf: Beaf) -> None:
    typed = commands("console")
    assert len(typed) >= 8
    for words in typed:
        found = beaf(*words)
        assert found.code == 0, f"{words}\n{found.err}"
    assert [run.settings["instanceSize"] for run in servers.deleted_runs] == [64]
    assert servers.jobs == [], "what was installed was uninstalled"


@pytest.mark.parametrize(
    "words", [*commands("bash"), *commands("bash", README)], ids=" ".join
)  # fmt: skip
def test_what_needs_an_id_or_a_lab_is_spelt_as_the_command_line_has_it(words: list[str]) -> None:
    check_typed(words)


def test_its_yaml_is_what_reads_it_expects(tmp_path: Path) -> None:
    found = [yaml.safe_load(each) for each in blocks("yaml")]
    (launcher,) = [each["run_launcher"] for each in found if "run_launcher" in each]
    assert hasattr(importlib.import_module(launcher["module"]), launcher["class"])
    sections = [each for each in found if "run_launcher" not in each]
    assert {name for each in sections for name in each} == {
        "SOURCE", "BMLL_JOBS", "OUTPUT_TARGET",
    }  # fmt: skip
    for number, section in enumerate(sections):
        pipeline = tmp_path / f"{number}.yaml"
        passes = [{"name": "bars", "modules": ["trade"]}]
        own = {"SOURCE": {"type": "simulated"}, **section, "PASSES": passes, "LAUNCHER": "bmll"}
        if "OUTPUT_TARGET" in own:  # whose area only the Lab knows
            own["OUTPUT_TARGET"] |= {"bucket": "ours", "prefix": "us"}
        pipeline.write_text(yaml.safe_dump(own))
        assert prepare_pipeline(pipeline).resolved.launcher_options is not None


def test_the_tables_of_options_are_those_of_the_models() -> None:
    told = "run python scripts/write_config_reference.py"
    assert script("write_config_reference").with_jobs(PAGE) == PAGE, told


def test_every_guess_is_listed() -> None:
    written = (ROOT / "docs" / "reference" / "bmll-guesses.md").read_text(encoding="utf-8")
    guesses = script("write_bmll_guesses")
    found = guesses.guesses("a = 1  # Guess: b.\n# Guess: c\n# d.\nx = 2\n")
    assert list(found) == [("b.", "a = 1"), ("c d.", "x = 2")]
    assert guesses.page() == written, "run python scripts/write_bmll_guesses.py"
