"""Which of the layers that describe a pipeline wins?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.config.conftest import Desk

from beaf_core import UsageError

# From the lowest to the highest. Each sets the names of itself and of all above it, so that the
# tallest pile shows every border between two neighbours.
ORDER = ("project", "python", "yaml", "environment", "set", "flag")


def stacked(desk: Desk, top: str, head: str = "") -> Any:
    """Merge the layers up to `top`, each setting DATASETNAME to its own name."""
    names = ORDER[: ORDER.index(top) + 1]
    desk.write("beaf.yaml", "DATASETNAME: project\n")
    source = '{"DATASETNAME": "python"}' if "python" in names else "{}"
    path = desk.write("p.py", f"{head}\nUSER_CONFIG = {source}\n")
    desk.write("p.yaml", "DATASETNAME: yaml\n" if "yaml" in names else "")
    return desk.load(
        path,
        environ={"BEAF__DATASETNAME": "environment"} if "environment" in names else {},
        sets=["DATASETNAME=set"] if "set" in names else [],
        flags={"DATASETNAME": "flag"} if "flag" in names else {},
    ).tree


@pytest.mark.parametrize("top", ORDER)
def test_each_layer_wins_over_all_below_it(desk: Desk, top: str) -> None:
    assert stacked(desk, top).plain()["DATASETNAME"] == top


def test_the_winner_says_where_it_stands(desk: Desk) -> None:
    places = {top: str(stacked(desk, top).value["DATASETNAME"].place) for top in ORDER}
    assert places == {
        "project": "beaf.yaml:1:14",
        "python": "p.py:2:31",
        "yaml": "p.yaml:1:14",
        "environment": "$BEAF__DATASETNAME",
        "set": "--set DATASETNAME",
        "flag": "--datasetname",
    }


def test_a_pipeline_may_let_its_python_win_over_its_yaml(desk: Desk) -> None:
    head = 'CONFIG_YAML_PRECEDENCE = "python_overrides"'
    assert stacked(desk, "yaml", head).plain()["DATASETNAME"] == "python"
    assert stacked(desk, "environment", head).plain()["DATASETNAME"] == "environment"
    head = 'CONFIG_YAML_PRECEDENCE = "yaml_overrides"'
    assert stacked(desk, "yaml", head).plain()["DATASETNAME"] == "yaml"


def test_another_precedence_is_refused(desk: Desk) -> None:
    path = desk.write("p.py", 'USER_CONFIG = {}\nCONFIG_YAML_PRECEDENCE = "python_override"\n')
    with pytest.raises(UsageError) as caught:
        desk.load(path)
    assert str(caught.value) == (
        "p.py: CONFIG_YAML_PRECEDENCE is 'python_override' — did you mean \"python_overrides\"?\n"
        "  → use yaml_overrides or python_overrides"
    )


def test_layers_merge_deeply_across_files(desk: Desk) -> None:
    desk.write("beaf.yaml", "SOURCE: {type: tape, root: lake, port: 1}\n")
    path = desk.write("p.py", 'USER_CONFIG = {"SOURCE": {"port": 2}, "UNIVERSE": "mic=XLON"}\n')
    desk.write("p.yaml", "USER_CONFIG:\n  SOURCE: {password: x}\n")
    assert desk.plain(path) == {
        "SOURCE": {"type": "tape", "root": "lake", "port": 2, "password": "x"},
        "UNIVERSE": "mic=XLON",
    }


def test_a_pipeline_is_the_same_by_either_of_its_files(desk: Desk) -> None:
    desk.write("p.py", 'USER_CONFIG = {"A": 1, "B": 1}\n')
    yaml = desk.write("p.yaml", "B: 2\n")
    assert desk.plain(yaml) == {"A": 1, "B": 2}
    assert desk.load(yaml).path == desk.folder / "p.py"


@pytest.mark.parametrize("suffix", ["yaml", "yml"])
def test_yaml_alone_is_a_pipeline(desk: Desk, suffix: str) -> None:
    path = desk.write(f"p.{suffix}", "UNIVERSE: mic=XLON\n")
    found = desk.load(path)
    assert found.tree.plain() == {"UNIVERSE": "mic=XLON"}
    assert (found.module, found.path) == (None, path)


@pytest.mark.parametrize("suffix", ["yaml", "yml"])
def test_either_spelling_of_the_suffix_lies_beside_python(desk: Desk, suffix: str) -> None:
    desk.write(f"p.{suffix}", "A: 2\n")
    assert desk.plain(desk.write("p.py", 'USER_CONFIG = {"A": 1}\n')) == {"A": 2}


def test_both_spellings_at_once_are_refused(desk: Desk) -> None:
    path = desk.write("p.py", "USER_CONFIG = {}\n")
    desk.write("p.yaml", "A: 1\n")
    desk.write("p.yml", "A: 2\n")
    with pytest.raises(UsageError, match=r"both p\.yaml and p\.yml exist"):
        desk.load(path)


# -- the project file ----------------------------------------------------------------------------


def test_the_nearest_project_file_above_the_pipeline_counts(desk: Desk) -> None:
    desk.write("beaf.yaml", "A: far\n")
    desk.write("team/beaf.yaml", "A: near\n")
    path = desk.write("team/desk/p.yaml", "B: 1\n")
    found = desk.load(path)
    assert found.tree.plain() == {"A": "near", "B": 1}
    assert found.project == desk.folder / "team"


def test_without_a_project_file_the_pipelines_folder_is_the_project(desk: Desk) -> None:
    assert desk.load(desk.write("desk/p.yaml", "A: 1\n")).project == desk.folder / "desk"


def test_a_mapping_takes_the_project_of_the_working_folder(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("beaf.yaml", "A: 1\n")
    desk.write("inner/x.txt", "")
    monkeypatch.chdir(desk.folder / "inner")
    found = desk.load({"B": 2})
    assert (found.tree.plain(), found.project) == ({"A": 1, "B": 2}, desk.folder)


def test_a_caller_may_name_another_project(desk: Desk) -> None:
    desk.write("beaf.yaml", "A: here\n")
    desk.write("there/beaf.yaml", "A: there\n")
    found = desk.load({"B": 2}, project=Path("there"))
    assert (found.tree.plain()["A"], found.project) == ("there", desk.folder / "there")


def test_a_project_file_may_be_run_itself(desk: Desk) -> None:
    path = desk.write("beaf.yaml", "PASSES: [{modules: [bars]}]\n")
    assert len(desk.plain(path)["PASSES"]) == 1


def test_every_layer_that_cannot_be_read_is_told(desk: Desk) -> None:
    desk.write("beaf.yaml", "A: [1\n")
    desk.write("p.yaml", "B: 1\nB: 2\n")
    error = desk.refused(
        desk.write("p.py", "USER_CONFIG = {}\n"),
        environ={"BEAF__X": "[", "BEAF__A____B": "1"},
        sets=["nonsense", "Y={", "a..b=1"],
    )
    assert [str(each.place) for each in error.problems] == [
        "$BEAF__A____B",
        "$BEAF__X",
        "--set Y",
        "--set a..b",
        "--set nonsense",
        "beaf.yaml:2:1",
        "p.yaml:2:1",
    ]
    assert error.message.startswith("7 problems in the configuration\n")
