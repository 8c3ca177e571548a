"""What can be asked of the module `aggressive_trades`?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from beaf_analytics.measures.expand import ModuleOptions, OneOrMore, Variants
from beaf_analytics.measures.expressions import NANOSECONDS

Side = Literal["Total", "Buy", "Sell"]
AggressiveMeasure = Literal[
    "OrderCount",
    "OrderVolume",
    "AvgOrderSize",
    "AvgOrderDuration",
    "AvgOrderExecutions",
    "SweepDepth",
    "SweepShare",
    "SweepVolumeShare",
]


class AggressiveMetric(Variants):
    """Sides × measures."""

    sides: Annotated[list[Side], OneOrMore] = Field(
        default=["Total", "Buy", "Sell"],
        min_length=1,
        description="Who is aggressive: buyers, sellers, or either.",
    )
    measures: Annotated[list[AggressiveMeasure], OneOrMore] = Field(
        default=["OrderCount", "OrderVolume", "AvgOrderSize", "SweepDepth", "SweepShare"],
        min_length=1,
        description="What is computed for each side.",
    )


class AggressiveOptions(ModuleOptions):
    """Options of the section `aggressive_trades_analytics`."""

    table: Literal["trades", "l3"] = Field(
        "trades",
        description="What aggressive orders are put together of: prints, or executions of the "
        "order book in continuous trading.",
    )
    classifications: Literal["all"] | Annotated[list[str], OneOrMore] = Field(
        default=["LIT_CONTINUOUS"],
        description="Of trades, only prints of these classifications; `all` takes every print.",
    )
    deltat: float = Field(
        1e-5,
        ge=0,
        description="The longest time between two prints of one aggressive order, in seconds.",
    )
    execution_size: float = Field(
        0.0, ge=0, description="Only aggressive orders of at least this many shares."
    )
    metrics: list[AggressiveMetric] = Field(
        default=[AggressiveMetric()],
        description="Sides × measures; numbers, sizes and sweeps if nothing is asked for.",
    )

    @property
    def delta_ns(self) -> int:
        """The longest time between two prints of one order, in nanoseconds."""
        return round(self.deltat * NANOSECONDS)
