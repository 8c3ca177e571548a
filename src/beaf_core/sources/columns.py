"""Which of a file's columns answers a column of BEAF, and in which dtype?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from beaf_core import TABLES, ColumnType, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    FileSchema = Mapping[str, pl.DataType]

# What an all-null column becomes when no file says more.
_CANONICAL: Mapping[ColumnType, pl.DataType] = {
    ColumnType.INTEGER: pl.Int64(),
    ColumnType.NUMBER: pl.Float64(),
    ColumnType.TEXT: pl.String(),
    ColumnType.FLAG: pl.Boolean(),
    ColumnType.TIMESTAMP: pl.Datetime("ns"),
}
_NUMBERS = {ColumnType.INTEGER, ColumnType.NUMBER}


@dataclass(frozen=True, slots=True)
class Names:
    """How the files of a table call BEAF's columns.

    Attributes:
        given: BEAF's name → the file's, as configured.
        second: BEAF's name → what the file may use instead, known from the layout.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    second: Mapping[str, str] = field(default_factory=dict)

    def in_file(self, column: str, present: Collection[str]) -> str:
        """Name the file's column for a column of BEAF, whether or not it is there."""
        if column in self.given:
            return self.given[column]
        second = self.second.get(column)
        return second if second in present and column not in present else column  # type: ignore[return-value]  # None is in no file

    def possible(self, column: str) -> set[str]:
        """List every name that the column may have in some file."""
        names = {self.given.get(column, column), self.second.get(column)}
        return {name for name in names if name}

    def offered(self, present: Iterable[str]) -> list[str]:
        """List everything that a file offers, under BEAF's names, in the file's order.

        A file's column that is mapped is offered under BEAF's name only. Mapped columns that the
        file does not have come last, so that somebody notices.
        """
        columns = list(present)
        renamed = {
            column: name for column, name in self.second.items() if column not in columns
        } | dict(self.given)
        found = [
            beaf
            for name in columns
            for beaf in [column for column, own in renamed.items() if own == name] or [name]
        ]
        return list(dict.fromkeys([*found, *self.given]))


def declared_type(table: str, column: str) -> ColumnType | None:
    """Look up what a column should hold; None where BEAF does not know it."""
    schema = TABLES.get(table)
    return schema.columns.get(column) if schema else None


def find_problems(
    table: str, columns: Iterable[str], schema: FileSchema, names: Names
) -> dict[str, str]:
    """Say what is wrong with the columns of a file: column → text."""
    found = ((each, _problem(each, declared_type(table, each), schema, names)) for each in columns)
    return {column: problem for column, problem in found if problem}


def _problem(
    column: str, declared: ColumnType | None, schema: FileSchema, names: Names
) -> str | None:
    name = names.in_file(column, schema)
    called = f"{column} (in the file: {name})" if name != column else column
    if name not in schema:
        return f"{called} is missing{did_you_mean(name, schema)}"
    if declared and not _fits(schema[name], declared):
        return f"{called} is mistyped: expected {_EXPECTED[declared]}, found {schema[name]}"
    return None


_EXPECTED: Mapping[ColumnType, str] = {
    ColumnType.INTEGER: "integer",
    ColumnType.NUMBER: "number (integer, float or decimal)",
    ColumnType.TEXT: "text",
    ColumnType.FLAG: "flag (Boolean)",
    ColumnType.TIMESTAMP: "timestamp (Datetime, Date, or Int64 nanoseconds)",
}


def _fits(dtype: pl.DataType, declared: ColumnType) -> bool:
    if dtype == pl.Null:
        return True
    found = family_of(dtype)
    match declared:
        case ColumnType.NUMBER:
            return found in _NUMBERS
        case ColumnType.TIMESTAMP:
            return found is declared or dtype == pl.Int64
        case _:
            return found is declared


def family_of(dtype: pl.DataType) -> ColumnType | None:
    """Say what a dtype holds; None for lists, structs, durations and the like."""
    if dtype.is_integer():
        return ColumnType.INTEGER
    if dtype.is_float() or dtype.is_decimal():
        return ColumnType.NUMBER
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        return ColumnType.TEXT
    if isinstance(dtype, pl.Boolean):
        return ColumnType.FLAG
    if isinstance(dtype, pl.Datetime | pl.Date):
        return ColumnType.TIMESTAMP
    return None


def common_dtype(dtypes: Iterable[pl.DataType], declared: ColumnType | None) -> pl.DataType | None:
    """Find the dtype that a column gets in the frame; None if its files cannot agree.

    A single dtype stays as it is, but for decimals (floats), dictionaries (texts) and time zones
    (naive UTC): measures would otherwise depend on how a file happens to be stored.
    """
    plain = {_plain(dtype) for dtype in dtypes if dtype != pl.Null}
    if not plain:
        return _CANONICAL[declared] if declared else pl.Null()
    if len(plain) == 1:
        return plain.pop()
    families = {family_of(dtype) for dtype in plain}
    if declared is ColumnType.TIMESTAMP and families <= {declared, ColumnType.INTEGER}:
        return _CANONICAL[declared]  # Int64 nanoseconds in one file, Datetime in another
    if families == _NUMBERS:
        return pl.Float64()
    family = families.pop() if len(families) == 1 else None
    return _CANONICAL[family] if family else None


def _plain(dtype: pl.DataType) -> pl.DataType:
    if dtype.is_decimal():
        return pl.Float64()
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return pl.String()
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        return pl.Datetime(dtype.time_unit)
    return dtype


def converted(name: str, found: pl.DataType, wanted: pl.DataType) -> pl.Expr:
    """Read a file's column in the dtype of the frame; untouched where nothing has to change."""
    column, dtype = pl.col(name), found
    if isinstance(found, pl.Datetime) and found.time_zone:
        if found.time_zone != "UTC":
            column = column.dt.convert_time_zone("UTC")
        column, dtype = column.dt.replace_time_zone(None), pl.Datetime(found.time_unit)
    return column if dtype == wanted else column.cast(wanted)
