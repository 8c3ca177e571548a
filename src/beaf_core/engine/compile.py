"""How do the declared measures of all modules of a pass become queries over its tables?

Per table, aggregations are dealt out to lanes (`lanes.py`). Each lane is one query: a projected
and filtered scan, row expressions computed once however many measures use them, one streaming
`group_by` by listing and bucket. What polars cannot stream has a lane of its own, since one such
aggregation would drag the whole `group_by` into memory; so have states, whose rows must know when
the next one comes, and aggregations over columns that are looked up elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.aggregations import ORDER, TIME, Rows, aggregate, order_key
from beaf_core.engine.bucket import Buckets, nanoseconds
from beaf_core.engine.finite import clean, exposed_columns
from beaf_core.engine.keys import BUCKET, DAY, FIRST_DAY, KEYS, LISTING
from beaf_core.engine.lanes import Lane
from beaf_core.engine.states import NEXT, WEIGHT, StatePlan, with_next_time
from beaf_core.model.module import Measure

if TYPE_CHECKING:
    from datetime import date

    from beaf_core.config.resolved import ResolvedPass


@dataclass(frozen=True, slots=True)
class Clock:
    """Which columns of a table, as it is read, hold the event time and break its ties.

    Attributes:
        time: the event time's column.
        sequence: the column that orders rows of equal time; None where the table has none.
        ordered: whether the rows of a listing are known to stand in that order.
        adjacent: whether the rows of a listing seem to stand together. A hint: where it is wrong,
            states cost twice as much, and nothing else.
    """

    time: str
    sequence: str | None
    ordered: bool = False
    adjacent: bool = False


@dataclass(frozen=True, slots=True)
class TablePlan:
    """What one pass asks of one table.

    Attributes:
        table: the table's name.
        measures: the measures over it; none where others only look up in it.
        rows: module name → the rows that the module looks at; all rows where it is absent.
        modules: measure name → module name.
        looked_up: further columns, which measures over other tables look up, or the timeline reads.
    """

    table: str
    measures: tuple[Measure, ...]
    rows: Mapping[str, pl.Expr] = field(default_factory=dict)
    modules: Mapping[str, str] = field(default_factory=dict)
    looked_up: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The input columns that the measures and row filters need, without keys and time."""
        names = {name for each in self.measures for name in each.columns}
        names |= {name for each in self.rows.values() for name in each.meta.root_names()}
        return tuple(sorted(names | set(self.looked_up)))


def plan_tables(resolved: ResolvedPass) -> tuple[TablePlan, ...]:
    """Group the measures of a pass by the table that they read, and name those looked up in."""
    needed = [each.needs for each in resolved.measures]
    needed += [resolved.grid.needs] if resolved.grid else []
    tables = dict.fromkeys(measure.table for measure in resolved.measures)
    tables |= dict.fromkeys(table for each in needed for table in each)
    return tuple(_plan_table(resolved, table) for table in tables)


def _plan_table(resolved: ResolvedPass, table: str) -> TablePlan:
    measures: list[Measure] = []
    rows: dict[str, pl.Expr] = {}
    modules: dict[str, str] = {}
    for each in resolved.modules:
        own = [measure for measure in each.measures if measure.table == table]
        measures += own
        modules |= {measure.name: each.module.name for measure in own}
        if own and table in each.rows:
            rows[each.module.name] = each.rows[table]
    others = [each.needs for each in resolved.measures if each.table != table]
    others += [resolved.grid.needs] if resolved.grid else []
    looked_up = {name for needs in others for name in needs.get(table, ())}
    return TablePlan(table, tuple(measures), rows, modules, tuple(sorted(looked_up)))


@dataclass(frozen=True, slots=True)
class DayOfTable:
    """The rows of one table on one trade date.

    Attributes:
        day: the trade date.
        frame: the rows, lazily.
        clock: the frame's time and sequence columns.
        listings: the ListingIds wanted; None where the frame holds no others.
        universe: the ListingIds of the universe on that day, in any case.
        others: table → its rows on the same date, for those who look up in it.
    """

    day: date
    frame: pl.LazyFrame
    clock: Clock
    listings: Sequence[int] | None = None
    universe: Sequence[int] = ()
    others: Mapping[str, DayOfTable] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """The buckets of one part of a lane's work, by their labels: `first ≤ label < until`."""

    first: int
    until: int


@dataclass(frozen=True, slots=True)
class Query:
    """One lazy query of a lane.

    Attributes:
        frame: the query: one row per listing and bucket.
        states: how to finish it, where the lane is of states.
        may_tear: whether it may have to run again, should rows of a listing not stand together.
    """

    frame: pl.LazyFrame
    states: StatePlan | None = None
    may_tear: bool = False


def compile_rows(
    lane: Lane,
    days: Sequence[DayOfTable],
    buckets: Buckets,
    *,
    cleaned: bool = False,
    span: Span | None = None,
) -> Query:
    """Compile a lane of row aggregations over some days.

    A bucket is the set of events in its interval, whichever trade dates they come from: markets
    that never close have buckets across midnight, and each has one row.

    Args:
        lane: what to aggregate.
        days: where the rows are, day by day.
        buckets: the pass's buckets.
        cleaned: whether every float column is cleaned, or only those that must be.
        span: only these buckets; None means all.
    """
    alone = len(days) == 1
    ordered = alone and days[0].clock.ordered
    rows = Rows(careful=cleaned)
    aggregations = aggregate(lane.slots, rows, ordered=ordered)
    order = [ORDER] if lane.needs_order and not ordered else []
    frames = []
    for each in days:
        read = _Reading(lane, each, buckets, cleaned, span)
        frame, schema = read.rows(filtered=True)
        day = [] if alone else [pl.lit(each.day).alias(DAY)]
        keys = [pl.col(LISTING).cast(pl.Int64), read.label.alias(BUCKET), *day]
        frames.append(frame.select(*keys, *read.own(order), *rows.expressions(schema)))
    selected = frames[0] if alone else pl.concat(frames, how="vertical_relaxed")
    if not alone:
        aggregations = [pl.col(DAY).min().alias(FIRST_DAY), pl.col(DAY).max(), *aggregations]
    return Query(selected.group_by(*KEYS).agg(*aggregations))


def compile_states(
    lane: Lane,
    each: DayOfTable,
    buckets: Buckets,
    *,
    cleaned: bool = False,
    adjacent: bool = True,
    span: Span | None = None,
) -> Query:
    """Compile a lane of states over one day, across which no state is carried."""
    clock = each.clock
    adjacent = adjacent and clock.adjacent and clock.ordered
    rows = Rows(careful=cleaned)
    plan = StatePlan.of(lane, buckets, rows)
    read = _Reading(lane, each, buckets, cleaned, span)
    frame, schema = read.rows(filtered=False)
    order = [] if clock.ordered else [ORDER]
    kept = [name for name in (*lane.columns, *lane.lookups) if name in schema]
    own = [each.alias(each.meta.output_name()) for each in read.own([TIME, *order])]
    narrow = frame.select(pl.col(LISTING).cast(pl.Int64), *own, *kept)
    timed = with_next_time(narrow, ordered=clock.ordered, adjacent=adjacent)
    selected = timed.select(
        LISTING, TIME, NEXT, buckets.label(pl.col(TIME)).alias(BUCKET), *rows.expressions(schema)
    ).with_columns(plan.weight().alias(WEIGHT))
    return Query(selected.group_by(*KEYS).agg(*plan.aggregations()), plan, adjacent)


@dataclass(frozen=True, slots=True)
class _Reading:
    """How a lane reads one day of its table."""

    lane: Lane
    each: DayOfTable
    buckets: Buckets
    cleaned: bool
    span: Span | None

    @property
    def time(self) -> pl.Expr:
        dtype = self.each.frame.collect_schema()[self.each.clock.time]
        return nanoseconds(self.each.clock.time, dtype)

    @property
    def label(self) -> pl.Expr:
        return self.buckets.label(self.time)

    def own(self, names: Sequence[str]) -> Iterator[pl.Expr]:
        """Render the engine's own columns."""
        sequence = self.each.clock.sequence
        tie_break = None if sequence is None else pl.col(sequence)
        for name in names:
            value = self.time if name == TIME else order_key(self.time, tie_break)
            yield value.alias(name)

    def rows(self, *, filtered: bool) -> tuple[pl.LazyFrame, pl.Schema]:
        """Return the rows of the wanted listings, with what is looked up, and their schema.

        Args:
            filtered: whether rows that no module looks at are left out.
        """
        frame, schema = self.each.frame, self.each.frame.collect_schema()
        if self.each.listings is not None:
            frame = frame.filter(pl.col(LISTING).is_in(list(self.each.listings)))
        if self.span is not None:
            label = self.label
            frame = frame.filter((label >= self.span.first) & (label < self.span.until))
        frame = clean(frame, schema, self._suspects())
        if self.lane.lookups:
            frame = self._looked_up(frame)
            schema = frame.collect_schema()
        if filtered and self.lane.filters is not None:
            frame = frame.filter(pl.any_horizontal(*self.lane.filters))
        return frame, schema

    def _suspects(self) -> Sequence[str]:
        if self.cleaned or self.lane.lookups:
            return self.lane.columns
        asked = [slot.aggregation for slot in self.lane.slots]
        return exposed_columns(asked, self.lane.filters or ())

    def _looked_up(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Attach the columns that are looked up: the place where look-ups plug in."""
        raise NotImplementedError
