"""How do the rows of a lane get the columns that are looked up for them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.compiler.aggregations import SEQUENCE, TIME
from beaf_core.engine.compiler.bucket import nanoseconds
from beaf_core.engine.compiler.finite import clean
from beaf_core.engine.primitives.asof import States, attach_asof
from beaf_core.engine.primitives.lifetimes import (
    Ids,
    Share,
    attach_lifetimes,
    rows_with_lifetimes,
)
from beaf_core.model.primitives import AsOf, Lifetime

if TYPE_CHECKING:
    from beaf_core.engine.compiler.compile import Clock, DayOfTable
    from beaf_core.engine.compiler.lanes import Lane


@dataclass(frozen=True, slots=True)
class LookedUp:
    """Rows with the columns that are looked up for them.

    Attributes:
        frame: the rows. Those of a listing keep their order where the lane needs it.
        expected: where lifetimes are attached, a frame of one number: how many rows there are.
    """

    frame: pl.LazyFrame
    expected: pl.LazyFrame | None = None


def look_up(
    rows: pl.LazyFrame,
    each: DayOfTable,
    lane: Lane,
    wanted: Sequence[pl.Expr],
    *,
    keep_order: bool,
    ids: Ids,
    share: Share | None = None,
) -> LookedUp:
    """Attach to the rows of one trade date what the lane looks up.

    Args:
        rows: the rows of the wanted listings.
        each: the day that they are of, and the tables that are looked up in.
        lane: what is looked up.
        wanted: conditions on the rows that are asked for. Orders begin and end on any row.
        keep_order: whether the rows of a listing are to stay in their order.
        ids: what is counted on of the ids of orders.
        share: only the orders of this share; None means all.
    """
    frame = _timed(rows, each.clock)
    lives = {name: x for name, x in lane.lookups.items() if isinstance(x, Lifetime)}
    if not lives:
        return LookedUp(_with_states(frame.filter(*wanted), each, lane))
    ends = [rows_with_lifetimes(lives.values())] if lane.sparse else []
    found = attach_lifetimes(
        frame,
        lives,
        only=[*wanted, *ends],
        ordered=each.clock.ordered,
        keep_order=keep_order,
        ids=ids,
        share=share,
    )
    return LookedUp(_with_states(found.rows, each, lane), found.expected)


def _with_states(rows: pl.LazyFrame, each: DayOfTable, lane: Lane) -> pl.LazyFrame:
    asked = {name: x for name, x in lane.lookups.items() if isinstance(x, AsOf)}
    there = {name: x for name, x in asked.items() if x.table in each.others}
    states = {x.table: _states(x.table, each, there) for x in there.values()}
    found = attach_asof(rows, there, states, each.universe, each.day)
    # In a table that is allowed to be missing nothing is found.
    return found.with_columns(pl.lit(None).alias(name) for name in asked.keys() - there.keys())


def _states(table: str, each: DayOfTable, lookups: dict[str, AsOf]) -> States:
    other = each.others[table]
    asked = [x for x in lookups.values() if x.table == table]
    columns = {name for x in asked for name in _roots(x)}
    cleaned = clean(other.frame, other.frame.collect_schema(), sorted(columns))
    return States(_timed(cleaned, other.clock), other.clock.ordered)


def _roots(lookup: AsOf) -> set[str]:
    where = () if lookup.where is None else lookup.where.meta.root_names()
    return {*lookup.value.meta.root_names(), *where}


def _timed(rows: pl.LazyFrame, clock: Clock) -> pl.LazyFrame:
    """Add the internal columns of time and sequence."""
    time = nanoseconds(clock.time, rows.collect_schema()[clock.time]).alias(TIME)
    sequence = [] if clock.sequence is None else [pl.col(clock.sequence).alias(SEQUENCE)]
    return rows.with_columns(time, *sequence)
