"""Who takes liquidity, and how deep? The module `aggressive_trades`: prints put into orders."""

from __future__ import annotations

from collections.abc import Sequence

from beaf_analytics.aggressive.catalogue import catalogue
from beaf_analytics.aggressive.measures import aggressive_measures, identities
from beaf_analytics.aggressive.options import AggressiveOptions
from beaf_analytics.aggressive.orders import orders_table
from beaf_core import AnalyticsModule, Measure, ProvidedTable, hookimpl


def measures(options: AggressiveOptions) -> Sequence[Measure]:
    """List the measures that the options ask for; none where the module is switched off."""
    return aggressive_measures(options) if options.ENABLED else []


def provides(options: AggressiveOptions) -> Sequence[ProvidedTable]:
    """Make the table of aggressive orders."""
    return [orders_table(options)] if options.ENABLED else []


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="aggressive_trades",
        measures=measures,
        doc="Aggressive orders, put together of their prints: number, size, depth of sweeps",
        Config=AggressiveOptions,
        provides=provides,
        identities=identities,
        catalogue=catalogue,
    )
