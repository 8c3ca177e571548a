"""What is the book like over a bucket? The module `l2tw`: means by time, shares, volatility."""

from __future__ import annotations

from collections.abc import Iterator

from beaf_analytics.l2.asked import Asked, asked_for, told_of
from beaf_analytics.l2.flows import Changes, flows
from beaf_analytics.l2.options import L2Options, LiquidityMetric, OhlcMetric, SpreadMetric
from beaf_analytics.l2.shares import duration, share, update_count
from beaf_analytics.l2.values import source_value
from beaf_analytics.l2.volatility import grids, volatilities
from beaf_analytics.measures.quotes import accepted
from beaf_core import AnalyticsModule, Measure, ProvidedTable, hookimpl

#: What users get who configure nothing.
DEFAULTS = {
    "spreads": [SpreadMetric(variant=["Abs", "BPS", "Rel"])],
    "liquidity": [LiquidityMetric(measures=["Price", "Quantity"])],
    "ohlc": [OhlcMetric(source=["Mid", "Ask", "Bid"])],
}


def measures(options: L2Options) -> list[Measure]:
    """List the measures that the options ask for; none where the module is switched off."""
    if not options.ENABLED:
        return []
    asked = options.or_else(DEFAULTS)
    prefix = options.metric_prefix
    values = [*asked_for(asked, averaged=True), *_sources(asked)]
    return [
        *(
            each.value.measure(each.name(prefix, word), word)
            for each in values
            for word in each.metric.aggregations
        ),
        *(share(each, prefix) for each in options.shares),
        *(duration(each, prefix) for each in options.durations),
        *(update_count(prefix) for _ in options.counts),
        *(each for metric in options.volatility for each in volatilities(metric, prefix)),
        *(each for metric in options.flows for each in flows(metric, prefix)),
    ]


def provides(options: L2Options) -> list[ProvidedTable]:
    """List the tables that the measures are over, each once."""
    found = [grid.table() for metric in options.volatility for grid in grids(metric)]
    found += [Changes(metric).table() for metric in options.flows]
    return list({table.name: table for table in found}.values())


def _sources(options: L2Options) -> Iterator[Asked]:
    """Yield what bars follow: here it is averaged, whatever the bars' mode."""
    for metric in options.ohlc:
        where = accepted(metric.quotes, metric.market_states)
        for source in dict.fromkeys(metric.source):
            value = told_of(source_value(source, where), metric, metric.quotes)
            fields = {"source": source, "ohlc": "", "openMode": ""}
            yield Asked(metric, source, fields, value)


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="l2tw",
        measures=measures,
        doc="The book over a bucket, weighted by time: spreads, levels, mids, shares of time",
        Config=L2Options,
        config_key="l2_analytics",
        provides=provides,
    )
