"""What does the source know of listings on a date?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from beaf_core.model.dates import DayStatus, parse_day
from beaf_core.model.errors import AbsentDayError, UsageError
from beaf_core.model.tables import TABLES, TableRequest

if TYPE_CHECKING:
    from beaf_core.plugins.host import PluginHost

#: Constraints that the membership table answers, where the reference table has no such column.
_MEMBERSHIP_COLUMN = "Index"


@dataclass(frozen=True, slots=True)
class SourceReference:
    """The source's reference table, as universes see it: `reference(date, MIC="XLON")`.

    Attributes:
        host: where the source is asked.
        source: its name.
        options: its options.
        storage_options: options for object stores.
    """

    host: PluginHost
    source: str
    options: Any
    storage_options: Mapping[str, str]

    def __call__(self, date: Any, **constraints: object) -> pl.DataFrame:
        """Answer the listings that match every constraint on a date.

        Raises:
            AbsentDayError: the source has no reference table on that day.
            UsageError: a constraint on a column that neither table has.
        """
        day = parse_day(date)
        frame = self._table("reference", day, {})
        columns = frame.collect_schema().names()
        index = None
        if _MEMBERSHIP_COLUMN in constraints and _MEMBERSHIP_COLUMN not in columns:
            index = constraints.pop(_MEMBERSHIP_COLUMN)
        unknown = [name for name in constraints if name not in columns]
        if unknown:
            raise UsageError(
                f"the reference table has no column {', '.join(unknown)}",
                remedy=f"it has {', '.join(columns)}",
            )
        if constraints:
            frame = _matching(self._constrained(day, constraints, frame), constraints)
        if index is not None:
            members = self._table("membership", day, {_MEMBERSHIP_COLUMN: index})
            members = _matching(members, {_MEMBERSHIP_COLUMN: index})
            frame = frame.join(members.select("ListingId"), on="ListingId", how="semi")
        return frame.collect(engine="streaming")

    def _constrained(
        self, day: date, constraints: Mapping[str, object], everything: pl.LazyFrame
    ) -> pl.LazyFrame:
        try:
            return self._table("reference", day, constraints)
        except AbsentDayError:
            # The day is there, the venue is not: no listing matches, which is an answer.
            return everything

    def _table(self, table: str, day: date, constraints: Mapping[str, object]) -> pl.LazyFrame:
        mic = constraints.get("MIC")
        request = TableRequest(
            table=TABLES[table].name,
            day=day,
            mics=(mic,) if isinstance(mic, str) else (),
            constraints=constraints,
            storage_options=self.storage_options,
        )
        read = self.host.read_table(self.source, request, self.options)
        if read.frame is None or read.status is not DayStatus.READY:
            looked = ", ".join(read.absent[:3]) or "nowhere that it knows"
            raise AbsentDayError(
                f"there is no {table} on {day}: {read.status} (looked for {looked})", read.status
            )
        return read.frame


def _matching(frame: pl.LazyFrame, constraints: Mapping[str, object]) -> pl.LazyFrame:
    # The source may have pushed the constraints down; filtering again makes sure.
    schema = frame.collect_schema()
    return frame.filter(
        *(_equals(name, value, schema[name]) for name, value in constraints.items())
    )


def _equals(name: str, value: object, dtype: pl.DataType) -> pl.Expr:
    if isinstance(value, str) and dtype != pl.String:
        # A selector's value is text, whatever the column holds: InstrumentId=1, IsPrimary=true.
        return pl.col(name).cast(pl.String).str.to_lowercase() == value.strip().lower()
    return pl.col(name) == pl.lit(value)
