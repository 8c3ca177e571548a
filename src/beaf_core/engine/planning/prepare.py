"""Which listings, days and pieces of tables does a partition need?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.compiler.compile import Clock, TablePlan, plan_tables
from beaf_core.engine.compiler.keys import LISTING
from beaf_core.engine.planning.columns import check_columns
from beaf_core.engine.planning.reference import SourceReference
from beaf_core.engine.primitives.provided import Provider, providers_of
from beaf_core.model.dates import DayStatus, days_between, is_weekend
from beaf_core.model.errors import (
    AbsentDayError,
    BeafError,
    DataInvalidError,
    DataMissingError,
    EmptyUniverseError,
    UsageError,
)
from beaf_core.model.partition import PartitionRun, UniversePartition
from beaf_core.model.tables import REFERENCE, TABLES, Part, TableRead, TableRequest, worst_status
from beaf_core.plugins.errors import did_you_mean
from beaf_core.plugins.inline import DEFAULT_UNIVERSE

if TYPE_CHECKING:
    from beaf_core.config.analytics import PassConfig
    from beaf_core.config.resolved import ResolvedPass, ResolvedPipeline
    from beaf_core.engine.planning.earlier import EarlierPass
    from beaf_core.plugins.host import PluginHost


@dataclass(frozen=True, slots=True)
class TableOnDay:
    """One table on one day, ready to be compiled.

    Attributes:
        plan: what is asked of it.
        read: what the source says of it; of a provided table, its frame alone.
        clock: its columns of time and sequence.
        made_of: of a provided table, the pieces of those that it is made of.
    """

    plan: TablePlan
    read: TableRead
    clock: Clock
    made_of: tuple[Part, ...] = ()

    @property
    def rows(self) -> pl.LazyFrame:
        """The table's rows.

        Raises:
            ValueError: there are none; ask only of tables that are there.
        """
        if self.read.frame is None:
            raise ValueError(f"{self.plan.table} has no frame: {self.read.status}")
        return self.read.frame


@dataclass(frozen=True, slots=True)
class DayPlan:
    """What one pass needs of one day.

    Attributes:
        day: the trade date.
        status: ready, or why it is left out.
        listings: the universe on that day; empty unless ready.
        tables: the tables to aggregate; empty unless ready.
        absent: where data was looked for in vain.
    """

    day: date
    status: DayStatus
    listings: pl.DataFrame = field(default_factory=pl.DataFrame)
    tables: tuple[TableOnDay, ...] = ()
    absent: tuple[str, ...] = ()

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
    # Tables whose files are known to lack a column of time or sequence that they usually have.
    _unusual: set[str] = field(default_factory=set)

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
        providers, tables = providers_of(resolved), list[TableOnDay]()
        for plan in plan_tables(resolved):
            if plan.table in earlier:
                found = _of_earlier(plan, earlier[plan.table], day, resolved.config)
            elif plan.table in providers:
                found = _provided(plan, providers[plan.table], tables, listings)
            else:
                found = self._table(plan, listings, day)
            tables.append(found)
        status = worst_status(each.read.status for each in tables)
        absent = tuple(path for each in tables for path in each.read.absent)
        there = tuple(each for each in tables if each.read.frame is not None)
        if not _suffices(resolved, there):
            there = ()
        return DayPlan(day, status, listings, there, absent)

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
            part.name, date=day.isoformat(), value=part.value, reference=self.reference
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

    # -- tables --------------------------------------------------------------------------------

    def _table(self, plan: TablePlan, listings: pl.DataFrame, day: date) -> TableOnDay:
        request = TableRequest(
            table=plan.table,
            day=day,
            mics=tuple(listings["MIC"].unique().sort()),
            listings=tuple(listings[LISTING]),
            storage_options=self.pipeline.config.S3_STORAGE_OPTIONS,
        )
        return self._usual(plan, request) or self._looked_at(plan, request)

    def _usual(self, plan: TablePlan, request: TableRequest) -> TableOnDay | None:
        """Ask for the columns of time that a table usually has; None where that does not do.

        Footers are read once so, and not twice.
        """
        schema = TABLES.get(plan.table)
        if schema is None or plan.table in self._unusual:
            return None
        needed = _needed(plan, schema.time[0], schema.sequence)
        try:
            read = self._read(replace(request, columns=needed))
        except DataInvalidError:
            self._unusual.add(plan.table)
            return None
        if read.frame is None:
            return TableOnDay(plan, read, Clock("", None))
        if not read.frame.collect_schema().keys() >= set(needed):
            return None
        check_columns(plan, read, needed)
        return TableOnDay(plan, read, _clock(plan, read))

    def _looked_at(self, plan: TablePlan, request: TableRequest) -> TableOnDay:
        """Ask which columns there are, and then for those that are needed."""
        seen = self._read(request)
        if seen.frame is None:
            return TableOnDay(plan, seen, Clock("", None))
        clock = _clock(plan, seen)
        needed = _needed(plan, clock.time, clock.sequence)
        # Asked again by column, so that the source can say which file lacks one.
        read = self._read(replace(request, columns=needed))
        assert read.frame is not None
        check_columns(plan, read, needed)
        return TableOnDay(plan, read, clock)

    def _read(self, request: TableRequest) -> TableRead:
        source = self.pipeline.require_source()
        return self.host.read_table(source, request, self.pipeline.source_options)


def _provided(
    plan: TablePlan, provider: Provider, tables: Sequence[TableOnDay], listings: pl.DataFrame
) -> TableOnDay:
    """Make a table of those that stand before it."""
    made_of = [each for each in tables if each.plan.table in provider.table.needs]
    absent = [each.read.status for each in made_of if each.read.frame is None]
    if absent:
        return TableOnDay(plan, TableRead(worst_status(absent)), Clock("", None))
    inputs = {each.plan.table: _given(each) for each in made_of}
    frame = provider.build(inputs, plan.columns, listings[LISTING].to_list())
    table = provider.table
    clock = Clock(table.time, table.sequence, ordered=table.ordered)
    parts = tuple(part for each in made_of for part in each.read.parts or each.made_of)
    return TableOnDay(plan, TableRead(DayStatus.READY, frame), clock, parts)


def _given(table: TableOnDay) -> pl.LazyFrame:
    """Hand over a table's rows; the reference table, as long as the universe, in memory.

    How many venues an instrument has decides how a table of them all is made.
    """
    if table.plan.table != REFERENCE.name:
        return table.rows
    return table.rows.collect(engine="streaming").lazy()


def _needed(plan: TablePlan, time: str, sequence: str | None) -> tuple[str, ...]:
    return tuple(sorted({LISTING, time, *plan.columns, *filter(None, [sequence])}))


def _suffices(resolved: ResolvedPass, tables: Sequence[TableOnDay]) -> bool:
    """Say whether a dense pass knows its buckets on a day, and has something to put into them."""
    needed = resolved.grid.needs if resolved.grid else {}
    there = {each.plan.table for each in tables}
    filling = [each for each in tables if each.plan.measures or each.plan.table not in needed]
    return needed.keys() <= there and bool(filling)


def _of_earlier(plan: TablePlan, earlier: EarlierPass, day: date, reader: PassConfig) -> TableOnDay:
    read, clock = earlier.on(day, reader)
    if read.frame is not None:
        check_columns(plan, read, sorted({LISTING, *plan.columns}))
    return TableOnDay(plan, read, clock)


def _clock(plan: TablePlan, read: TableRead) -> Clock:
    assert read.frame is not None
    columns = read.frame.collect_schema().names()
    schema = TABLES.get(plan.table)
    if schema is None:
        raise UsageError(
            f"measures ask for the table {plan.table}{did_you_mean(plan.table, TABLES)}",
            remedy=f"known tables: {', '.join(TABLES)}",
        )
    time = next((name for name in schema.time if name in columns), None)
    if time is None:
        raise DataInvalidError(
            f"{plan.table} has no time column: none of {', '.join(schema.time)} "
            f"is among {', '.join(columns[:20])}",
            remedy=f"map one: SOURCE.columns.{plan.table}.{schema.time[0]}: <name in the file>",
        )
    sequence = schema.sequence if schema.sequence in columns else None
    wanted = (time,) if sequence is None else (time, sequence)
    return Clock(time, sequence, ordered=read.order[: len(wanted)] == wanted)


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
    raise DataMissingError(
        f"data is missing on {days}{more}: {looked or 'the source has nothing'}",
        remedy="deliver it, or go on without those days with --allow_missing",
    )
