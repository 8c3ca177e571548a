"""How does each venue stand beside all others? The module `cbbo_analytics`."""

from __future__ import annotations

from beaf_analytics.cbbo.catalogue import presence_catalogue
from beaf_analytics.cbbo.presence import presence
from beaf_analytics.cbbo.presence_measures import presence_identities, presence_measures
from beaf_analytics.cbbo.presence_options import PresenceOptions
from beaf_core import AnalyticsModule, Identity, Measure, ProvidedTable, hookimpl


def provides(options: PresenceOptions) -> list[ProvidedTable]:
    """Provide both books of each listing; nothing where the module is switched off."""
    return [presence(options.cbbo)] if options.ENABLED else []


def measures(options: PresenceOptions) -> list[Measure]:
    """List the measures that the options ask for; none where the module is switched off."""
    if not options.ENABLED:
        return []
    asked = (presence_measures(each, options.metric_prefix) for each in options.metrics)
    return [measure for found in asked for measure in found]


def identities(options: PresenceOptions) -> list[Identity]:
    """Say what holds between the columns of each metric."""
    if not options.ENABLED:
        return []
    asked = (presence_identities(each, options.metric_prefix) for each in options.metrics)
    return [identity for found in asked for identity in found]


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="cbbo_analytics",
        measures=measures,
        doc="Time and quantity of each venue at the best prices of all venues",
        Config=PresenceOptions,
        config_key="cbbo_analytics",
        provides=provides,
        identities=identities,
        catalogue=presence_catalogue,
    )
