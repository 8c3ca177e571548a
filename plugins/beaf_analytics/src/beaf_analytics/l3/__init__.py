"""What happens to orders in a bucket? The module `l3`: counts, volumes, lifetimes, replacements."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from beaf_analytics.l3 import advanced, lives, replacements
from beaf_analytics.l3.asked import Asked, columns
from beaf_analytics.l3.catalogue import catalogue
from beaf_analytics.l3.generic import generic_measures
from beaf_analytics.l3.identities import identities
from beaf_analytics.l3.options import L3Options, Variant
from beaf_core import AnalyticsModule, Measure, ProvidedTable, hookimpl

BUILDERS: Mapping[Variant, Callable[[Asked], Measure]] = {
    "ArrivalFlowImbalance": advanced.arrival_flow_imbalance,
    "AvgQueuePosition": advanced.average_queue_position,
    "AvgReplacementLatency": replacements.average_replacement_latency,
    "AvgRestingTime": lives.average_resting_time,
    "CancelShare": advanced.cancel_share,
    "CancelToTradeRatio": advanced.cancel_to_trade_ratio,
    "CancelToTradeVolume": advanced.cancel_to_trade_volume,
    "ExecutionShare": advanced.execution_share,
    "FleetingCancelCount": lives.fleeting_cancel_count,
    "FleetingLiquidityRatio": lives.fleeting_liquidity_ratio,
    "MessageCount": advanced.message_count,
    "NetLiquidityFlow": advanced.net_liquidity_flow,
    "OrderToTradeCount": advanced.order_to_trade_count,
    "OrderToTradeVolume": advanced.order_to_trade_volume,
    "ReplacementCount": replacements.replacement_count,
    "ReplacementLatencyMedian": replacements.median_replacement_latency,
    "RestrictedMeanLifetime": lives.restricted_mean_lifetime,
}


def measures(options: L3Options) -> list[Measure]:
    """List the measures that the options ask for; none where the module is switched off."""
    if not options.ENABLED:
        return []
    prefix = options.metric_prefix
    generic = [each for metric in options.generic for each in generic_measures(metric, prefix)]
    advanced_ones = [
        BUILDERS[asked.variant](asked)
        for metric in options.advanced_metrics
        for asked in columns(metric, options.order_ids, prefix)
    ]
    return [*generic, *advanced_ones]


def provides(options: L3Options) -> list[ProvidedTable]:
    """Provide the table of levels that are empty for a while, and have orders again."""
    return [replacements.REPLACEMENTS] if options.ENABLED else []


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="l3",
        measures=measures,
        doc="Counts and volumes of order messages, lifetimes of orders, replacements of levels",
        Config=L3Options,
        provides=provides,
        identities=identities,
        catalogue=catalogue,
    )
