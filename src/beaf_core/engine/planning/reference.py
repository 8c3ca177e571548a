"""What does the source know of listings on a date?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import polars as pl

from beaf_core.config.resolved import no_source
from beaf_core.engine.compiler.keys import LISTING
from beaf_core.model.dates import DayStatus, parse_day
from beaf_core.model.errors import AbsentDayError, DataInvalidError, UsageError
from beaf_core.model.membership import alternatives
from beaf_core.model.tables import TABLES, TableRequest
from beaf_core.plugins.errors import did_you_mean

if TYPE_CHECKING:
    from beaf_core.plugins.host import PluginHost

#: A constraint that the membership table answers, where the reference table has no such column.
INDEX = "Index"

#: Column → the values of which one must match.
Constraints = Mapping[str, tuple[object, ...]]

_NONE: Constraints = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SourceReference:
    """The source's reference table, as universes see it: `reference(date, MIC="XLON")`.

    Attributes:
        host: where the source is asked.
        source: its name; None where none is configured, which is told once it is asked.
        options: its options.
        storage_options: options for object stores.
    """

    host: PluginHost
    source: str | None
    options: Any
    storage_options: Mapping[str, str]

    def __call__(self, date: Any, **constraints: object) -> pl.DataFrame:
        """Answer the listings that match every constraint on a date.

        Args:
            date: the trade date.
            constraints: column → value, or several of which one is to match.

        Raises:
            AbsentDayError: the source has no reference table on that day.
            UsageError: a constraint on a column that neither table has.
        """
        day = parse_day(date)
        asked = {name: _wanted(values) for name, values in constraints.items()}
        of_listings = {name: values for name, values in asked.items() if name != INDEX}
        frame = self._constrained(day, of_listings)
        columns = frame.collect_schema().names()
        if INDEX in columns and INDEX in asked:
            of_listings = asked
        unknown = [name for name in of_listings if name not in columns]
        if unknown:
            raise _no_column(", ".join(unknown), columns)
        if len(of_listings) < len(asked):
            # By name: a source may hold far more listings than an index has members.
            members = self._members(day, asked[INDEX])
            known = self._constrained(day, of_listings, members)
            frame = known.filter(pl.col(LISTING).is_in(members))
        return _matching(frame, of_listings).collect(engine="streaming")

    def values(self, date: Any, column: str) -> list[str]:
        """List what a column holds on a date, as text: each value once, sorted, nulls left out.

        Raises:
            AbsentDayError: the source has no reference table on that day.
            UsageError: the table has no such column.
        """
        day = parse_day(date)
        frame = self._with_column("reference", day, column)
        if frame is None and column == INDEX:
            frame = self._with_column("membership", day, column)
        if frame is None:
            raise _no_column(column, self._table("reference", day).collect_schema().names())
        texts = frame.select(pl.col(column).cast(pl.String)).drop_nulls().unique()
        return texts.collect(engine="streaming").to_series().sort().to_list()

    # -- the tables ----------------------------------------------------------------------------

    def _constrained(
        self, day: date, constraints: Constraints, listings: tuple[int, ...] | None = None
    ) -> pl.LazyFrame:
        if not constraints:
            return self._table("reference", day, listings=listings)
        try:
            return self._table("reference", day, constraints, listings=listings)
        except AbsentDayError:
            # The day may be there where the venue is not: no listing matches, which is an answer.
            return self._table("reference", day, listings=listings)

    def _members(self, day: date, indices: tuple[object, ...]) -> tuple[int, ...]:
        asked = {INDEX: indices}
        rows = _matching(self._table("membership", day, asked), asked).select(LISTING)
        return tuple(rows.collect(engine="streaming").to_series().unique().sort().to_list())

    def _with_column(self, table: str, day: date, column: str) -> pl.LazyFrame | None:
        """Ask for one column of a table; None where the table does not have it."""
        try:
            frame = self._table(table, day, columns=(column,))
        except DataInvalidError:
            # A source may refuse a column that is not there, as one that a run cannot do without.
            if column in self._table(table, day).collect_schema().names():
                raise
            return None
        return frame if column in frame.collect_schema().names() else None

    def _table(
        self,
        table: str,
        day: date,
        constraints: Constraints = _NONE,
        columns: tuple[str, ...] | None = None,
        listings: tuple[int, ...] | None = None,
    ) -> pl.LazyFrame:
        if self.source is None:
            raise no_source()
        mics = tuple(mic for mic in constraints.get("MIC", ()) if isinstance(mic, str))
        request = TableRequest(
            table=TABLES[table].name,
            day=day,
            mics=mics,
            listings=listings,
            columns=columns,
            constraints={name: _plain(values) for name, values in constraints.items()},
            storage_options=self.storage_options,
        )
        read = self.host.read_table(self.source, request, self.options)
        if read.frame is None or read.status is not DayStatus.READY:
            looked = ", ".join(read.absent[:3]) or "nowhere that it knows"
            raise AbsentDayError(
                f"there is no {table} on {day}: {read.status} (looked for {looked})", read.status
            )
        return read.frame


def _wanted(values: object) -> tuple[object, ...]:
    return tuple(each for each in alternatives(values) if each is not None)  # null equals nothing


def _plain(values: tuple[object, ...]) -> object:
    return values[0] if len(values) == 1 else values


def _no_column(name: str, columns: Sequence[str]) -> UsageError:
    return UsageError(
        f"the reference table has no column {name}{did_you_mean(name, columns)}",
        remedy=f"it has {', '.join(columns)}",
    )


def _matching(frame: pl.LazyFrame, constraints: Constraints) -> pl.LazyFrame:
    # The source may have pushed the constraints down; filtering again makes sure.
    schema = frame.collect_schema()
    return frame.filter(
        *(_is_one(name, values, schema[name]) for name, values in constraints.items())
    )


def _is_one(name: str, values: tuple[object, ...], dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if not isinstance(dtype, pl.String) and all(isinstance(each, str) for each in values):
        # A selector's value is text, whatever the column holds: InstrumentId=1, IsPrimary=true.
        texts = [str(each).strip().lower() for each in values]
        return column.cast(pl.String).str.to_lowercase().is_in(texts)
    return column.is_in(values)
