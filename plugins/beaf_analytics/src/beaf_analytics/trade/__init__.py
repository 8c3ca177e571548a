"""What happened in the trades of a bucket? The module `trade`: bars, volumes, notionals, VWAP."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from beaf_analytics.trade.generic import TABLE, generic_measures
from beaf_analytics.trade.identities import identities
from beaf_analytics.trade.options import TradeOptions
from beaf_core import Aggregation, AnalyticsModule, Kind, Measure, hookimpl


def measures(options: TradeOptions) -> list[Measure]:
    """List the measures that the options ask for; none where the module is switched off."""
    if not options.ENABLED:
        return []
    state = [last_market_state()] if options.market_state else []
    asked = [
        measure
        for metric in options.generic_metrics
        for measure in generic_measures(metric, options.metric_prefix)
    ]
    return [*state, *asked]


def last_market_state() -> Measure:
    """The market state at the bucket's last print."""
    return Measure(
        name="MarketState",
        table=TABLE,
        value=Aggregation(Kind.LAST, pl.col("MarketState")),
        unit="state",
        doc="Market state at the last trade of the bucket.",
        formula="last MarketState",
        reaggregation="last",
        gives_way=True,  # the book has one in every bucket
    )


def rows(options: TradeOptions) -> Mapping[str, pl.Expr]:
    """Keep the prints of the classifications that are asked for."""
    if options.classifications == "all":
        return {}
    return {TABLE: pl.col("Classification").is_in(options.classifications)}


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="trade",
        measures=measures,
        doc="Bars, volumes, notionals and VWAP of trades, by side",
        Config=TradeOptions,
        rows=rows,
        identities=identities,
    )
