"""What were the mids before and after a trade: in columns of trades, or in the book?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from beaf_analytics.measures.quotes import ASK, BID, CONTINUOUS, MID, accepted
from beaf_analytics.trade.horizons import (
    OF_THE_TABLE,
    milliseconds_of_the_table,
    nanoseconds,
)
from beaf_analytics.trade.options import ImpactMetric
from beaf_analytics.trade.prints import Where
from beaf_analytics.trade.quotes import best, mid, stored
from beaf_core import AsOf, Lookup, UsageError, did_you_mean

BOOK = "l2"

#: Columns of trades that hold a mid, beside those that are worked out of the best quotes.
_STORED = (
    "PostTradeMid",
    *(f"{moment}TradeMid{each}ms" for moment in ("Pre", "Post") for each in OF_THE_TABLE),
)
_PRIMARY = "AtPrimary"
_OF_BEST = ("PreTradeMid", "MidPrice")
REFERENCE_COLUMNS = (
    *_OF_BEST,
    *(f"{each}{_PRIMARY}" for each in _OF_BEST),
    *_STORED,
    *(f"{each}{_PRIMARY}" for each in _STORED),
)


@dataclass(frozen=True, slots=True)
class Mids:
    """The quotes around a print.

    Attributes:
        before: the mid that prevailed.
        bid, ask: the best quotes that prevailed.
        later: the mid a horizon later; None where none is asked for.
        lookups: the columns among them that are looked up.
    """

    before: pl.Expr
    bid: pl.Expr
    ask: pl.Expr
    later: pl.Expr | None = None
    lookups: Mapping[str, Lookup] = field(default_factory=dict)

    def lookups_of(self, value: pl.Expr, where: Where) -> dict[str, Lookup]:
        """Choose what two expressions need."""
        used = set(value.meta.root_names())
        used |= set() if where is None else set(where.meta.root_names())
        return {name: each for name, each in self.lookups.items() if name in used}


def mids_of(metric: ImpactMetric, horizon: str | None) -> Mids:
    """Find the mids that a metric asks for.

    Raises:
        UsageError: its reference is no column of mids.
    """
    if metric.mids == "l2":
        return _of_the_book(metric, horizon)
    place = _PRIMARY if metric.reference_price_col.endswith(_PRIMARY) else ""
    later = None
    if horizon is not None:
        column = f"PostTradeMid{milliseconds_of_the_table(horizon)}ms{place}"
        later = stored(column, metric.quotes)
    return Mids(
        before=_reference(metric),
        bid=best("Bid", place, metric.quotes),
        ask=best("Ask", place, metric.quotes),
        later=later,
    )


def _reference(metric: ImpactMetric) -> pl.Expr:
    column = metric.reference_price_col
    if column not in REFERENCE_COLUMNS:
        raise UsageError(
            f"impact_metrics: reference_price_col {column!r} is no mid of trades"
            + did_you_mean(column, REFERENCE_COLUMNS),
            remedy=f"use any of {', '.join(REFERENCE_COLUMNS)}",
        )
    if column.removesuffix(_PRIMARY) in _OF_BEST:
        return mid(_PRIMARY if column.endswith(_PRIMARY) else "", metric.quotes)
    return stored(column, metric.quotes)


def _of_the_book(metric: ImpactMetric, horizon: str | None) -> Mids:
    """Look up the last quote that counts strictly before the trade, and by the horizon after it."""
    where = accepted(metric.quotes)
    found: dict[str, Lookup] = {
        name: AsOf(BOOK, value, where, strict=True)
        for name, value in {"MidBefore": MID, "BidBefore": BID, "AskBefore": ASK}.items()
    }
    before = pl.col("MidBefore")
    if metric.reference_price_col != "PreTradeMid":
        before = _reference(metric)
    later = None
    if horizon is not None:
        length = nanoseconds(horizon)
        name = f"MidAfter{length}"
        found[name] = AsOf(BOOK, MID, where, horizon=length)
        later = pl.col(name)
        if metric.quotes == "valid" and metric.beyond is None:
            phase = f"ContinuousAfter{length}"
            found[phase] = AsOf(BOOK, pl.col("MarketState") == CONTINUOUS, horizon=length)
            later = pl.when(pl.col(phase)).then(later)
    return Mids(before, pl.col("BidBefore"), pl.col("AskBefore"), later, found)
