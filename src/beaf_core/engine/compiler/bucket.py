"""Which interval does an event belong to? Integer nanoseconds throughout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

if TYPE_CHECKING:
    from beaf_core.config.analytics import PassConfig

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


#: Nanoseconds of a tick of the units that polars stores times in.
_TICK = {"ns": 1, "us": 1_000, "ms": 1_000_000}


def in_range(column: str, dtype: pl.DataType, low: int, high: int) -> pl.Expr:
    """Say whether an event time lies in `[low, high)`, in nanoseconds since the epoch.

    On the column as it is stored, so that a scan skips row groups: six slices of 20 million rows
    sorted by time take 0.6 s of CPU, and 2.3 where their buckets are computed first.
    """
    if not isinstance(dtype, pl.Datetime):
        return nanoseconds(column, dtype).is_between(low, high, closed="left")
    tick = _TICK[dtype.time_unit]
    # The first tick that is not before an edge.
    first, until = (pl.lit(-(-edge // tick), dtype=dtype) for edge in (low, high))
    return pl.col(column).is_between(first, until, closed="left")


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


@dataclass(frozen=True, slots=True)
class Buckets:
    """The buckets of a pass: whole multiples of a width from the epoch.

    Attributes:
        width: in nanoseconds.
        anchor: whether a bucket's label is its end or its start.
        closed: which edge lies inside.
    """

    width: int
    anchor: Literal["end", "start"] = "end"
    closed: Literal["right", "left"] = "right"

    @classmethod
    def of(cls, config: PassConfig) -> Buckets:
        """Read them from a pass."""
        return cls(
            width_in_nanoseconds(config.time_bucket_seconds),
            config.time_bucket_anchor,
            config.time_bucket_closed,
        )

    def label(self, time: pl.Expr) -> pl.Expr:
        """Label each event with its bucket."""
        return bucket_label(time, self.width, anchor=self.anchor, closed=self.closed)

    def span(self, first: int, until: int) -> tuple[int, int]:
        """Return the times `[low, high)` of the buckets whose labels are `first ≤ label < until`.

        Args:
            first: a bucket's label.
            until: any number of nanoseconds.
        """
        offset = self.width if self.anchor == "end" else 0
        inside = int(self.closed == "right")
        low = first - offset
        high = -(-(until - offset) // self.width) * self.width
        return low + inside, high + inside

    def around(self, start: pl.Expr) -> pl.Expr:
        """Label the bucket that a finer one lies in, by the finer one's lower edge."""
        own = start // self.width * self.width
        return own + self.width if self.anchor == "end" else own

    def start(self, label: pl.Expr) -> pl.Expr:
        """Return a bucket's lower edge."""
        return label - self.width if self.anchor == "end" else label

    def end(self, label: pl.Expr) -> pl.Expr:
        """Return a bucket's upper edge."""
        return label if self.anchor == "end" else label + self.width

    def contains(self, label: pl.Expr, time: pl.Expr) -> pl.Expr:
        """Say whether a time that is not before the bucket lies in it."""
        end = self.end(label)
        return time <= end if self.closed == "right" else time < end
