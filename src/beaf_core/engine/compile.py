"""How do the declared measures of all modules of a pass become one aggregation per table?

Per table there is one streaming `group_by` over a projected and filtered scan. Row expressions
are computed once, however many measures use them; equal aggregations are shared; aggregations
that polars cannot stream are compiled apart, since one of them would drag the whole `group_by`
into memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.aggregations import SEQUENCE, TIME, Aggregations, Rows, key_of
from beaf_core.engine.bucket import bucket_label, nanoseconds, width_in_nanoseconds
from beaf_core.model.module import Kind, Measure

if TYPE_CHECKING:
    from datetime import date

    from beaf_core.config.analytics import PassConfig
    from beaf_core.config.resolved import ResolvedPass

LISTING = "ListingId"
BUCKET = "TimeBucket"
KEYS = (LISTING, BUCKET)
#: The last trade date that contributes to a bucket: whose reference data it carries.
DAY = "__day"


@dataclass(frozen=True, slots=True)
class Clock:
    """Which columns of a table, as it is read, hold the event time and break its ties.

    Attributes:
        time: the event time's column.
        sequence: the column that orders rows of equal time; None where the table has none.
        ordered: whether the rows of a listing are known to stand in that order.
    """

    time: str
    sequence: str | None
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class TablePlan:
    """What one pass asks of one table.

    Attributes:
        table: the table's name.
        measures: the measures over it.
        rows: module name → the rows that the module looks at; all rows where it is absent.
        modules: measure name → module name.
    """

    table: str
    measures: tuple[Measure, ...]
    rows: Mapping[str, pl.Expr] = field(default_factory=dict)
    modules: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """The input columns that the measures and row filters need, without keys and time."""
        names = {name for each in self.measures for name in each.columns}
        names |= {name for each in self.rows.values() for name in each.meta.root_names()}
        return tuple(sorted(names))

    @property
    def needs_order(self) -> bool:
        """Whether any measure asks for a first or last row."""
        kinds = {a.kind for each in self.measures for a in each.aggregations.values()}
        return bool(kinds & {Kind.FIRST, Kind.LAST})


def plan_tables(resolved: ResolvedPass) -> tuple[TablePlan, ...]:
    """Group the measures of a pass by the table that they read."""
    tables = dict.fromkeys(measure.table for measure in resolved.measures)
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
    return TablePlan(table, tuple(measures), rows, modules)


@dataclass(frozen=True, slots=True)
class DayOfTable:
    """The rows of one table on one trade date.

    Attributes:
        day: the trade date.
        frame: the rows, lazily.
        clock: the frame's time and sequence columns.
        listings: the ListingIds of the universe on that day.
    """

    day: date
    frame: pl.LazyFrame
    clock: Clock
    listings: Sequence[int]


@dataclass(frozen=True, slots=True)
class CompiledTable:
    """A table's aggregation over the days of a partition, ready to collect.

    Attributes:
        native: the streaming aggregation.
        fallback: aggregations that run in memory, by the same keys; None where there are none.
        inputs: measure name → name in the measure → aggregated column.
    """

    native: pl.LazyFrame
    fallback: pl.LazyFrame | None
    inputs: Mapping[str, Mapping[str, str]]


def compile_table(plan: TablePlan, days: Sequence[DayOfTable], config: PassConfig) -> CompiledTable:
    """Compile one table's measures over some days.

    A bucket is the set of events in its interval, whichever trade dates they come from: markets
    that never close have buckets across midnight, and each has one row.

    Args:
        plan: what is asked.
        days: where the rows are, day by day.
        config: the pass: bucket width, anchor, closed.
    """
    ordered = all(each.clock.ordered for each in days) and len(days) == 1
    tie_break = all(each.clock.sequence for each in days)
    rows = Rows()
    aggregations = Aggregations(rows, ordered=ordered, tie_break=tie_break)
    filters = _module_filters(plan)
    inputs = {
        measure.name: {
            name: aggregations.add(each, filters.get(plan.modules.get(measure.name, "")))
            for name, each in measure.aggregations.items()
        }
        for measure in plan.measures
    }
    order = [] if ordered or not plan.needs_order else [TIME, *([SEQUENCE] if tie_break else [])]
    frames = [_selected(plan, each, config, rows, order) for each in days]
    selected = frames[0] if len(frames) == 1 else pl.concat(frames, how="vertical_relaxed")
    groups = selected.group_by(*KEYS)
    last_day = pl.col(DAY).max()
    return CompiledTable(
        native=groups.agg(last_day, *aggregations.native),
        fallback=groups.agg(*aggregations.fallback) if aggregations.fallback else None,
        inputs=inputs,
    )


def _selected(
    plan: TablePlan, each: DayOfTable, config: PassConfig, rows: Rows, order: Sequence[str]
) -> pl.LazyFrame:
    schema = each.frame.collect_schema()
    time = nanoseconds(each.clock.time, schema[each.clock.time])
    label = bucket_label(
        time,
        width_in_nanoseconds(config.time_bucket_seconds),
        anchor=config.time_bucket_anchor,
        closed=config.time_bucket_closed,
    )
    available = {TIME: time, SEQUENCE: pl.col(each.clock.sequence or each.clock.time)}
    return _filtered(plan, each, schema).select(
        pl.col(LISTING).cast(pl.Int64),
        label.alias(BUCKET),
        pl.lit(each.day).alias(DAY),
        *(available[name].alias(name) for name in order),
        *rows.expressions(schema),
    )


def _filtered(plan: TablePlan, each: DayOfTable, schema: pl.Schema) -> pl.LazyFrame:
    # NaN and infinity are absence: they would poison every sum, and NaN passes as not null and as
    # larger than any price. Cleaned where they enter, so that no measure has to think of them.
    floats = [pl.col(name) for name in plan.columns if schema[name].is_float()]
    clean = each.frame.with_columns(pl.when(column.is_finite()).then(column) for column in floats)
    kept = clean.filter(pl.col(LISTING).is_in(list(each.listings)))
    everything = len(plan.rows) < len(set(plan.modules.values()))
    if everything or not plan.rows:
        return kept
    return kept.filter(pl.any_horizontal(*_distinct(plan.rows.values())))


def _module_filters(plan: TablePlan) -> dict[str, pl.Expr]:
    """Leave out the one filter that the scan applies to all measures already."""
    shared = len(plan.rows) == len(set(plan.modules.values()))
    if shared and len(_distinct(plan.rows.values())) == 1:
        return {}
    return dict(plan.rows)


def _distinct(expressions: Iterable[pl.Expr]) -> list[pl.Expr]:
    return list({key_of(each): each for each in expressions}.values())
