"""Which things are pipelines, and what is told of those that are not?"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.config.conftest import Desk

from beaf_core import AnalyticsConfig, ConfigError, PassConfig, UsageError
from beaf_core.config.load import load_pipeline
from beaf_core.config.pipeline_module import load_module


def told(desk: Desk, pipeline: Any) -> str:
    with pytest.raises(UsageError) as caught:
        desk.load(pipeline)
    assert caught.value.exit_code == 2
    return str(caught.value)


# -- what is a pipeline --------------------------------------------------------------------------


def test_a_file_is_a_pipeline_by_its_path_or_its_text(desk: Desk) -> None:
    path = desk.write("p.py", 'USER_CONFIG = {"DATASETNAME": "d"}\n')
    for given in (path, str(path), "p.py", Path("p.py")):
        found = desk.load(given)
        assert found.tree.plain() == {"DATASETNAME": "d"}
        assert found.path == path


def test_a_module_is_a_pipeline_by_its_name_from_the_working_folder(desk: Desk) -> None:
    desk.write("desk_pkg/__init__.py", "")
    path = desk.write("desk_pkg/bars.py", 'USER_CONFIG = {"DATASETNAME": "d"}\n')
    desk.write("desk_pkg/bars.yaml", "UNIVERSE: mic=XLON\n")
    before = list(sys.path)
    found = desk.load("desk_pkg.bars")
    assert found.tree.plain() == {"DATASETNAME": "d", "UNIVERSE": "mic=XLON"}
    assert found.path == path
    assert sys.path == before


def test_a_module_itself_is_a_pipeline(desk: Desk) -> None:
    module = ModuleType("in_a_notebook")
    module.__dict__["USER_CONFIG"] = {"DATASETNAME": "d"}
    found = desk.load(module)
    assert found.tree.plain() == {"DATASETNAME": "d"}
    assert str(found.tree.value["DATASETNAME"].place) == "in_a_notebook"
    assert (found.module, found.path, found.project) == (module, None, desk.folder)


@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: {"USER_CONFIG": value}])
def test_a_mapping_is_a_pipeline_flat_or_wrapped(desk: Desk, wrap: Any) -> None:
    found = desk.load(wrap({"DATASETNAME": "d"}))
    assert found.tree.plain() == {"DATASETNAME": "d"}
    assert str(found.tree.value["DATASETNAME"].place) == "the configuration given in Python"


def test_a_configuration_object_is_a_pipeline_of_what_it_sets(desk: Desk) -> None:
    section = {"bars_analytics": {"measures": ["Close"]}}
    config = AnalyticsConfig(
        START_DATE="2026-02-01", PASSES=[PassConfig(name="one", modules=["bars"], **section)]
    )
    assert desk.plain(config) == {
        "START_DATE": "2026-02-01",
        "PASSES": [{"name": "one", "modules": ["bars"], **section}],
    }
    assert [each.name for each in desk.resolve(config).passes[0].measures] == ["Close"]


def test_a_resolved_configuration_can_be_resolved_again(desk: Desk, one_pass: Any) -> None:
    first = desk.resolve(one_pass(bars_analytics={"measures": ["Open"]}))
    again = desk.resolve(first.config)
    assert again.passes[0].measures == first.passes[0].measures
    assert again.passes[0].targets == first.passes[0].targets


def test_a_file_may_hold_a_configuration_object(desk: Desk) -> None:
    path = desk.write(
        "sub/p.py",
        """
        from beaf_core import AnalyticsConfig
        USER_CONFIG = AnalyticsConfig(DATASETNAME="d", SOURCE={"type": "tape", "root": "lake"})
        """,
    )
    found = desk.load(path)
    assert found.tree.plain()["DATASETNAME"] == "d"
    # Relative paths belong to the file all the same.
    assert found.tree.at(["SOURCE", "root"]).place.folder == str(desk.folder / "sub")


def test_the_file_runs_once_and_can_import_what_lies_beside_it(desk: Desk) -> None:
    desk.write("sub/desk_helper.py", "NAME = 'd'\n")
    path = desk.write(
        "sub/p.py",
        """
        from desk_helper import NAME
        from dataclasses import dataclass
        @dataclass
        class Row:
            value: "int"
        USER_CONFIG = {"DATASETNAME": NAME}
        """,
    )
    before = list(sys.path)
    assert desk.plain(path) == {"DATASETNAME": "d"}
    assert sys.path == before


def test_a_pipeline_that_takes_its_folder_off_the_path_is_fine(desk: Desk) -> None:
    source = "import sys\nsys.path.pop(0)\nUSER_CONFIG = {}\n"
    assert desk.plain(desk.write("p.py", source)) == {}


def test_two_files_of_one_name_are_two_modules(desk: Desk) -> None:
    first = desk.load(desk.write("a/p.py", 'USER_CONFIG = {"DATASETNAME": "a"}\n'))
    second = desk.load(desk.write("b/p.py", 'USER_CONFIG = {"DATASETNAME": "b"}\n'))
    assert first.module is not second.module
    assert first.module.USER_CONFIG == {"DATASETNAME": "a"}


# -- what is not ---------------------------------------------------------------------------------


def test_a_missing_file_is_told_with_the_nearest_that_is_there(desk: Desk) -> None:
    desk.write("demo/01_bars.py", "")
    assert told(desk, "demo/01_bar.py") == (
        'there is no pipeline demo/01_bar.py — did you mean "01_bars.py"?\n'
        "  → give the path of a pipeline's .py or .yaml file, or the name of a Python module"
    )


@pytest.mark.parametrize("given", ["demo/01_bars", "demo/01_bars.yml", "nowhere/p.py", "nomodule"])
def test_what_is_not_there_is_told_in_one_sentence(desk: Desk, given: str) -> None:
    desk.write("demo/01_bars.yaml", "")
    text = told(desk, given)
    assert text.startswith(f"there is no pipeline {given}")
    assert ('did you mean "01_bars.yaml"' in text) == given.startswith("demo")


def test_a_folder_is_no_pipeline(desk: Desk) -> None:
    desk.write("demo/p.py", "")
    assert told(desk, "demo") == "demo is a folder\n  → name a pipeline's .py or .yaml file"


@pytest.mark.parametrize("given", [5, None, ["p.py"]])
def test_other_things_are_no_pipelines(desk: Desk, given: object) -> None:
    assert told(desk, given) == (
        f"a {type(given).__name__} is not a pipeline\n"
        "  → give a file, a module or its name, a mapping, or an AnalyticsConfig"
    )


def test_a_file_without_configuration_is_refused(desk: Desk) -> None:
    assert told(desk, desk.write("p.py", "X = 1\n")) == (
        "p.py has no USER_CONFIG and no YAML file beside it\n  → define USER_CONFIG = {…} in it"
    )


def test_yaml_alone_configures_a_python_file_without_user_config(desk: Desk) -> None:
    path = desk.write("p.py", "def get_universe(date): ...\n")
    desk.write("p.yaml", "DATASETNAME: d\n")
    found = desk.load(path)
    assert found.tree.plain() == {"DATASETNAME": "d"}
    assert found.module is not None


@pytest.mark.parametrize("stands", ["DATASETNAME: before\n", None])
def test_yaml_is_checked_before_it_is_written(desk: Desk, stands: str | None) -> None:
    path = desk.write("p.py", 'USER_CONFIG = {"DATASETNAME": "d", "UNIVERSE": "mic=XLON"}\n')
    if stands is not None:
        desk.write("p.yaml", stands)
    found = load_pipeline(path, yaml_text="DATASETNAME: after\n")
    assert found.tree.plain() == {"DATASETNAME": "after", "UNIVERSE": "mic=XLON"}
    assert str(found.tree.value["DATASETNAME"].place) == "p.yaml:1:14"
    assert path.with_suffix(".yaml").exists() == (stands is not None)


def test_the_text_of_a_pipeline_that_is_yaml_alone_is_checked_before_it_is_written(
    desk: Desk,
) -> None:
    path = desk.write("p.yaml", "DATASETNAME: before\n")
    found = load_pipeline(path, yaml_text="USER_CONFIG: {DATASETNAME: after}\n")
    assert found.tree.plain() == {"DATASETNAME": "after"}


def test_a_configuration_that_is_no_mapping_is_refused(desk: Desk) -> None:
    text = told(desk, desk.write("p.py", 'USER_CONFIG = ["PASSES"]\n'))
    assert text.startswith("p.py: USER_CONFIG is a list, not a dict")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("x = 1\nraise ValueError('no luck')\n", "p.py:2: the pipeline raises ValueError: no luck"),
        ("x = 1\n\ny = {\n", "p.py:3: the pipeline raises SyntaxError: '{' was never closed"),
        ("import sys\nsys.exit(3)\n", "p.py:2: the pipeline raises SystemExit: 3"),
        ("exit()\n", "p.py:1: the pipeline raises SystemExit: None"),
        ("assert 1 == 2\n", "p.py:1: the pipeline raises AssertionError\n"),
        (
            "def f():\n    return 1 / 0\n\nUSER_CONFIG = {'A': f()}\n",
            "p.py:2: the pipeline raises ZeroDivisionError: division by zero",
        ),
        (
            "import json\njson.loads('{')\n",
            "p.py:2: the pipeline raises JSONDecodeError: Expecting property name",
        ),
        (
            "import nothing_of_this_name\n",
            "p.py:1: the pipeline raises ModuleNotFoundError: No module named",
        ),
    ],
)
def test_a_file_that_raises_is_told_with_its_line(desk: Desk, source: str, words: str) -> None:
    text = told(desk, desk.write("p.py", source))
    assert text.startswith(words)
    assert text.endswith("\n  → mend the pipeline's file")
    assert not [name for name in sys.modules if name.startswith("beaf_pipeline_p_")]


def test_a_syntax_error_of_a_helper_is_told_with_the_helpers_line(desk: Desk) -> None:
    desk.write("desk_broken.py", "\n\nx = = 1\n")
    text = told(desk, desk.write("p.py", "import desk_broken\n"))
    assert text.startswith("desk_broken.py:3: the pipeline raises SyntaxError: invalid syntax")


def test_a_module_that_raises_is_told_with_its_line(desk: Desk) -> None:
    desk.write("desk_raises.py", "x = 1\nraise ValueError('no luck')\n")
    text = told(desk, "desk_raises")
    assert text.startswith("desk_raises.py:2: the pipeline raises ValueError: no luck")


def test_a_module_that_lacks_an_import_is_not_taken_for_missing(desk: Desk) -> None:
    desk.write("desk_lacks.py", "import desk\n")
    text = told(desk, "desk_lacks")
    assert text.startswith("desk_lacks.py:1: the pipeline raises ModuleNotFoundError")


def test_a_value_that_is_no_data_is_told_with_its_path_and_place(desk: Desk) -> None:
    path = desk.write(
        "p.py",
        """
        USER_CONFIG = {
            "SOURCE": {"type": "tape", "root": print},
            "PASSES": [{"name": "one", "modules": ["bars"], "bars_analytics": {"lookup": 1j}}],
        }
        """,
    )
    error = desk.refused(path)
    assert [str(each).splitlines()[0] for each in error.problems] == [
        "p.py:3:40 SOURCE.root: a builtin_function_or_method is not plain data",
        "p.py:4:82 PASSES[0].bars_analytics.lookup: a complex is not plain data",
    ]


def test_a_faulty_yaml_beside_python_is_a_configuration_error(desk: Desk) -> None:
    desk.write("p.yaml", "a: b: c\n")
    with pytest.raises(ConfigError, match=r"p\.yaml:1:5: YAML syntax error"):
        desk.load(desk.write("p.py", "USER_CONFIG = {}\n"))


def test_an_edit_within_a_second_that_keeps_the_size_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "p.py"
    for floor in (5, 6):
        path.write_text(f"FLOOR = {floor}\n")
        os.utime(path, (1_700_000_000, 1_700_000_000))
        assert floor == load_module(path).FLOOR
    assert not (tmp_path / "__pycache__").exists()
