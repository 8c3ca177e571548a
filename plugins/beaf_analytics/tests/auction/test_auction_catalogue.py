"""Is everything that the module `auction` can yield in its catalogue?"""

from __future__ import annotations

from typing import get_args

from beaf_analytics import auction
from beaf_analytics.auction.kinds import Kind
from beaf_analytics.auction.options import AuctionMeasure


def test_it_has_every_measure_of_every_kind_of_auction() -> None:
    [options] = auction.analytics_module().catalogue()
    assert [each.name for each in auction.measures(options)] == [
        f"Auction{word}{kind}" for word in get_args(AuctionMeasure) for kind in get_args(Kind)
    ]
