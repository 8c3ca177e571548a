"""What can the modules `l2` and `l2tw` yield, if everything is asked for?"""

from __future__ import annotations

from typing import get_args

from beaf_analytics.l2.options import (
    BOTH_SIDES,
    BookAggregation,
    Condition,
    CostMetric,
    DepthMetric,
    Flow,
    FlowMetric,
    ImbalanceMeasure,
    ImbalanceMetric,
    L2Options,
    LevelMeasure,
    LiquidityMetric,
    OhlcMetric,
    OpenMode,
    ReturnAggregation,
    ReturnMeasure,
    SlopeMeasure,
    SlopeMetric,
    Source,
    SpreadMetric,
    SpreadVariant,
    SweepMetric,
    VolatilityMetric,
)


def catalogue() -> list[L2Options]:
    """List options that, together, yield every column of the book.

    Each measure of each level and side, each price that is followed, each walk at its default
    distance or notional, each return at its default step, with every aggregation.
    """
    words, sources = list(get_args(BookAggregation)), list(get_args(Source))
    slopes = list(get_args(SlopeMeasure))
    levels, imbalances = list(get_args(LevelMeasure)), list(get_args(ImbalanceMeasure))
    returns = VolatilityMetric(
        source=sources,
        measures=list(get_args(ReturnMeasure)),
        aggregations=list(get_args(ReturnAggregation)),
    )
    everything = L2Options(
        liquidity=[LiquidityMetric(sides=BOTH_SIDES, measures=levels, aggregations=words)],
        spreads=[SpreadMetric(variant=list(get_args(SpreadVariant)), aggregations=words)],
        imbalances=[ImbalanceMetric(measure=imbalances, aggregations=words)],
        ohlc=[OhlcMetric(source=sources, open_mode=list(get_args(OpenMode)), aggregations=words)],
        slopes=[SlopeMetric(measures=slopes, aggregations=words)],
        depth=[DepthMetric(aggregations=words)],
        costs=[CostMetric(aggregations=words)],
        sweeps=[SweepMetric(aggregations=words)],
        volatility=[returns],
        durations=list(get_args(Condition)),
        counts=["QuoteUpdateCount"],
        flows=[FlowMetric(measures=list(get_args(Flow)))],
    )
    by_the_year = returns.model_copy(update={"ann": "session"})
    return [everything, L2Options(volatility=[by_the_year])]
