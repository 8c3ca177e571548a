"""What does it take to walk through the levels of the book?

A walk that needs more than the levels that are there ends nowhere: its value is null, not what
the visible part would give.
"""

from __future__ import annotations

from functools import reduce
from operator import add

import polars as pl

from beaf_analytics.l2.options import Side
from beaf_analytics.l2.values import TABLE, Where, notional, price, quantity
from beaf_analytics.measures.aggregations import RowValue
from beaf_analytics.measures.quotes import MID


def depth_value(side: Side, bps: int, levels: int, where: Where) -> RowValue:
    """Describe the quantity within a distance of the mid."""
    edge = MID * (bps / 1e4)
    near = [distance(side, level) <= edge for level in range(1, levels + 1)]
    held = [
        pl.when(inside).then(quantity(side, level)).otherwise(0)
        for level, inside in enumerate(near, start=1)
    ]
    # If even the last level is near, there may be more of them.
    value = pl.when(near[-1].fill_null(False).not_() & MID.is_not_null()).then(reduce(add, held))
    doc = f"Quantity of the {side.lower()} side at most {bps} basis points from the mid"
    formula = f"Σ q_i, |p_i - mid| ≤ {bps}/1e4·mid"
    return RowValue(TABLE, value, "shares", doc, formula, where=where)


def distance(side: Side, level: int) -> pl.Expr:
    """Take how far a level lies from the mid."""
    return MID - price(side, level) if side == "Bid" else price(side, level) - MID


def swept_price(side: Side, amount: int, levels: int) -> pl.Expr:
    """Take the mean price at which a side gives a notional; null if it does not hold as much."""
    before = pl.lit(0.0)
    shares = []
    for level in range(1, levels + 1):
        own = notional(side, level)
        taken = pl.min_horizontal(own, (amount - before).clip(0))
        shares.append((taken / price(side, level)).fill_null(0))
        before = before + own
    return pl.when(before >= amount).then(amount / reduce(add, shares))


def sweep_value(side: Side, amount: int, levels: int, where: Where) -> RowValue:
    """Describe the mean price of walking through one side."""
    doc = f"Mean price at which the {side.lower()} side gives a notional of {amount} at once"
    formula = "N / Σ shares taken level by level"
    value = swept_price(side, amount, levels)
    return RowValue(TABLE, value, "ccy", doc, formula, "Irvine, Benston & Kandel 2000", where)


def cost_value(amount: int, levels: int, where: Where) -> RowValue:
    """Describe what buying and selling a notional at once costs."""
    bought, sold = swept_price("Ask", amount, levels), swept_price("Bid", amount, levels)
    doc = f"Cost of buying and selling a notional of {amount} at once, relative to the mid"
    return RowValue(
        TABLE,
        1e4 * (bought - sold) / MID,
        "bps",
        doc,
        "1e4·(VWAP_ask(N) - VWAP_bid(N))/mid",
        "Irvine, Benston & Kandel 2000",
        where,
    )
