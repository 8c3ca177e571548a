"""What happened in the trades of a bucket? The module `trade`: bars, volumes, costs, impact."""

from __future__ import annotations

from collections.abc import Iterator

from beaf_analytics.trade.catalogue import catalogue
from beaf_analytics.trade.comparisons import changes, discrepancies
from beaf_analytics.trade.flags import flagged
from beaf_analytics.trade.generic import generic_measures, unknown_direction
from beaf_analytics.trade.identities import identities
from beaf_analytics.trade.impact import impacts
from beaf_analytics.trade.options import TradeOptions
from beaf_analytics.trade.prints import (
    Prints,
    last_market_state,
    prints_of,
    read_from,
    rows,
    table_of,
)
from beaf_analytics.trade.retail import retail_measures
from beaf_analytics.trade.twap import provides
from beaf_core import AnalyticsModule, Measure, hookimpl


def measures(options: TradeOptions) -> list[Measure]:
    """List the measures that the options ask for; none where the module is switched off."""
    if not options.ENABLED:
        return []
    table = table_of(options)
    return [read_from(table, each) for each in _measures(options, prints_of(options))]


def _measures(options: TradeOptions, prints: Prints) -> Iterator[Measure]:
    if options.market_state:
        yield last_market_state(prints)
    for generic in options.generic_metrics:
        yield from generic_measures(generic, prints)
    for discrepancy in options.discrepancy_metrics:
        yield from discrepancies(discrepancy, prints)
    for flag in options.flag_metrics:
        yield from flagged(flag, prints)
    for change in options.change_metrics:
        yield from changes(change, prints)
    for impact in options.impact_metrics:
        yield from impacts(impact, prints)
    yield from unknown_direction(options, prints)
    if options.with_retail_imbalance:
        yield from retail_measures(prints.prefix, prints.own)


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="trade",
        measures=measures,
        doc="Bars, volumes, notionals, costs and impact of trades, by side",
        Config=TradeOptions,
        rows=rows,
        provides=provides,
        identities=identities,
        catalogue=catalogue,
    )
