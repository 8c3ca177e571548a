"""Which listings, days and pieces of tables does a partition need?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.compiler.keys import LISTING
from beaf_core.engine.planning.reference import SourceReference
from beaf_core.engine.planning.tables import TableOnDay, TableReader, lacking_of
from beaf_core.engine.planning.universe import Universes
from beaf_core.model.dates import DayStatus, days_between, is_weekend
from beaf_core.model.errors import AbsentDayError, DataMissingError, EmptyUniverseError
from beaf_core.model.partition import PartitionRun, UniversePartition
from beaf_core.model.tables import worst_status

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass, ResolvedPipeline
    from beaf_core.engine.planning.earlier import EarlierPass
    from beaf_core.plugins.host import PluginHost


@dataclass(frozen=True, slots=True)
class DayPlan:
    """What one pass needs of one day.

    Attributes:
        day: the trade date.
        status: ready, or why it is left out.
        listings: the universe on that day; empty unless ready.
        tables: the tables to aggregate; empty unless ready.
        absent: where data was looked for in vain.
        lacking: the tables that are missing, each with the columns that need it.
        remark: what a person should hear of the universe on that day.
    """

    day: date
    status: DayStatus
    listings: pl.DataFrame = field(default_factory=pl.DataFrame)
    tables: tuple[TableOnDay, ...] = ()
    absent: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    remark: str = ""

    def only(self, listings: Sequence[int] | None) -> DayPlan:
        """Return the plan for some of its listings; None means all."""
        if listings is None:
            return self
        kept = self.listings.filter(pl.col(LISTING).is_in(list(listings)))
        return replace(self, listings=kept)


@dataclass(frozen=True)
class Preparer:
    """Answers what a partition needs, from metadata alone.

    Attributes:
        host: where plugins are asked.
        pipeline: the checked configuration.
        allow_empty: whether a day without listings is closed, and no fault.
    """

    host: PluginHost
    pipeline: ResolvedPipeline
    allow_empty: bool = False

    @cached_property
    def _tables(self) -> TableReader:
        return TableReader(self.host, self.pipeline)

    @cached_property
    def reference(self) -> SourceReference:
        """The source's reference table, as universes see it."""
        pipeline = self.pipeline
        options = pipeline.config.S3_STORAGE_OPTIONS
        return SourceReference(self.host, pipeline.source, pipeline.source_options, options)

    @cached_property
    def universes(self) -> Universes:
        """What resolves selectors."""
        return Universes(self.host, self.reference, self.pipeline.project, self.allow_empty)

    # -- days ----------------------------------------------------------------------------------

    def days(self, partition: PartitionRun, *, whole_request_is_one_day: bool) -> list[date]:
        """List the days of a partition. A day named by itself is kept even on a weekend."""
        days = days_between(partition.dates.start, partition.dates.end)
        if whole_request_is_one_day or not self.pipeline.config.EXCLUDE_WEEKENDS:
            return days
        return [day for day in days if not is_weekend(day)]

    def day_plan(
        self,
        resolved: ResolvedPass,
        universe: UniversePartition,
        day: date,
        earlier: Mapping[str, EarlierPass] = MappingProxyType({}),
    ) -> DayPlan:
        """Plan one day of a pass.

        Args:
            resolved: the pass.
            universe: the selector.
            day: the trade date.
            earlier: table → the earlier pass that it is, in the partition of the day.

        Raises:
            EmptyUniverseError: the selector names no listing, and is not allowed to.
            DataInvalidError: a column is missing or mistyped.
        """
        try:
            listings = self.listings(universe, day)
        except AbsentDayError as error:
            return DayPlan(day, DayStatus(error.status), absent=(error.message,))
        except EmptyUniverseError as error:
            if not self.allow_empty:
                raise
            return DayPlan(day, DayStatus.CLOSED, remark=error.message)
        tables = self._tables.of_day(resolved, listings, day, earlier)
        status = worst_status(each.read.status for each in tables)
        absent = tuple(path for each in tables for path in each.read.absent)
        there = tuple(each for each in tables if each.read.frame is not None)
        lacking = tuple(lacking_of(resolved, tables))
        if not _suffices(resolved, there):
            there = ()
        remark = self.universes.remark(universe, day)
        return DayPlan(day, status, listings, there, absent, lacking, remark)

    # -- universe ------------------------------------------------------------------------------

    def listings(self, universe: UniversePartition, day: date) -> pl.DataFrame:
        """Resolve a selector on a day.

        Raises:
            EmptyUniverseError: no listing, or a value that nobody knows.
        """
        return self.universes.listings(universe, day)

    def forget_before(self, day: date) -> None:
        """Let go of universes on earlier days."""
        self.universes.forget_before(day)


def _suffices(resolved: ResolvedPass, tables: Sequence[TableOnDay]) -> bool:
    """Say whether a dense pass knows its buckets on a day, and has something to put into them."""
    needed = resolved.grid.needs if resolved.grid else {}
    there = {each.plan.table for each in tables}
    filling = [each for each in tables if each.plan.measures or each.plan.table not in needed]
    return needed.keys() <= there and bool(filling)


def require_ready(plans: Sequence[DayPlan], *, allow_missing: bool) -> None:
    """Refuse a partition of which a day is missing.

    Raises:
        DataMissingError: which days, and where they were looked for.
    """
    missing = [each for each in plans if each.status is DayStatus.MISSING]
    if not missing or allow_missing:
        return
    days = ", ".join(str(each.day) for each in missing[:3])
    more = f" and {len(missing) - 3} more days" if len(missing) > 3 else ""
    looked = "; ".join(dict.fromkeys(path for each in missing[:2] for path in each.absent[:2]))
    lacking = list(dict.fromkeys(text for each in missing for text in each.lacking))
    told = "".join(f"\n  {text}" for text in lacking)
    remedy = "deliver it, or go on without those days with --allow_missing"
    if lacking:
        remedy += "; or leave out the modules, or give them another table with module_inputs"
    raise DataMissingError(
        f"data is missing on {days}{more}: {looked or 'the source has nothing'}{told}",
        remedy=remedy,
    )
