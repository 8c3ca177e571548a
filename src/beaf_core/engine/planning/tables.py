"""What does the source say of each table that a pass needs, on one day?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.compiler.compile import Clock, TablePlan, plan_tables
from beaf_core.engine.compiler.keys import LISTING
from beaf_core.engine.planning.affected import affected
from beaf_core.engine.planning.columns import check_columns
from beaf_core.engine.primitives.provided import Provider, providers_of
from beaf_core.model.dates import DayStatus
from beaf_core.model.errors import DataInvalidError, UsageError
from beaf_core.model.tables import REFERENCE, TABLES, Part, TableRead, TableRequest, worst_status
from beaf_core.plugins.errors import did_you_mean

if TYPE_CHECKING:
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
class TableReader:
    """Asks the source for tables, from metadata alone.

    Attributes:
        host: where the source is asked.
        pipeline: whose source it is.
    """

    host: PluginHost
    pipeline: ResolvedPipeline
    # Tables whose files are known to lack a column of time or sequence that they usually have.
    _unusual: set[str] = field(default_factory=set)

    def of_day(
        self,
        resolved: ResolvedPass,
        listings: pl.DataFrame,
        day: date,
        earlier: Mapping[str, EarlierPass],
    ) -> list[TableOnDay]:
        """List every table that a pass needs, whether or not it is there.

        Args:
            resolved: the pass.
            listings: the universe on that day.
            day: the trade date.
            earlier: table → the earlier pass that it is.

        Raises:
            DataInvalidError: a column is missing or mistyped.
        """
        providers, tables = providers_of(resolved), list[TableOnDay]()
        for plan in plan_tables(resolved):
            if plan.table in earlier:
                found = _of_earlier(resolved, plan, earlier[plan.table], day)
            elif plan.table in providers:
                found = _provided(plan, providers[plan.table], tables, listings)
            else:
                found = self._table(resolved, plan, listings, day)
            tables.append(found)
        return tables

    def _table(
        self, resolved: ResolvedPass, plan: TablePlan, listings: pl.DataFrame, day: date
    ) -> TableOnDay:
        request = TableRequest(
            table=plan.table,
            day=day,
            mics=tuple(listings["MIC"].unique().sort()),
            listings=tuple(listings[LISTING]),
            storage_options=self.pipeline.config.S3_STORAGE_OPTIONS,
        )
        return self._usual(resolved, plan, request) or self._looked_at(resolved, plan, request)

    def _usual(
        self, resolved: ResolvedPass, plan: TablePlan, request: TableRequest
    ) -> TableOnDay | None:
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
        check_columns(resolved, plan.table, read, needed)
        return TableOnDay(plan, read, _clock(plan, read))

    def _looked_at(
        self, resolved: ResolvedPass, plan: TablePlan, request: TableRequest
    ) -> TableOnDay:
        """Ask which columns there are, and then for those that are needed."""
        seen = self._read(request)
        if seen.frame is None:
            return TableOnDay(plan, seen, Clock("", None))
        clock = _clock(plan, seen)
        needed = _needed(plan, clock.time, clock.sequence)
        # Asked again by column, so that the source can say which file lacks one.
        try:
            read = self._read(replace(request, columns=needed))
        except DataInvalidError as error:
            columns = set(needed) - set(seen.frame.collect_schema())
            raise _wanted_for(error, affected(resolved, plan.table, columns)) from error
        assert read.frame is not None
        check_columns(resolved, plan.table, read, needed)
        return TableOnDay(plan, read, clock)

    def _read(self, request: TableRequest) -> TableRead:
        source = self.pipeline.require_source()
        return self.host.read_table(source, request, self.pipeline.source_options)


def _wanted_for(error: DataInvalidError, columns: str) -> DataInvalidError:
    """Add the output columns in question to what a source says of a file."""
    if not columns:
        return error
    return DataInvalidError(
        f"{error.message}\n  it is wanted {columns}",
        remedy=f"{error.remedy}; or do not ask for those columns",
    )


def lacking_of(resolved: ResolvedPass, tables: Iterable[TableOnDay]) -> Iterator[str]:
    """Tell each table that is missing, with the output columns that need it."""
    providers = providers_of(resolved)
    for each in tables:
        name = each.plan.table
        if each.read.status is DayStatus.MISSING and name not in providers:
            yield " ".join(filter(None, [f"no {name}", affected(resolved, name)]))


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


def _of_earlier(
    resolved: ResolvedPass, plan: TablePlan, earlier: EarlierPass, day: date
) -> TableOnDay:
    read, clock = earlier.on(day, resolved.config)
    if read.frame is not None:
        check_columns(resolved, plan.table, read, sorted({LISTING, *plan.columns}))
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
