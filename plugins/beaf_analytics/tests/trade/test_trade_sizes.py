"""Are volumes, sizes and shares of flagged trades what is worked out by hand?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from beaf_analytics.trade import measures
from beaf_analytics.trade.identities import identities
from beaf_analytics.trade.options import TradeOptions

Row = dict[str, Any]
Bucket = Callable[..., Row]


def asked(*words: str, sides: Any = "Total", **more: Any) -> Row:
    return {"generic_metrics": [{"sides": sides, "measures": list(words), **more}]}


AUCTION: Row = {
    "p": 9.0,
    "s": 30.0,
    "Classification": "LIT_OPENING_AUCTION",
    "MarketState": "OPENING_AUCTION",
    "BMLLTradeType": "LIT",
    "TradeNotionalEUR": 300.0,
}
OTC: Row = {
    "p": 11.0,
    "s": 70.0,
    "d": "-",
    "Classification": "OFF_BOOK_ON_EXCHANGE",
    "MarketState": "NOT_APPLICABLE",
    "BMLLTradeType": "OTC",
    "TradeNotionalEUR": 900.0,
}
LIT: Row = {"p": 10.0, "s": 100.0, "BMLLTradeType": "LIT", "TradeNotionalEUR": 1100.0}


# -- prints that are not of the order book ---------------------------------------------------------


def test_auctions_and_otc_prints_are_found_although_bars_are_of_the_order_book(
    bucket: Bucket,
) -> None:
    words = ("AuctionNotional", "OTCVolume", "Volume", "Count", "OHLC", "VWAP")
    row = bucket(asked(*words), AUCTION, AUCTION, LIT, OTC, OTC)
    assert row["TradeTotalAuctionNotional"] == 600.0
    assert row["TradeTotalOTCVolume"] == 140.0
    assert row["TradeTotalVolume"] == 100.0
    assert row["TradeTotalCount"] == 1
    assert (row["Open"], row["High"], row["Low"], row["Close"]) == (10.0, 10.0, 10.0, 10.0)
    assert row["TradeTotalVWAP"] == 10.0


def test_asking_for_auctions_changes_no_other_column(bucket: Bucket) -> None:
    signed = ("TradeImbalance", "SignedVolume", "LogReturn", "AvgTradeSize", "OddLotShare")
    families = {
        "discrepancy_metrics": [{"references": "BestBid", "quotes": "any"}],
        "flag_metrics": [{"flags": "BlockTrade", "measures": ["Volume", "AvgNotional"]}],
        "change_metrics": [{"measures": "PricePoint"}],
        "impact_metrics": [{"variant": "RealizedSpread"}],
        "enable_retail_imbalance": True,
        "market_state": True,
    }
    more = {
        "BestBidPrice": 9.5, "PricePoint": 0.7, "IsBlock": "TRUE", "PostTradeMid1000ms": 10.5,
        "BestAskPrice": 9.9, "BMLLParticipantType": "RETAIL", "LotType": "ODD",
    }  # fmt: skip
    prints = [
        {**AUCTION, **more, "p": 8.0},
        {**LIT, **more},
        {**LIT, **more, "d": "-", "p": 10.2, "LotType": "ROUND"},
        {**OTC, **more, "PricePoint": 0.1},
    ]
    without = bucket({**asked(*signed), **families}, *prints)
    beside = bucket({**asked(*signed, "AuctionNotional", "OTCVolume"), **families}, *prints)
    assert beside.pop("TradeTotalAuctionNotional") == 300.0
    assert beside.pop("TradeTotalOTCVolume") == 70.0
    assert beside == without
    assert None not in without.values()
    assert without["MarketState"] == "CONTINUOUS_TRADING"


def test_a_bucket_has_a_row_where_any_measure_looks_at_one_of_its_prints(
    computed: Callable[..., list[Row]],
) -> None:
    dark = {**LIT, "Classification": "DARK", "BMLLTradeType": "DARK", "at": 200}
    prints = [LIT, {**AUCTION, "at": 90}, {**OTC, "at": 150}, dark]
    rows = computed(asked("AuctionNotional", "OTCVolume", "Volume"), *prints)
    assert [row["TradeTotalVolume"] for row in rows] == [100.0, 0.0, 0.0]
    assert [row["TradeTotalAuctionNotional"] for row in rows] == [0.0, 300.0, 0.0]
    assert [row["TradeTotalOTCVolume"] for row in rows] == [0.0, 0.0, 70.0]
    assert len(computed(asked("AuctionNotional", "Volume"), *prints)) == 2
    assert len(computed(asked("Volume"), *prints)) == 1


def test_auctions_and_otc_prints_have_sides_and_states(bucket: Bucket) -> None:
    sides = ["Buy", "Sell", "Unknown"]
    row = bucket(asked("AuctionNotional", "OTCVolume", sides=sides), AUCTION, OTC)
    assert [row[f"Trade{side}AuctionNotional"] for side in sides] == [300.0, 0.0, 0.0]
    assert [row[f"Trade{side}OTCVolume"] for side in sides] == [0.0, 70.0, 0.0]
    halted = {**OTC, "MarketState": "HALTED", "s": 5.0}
    assert (
        bucket(asked("OTCVolume", market_states="HALTED"), OTC, halted)["TradeTotalOTCVolume"]
        == 5.0
    )


def test_all_classifications_need_no_exception(bucket: Bucket) -> None:
    row = bucket(
        {**asked("AuctionNotional", "OTCVolume", "Volume"), "classifications": "all"},
        AUCTION,
        LIT,
        OTC,
    )
    assert (row["TradeTotalAuctionNotional"], row["TradeTotalOTCVolume"]) == (300.0, 70.0)
    assert row["TradeTotalVolume"] == 200.0


# -- flags -----------------------------------------------------------------------------------------


def test_real_codes_of_flags_are_counted(bucket: Bucket) -> None:
    retail = {"BMLLParticipantType": "RETAIL", "IsBlock": "FALSE"}
    row = bucket(
        asked("RetailCount", "BlockCount"),
        {"p": 10.0, **retail},
        {"p": 10.0, **retail, "IsBlock": "TRUE"},
        {"p": 10.0, "BMLLParticipantType": "UNKNOWN", "IsBlock": "Y"},
        {"p": 10.0, "s": -100.0, **retail, "IsBlock": "TRUE"},  # a cancellation is not counted
    )
    assert row["TradeTotalRetailCount"] == 2
    assert row["TradeTotalBlockCount"] == 1


def test_shares_are_of_the_volume(bucket: Bucket) -> None:
    row = bucket(
        asked("OddLotShare", "BlockShare", "RetailShare", "AlgoShare", sides=["Total", "Sell"]),
        {"s": 100.0, "LotType": "ODD", "IsBlock": "FALSE", "BMLLParticipantType": "RETAIL",
         "AlgorithmicTrade": "-"},
        {"s": 300.0, "LotType": "ROUND", "IsBlock": "TRUE", "BMLLParticipantType": "UNKNOWN",
         "AlgorithmicTrade": "H", "d": "-"},
        {"s": 400.0, "LotType": "MIXED", "IsBlock": "FALSE", "BMLLParticipantType": "UNKNOWN",
         "AlgorithmicTrade": ""},
    )  # fmt: skip
    assert row["TradeTotalOddLotShare"] == 0.125
    assert row["TradeTotalBlockShare"] == 0.375
    assert row["TradeTotalRetailShare"] == 0.125
    assert row["TradeTotalAlgoShare"] == 0.375
    assert row["TradeSellOddLotShare"] == 0.0
    assert row["TradeSellBlockShare"] == row["TradeSellAlgoShare"] == 1.0


def test_a_share_is_null_where_no_print_tells_and_of_those_that_do(bucket: Bucket) -> None:
    unsaid = {"s": 100.0, "LotType": None}
    said = {"s": 300.0, "LotType": "ODD"}
    other = {"s": 100.0, "LotType": "ROUND"}
    empty = bucket(asked("OddLotShare"), {**unsaid, "LotType": ""}, unsaid)
    assert empty["TradeTotalOddLotShare"] == 0.0
    row = bucket(asked("OddLotShare", sides=["Buy", "Sell"]), unsaid, said, other)
    assert row["TradeBuyOddLotShare"] == 0.75
    assert row["TradeSellOddLotShare"] is None


def test_volume_is_split_by_its_place_between_the_best_quotes(bucket: Bucket) -> None:
    words = ("AtMidShare", "InsideShare", "AtTouchShare", "OutsideShare")
    points = [
        (0.5, 1.0), (0.5 + 2**-20, 2.0), (0.5 - 2**-20, 4.0),  # at the mid
        (0.5 + 2e-6, 8.0), (2e-6, 16.0), (1 - 2e-6, 32.0),  # inside
        (2**-20, 64.0), (-(2**-20), 128.0),  # at the bid
        (1 - 2**-20, 256.0), (1 + 2**-20, 512.0),  # at the ask
        (-2e-6, 1024.0), (1 + 2e-6, 2048.0), (3.0, 4096.0),  # outside
        (None, 10.0),
    ]  # fmt: skip
    row = bucket(asked(*words), *({"PricePoint": place, "s": size} for place, size in points))
    placed = 8191.0
    assert [row[f"TradeTotal{word}"] * placed for word in words] == pytest.approx(
        [7.0, 56.0, 960.0, 7168.0], rel=1e-14
    )
    [claim] = identities(TradeOptions.model_validate(asked(*words)))
    assert claim.name == (
        "TradeTotalAtMidShare + TradeTotalInsideShare + TradeTotalAtTouchShare + "
        "TradeTotalOutsideShare = 1"
    )
    assert pl.DataFrame([row]).select(claim.holds).item()
    none = dict.fromkeys(row, None)
    assert (
        pl.DataFrame([none], schema=dict.fromkeys(row, pl.Float64)).select(claim.holds).item()
        is None
    )
    # Cancellations make shares of any size: what is off is held against all of them, 5 here.
    large = dict.fromkeys(row, 0.0) | {"TradeTotalInsideShare": -2.0}
    for off, holds in ((4e-9, True), (6e-9, False)):
        shares = {**large, "TradeTotalAtMidShare": 3.0 + off}
        assert pl.DataFrame([shares]).select(claim.holds).item() is holds
    for off in (3e-9, -3e-9):
        wrong = {**row, "TradeTotalAtMidShare": row["TradeTotalAtMidShare"] + off}
        assert not pl.DataFrame([wrong]).select(claim.holds).item()
    assert not identities(TradeOptions.model_validate(asked(*words[:3])))


# -- sizes -----------------------------------------------------------------------------------------


def test_sizes_of_prints(bucket: Bucket) -> None:
    words = ("AvgTradeSize", "MedianTradeSize", "MaxTradeSize", "TradeSizeHHI")
    sizes = [100.0, 200.0, 600.0, 0.0, -600.0]
    row = bucket(asked(*words, sides=["Total", "Sell"]), *({"p": 1.0, "s": s} for s in sizes))
    # a size of zero, and a cancellation, are no prints
    assert row["TradeTotalAvgTradeSize"] == 300.0
    assert row["TradeTotalMedianTradeSize"] == 200.0
    assert row["TradeTotalMaxTradeSize"] == 600.0
    assert row["TradeTotalTradeSizeHHI"] == pytest.approx((1 + 4 + 36) / 81, rel=1e-15)
    assert [row[f"TradeSell{word}"] for word in words] == [None] * 4


def test_a_fraction_of_a_share_is_a_print(bucket: Bucket) -> None:
    row = bucket(asked("Count", "MaxTradeSize"), {"p": 9.0, "s": 0.25})
    assert (row["TradeTotalCount"], row["TradeTotalMaxTradeSize"]) == (1, 0.25)


def test_one_print_is_all_the_concentration_there_is(bucket: Bucket) -> None:
    assert bucket(asked("TradeSizeHHI"), {"s": 7.0})["TradeTotalTradeSizeHHI"] == 1.0


# -- what they say of themselves -------------------------------------------------------------------


def test_buckets_combine_by_the_rule_of_each() -> None:
    words = (
        "Volume", "RetailCount", "AuctionNotional", "AvgTradeSize", "MaxTradeSize", "BlockShare",
        "TradeSizeHHI", "VWAP", "VolumeWeightedPricePlacement", "LogReturn", "AbsReturn", "Range",
    )  # fmt: skip
    options = TradeOptions.model_validate({**asked(*words, sides="Buy"), "market_state": False})
    assert [each.reaggregation for each in measures(options)] == [
        "sum", "sum", "sum", "none", "max", "vw:TradeBuyVolume",
        "none", "vw:TradeBuyVolume", "vw:TradeBuyVolume", "sum", "none", "none",
    ]  # fmt: skip


def test_a_named_share_is_weighted_by_a_volume_of_the_same_name() -> None:
    metric = asked("BlockShare", output_name_pattern="My{measures}")
    options = TradeOptions.model_validate({**metric, "market_state": False})
    assert [each.reaggregation for each in measures(options)] == ["vw:MyVolume"]


def test_every_word_is_documented() -> None:
    words = [*TradeOptions.model_json_schema()["$defs"]["GenericMetric"]["properties"]["measures"][
        "items"]["enum"]]  # fmt: skip
    options = TradeOptions.model_validate(asked(*words, sides=["Total", "Sell"]))
    found = measures(options)
    assert len(words) >= 38
    for each in found:
        assert each.doc.endswith("."), each.name
        assert all((each.unit, each.formula, each.columns)), each.name
    sources = {each.name: each.source for each in found if each.source}
    assert sources["TradeTotalParkinsonVar"] == "Parkinson 1980"
