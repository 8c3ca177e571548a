"""For how much of the time is the book in which condition?

What validity leaves out is reported here: shares of the time for which the book is known at all.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from beaf_analytics.l2.options import Condition, Share
from beaf_analytics.measures.expressions import ratio
from beaf_analytics.measures.quotes import ASK, BID, TWO_SIDED, accepted
from beaf_core import Aggregation, Kind, Measure

_HAS_BID, _HAS_ASK = (BID > 0).fill_null(False), (ASK > 0).fill_null(False)

#: Condition → the states that have it, and its words.
CONDITIONS: Mapping[Condition, tuple[pl.Expr | None, str]] = {
    "Book": (None, "the book is known"),
    "TwoSided": (TWO_SIDED, "the book has a best bid and a best ask"),
    "Continuous": (
        accepted("two_sided", ["CONTINUOUS_TRADING"]),
        "the book has both sides in continuous trading",
    ),
    "Valid": (accepted("valid"), "the quote is valid"),
    "Locked": (TWO_SIDED & (ASK == BID), "the best bid equals the best ask"),
    "Crossed": (TWO_SIDED & (ASK < BID), "the best bid is above the best ask"),
    "OneSided": (_HAS_BID ^ _HAS_ASK, "the book has a bid or an ask, and not both"),
    "Halt": (pl.col("MarketState") == "HALTED", "trading is halted"),
}


def duration(condition: Condition, prefix: str) -> Measure:
    """Declare the nanoseconds for which the book is in a condition."""
    where, words = CONDITIONS[condition]
    return Measure(
        name=f"{prefix}{condition}Ns",
        table="l2",
        value=Aggregation(Kind.DURATION, where=where),
        unit="ns",
        doc=f"Time for which {words}.",
        formula="Σ w",
        reaggregation="sum",
    )


def share(condition: Share, prefix: str) -> Measure:
    """Declare the share of the book's known time in a condition."""
    where, words = CONDITIONS[condition]
    return Measure(
        name=f"{prefix}{condition}Share",
        table="l2",
        value={
            "part": Aggregation(Kind.DURATION, where=where),
            "whole": Aggregation(Kind.DURATION),
        },
        post=ratio(pl.col("part"), pl.col("whole")),
        unit="ratio",
        doc=f"Share of the time for which the book is known, during which {words}.",
        formula="Σ w, where it holds / Σ w",
        reaggregation=f"vw:{prefix}BookNs",
    )


def update_count(prefix: str) -> Measure:
    """Declare the number of rows of the book."""
    return Measure(
        name=f"{prefix}QuoteUpdateCount",
        table="l2",
        value=Aggregation(Kind.COUNT),
        unit="events",
        doc="Number of times that the book is updated.",
        formula="Σ 1",
        reaggregation="sum",
    )
