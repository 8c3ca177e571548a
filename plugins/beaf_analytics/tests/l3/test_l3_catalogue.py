"""Is everything that order messages can tell in the catalogue?"""

from __future__ import annotations

from beaf_analytics.l3 import measures
from beaf_analytics.l3.catalogue import catalogue
from beaf_analytics.l3.options import L3Options

ASKED = "InsertCountBid UpdateInsertedVolumeAskMedian FullFillCountTotalStd CancelShareAsk"
ALONE = "ArrivalFlowImbalance ReplacementLatencyMedian FleetingLiquidityRatioBid MessageCount"


def test_the_catalogue_has_every_kind_of_column_once_and_all_that_there_is_unasked() -> None:
    whole, lives = ([each.name for each in measures(options)] for options in catalogue())
    # 13 actions, 2 measures, 3 sides, 8 aggregations; 17 variants, one of them of both sides alone.
    assert len(set(whole)) == len(whole) == 13 * 2 * 3 * 8 + 16 * 3 + 1
    assert {*ASKED.split(), *ALONE.split()} <= set(whole)
    assert {each.name for each in measures(L3Options())} <= set(whole)
    assert lives == whole[-49:]


def test_orders_are_told_apart_by_either_id() -> None:
    needed = [
        {
            name
            for each in measures(options)
            for name in each.needs.get("l3", ())
            if name.endswith("OrderId")
        }
        for options in catalogue()
    ]
    assert needed == [{"OrderId", "OldOrderId"}, {"OriginalOrderId"}]
