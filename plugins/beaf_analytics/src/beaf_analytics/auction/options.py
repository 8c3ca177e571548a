"""What can be asked of the module `auction`?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from beaf_analytics.auction.kinds import Kind
from beaf_analytics.measures.expand import ModuleOptions, OneOrMore, Variants
from beaf_analytics.measures.quotes import Quotes

AuctionMeasure = Literal[
    "Price",
    "Volume",
    "Notional",
    "TradeCount",
    "Share",
    "ToVWAP",
    "UncrossCount",
    "UncrossTime",
    "Return",
    "IndicativePriceLast",
    "PairedQuantity",
    "ImbalanceQuantity",
    "ImbalanceSide",
    "ImbalanceRatio",
    "IndicativeVolatility",
    "IndicativeDeviation",
]
Table = Literal["trades", "imbalance", "l2"]

#: What compares an auction with all prints, and so needs a row for every bucket that trades at all.
COMPARING: tuple[AuctionMeasure, ...] = ("Share", "ToVWAP")
#: What has to be asked for by name.
_BY_NAME: tuple[AuctionMeasure, ...] = (*COMPARING, "UncrossCount", "UncrossTime")

#: Options that only some measures have.
_OPTIONS_OF: Mapping[str, tuple[AuctionMeasure, ...]] = {
    "denominator": COMPARING,
    "before": ("IndicativeDeviation",),
    "quotes": ("Return",),
}

#: What needs other tables than `imbalance`.
_NEEDS: Mapping[AuctionMeasure, set[Table]] = {
    "Price": {"trades"},
    "Volume": {"trades"},
    "Notional": {"trades"},
    "TradeCount": {"trades"},
    "Share": {"trades"},
    "ToVWAP": {"trades"},
    "UncrossCount": {"trades"},
    "UncrossTime": {"trades"},
    "Return": {"trades", "l2"},
    "IndicativeDeviation": {"trades", "imbalance"},
}


def needs(measure: AuctionMeasure) -> set[Table]:
    """Name the tables that a measure is made of."""
    return _NEEDS.get(measure, {"imbalance"})


class AuctionMetric(Variants):
    """Measures × kinds of auctions."""

    measures: Annotated[list[AuctionMeasure], OneOrMore] = Field(
        min_length=1, description="What is computed for each kind."
    )
    kinds: Annotated[list[Kind], OneOrMore] = Field(
        default=["Open", "Close", "Intraday", "Unscheduled"],
        min_length=1,
        description="Kinds of auctions; `Total` is all of them.",
    )
    denominator: Literal["lit", "all"] = Field(
        "lit",
        description="What Share and ToVWAP compare with: lit prints and those of auctions, or all.",
    )
    before: Annotated[list[Annotated[float, Field(ge=0)]], OneOrMore] = Field(
        default=[0],
        min_length=1,
        description="Seconds before the print at which IndicativeDeviation takes the indicative "
        "price; more than 0 are put behind the measure's name.",
    )

    quotes: Quotes = Field(
        "valid", description="From which books Return takes the middle before the auction."
    )

    @model_validator(mode="after")
    def _what_is_said_has_an_effect(self) -> AuctionMetric:
        for field, measures in _OPTIONS_OF.items():
            if field in self.model_fields_set and not set(measures) & set(self.measures):
                raise ValueError(f"`{field}` is of {' and '.join(measures)}, not asked for here")
        return self


class AuctionOptions(ModuleOptions):
    """Options of the section `auction_analytics`."""

    tables: Annotated[list[Table], OneOrMore] | None = Field(
        None,
        min_length=1,
        description="The tables that the source has, by default trades alone: what can be told "
        "from them is computed. With `metrics`, what needs others is refused.",
    )
    metrics: list[AuctionMetric] | None = Field(
        None,
        min_length=1,
        description="Measures × kinds; None means what `tables` can tell, but for Share, "
        "ToVWAP, UncrossCount and UncrossTime.",
    )

    @model_validator(mode="after")
    def _tables_suffice(self) -> AuctionOptions:
        for measure in (each for metric in self.metrics or [] for each in metric.measures):
            lacking = needs(measure) - set(self.tables or get_args(Table))
            if lacking:
                raise ValueError(f"{measure} needs {' and '.join(sorted(lacking))} in `tables`")
        if not self.asked[0].measures:
            raise ValueError(f"auctions cannot be told from {', '.join(self.tables or [])} alone")
        return self

    @property
    def asked(self) -> list[AuctionMetric]:
        """What is computed."""
        if self.metrics is not None:
            return self.metrics
        there = set(self.tables or ["trades"])
        offered = [each for each in get_args(AuctionMeasure) if each not in _BY_NAME]
        told = [each for each in offered if needs(each) <= there]
        return [AuctionMetric.model_construct(measures=told)]
