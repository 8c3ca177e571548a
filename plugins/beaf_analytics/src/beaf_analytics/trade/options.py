"""What can be asked of the module `trade`?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from beaf_analytics.measures.expand import ModuleOptions, OneOrMore, Variants
from beaf_analytics.trade.horizons import milliseconds_of_the_table, nanoseconds
from beaf_analytics.trade.words import (
    Aggregations,
    Change,
    Flag,
    FlagMeasure,
    ImpactVariant,
    QuotesThatCount,
    Reference,
    Scope,
    Sides,
    TradeMeasure,
)


class GenericMetric(Variants):
    """Sides × measures."""

    sides: Sides = Field(default=["Total"])
    measures: Annotated[list[TradeMeasure], OneOrMore] = Field(
        min_length=1,
        description="What is computed for each side; what is signed by direction (TradeImbalance…, "
        "Signed…, UnknownDirectionShare) speaks of all sides, and is computed once.",
    )


class DiscrepancyMetric(Variants):
    """References × sides × aggregations."""

    references: Annotated[list[Reference], OneOrMore] = Field(
        min_length=1, description="The price that a trade's is compared with."
    )
    sides: Sides = Field(default=["Total"])
    aggregations: Aggregations = Field(default=["Mean"])
    quotes: QuotesThatCount = "valid"


class FlagMetric(Variants):
    """Flags × measures × sides."""

    flags: Annotated[list[Flag], OneOrMore] = Field(
        min_length=1, description="Only prints that bear the flag; each has its own columns."
    )
    sides: Sides = Field(default=["Total"])
    measures: Annotated[list[FlagMeasure], OneOrMore] = Field(
        min_length=1, description="AvgNotional: euros per print."
    )


def _scopes(value: object) -> object:
    """Read `Primary` as AtPrimary and `Venue` as AtVenue."""
    words = {"Primary": "AtPrimary", "Venue": "AtVenue"}
    given = value if isinstance(value, list | tuple) else [value]
    return [words.get(each, each) if isinstance(each, str) else each for each in given]


class ChangeMetric(Variants):
    """Measures × scopes × aggregations."""

    measures: Annotated[list[Change], OneOrMore] = Field(
        min_length=1,
        description="…ElapsedTimeChg: nanoseconds since and until the best quotes changed; "
        "PricePoint: 0 at the bid, 1 at the ask.",
    )
    scopes: Annotated[list[Scope], BeforeValidator(_scopes)] = Field(
        default=["Local"],
        min_length=1,
        description="Local: the best quotes of all venues; AtPrimary, AtVenue: those of one.",
    )
    aggregations: Aggregations = Field(default=["Mean"])

    @model_validator(mode="after")
    def _each_word_has_a_column(self) -> ChangeMetric:
        if self.scopes == ["AtVenue"] and "PricePoint" not in self.measures:
            raise ValueError(
                f"trades hold no {self.measures[0]}AtVenue: at the venue they hold PricePoint; "
                "elapsed times are Local or AtPrimary"
            )
        return self


class ImpactMetric(Variants):
    """Variants × horizons × aggregations."""

    variant: Annotated[list[ImpactVariant], OneOrMore] = Field(
        min_length=1, description="What a trade cost, or moved."
    )
    mids: Literal["trades", "l2"] = Field(
        "trades",
        description="Where mids are taken from: the columns of trades, at the vendor's horizons; "
        "or the book, at any horizon.",
    )
    horizon: Annotated[list[str] | None, OneOrMore] = Field(
        default=["1s"],
        min_length=1,
        description="How long after the trade the mid is taken again, such as 500ms, 1s or 5min; "
        "null for an EffectiveSpread of all trades.",
    )
    reference_price_col: str = Field(
        "PreTradeMid",
        description="The mid before the trade: PreTradeMid, of the best quotes when it traded "
        "(with `mids: l2`, just before); or a column of mids of trades.",
    )
    beyond: Literal["clip"] | None = Field(
        None,
        description="With `mids: l2`, a mid after the end of continuous trading: null for none, "
        "`clip` for the last valid one.",
    )
    aggregations: Aggregations = Field(default=["Mean"])
    quotes: QuotesThatCount = "valid"

    @field_validator("horizon")
    @classmethod
    def _horizons_are_there(cls, value: list[str] | None, info: ValidationInfo) -> list[str] | None:
        of_the_table = info.data.get("mids") == "trades"
        for each in value or ():
            (milliseconds_of_the_table if of_the_table else nanoseconds)(each)
        return value


class RetailImbalance(BaseModel):
    """Whether the imbalance of retail trades is among the columns."""

    model_config = ConfigDict(extra="forbid")

    ENABLED: bool = Field(False, description="True adds RetailTradeImbalance.")


#: What users get who configure nothing, under the bare names that they know.
DEFAULT_METRIC = GenericMetric(
    measures=["VWAP", "VolumeWeightedPricePlacement", "Volume", "OHLC"],
    output_name_pattern="{measures}",
)

Classifications = Literal["all"] | Annotated[list[str], OneOrMore]
_FAMILIES = ("discrepancy_metrics", "flag_metrics", "change_metrics", "impact_metrics")


class TradeOptions(ModuleOptions):
    """Options of the section `trade_analytics`."""

    classifications: Classifications = Field(
        default=["LIT_CONTINUOUS"],
        description="Only prints of these classifications; `all` takes every print.",
    )
    market_state: bool = Field(True, description="Carry the bucket's last MarketState.")
    generic_metrics: list[GenericMetric] = Field(
        default=[DEFAULT_METRIC],
        description="Sides × measures; bars and VWAP of all trades if nothing at all is asked for.",
    )
    discrepancy_metrics: list[DiscrepancyMetric] = Field(
        default=[], description="How far, in basis points, trades were from a price."
    )
    flag_metrics: list[FlagMetric] = Field(
        default=[], description="What the prints that bear a flag amount to."
    )
    change_metrics: list[ChangeMetric] = Field(
        default=[], description="What trades say about the quotes around them."
    )
    impact_metrics: list[ImpactMetric] = Field(
        default=[], description="What trades cost, and how far they moved the mid."
    )
    retail_imbalance: RetailImbalance = Field(
        default=RetailImbalance(), description="The imbalance of retail trades."
    )
    enable_retail_imbalance: bool = Field(
        False, description="Older files write this for retail_imbalance: {ENABLED: true}."
    )
    use_tagged_trades: bool = Field(
        False, description="Read trades as the module `iceberg` tags them."
    )
    tagged_trades_context_key: str = Field(
        "trades_iceberg", description="The name of the table of tagged trades."
    )

    @model_validator(mode="after")
    def _bars_unless_something_else_is_asked(self) -> TradeOptions:
        if "generic_metrics" not in self.model_fields_set and any(
            getattr(self, family) for family in _FAMILIES
        ):
            self.generic_metrics = []
        return self

    @model_validator(mode="after")
    def _something_is_asked(self) -> TradeOptions:
        asked = any(getattr(self, family) for family in ("generic_metrics", *_FAMILIES))
        if not asked and not self.with_retail_imbalance:
            raise ValueError("generic_metrics is empty, and nothing else is asked for")
        return self

    @model_validator(mode="after")
    def _icebergs_are_tagged(self) -> TradeOptions:
        asked = any("IcebergExecution" in each.flags for each in self.flag_metrics)
        if asked and not self.use_tagged_trades:
            raise ValueError(
                "the flag IcebergExecution is on tagged trades: write `use_tagged_trades: true`, "
                "and add `iceberg` to the modules of the pass"
            )
        return self

    @property
    def with_retail_imbalance(self) -> bool:
        """Whether the imbalance of retail trades is asked for, by either name."""
        return self.retail_imbalance.ENABLED or self.enable_retail_imbalance
