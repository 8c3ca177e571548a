"""How does any database take a partition that SQLAlchemy has a dialect for?

By inserts of many rows at a time. Whether a change of the table is part of the transaction is up
to the database; rows and receipts always are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Dialect, Engine
from sqlalchemy.pool import NullPool
from sqlalchemy.sql import Executable

from beaf_core import UsageError
from beaf_outputs.sql.drivers import Indexed, Row, Statement
from beaf_outputs.sql.drivers.faults import CommitUnknownError, DatabaseError, LostError
from beaf_outputs.sql.stored import Stored, stored
from beaf_outputs.sql.urls import masked, shown

#: What databases without locks by name lock instead: a row for each name.
LOCKS = sa.Table("beaf_locks", sa.MetaData(), sa.Column("name", sa.String(64), primary_key=True))

#: So many rows are read at a time where `sql_batch_size` does not say.
READ_ROWS = 50_000

#: Types that differ in no more than size compare as equal: databases name them as they like.
_FAMILIES: tuple[tuple[type[sa.types.TypeEngine[Any]], str], ...] = (
    (sa.Boolean, "a number"),
    (sa.Integer, "a number"),
    (sa.Numeric, "a number"),
    (sa.Float, "a number"),
    (sa.LargeBinary, "bytes"),
    (sa.String, "text"),
    (sa.DateTime, "a moment"),
    (sa.Date, "a date"),
    (sa.Time, "a time"),
)


class EngineDriver:
    """A database at a URL of SQLAlchemy."""

    has_index: Indexed = "with the table"
    ignores_case = False
    keeps_nan = False  # as far as is known
    name = ""
    has_comments = False  # in many databases, a comment would end the transaction

    def __init__(self, url: URL, text: str) -> None:
        self._text = text
        self.engine = self._made(url)
        self.dialect: Dialect = self.engine.dialect
        self.name = self.name or self.dialect.name
        self.longest_name: int | None = self.dialect.max_identifier_length
        self.most_columns: int | None = None

    def _made(self, url: URL) -> Engine:
        return engine(url)

    def stored(self, dtype: pl.DataType, timestamps: str) -> Stored:
        """How a column is kept."""
        return stored(dtype, timestamps)

    def type_name(self, stored: sa.types.TypeEngine[Any]) -> str:
        """Name the family of a type."""
        known = (name for family, name in _FAMILIES if isinstance(stored, family))
        return next(known, type(stored).__name__)

    @contextmanager
    def open(self, *, writes: bool) -> Iterator[EngineDatabase]:
        """Connect, and begin a transaction."""
        with self.told(lost=True):
            connection = self.engine.connect()
        with connection:
            yield EngineDatabase(self, _committed_alone(connection))

    @contextmanager
    def told(self, *, lost: bool = False, ends: bool = False) -> Iterator[None]:
        """Tell what goes wrong as an error of ours, without the password.

        Args:
            lost: whether nothing is there yet that could be anything but lost.
            ends: whether the transaction is about to end.
        """
        try:
            yield
        except sa.exc.SQLAlchemyError as error:
            broken = getattr(error, "connection_invalidated", False)
            kind = DatabaseError
            if broken or lost:
                kind = CommitUnknownError if ends else LostError
            raise self.fault(kind, error) from None

    def fault(self, kind: type[DatabaseError], error: Exception) -> DatabaseError:
        """Say what an error of the database means."""
        reason = masked(" ".join(str(getattr(error, "orig", None) or error).split()), self._text)
        return kind(
            f"{self.name} at {shown(self._text)}: {reason}",
            remedy="see to what the database says, and whether sql_connection is right",
        )


class EngineDatabase:
    """One connection, in one transaction."""

    def __init__(self, driver: EngineDriver, connection: Connection) -> None:
        self._driver, self._connection = driver, connection
        with driver.told():
            self.schema: str | None = sa.inspect(connection).default_schema_name

    def run(self, statement: Statement) -> list[Row]:
        """Carry a statement out."""
        assert isinstance(statement, Executable)
        with self._driver.told():
            found = self._connection.execute(statement)
            return [tuple(row) for row in found] if found.returns_rows else []

    def columns(self, table: sa.Table) -> dict[str, str] | None:
        """The columns of a table, with their types."""
        with self._driver.told():
            inspector = sa.inspect(self._connection)
            if not inspector.has_table(table.name, table.schema):
                return None
            found = inspector.get_columns(table.name, table.schema)
        return {each["name"]: self._driver.type_name(each["type"]) for each in found}

    def spelled(self, name: str, schema: str | None) -> str:
        """What differs in case alone is up to each database, and left to it."""
        return name

    def lock(self, what: str, *, shared: bool = False) -> None:
        """Wait for a lock by name, which ends with the transaction; all are exclusive here."""
        name = hashlib.sha256(what.encode()).hexdigest()
        self._prepare_lock(name)
        self.run(sa.update(LOCKS).where(LOCKS.c.name == name).values(name=name))

    def _prepare_lock(self, name: str) -> None:
        # Apart from the transaction, so that others need not wait for its end to see it.
        with self._driver.told(), self._driver.engine.connect() as connection:
            _unless_there(connection, lambda: LOCKS.create(connection, checkfirst=True))
            if connection.scalar(sa.select(LOCKS.c.name).where(LOCKS.c.name == name)) is None:
                _unless_there(
                    connection, lambda: connection.execute(LOCKS.insert(), {"name": name})
                )

    def append(self, table: sa.Table, rows: pl.DataFrame, batch_size: int | None) -> None:
        """Add rows by inserts, many rows at a time."""
        # By number, since names that differ in a dot or a space alone become one mark.
        marks = {column: f"c{n}" for n, column in enumerate(rows.columns)}
        insert = sa.insert(table).values(
            {name: sa.bindparam(f"beaf_{mark}") for name, mark in marks.items()}
        )
        named = rows.rename({name: f"beaf_{mark}" for name, mark in marks.items()})
        with self._driver.told():
            for each in named.iter_slices(batch_size or max(rows.height, 1)):
                self._connection.execute(insert, each.to_dicts())

    def frames(self, query: sa.Select[Any], batch_size: int | None) -> Iterator[pl.DataFrame]:
        """Ask for rows."""
        names = [each.name for each in query.selected_columns]
        streaming = query.execution_options(stream_results=True)
        with self._driver.told():
            found = self._connection.execute(streaming)
            while batch := found.fetchmany(batch_size or READ_ROWS):
                yield pl.DataFrame(batch, names, orient="row", infer_schema_length=None)

    def commit(self) -> None:
        """End the transaction."""
        with self._driver.told(ends=True):
            self._connection.commit()


def engine(url: URL, **options: Any) -> Engine:
    """Find what speaks to a database.

    Raises:
        UsageError: it is not installed.
    """
    try:
        return sa.create_engine(url, poolclass=NullPool, **options)
    except sa.exc.NoSuchModuleError:
        raise UsageError(
            f"sql_connection: nothing that is installed knows databases of the kind "
            f"{url.drivername}",
            remedy="correct the URL, or install the SQLAlchemy dialect for that database",
        ) from None
    except ModuleNotFoundError as error:
        raise UsageError(
            f"sql_connection: {url.drivername} needs the package {error.name}, "
            "which is not installed",
            remedy=f"pip install {error.name}, or the package that brings it",
        ) from None


def _committed_alone(connection: Connection) -> Connection:
    """Let a writer that waited for a lock see what was committed meanwhile, where that is known."""
    try:
        return connection.execution_options(isolation_level="READ COMMITTED")
    except sa.exc.ArgumentError:
        return connection


def _unless_there(connection: Connection, make: Any) -> None:
    """Make something that another one may be making just now."""
    try:
        make()
        connection.commit()
    except (sa.exc.IntegrityError, sa.exc.ProgrammingError):
        connection.rollback()
