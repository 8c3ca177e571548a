"""Which trades are tagged as those of icebergs?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from beaf_core import AnalyticsModule, BeafError, Context, Measure, compute_frame

BID, ASK = 1, 2
BUY, SELL = 1, 2
TOLERANCE = 500_000


def reader(table: str) -> AnalyticsModule:
    """Write the tags of a bucket's trades one after another, in the order of their sequence."""

    def listed(context: Context, _options: object) -> pl.LazyFrame:
        rows = context.tables[table].sort("BMLLSequenceNo")
        tag = pl.when("IcebergExecution").then(pl.col("IcebergTag").fill_null("untold"))
        each = tag.fill_null("-").str.join(" ")
        return rows.group_by("ListingId", "TimeBucket").agg(Tags=each)

    return AnalyticsModule(
        "reader",
        measures=lambda _options: [Measure("Tags", table, None, "", "", "")],
        compute=listed,
        reads=lambda _options: {table: ("BMLLSequenceNo", "IcebergExecution", "IcebergTag")},
    )


def tags(market: Any, **section: Any) -> list[str]:
    table = section.get("trade_tag_context_key", "trades_iceberg")
    fields: Mapping[str, Any] = {"iceberg_analytics": section} if section else {}
    found = compute_frame(["iceberg", reader(table)], market.tables, **fields)
    return [tag for row in found["Tags"] for tag in row.split(" ")]


def test_a_trade_with_the_id_of_an_icebergs_execution_is_one_whenever_it_is_printed(
    market: Any,
) -> None:
    market.execute(0, "a", 150, of=100, trade="T1")
    market.execute(0, "b", 100, of=100, trade="T2")
    market.execute(0, "c", 150, of=100, trade="")
    market.trade(9 * 10**9, 150, trade="T1")
    market.trade(0, 100, trade="T2")
    market.trade(9 * 10**9, 150, trade="")
    market.trade(9 * 10**9, 150, trade="T3")
    assert tags(market) == ["L3_REVEALED", "-", "-", "-"]


def test_a_trade_without_an_id_is_told_by_time_and_price(market: Any) -> None:
    market.execute(10, "a", 150, of=100)
    market.trade(9, 150)
    market.trade(10, 150)
    market.trade(10 + TOLERANCE, 150)
    market.trade(10 + TOLERANCE + 1, 150)
    market.trade(20, 150, price=10.01)
    market.trade(20, 150, listing=2)
    market.trade(20, 150, aggressor=BUY)
    market.trade(20, 150, aggressor=None)
    market.trade(20, 150, aggressor=0)
    wanted = ["-", "L3_REVEALED", "L3_REVEALED", "-", "-", "-", "L3_REVEALED", "L3_REVEALED", "-"]
    assert tags(market) == wanted


def test_the_tolerance_is_that_of_the_option(market: Any) -> None:
    market.execute(0, "a", 150, of=100)
    for at in (0, 4, 5, 6):
        market.trade(at, 150)
    market.trade(10**9, 150)
    market.trade(10**9 + 1, 150)
    revealed = "L3_REVEALED"
    assert tags(market, match_tolerance_seconds=1) == [revealed] * 5 + ["-"]
    assert tags(market, match_tolerance_seconds=5e-9) == [revealed] * 3 + ["-"] * 3
    assert tags(market, match_tolerance_seconds=0.0) == [revealed] + ["-"] * 5


def test_a_trade_of_another_size_than_the_book_executed_is_a_match(market: Any) -> None:
    market.execute(0, "a", 100, of=100)
    market.execute(0, "b", 150, of=100, price=11.0)
    market.trade(1, 100)
    market.trade(1, 101)
    market.trade(1, 99, kind="DARK")
    market.trade(1, 99, kind="SI")
    market.trade(1, -100)
    market.trade(1, 0)
    market.trade(1, 1)
    market.trade(1, 130, price=11.0)
    market.trade(1, 150, price=11.0)
    market.trade(1, 101, aggressor=BUY)
    market.trade(1, 101, aggressor=0)
    market.trade(1, 130, price=11.0, aggressor=0)
    assert tags(market) == [
        "-", "TRADE_MATCH", "TRADE_MATCH", "-", "-", "-", "TRADE_MATCH", "BOTH",
        "L3_REVEALED", "-", "-", "L3_REVEALED",
    ]  # fmt: skip


def test_a_buy_is_against_the_ask(market: Any) -> None:
    market.execute(0, "a", 150, of=100, side=ASK)
    market.trade(1, 130, aggressor=BUY)
    market.trade(1, 130, aggressor=SELL)
    assert tags(market) == ["BOTH", "-"]


def test_what_a_match_must_be_can_be_relaxed(market: Any) -> None:
    market.execute(0, "a", 100, of=100)
    market.trade(1, 101)
    market.trade(1, 102)
    market.trade(1, 98)
    market.trade(1, 103, aggressor=BUY)
    market.trade(1, 103, price=11.0)
    match = "TRADE_MATCH"
    assert tags(market) == [match, match, match, "-", "-"]
    assert tags(market, size_tolerance=0) == [match, match, match, "-", "-"]
    assert tags(market, size_tolerance=1) == ["-", match, match, "-", "-"]
    assert tags(market, size_tolerance=2) == ["-", "-", "-", "-", "-"]
    assert tags(market, trade_match_require_side=False) == [match, match, match, match, "-"]
    assert tags(market, price_match=False) == [match, match, match, "-", match]
    loose = {"size_tolerance": 2, "trade_match_exclude_exact": False}
    assert tags(market, **loose) == [match, match, match, "-", "-"]


def test_the_size_counts_of_a_trade_that_an_id_links_too(market: Any) -> None:
    market.execute(0, "a", 100, of=100, trade="T1")
    market.execute(0, "b", 60, of=60, trade="T2")
    market.execute(0, "c", 50, of=40, trade="T2")
    market.trade(5, 120, trade="T1")
    market.trade(5, 110, trade="T2")
    market.trade(5, 120, trade="T1", aggressor=BUY)
    market.trade(5, 111, trade="T2", kind="SI")
    assert tags(market) == ["TRADE_MATCH", "L3_REVEALED", "-", "L3_REVEALED"]
    exact = {"trade_match_exclude_exact": False}
    assert tags(market, **exact) == ["TRADE_MATCH", "BOTH", "-", "L3_REVEALED"]
    assert tags(market, trade_match_require_side=False)[2] == "TRADE_MATCH"


def test_a_trade_belongs_to_the_execution_of_its_size_else_to_the_last(market: Any) -> None:
    market.execute(0, "a", 150, of=100)
    market.execute(1, "b", 60, of=60)
    market.trade(2, 150)
    market.trade(2, 60)
    market.trade(2, 70)
    assert tags(market) == ["L3_REVEALED", "-", "TRADE_MATCH"]
    market.execute(1, "c", 155, of=100)
    market.trade(2, 71)
    assert tags(market) == ["L3_REVEALED", "-", "BOTH", "BOTH"]


def test_a_trade_does_not_belong_to_the_other_side(market: Any) -> None:
    market.execute(0, "a", 150, of=100)
    market.execute(1, "b", 130, of=130, side=ASK)
    market.trade(2, 130)
    market.trade(2, 130, aggressor=BUY)
    assert tags(market) == ["BOTH", "-"]


def test_an_unknown_side_is_told_by_the_price_against_the_mid(market: Any) -> None:
    market.execute(0, "a", 100, of=100)
    for aggressor in (0, None):
        market.trade(1, 130, aggressor=aggressor, point=0.49)
        market.trade(1, 130, aggressor=aggressor, point=0.51)
        market.trade(1, 130, aggressor=aggressor, point=0.5)
        market.trade(1, 130, aggressor=aggressor, point=None)
    market.trade(1, 130, aggressor=SELL, point=1.0)
    match = "TRADE_MATCH"
    assert tags(market) == [match, "-", "-", "-", match, "-", "-", "-", match]
    assert tags(market, side_inference="none") == ["-"] * 8 + [match]
    market.execute(0, "b", 130, of=100)
    by_book = ["L3_REVEALED"] * 8 + ["L3_REVEALED"]
    assert tags(market, side_inference="none") == by_book
    assert tags(market)[:4] == ["L3_REVEALED", "-", "L3_REVEALED", "L3_REVEALED"]


def test_a_refilled_execution_tags_its_trade(market: Any) -> None:
    market.execute(0, "a", 100, of=100)
    market.insert(5, "b", 100)
    market.trade(0, 100)
    assert tags(market) == ["L3_REVEALED"]
    assert tags(market, methods="revealed") == ["-"]


def test_no_trade_is_lost_or_doubled_and_all_columns_are_passed_on(market: Any) -> None:
    for at in range(3):
        market.execute(at, str(at), 150, of=100)
        market.trade(at, 150)
        market.trade(at, 150)
    market.trade(7, 1.0, price=None)
    market.trade(8, None)
    tables = market.tables
    found = compute_frame(
        ["iceberg", "trade"],
        tables,
        module_inputs={"trade": {"trades": "trades_iceberg"}},
        trade_analytics={
            "market_state": False,
            "generic_metrics": [{"measures": ["Volume", "Notional", "Count"]}],
        },
    )
    row = found.to_dicts()[0]
    assert (row["TradeTotalVolume"], row["TradeTotalNotional"]) == (901.0, 9000.0)
    assert row["TradeTotalCount"] == 7


def test_the_table_has_the_name_that_is_asked_for(market: Any) -> None:
    market.execute(0, "a", 150, of=100)
    market.trade(0, 150)
    assert tags(market, trade_tag_context_key="t") == ["L3_REVEALED"]


def test_there_is_no_such_table_where_trades_are_not_to_be_tagged(market: Any) -> None:
    market.trade(0)
    with pytest.raises(BeafError, match="trades_iceberg"):
        tags(market, tag_trades=False)
    with pytest.raises(BeafError, match="trades_iceberg"):
        tags(market, ENABLED=False)


def test_trades_are_not_read_where_nobody_asks_for_their_tags(market: Any) -> None:
    market.execute(0, "a", 150, of=100)
    found = compute_frame("iceberg", {"l3": market.tables["l3"]})
    assert found["IcebergExecutionCount"].to_list() == [1]


# -- the page ------------------------------------------------------------------------------


def test_the_examples_of_the_page_work(market: Any) -> None:
    market.execute(0, "a", 150, of=100)
    market.trade(0, 150)
    market.trades[-1]["MarketState"] = "CONTINUOUS_TRADING"
    page = Path(__file__).resolve().parents[4] / "docs" / "modules" / "iceberg.md"
    examples = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert examples
    for example in examples:
        (fields,) = yaml.safe_load(example)["PASSES"]
        del fields["name"]
        found = compute_frame(fields.pop("modules"), market.tables, **fields)
        assert found.height == 1
