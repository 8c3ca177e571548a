"""In how many parts, one after another, does a lane run, so that its memory suffices?

Plain aggregations take none to speak of. Rows that have to be held (states in a window, the groups
of a median) are cut at edges of buckets, so that each bucket is of one part; lifetimes, whose two
ends may lie hours apart, by a hash of the order's id, after which the parts are added up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.batches.memory import PER_ROW, STREAM
from beaf_core.engine.compiler.keys import BUCKET
from beaf_core.engine.compiler.lanes import How, Lane
from beaf_core.engine.compiler.merge import unmergeable
from beaf_core.engine.primitives.lifetimes import Share, can_be_shared
from beaf_core.model.errors import ResourceError
from beaf_core.model.module import Kind
from beaf_core.model.primitives import Lifetime

if TYPE_CHECKING:
    from beaf_core.engine.compiler.bucket import Buckets
    from beaf_core.engine.compiler.compile import DayOfTable
    from beaf_core.engine.work import Batch


@dataclass(frozen=True, slots=True)
class Span:
    """Some of the buckets, by their labels in nanoseconds: `first ≤ label < until`."""

    first: int
    until: int


@dataclass(frozen=True, slots=True)
class Part:
    """What one query of a lane takes.

    Attributes:
        span: only the rows of these buckets; None means all.
        share: only the orders of this share; None means all.
    """

    span: Span | None = None
    share: Share | None = None


#: Everything in one query.
ALL = Part()


def parts_of(
    lane: Lane,
    days: Sequence[DayOfTable],
    buckets: Buckets,
    batch: Batch,
    inputs: Mapping[str, Mapping[str, str]],
) -> list[Part]:
    """Cut a lane's work over some days into parts that fit the batch's budget.

    Args:
        lane: the lane.
        days: its table's rows.
        buckets: the pass's buckets.
        batch: how many rows the table has, and how many bytes there are.
        inputs: measure name → name in the measure → aggregated column, for messages.

    Raises:
        ResourceError: a measure over lifetimes needs all orders at once, and they are too many.
    """
    per_row = bytes_per_row(lane)
    if batch.budget is None or not per_row:
        return [ALL]
    available = max(batch.budget - STREAM, batch.budget // 4)
    known = batch.rows.get(lane.table)
    if known is not None and known * per_row <= available:
        return [ALL]
    counted = _rows_by_bucket(days, buckets)
    number = -(-int(counted["len"].sum()) * per_row // available)
    if number <= 1 or counted[BUCKET].null_count():
        return [ALL]  # rows without a time are refused where they are aggregated
    lives = {n: each for n, each in lane.lookups.items() if isinstance(each, Lifetime)}
    if not lives:
        return [Part(span=span) for span in _spans(counted, number)]
    refused = unmergeable(lane)
    if refused or not can_be_shared(lives):
        names = {m for m, slots in inputs.items() if not refused or refused & set(slots.values())}
        raise ResourceError(
            f"the lifetimes of orders in {lane.table} take {number} times the memory that there "
            f"is, and {', '.join(sorted(names))} cannot be computed from parts of the orders",
            remedy="raise MEMORY_PER_WORKER, or leave the measure out",
        )
    return [Part(share=Share(each, number)) for each in range(number)]


def bytes_per_row(lane: Lane) -> int:
    """Say what each row of a lane's table takes while the lane runs, beyond the scan."""
    taken = {How.STATES: PER_ROW["states"], How.FALLBACK: PER_ROW["fallback"], How.PLAIN: 0}
    found = taken[lane.how]
    if any(isinstance(each, Lifetime) for each in lane.lookups.values()):
        found += PER_ROW["lifetimes"]
    if any(slot.aggregation.kind is Kind.DISTINCT for slot in lane.slots):
        found += PER_ROW["distinct"]
    return found


def _rows_by_bucket(days: Sequence[DayOfTable], buckets: Buckets) -> pl.DataFrame:
    """Count the rows of each bucket: one column is read, and little is held."""
    labels = []
    for each in days:
        label = buckets.label(each.time).alias(BUCKET)
        labels.append(each.wanted().select(label).group_by(BUCKET).len())
    counted = pl.concat(labels).group_by(BUCKET).agg(pl.col("len").sum())
    return counted.sort(BUCKET).collect(engine="streaming")


def _spans(counted: pl.DataFrame, number: int) -> list[Span]:
    """Cut buckets into spans of about equal numbers of rows, as many as there can be."""
    share = -(-int(counted["len"].sum()) // number)
    place = (pl.col("len").cum_sum() - pl.col("len")) // share
    firsts = counted.group_by(place.alias("place"), maintain_order=True).agg(pl.col(BUCKET).first())
    edges = [*firsts[BUCKET].to_list(), counted[BUCKET][-1] + 1]
    return [Span(first, until) for first, until in pairwise(edges)]
