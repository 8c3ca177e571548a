"""How do the queries of a table become small tables: at first hopefully, then carefully?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from beaf_core.engine.compiler.bucket import Buckets
from beaf_core.engine.compiler.compile import (
    LIVED,
    DayOfTable,
    Query,
    TablePlan,
    compile_rows,
    compile_states,
)
from beaf_core.engine.compiler.finite import is_suspicious
from beaf_core.engine.compiler.keys import BUCKET, DAY, FIRST_DAY, KEYS, LISTING
from beaf_core.engine.compiler.lanes import How, Lane, split_lanes
from beaf_core.engine.compiler.merge import merge_parts, mergeable
from beaf_core.engine.compiler.order import in_order
from beaf_core.engine.compiler.parts import parts_of
from beaf_core.engine.compiler.reading import CARELESS, Care
from beaf_core.engine.compiler.rollup import Aggregated, put_together, roll_up
from beaf_core.engine.primitives.lifetimes import DOUBT, Ids
from beaf_core.engine.primitives.states import SEEN, StatePlan, is_torn
from beaf_core.engine.work import WHOLE, Batch
from beaf_core.model.errors import DataInvalidError


@dataclass(frozen=True, slots=True)
class TableResult:
    """What the lanes of one table came to.

    Attributes:
        plan: what was asked of the table.
        inputs: measure name → name in the measure → aggregated column.
        rows: results of aggregations of rows, by listing and bucket, with the bucket's first and
            last trade date.
        states: results of aggregations of states, by listing, bucket and trade date, each with
            what finishes it.
        lanes: the lanes behind `rows`, for coarser passes over the same table.
    """

    plan: TablePlan
    inputs: Mapping[str, Mapping[str, str]]
    rows: Sequence[pl.DataFrame]
    states: Sequence[tuple[StatePlan, pl.DataFrame]]
    lanes: Sequence[Aggregated] = ()


def run_table(
    plan: TablePlan,
    days: Sequence[DayOfTable],
    buckets: Buckets,
    batch: Batch = WHOLE,
    earlier: Sequence[Aggregated] = (),
) -> TableResult:
    """Run the lanes of a table one after another: their memory is not needed at once.

    Args:
        plan: what is asked of the table.
        days: its rows.
        buckets: the pass's buckets.
        batch: how many rows it has, and what may be taken for them.
        earlier: what earlier passes came to over the same rows.
    """
    split = split_lanes(plan)
    run = _Run(days, buckets, batch, split.inputs, earlier)
    of_states = [lane for lane in split.lanes if lane.how is How.STATES]
    of_rows = [lane for lane in split.lanes if lane.how is not How.STATES]
    rows = [run.rows(lane) for lane in of_rows]
    states = [run.states(lane) for lane in of_states]
    lanes = [Aggregated(lane, buckets, frame) for lane, frame in zip(of_rows, rows, strict=True)]
    return TableResult(plan, split.inputs, rows, states, lanes)


@dataclass(frozen=True, slots=True)
class _Run:
    """One table's days, and what its lanes may take."""

    days: Sequence[DayOfTable]
    buckets: Buckets
    batch: Batch
    inputs: Mapping[str, Mapping[str, str]]
    earlier: Sequence[Aggregated]

    def rows(self, lane: Lane) -> pl.DataFrame:
        """Aggregate rows, unless a finer pass has done so."""
        known = roll_up(lane, self.buckets, self.earlier)
        if known is None:
            return self.scan(lane)
        return put_together(known, self.scan(known.rest)) if known.rest else known.frame

    def scan(self, lane: Lane) -> pl.DataFrame:
        """Aggregate rows over all days at once, since a bucket may be of two of them."""
        parts = parts_of(lane, self.days, self.buckets, self.batch, self.inputs)
        shared = any(part.share is not None for part in parts)
        run = mergeable(lane) if shared else lane
        pieces = [partial(compile_rows, run, self.days, self.buckets, part=p) for p in parts]
        _, found = _run_pieces(lane, pieces, self.buckets.width)
        result = merge_parts(lane, found) if shared else _stacked(found, KEYS)
        if len(self.days) > 1:
            return result
        day = pl.lit(self.days[0].day)
        return result.with_columns(day.alias(FIRST_DAY), day.alias(DAY))

    def states(self, lane: Lane) -> tuple[StatePlan, pl.DataFrame]:
        """Aggregate states day by day: none is carried across."""
        pieces = [
            (each.day, partial(compile_states, lane, each, self.buckets, part=part))
            for each in self.days
            for part in parts_of(lane, [each], self.buckets, self.batch, self.inputs)
        ]
        query, found = _run_pieces(lane, [piece for _, piece in pieces], self.buckets.width)
        assert query.states is not None
        events = [
            frame.with_columns(pl.lit(day).alias(DAY))
            for (day, _), frame in zip(pieces, found, strict=True)
        ]
        return query.states, _stacked(events, (*KEYS, DAY))


def _stacked(frames: Sequence[pl.DataFrame], keys: Sequence[str]) -> pl.DataFrame:
    if len(frames) == 1:
        return frames[0]
    return pl.concat(frames, how="vertical_relaxed").sort(*keys)


def _run_pieces(
    lane: Lane, pieces: Sequence[Callable[..., Query]], width: int
) -> tuple[Query, list[pl.DataFrame]]:
    """Run the queries of a lane, all of them with the care that the least tidy one needs."""
    care = CARELESS
    while True:
        found: list[pl.DataFrame] = []
        for compiled in pieces:
            query = compiled(care=care)
            result, ids = _collect(lane, query, width)
            needed = Care(
                cleaned=care.cleaned or is_suspicious(result),
                parted=care.parted or (query.may_tear and is_torn(result)),
                ids=max(care.ids, ids),
            )
            if needed != care:
                care = needed
                break
            found.append(result)
        else:
            return query, found


def _collect(lane: Lane, query: Query, width: int) -> tuple[pl.DataFrame, Ids]:
    """Run a query; say also what it may count on of the ids of orders."""
    frame = query.frame.collect(engine="streaming")
    if frame[BUCKET].null_count():
        timeless = frame.filter(pl.col(BUCKET).is_null())
        raise DataInvalidError(
            f"{lane.table} has rows without an event time, for listing {timeless[LISTING][0]}",
            remedy="repair the file: every row needs its time",
        )
    ids = _ids(frame, query) if query.expected else Ids.NUMBERS
    # In one order throughout, small results are put side by side without a join.
    return in_order(frame.drop(LIVED, DOUBT, strict=False), width), ids


def _ids(frame: pl.DataFrame, query: Query) -> Ids:
    expected = pl.concat(query.expected).sum().collect(engine="streaming").item()
    if frame[LIVED].sum() != expected:
        return Ids.REPEATED
    return Ids.TEXTS if frame[DOUBT].sum() else Ids.NUMBERS


def event_keys(result: TableResult) -> list[pl.DataFrame]:
    """List the listings and buckets in which something happens, with first and last trade date."""
    columns = [*KEYS, FIRST_DAY, DAY]
    found = [each.select(columns) for each in result.rows]
    for _, events in result.states:
        seen = events.filter(SEEN) if SEEN in events.columns else events
        found.append(seen.select(*KEYS, pl.col(DAY).alias(FIRST_DAY), DAY))
    return found


def merge_keys(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Put sorted keys together: each listing and bucket once, sorted."""
    first, *others = frames
    if first[DAY].n_unique() < 2 and all(each.equals(first) for each in others):
        return first
    keys = pl.concat(frames)
    days = [pl.col(FIRST_DAY).min(), pl.col(DAY).max()]
    return keys.group_by(*KEYS).agg(*days).sort(*KEYS)
