"""Is what trades are like told by the codes that real data hold?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, get_args

import polars as pl
import pytest
from pydantic import ValidationError

from beaf_analytics.characteristics.trade import (
    BUILDERS,
    DEFAULT,
    Column,
    TradeCharacteristicsOptions,
    catalogue,
    measures,
)
from beaf_core import compute_frame
from beaf_core.testing import check_module

START = datetime(2025, 1, 6, 9, 0, 30)
#: A trade that nothing is wrong with, and nothing is special about.
PLAIN: dict[str, Any] = {
    "Size": 100.0, "AggressorSide": 1, "BMLLTradeType": "LIT", "MarketState": "CONTINUOUS_TRADING",
    "ExecutionVenue": "XLON", "CrossingTrade": "-", "NegotiatedTrade": "-",
    "AlgorithmicTrade": "-", "IsBlock": "FALSE", "TradeId": "1", "delay": 0,
}  # fmt: skip


def computed(*trades: dict[str, Any], columns: Any = None) -> dict[str, Any]:
    frame = pl.DataFrame([{**PLAIN, **each} for each in trades], infer_schema_length=None)
    frame = frame.with_columns(
        ListingId=pl.lit(1),
        BMLLSequenceNo=pl.int_range(pl.len()),
        TradeTimestampNanoseconds=pl.lit(START).cast(pl.Datetime("ns")),
        PublicationTimestampNanoseconds=pl.lit(START).cast(pl.Datetime("ns"))
        + pl.duration(nanoseconds=pl.col("delay").cast(pl.Int64), time_unit="ns"),
    )
    section = {} if columns is None else {"columns": columns}
    [row] = compute_frame(
        "trade_characteristics", {"trades": frame}, trade_characteristics_analytics=section
    ).to_dicts()
    return dict(list(row.items())[3:])


def test_the_module_keeps_the_contract_whatever_is_asked() -> None:
    check_module("trade_characteristics")
    check_module("trade_characteristics", {"columns": list(BUILDERS)})


def test_plain_trades_have_nothing_special_about_them() -> None:
    assert computed(PLAIN, PLAIN) == {
        "TradeEventCount": 2,
        "TradeVolume": 200.0,
        "TradeHasZeroSize": False,
        "TradeHasCancellations": False,
        "TradeHasUnknownAggressorSide": False,
        "TradeHasKnownAggressorSide": True,
        "TradeHasUnknownType": False,
        "TradeHasUnknownMarketState": False,
        "TradeHasLitTrades": True,
        "TradePubEqualsTradeTimestampRatio": 1.0,
        "TradePubTradeTimestampAvgDiffS": 0.0,
        "TradeHasMultipleExecutionVenues": False,
        "TradeHasCrossingTrade": False,
        "TradeHasNegotiatedTrade": False,
        "TradeHasAlgorithmicTrade": False,
        "TradeHasBlockTrade": False,
        "TradeHasTradeId": True,
    }


@pytest.mark.parametrize(
    ("column", "odd"),
    [
        ("TradeHasZeroSize", {"Size": 0.0}),
        ("TradeHasCancellations", {"Size": -1.0}),
        ("TradeHasUnknownAggressorSide", {"AggressorSide": 0}),
        ("TradeHasUnknownAggressorSide", {"AggressorSide": None}),
        ("TradeHasUnknownType", {"BMLLTradeType": "UNKNOWN"}),
        ("TradeHasUnknownType", {"BMLLTradeType": "-"}),
        ("TradeHasUnknownType", {"BMLLTradeType": ""}),
        ("TradeHasUnknownType", {"BMLLTradeType": None}),
        ("TradeHasUnknownMarketState", {"MarketState": "UNKNOWN"}),
        ("TradeHasUnknownMarketState", {"MarketState": "NOT_APPLICABLE"}),
        ("TradeHasUnknownMarketState", {"MarketState": ""}),
        ("TradeHasUnknownMarketState", {"MarketState": None}),
        ("TradeHasMultipleExecutionVenues", {"ExecutionVenue": "SINT"}),
        ("TradeHasCrossingTrade", {"CrossingTrade": "X"}),
        ("TradeHasNegotiatedTrade", {"NegotiatedTrade": "N"}),
        ("TradeHasAlgorithmicTrade", {"AlgorithmicTrade": "H"}),
        ("TradeHasBlockTrade", {"IsBlock": "TRUE"}),
    ],
)
def test_one_odd_trade_turns_its_own_flag_alone(column: str, odd: dict[str, Any]) -> None:
    flags = [name for name in DEFAULT if name.startswith("TradeHas")]
    usual, found = computed(PLAIN, columns=flags), computed(PLAIN, odd, columns=flags)
    assert {name for name in flags if found[name] != usual[name]} == {column}
    assert found[column] is True


@pytest.mark.parametrize(
    ("column", "odd"),
    [
        ("TradeHasKnownAggressorSide", {"AggressorSide": 0}),
        ("TradeHasLitTrades", {"BMLLTradeType": "DARK"}),
        ("TradeHasTradeId", {"TradeId": ""}),
        ("TradeHasTradeId", {"TradeId": None}),
    ],
)
def test_what_no_trade_has_is_false(column: str, odd: dict[str, Any]) -> None:
    assert computed(odd, columns=column) == {column: False}
    assert computed(PLAIN, odd, columns=column) == {column: True}


def test_a_seller_is_known_too() -> None:
    columns = ["TradeHasKnownAggressorSide", "TradeHasUnknownAggressorSide"]
    found = computed({"AggressorSide": 2}, columns=columns)
    assert list(found.values()) == [True, False]


def test_delays_are_of_publication_after_the_trade() -> None:
    second = 10**9
    delays = [0, 0, second, 2 * second, 7 * second]
    columns = [
        "TradePubEqualsTradeTimestampRatio", "TradePubTradeTimestampAvgDiffS",
        "TradePublicationDelayP50", "TradePublicationDelayP99",
    ]  # fmt: skip
    found = computed(*({"delay": each} for each in delays), columns=columns)
    assert found["TradePubEqualsTradeTimestampRatio"] == 0.4
    assert found["TradePubTradeTimestampAvgDiffS"] == 2.0
    assert found["TradePublicationDelayP50"] == second
    assert found["TradePublicationDelayP99"] == pytest.approx((2 + 0.96 * 5) * second, rel=1e-12)


def test_a_trade_without_a_time_of_publication_has_no_delay() -> None:
    columns = ["TradePubEqualsTradeTimestampRatio", "TradePubTradeTimestampAvgDiffS"]
    found = computed({"delay": None}, {"delay": 10**9}, {"delay": 0}, columns=columns)
    assert list(found.values()) == [0.5, 0.5]
    none = computed({"delay": None}, columns=columns)
    assert list(none.values()) == [None, None]


@pytest.mark.parametrize("kind", [pl.Int64(), pl.Datetime("us"), pl.Datetime("ms")])
def test_times_may_be_stored_otherwise(kind: pl.DataType) -> None:
    later = START + timedelta(seconds=3)
    frame = pl.DataFrame({"Size": [1.0], "ListingId": [1]}).with_columns(
        TradeTimestampNanoseconds=pl.lit(START).cast(pl.Datetime("ns")),
        PublicationTimestampNanoseconds=pl.lit(later).cast(pl.Datetime("ns")).cast(kind),
    )
    found = compute_frame(
        "trade_characteristics",
        {"trades": frame},
        trade_characteristics_analytics={"columns": "TradePubTradeTimestampAvgDiffS"},
    )
    assert found["TradePubTradeTimestampAvgDiffS"].item() == 3.0


def test_counts_and_shares_are_there_on_request() -> None:
    trades = [
        PLAIN, {"Size": 0.0}, {"Size": -5.0}, {"Size": -7.0, "AggressorSide": 0},
        {"MarketState": "UNKNOWN", "AggressorSide": None},
    ]  # fmt: skip
    columns = [
        "TradeZeroSizeCount", "TradeCancellationCount", "TradeUnknownDirectionShare",
        "TradeUnknownMarketStateShare", "TradeEventCount", "TradeVolume",
    ]  # fmt: skip
    assert list(computed(*trades, columns=columns).values()) == [1, 2, 0.4, 0.2, 5, 188.0]


def test_the_columns_are_those_that_are_asked_for_and_nothing_else() -> None:
    assert list(computed(PLAIN, columns=["TradeVolume"])) == ["TradeVolume"]
    assert len(DEFAULT) == 17
    with pytest.raises(ValidationError):
        TradeCharacteristicsOptions.model_validate({"columns": []})
    with pytest.raises(ValidationError):
        TradeCharacteristicsOptions.model_validate({"columns": ["TradeHasEverything"]})
    found = [each.name for options in catalogue() for each in measures(options)]
    assert set(found) == set(get_args(Column))
    off = TradeCharacteristicsOptions(ENABLED=False)
    assert measures(off) == []


def test_names_units_and_rules() -> None:
    options = TradeCharacteristicsOptions(columns=list(BUILDERS), metric_prefix="My")
    found = {each.name.removeprefix("My"): each for each in measures(options)}
    assert list(found) == list(BUILDERS)
    assert all(each.name.startswith("My") for each in found.values())
    assert all(each.doc.endswith(".") and each.formula for each in found.values())
    rules = {
        "TradeEventCount": ("trades", "sum"),
        "TradeVolume": ("shares", "sum"),
        "TradeHasZeroSize": ("bool", "max"),
        "TradeHasMultipleExecutionVenues": ("bool", "max"),
        "TradePubEqualsTradeTimestampRatio": ("ratio", "none"),
        "TradePubTradeTimestampAvgDiffS": ("s", "none"),
        "TradePublicationDelayP99": ("ns", "none"),
    }
    told = {name: (found[name].unit, found[name].reaggregation) for name in rules}
    assert told == rules
