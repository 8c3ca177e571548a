"""Do flags match the codes that real data hold, and do tagged trades come from their own table?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from beaf_analytics.trade import measures, rows
from beaf_analytics.trade.options import TradeOptions
from beaf_core import AnalyticsModule, ProvidedTable, compute_frame

Row = dict[str, Any]
Bucket = Callable[..., Row]


def flagged(flags: Any, measures: Any = ("Volume", "Count", "AvgNotional"), **more: Any) -> Row:
    return {"flag_metrics": [{"flags": flags, "measures": list(measures), **more}]}


@pytest.mark.parametrize(
    ("flag", "column", "codes", "others"),
    [
        ("NegotiatedTrade", "NegotiatedTrade", ["1", "N"], ["-", ""]),
        ("CrossTrade", "CrossingTrade", ["X", "Y"], ["-", None]),
        ("AlgorithmicTrade", "AlgorithmicTrade", ["H", "H"], ["-", "-"]),
        ("BlockTrade", "IsBlock", ["TRUE", "TRUE"], ["FALSE", "Y"]),
        ("OddLotTrade", "LotType", ["ODD", "ODD"], ["ROUND", "MIXED"]),
    ],
)
def test_a_flag_is_what_real_codes_say(
    bucket: Bucket, flag: str, column: str, codes: list[str], others: list[str | None]
) -> None:
    row = bucket(
        flagged(flag, sides=["Total", "Bid", "Unknown"]),
        {column: codes[0], "s": 100.0, "TradeNotionalEUR": 1000.0},
        {column: codes[1], "s": 300.0, "TradeNotionalEUR": 2500.0, "d": "-"},
        {column: others[0], "s": 50.0, "TradeNotionalEUR": 500.0},
        {column: others[1], "s": 50.0, "TradeNotionalEUR": 500.0, "d": "-"},
    )
    assert row[f"{flag}Volume"] == 400.0
    assert row[f"{flag}Count"] == 2
    assert row[f"{flag}AvgNotional"] == 1750.0
    assert row[f"{flag}VolumeBid"] == 300.0
    assert row[f"{flag}CountBid"] == 1
    assert row[f"{flag}AvgNotionalBid"] == 2500.0
    assert (row[f"{flag}VolumeUnknown"], row[f"{flag}CountUnknown"]) == (0.0, 0)
    assert row[f"{flag}AvgNotionalUnknown"] is None


def test_a_mean_notional_is_of_prints_whose_euros_are_known(bucket: Bucket) -> None:
    block = {"IsBlock": "TRUE", "s": 10.0}
    row = bucket(
        flagged("BlockTrade"),
        {**block, "TradeNotionalEUR": 1000.0},
        {**block, "TradeNotionalEUR": None},
        {**block, "TradeNotionalEUR": 2000.0},
        {**block, "TradeNotionalEUR": -500.0, "s": -5.0},
    )
    assert row["BlockTradeAvgNotional"] == 1250.0
    assert row["BlockTradeCount"] == 3


def test_units_say_what_is_counted() -> None:
    options = TradeOptions.model_validate({"market_state": False, **flagged("BlockTrade")})
    found = measures(options)
    assert [each.unit for each in found] == ["shares", "trades", "ccy_eur"]
    assert found[1].doc == "Number of blocks among all trades."


# -- tagged trades ---------------------------------------------------------------------------------


def tagging(name: str) -> AnalyticsModule:
    """Stand for the module that finds icebergs: large prints are theirs."""

    def build(tables: Any) -> pl.LazyFrame:
        found: pl.LazyFrame = tables["trades"]
        return found.with_columns(IcebergExecution=pl.col("Size") > 150)

    needs = ("TradeTimestamp", "Size", "Classification", "IsBlock", "BMLLTradeType")
    table = ProvidedTable(name, {"trades": needs}, build, time="TradeTimestamp")
    return AnalyticsModule("tagging", lambda _options: (), provides=lambda _options: [table])


@pytest.mark.parametrize("key", [None, "my_tags"])
def test_the_flag_of_icebergs_is_on_tagged_trades(
    trades: Callable[..., pl.DataFrame], key: str | None
) -> None:
    section: Row = {
        **flagged(["IcebergExecution", "BlockTrade"], ["Volume", "Count"]),
        "generic_metrics": [{"measures": ["Volume", "OTCVolume"]}],
        "use_tagged_trades": True,
        "market_state": False,
    }
    if key:
        section["tagged_trades_context_key"] = key
    common = {"IsBlock": "FALSE", "BMLLTradeType": "LIT"}
    frame = trades(
        {"s": 100.0, **common},
        {"s": 200.0, **common},
        {"s": 400.0, **common, "Classification": "DARK"},
    )
    found = compute_frame(
        ["trade", tagging(key or "trades_iceberg")], {"trades": frame}, trade_analytics=section
    )
    row = found.row(0, named=True)
    assert (row["IcebergExecutionVolume"], row["IcebergExecutionCount"]) == (200.0, 1)
    assert row["BlockTradeVolume"] == 0.0
    assert row["TradeTotalVolume"] == 300.0


def test_all_measures_and_rows_are_of_the_tagged_table() -> None:
    options = TradeOptions.model_validate({"use_tagged_trades": True})
    assert {each.table for each in measures(options)} == {"trades_iceberg"}
    assert list(rows(options)) == ["trades_iceberg"]


def test_icebergs_without_tagged_trades_are_refused_with_what_to_write() -> None:
    with pytest.raises(ValidationError, match=r"`use_tagged_trades: true`, and add `iceberg`"):
        TradeOptions.model_validate(flagged("IcebergExecution"))


def test_tagged_trades_that_nobody_provides_are_told(bucket: Bucket) -> None:
    with pytest.raises(Exception, match="asks for the table 'my_tags'"):
        bucket({"use_tagged_trades": True, "tagged_trades_context_key": "my_tags"}, {"p": 1.0})
