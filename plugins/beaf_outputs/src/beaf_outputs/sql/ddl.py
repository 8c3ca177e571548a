"""What must happen to a table before it can take rows of a partition?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import (
    CreateIndex,
    CreateTable,
    DropTable,
    ExecutableDDLElement,
    SetColumnComment,
    SetTableComment,
)
from sqlalchemy.sql.compiler import DDLCompiler

from beaf_core import ColumnMeaning, Meaning, UsageError
from beaf_outputs.added import PARTITION_KEY
from beaf_outputs.sql.drivers import Driver, Statement

if TYPE_CHECKING:
    from beaf_outputs.sql import Config


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to a table.

    Attributes:
        statements: that change what it is.
        made: whether it is new, so that it holds nothing.
        alone: whether the rows of all other partitions go.
    """

    statements: tuple[Statement, ...] = ()
    made: bool = False
    alone: bool = False

    def __bool__(self) -> bool:
        return bool(self.statements) or self.alone


def change(
    driver: Driver,
    wanted: sa.Table,
    there: Mapping[str, str] | None,
    options: Config,
    nulls: Sequence[str] = (),
) -> Change:
    """Compare a table with what is wanted; `nulls` are columns without a value, which fit any type.

    Raises:
        UsageError: it is there and may not be, is not BEAF's, or differs where that is not allowed.
    """
    if there is None:
        return Change((CreateTable(wanted),), made=True)
    _check_may_be_written(wanted, there, options)
    alone = options.sql_if_exists == "replace"
    found = _differences(driver, wanted, there, nulls)
    if not found or (options.schema_mode == "add_columns" and found.additions_suffice):
        added = [AddColumn(wanted.c[name]) for name in found.new]
        return Change(tuple(added), alone=alone)
    if alone or options.schema_mode == "overwrite":
        return Change((DropTable(wanted), CreateTable(wanted)), made=True, alone=True)
    raise UsageError(
        f"the table {wanted.fullname} has other columns than the pass yields: {found}",
        remedy=_remedy(found),
    )


def indexes(driver: Driver, table: sa.Table, *, made: bool) -> list[Statement]:
    """Make the indexes of a table where they help: with rows in it, not row by row.

    Args:
        driver: of the database.
        table: the table.
        made: whether this transaction has made it.
    """
    if driver.has_index == ("with the table" if made else "with a second partition"):
        return [CreateIndex(each, if_not_exists=not made) for each in table.indexes]
    return []


def comments(table: sa.Table, meaning: Meaning) -> list[Statement]:
    """Say, in the database's own comments, what the columns and the rows mean."""
    of_column = {each.name: _told(each) for each in meaning.columns}
    told: list[Statement] = []
    for column in table.columns:
        column.comment = of_column.get(column.name) or None
        if column.comment:
            told.append(SetColumnComment(column))
    table.comment = "; ".join(f"{name}: {value}" for name, value in meaning.facts.items()) or None
    return [*told, SetTableComment(table)] if table.comment else told


def _told(column: ColumnMeaning) -> str:
    parts = [column.doc, f"[{column.unit}]" if column.unit else "", column.formula]
    return " ".join(filter(None, parts)).replace("\0", "")


def _check_may_be_written(wanted: sa.Table, there: Mapping[str, str], options: Config) -> None:
    if options.sql_if_exists == "fail":
        raise UsageError(
            f"the table {wanted.fullname} is there already",
            remedy="name another with sql_table, or let sql_if_exists be append or replace",
        )
    if PARTITION_KEY not in there:
        raise UsageError(
            f"the table {wanted.fullname} is there already, and BEAF has not made it: "
            f"it has no column {PARTITION_KEY}",
            remedy="name another with sql_table, or remove it",
        )


@dataclass(frozen=True, slots=True)
class _Differences:
    new: tuple[str, ...]
    absent: tuple[str, ...]
    other: Mapping[str, tuple[str, str]]

    def __bool__(self) -> bool:
        return bool(self.new or self.absent or self.other)

    @property
    def additions_suffice(self) -> bool:
        return not self.other

    def __str__(self) -> str:
        told = [f"{name} is new" for name in self.new]
        told += [f"{name} is no longer there" for name in self.absent]
        told += [f"{name} is {now}, not {was}" for name, (was, now) in self.other.items()]
        return "; ".join([*told[:10], *([f"{len(told) - 10} more"] if len(told) > 10 else [])])


def _differences(
    driver: Driver, wanted: sa.Table, there: Mapping[str, str], nulls: Sequence[str]
) -> _Differences:
    types = {each.name: driver.type_name(each.type) for each in wanted.columns}
    return _Differences(
        new=tuple(name for name in types if name not in there),
        absent=tuple(name for name in there if name not in types),
        other={
            name: (there[name], now)
            for name, now in types.items()
            if name in there and there[name] != now and name not in nulls
        },
    )


def _remedy(found: _Differences) -> str:
    anew = "schema_mode: overwrite makes the table anew, with this partition alone"
    if found.additions_suffice:
        return f"schema_mode: add_columns keeps both; {anew}"
    return f"{anew}; or name another with sql_table"


class AddColumn(ExecutableDDLElement):
    """ALTER TABLE … ADD COLUMN, for which SQLAlchemy has the parts, but no element."""

    inherit_cache = False

    def __init__(self, column: sa.Column[Any]) -> None:
        self.column = column


@compiles(AddColumn)
def _render_add_column(element: AddColumn, compiler: DDLCompiler, **_: object) -> str:
    table = compiler.preparer.format_table(element.column.table)
    return f"ALTER TABLE {table} ADD COLUMN {compiler.get_column_specification(element.column)}"


def null_columns(frame: pl.DataFrame) -> list[str]:
    """List the columns of a frame that have no dtype of their own."""
    return [name for name, dtype in frame.schema.items() if dtype == pl.Null]
