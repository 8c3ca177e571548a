"""Do measures ask of prints just what is not asked already, and share their names well?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from beaf_analytics.trade import measures, rows
from beaf_analytics.trade.options import GenericMetric, TradeOptions
from beaf_analytics.trade.prints import classified, prints_of
from beaf_core import Aggregation, AnalyticsModule, Kind, Measure, compute_frame

Row = dict[str, Any]
Bucket = Callable[..., Row]

LIT = classified(["LIT_CONTINUOUS"])


def same(one: pl.Expr | None, other: pl.Expr | None) -> bool:
    return one is other if one is None or other is None else one.meta.eq(other)


def test_what_leaves_prints_out_for_all_is_not_asked_of_each_measure_again() -> None:
    options = TradeOptions.model_validate({"generic_metrics": [{"measures": "Volume"}]})
    assert same(rows(options)["trades"], LIT)
    prints, metric = prints_of(options), options.generic_metrics[0]
    assert prints.where(metric) is None
    assert same(prints.where(metric, alone=True), LIT)
    [state, volume] = measures(options)
    assert isinstance(state.value, Aggregation)
    assert isinstance(volume.value, Aggregation)
    assert state.value.where is volume.value.where is None


def test_beside_a_measure_that_looks_elsewhere_each_says_what_it_looks_at() -> None:
    words = {"measures": ["Volume", "OTCVolume"]}
    options = TradeOptions.model_validate({"generic_metrics": [words]})
    assert same(rows(options)["trades"], LIT | (pl.col("BMLLTradeType") == "OTC"))
    metric = GenericMetric(measures=["Volume"])
    assert same(prints_of(options).where(metric), LIT)
    assert same(prints_of(options).where(metric, alone=True), LIT)


def test_another_module_with_a_market_state_goes_first(
    trades: Callable[..., pl.DataFrame],
) -> None:
    value = Aggregation(Kind.FIRST, pl.col("MarketState"))
    book = Measure("MarketState", "trades", value, "state", "State of the book.", "first")
    module = AnalyticsModule("other", measures=lambda _options: [book])
    frame = trades({"MarketState": "HALTED"}, {})
    section = {"generic_metrics": [{"measures": "Volume"}]}
    alone = compute_frame("trade", {"trades": frame}, trade_analytics=section)
    assert alone["MarketState"].to_list() == ["CONTINUOUS_TRADING"]
    beside = compute_frame(["trade", module], {"trades": frame}, trade_analytics=section)
    assert beside["MarketState"].to_list() == ["HALTED"]
    assert beside["TradeTotalVolume"].to_list() == [200.0]
