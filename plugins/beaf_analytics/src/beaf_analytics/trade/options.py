"""What can be asked of the module `trade`?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from beaf_analytics.measures.expand import OneOrMore, Variants

Side = Literal["Total", "Bid", "Ask", "Unknown", "Buy", "Sell"]
TradeMeasure = Literal[
    "OHLC",
    "Volume",
    "Count",
    "Notional",
    "NotionalEUR",
    "NotionalUSD",
    "VWAP",
    "AvgPrice",
    "MedianPrice",
    "VolumeWeightedPricePlacement",
]


class GenericMetric(Variants):
    """Sides × measures."""

    sides: Annotated[list[Side], OneOrMore] = Field(
        default=["Total"],
        min_length=1,
        description="Bid: sells, which hit the bid; Ask: buys, which lift the ask.",
    )
    measures: Annotated[list[TradeMeasure], OneOrMore] = Field(
        min_length=1, description="What is computed for each side."
    )


#: What users get who configure nothing, under the bare names that they know.
DEFAULT_METRIC = GenericMetric(
    measures=["VWAP", "VolumeWeightedPricePlacement", "Volume", "OHLC"],
    output_name_pattern="{measures}",
)


class TradeOptions(BaseModel):
    """Options of the section `trade_analytics`."""

    model_config = ConfigDict(extra="forbid")

    ENABLED: bool = Field(True, description="False yields no column.")
    metric_prefix: str = Field("", description="Put before every measure's name.")
    classifications: Literal["all"] | Annotated[list[str], OneOrMore] = Field(
        default=["LIT_CONTINUOUS"],
        description="Only prints of these classifications; `all` takes every print.",
    )
    market_state: bool = Field(True, description="Carry the bucket's last MarketState.")
    generic_metrics: list[GenericMetric] = Field(
        default=[DEFAULT_METRIC],
        min_length=1,
        description="Sides × measures; bars and VWAP of all trades if nothing is asked for.",
    )
