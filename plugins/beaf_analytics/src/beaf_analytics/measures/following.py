"""Which rows follow upon which, within a short time?"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

#: The times of the rows that come first and of those that follow, int64 nanoseconds.
FIRST, THEN = "__first", "__then"

_SLOT = "__slot"


def followed(
    first: pl.LazyFrame, then: pl.LazyFrame, on: Sequence[str], tolerance: int
) -> pl.LazyFrame:
    """Pair rows with those that follow at the same time or up to `tolerance` nanoseconds later.

    A join on slots of time, in which a row is sought in its own and in the next one: it streams,
    as a join by ranges of time does not, and makes no more pairs than twice those that fit.

    Args:
        first: the rows that come first, with their time in `FIRST`.
        then: the rows that may follow, with their time in `THEN`.
        on: the columns in which both agree; null agrees with nothing.
        tolerance: the longest time between them, itself included.
    """
    width = max(tolerance, 1)
    # Not two frames put together: polars would make each of them from the files.
    sought = first.join(pl.LazyFrame({_SLOT: [0, 1]}), how="cross").with_columns(
        (pl.col(FIRST) // width + pl.col(_SLOT)).alias(_SLOT)
    )
    pairs = sought.join(
        then.with_columns((pl.col(THEN) // width).alias(_SLOT)), on=[*on, _SLOT], how="inner"
    )
    return pairs.filter((pl.col(THEN) - pl.col(FIRST)).is_between(0, tolerance)).drop(_SLOT)
