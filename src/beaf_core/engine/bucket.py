"""Which interval does an event belong to? Integer nanoseconds throughout."""

from __future__ import annotations

from typing import Literal

import polars as pl

NANOSECONDS = 1_000_000_000


def width_in_nanoseconds(seconds: float) -> int:
    """Return the bucket width as whole nanoseconds."""
    return round(seconds * NANOSECONDS)


def nanoseconds(column: str, dtype: pl.DataType) -> pl.Expr:
    """Read an event time as int64 nanoseconds since the epoch.

    `Datetime + duration` would silently fall back to microseconds; integers cannot.
    """
    if dtype.is_integer():
        return pl.col(column).cast(pl.Int64)
    return pl.col(column).cast(pl.Datetime("ns")).to_physical()


def bucket_label(
    time: pl.Expr,
    width: int,
    *,
    anchor: Literal["end", "start"] = "end",
    closed: Literal["right", "left"] = "right",
) -> pl.Expr:
    """Label each event with its bucket, as int64 nanoseconds.

    Buckets are whole multiples of the width from the epoch: `(start, end]` when closed right,
    `[start, end)` when closed left.

    Args:
        time: event times in nanoseconds.
        width: in nanoseconds.
        anchor: whether the label is the bucket's end or its start.
        closed: which edge lies inside.
    """
    start = (time if closed == "left" else time - 1) // width * width
    return start + width if anchor == "end" else start
