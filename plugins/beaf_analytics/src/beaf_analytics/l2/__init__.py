"""What does the book look like at the end of a bucket? The module `l2`: levels, spreads, bars."""

from __future__ import annotations

from beaf_analytics.l2.asked import asked_for
from beaf_analytics.l2.bars import bars
from beaf_analytics.l2.catalogue import catalogue
from beaf_analytics.l2.identities import last_identities
from beaf_analytics.l2.options import (
    ImbalanceMetric,
    L2Options,
    LiquidityMetric,
    SpreadMetric,
)
from beaf_analytics.l2.snapshot import last_market_state, last_state
from beaf_core import AnalyticsModule, Identity, Measure, hookimpl

#: What users get who configure nothing.
DEFAULTS = {
    "liquidity": [
        LiquidityMetric(measures=["Price", "Quantity", "NumOrders", "CumQuantity", "CumOrders"])
    ],
    "spreads": [SpreadMetric()],
    "imbalances": [ImbalanceMetric(measure=["CumQuantity", "Orders"])],
}


def measures(options: L2Options) -> list[Measure]:
    """List the measures that the options ask for; none where the module is switched off."""
    if not options.ENABLED:
        return []
    asked = options.or_else(DEFAULTS)
    prefix = options.metric_prefix
    state = [last_market_state()] if options.market_state else []
    values = [
        last_state(each.name(prefix), each.value) for each in asked_for(asked, averaged=False)
    ]
    return [*state, *values, *(bar for metric in asked.ohlc for bar in bars(metric, prefix))]


def identities(options: L2Options) -> list[Identity]:
    """List what must hold between the columns that the options ask for."""
    return last_identities(options.or_else(DEFAULTS))


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="l2",
        measures=measures,
        doc="The book at the end of a bucket: levels, spreads, imbalances, bars of quotes",
        Config=L2Options,
        catalogue=catalogue,
        config_key="l2_analytics",
        identities=identities,
    )
