"""Which table holds a partition, and which columns must it have?"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa

from beaf_core import PartitionRun, Target, UsageError
from beaf_outputs.added import PARTITION_KEY

if TYPE_CHECKING:
    from beaf_outputs.sql.drivers import Database, Driver
    from beaf_outputs.sql.stored import Stored

#: A dot that parts schema and table; one inside a placeholder's value is part of the name.
_OUTSIDE_BRACES = re.compile(r"\.(?![^{]*\})")


@dataclass(frozen=True, slots=True)
class Place:
    """A table of a database.

    Attributes:
        name: of the table.
        schema: that it is in; None: the one that the connection uses.
    """

    name: str
    schema: str | None = None

    @classmethod
    def of(cls, target: Target, template: str, partition: PartitionRun) -> Place:
        """Fill in `sql_table`.

        Raises:
            UsageError: it cannot be filled in.
        """
        *schema, name = (target.filled(part, partition) for part in parts_of(template))
        return cls(name, schema[0] if schema else None)

    def within(self, database: Database) -> Place:
        """Name the schema, so that one table has one name however it is spelled."""
        schema = self.schema or database.schema
        return Place(database.spelled(self.name, schema), schema)

    @property
    def lock(self) -> str:
        """The name of its lock."""
        return f"{self.schema}.{self.name}"

    def beside(self, name: str) -> Place:
        """Name another table of the same schema."""
        return Place(name, self.schema)


def parts_of(template: str) -> list[str]:
    """Part `sql_table` into schema, if there is one, and table.

    Raises:
        ValueError: it names more, or less.
    """
    parts = _OUTSIDE_BRACES.split(template)
    if len(parts) > 2 or not all(parts):
        raise ValueError(
            "is neither a table nor schema.table; the database is part of sql_connection"
        )
    return parts


def table(place: Place, columns: Mapping[str, Stored]) -> sa.Table:
    """Declare the table of a frame, with an index on its partitions."""
    made = [
        sa.Column(name, each.type, nullable=name != PARTITION_KEY) for name, each in columns.items()
    ]
    declared = sa.Table(place.name, sa.MetaData(), *made, schema=place.schema)
    if PARTITION_KEY in columns:
        digest = hashlib.sha256(place.name.encode()).hexdigest()[:16]
        sa.Index(f"beaf_{digest}_partition", declared.c[PARTITION_KEY])
    return declared


def bare(place: Place, *names: str) -> sa.Table:
    """Declare a table with some columns of no matter which type, to ask it."""
    return sa.Table(
        place.name, sa.MetaData(), *(sa.Column(each) for each in names), schema=place.schema
    )


def stored_columns(driver: Driver, schema: pl.Schema, timestamps: str) -> dict[str, Stored]:
    """Choose how each column is kept.

    Raises:
        UsageError: a column that the database cannot keep, with its name.
    """
    kept = {}
    for name, dtype in schema.items():
        try:
            kept[name] = driver.stored(dtype, timestamps)
        except UsageError as error:
            raise UsageError(f"column {name}: {error.message}", remedy=error.remedy) from None
    return kept


def check_fits(driver: Driver, table: sa.Table) -> None:
    """Refuse names and numbers that the database would refuse, or cut short without a word.

    Raises:
        UsageError: a name that is too long or empty, or too many columns.
    """
    names: list[tuple[str, Any]] = [("schema", table.schema), ("table", table.name)]
    names += [("column", each.name) for each in table.columns]
    for what, name in names:
        if name is not None:
            _check_name(driver, what, name)
    if driver.ignores_case:
        _check_cases(driver, [each.name for each in table.columns])
    if driver.most_columns is not None and len(table.columns) > driver.most_columns:
        raise UsageError(
            f"{len(table.columns)} columns are more than the {driver.most_columns} that a table of "
            f"{driver.name} can have",
            remedy="split the pass into several, or write to parquet",
        )


def _check_cases(driver: Driver, names: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise UsageError(
                f"the columns {other} and {name} are one to {driver.name}, which ignores case",
                remedy="rename one of them, by output_name_pattern or metric_prefix",
            )


def _check_name(driver: Driver, what: str, name: str) -> None:
    size = len(name.encode())
    if driver.longest_name is not None and size > driver.longest_name:
        raise UsageError(
            f"the {what} {name} is {size} bytes long; {driver.name} keeps {driver.longest_name} "
            "of a name, and would take it for any other that begins like it",
            remedy=_SHORTER[what],
        )
    if "\0" in name or not name:
        raise UsageError(f"{name!r} cannot be the name of a {what}", remedy=_SHORTER[what])


_SHORTER = {
    "schema": "give sql_table another schema",
    "table": "give sql_table a shorter name, or shorten DATASETNAME",
    "column": "give it a shorter name, by output_name_pattern or metric_prefix",
}
