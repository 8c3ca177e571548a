"""When is a quote one that a price may be taken from?

The conventions of the metric reference: both sides, bid below ask, continuous trading. What is
left out is reported as shares of time (`l2tw`), and every metric may ask for more with `quotes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import polars as pl

from beaf_analytics.measures.expressions import both, in_states

BID, ASK = pl.col("BidPrice1"), pl.col("AskPrice1")
BID_SIZE, ASK_SIZE = pl.col("BidQuantity1"), pl.col("AskQuantity1")
MID = (BID + ASK) / 2

CONTINUOUS = "CONTINUOUS_TRADING"

#: Both sides are there. A side without an order has no price, or none above zero.
TWO_SIDED = (BID > 0) & (ASK > 0)
#: Neither locked nor crossed.
UNCROSSED = TWO_SIDED & (ASK > BID)

#: valid: uncrossed in continuous trading; uncrossed: in any phase; two_sided: locked and crossed
#: ones too; any: every state of the book.
Quotes = Literal["valid", "uncrossed", "two_sided", "any"]


def accepted(quotes: Quotes, market_states: Sequence[str] | None = None) -> pl.Expr | None:
    """Render which quotes count.

    Args:
        quotes: what is asked of a quote.
        market_states: the phases that count; None means continuous trading for `valid`, and
            every phase for all others.

    Returns:
        The condition on rows of the book; None for all of them.
    """
    book = {"valid": UNCROSSED, "uncrossed": UNCROSSED, "two_sided": TWO_SIDED}.get(quotes)
    states = market_states or ([CONTINUOUS] if quotes == "valid" else None)
    return both(in_states(states), book)
