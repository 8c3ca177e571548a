"""What is the book like over a bucket? The module `l2tw`: means by time, shares, volatility."""

from __future__ import annotations

from beaf_analytics.l2.asked import asked_for, sources_asked
from beaf_analytics.l2.catalogue import catalogue
from beaf_analytics.l2.flows import Changes, flows
from beaf_analytics.l2.identities import weighted_identities
from beaf_analytics.l2.options import L2Options, LiquidityMetric, OhlcMetric, SpreadMetric
from beaf_analytics.l2.shares import duration, share, update_count
from beaf_analytics.l2.volatility import grids, volatilities
from beaf_core import AnalyticsModule, Identity, Measure, ProvidedTable, hookimpl

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
    values = [*asked_for(asked, averaged=True)]
    values += [each for metric in asked.ohlc for each in sources_asked(metric)]
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


def identities(options: L2Options) -> list[Identity]:
    """List what must hold between the columns that the options ask for."""
    return weighted_identities(options.or_else(DEFAULTS))


def provides(options: L2Options) -> list[ProvidedTable]:
    """List the tables that the measures are over, each once."""
    if not options.ENABLED:
        return []
    found = [grid.table() for metric in options.volatility for grid in grids(metric)]
    found += [Changes(metric).table() for metric in options.flows]
    return list({table.name: table for table in found}.values())


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="l2tw",
        measures=measures,
        doc="The book over a bucket, weighted by time: spreads, levels, mids, shares of time",
        Config=L2Options,
        catalogue=catalogue,
        config_key="l2_analytics",
        provides=provides,
        identities=identities,
    )
