"""How do the days of a partition become the rows of one pass?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.compiler.bucket import Buckets
from beaf_core.engine.compiler.combine import carry_reference, join_tables, sort_output
from beaf_core.engine.compiler.compile import Clock, DayOfTable, TablePlan
from beaf_core.engine.compiler.execute import TableResult, run_table
from beaf_core.engine.compiler.keys import LISTING
from beaf_core.engine.compiler.rollup import Aggregated
from beaf_core.engine.primitives.computed import run_computed, run_with_own_keys
from beaf_core.engine.primitives.timeline import grid_keys, on_timeline
from beaf_core.engine.unreadable import UNREADABLE
from beaf_core.engine.work import WHOLE, Batch, PassWork
from beaf_core.model.errors import DataInvalidError, PartitionFailedError
from beaf_core.model.tables import TABLES

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass
    from beaf_core.engine.planning.prepare import DayPlan
    from beaf_core.engine.planning.tables import TableOnDay
    from beaf_core.model.tables import TableRead

#: What polars raises for an expression that cannot be, as opposed to data that cannot be read.
_WRONG_DECLARATION = (
    pl.exceptions.ColumnNotFoundError,
    pl.exceptions.DuplicateError,
    pl.exceptions.InvalidOperationError,
    pl.exceptions.SchemaError,
    pl.exceptions.SchemaFieldNotFoundError,
    pl.exceptions.ShapeError,
)


def compute(work: Sequence[PassWork], batch: Batch = WHOLE) -> list[pl.DataFrame]:
    """Compute passes over the days of a partition, for the listings of a batch.

    The passes share a partition, and none reads another.

    Returns:
        One frame per pass, in their order.

    Raises:
        DataInvalidError: the data of a day cannot be read.
    """
    found: dict[int, pl.DataFrame] = {}
    known: list[tuple[TableOfPass, TableResult]] = []
    # The finest first, for what the coarser ones can take from it.
    for place, each in sorted(enumerate(work), key=lambda each: _width(each[1])):
        found[place] = _compute_pass(each.resolved, each.plans, batch, known)
    return [found[place] for place in range(len(work))]


def _width(work: PassWork) -> float:
    return work.resolved.config.time_bucket_seconds


def _compute_pass(
    resolved: ResolvedPass,
    plans: Sequence[DayPlan],
    batch: Batch,
    known: list[tuple[TableOfPass, TableResult]],
) -> pl.DataFrame:
    plans = [plan.only(batch.listings) for plan in plans]
    if resolved.own_keys is not None:
        return sort_output(resolved, run_with_own_keys(resolved, plans))
    tables = []
    for each in tables_of(plans, batch):
        earlier = [lane for table, done in known if table.is_like(each) for lane in done.lanes]
        tables.append(_compute_table(resolved, each, batch, earlier))
        known.append((each, tables[-1]))
    universes = {plan.day: plan.listings for plan in plans}
    grid = grid_keys(resolved, plans)
    computed = run_computed(resolved, plans)
    joined = join_tables(resolved.measures, tables, list(universes), grid, computed)
    joined = on_timeline(resolved, plans, joined, grid)
    return sort_output(resolved, carry_reference(joined, universes))


@dataclass(frozen=True, slots=True)
class TableOfPass:
    """One table that a pass aggregates.

    Attributes:
        plan: what is asked of it.
        days: where its rows are, day by day.
        reads: what the source said of each.
    """

    plan: TablePlan
    days: Sequence[DayOfTable]
    reads: Sequence[TableRead]

    def is_like(self, other: TableOfPass) -> bool:
        """Whether both have the same rows: input tables, of the same pieces and listings.

        A table that a module provides may be another one in another pass.
        """
        return (
            self.plan.table == other.plan.table
            and self.plan.table in TABLES
            and all(read.parts for read in self.reads)
            and [read.parts for read in self.reads] == [read.parts for read in other.reads]
            and [_wanted(each) for each in self.days] == [_wanted(each) for each in other.days]
        )


def _wanted(each: DayOfTable) -> tuple[object, ...]:
    return each.day, each.clock, each.listings, each.universe


def tables_of(plans: Sequence[DayPlan], batch: Batch = WHOLE) -> list[TableOfPass]:
    """List the tables that measures are declared over, without those only looked up in."""
    found: dict[str, list[tuple[DayPlan, TableOnDay]]] = {}
    for plan in plans:
        for table in plan.tables:
            if any(each.value is not None for each in table.plan.measures):
                found.setdefault(table.plan.table, []).append((plan, table))
    return [
        TableOfPass(
            days[0][1].plan,
            [_day_of_table(plan, table, batch) for plan, table in days],
            [table.read for _, table in days],
        )
        for days in found.values()
    ]


def _compute_table(
    resolved: ResolvedPass, table: TableOfPass, batch: Batch, earlier: Sequence[Aggregated]
) -> TableResult:
    name = table.plan.table
    try:
        return run_table(table.plan, table.days, Buckets.of(resolved.config), batch, earlier)
    except _WRONG_DECLARATION as error:
        names = ", ".join(measure.name for measure in table.plan.measures[:5])
        raise PartitionFailedError(
            f"the measures over {name} cannot be computed ({names}): {error}",
            remedy="mend the declaration of the measure, or the module that makes it",
        ) from error
    except UNREADABLE as error:
        where = _culprit(table.days, table.reads)
        raise DataInvalidError(
            f"{name} cannot be read ({where}): {error}",
            remedy="check the file, and deliver it again",
        ) from error


def _day_of_table(plan: DayPlan, table: TableOnDay, batch: Batch) -> DayOfTable:
    universe = plan.listings[LISTING].to_list()
    # The source has left out what is not of the universe; a batch is narrower.
    wanted = None if batch.listings is None else universe
    found = {
        each.plan.table: DayOfTable(plan.day, each.rows, _clock(each), wanted, universe)
        for each in plan.tables
    }
    return replace(found[table.plan.table], others=found)


def _clock(table: TableOnDay) -> Clock:
    """Add what row groups hint at: whether the rows of each listing stand together."""
    groups = [list(part.row_groups or ()) for part in table.read.parts]
    known = all(groups) and any(len(each) > 1 for each in groups)
    ascending = all(a[2] <= b[1] for each in groups for a, b in pairwise(each))
    return replace(table.clock, adjacent=known and ascending)


def _culprit(days: Sequence[DayOfTable], reads: Sequence[TableRead]) -> str:
    """Find the first day that cannot be read by itself, once something has failed already."""
    for each, read in zip(days, reads, strict=True):
        try:
            each.frame.sink_batches(lambda _batch: None, engine="streaming")
        except UNREADABLE:
            return f"on {each.day}, in " + ", ".join(part.location for part in read.parts[:3])
    return "over all days together"
