"""Does the page on universes say what is so? Its commands, files and classes are tried."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from beaf_core import PluginHost
from beaf_core.testing import check_universe
from tests.cli.conftest import Beaf
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "universes.md").read_text(encoding="utf-8")
README = (ROOT / "plugins" / "beaf_universes" / "README.md").read_text(encoding="utf-8")
DAY = "2026-02-02"


def blocks(language: str, page: str = PAGE) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def commands(page: str) -> list[list[str]]:
    lines = "".join(blocks("console", page)).splitlines()
    return [shlex.split(line.removeprefix("$ "), comments=True) for line in lines]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project on the simulated market."""
    (tmp_path / "beaf.yaml").write_text("SOURCE: {type: simulated}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown(beaf: Beaf, selector: str, *more: object) -> list[dict[str, Any]]:
    found = beaf("universe", "show", selector, "--date", DAY, "--json", *more)
    assert found.code == 0, found.err
    rows: list[dict[str, Any]] = found.json
    return rows


@pytest.mark.parametrize("page", [PAGE, README], ids=["page", "readme"])
def test_every_command_of_the_page_answers(beaf: Beaf, project: Path, page: str) -> None:
    typed = commands(page)
    assert len(typed) >= 3
    for words in typed:
        assert words[0] == "beaf"
        found = beaf(*words[1:])
        assert (found.code, found.err.count("error")) == (0, 0), found.err
        assert found.out


def test_every_universe_that_is_installed_has_its_row() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    ours = {
        each.name
        for each in PluginHost().catalog.entries
        if (each.kind, each.distribution) == ("universe", "beaf-universes")
    }
    assert len(ours) == 7
    assert ours <= rows


def test_the_selectors_of_the_page_mean_what_it_says(beaf: Beaf, project: Path) -> None:
    everything = {row["ListingId"]: row for row in shown(beaf, "mic")}
    assert len(everything) == 24
    siblings = shown(beaf, "mic_siblings=XLON")
    instruments = {row["InstrumentId"] for row in everything.values() if row["MIC"] == "XLON"}
    assert {row["ListingId"] for row in siblings} == {
        listing for listing, row in everything.items() if row["InstrumentId"] in instruments
    }
    london = shown(beaf, "index=STOXX600+mic=XLON")
    assert shown(beaf, "index=STOXX600+!mic=XPAR") == london
    assert {row["MIC"] for row in london} == {"XLON"}
    assert {row["MIC"] for row in shown(beaf, "mic+!mic=BATE")} == {"XLON", "XPAR"}
    assert len(shown(beaf, "isin=GB00SIM00018~FR00SIM00016")) == 4


def test_the_file_of_the_page_names_what_it_says(beaf: Beaf, project: Path) -> None:
    (text,) = blocks("csv")
    (project / "lists").mkdir()
    (project / "lists" / "liquid.csv").write_text(text)
    rows = shown(beaf, "file=lists/liquid.csv")
    # An ISIN on one venue, an ISIN on every venue, a ticker from 1 February on.
    assert [(row["MIC"], row["Ticker"]) for row in rows] == [
        ("XLON", "LN001"),
        ("XLON", "LN002"),
        ("XPAR", "PA001"),
        ("BATE", "PA001p"),
    ]


def test_the_classes_of_the_page_form_the_partitions_that_it_says(project: Path) -> None:
    defined = [each for each in blocks("python") if "build_universe_partitions" in each]
    (source,) = defined
    assert "assert " in source
    exec(compile(source, "universes.md", "exec"), {})  # it asserts its own keys


def test_a_module_in_the_folder_universes_answers_by_its_name(beaf: Beaf, project: Path) -> None:
    (source,) = [
        each for each in blocks("python") if "hookimpl" not in each and "build" not in each
    ]
    (project / "universes").mkdir()
    (project / "universes" / "currency.py").write_text(source)
    pipeline = project / "bars.yaml"
    pipeline.write_text("DATASETNAME: bars\nPASSES: [{name: bars, modules: [trade]}]\n")
    rows = shown(beaf, "currency=EUR", "--pipeline", pipeline)
    assert {row["CurrencyCode"] for row in rows} == {"EUR"}
    assert len(rows) == 12


def test_the_package_of_the_page_keeps_the_contract() -> None:
    (source,) = [each for each in blocks("python") if "hookimpl" in each]
    namespace: dict[str, Any] = {"__name__": "currency"}
    exec(compile(source, "universes.md", "exec"), namespace)
    check_universe(SimpleNamespace(**namespace), name="currency")
