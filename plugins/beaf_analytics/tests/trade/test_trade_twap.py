"""Is the price of each print weighted by the time until the next one that counts?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from beaf_analytics.trade import measures
from beaf_analytics.trade.options import TradeOptions
from beaf_analytics.trade.twap import provides
from beaf_core import compute_frame
from beaf_core.testing import check_module

Row = dict[str, Any]

PRINTS: list[Row] = [
    {"at": 20, "p": 10.0, "d": "+"},
    {"at": 30, "p": 99.0, "d": "+", "Classification": "DARK"},
    {"at": 50, "p": 12.0, "d": "-"},
    {"at": 50, "p": 14.0, "d": "-"},
    {"at": 55, "p": 77.0, "d": "-", "s": -100.0},
    {"at": 57, "p": float("nan"), "d": "-"},
    {"at": 90, "p": 20.0, "d": "+"},
    {"at": 190, "p": 30.0, "d": "-"},
]


@pytest.fixture
def twap(trades: Callable[..., pl.DataFrame]) -> Callable[..., list[Row]]:
    def compute(section: Row, *prints: Row) -> list[Row]:
        frame = trades(*prints).rename({"TradeTimestamp": "TradeTimestampNanoseconds"})
        frame = frame.with_columns(pl.col("TradeTimestampNanoseconds").cast(pl.Datetime("ns")))
        options = {"market_state": False, **section}
        return compute_frame("trade", {"trades": frame}, trade_analytics=options).to_dicts()

    return compute


def asked(*words: str, **more: Any) -> Row:
    return {"generic_metrics": [{"measures": list(words), **more}]}


def test_a_price_holds_until_the_next_print_of_the_order_book(
    twap: Callable[..., list[Row]],
) -> None:
    rows = twap(asked("TWAP", "Volume"), *PRINTS)
    # 10 for 30 s, 14 for 10 s; then 14 for 30 s, 20 for 30 s; nothing in the third minute; in the
    # fourth 20 for 10 s, 30 for 50 s. The off-book print and the cancellation end no price.
    assert [row["TradeTotalTWAP"] for row in rows] == pytest.approx(
        [(300 + 140) / 40, (420 + 600) / 60, (200 + 1500) / 60], rel=1e-14
    )
    assert [row["TimeBucket"].minute for row in rows] == [1, 2, 4]


def test_a_side_and_a_market_state_have_prices_of_their_own(
    twap: Callable[..., list[Row]],
) -> None:
    halted = {"at": 40, "p": 50.0, "d": "+", "MarketState": "HALTED"}
    section = asked("TWAP", sides=["Buy", "Sell"], market_states="CONTINUOUS_TRADING")
    rows = twap({**section, "market_state": True}, *PRINTS, halted)
    assert rows[0]["TradeBuyTWAP"] == pytest.approx(10.0, rel=1e-14)
    assert rows[0]["TradeSellTWAP"] == pytest.approx(14.0, rel=1e-14)
    assert rows[1]["TradeBuyTWAP"] == pytest.approx(15.0, rel=1e-14)
    assert rows[1]["TradeSellTWAP"] == pytest.approx(14.0, rel=1e-14)


def test_tables_of_prices_are_there_where_they_are_asked_for() -> None:
    def names(*metrics: Row, **more: Any) -> list[str]:
        section = {"generic_metrics": list(metrics), **more}
        return [each.name for each in provides(TradeOptions.model_validate(section))]

    plain = {"measures": ["TWAP", "Volume"], "sides": ["Total", "Buy"]}
    assert names(plain, plain) == ["trade_prices_Total", "trade_prices_Buy"]
    halted = {"measures": "TWAP", "market_states": ["HALTED", "CLOSED"]}
    assert names(halted) == ["trade_prices_Total_CLOSED_HALTED"]
    assert names({"measures": "Volume"}) == []
    assert names(plain, ENABLED=False) == []
    [table] = provides(TradeOptions.model_validate({**asked("TWAP"), "use_tagged_trades": True}))
    assert set(table.needs) == {"trades_iceberg"}


def test_it_keeps_the_contract_and_says_how_buckets_combine() -> None:
    check_module("trade", asked("TWAP", "Volume"))
    options = TradeOptions.model_validate({**asked("TWAP"), "market_state": False})
    [measure] = measures(options)
    assert (measure.unit, measure.reaggregation) == ("ccy", "twa")
    assert measure.doc == "Mean price of all trades, each weighted by the time until the next one."
