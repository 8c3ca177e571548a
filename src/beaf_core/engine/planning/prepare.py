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
from beaf_core.model.dates import DayStatus, days_between, is_weekend
from beaf_core.model.errors import (
    AbsentDayError,
    BeafError,
    DataMissingError,
    EmptyUniverseError,
)
from beaf_core.model.partition import PartitionRun, UniversePartition
from beaf_core.model.tables import worst_status
from beaf_core.plugins.errors import did_you_mean
from beaf_core.plugins.inline import DEFAULT_UNIVERSE

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
    """

    day: date
    status: DayStatus
    listings: pl.DataFrame = field(default_factory=pl.DataFrame)
    tables: tuple[TableOnDay, ...] = ()
    absent: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()

    def only(self, listings: Sequence[int] | None) -> DayPlan:
        """Return the plan for some of its listings; None means all."""
        if listings is None:
            return self
        kept = self.listings.filter(pl.col(LISTING).is_in(list(listings)))
        return replace(self, listings=kept)


@dataclass(frozen=True)
class Preparer:
    """Answers what a partition needs, from metadata alone."""

    host: PluginHost
    pipeline: ResolvedPipeline
    # A universe is the same for every pass, and costs a read of the reference table.
    _universes: dict[tuple[str, date], pl.DataFrame] = field(default_factory=dict)

    @cached_property
    def _tables(self) -> TableReader:
        return TableReader(self.host, self.pipeline)

    @cached_property
    def reference(self) -> SourceReference:
        """The source's reference table, as universes see it."""
        source = self.pipeline.require_source()
        options = self.pipeline.config.S3_STORAGE_OPTIONS
        return SourceReference(self.host, source, self.pipeline.source_options, options)

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
            EmptyUniverseError: the selector names no listing.
            DataInvalidError: a column is missing or mistyped.
        """
        try:
            listings = self.listings(universe, day)
        except AbsentDayError as error:
            return DayPlan(day, DayStatus(error.status), absent=(error.message,))
        tables = self._tables.of_day(resolved, listings, day, earlier)
        status = worst_status(each.read.status for each in tables)
        absent = tuple(path for each in tables for path in each.read.absent)
        there = tuple(each for each in tables if each.read.frame is not None)
        lacking = tuple(lacking_of(resolved, tables))
        if not _suffices(resolved, there):
            there = ()
        return DayPlan(day, status, listings, there, absent, lacking)

    # -- universe ------------------------------------------------------------------------------

    def listings(self, universe: UniversePartition, day: date) -> pl.DataFrame:
        """Resolve a selector on a day: the listings that all its parts share.

        Raises:
            EmptyUniverseError: none.
        """
        key = (universe.spec, day)
        if key not in self._universes:
            self._universes[key] = self._resolved(universe, day)
        return self._universes[key]

    def forget_before(self, day: date) -> None:
        """Let go of universes on earlier days."""
        for key in [each for each in self._universes if each[1] < day]:
            del self._universes[key]

    def _resolved(self, universe: UniversePartition, day: date) -> pl.DataFrame:
        first, *others = (self._part(part, day) for part in universe.parts)
        for other in others:
            first = first.join(other, on=[LISTING, "MIC"], how="semi")
        if first.is_empty():
            raise EmptyUniverseError(
                f"the universe {universe.spec} is empty on {day}{self._near(universe, day)}",
                remedy="beaf universe list shows the values that the source knows",
            )
        return first.sort(LISTING)

    def _part(self, part: UniversePartition, day: date) -> pl.DataFrame:
        return self.host.get_universe(
            part.name,
            date=day.isoformat(),
            value=part.value,
            reference=self.reference,
            folder=self.pipeline.project,
        )

    def _near(self, universe: UniversePartition, day: date) -> str:
        for part in universe.parts:
            if part.value is None or part.name == DEFAULT_UNIVERSE:
                continue
            try:
                known = self.host.universe_values(
                    part.name, date=day.isoformat(), reference=self.reference
                )
            except BeafError:
                return ""  # a hint only; the emptiness itself is what is reported
            if known and part.value not in known:
                return did_you_mean(part.value, known) or f" (known: {', '.join(known[:10])})"
        return ""


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
