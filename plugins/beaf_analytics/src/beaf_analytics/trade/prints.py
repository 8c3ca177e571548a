"""Which prints does a measure look at, what do their columns hold, and how is it named?

Prices are as quoted, in the listing's currency (`InstrumentCurrencyPrice`): a venue may report the
same trade in pounds and another in pence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from beaf_analytics.measures.expand import Variants, fill_pattern
from beaf_analytics.measures.expressions import both, in_states, ratio
from beaf_analytics.trade.options import Classifications, TradeOptions
from beaf_analytics.trade.words import Side
from beaf_core import Aggregation, Kind, Measure

TABLE = "trades"

PRICE = pl.col("InstrumentCurrencyPrice")
SIZE = pl.col("Size")
EUROS = pl.col("TradeNotionalEUR")
AGGRESSOR = pl.col("AggressorSide")

#: A negative size cancels an earlier print: it takes volume back, and makes no price.
PRINTED = SIZE > 0

#: +1 bought, -1 sold; null where the aggressor is not known, which is never a sell.
DIRECTION = pl.when(AGGRESSOR == 1).then(1.0).when(AGGRESSOR == 2).then(-1.0)
KNOWN_DIRECTION = AGGRESSOR.is_in([1, 2]).fill_null(False)

SIDES: Mapping[Side, pl.Expr | None] = {
    "Total": None,
    "Bid": AGGRESSOR == 2,
    "Sell": AGGRESSOR == 2,
    "Ask": AGGRESSOR == 1,
    "Buy": AGGRESSOR == 1,
    # An exchange that does not say is not an exchange that says "sell".
    "Unknown": ~KNOWN_DIRECTION,
}

SIDE_WORDS: Mapping[Side, str] = {
    "Total": "all trades",
    "Bid": "sells, which hit the bid",
    "Sell": "sells",
    "Ask": "buys, which lift the ask",
    "Buy": "buys",
    "Unknown": "trades whose aggressor is not known",
}

AUCTIONED = pl.col("Classification").str.contains("AUCTION")
OVER_THE_COUNTER = pl.col("BMLLTradeType") == "OTC"

#: Measures of prints that never have a classification of the order book: they are looked for among
#: all prints, whatever `classifications` says.
ELSEWHERE: Mapping[str, pl.Expr] = {
    "AuctionNotional": AUCTIONED,
    "OTCVolume": OVER_THE_COUNTER,
}

Where = pl.Expr | None


@dataclass(frozen=True, slots=True)
class Prints:
    """What all measures of a module have in common.

    Attributes:
        prefix: what every name begins with.
        classified: the prints of the classifications that are asked for; None means all.
        apart: whether each measure has to say so itself, since some look elsewhere.
    """

    prefix: str
    classified: Where
    apart: bool

    @property
    def own(self) -> Where:
        """What measures add to their conditions."""
        return self.classified if self.apart else None

    def where(self, metric: Variants, *conditions: Where, alone: bool = False) -> Where:
        """Render which prints a variant looks at.

        Args:
            metric: what is asked for.
            conditions: on prints, beside classification and market state.
            alone: whether nothing else has left prints out (in a look-up).
        """
        found = both(self.classified if alone else self.own, in_states(metric.market_states))
        for each in conditions:
            found = both(found, each)
        return found

    def name(self, metric: Variants, default: str, **fields: str) -> str:
        """Name the column of a variant: by its pattern, else by default."""
        if metric.output_name_pattern is None:
            return self.prefix + default
        states = "".join(metric.market_states or ())
        filled = fill_pattern(metric.output_name_pattern, {**fields, "market_states": states})
        return self.prefix + filled


def prints_of(options: TradeOptions) -> Prints:
    """Read what the options say about all measures."""
    return Prints(
        options.metric_prefix, classified(options.classifications), bool(_elsewhere(options))
    )


def rows(options: TradeOptions) -> Mapping[str, pl.Expr]:
    """Keep the prints that any of the measures looks at."""
    looked_at = classified(options.classifications)
    if looked_at is None:
        return {}
    for condition in _elsewhere(options):
        looked_at |= condition
    return {table_of(options): looked_at}


def table_of(options: TradeOptions) -> str:
    """Name the table that the prints are read from."""
    return options.tagged_trades_context_key if options.use_tagged_trades else TABLE


def read_from(table: str, measure: Measure) -> Measure:
    """Let a measure over trades read another table with their columns."""
    return replace(measure, table=table) if measure.table == TABLE else measure


def classified(classifications: Classifications) -> Where:
    """Keep the prints of some classifications; None means every print."""
    if classifications == "all":
        return None
    return pl.col("Classification").is_in(classifications)


def _elsewhere(options: TradeOptions) -> list[pl.Expr]:
    asked = {word for metric in options.generic_metrics for word in metric.measures}
    return [condition for word, condition in ELSEWHERE.items() if word in asked]


def total(name: str, value: Aggregation, unit: str, doc: str, formula: str) -> Measure:
    """Declare a sum or count, which is 0 where nothing traded."""
    return Measure(
        name=name,
        table=TABLE,
        value=value,
        unit=unit,
        doc=doc,
        formula=formula,
        reaggregation="sum",
    )


def quotient(
    name: str,
    above: Aggregation,
    below: Aggregation,
    *,
    doc: str,
    formula: str,
    unit: str = "ratio",
    source: str = "",
    reaggregation: str = "none",
) -> Measure:
    """Declare one sum or count over another, which is null where the other is 0."""
    return Measure(
        name=name,
        table=TABLE,
        value={"above": above, "below": below},
        post=ratio(pl.col("above"), pl.col("below")),
        unit=unit,
        doc=doc,
        formula=formula,
        source=source,
        reaggregation=reaggregation,
    )


def last_market_state(prints: Prints) -> Measure:
    """The market state at the bucket's last print."""
    return Measure(
        name="MarketState",
        table=TABLE,
        value=Aggregation(Kind.LAST, pl.col("MarketState"), prints.own),
        unit="state",
        doc="Market state at the last trade of the bucket.",
        formula="last MarketState",
        reaggregation="last",
        gives_way=True,  # the book has one in every bucket
    )
