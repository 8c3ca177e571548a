"""What did the venue tell during the calls of auctions: indicative price, surplus, their moves?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import polars as pl

from beaf_analytics.auction.kinds import Kind, calls_of, told
from beaf_analytics.measures.expressions import NANOSECONDS, both, ratio
from beaf_analytics.trade.prints import PRICE, PRINTED
from beaf_analytics.trade.prints import TABLE as TRADES
from beaf_core import Aggregation, AsOf, Measure, ProvidedTable
from beaf_core import Kind as Aggregate

TABLE = "imbalance"
#: The table of the moves of the indicative price, which the module provides.
MOVES = "indicative_moves"

LISTING, TIME, SEQUENCE, STATE = (
    "ListingId",
    "TimestampNanoseconds",
    "BMLLSequenceNo",
    "MarketState",
)
INDICATIVE = pl.col("IndicativeUncrossingPrice")
#: A message may tell no price: none at which anything would trade.
PRICED = INDICATIVE > 0
PAIRED, SURPLUS = pl.col("PairedQuantity"), pl.col("ImbalanceQuantity").abs()

#: More to buy counts above zero, more to sell below.
SIGNED = (
    pl.when(pl.col("ImbalanceSide") == 1)
    .then(SURPLUS)
    .when(pl.col("ImbalanceSide") == 2)
    .then(-SURPLUS)
    .when(SURPLUS == 0)
    .then(SURPLUS)
)

Build = Callable[[str, pl.Expr, Kind], Measure]


def moves() -> ProvidedTable:
    """Declare the table of the moves of the indicative price within a call."""
    return ProvidedTable(
        name=MOVES,
        needs={TABLE: (TIME, SEQUENCE, STATE, "IndicativeUncrossingPrice")},
        build=with_moves,
        time=TIME,
        sequence=SEQUENCE,
        ordered=True,
    )


def with_moves(tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Give each message with a price the logarithm of its price by that of the one before."""
    messages = tables[TABLE].filter(PRICED).sort(LISTING, TIME, SEQUENCE)
    before, state = (each.shift(1).over(LISTING) for each in (INDICATIVE, pl.col(STATE)))
    move = pl.when(state == pl.col(STATE)).then((INDICATIVE / before).log())
    return messages.select(LISTING, TIME, SEQUENCE, STATE, move.alias("Move"))


def _last(
    value: pl.Expr, unit: str, what: str, formula: str, name: str, where: pl.Expr, kind: Kind
) -> Measure:
    return Measure(
        name=name,
        table=TABLE,
        value=Aggregation(Aggregate.LAST, value, where),
        unit=unit,
        doc=f"{what}, as last told in the bucket during the call of {told(kind)}.",
        formula=formula,
        reaggregation="last",
    )


def volatility(name: str, where: pl.Expr, kind: Kind) -> Measure:
    """Deviation of the moves of the indicative price."""
    return Measure(
        name=name,
        table=MOVES,
        value=Aggregation(Aggregate.STD, pl.col("Move"), where),
        unit="ratio",
        doc="Standard deviation (n - 1) of the moves of the indicative price from one message to "
        f"the next during the call of {told(kind)}.",
        formula="std(Δ ln indicative)",
    )


def deviation(name: str, where: pl.Expr, kind: Kind, before: float) -> Measure:
    """Compare the indicative price some time before the uncrossing with that of the uncrossing."""
    when = f" {before:g} seconds before" if before else " just before"
    indicative = AsOf(
        TABLE,
        INDICATIVE,
        where=PRICED & calls_of(kind),
        horizon=-round(before * NANOSECONDS),
        strict=True,
    )
    told_before = pl.col("__indicative")
    return Measure(
        name=name,
        table=TRADES,
        value=Aggregation(Aggregate.LAST, (told_before / PRICE).log(), both(PRINTED, where)),
        unit="ratio",
        doc=f"Logarithm of the indicative price{when} the uncrossing of {told(kind)} by the price "
        "at which it uncrossed.",
        formula="ln(indicative / p)",
        reaggregation="last",
        lookups={"__indicative": indicative},
    )


BUILDERS: Mapping[str, Build] = {
    "IndicativePriceLast": partial(
        _last, pl.when(PRICED).then(INDICATIVE), "ccy", "Indicative price", "last indicative"
    ),
    "PairedQuantity": partial(_last, PAIRED, "shares", "Quantity that would trade", "last paired"),
    "ImbalanceQuantity": partial(
        _last, SURPLUS, "shares", "Quantity that would be left over", "last abs(surplus)"
    ),
    "ImbalanceSide": partial(
        _last,
        pl.col("ImbalanceSide"),
        "side",
        "Side on which quantity would be left over, 1 to buy and 2 to sell",
        "last side",
    ),
    "ImbalanceRatio": partial(
        _last,
        ratio(SIGNED, PAIRED + SURPLUS),
        "ratio",
        "Quantity that would be left over, above zero to buy and below to sell, by all on its side",
        "last ±surplus / (paired + surplus)",
    ),
    "IndicativeVolatility": volatility,
}
