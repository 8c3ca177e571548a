"""Is everything that the book's modules can yield in their catalogue?"""

from __future__ import annotations

from typing import Any

import pytest

from beaf_analytics import l2
from beaf_analytics.l2 import weighted as l2tw
from beaf_analytics.l2.catalogue import catalogue
from beaf_analytics.l2.options import L2Options

ASKED = [
    (l2, "BidCumNotional10 SpreadRel ImbalanceQuantity1 WeightedMidLowS AskCloseC"),
    (l2, "QuotedSlope AskDepthBps10 CostToTrade10000 SweepPriceBid10000 MarketState"),
    (l2tw, "AskNumOrders7Median SpreadAbsStd ImbalanceOrders3Max WeightedMidTWA HaltShare BookNs"),
    (l2tw, "OFI MidChangeCount QuoteUpdateCount RVMid1s RVBid1sN VolAsk1sAnn CrossedNs OneSidedNs"),
    (l2tw, "L2VolatilityWeightedMidStdAnn L2VolatilityBidMin LogQuoteSlopeTWA CostToTrade10000Min"),
]  # fmt: skip


def names(module: Any) -> list[list[str]]:
    return [[each.name for each in module.measures(options)] for options in catalogue()]


@pytest.mark.parametrize(("module", "some"), ASKED)
def test_the_catalogue_has_every_kind_of_column(module: Any, some: str) -> None:
    assert set(some.split()) <= {name for each in names(module) for name in each}


@pytest.mark.parametrize("module", [l2, l2tw])
def test_the_catalogue_has_the_defaults_and_no_column_twice_at_once(module: Any) -> None:
    found = names(module)
    assert {each.name for each in module.measures(L2Options())} <= set(found[0])
    assert all(len(each) == len(set(each)) for each in found)
