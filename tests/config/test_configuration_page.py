"""Does the page on configuration say what the models and the code say?"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.config.conftest import Desk

from beaf_core import AnalyticsConfig, OutputTarget, PassConfig
from beaf_core.config.analytics import ScheduleConfig
from beaf_core.config.checks import PassExpectations, QualityCheckConfig

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "configuration.md"
TEXT = PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "scripts" / "write_config_reference.py"
    spec = importlib.util.spec_from_file_location("write_config_reference", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_those_of_the_models(script: ModuleType) -> None:
    assert script.updated(TEXT) == TEXT, "run python scripts/write_config_reference.py"


@pytest.mark.parametrize(
    "model",
    [
        AnalyticsConfig,
        PassConfig,
        OutputTarget,
        ScheduleConfig,
        QualityCheckConfig,
        PassExpectations,
    ],
)
def test_every_field_has_a_row_and_a_meaning(model: Any) -> None:
    section = TEXT.partition(f"### {model.__name__}: ")[2].partition("\n### ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", section, re.MULTILINE))
    assert list(rows) == list(model.model_fields)
    assert all(each.endswith((".", "…")) for each in rows.values())


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (str, "text"),
        (int | None, "whole number or null"),
        (list[dict[str, float]], "list of mapping of names to number"),
        (tuple[float | None, float | None], "[number or null, number or null]"),
        (PassConfig | None, "PassConfig or null"),
    ],
)
def test_types_are_said_in_words(script: ModuleType, annotation: Any, words: str) -> None:
    assert script.kind(annotation) == words


def test_the_example_of_merging_is_true(desk: Desk) -> None:
    project = """
        SOURCE: {type: parquet, root: lake}
        PASSES: [{name: bars, modules: [trade]}]
        """
    desk.write("beaf.yaml", project)
    pipeline = """
        SOURCE: {root: ../other-lake}
        PASSES: [{name: bars, time_bucket_seconds: 300}]
        """
    assert desk.plain(desk.write("bars.yaml", pipeline)) == {
        "SOURCE": {"type": "parquet", "root": "../other-lake"},
        "PASSES": [{"name": "bars", "modules": ["trade"], "time_bucket_seconds": 300}],
    }
    desk.write("bars.yaml", "SOURCE: {type: simulated}\n")
    assert desk.plain("bars.yaml")["SOURCE"] == {"type": "simulated"}


def test_the_messages_on_the_page_are_those_that_are_told(desk: Desk) -> None:
    shown = TEXT.partition("2 problems in the configuration\n")[2].partition("\n```")[0]
    desk.write(
        "bars.yaml",
        """\
        SOURCE: {type: tape, root: /lake}
        PASSES:
          - name: bars
            time_bucket_closed: lft
            modules: [bras]
        """,
    )
    told = str(desk.refused("bars.yaml")).partition("\n")[2]
    told = told.replace("bras", "trad").replace('"bars"?', '"trade"?')
    assert re.sub(r"modules: \w.* \(", "modules: trade (", told) == shown
