"""How do the days of a partition become the rows of one pass?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.bucket import Buckets
from beaf_core.engine.combine import carry_reference, join_tables, sort_output
from beaf_core.engine.compile import Clock, DayOfTable, TablePlan
from beaf_core.engine.execute import TableResult, run_table
from beaf_core.engine.keys import LISTING
from beaf_core.engine.timeline import grid_keys, on_timeline
from beaf_core.engine.work import WHOLE, Batch, PassWork
from beaf_core.model.errors import DataInvalidError, PartitionFailedError

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass
    from beaf_core.engine.prepare import DayPlan, TableOnDay
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
    return [_compute_pass(each.resolved, each.plans, batch) for each in work]


def _compute_pass(resolved: ResolvedPass, plans: Sequence[DayPlan], batch: Batch) -> pl.DataFrame:
    plans = [plan.only(batch.listings) for plan in plans]
    tables = [_compute_table(resolved, each, batch) for each in tables_of(plans, batch)]
    universes = {plan.day: plan.listings for plan in plans}
    grid = grid_keys(resolved, plans)
    joined = join_tables(resolved.measures, tables, list(universes), grid)
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


def tables_of(plans: Sequence[DayPlan], batch: Batch = WHOLE) -> list[TableOfPass]:
    """List the tables that measures are declared over, without those only looked up in."""
    found: dict[str, list[tuple[DayPlan, TableOnDay]]] = {}
    for plan in plans:
        for table in plan.tables:
            if table.plan.measures:
                found.setdefault(table.plan.table, []).append((plan, table))
    return [
        TableOfPass(
            days[0][1].plan,
            [_day_of_table(plan, table, batch) for plan, table in days],
            [table.read for _, table in days],
        )
        for days in found.values()
    ]


def _compute_table(resolved: ResolvedPass, table: TableOfPass, batch: Batch) -> TableResult:
    name = table.plan.table
    try:
        return run_table(table.plan, table.days, Buckets.of(resolved.config), batch)
    except _WRONG_DECLARATION as error:
        names = ", ".join(measure.name for measure in table.plan.measures[:5])
        raise PartitionFailedError(
            f"the measures over {name} cannot be computed ({names}): {error}",
            remedy="mend the declaration of the measure, or the module that makes it",
        ) from error
    except (pl.exceptions.PolarsError, OSError) as error:
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
        except (pl.exceptions.PolarsError, OSError):
            return f"on {each.day}, in " + ", ".join(part.location for part in read.parts[:3])
    return "over all days together"
