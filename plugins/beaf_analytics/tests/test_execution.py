"""Are executions told by the side they rested on, and trades by mechanism and aggressor?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
import pytest

from beaf_analytics.execution import ExecutionOptions, catalogue, measures
from beaf_core import compute_frame
from beaf_core.testing import check_module

# minute, aggressor, type, price in the listing's currency, size, place, price as reported
TRADES: list[tuple[Any, ...]] = [
    (0, 1, "LIT", 100.0, 30.0, 1.0, 1.0),
    (0, 1, "LIT", 110.0, 10.0, 0.25, 1.1),
    (0, 2, "LIT", 90.0, 50.0, 0.0, 90.0),
    (0, 0, "DARK", 95.0, 20.0, 0.5, 0.95),
    (0, 2, "DARK", 94.0, 40.0, -3.0, 94.0),
    (0, 1, "OTC", 500.0, 999.0, 1.0, 5.0),
    (1, 1, "OTC", 500.0, 999.0, 1.0, 5.0),
]
# minute, side on which the order rested, price, executed size
MESSAGES: list[tuple[Any, ...]] = [
    (0, 1, 90.0, 50),
    (0, 2, 100.0, 30),
    (0, 2, 104.0, 90),
    (0, 1, None, 0),
    (0, 1, None, 30),
    (2, 1, None, 0),
    (3, 2, 107.0, 1),
]


def at(frame: pl.DataFrame, time: str) -> pl.DataFrame:
    start = pl.lit(datetime(2025, 1, 6, 9, 0, 30))
    return frame.with_columns(
        (start + pl.duration(minutes="minute")).alias(time),
        ListingId=pl.lit(1),
        BMLLSequenceNo=pl.int_range(pl.len()),
    )


def tables() -> dict[str, pl.DataFrame]:
    names = [
        "minute", "AggressorSide", "BMLLTradeType", "InstrumentCurrencyPrice", "Size", "PricePoint",
        "Price",
    ]  # fmt: skip
    trades = pl.DataFrame(TRADES, schema=names, orient="row")
    names = ["minute", "Side", "ExecutionPrice", "ExecutionSize"]
    messages = pl.DataFrame(MESSAGES, schema=names, orient="row")
    return {"trades": at(trades, "TradeTimestamp"), "l3": at(messages, "TimestampNanoseconds")}


def computed(**section: Any) -> list[dict[str, Any]]:
    return compute_frame("execution", tables(), execution_analytics=section).to_dicts()


def test_the_module_keeps_the_contract() -> None:
    check_module("execution")


def test_executions_are_told_by_the_side_on_which_they_rested() -> None:
    first, last = computed()
    assert (first["ExecutedVolumeBid"], first["ExecutedVolumeAsk"]) == (80, 120)
    assert first["VwapBid"] == 90.0  # an execution without a price has no part in it
    assert first["VwapAsk"] == pytest.approx((3000 + 9360) / 120, rel=1e-15)
    assert first["TradeImbalance"] == 0.2
    assert (last["ExecutedVolumeBid"], last["ExecutedVolumeAsk"]) == (0, 1)
    assert (last["VwapBid"], last["VwapAsk"], last["TradeImbalance"]) == (None, 107.0, 1.0)


def test_trades_are_told_by_mechanism_and_aggressor_in_one_currency() -> None:
    first, last = computed()
    assert first["LitVolumeBuyAggressor"] == 40.0
    assert first["LitVWAPBuyAggressor"] == pytest.approx(4100 / 40, rel=1e-15)
    assert first["LitVolumeWeightedPricePlacementBuyAggressor"] == (30 - 5) / 40
    assert first["LitVolumeSellAggressor"] == 50.0
    assert first["LitVWAPSellAggressor"] == 90.0
    assert first["LitVolumeWeightedPricePlacementSellAggressor"] == -1.0
    assert first["LitVolumeUnknownAggressor"] == 0.0
    assert first["LitVWAPUnknownAggressor"] is None
    assert first["LitVolumeWeightedPricePlacementUnknownAggressor"] is None
    assert first["DarkVolumeUnknownAggressor"] == 20.0
    assert first["DarkVWAPUnknownAggressor"] == 95.0
    assert first["DarkVolumeWeightedPricePlacementUnknownAggressor"] == 0.0
    assert first["DarkVolumeSellAggressor"] == 40.0
    assert first["DarkVolumeWeightedPricePlacementSellAggressor"] == -1.0
    assert first["DarkVolumeBuyAggressor"] == 0.0
    assert last["LitVolumeBuyAggressor"] == 0.0


def test_only_what_is_executed_or_lit_or_dark_makes_a_row() -> None:
    assert [row["TimeBucket"].minute for row in computed()] == [1, 4]


def test_the_imbalance_of_trades_has_the_same_name_and_a_prefix_tells_them_apart() -> None:
    trade = {
        "classifications": "all",
        "market_state": False,
        "generic_metrics": [{"measures": "TradeImbalance"}],
    }
    with pytest.raises(Exception, match="TradeImbalance"):
        compute_frame(["trade", "execution"], tables(), trade_analytics=trade)
    both = compute_frame(
        ["trade", "execution"],
        tables(),
        trade_analytics=trade,
        execution_analytics={"metric_prefix": "Executed"},
    )
    first = both.row(0, named=True)
    assert first["ExecutedTradeImbalance"] == 0.2
    assert first["TradeImbalance"] == pytest.approx((1039 - 90) / 1129, rel=1e-15)


def test_weights_units_and_docs_follow_the_names() -> None:
    found = {each.name: each for each in measures(ExecutionOptions(metric_prefix="My"))}
    assert len(found) == 5 + 18
    assert found["MyVwapBid"].reaggregation == "vw:MyExecutedVolumeBid"
    assert found["MyExecutedVolumeBid"].reaggregation == "sum"
    assert found["MyDarkVolumeSellAggressor"].reaggregation == "sum"
    assert found["MyDarkVWAPSellAggressor"].reaggregation == "vw:MyDarkVolumeSellAggressor"
    assert found["MyDarkVolumeSellAggressor"].doc == (
        "Shares of dark trades with a selling aggressor."
    )
    assert found["MyTradeImbalance"].unit == "ratio"
    assert all(each.doc.endswith(".") for each in found.values())
    assert measures(ExecutionOptions(ENABLED=False)) == []


def test_the_catalogue_holds_every_column() -> None:
    [everything] = catalogue()
    assert len(measures(everything)) == 5 + 18
