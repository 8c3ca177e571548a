"""What can be asked of the module `iceberg`?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from beaf_analytics.l3.options import Side
from beaf_analytics.measures.expand import ModuleOptions, OneOrMore, Variants
from beaf_analytics.measures.expressions import NANOSECONDS

IcebergMeasure = Literal[
    "ExecutionVolume",
    "ExecutionCount",
    "AverageSize",
    "RevealedPeakCount",
    "AveragePeakCount",
    "VolumeShare",
]
Method = Literal["revealed", "refill"]


class IcebergMetric(Variants):
    """Sides × measures."""

    sides: Annotated[list[Side], OneOrMore] = Field(
        default=["Bid", "Ask", "Total"],
        min_length=1,
        description="The side of the book on which the iceberg rests; Total takes both.",
    )
    measures: Annotated[list[IcebergMeasure], OneOrMore] = Field(
        default=[
            "ExecutionVolume",
            "ExecutionCount",
            "AverageSize",
            "RevealedPeakCount",
            "AveragePeakCount",
        ],
        min_length=1,
        description="What is computed for each side.",
    )


class IcebergOptions(ModuleOptions):
    """Options of the section `iceberg_analytics`."""

    metrics: list[IcebergMetric] = Field(
        default=[IcebergMetric()],
        description="Sides × measures; everything but shares if nothing is asked for.",
    )
    order_imbalance: bool = Field(True, description="Compute IcebergOrderImbalance.")

    methods: Annotated[list[Method], OneOrMore] = Field(
        default=["revealed", "refill"],
        min_length=1,
        description="How icebergs are told. revealed: more is executed than had been displayed; "
        "refill: an order that is executed in full is followed at once by another like it.",
    )
    min_revealed_qty: float = Field(
        0.0, ge=0, description="Only executions that reveal more shares than this."
    )
    imbalance_source: Literal["ExecutionSize", "RevealedQty"] = Field(
        "ExecutionSize", description="What IcebergOrderImbalance sums up on each side."
    )
    avg_size_source: Literal["RevealedQty", "ExecutionSize", "OldSize"] = Field(
        "RevealedQty",
        description="What IcebergAverageSize is the mean of: the shares revealed, those executed, "
        "or those displayed before.",
    )

    enable_peak_linking: bool = Field(
        True,
        description="Take an order and the one that refills it for one iceberg; False takes every "
        "order for an iceberg of its own.",
    )
    peak_link_tolerance_seconds: float = Field(
        5e-4, ge=0, description="The longest time between an execution and its refill, in seconds."
    )
    peak_link_price_match: bool = Field(
        True,
        description="A refill must have the price of the order that it refills, or the price of "
        "its execution.",
    )
    refill_size_match: bool = Field(
        True,
        description="The method `refill` takes only orders of the size that the executed one had "
        "displayed. What is revealed is followed by a refill of any size.",
    )

    tag_trades: bool = Field(
        True, description="Provide trades with the columns IcebergExecution and IcebergTag."
    )
    trade_tag_context_key: str = Field(
        "trades_iceberg", min_length=1, description="The name of the table of tagged trades."
    )
    match_tolerance_seconds: float = Field(
        5e-4,
        ge=0,
        description="The longest time by which a trade may follow its execution in the book, in "
        "seconds, where no TradeId links them.",
    )
    price_match: bool = Field(
        True, description="Without a TradeId, trade and execution must have one price."
    )
    trade_match_require_side: bool = Field(
        True, description="TRADE_MATCH takes only trades against the side that was executed."
    )
    trade_match_exclude_exact: bool = Field(
        True, description="TRADE_MATCH leaves out trades of the size that the book executed."
    )
    size_tolerance: float = Field(
        0.0, ge=0, description="Sizes that differ by no more shares than this are the same."
    )
    side_inference: Literal["mid", "none"] = Field(
        "mid",
        description="mid: a trade of unknown aggressor above the mid before it is a buy, below it "
        "a sell; none: it stays unknown.",
    )

    @property
    def link_ns(self) -> int:
        """The tolerance between an execution and its refill, in nanoseconds."""
        return round(self.peak_link_tolerance_seconds * NANOSECONDS)

    @property
    def match_ns(self) -> int:
        """The tolerance between an execution and its trade, in nanoseconds."""
        return round(self.match_tolerance_seconds * NANOSECONDS)
