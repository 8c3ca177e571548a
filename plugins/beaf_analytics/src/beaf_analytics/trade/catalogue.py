"""What can the module `trade` yield, if everything is asked for?"""

from __future__ import annotations

from typing import get_args

from beaf_analytics.trade.options import GenericMetric, Side, TradeMeasure, TradeOptions


def catalogue() -> list[TradeOptions]:
    """List options that, together, yield every column: each measure of each side."""
    sides, words = get_args(Side), get_args(TradeMeasure)
    return [TradeOptions(generic_metrics=[GenericMetric(sides=sides, measures=words)])]
