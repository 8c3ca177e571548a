"""Where are pipelines looked for, and is what is found what stands there now?"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from beaf_core import UsageError
from beaf_dagster import build_assets
from beaf_dagster.pipelines import as_pipelines, find_pipelines

PASSES = "PASSES: [{name: bars, modules: [trade]}]\n"


@pytest.fixture
def package(pipes: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of pipelines as an importable package, seen from elsewhere."""
    (pipes / "__init__.py").write_text("raise RuntimeError('a package is never imported')\n")
    elsewhere = pipes.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.syspath_prepend(str(pipes.parent))
    return pipes


def test_a_folder_a_file_and_a_list_are_read(pipes: Path) -> None:
    assert [each.group for each in find_pipelines(pipes)] == ["bars", "two"]
    assert [each.group for each in find_pipelines(str(pipes / "two.py"))] == ["two"]
    assert [each.group for each in as_pipelines([pipes / "two.py", pipes / "bars.yaml"])] == [
        "two",
        "bars",
    ]


def test_pipelines_that_are_loaded_already_are_not_loaded_again(pipes: Path) -> None:
    found = find_pipelines(pipes)
    again = as_pipelines([found[0], [found[1]]])
    assert all(mine is given for mine, given in zip(again, found, strict=True))


def test_a_package_is_found_by_its_name_and_not_imported(package: Path) -> None:
    found = find_pipelines("pipes")
    assert [(each.package, each.group) for each in found] == [("pipes", "bars"), ("pipes", "two")]
    assert "pipes" not in sys.modules


def test_a_name_below_the_working_directory_is_read_where_it_stands(
    pipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pipes.parent)
    assert [each.group for each in find_pipelines("pipes")] == ["bars", "two"]
    assert [each.group for each in find_pipelines("pipes.two")] == ["two"]


def test_digits_at_the_front_get_the_packages_name(pipes: Path) -> None:
    (pipes / "01_ohlcv-bars.yaml").write_text(PASSES)
    assert [each.group for each in find_pipelines(pipes)] == ["pipes01_ohlcv_bars", "bars", "two"]


def test_an_edit_is_seen_by_the_next_call(pipes: Path) -> None:
    path = pipes / "two.py"
    before = build_assets(path)[0]
    text = path.read_text()
    path.write_text(text.replace("Bars, and", "Rods, and").replace("3600", "1800"))
    after = build_assets(path)[0]
    old, new = before.specs_by_key[before.key], after.specs_by_key[after.key]
    assert new.code_version != old.code_version
    assert (new.description or "").startswith("Rods")
    assert "every 1800 s" in (new.description or "")


@pytest.mark.parametrize(
    ("package", "said"),
    [
        ("nowhere", "neither a folder below"),
        ("nowhere.else", "neither a folder below"),
        ("pipes/tow.py", "there is no pipeline"),
        ("json", "holds no pipeline"),
    ],
)
def test_what_is_not_there_is_told_with_a_remedy(
    pipes: Path, monkeypatch: pytest.MonkeyPatch, package: str, said: str
) -> None:
    monkeypatch.chdir(pipes.parent)
    with pytest.raises(UsageError, match=said) as raised:
        find_pipelines(package)
    assert raised.value.remedy


def test_a_typing_error_is_answered_with_the_nearest_file(pipes: Path) -> None:
    with pytest.raises(UsageError, match=r"two\.py"):
        find_pipelines(pipes / "tow.py")
