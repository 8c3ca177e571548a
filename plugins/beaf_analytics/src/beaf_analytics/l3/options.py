"""What can be asked of the module `l3`?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from beaf_analytics.measures.expand import ModuleOptions, OneOrMore, Variants

Side = Literal["Bid", "Ask", "Total"]
Action = Literal[
    "Insert",
    "Remove",
    "Update",
    "UpdateInserted",
    "UpdateRemoved",
    "Cancel",
    "PartialCancel",
    "Modify",
    "Upsize",
    "Reprice",
    "Execution",
    "PartialFill",
    "FullFill",
]
OrderMeasure = Literal["Count", "Volume"]
#: Messages are no states, and orders have no second weight: neither TWA nor VWA.
OrderAggregation = Literal["Sum", "Mean", "Min", "Max", "Std", "Median", "First", "Last"]
Variant = Literal[
    "ArrivalFlowImbalance",
    "AvgQueuePosition",
    "AvgReplacementLatency",
    "AvgRestingTime",
    "CancelShare",
    "CancelToTradeRatio",
    "CancelToTradeVolume",
    "ExecutionShare",
    "FleetingCancelCount",
    "FleetingLiquidityRatio",
    "MessageCount",
    "NetLiquidityFlow",
    "OrderToTradeCount",
    "OrderToTradeVolume",
    "ReplacementCount",
    "ReplacementLatencyMedian",
    "RestrictedMeanLifetime",
]
OrderIds = Literal["OrderId", "OriginalOrderId"]


class GenericMetric(Variants):
    """Actions × measures × sides, each aggregated in one or several ways."""

    sides: Annotated[list[Side], OneOrMore] = Field(
        default=["Bid", "Ask"],
        min_length=1,
        description="The side on which the order rests; Total takes every message.",
    )
    actions: Annotated[list[Action], OneOrMore] = Field(
        min_length=1, description="What happens to the order."
    )
    measures: Annotated[list[OrderMeasure], OneOrMore] = Field(
        min_length=1, description="How many messages, or how many shares they move."
    )
    aggregations: Annotated[list[OrderAggregation], OneOrMore] = Field(
        default=["Sum"],
        min_length=1,
        description="How messages become one number. Count is 1 on a message that is meant and 0 "
        "on all others, so that its Mean is their share; Volume looks at those that are meant.",
    )


class AdvancedMetric(Variants):
    """Measures that compare actions, or follow orders and price levels."""

    variant: Annotated[list[Variant], OneOrMore] = Field(
        min_length=1, description="What is computed."
    )
    sides: Annotated[list[Side], OneOrMore] = Field(
        default=["Total"],
        min_length=1,
        description="Total is both sides together, and has no word in the name.",
    )
    fleeting_threshold_ms: float = Field(
        100,
        gt=0,
        description="An order that is cancelled sooner than this is fleeting, in milliseconds.",
    )
    lifetime_cap_ms: float = Field(
        60_000,
        gt=0,
        description="RestrictedMeanLifetime takes longer lives as this long, in milliseconds.",
    )


#: What users get who configure nothing.
DEFAULT_METRIC = GenericMetric(actions=["Insert", "Remove"], measures=["Count", "Volume"])


class L3Options(ModuleOptions):
    """Options of the section `l3_analytics`."""

    order_ids: OrderIds = Field(
        "OrderId",
        description="What tells orders apart: OrderId where one begins and OldOrderId where it "
        "ends, or OriginalOrderId, where updates give orders new ids but keep that one.",
    )
    generic_metrics: list[GenericMetric] = Field(
        default=[],
        description="Actions × measures × sides. If nothing is asked for here or below: count and "
        "volume of inserts and removes on both sides.",
    )
    advanced_metrics: list[AdvancedMetric] = Field(
        default=[], description="Ratios, lifetimes, queue positions, replacements."
    )

    @property
    def generic(self) -> list[GenericMetric]:
        """The generic metrics to compute: the default ones where nothing is asked for."""
        if self.generic_metrics or self.advanced_metrics:
            return self.generic_metrics
        return [DEFAULT_METRIC]
