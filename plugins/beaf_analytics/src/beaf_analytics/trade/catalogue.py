"""What can the module `trade` yield, if everything is asked for?"""

from __future__ import annotations

from typing import get_args

from beaf_analytics.measures.aggregations import EventAggregation
from beaf_analytics.trade.options import (
    ChangeMetric,
    DiscrepancyMetric,
    FlagMetric,
    GenericMetric,
    ImpactMetric,
    TradeOptions,
)
from beaf_analytics.trade.words import (
    Change,
    Flag,
    FlagMeasure,
    ImpactVariant,
    Reference,
    Scope,
    Side,
    TradeMeasure,
)


def catalogue() -> list[TradeOptions]:
    """List options that, together, yield every column of trades.

    Each measure of each side, each comparison, cost and flag; the flag of icebergs is not on
    trades, but on those that the module `iceberg` tags. Mids are taken of trades and of the book.
    """
    sides, words = list(get_args(Side)), list(get_args(EventAggregation))
    references, changes = list(get_args(Reference)), list(get_args(Change))
    flags = [each for each in get_args(Flag) if each != "IcebergExecution"]
    costs = list(get_args(ImpactVariant))
    generic = GenericMetric(sides=sides, measures=list(get_args(TradeMeasure)))
    everything = TradeOptions(
        generic_metrics=[generic],
        discrepancy_metrics=[
            DiscrepancyMetric(references=references, sides=sides, aggregations=words)
        ],
        flag_metrics=[FlagMetric(flags=flags, sides=sides, measures=list(get_args(FlagMeasure)))],
        change_metrics=[
            ChangeMetric(measures=changes, scopes=list(get_args(Scope)), aggregations=words)
        ],
        impact_metrics=[ImpactMetric(variant=costs, aggregations=words)],
        enable_retail_imbalance=True,
    )
    by_the_book = ImpactMetric(variant=costs, mids="l2", horizon=["1s"])
    return [everything, TradeOptions(impact_metrics=[by_the_book])]
