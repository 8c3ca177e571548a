"""How does DuckDB take a partition? One insert from Arrow, in one transaction with the rest.

A file of DuckDB belongs to one process at a time: another one waits until it is let go.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import duckdb
import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine import URL, Dialect

from beaf_core import ResourceError
from beaf_outputs.sql.drivers import Indexed, Row, Statement
from beaf_outputs.sql.drivers.compiled import compiled, quote_all
from beaf_outputs.sql.drivers.engines import READ_ROWS
from beaf_outputs.sql.drivers.faults import DatabaseError, LostError
from beaf_outputs.sql.drivers.files import Spelled, file_of, make_folder, same_but_for_case
from beaf_outputs.sql.stored import Stored, stored
from beaf_outputs.sql.urls import masked, shown
from beaf_outputs.stores.locks import held

#: A process that has the file open is waited for so long.
WAIT_SECONDS = 60.0

#: How often the file is tried meanwhile.
PAUSE_SECONDS = 0.05

#: Nothing is fetched from the network, and no name is looked up among Python's variables.
_CONFIG = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
}

_KINDS: dict[type[pl.DataType], str] = {
    pl.Int8: "TINYINT",
    pl.UInt8: "UTINYINT",
    pl.UInt16: "USMALLINT",
    pl.UInt32: "UINTEGER",
    pl.UInt64: "UBIGINT",
    pl.Time: "TIME_NS",
}

_MOMENTS = {"ms": "TIMESTAMP_MS", "us": "TIMESTAMP", "ns": "TIMESTAMP_NS"}

#: What DuckDB calls the types that `stored.py` chooses.
_SPELLED = {
    "DOUBLE PRECISION": "DOUBLE",
    "REAL": "FLOAT",
    "TEXT": "VARCHAR",
    "BYTEA": "BLOB",
}

#: Asked of a connection that is new, `duckdb_columns` takes as long again as to connect.
_COLUMNS = sa.text("SELECT name, type FROM pragma_table_info(:path)")
_TABLES = sa.text(
    "SELECT table_name FROM duckdb_tables() "
    "WHERE database_name = current_database() AND lower(schema_name) = lower(:schema) "
    "UNION ALL SELECT view_name FROM duckdb_views() "
    "WHERE database_name = current_database() AND lower(schema_name) = lower(:schema)"
)


#: DuckDB's SQL is PostgreSQL's, as far as it is needed here.
_dialect: Any = PGDialect  # SQLAlchemy has no types for how it is made


class DuckdbDriver:
    """A file of DuckDB."""

    name = "DuckDB"
    #: Rows of a partition lie together, and DuckDB knows the least and the greatest value of each
    #: piece of a column; an index would cost a third of an insert.
    has_index: Indexed = "never"
    ignores_case = True
    longest_name: int | None = None
    most_columns: int | None = None
    has_comments = True
    keeps_nan = True

    def __init__(self, url: URL, text: str) -> None:
        self._text = text
        self.path = file_of(url)
        self._config: dict[str, Any] = {**url.query, **_CONFIG}
        self.dialect: Dialect = quote_all(_dialect(paramstyle="qmark"))

    def stored(self, dtype: pl.DataType, timestamps: str) -> Stored:
        """How a column is kept: DuckDB has a type for nearly all of them."""
        if timestamps != "int64" and isinstance(dtype, pl.Datetime):
            return _moment(dtype)
        if type(dtype) in _KINDS and not (dtype == pl.Time and timestamps == "int64"):
            return Stored(Spelled(_KINDS[type(dtype)]), dtype)
        return stored(dtype, timestamps)

    def type_name(self, stored: sa.types.TypeEngine[Any]) -> str:
        """Name a type as DuckDB's catalogue does."""
        spelled = stored.compile(dialect=self.dialect).replace(", ", ",")
        return _SPELLED.get(spelled, spelled)

    @contextmanager
    def open(self, *, writes: bool) -> Iterator[DuckdbDatabase]:
        """Connect, and begin a transaction; one that writes waits for the one before it."""
        with ExitStack() as stack:
            if writes:
                stack.enter_context(self._alone())
            with self.told():
                connection = self._connected(writes=writes)
            stack.callback(connection.close)  # what is not committed is undone
            with self.told():
                connection.begin()
            yield DuckdbDatabase(self, connection)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other writers of BEAF out until the file is closed.

        DuckDB's own lock covers neither how a file is made (it looks whether one is there before it
        takes the lock) nor how it is closed: rows of two processes that met there were lost.
        """
        make_folder(self.path)
        with ExitStack() as stack:
            try:
                stack.enter_context(held(self.path.with_name(f".{self.path.name}.lock")))
            except OSError as error:
                raise ResourceError(
                    f"{self.path} cannot be locked: {error.strerror or error}",
                    remedy="make its folder writable, or name another in sql_connection",
                ) from None
            yield

    def _connected(self, *, writes: bool) -> duckdb.DuckDBPyConnection:
        if not writes and not self.path.exists():
            return duckdb.connect(":memory:", config=self._config)  # to ask must not make a file
        until = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                return self._tried(writes=writes)
            except (duckdb.IOException, duckdb.ConnectionException) as error:
                if not _is_held(error) or time.monotonic() > until:
                    raise
            time.sleep(PAUSE_SECONDS)

    def _tried(self, *, writes: bool) -> duckdb.DuckDBPyConnection:
        if not writes:
            try:
                return duckdb.connect(self.path, read_only=True, config=self._config)
            except duckdb.ConnectionException:
                pass  # this process has it open to write, and then to read, too
        return duckdb.connect(self.path, config=self._config)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Tell what goes wrong as an error of ours."""
        try:
            yield
        except duckdb.Error as error:
            # Two threads that met: one of them begins again.
            met = isinstance(error, duckdb.TransactionException) and "onflict" in str(error)
            kind = LostError if met else DatabaseError
            raise self._fault(kind, error) from None

    def _fault(self, kind: type[DatabaseError], error: duckdb.Error) -> DatabaseError:
        reason = masked(" ".join(str(error).split()), self._text)
        known = (remedy for part, remedy in _REMEDIES.items() if part in reason)
        return kind(
            f"DuckDB at {shown(self._text)}: {reason}",
            remedy=next(
                known, "see to what the database says, and whether sql_connection is right"
            ),
        )


_REMEDIES = {
    "Could not set lock": "end the process that has the file open, or wait for it",
    "different configuration": "close the connection that this process has to the file",
    "not a valid DuckDB": "name another file in sql_connection, or move this one",
    "Could not write": "make room, or name a file on another disk in sql_connection",
    "Cannot open file": "make the file and its folder writable, or name another in sql_connection",
}


class DuckdbDatabase:
    """One connection, in one transaction."""

    schema: str | None = "main"

    def __init__(self, driver: DuckdbDriver, connection: duckdb.DuckDBPyConnection) -> None:
        self._driver, self._connection = driver, connection

    def run(self, statement: Statement) -> list[Row]:
        """Carry a statement out."""
        text, values = compiled(statement, self._driver.dialect)
        with self._driver.told():
            return self._connection.execute(text, values).fetchall()

    def columns(self, table: sa.Table) -> dict[str, str] | None:
        """The columns of a table, with their types."""
        schema = table.schema or self.schema
        if table.name not in self._tables(schema):  # to ask for one that is not there ends it all
            return None
        [(file,)] = self.run(sa.select(sa.func.current_database()))
        quote = self._driver.dialect.identifier_preparer.quote_identifier
        path = ".".join(quote(str(each)) for each in (file, schema, table.name))
        return dict(self.run(_COLUMNS.bindparams(path=path)))

    def spelled(self, name: str, schema: str | None) -> str:
        """Find the table that is meant; case does not matter."""
        return same_but_for_case(name, self._tables(schema or self.schema))

    def _tables(self, schema: str | None) -> list[str]:
        return [name for (name,) in self.run(_TABLES.bindparams(schema=schema))]

    def lock(self, what: str, *, shared: bool = False) -> None:
        """The file belongs to this process; of two threads that meet, one begins again."""

    def append(self, table: sa.Table, rows: pl.DataFrame, batch_size: int | None) -> None:
        """Add rows; DuckDB takes as many at a time as it likes."""
        name = f"rows {secrets.token_hex(8)}"  # that no table has
        source = sa.table(name, *(sa.column(name) for name in rows.columns))
        insert = sa.insert(table).from_select(rows.columns, sa.select(*source.columns))
        with self._driver.told():
            # Until the connection ends, which this transaction does not outlive. In one piece:
            # an insert of pieces that end inside row groups costs a third more.
            self._connection.register(name, rows.rechunk().to_arrow())
        self.run(insert)

    def frames(self, query: sa.Select[Any], batch_size: int | None) -> Iterator[pl.DataFrame]:
        """Ask for rows."""
        text, values = compiled(query, self._driver.dialect)
        with self._driver.told():
            found = self._connection.query(text, params=values)
            for batch in found.to_arrow_reader(batch_size or READ_ROWS) or ():
                yield pl.DataFrame(batch)

    def commit(self) -> None:
        """End the transaction."""
        with self._driver.told():
            self._connection.commit()


def _moment(dtype: pl.Datetime) -> Stored:
    unit = dtype.time_unit
    if dtype.time_zone is None:
        return Stored(Spelled(_MOMENTS[unit]), dtype)
    if unit == "ns":
        return Stored(Spelled("TIMESTAMPTZ_NS"), dtype)
    return Stored(Spelled("TIMESTAMP WITH TIME ZONE"), pl.Datetime("us", dtype.time_zone))


def _is_held(error: duckdb.Error) -> bool:
    told = str(error)
    return "Could not set lock" in told or "different configuration" in told
