"""Is the imbalance of retail trades of those whose aggressor is known?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from beaf_core import compute_frame

Row = dict[str, Any]
Bucket = Callable[..., Row]

RETAIL: Row = {"BMLLParticipantType": "RETAIL", "p": 1.0}
PRINTS: list[Row] = [
    {**RETAIL, "d": "+", "TradeNotionalEUR": 500.0},
    {**RETAIL, "d": "-", "TradeNotionalEUR": 300.0},
    {**RETAIL, "d": "0", "TradeNotionalEUR": 200.0},
    {**RETAIL, "d": None, "TradeNotionalEUR": 600.0},
    {**RETAIL, "BMLLParticipantType": "UNKNOWN", "TradeNotionalEUR": 7000.0},
    {**RETAIL, "Classification": "SI_ADDRESSABLE_BELOW_LIS", "TradeNotionalEUR": 800.0},
]


@pytest.mark.parametrize(
    "section", [{"enable_retail_imbalance": True}, {"retail_imbalance": {"ENABLED": True}}]
)
def test_unknown_aggressors_are_neither_and_are_told(bucket: Bucket, section: Row) -> None:
    row = bucket({**section, "generic_metrics": [{"measures": "Volume"}]}, *PRINTS)
    assert row["RetailTradeImbalance"] == 0.25
    assert row["RetailUnknownShare"] == 0.5
    assert row["TradeTotalVolume"] == 500.0


def test_it_is_off_unless_asked_for(bucket: Bucket) -> None:
    section = {"generic_metrics": [{"measures": "Volume"}]}
    assert "RetailTradeImbalance" not in bucket(section, *PRINTS)
    alone = bucket({"generic_metrics": [], "enable_retail_imbalance": True}, *PRINTS)
    assert list(alone)[3:] == ["RetailTradeImbalance", "RetailUnknownShare"]


def test_no_retail_trade_is_no_imbalance(bucket: Bucket) -> None:
    section = {"generic_metrics": [], "enable_retail_imbalance": True, "metric_prefix": "My"}
    row = bucket(section, PRINTS[4])
    assert (row["MyRetailTradeImbalance"], row["MyRetailUnknownShare"]) == (None, None)
    unknown = bucket(section, PRINTS[2])
    assert (unknown["MyRetailTradeImbalance"], unknown["MyRetailUnknownShare"]) == (None, 1.0)


def test_it_is_of_the_classifications_also_beside_auctions(bucket: Bucket) -> None:
    words = {"generic_metrics": [{"measures": "AuctionNotional"}]}
    auction = {**PRINTS[1], "Classification": "AUCTION"}
    row = bucket({**words, "enable_retail_imbalance": True}, *PRINTS, auction)
    assert row["RetailTradeImbalance"] == 0.25
    assert row["TradeTotalAuctionNotional"] == 300.0


def test_it_says_what_it_is_beside_the_module_of_its_own(
    trades: Callable[..., pl.DataFrame],
) -> None:
    with pytest.raises(Exception, match="RetailTradeImbalance"):
        compute_frame(
            ["trade", "retail_imbalance"],
            {"trades": trades(*PRINTS)},
            trade_analytics={"enable_retail_imbalance": True},
        )
