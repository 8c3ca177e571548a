"""Do structured universes form exactly the partitions that they say, asking only when they must?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from beaf_core import (
    CartProdUniverse,
    UniversePartition,
    UsageError,
    build_universe_partitions,
)
from beaf_universes import IndexUniverse, MICUniverse, OPOLUniverse, default_universes


def offering(*values: str) -> Callable[[str], list[str]]:
    return lambda name: [*values] if name == "mic" else []


def never(name: str) -> list[str]:
    raise AssertionError(f"asked for the values of {name}")


def specs(universe: Any, values: Callable[[str], list[str]] = never) -> list[str]:
    return [each.spec for each in universe.iter_partitions(values)]


def test_all_venues_of_the_source_but_those_on_the_blacklist() -> None:
    venues = offering("BATE", "XLON", "XPAR")
    assert specs(MICUniverse(), venues) == ["mic=BATE", "mic=XLON", "mic=XPAR"]
    assert specs(MICUniverse(blacklist=["BATE"]), venues) == ["mic=XLON", "mic=XPAR"]
    assert specs(MICUniverse(blacklist=["BATE", "XLON", "XPAR"]), venues) == []


def test_listed_values_are_taken_as_they_stand_without_asking_the_source() -> None:
    assert specs(MICUniverse(["XPAR", "XLON"])) == ["mic=XPAR", "mic=XLON"]
    assert specs(MICUniverse(["XPAR", "XLON"], ["XPAR"])) == ["mic=XLON"]
    assert specs(MICUniverse([])) == []
    assert specs(IndexUniverse(["STOXX600", "bezacp"])) == ["index=STOXX600", "index=bezacp"]
    assert specs(OPOLUniverse(["XLON"])) == ["opol=XLON"]


def test_another_universe_of_venues_is_asked_by_its_name() -> None:
    asked: list[str] = []

    def values(name: str) -> list[str]:
        asked.append(name)
        return ["XLON"]

    assert specs(MICUniverse(name="mic_siblings"), values) == ["mic_siblings=XLON"]
    assert asked == ["mic_siblings"]


def test_partitions_are_those_that_a_selector_names() -> None:
    (partition,) = MICUniverse(["XLON"]).iter_partitions(never)
    assert partition == UniversePartition("mic", "XLON")


def test_one_text_is_one_value_and_a_value_named_twice_counts_once() -> None:
    assert specs(IndexUniverse("STOXX600")) == ["index=STOXX600"]
    assert specs(IndexUniverse(["A", "B", "A"])) == ["index=A", "index=B"]


@pytest.mark.parametrize("value", ["XLON,XPAR", "", "XLON|XPAR", "XLON+!mic=XPAR"])
def test_a_value_that_no_selector_can_spell_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match="universe"):
        specs(IndexUniverse([value]))


def test_two_definitions_do_not_disturb_each_other() -> None:
    first, second = MICUniverse(["XLON"]), MICUniverse(["XPAR"], name="mic_siblings")
    assert (specs(first), specs(second)) == (["mic=XLON"], ["mic_siblings=XPAR"])
    assert first.functions == second.functions == {}


def test_a_universe_shows_how_it_was_made() -> None:
    assert repr(MICUniverse(blacklist=["BATE"])) == (
        "MICUniverse(whitelist=None, blacklist=['BATE'], name='mic')"
    )
    assert repr(IndexUniverse(["A"])) == "IndexUniverse(values=['A'])"


def test_a_modules_own_universes_come_first_then_its_whitelist_then_all_venues() -> None:
    module = ModuleType("pipeline")
    (everything,) = default_universes(module)
    assert specs(everything, offering("XLON", "XPAR")) == ["mic=XLON", "mic=XPAR"]
    (without,) = default_universes()
    assert specs(without, offering("XLON")) == ["mic=XLON"]
    module.__dict__["whitelist"] = ["XPAR"]
    (listed,) = default_universes(module)
    assert specs(listed) == ["mic=XPAR"]
    own = IndexUniverse(["STOXX600"])
    module.__dict__["UNIVERSES"] = (own,)
    assert default_universes(module) == [own]
    module.__dict__["UNIVERSES"] = []
    assert default_universes(module) == []


def test_importing_and_defining_universes_costs_nothing_and_asks_nobody() -> None:
    code = (
        "import sys, beaf_universes as u\n"
        "u.MICUniverse(blacklist=['BATE']); u.IndexUniverse(['A']); u.default_universes()\n"
        "list(u.OPOLUniverse(['XLON']).iter_partitions())\n"
        "heavy = {'polars', 'pydantic', 'pluggy', 'socket', 'yaml'} & sys.modules.keys()\n"
        "print(sorted(heavy))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "[]"


# -- asked of a real source --------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project on the simulated market."""
    (tmp_path / "beaf.yaml").write_text(
        "SOURCE: {type: simulated}\nSTART_DATE: 2026-02-02\nEND_DATE: 2026-02-02\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_nearest_project_file_names_the_source_that_is_asked(project: Path) -> None:
    found = [each.spec for each in MICUniverse(blacklist=["BATE"]).iter_partitions()]
    assert found == ["mic=XLON", "mic=XPAR"]


def test_without_a_project_file_it_says_what_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"beaf\.yaml"):
        list(MICUniverse().iter_partitions())
    assert specs(MICUniverse(["XLON"])) == ["mic=XLON"]


@pytest.mark.parametrize(
    ("universe", "listings"),
    [
        (MICUniverse(["XPAR"]), range(200001, 200009)),
        (OPOLUniverse(["XPAR"]), [*range(200001, 200009), 300002, 300004, 300006, 300008]),
        (IndexUniverse(["bezacp"]), range(200001, 200009)),
    ],
)
def test_the_listings_of_a_partition_are_those_of_its_selector(
    project: Path, universe: Any, listings: list[int]
) -> None:
    (partition,) = universe.iter_partitions()
    found = universe.get_universe_for(partition)(date(2026, 2, 2))
    assert found["ListingId"].to_list() == [*listings]


def test_keys_of_several_universes_are_listed_in_their_order(project: Path) -> None:
    universes = [MICUniverse(), IndexUniverse(["bezacp"]), OPOLUniverse(["XLON"])]
    keys = build_universe_partitions(universes)
    assert keys == ["mic=BATE", "mic=XLON", "mic=XPAR", "index=bezacp", "opol=XLON"]
    pair = CartProdUniverse(IndexUniverse(["bezacp"]), MICUniverse(["XPAR", "XLON"]))
    assert build_universe_partitions([pair]) == ["index=bezacp+mic=XPAR", "index=bezacp+mic=XLON"]
