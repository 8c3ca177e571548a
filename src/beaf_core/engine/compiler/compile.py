"""How do the declared measures of all modules of a pass become queries over its tables?

Per table, aggregations are dealt out to lanes (`lanes.py`). Each lane is one query: a projected
and filtered scan, row expressions computed once however many measures use them, one streaming
`group_by` by listing and bucket. What polars cannot stream has a lane of its own, since one such
aggregation would drag the whole `group_by` into memory; so have states, whose rows must know when
the next one comes, and aggregations over columns that are looked up elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.compiler.aggregations import ORDER, TIME, Rows, aggregate, register
from beaf_core.engine.compiler.bucket import Buckets, nanoseconds
from beaf_core.engine.compiler.keys import BUCKET, DAY, FIRST_DAY, KEYS, LISTING
from beaf_core.engine.compiler.lanes import Lane
from beaf_core.engine.compiler.parts import ALL, Part
from beaf_core.engine.compiler.reading import CARELESS, Care, Reading
from beaf_core.engine.primitives.lifetimes import DOUBT, Ids
from beaf_core.engine.primitives.provided import needs_of_pass, providers_of
from beaf_core.engine.primitives.states import NEXT, WEIGHT, StatePlan, with_next_time
from beaf_core.model.membership import is_one_of
from beaf_core.model.module import Measure

if TYPE_CHECKING:
    from datetime import date

    from beaf_core.config.resolved import ResolvedPass


#: How many rows of a bucket an order's lifetime was looked up for.
LIVED = "__lived"


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
        looked_up: further columns, which measures over other tables look up, tables are made of,
            the timeline reads, or a module's `compute`.
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
    """Group the measures of a pass by the table that they read, and name all other tables needed.

    A provided table comes after those that it is made of.
    """
    needed = needs_of_pass(resolved)
    tables = dict.fromkeys(measure.table for measure in resolved.measures)
    tables |= dict.fromkeys(table for each in needed for table in each)
    provided = [name for name in providers_of(resolved) if name in tables]
    order = [*(name for name in tables if name not in provided), *provided]
    return tuple(_plan_table(resolved, table, needed) for table in order)


def _plan_table(
    resolved: ResolvedPass, table: str, needed: Sequence[Mapping[str, tuple[str, ...]]]
) -> TablePlan:
    measures: list[Measure] = []
    rows: dict[str, pl.Expr] = {}
    modules: dict[str, str] = {}
    for each in resolved.modules:
        own = [measure for measure in each.measures if measure.table == table]
        measures += own
        modules |= {measure.name: each.module.name for measure in own}
        if own and table in each.rows:
            rows[each.module.name] = each.rows[table]
    looked_up = {name for needs in needed for name in needs.get(table, ())}
    looked_up -= {name for each in measures for name in each.columns}
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

    @property
    def time(self) -> pl.Expr:
        """A row's time, int64 nanoseconds."""
        return nanoseconds(self.clock.time, self.frame.collect_schema()[self.clock.time])

    def wanted(self) -> pl.LazyFrame:
        """Return the rows of the wanted listings."""
        if self.listings is None:
            return self.frame
        return self.frame.filter(is_one_of(pl.col(LISTING), self.listings))


@dataclass(frozen=True, slots=True)
class Query:
    """One lazy query of a lane.

    Attributes:
        frame: the query: one row per listing and bucket.
        states: how to finish it, where the lane is of states.
        may_tear: whether it may have to run again, should rows of a listing not stand together.
        expected: frames of one number, whose sum is that of `LIVED` if each order begins and ends
            once; only where lifetimes are looked up.
    """

    frame: pl.LazyFrame
    states: StatePlan | None = None
    may_tear: bool = False
    expected: tuple[pl.LazyFrame, ...] = ()


def compile_rows(
    lane: Lane,
    days: Sequence[DayOfTable],
    buckets: Buckets,
    care: Care = CARELESS,
    part: Part = ALL,
) -> Query:
    """Compile a lane of row aggregations over some days.

    A bucket is the set of events in its interval, whichever trade dates they come from: markets
    that never close have buckets across midnight, and each has one row.

    Args:
        lane: what to aggregate.
        days: where the rows are, day by day.
        buckets: the pass's buckets.
        care: what not to count on.
        part: what to take of it.
    """
    alone = len(days) == 1
    ordered = alone and days[0].clock.ordered
    rows = Rows(careful=care.cleaned)
    register(lane.slots, rows)
    order = [ORDER] if lane.needs_order and not ordered else []
    frames = []
    expected: list[pl.LazyFrame] = []
    for each in days:
        read = Reading(lane, each, buckets, care, part)
        frame, schema, number = read.rows(filtered=True)
        expected += [] if number is None else [number]
        doubt = [] if number is None else [pl.col(DOUBT)]
        day = [] if alone else [pl.lit(each.day).alias(DAY)]
        keys = [pl.col(LISTING).cast(pl.Int64), read.label.alias(BUCKET), *day]
        frames.append(frame.select(*keys, *read.own(order), *rows.expressions(schema), *doubt))
    selected = frames[0] if alone else pl.concat(frames, how="vertical_relaxed")
    schema = selected.collect_schema()
    aggregations, after = aggregate(lane.slots, rows, schema, ordered=ordered)
    if not alone:
        aggregations = [pl.col(DAY).min().alias(FIRST_DAY), pl.col(DAY).max(), *aggregations]
    if expected:
        aggregations = [
            *aggregations,
            pl.len().cast(pl.Int64).alias(LIVED),
            pl.col(DOUBT).sum(),
        ]
    aggregated = selected.group_by(*KEYS).agg(*aggregations)
    complete = aggregated.with_columns(after) if after else aggregated
    return Query(complete, expected=tuple(expected))


def compile_states(
    lane: Lane,
    each: DayOfTable,
    buckets: Buckets,
    care: Care = CARELESS,
    part: Part = ALL,
) -> Query:
    """Compile a lane of states over one day, across which no state is carried."""
    clock = each.clock
    # Nobody tells of orders that begin several times: they are looked for at once.
    care = replace(care, ids=Ids.REPEATED)
    adjacent = clock.adjacent and clock.ordered and not care.parted
    rows = Rows(careful=care.cleaned)
    plan = StatePlan.of(lane, buckets, rows)
    read = Reading(lane, each, buckets, care, part)
    frame, schema, _ = read.rows(filtered=False)
    own = list(read.own([TIME, *([] if clock.ordered else [ORDER])]))
    keys = [pl.col(LISTING).cast(pl.Int64), *own]
    needed = [name for name in (*lane.columns, *lane.lookups) if name in schema]
    states = rows.expressions(schema)
    # A window holds the rows of a day: as few columns as possible go through it.
    early = len(states) < len(needed)
    narrow = frame.select(*keys, *(states if early else needed))
    timed = with_next_time(narrow, ordered=clock.ordered, adjacent=adjacent)
    label = buckets.label(pl.col(TIME)).alias(BUCKET)
    names = [each.meta.output_name() for each in states]
    selected = timed.select(LISTING, TIME, NEXT, label, *(names if early else states))
    selected = selected.with_columns(plan.weight().alias(WEIGHT))
    aggregated = selected.group_by(*KEYS).agg(*plan.aggregations(proven=adjacent))
    return Query(aggregated, plan, adjacent)
