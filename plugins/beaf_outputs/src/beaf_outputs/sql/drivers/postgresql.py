"""How does PostgreSQL take a partition? By binary COPY, through ADBC."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl
import pyarrow as pa
import sqlalchemy as sa
from adbc_driver_manager import dbapi as adbc
from adbc_driver_postgresql import dbapi
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine import URL, Dialect
from sqlalchemy.sql import Executable

from beaf_outputs.sql.drivers import Row, Statement
from beaf_outputs.sql.drivers.faults import CommitUnknownError, DatabaseError, LostError
from beaf_outputs.sql.stored import Stored, stored
from beaf_outputs.sql.urls import masked, shown

#: Answers are waited for no longer than this, where the URL does not say otherwise.
CONNECT_SECONDS = 10

_REMEDY = "see whether the server runs, and whether sql_connection is right"

_COLUMNS = sa.text(
    "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) "
    "FROM pg_catalog.pg_attribute a "
    "JOIN pg_catalog.pg_class c ON c.oid = a.attrelid "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = :schema AND c.relname = :name AND c.relkind IN ('r', 'p', 'f') "
    "AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
)
_LOCK = sa.text("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(:what, 0))")
_LOCK_SHARED = sa.text(
    "SELECT pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended(:what, 0))"
)


_dialect: Any = PGDialect  # SQLAlchemy has no types for how it is made


class PostgresDriver:
    """PostgreSQL, and what speaks its protocol."""

    name = "PostgreSQL"
    longest_name: int | None = 63
    most_columns: int | None = 1600
    has_comments = True

    def __init__(self, url: URL, text: str) -> None:
        self._text = text
        self._uri = _uri(url)
        self.dialect: Dialect = _dialect(paramstyle="numeric_dollar")

    def stored(self, dtype: pl.DataType, timestamps: str) -> Stored:
        """How a column is kept."""
        return stored(dtype, timestamps)

    def type_name(self, stored: sa.types.TypeEngine[Any]) -> str:
        """Name a type as PostgreSQL's catalogue does."""
        return stored.compile(dialect=self.dialect).lower().replace(", ", ",")

    @contextmanager
    def open(self, *, writes: bool) -> Iterator[PostgresDatabase]:
        """Connect, and begin a transaction."""
        with self._told():
            connection = dbapi.connect(self._uri)
        try:
            yield PostgresDatabase(self, connection, writes=writes)
        finally:
            connection.close()  # what is not committed is undone

    @contextmanager
    def _told(self, *, ends: bool = False) -> Iterator[None]:
        """Tell what goes wrong as an error of ours, without the password."""
        try:
            yield
        except (adbc.Error, pa.ArrowException, OSError) as error:
            raise self.fault(error, ends=ends) from None

    told = _told

    def fault(self, error: Exception, *, ends: bool = False) -> DatabaseError:
        """Say what an error of the driver means."""
        reason = masked(" ".join(str(error).split()), self._text)
        message = f"{self.name} at {shown(self._text)}: {reason}"
        if not _is_lost(error):
            return DatabaseError(message, remedy="see to what the database says")
        kind = CommitUnknownError if ends else LostError
        return kind(
            message, remedy="see whether the server runs, and whether sql_connection is right"
        )


class PostgresDatabase:
    """One connection, in one transaction."""

    def __init__(
        self, driver: PostgresDriver, connection: adbc.Connection, *, writes: bool
    ) -> None:
        self._driver, self._connection = driver, connection
        # A writer that waited for a lock must see what was committed meanwhile, whatever the
        # server's default; a reader asks several questions of one state.
        level = "READ COMMITTED" if writes else "REPEATABLE READ READ ONLY"
        self.run(sa.text(f"SET TRANSACTION ISOLATION LEVEL {level}"))
        self.schema: str | None = self.run(sa.text("SELECT current_schema()"))[0][0]

    def run(self, statement: Statement) -> list[Row]:
        """Carry a statement out."""
        text, values = self._compiled(statement)
        with self._driver.told(), self._connection.cursor() as cursor:
            cursor.execute(text, values or None)
            return cursor.fetchall() if cursor.description else []

    def _compiled(self, statement: Statement) -> tuple[str, list[Any]]:
        options = {"render_postcompile": True} if isinstance(statement, Executable) else {}
        compiled = statement.compile(dialect=self._driver.dialect, compile_kwargs=options)
        names = getattr(compiled, "positiontup", None) or []
        return str(compiled), [compiled.params[name] for name in names]

    def columns(self, table: sa.Table) -> dict[str, str] | None:
        """The columns of a table, with their types."""
        values = {"schema": table.schema or self.schema, "name": table.name}
        return dict(self.run(_COLUMNS.bindparams(**values))) or None

    def lock(self, what: str, *, shared: bool = False) -> None:
        """Wait for a lock by name, which ends with the transaction."""
        self.run((_LOCK_SHARED if shared else _LOCK).bindparams(what=f"beaf:{what}"))

    def append(self, table: sa.Table, rows: pl.DataFrame, batch_size: int | None) -> None:
        """Add rows by binary COPY."""
        slices = rows.iter_slices(batch_size) if batch_size else [rows]
        schema = rows.clear().to_arrow().schema
        batches = (batch for each in slices for batch in each.to_arrow().to_batches())
        reader = pa.RecordBatchReader.from_batches(schema, batches)
        with self._driver.told(), self._connection.cursor() as cursor:
            cursor.adbc_ingest(table.name, reader, mode="append", db_schema_name=table.schema)

    def frames(self, query: sa.Select[Any], batch_size: int | None) -> Iterator[pl.DataFrame]:
        """Ask for rows."""
        text, values = self._compiled(query)
        with self._driver.told(), self._connection.cursor() as cursor:
            cursor.execute(text, values or None)
            for batch in cursor.fetch_record_batch():
                yield _frame(batch)

    def commit(self) -> None:
        """End the transaction."""
        with self._driver.told(ends=True):
            self._connection.commit()


def _frame(batch: pa.RecordBatch) -> pl.DataFrame:
    # Numbers of any length arrive as their digits, in a type that polars need not know.
    columns = {
        name: array.storage if isinstance(array, pa.ExtensionArray) else array
        for name, array in zip(batch.schema.names, batch.columns, strict=True)
    }
    frame = pl.from_arrow(pa.table(columns))
    assert isinstance(frame, pl.DataFrame)
    return frame


def _uri(url: URL) -> str:
    query = {"connect_timeout": str(CONNECT_SECONDS), "application_name": "beaf", **url.query}
    plain = url.set(drivername="postgresql", query=query)
    return plain.render_as_string(hide_password=False)


def _is_lost(error: Exception) -> bool:
    state = getattr(error, "sqlstate", None) or ""
    return state.startswith("08") or state in {"57P01", "57P02", "57P03", "40001", "40P01"}
