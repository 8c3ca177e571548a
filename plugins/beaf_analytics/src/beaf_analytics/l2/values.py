"""Which numbers does a state of the book have: levels, spreads, imbalances, mids?

Each is a `RowValue`, which `l2` takes of the last state and `l2tw` aggregates. A level that is
missing has no price; where quantities are added up or averaged, it holds nothing. Quotients are
written plainly, so that means of several share their time; where a denominator is zero all the
same, the engine makes it null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from beaf_analytics.l2.options import (
    ImbalanceMeasure,
    LevelMeasure,
    Side,
    SlopeMeasure,
    Source,
    SpreadVariant,
)
from beaf_analytics.measures.aggregations import RowValue
from beaf_analytics.measures.quotes import ASK, ASK_SIZE, BID, BID_SIZE, MID

TABLE = "l2"

Where = pl.Expr | None
Term = Callable[[Side, int], pl.Expr]

SPREAD = ASK - BID
SPREAD_BPS = 1e4 * SPREAD / MID
WEIGHTED_MID = (BID * ASK_SIZE + ASK * BID_SIZE) / (BID_SIZE + ASK_SIZE)
LOG_SPREAD = (ASK / BID).log()
LOG_SIZE = ASK_SIZE.log() + BID_SIZE.log()
#: Below it the logarithms of both sizes add up to nothing, or less.
HAS_LOG_SIZE = ASK_SIZE * BID_SIZE > 1


# -- levels ----------------------------------------------------------------------------------------


def price(side: Side, level: int) -> pl.Expr:
    """Take the price of a level; null where there is none."""
    return pl.col(f"{side}Price{level}")


def shown_quantity(side: Side, level: int) -> pl.Expr:
    """Take the quantity of a level; null where there is none."""
    return pl.col(f"{side}Quantity{level}")


def quantity(side: Side, level: int) -> pl.Expr:
    """Take the quantity of a level; 0 where there is none."""
    return shown_quantity(side, level).fill_null(0)


def orders(side: Side, level: int) -> pl.Expr:
    """Take the number of orders of a level; null where it is not told."""
    return pl.col(f"{side}NumOrders{level}")


def notional(side: Side, level: int) -> pl.Expr:
    """Take price times quantity of a level; 0 where there is none."""
    return (price(side, level) * shown_quantity(side, level)).fill_null(0)


def up_to(term: Term, side: Side, level: int) -> pl.Expr:
    """Add up a term over levels 1 to n, from the first on: shorter sums are parts of longer."""
    total = term(side, 1)
    for deeper in range(2, level + 1):
        total = total + term(side, deeper)
    return total


def cumulated_orders(side: Side, level: int) -> pl.Expr:
    """Add up orders; null where a venue does not tell them, 0 where the side is empty."""
    told = orders(side, 1).is_not_null() | price(side, 1).is_null()
    return pl.when(told).then(up_to(lambda own, n: orders(own, n).fill_null(0), side, level))


def cumulated_quantity(side: Side, level: int) -> pl.Expr:
    """Add up quantities; levels that are missing hold nothing."""
    return up_to(quantity, side, level)


def cumulated_notional(side: Side, level: int) -> pl.Expr:
    """Add up notionals; levels that are missing hold nothing."""
    return up_to(notional, side, level)


#: Measure of a level → its term, unit, words and formula.
_LEVELS: Mapping[LevelMeasure, tuple[Term, str, str, str]] = {
    "Price": (price, "ccy", "Price of {side} level {n}", "p_n"),
    "Quantity": (shown_quantity, "shares", "Quantity at {side} level {n}", "q_n"),
    "NumOrders": (orders, "orders", "Number of orders at {side} level {n}", "o_n"),
    "CumQuantity": (
        cumulated_quantity,
        "shares",
        "Quantity at {side} levels 1 to {n}",
        "Σ_{i≤n} q_i",
    ),
    "CumOrders": (
        cumulated_orders,
        "orders",
        "Number of orders at {side} levels 1 to {n}",
        "Σ_{i≤n} o_i",
    ),
    "CumNotional": (
        cumulated_notional,
        "ccy",
        "Price times quantity at {side} levels 1 to {n}",
        "Σ_{i≤n} p_i·q_i",
    ),
}


def level_value(
    side: Side, measure: LevelMeasure, level: int, where: Where, *, averaged: bool
) -> RowValue:
    """Describe a measure of a level, or of all levels up to it.

    Args:
        side: the side of the book.
        measure: what of it.
        level: 1 is the best.
        where: the states that count.
        averaged: whether it is aggregated over states: then a missing level has quantity 0, so
            that means of levels add up to that of their sum.
    """
    term, unit, words, formula = _LEVELS[measure]
    if averaged and measure == "Quantity":
        term, formula = quantity, f"{formula}, 0 where the level is missing"
    doc = words.replace("{side}", side.lower()).replace("{n}", str(level))
    return RowValue(TABLE, term(side, level), unit, doc, formula, where=where)


# -- the best quote --------------------------------------------------------------------------------


def spread_value(variant: SpreadVariant, where: Where) -> RowValue:
    """Describe the quoted spread."""
    if variant == "Abs":
        doc = "Spread between the best bid and the best ask"
        return RowValue(TABLE, SPREAD, "ccy", doc, "a_1 - b_1", where=where)
    doc = "Spread between the best bid and the best ask, relative to their mid"
    return RowValue(TABLE, SPREAD_BPS, "bps", doc, "1e4·(a_1 - b_1)/mid", where=where)


#: What is followed → its value, words and formula.
SOURCES: Mapping[Source, tuple[pl.Expr, str, str]] = {
    "Mid": (MID, "Mid between the best bid and the best ask", "(b_1 + a_1)/2"),
    "Bid": (BID, "Best bid", "b_1"),
    "Ask": (ASK, "Best ask", "a_1"),
    "WeightedMid": (
        WEIGHTED_MID,
        "Mean of the best bid and the best ask, each weighted by the size of the other",
        "(b_1·qa_1 + a_1·qb_1)/(qa_1 + qb_1)",
    ),
}


def source_value(source: Source, where: Where) -> RowValue:
    """Describe a price that a quote gives."""
    value, doc, formula = SOURCES[source]
    return RowValue(TABLE, value, "ccy", doc, formula, where=where)


_SLOPES: Mapping[SlopeMeasure, tuple[pl.Expr, str, str]] = {
    "LogQuotedSpread": (LOG_SPREAD, "Logarithm of best ask over best bid", "ln(a_1/b_1)"),
    "LogQuotedSize": (
        LOG_SIZE,
        "Sum of the logarithms of the sizes at the best bid and the best ask",
        "ln qa_1 + ln qb_1",
    ),
    "QuotedSlope": (
        pl.when(HAS_LOG_SIZE).then(SPREAD / LOG_SIZE),
        "Spread by the logarithm of the sizes quoted",
        "(a_1 - b_1)/(ln qa_1 + ln qb_1)",
    ),
    "LogQuoteSlope": (
        pl.when(HAS_LOG_SIZE).then(LOG_SPREAD / LOG_SIZE),
        "Logarithmic spread by the logarithm of the sizes quoted",
        "ln(a_1/b_1)/(ln qa_1 + ln qb_1)",
    ),
}


def slope_value(measure: SlopeMeasure, where: Where) -> RowValue:
    """Describe spread and size on a logarithmic scale, or how they relate."""
    value, doc, formula = _SLOPES[measure]
    unit = "ccy" if measure == "QuotedSlope" else "ratio"
    return RowValue(TABLE, value, unit, doc, formula, "Hasbrouck & Seppi 2001", where)


# -- both sides ------------------------------------------------------------------------------------

_COMPARED: Mapping[ImbalanceMeasure, tuple[Term, str, str, str]] = {
    "CumQuantity": (cumulated_quantity, "quantities at levels 1 to {n}", "Q", "Σ_{i≤n} q_i"),
    "Orders": (cumulated_orders, "numbers of orders at levels 1 to {n}", "Q", "Σ_{i≤n} o_i"),
    "CumNotional": (cumulated_notional, "notionals at levels 1 to {n}", "Q", "Σ_{i≤n} p_i·q_i"),
    "Quantity": (quantity, "quantities at level {n}", "Q", "q_n"),
}


def imbalance_value(measure: ImbalanceMeasure, level: int, where: Where) -> RowValue:
    """Describe by how much the bid outweighs the ask: 1 means bid alone, -1 ask alone."""
    term, words, letter, formula = _COMPARED[measure]
    bid, ask = term("Bid", level), term("Ask", level)
    return RowValue(
        TABLE,
        (bid - ask) / (bid + ask),
        "ratio",
        f"Difference of bid and ask over their sum, of the {words.replace('{n}', str(level))}",
        f"({letter}b - {letter}a)/({letter}b + {letter}a), {letter} = {formula}",
        "Gould & Bonart 2016",
        where,
    )
