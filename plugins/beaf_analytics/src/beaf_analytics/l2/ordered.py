"""How are rows of the book brought into order, for tables that are made of them?"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from beaf_analytics.l2.values import TABLE
from beaf_analytics.measures.expand import Variants
from beaf_analytics.measures.expressions import nanoseconds

LISTING, TIME, SEQUENCE = "ListingId", "TimestampNanoseconds", "BMLLSequenceNo"
#: A row's time as int64 nanoseconds.
MOMENT = "Moment"


def moment() -> pl.Expr:
    """Render a row's time, whatever unit it is stored in."""
    return nanoseconds(TIME).alias(MOMENT)


def needed(*values: pl.Expr) -> Mapping[str, tuple[str, ...]]:
    """List what a table needs of the book: its order, and the columns of some expressions."""
    roots = {name for each in values for name in each.meta.root_names()}
    return {TABLE: (TIME, SEQUENCE, *sorted(roots))}


def table_name(what: str, metric: Variants, quotes: str) -> str:
    """Name a table by what it holds, and by which quotes count in it."""
    return "_".join([TABLE, what, quotes, *(metric.market_states or ())]).lower()
