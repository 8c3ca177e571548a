"""What would all venues show as one? The module `consolidate`: the table `consolidated`."""

from __future__ import annotations

from beaf_analytics.cbbo.catalogue import common_catalogue
from beaf_analytics.cbbo.common import common_identities, common_measures
from beaf_analytics.cbbo.options import ConsolidateOptions
from beaf_analytics.cbbo.table import consolidated
from beaf_core import AnalyticsModule, Identity, Measure, ProvidedTable, hookimpl


def provides(options: ConsolidateOptions) -> list[ProvidedTable]:
    """Provide the common book; nothing where the module is switched off."""
    return [consolidated(options)] if options.ENABLED else []


def measures(options: ConsolidateOptions) -> list[Measure]:
    """List the measures that the options ask for."""
    return common_measures(options) if options.ENABLED else []


def identities(options: ConsolidateOptions) -> list[Identity]:
    """Say what holds between the columns."""
    return common_identities(options) if options.ENABLED else []


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="consolidate",
        measures=measures,
        doc="One book per instrument, of those of all its venues, in the layout of l2",
        Config=ConsolidateOptions,
        provides=provides,
        identities=identities,
        catalogue=common_catalogue,
    )
