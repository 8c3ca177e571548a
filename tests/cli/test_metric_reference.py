"""Does the page on metrics say what the modules declare, and is it short enough to be read?"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from beaf_core import Aggregation, Kind, Measure
from beaf_core.plugins.columns import Column

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "metrics.md"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "scripts" / "write_metric_reference.py"
    spec = importlib.util.spec_from_file_location("write_metric_reference", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_current(script: ModuleType) -> None:
    told = "run python scripts/write_metric_reference.py"
    assert script.page() == PAGE.read_text(encoding="utf-8"), told


def column(name: str, doc: str, *needs: str, unit: str = "ccy", rule: str = "last") -> Column:
    value = Aggregation(Kind.LAST, pl.col("x"))
    measure = Measure(name, "l2", value, unit, doc, f"last {name}", reaggregation=rule)
    return Column(measure, needs)


def book(levels: int) -> list[Column]:
    return [
        column(f"{side}Price{level}", f"{side} price at level {level}.", f"l2.{side}Price{level}")
        for level in range(1, levels + 1)
        for side in ("Bid", "Ask")
    ]


def test_levels_and_sides_stand_in_one_row(script: ModuleType) -> None:
    (row,) = script.rows(book(10))
    assert row.name == "`{Bid|Ask}Price{1…10}`"
    assert row.meaning == "{Bid|Ask} price at level {1…10}."
    assert row.formula == "last {Bid|Ask}Price{1…10}"
    assert row.needs == "l2: {Ask|Bid}Price{1…10}"


def test_aggregations_of_one_value_stand_in_one_row(script: ModuleType) -> None:
    def aggregated(word: str, doc: str, rule: str) -> Column:
        value = Aggregation(Kind.MIN, pl.col("x"))
        measure = Measure(f"Gap{word}", "l2", value, "ccy", doc, f"{word}(x)", reaggregation=rule)
        return Column(measure, ("trades_Ask.x", "trades_Bid.x"))

    (row,) = script.rows(
        [
            aggregated("Min", "The gap: smallest.", "min"),
            aggregated("Std", "The gap: spread.", "none"),
        ]
    )
    assert (row.name, row.formula, row.meaning) == ("`Gap{Min|Std}`", "{Min|Std}(x)", "The gap: …")
    assert row.longer == "as the name says"
    assert row.needs == "trades_{Ask|Bid}: x"


def test_a_side_is_no_aggregation(script: ModuleType) -> None:
    found = script.rows(
        [column("GapBuy", "Gap."), column("GapMax", "Gap."), column("Gap1", "Gap.")]
    )
    assert [each.name for each in found] == ["`GapBuy`", "`GapMax`", "`Gap1`"]


def test_few_levels_are_named(script: ModuleType) -> None:
    (row,) = script.rows([*book(1), *book(5)[8:]])
    assert row.name == "`{Bid|Ask}Price{1|5}`"


def test_columns_of_several_units_or_rules_stand_apart(script: ModuleType) -> None:
    found = script.rows([
        column("Price1", "A price."),
        column("Price2", "A price.", unit="shares"),
        column("Price3", "A price.", rule="sum"),
        column("Price4", "A price."),
    ])  # fmt: skip
    assert [each.name for each in found] == ["`Price{1|4}`", "`Price2`", "`Price3`"]


def test_what_differs_otherwise_is_left_open(script: ModuleType) -> None:
    (row,) = script.rows([
        column("TradeBuyVolume", "Shares of buys, which lift the ask, in all."),
        column("TradeSellVolume", "Shares of sells, which hit the bid, in all."),
        column("TradeTotalVolume", "Shares of in all."),
    ])  # fmt: skip
    assert row.meaning == "Shares of … in all."


def test_a_column_by_itself_is_shown_as_it_is(script: ModuleType) -> None:
    (row,) = script.rows(
        [column("Spread", "The spread.", "l2.AskPrice1", "l2.BidPrice1", "trades")]
    )
    assert row == ("`Spread`", "ccy", "The spread.", "last Spread",
                   "l2: {Ask|Bid}Price1; trades", "of the last bucket", "")  # fmt: skip
