"""Do retail trades buy or sell, by the module of its own?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
import pytest

from beaf_analytics.retail_imbalance import RetailOptions, catalogue, measures
from beaf_core import compute_frame
from beaf_core.testing import check_module

LIT, RETAIL = "LIT_CONTINUOUS", "RETAIL"
# minute, aggressor, participant, classification, euros
TRADES = [
    (0, 1, RETAIL, LIT, 500.0),
    (0, 2, RETAIL, LIT, 300.0),
    (0, 0, RETAIL, LIT, 200.0),
    (0, 2, "UNKNOWN", LIT, 7000.0),
    (0, 2, RETAIL, "SI_ADDRESSABLE_BELOW_LIS", 1200.0),
    (1, 1, "UNKNOWN", LIT, 100.0),
    (2, None, RETAIL, LIT, 100.0),
]


def computed(**section: Any) -> list[tuple[Any, ...]]:
    names = ["minute", "AggressorSide", "BMLLParticipantType", "Classification", "TradeNotionalEUR"]
    frame = pl.DataFrame(TRADES, schema=names, orient="row").select(
        pl.exclude("minute"),
        ListingId=pl.lit(1),
        TradeTimestamp=pl.lit(datetime(2025, 1, 6, 9, 0, 30)) + pl.duration(minutes="minute"),
    )
    found = compute_frame("retail_imbalance", {"trades": frame}, retail_imbalance_analytics=section)
    columns = [name for name in found.columns if "Retail" in name]
    return found.select(pl.col("TimeBucket").dt.minute(), *columns).rows()


def test_the_module_keeps_the_contract() -> None:
    check_module("retail_imbalance")


def test_only_known_aggressors_of_retail_trades_take_a_side() -> None:
    # in the second minute no retail trade is made, so that it has no row
    assert computed() == [(1, 0.25, 0.2), (3, None, 1.0)]


def test_other_classifications_may_be_asked_for() -> None:
    first, *_ = computed(classifications="all")
    assert first == (1, pytest.approx((500 - 1500) / 2000), pytest.approx(200 / 2200))
    assert computed(classifications="SI_ADDRESSABLE_BELOW_LIS") == [(1, -1.0, 0.0)]


def test_names_bear_the_prefix_and_the_module_may_be_off() -> None:
    found = measures(RetailOptions(metric_prefix="My"))
    assert [each.name for each in found] == ["MyRetailTradeImbalance", "MyRetailUnknownShare"]
    assert all(each.unit == "ratio" and each.reaggregation == "none" for each in found)
    assert measures(RetailOptions(ENABLED=False)) == []


def test_the_catalogue_holds_every_column() -> None:
    found = [each.name for options in catalogue() for each in measures(options)]
    assert found == ["RetailTradeImbalance", "RetailUnknownShare"]
