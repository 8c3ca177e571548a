"""What does a coarser pass take from a finer one's small result, instead of from the rows?

Measured, CPU seconds: bars of five minutes beside those of one, 4M trades: 0.015 instead of 0.24.
Where one aggregation of eight is left to scan for, 0.17; where one of sixteen over 20M messages is,
0.71 instead of 1.58. So whatever is known is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from beaf_core.engine.compiler.aggregations import Slot, key_of
from beaf_core.engine.compiler.bucket import Buckets
from beaf_core.engine.compiler.keys import BUCKET, DAY, FIRST_DAY, KEYS
from beaf_core.engine.compiler.lanes import How, Lane
from beaf_core.model.module import Kind

#: What the number of a longer bucket is of those of its parts, in their order.
_ROLLED: Mapping[Kind, Callable[[pl.Expr], pl.Expr]] = {
    Kind.SUM: pl.Expr.sum,
    Kind.COUNT: pl.Expr.sum,
    Kind.MIN: pl.Expr.min,
    Kind.MAX: pl.Expr.max,
    Kind.FIRST: lambda value: value.first(ignore_nulls=True),
    Kind.LAST: lambda value: value.last(ignore_nulls=True),
}


@dataclass(frozen=True, slots=True)
class Aggregated:
    """What a lane of an earlier pass came to, over the same rows.

    Attributes:
        lane: the lane.
        buckets: the pass's buckets.
        frame: its result, sorted by listing and bucket.
    """

    lane: Lane
    buckets: Buckets
    frame: pl.DataFrame


@dataclass(frozen=True, slots=True)
class RolledUp:
    """What is known of a lane without a look at its rows.

    Attributes:
        frame: listing, bucket, first and last trade date, and the slots that are known.
        rest: the lane with the slots that are not; None where all are.
    """

    frame: pl.DataFrame
    rest: Lane | None


def roll_up(lane: Lane, buckets: Buckets, earlier: Sequence[Aggregated]) -> RolledUp | None:
    """Roll up what an earlier pass knows of a lane; None where none knows anything."""
    best: RolledUp | None = None
    for each in earlier:
        if _is_finer(each, lane, buckets):
            found = _take(lane, buckets, each)
            if found and (best is None or found.frame.width > best.frame.width):
                best = found
    return best


def _is_finer(each: Aggregated, lane: Lane, buckets: Buckets) -> bool:
    """Whether whole buckets of the one make up each bucket of the other, over the same rows."""
    same_edges = each.buckets.closed == buckets.closed and not buckets.width % each.buckets.width
    plain = each.lane.how is How.PLAIN and lane.how is How.PLAIN
    unaided = not each.lane.lookups and not lane.lookups
    return same_edges and plain and unaided and _rows(each.lane) == _rows(lane)


def _rows(lane: Lane) -> tuple[str, frozenset[bytes] | None]:
    filters = None if lane.filters is None else frozenset(map(key_of, lane.filters))
    return lane.table, filters


def _take(lane: Lane, buckets: Buckets, each: Aggregated) -> RolledUp | None:
    known = {_content(slot): slot.name for slot in each.lane.slots}
    taken: dict[str, pl.Expr] = {}
    for slot in lane.slots:
        column = known.get(_content(slot))
        rolled = column and _rolled(slot.aggregation.kind, column, each.frame.schema[column])
        if isinstance(rolled, pl.Expr):
            taken[slot.name] = rolled
    rest = [slot for slot in lane.slots if slot.name not in taken]
    if not taken:
        return None
    frame = (
        each.frame.with_columns(buckets.around(each.buckets.start(pl.col(BUCKET))).alias(BUCKET))
        # Sorted by the finer bucket, so that first and last are of the first and last one.
        .group_by(*KEYS, maintain_order=True)
        .agg(
            pl.col(FIRST_DAY).min(),
            pl.col(DAY).max(),
            *(rolled.alias(name) for name, rolled in taken.items()),
        )
    )
    return RolledUp(frame, replace(lane, slots=rest) if rest else None)


def _content(slot: Slot) -> tuple[Kind, bytes, bytes]:
    each = slot.aggregation
    return each.kind, key_of(each.of), key_of(each.where)


def _rolled(kind: Kind, column: str, dtype: pl.DataType) -> pl.Expr | None:
    """Render how the numbers of finer buckets become one; None where they cannot, exactly."""
    # Partial sums of four bytes would differ in the seventh digit.
    inexact = kind is Kind.SUM and dtype == pl.Float32
    return _ROLLED[kind](pl.col(column)) if kind in _ROLLED and not inexact else None


def put_together(rolled: RolledUp, scanned: pl.DataFrame) -> pl.DataFrame:
    """Put what was rolled up beside what was scanned; both are of the same rows."""
    known = rolled.frame.drop(FIRST_DAY, DAY)
    return scanned.join(known, on=list(KEYS), how="left", maintain_order="left")
