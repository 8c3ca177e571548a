"""Do the examples on the modules' pages work, and do the pages name what there is?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from beaf_analytics.characteristics.trade import BUILDERS
from beaf_analytics.trade import words as known
from beaf_core.testing import check_module

PAGES = Path(__file__).resolve().parents[4] / "docs" / "modules"
MODULES = ("trade", "retail_imbalance", "execution", "trade_characteristics")


def page(module: str) -> str:
    return (PAGES / f"{module}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("module", MODULES)
def test_the_example_on_the_page_of_a_module_works(module: str) -> None:
    first, *_ = re.findall(r"```yaml\n(.*?)```", page(module), re.DOTALL)
    [given] = yaml.safe_load(first)["PASSES"]
    assert given["modules"] == [module]
    check_module(module, given.get(f"{module}_analytics", {}))


def test_the_page_of_trades_names_every_word_of_the_options() -> None:
    words = [
        *get_args(known.TradeMeasure), *get_args(known.Flag), *get_args(known.FlagMeasure),
        *get_args(known.EventAggregation), *get_args(known.Side),
        *(each for each in get_args(known.ImpactVariant) if not each.endswith("Bps")),
    ]  # fmt: skip
    text = page("trade")
    assert [word for word in words if word not in text] == []


def test_the_page_of_characteristics_names_every_column() -> None:
    text = page("trade_characteristics")
    assert [name for name in BUILDERS if f"`{name}`" not in text] == []
