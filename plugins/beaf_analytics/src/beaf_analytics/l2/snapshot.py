"""What does the last state of a bucket say?

Only raw columns are taken at the bucket's end: everything else is worked out on the small result,
so that a hundred numbers of the book cost no more than the columns behind them.
"""

from __future__ import annotations

import polars as pl

from beaf_analytics.measures.aggregations import RowValue
from beaf_core import Aggregation, Kind, Measure

#: Whether any state of the book is known at all.
KNOWN = "BookKnown"


def last_state(name: str, value: RowValue) -> Measure:
    """Declare a number of the state at the bucket's end; null where that state does not count."""
    columns = value.value.meta.root_names()
    columns += [] if value.where is None else value.where.meta.root_names()
    known = Aggregation(Kind.STATE_LAST, pl.lit(True))
    taken = {each: Aggregation(Kind.STATE_LAST, pl.col(each)) for each in sorted({*columns})}
    number = value.value
    counts = pl.col(KNOWN) if value.where is None else pl.col(KNOWN) & value.where
    return Measure(
        name=name,
        table=value.table,
        value={KNOWN: known, **taken},
        # Nothing is divided by zero: what is not finite is not a number.
        post=pl.when(counts & number.is_finite()).then(number),
        unit=value.unit,
        doc=f"{value.doc}, at the end of the bucket.",
        formula=f"Last({value.formula})",
        source=value.source,
        reaggregation="last",
    )


def last_market_state() -> Measure:
    """Carry the market state of the last state of the book."""
    return Measure(
        name="MarketState",
        table="l2",
        value=Aggregation(Kind.STATE_LAST, pl.col("MarketState")),
        unit="state",
        doc="Market state at the end of the bucket, as the book tells it.",
        formula="last MarketState",
        reaggregation="last",
    )
