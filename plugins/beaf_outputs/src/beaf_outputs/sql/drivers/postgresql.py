"""How does PostgreSQL take a partition? By binary COPY, through ADBC."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, cast

import adbc_driver_manager
import adbc_driver_postgresql
import polars as pl
import pyarrow as pa
import sqlalchemy as sa
from adbc_driver_manager import dbapi as adbc
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine import URL, Dialect
from sqlalchemy.sql import Executable, visitors

from beaf_core import UsageError
from beaf_outputs.sql.drivers import Indexed, Row, Statement
from beaf_outputs.sql.drivers.postgresql_faults import NOT_TEXT, fault, state_of
from beaf_outputs.sql.stored import Stored, stored

#: Answers are waited for no longer than this, where the URL does not say otherwise.
CONNECT_SECONDS = 10

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
_SET_VALUES = sa.text("SELECT pg_catalog.set_config('beaf.values', :values, true)")
_VALUES = sa.cast(sa.text("pg_catalog.current_setting('beaf.values')"), JSON)

_dialect: Any = PGDialect  # SQLAlchemy has no types for how it is made


class PostgresDriver:
    """PostgreSQL, and what speaks its protocol."""

    name = "PostgreSQL"
    longest_name: int | None = 63
    most_columns: int | None = 1600
    has_comments = True
    has_index: Indexed = "with the table"
    ignores_case = False
    keeps_nan = True

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
        with self.told("connect"):
            connection = _connected(self._uri)
        try:
            yield PostgresDatabase(self, connection, writes=writes)
        finally:
            connection.close()  # what is not committed is undone

    @contextmanager
    def told(self, doing: str = "") -> Iterator[None]:
        """Tell what goes wrong as an error of ours, without the password."""
        try:
            yield
        except (adbc.Error, pa.ArrowException, OSError) as error:
            # The driver's own error may quote the password, so no traceback may lead to it.
            raise fault(error, self._text, doing) from None


class PostgresDatabase:
    """One connection, in one transaction."""

    def __init__(
        self, driver: PostgresDriver, connection: adbc.Connection, *, writes: bool
    ) -> None:
        self._driver, self._connection = driver, connection
        # A writer that waited for a lock must see what was committed meanwhile, whatever the
        # server's default is; a reader asks several questions of one state.
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
        # A list of values becomes as many parameters.
        options = {"render_postcompile": True} if isinstance(statement, Executable) else {}
        compiled = statement.compile(dialect=self._driver.dialect, compile_kwargs=options)
        names = getattr(compiled, "positiontup", None) or []
        return str(compiled), [compiled.params[name] for name in names]

    def columns(self, table: sa.Table) -> dict[str, str] | None:
        """The columns of a table, with their types."""
        values = {"schema": table.schema or self.schema, "name": table.name}
        return dict(self.run(_COLUMNS.bindparams(**values))) or None

    def spelled(self, name: str, schema: str | None) -> str:
        """Names differ in case here, too."""
        return name

    def lock(self, what: str, *, shared: bool = False) -> None:
        """Wait for a lock by name, which ends with the transaction."""
        self.run((_LOCK_SHARED if shared else _LOCK).bindparams(what=f"beaf:{what}"))

    def append(self, table: sa.Table, rows: pl.DataFrame, batch_size: int | None) -> None:
        """Add rows by binary COPY."""
        slices = rows.iter_slices(batch_size) if batch_size else iter([rows])
        batches = (batch for each in slices for batch in each.to_arrow().to_batches())
        reader = pa.RecordBatchReader.from_batches(rows.clear().to_arrow().schema, batches)
        with self._driver.told(), self._connection.cursor() as cursor:
            try:
                cursor.adbc_ingest(table.name, reader, mode="append", db_schema_name=table.schema)
            except adbc.DataError as error:
                if state_of(error) == NOT_TEXT:
                    _refuse_zeros(rows)
                raise

    def frames(self, query: sa.Select[Any], batch_size: int | None) -> Iterator[pl.DataFrame]:
        """Ask for rows by binary COPY, batch by batch as they arrive; the driver sizes them."""
        values: list[str] = []
        text, _ = self._compiled(_reading_values(query, values))
        self.run(_SET_VALUES.bindparams(values=json.dumps(values)))
        with self._driver.told(), self._connection.cursor() as cursor:
            cursor.execute(text)
            for batch in cursor.fetch_record_batch():
                yield _frame(batch)

    def commit(self) -> None:
        """End the transaction."""
        with self._driver.told("commit"):
            self._connection.commit()


@lru_cache(maxsize=8)
def _server(uri: str) -> Any:
    """Ask a server for its types; once, since that costs six times what a connection does."""
    return adbc_driver_postgresql.connect(uri)


class _Shared:
    """A server, to a connection that would close it with itself."""

    def __init__(self, server: Any) -> None:
        self._server = server

    def close(self) -> None:
        """Leave it for the next connection."""


def _connected(uri: str) -> adbc.Connection:
    server = _server(uri)
    shared: Any = _Shared(server)
    return adbc.Connection(shared, adbc_driver_manager.AdbcConnection(server))


def _reading_values(query: sa.Select[Any], values: list[str]) -> sa.Select[Any]:
    """Let a query read its values from a setting of the transaction.

    COPY takes no parameters, and without it ADBC holds all rows in memory before it gives the
    first. A setting can be bound. Each value is read once, in a subquery of its own.
    """

    def replaced(element: Any, **_: object) -> Any:
        if not isinstance(element, sa.BindParameter):
            return None
        values.append(_spelled(element.value))
        value = _VALUES.op("->>")(sa.literal_column(str(len(values) - 1)))
        return sa.select(sa.cast(value, element.type)).scalar_subquery()

    return cast("sa.Select[Any]", visitors.replacement_traverse(query, {}, replaced))


def _spelled(value: object) -> str:
    """Render a value as PostgreSQL reads it."""
    return value if isinstance(value, str) else str(value)


def _refuse_zeros(rows: pl.DataFrame) -> None:
    """Name the columns whose texts have what PostgreSQL cannot keep in a text.

    Raises:
        UsageError: there are some.
    """
    texts = pl.col(pl.String)
    found = rows.select(texts.str.contains("\0", literal=True).any())
    named = [each.name for each in found if each.item()]
    if named:
        raise UsageError(
            f"PostgreSQL keeps no text with a zero character, as in {', '.join(named)}",
            remedy="clean the column, or write to parquet",
        )


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
