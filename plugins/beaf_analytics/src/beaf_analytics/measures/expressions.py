"""Which small expressions, and which numbers, do measures share?"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

#: Of a second.
NANOSECONDS = 1_000_000_000


def ratio(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """Divide; a zero denominator gives null, never NaN, infinity or a fudge."""
    return pl.when(denominator != 0).then(numerator / denominator)


def both(first: pl.Expr | None, second: pl.Expr | None) -> pl.Expr | None:
    """Join two conditions; None means all rows."""
    if first is None or second is None:
        return second if first is None else first
    return first & second


def in_states(states: Sequence[str] | None) -> pl.Expr | None:
    """Keep the rows in some market states; None means all rows."""
    return None if states is None else pl.col("MarketState").is_in(list(states))


def nanoseconds(column: str) -> pl.Expr:
    """A time, whatever it is stored as, in int64 nanoseconds since the epoch."""
    return pl.col(column).cast(pl.Datetime("ns")).cast(pl.Int64)
