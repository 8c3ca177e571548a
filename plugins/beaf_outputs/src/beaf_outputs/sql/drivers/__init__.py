"""What does each kind of database do in its own way, and which one does a URL name?

The room above says what is to happen, in SQLAlchemy's words; a driver carries it out, over one
connection that is one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Literal, Protocol

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement

from beaf_core import UsageError
from beaf_outputs.sql.stored import Stored
from beaf_outputs.sql.urls import parsed

#: What `Database.run` takes: select, insert, update, delete, text, DDL.
Statement = ClauseElement
Row = tuple[Any, ...]


class Database(Protocol):
    """An open connection, in one transaction that ends with `commit`, or with nothing done.

    Whatever goes wrong is told as one of the errors of `drivers/faults.py`.
    """

    #: The schema that names without one belong to, if the database has schemas.
    schema: str | None

    def run(self, statement: Statement) -> list[Row]:
        """Carry a statement out, its values bound; the rows that it answers."""
        ...

    def columns(self, table: sa.Table) -> dict[str, str] | None:
        """The columns of a table with the types that `Driver.type_name` gives; None: no table."""
        ...

    def spelled(self, name: str, schema: str | None) -> str:
        """How a table is spelled that the database takes for the one of that name."""
        ...

    def lock(self, what: str, *, shared: bool = False) -> None:
        """Wait until no other transaction holds the name; held until the end of this one.

        Several may share it. A database that has one writer at a time needs to do nothing more
        than to begin its writing transaction.
        """
        ...

    def append(self, table: sa.Table, rows: pl.DataFrame, batch_size: int | None) -> None:
        """Add rows, as fast as the database can take them."""
        ...

    def frames(self, query: sa.Select[Any], batch_size: int | None) -> Iterator[pl.DataFrame]:
        """Ask for rows, batch by batch; dtypes are those that the database has."""
        ...

    def commit(self) -> None:
        """End the transaction.

        Raises:
            CommitUnknownError: the connection broke, so nobody knows whether it has ended well.
        """
        ...


#: When a table gets the index by which partitions are found.
Indexed = Literal["with the table", "with a second partition", "never"]


class Driver(Protocol):
    """A kind of database, at one URL."""

    #: For messages: PostgreSQL, SQLite, …
    name: str
    #: Renders statements and quotes names.
    dialect: Dialect
    #: The longest name in bytes, and the most columns of a table, if there is a limit.
    longest_name: int | None
    most_columns: int | None
    #: Whether tables and columns can bear comments.
    has_comments: bool
    #: Whether rows of a partition are found by an index, and since when.
    has_index: Indexed
    #: Whether names that differ in case alone are one name.
    ignores_case: bool
    #: Whether a NaN is kept as such, and is more than every number where rows are compared.
    keeps_nan: bool

    def open(self, *, writes: bool) -> AbstractContextManager[Database]:
        """Connect, and begin a transaction; what is not committed is undone at the end."""
        ...

    def stored(self, dtype: pl.DataType, timestamps: str) -> Stored:
        """How a column is kept (see `stored.py`).

        Raises:
            UsageError: this database cannot keep it.
        """
        ...

    def type_name(self, stored: sa.types.TypeEngine[Any]) -> str:
        """Name a type as `Database.columns` does."""
        ...


def open_driver(text: str) -> Driver:
    """Choose the driver for a URL.

    Raises:
        UsageError: there is none for this kind of database.
    """
    url = parsed(text)
    match url.get_backend_name(), url.drivername.partition("+")[2]:
        case "postgresql", _:
            with needing("postgresql"):
                from beaf_outputs.sql.drivers.postgresql import PostgresDriver

            return PostgresDriver(url, text)
        case "duckdb", _:
            with needing("duckdb"):
                from beaf_outputs.sql.drivers.duckdb import DuckdbDriver

            return DuckdbDriver(url, text)
        case "sqlite", "" | "pysqlite":
            from beaf_outputs.sql.drivers.sqlite import SqliteDriver

            return SqliteDriver(url, text)
        case _:
            from beaf_outputs.sql.drivers.engines import EngineDriver

            return EngineDriver(url, text)


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Say which extra has the package that an import does not find."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(
            f"sql_connection: databases of the kind {extra} need {error.name}, which is not there",
            remedy=f"pip install 'beaf-outputs[{extra}]'",
        ) from None
