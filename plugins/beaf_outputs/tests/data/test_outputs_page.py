"""Is what the page on outputs says true, and does what it shows run?"""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from tests.cli.conftest import Beaf

from beaf_core import PluginHost
from beaf_outputs.data import KEEP_HOURS
from beaf_outputs.parquet.maintain import UNDER_WAY_HOURS
from beaf_outputs.stores.retries import ATTEMPTS, SECONDS

ROOT = Path(__file__).parents[4]
TEXT = (ROOT / "docs" / "outputs.md").read_text(encoding="utf-8")
Run = Callable[..., list[str]]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def test_the_tables_of_options_are_those_of_the_models() -> None:
    path = ROOT / "scripts" / "write_config_reference.py"
    spec = importlib.util.spec_from_file_location("write_config_reference", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.with_options(TEXT) == TEXT, "run python scripts/write_config_reference.py"


@pytest.mark.parametrize("name", ["parquet", "delta", "sql"])
def test_every_option_has_a_row_and_a_meaning(name: str) -> None:
    section = re.split(r"\n##+ ", TEXT.partition(f"### Options of `{name}`")[2])[0]
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", section, re.MULTILINE))
    model = PluginHost().config_model("output", name)
    assert model is not None
    assert list(rows) == list(model.model_fields)
    assert all(each.endswith(".") for each in rows.values())


@pytest.mark.parametrize("number", range(4))
def test_every_configuration_that_is_shown_is_valid(
    beaf: Beaf, project: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "PG_PASSWORD"):
        monkeypatch.setenv(name, "hush")
    shown = blocks("yaml")
    assert len(shown) == 4
    path = project / "shown.yaml"
    path.write_text(shown[number] + "PASSES: [{name: bars, modules: [trade]}]\n")
    validated = beaf("pipeline", "validate", "--pipeline", path)
    assert validated.code == 0, validated.err
    assert "hush" not in beaf("pipeline", "show", "--pipeline", path).out


@pytest.fixture
def lake(run: Run) -> dict[str, Any]:
    """The places that the page reads from, and its first block, which has read from two of them."""
    run("OUTPUT_TARGET.path_template=lake/files/{universe}/{start_date}.parquet")
    run("OUTPUT_TARGET.path_template=lake/hive", "OUTPUT_TARGET.partition_columns=[MIC, Date]")
    run("OUTPUT_TARGET.path_template=lake/delta", "OUTPUT_TARGET.type=delta")
    names: dict[str, Any] = {}
    for block in blocks("python"):
        if "spark" not in block:
            exec(block, names)
    return names


def test_other_tools_read_the_same_rows_as_the_page_shows(lake: dict[str, Any]) -> None:
    wanted = lake["bars"].collect().sort("ListingId", "TimeBucket")
    assert wanted.height > 0
    hive = lake["lake"].select(wanted.columns).collect().sort("ListingId", "TimeBucket")
    assert hive.equals(wanted)
    assert lake["rows"].pl().height == wanted.height
    delta = lake["table"].collect()
    assert delta.height == wanted.height
    assert delta["TradeTotalVolume"].sum() == wanted["TradeTotalVolume"].sum()


def test_every_command_that_is_shown_can_be_typed(
    beaf: Beaf, lake: dict[str, Any], run: Run
) -> None:
    run()
    typed = re.findall(r"^\$ (beaf .*)$", TEXT, re.MULTILINE)
    assert len(typed) == 6, indent("\n".join(typed), "  ")
    for each in typed:
        done = beaf(*shlex.split(each)[1:])
        assert done.code == 0, (each, done.err)


def test_the_figures_are_those_of_the_code() -> None:
    assert f"up to six times within {SECONDS:g} s" in " ".join(TEXT.split())
    assert ATTEMPTS == 6
    assert f"--keep_hours {KEEP_HOURS:g}" in TEXT
    assert KEEP_HOURS == 7 * 24
    assert "for a day at least" in TEXT
    assert UNDER_WAY_HOURS == 24
