"""What can be asked of the modules `l2` and `l2tw`, which share the section `l2_analytics`?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationInfo, field_validator

from beaf_analytics.measures.expand import ModuleOptions, OneOrMore, Variants
from beaf_analytics.measures.quotes import Quotes

Side = Literal["Bid", "Ask"]
LevelMeasure = Literal["Price", "Quantity", "NumOrders", "CumQuantity", "CumOrders", "CumNotional"]
SpreadVariant = Literal["Abs", "BPS", "Rel"]
ImbalanceMeasure = Literal["CumQuantity", "Orders", "CumNotional", "Quantity"]
SlopeMeasure = Literal["LogQuotedSpread", "LogQuotedSize", "QuotedSlope", "LogQuoteSlope"]
Source = Literal["Mid", "Bid", "Ask", "WeightedMid"]
OpenMode = Literal["event", "prev_close", "state"]
#: How states, or rows of the book, become one number in `l2tw`.
BookAggregation = Literal["TWA", "First", "Last", "Min", "Max", "Mean", "Std", "Median"]
ReturnMeasure = Literal["RV", "Vol", "N"]
ReturnAggregation = Literal["Std", "Mean", "Sum", "Min", "Max"]
Condition = Literal[
    "Book", "TwoSided", "Continuous", "Valid", "Locked", "Crossed", "OneSided", "Halt"
]
Share = Literal["Valid", "Locked", "Crossed", "OneSided", "Halt"]
Flow = Literal["OFI", "MidChangeCount"]

Sides = Annotated[list[Side], OneOrMore]
Positive = Annotated[int, Field(ge=1)]
Numbers = Annotated[list[Positive], OneOrMore]
Step = Annotated[str, Field(pattern=r"^[1-9]\d*(ms|s|m)$")]

BOTH_SIDES: list[Side] = ["Bid", "Ask"]
ALL_SHARES: list[Share] = ["Valid", "Locked", "Crossed", "OneSided", "Halt"]


class BookMetric(Variants):
    """What `l2` gives at the end of a bucket, and `l2tw` over the bucket."""

    aggregations: Annotated[list[BookAggregation], OneOrMore] = Field(
        default=["TWA"],
        min_length=1,
        description="How `l2tw` aggregates: TWA by time, the others over rows of the book, each "
        "counted once. `l2` gives the state at the bucket's end, whatever stands here.",
    )

    def expand(self) -> Iterator[dict[str, Any]]:
        """Yield each combination of what is listed, apart from the aggregations."""
        yield from Variants.expand(self.model_copy(update={"aggregations": ()}))


class QuoteMetric(BookMetric):
    """What takes a price from a quote, or compares its sides."""

    quotes: Quotes = Field(
        "valid",
        description="Which quotes count: valid (bid below ask in continuous trading), uncrossed "
        "(in any phase), two_sided (locked and crossed ones too), any (every state of the book).",
    )


class LiquidityMetric(BookMetric):
    """Sides × measures × levels."""

    sides: Sides = Field(default=BOTH_SIDES, min_length=1, description="Sides of the book.")
    measures: Annotated[list[LevelMeasure], OneOrMore] = Field(
        min_length=1,
        description="Of a level: Price, Quantity, NumOrders; of levels 1 to n: CumQuantity, "
        "CumOrders, CumNotional.",
    )
    levels: Numbers | None = Field(
        None, min_length=1, description="Levels of the book; all that it has by default."
    )
    quotes: Quotes | None = Field(
        None,
        description="Which states count. By default every state of the book, and only valid "
        "quotes where `l2tw` aggregates prices.",
    )


class SpreadMetric(QuoteMetric):
    """Spreads of the best quote."""

    variant: Annotated[list[SpreadVariant], OneOrMore] = Field(
        default=["BPS"],
        min_length=1,
        description="Abs: in the listing's currency; BPS, or Rel by an older name: of the mid.",
    )


class ImbalanceMetric(QuoteMetric):
    """Measures × levels."""

    measure: Annotated[list[ImbalanceMeasure], OneOrMore] = Field(
        default=["CumQuantity"],
        min_length=1,
        description="What bid and ask are compared by: of levels 1 to n CumQuantity, Orders, "
        "CumNotional; Quantity of level n alone.",
    )
    levels: Numbers | None = Field(
        None, min_length=1, description="Levels of the book; all that it has by default."
    )


class SlopeMetric(QuoteMetric):
    """Logarithmic spread and size of the best quote, and their ratios."""

    measures: Annotated[list[SlopeMeasure], OneOrMore] = Field(
        min_length=1, description="What is computed of the best quote."
    )


class DepthMetric(QuoteMetric):
    """Quantity close to the mid."""

    sides: Sides = Field(default=BOTH_SIDES, min_length=1, description="Sides of the book.")
    bps: Numbers = Field(
        default=[10], min_length=1, description="How far from the mid, in basis points."
    )


class CostMetric(QuoteMetric):
    """What it costs to buy and sell a notional at once."""

    notionals: Numbers = Field(
        default=[10_000], min_length=1, description="Notionals, in the listing's currency."
    )


class SweepMetric(CostMetric):
    """At which mean price one side gives a notional at once."""

    sides: Sides = Field(default=BOTH_SIDES, min_length=1, description="Sides of the book.")


class OhlcMetric(QuoteMetric):
    """Open, high, low and close of a quote in `l2`; its aggregations in `l2tw`."""

    source: Annotated[list[Source], OneOrMore] = Field(
        default=["Mid"], min_length=1, description="What is followed."
    )
    open_mode: Annotated[list[OpenMode], OneOrMore] = Field(
        default=["event"],
        min_length=1,
        description="event: over the rows of the bucket; prev_close (suffix C): where it has "
        "none, all four are the state carried into it; state (suffix S): of the states that hold.",
    )


class VolatilityMetric(Variants):
    """Returns of a quote on a grid of time."""

    source: Annotated[list[Source], OneOrMore] = Field(
        default=["Mid"], min_length=1, description="Whose logarithmic returns."
    )
    step: Annotated[list[Step], OneOrMore] = Field(
        default=["1s"],
        min_length=1,
        description="Distance of the grid's points, such as 500ms, 1s or 10s; a whole fraction "
        "of the bucket.",
    )
    measures: Annotated[list[ReturnMeasure], OneOrMore] = Field(
        default=["RV", "Vol"],
        description="RV: sum of squared returns; Vol: its square root; N: number of returns.",
    )
    aggregations: Annotated[list[ReturnAggregation], OneOrMore] = Field(
        default=[], description="Further aggregations of the returns: L2Volatility{source}{agg}."
    )
    quotes: Quotes = Field("valid", description="Which quotes count, as in spreads.")
    ann: Literal["none", "session"] = Field(
        "none",
        description="session: RV, Vol and Std for a year of 252 sessions, with the suffix Ann.",
    )
    session_seconds: float = Field(30_600, gt=0, description="Length of a session, for `ann`.")


class FlowMetric(Variants):
    """What changes of the best quote."""

    measures: Annotated[list[Flow], OneOrMore] = Field(
        default=["OFI"],
        min_length=1,
        description="OFI: order flow imbalance; MidChangeCount: how often the mid changes.",
    )
    quotes: Quotes = Field(
        "valid", description="Which quotes count; a change counts from one to the next of them."
    )


_OfLevels = TypeVar("_OfLevels", LiquidityMetric, ImbalanceMetric)


class L2Options(ModuleOptions):
    """Options of the section `l2_analytics`."""

    levels: int = Field(10, ge=1, description="How many levels the book has.")
    market_state: bool = Field(True, description="`l2` carries the last MarketState.")
    liquidity: list[LiquidityMetric] = Field([], description="Levels of the book.")
    spreads: list[SpreadMetric] = Field([], description="Spreads of the best quote.")
    imbalances: list[ImbalanceMetric] = Field([], description="Bid against ask.")
    ohlc: list[OhlcMetric] = Field([], description="Bars of quotes; means of them in `l2tw`.")
    slopes: list[SlopeMetric] = Field([], description="Slopes of the best quote.")
    depth: list[DepthMetric] = Field([], description="Quantity close to the mid.")
    costs: list[CostMetric] = Field([], description="What a round trip costs.")
    sweeps: list[SweepMetric] = Field([], description="Mean prices of a walk through one side.")
    volatility: list[VolatilityMetric] = Field([], description="Returns of quotes, in `l2tw`.")
    shares: Annotated[list[Share], OneOrMore] = Field(
        default=ALL_SHARES,
        description="Shares of the time for which the book is known, in `l2tw`.",
    )
    durations: Annotated[list[Condition], OneOrMore] = Field(
        default=[], description="Times in nanoseconds, in `l2tw`: BookNs, TwoSidedNs, …"
    )
    counts: Annotated[list[Literal["QuoteUpdateCount"]], OneOrMore] = Field(
        default=[], description="Numbers of rows of the book, in `l2tw`."
    )
    flows: list[FlowMetric] = Field([], description="Changes of the quote, in `l2tw`.")

    @field_validator("liquidity", "imbalances")
    @classmethod
    def _levels_exist(cls, value: list[_OfLevels], info: ValidationInfo) -> list[_OfLevels]:
        levels = [level for each in value for level in each.levels or ()]
        known = info.data.get("levels")  # not there where it is faulty itself
        beyond = [level for level in levels if known is not None and level > known]
        if beyond:
            raise ValueError(
                f"level {max(beyond)} is beyond the book: choose from 1 to {known}, or raise "
                "l2_analytics.levels if the data have more"
            )
        return value

    def or_else(self, defaults: Mapping[str, Any]) -> L2Options:
        """Take defaults where no metric is asked for."""
        asked = any(getattr(self, name) for name in _METRICS)
        return self if asked else self.model_copy(update=defaults)


_METRICS = [
    "liquidity",
    "spreads",
    "imbalances",
    "ohlc",
    "slopes",
    "depth",
    "costs",
    "sweeps",
    "volatility",
    "durations",
    "counts",
    "flows",
]
