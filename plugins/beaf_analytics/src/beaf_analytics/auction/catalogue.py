"""What can the module `auction` yield, if everything is asked for?"""

from __future__ import annotations

from typing import get_args

from beaf_analytics.auction.kinds import Kind
from beaf_analytics.auction.options import AuctionMeasure, AuctionMetric, AuctionOptions


def catalogue() -> list[AuctionOptions]:
    """List options that, together, yield every column of auctions."""
    measures, kinds = list(get_args(AuctionMeasure)), list(get_args(Kind))
    return [AuctionOptions(metrics=[AuctionMetric(measures=measures, kinds=kinds)])]
