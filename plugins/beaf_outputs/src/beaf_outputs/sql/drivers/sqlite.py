"""How does SQLite take a partition? Staged in a file of its own by ADBC, then copied in one insert.

ADBC binds values with half the CPU of Python's own `sqlite3`. But it brings a SQLite of its own,
and two of them in one process cannot see each other's locks: a notebook that has the database open
would see it damaged. So ADBC writes a file that nobody else knows of, and `sqlite3` alone touches
the database, which stays locked for no longer than the copy takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine

from beaf_outputs.sql.drivers.compiled import quote_all
from beaf_outputs.sql.drivers.engines import READ_ROWS, EngineDatabase, EngineDriver, engine
from beaf_outputs.sql.drivers.faults import DatabaseError
from beaf_outputs.sql.drivers.files import Spelled, file_of, make_folder, same_but_for_case
from beaf_outputs.sql.drivers.sqlite_stage import affinity, stage
from beaf_outputs.sql.stored import Stored, stored

#: Another writer is waited for so long, where the URL does not say otherwise (`?timeout=600`).
WAIT_SECONDS = 60

#: Below so many values, a file for staging costs more than it saves.
FEW_VALUES = 200_000

#: How the names of staged files end.
STAGED = ".staged"

_STAGE = "beaf_staged"

#: How each file of SQLite begins; what does not, and is short, SQLite would take for empty.
_MAGIC = b"SQLite format 3\0"

_LARGEST = 2**63 - 1


# SQLite's integers have a sign. In a column without a preference larger ones are texts of twenty
# digits, which sort behind all integers, as they should.
_UNSIGNED = Spelled("UNSIGNED BLOB")

#: How moments are written: as SQLite's own functions, SQLAlchemy and pandas read them.
_MOMENT, _DAY, _TIME = "%Y-%m-%d %H:%M:%S%.6f", "%Y-%m-%d", "%H:%M:%S%.9f"


class SqliteDriver(EngineDriver):
    """A file of SQLite."""

    name = "SQLite"
    ignores_case = True

    def __init__(self, url: URL, text: str) -> None:
        self.path = file_of(url)
        super().__init__(url, text)
        quote_all(self.dialect)
        self.longest_name = None
        self.most_columns = 2000

    def _made(self, url: URL) -> Engine:
        waiting = {"timeout": str(WAIT_SECONDS), **url.query}
        # Without a level, a transaction begins where we say so, and DDL is part of it.
        return engine(url.set(query=waiting), connect_args={"isolation_level": None})

    def stored(self, dtype: pl.DataType, timestamps: str) -> Stored:
        """How a column is kept: as text where a number would lose digits."""
        if isinstance(dtype, pl.UInt64):
            return Stored(_UNSIGNED, pl.UInt64())
        if isinstance(dtype, pl.Decimal):
            return Stored(Spelled(f"DECIMAL_TEXT({dtype.precision}, {dtype.scale})"), pl.String())
        kept = stored(dtype, timestamps)
        # In UTC: a text has no zone.
        return (
            replace(kept, dtype=pl.Datetime("us")) if isinstance(kept.dtype, pl.Datetime) else kept
        )

    def type_name(self, stored: sa.types.TypeEngine[Any]) -> str:
        """Name a type as SQLite keeps it."""
        return stored.compile(dialect=self.dialect)

    @contextmanager
    def open(self, *, writes: bool) -> Iterator[SqliteDatabase]:
        """Connect, and begin a transaction; one that writes waits for the one before it."""
        if writes:
            make_folder(self.path)
        # To ask must not make a file.
        there = self._is_there() or writes
        with self.told():
            connection = (self.engine if there else engine(sa.make_url("sqlite://"))).connect()
        try:
            with self.told():
                connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
            if writes:
                self.staged.unlink(missing_ok=True)  # of a writer that was killed
            yield SqliteDatabase(self, connection)
        finally:
            connection.close()  # what is not committed is undone

    def _is_there(self) -> bool:
        try:
            with self.path.open("rb") as file:
                begins = file.read(len(_MAGIC))
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self.fault(DatabaseError, error) from None
        if begins not in (b"", _MAGIC):
            raise self.fault(DatabaseError, ValueError("file is not a database"))
        return True

    @property
    def staged(self) -> Path:
        """The file for staging; it belongs to the one whose transaction writes, until its end."""
        return self.path.with_name(f".{self.path.name}{STAGED}")

    def fault(self, kind: type[DatabaseError], error: Exception) -> DatabaseError:
        """Say what an error of SQLite means."""
        told = super().fault(kind, error)
        known = (remedy for part, remedy in _REMEDIES.items() if part in told.message)
        return kind(told.message, remedy=next(known, told.remedy))


_REMEDIES = {
    "is locked": "wait for the other writer, or end it; "
    "sqlite:///file.db?timeout=600 waits for ten minutes",
    "not a database": "name another file in sql_connection, or move this one",
    "malformed": "restore the file from a backup, or move it and run again",
    "is full": "make room, or name a file on another disk in sql_connection",
    "disk I/O": "make room, or name a file on another disk in sql_connection",
    "readonly": "make the file and its folder writable, or name another in sql_connection",
    "unable to open": "make the folder writable, or name another file in sql_connection",
}


class SqliteDatabase(EngineDatabase):
    """One connection, in one transaction."""

    def __init__(self, driver: SqliteDriver, connection: Connection) -> None:
        self._driver, self._connection = driver, connection
        self._staged = driver.staged
        self.schema = "main"

    def columns(self, table: sa.Table) -> dict[str, str] | None:
        """The columns of a table, with their types as they were written."""
        asked = sa.text("SELECT name, type FROM pragma_table_info(:name, :schema)")
        found = self.run(asked.bindparams(name=table.name, schema=table.schema or self.schema))
        return dict(found) or None

    def spelled(self, name: str, schema: str | None) -> str:
        """Find the table that is meant; case does not matter."""
        master = sa.table("sqlite_master", sa.column("name"), schema=schema or self.schema)
        return same_but_for_case(name, (each for (each,) in self.run(sa.select(master.c.name))))

    def lock(self, what: str, *, shared: bool = False) -> None:
        """There is one writer at a time, from the beginning of its transaction."""

    def append(self, table: sa.Table, rows: pl.DataFrame, batch_size: int | None) -> None:
        """Add rows."""
        ready = _as_kept(rows.select(each.name for each in table.columns))
        few = rows.height * rows.width < FEW_VALUES
        with self._driver.told():
            if few or pl.UInt64 in ready.dtypes or find_spec("adbc_driver_sqlite") is None:
                self._insert(table, ready, batch_size)
            else:
                self._copy(table, ready, batch_size)

    def _insert(self, table: sa.Table, rows: pl.DataFrame, batch_size: int | None) -> None:
        text = str(sa.insert(table).compile(dialect=self._connection.dialect))
        for each in rows.iter_slices(batch_size or max(rows.height, 1)):
            values = zip(*(_values(column) for column in each), strict=True)
            self._connection.exec_driver_sql(text, list(values))

    def _copy(self, table: sa.Table, rows: pl.DataFrame, batch_size: int | None) -> None:
        declared = self._declared(table)
        alike = sorted(declared) == sorted(rows.columns)
        names = list(declared) if alike else rows.columns
        marks = {name: f"c{number}" for number, name in enumerate(names)}
        try:
            kinds = [declared.get(name, "") for name in names]
            stage(self._staged, rows.select(names).rename(marks), kinds, batch_size)
            self._connection.exec_driver_sql(f"ATTACH ? AS {_STAGE}", (str(self._staged),))
            self._take_over(table, marks, as_records=alike)
        finally:
            self._staged.unlink(missing_ok=True)  # before the next one may begin to write

    def _take_over(self, table: sa.Table, marks: Mapping[str, str], *, as_records: bool) -> None:
        """Copy what is staged: values by their names, or records as they are.

        Without names, and of a table that is declared alike, SQLite copies records: a third of the
        CPU. Where an index stands in the way, it copies values by itself.
        """
        if as_records:
            named = self._connection.dialect.identifier_preparer.format_table(table)
            text = f"INSERT INTO {named} SELECT * FROM {_STAGE}.rows"  # noqa: S608 — quoted
            self._connection.exec_driver_sql(text)
            return
        staged = sa.Table("rows", sa.MetaData(), *map(sa.Column, marks.values()), schema=_STAGE)
        self.run(sa.insert(table).from_select(list(marks), sa.select(*staged.columns)))

    def _declared(self, table: sa.Table) -> dict[str, str]:
        """The columns of a table, in their order, each as one like it is declared."""
        asked = sa.text('SELECT name, type, "notnull" FROM pragma_table_info(:name, :schema)')
        found = self.run(asked.bindparams(name=table.name, schema=table.schema or self.schema))
        return {name: affinity(kind) + " NOT NULL" * never for name, kind, never in found}

    def frames(self, query: sa.Select[Any], batch_size: int | None) -> Iterator[pl.DataFrame]:
        """Ask for rows."""
        table = query.get_final_froms()[0]
        assert isinstance(table, sa.Table)
        all_kinds = self.columns(table) or {}
        kinds = {each.name: all_kinds[each.name] for each in query.selected_columns}
        schema = {name: _read_as(kind) for name, kind in kinds.items()}
        moments = [_MOMENTS[kind](pl.col(name)) for name, kind in kinds.items() if kind in _MOMENTS]
        with self._driver.told():
            # Past SQLAlchemy's own reading of values, which takes each for itself.
            cursor = self._connection.execute(query).cursor
            while batch := cursor.fetchmany(batch_size or READ_ROWS):
                yield _frame(batch, schema).with_columns(moments)


def _as_kept(rows: pl.DataFrame) -> pl.DataFrame:
    """Turn moments into texts, and unsigned integers that all fit into signed ones."""
    texts = [
        pl.selectors.datetime().dt.to_string(_MOMENT),
        pl.selectors.date().dt.to_string(_DAY),
        pl.selectors.time().dt.to_string(_TIME),
    ]
    small = [
        name
        for name, dtype in rows.schema.items()
        if dtype == pl.UInt64 and (rows[name] <= _LARGEST).all()
    ]
    return rows.with_columns(*texts, *(pl.col(name).cast(pl.Int64) for name in small))


def _values(column: pl.Series) -> list[Any]:
    values: list[Any] = column.to_list()
    return [_unsigned(each) for each in values] if column.dtype == pl.UInt64 else values


def _unsigned(value: int | None) -> int | str | None:
    return value if value is None or value <= _LARGEST else f"{value:020}"


def _read_as(kind: str) -> pl.DataType:
    if kind == _UNSIGNED.spelling:
        return pl.UInt64()
    if kind.endswith("INT") or kind in {"INTEGER", "BOOLEAN"}:
        return pl.Int64()
    if kind in {"REAL", "DOUBLE", "FLOAT"}:
        return pl.Float64()
    return pl.Binary() if kind == "BLOB" else pl.String()


def _frame(batch: Sequence[Any], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    columns = zip(schema.items(), zip(*batch, strict=True), strict=True)
    return pl.DataFrame([_series(name, dtype, values) for (name, dtype), values in columns])


_MOMENTS: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "TIMESTAMP": lambda text: text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us"),
    "DATE": lambda text: text.str.to_date(_DAY),
    "TIME": lambda text: text.str.to_time("%H:%M:%S%.f"),
}


def _series(name: str, dtype: pl.DataType, values: tuple[Any, ...]) -> pl.Series:
    if dtype == pl.UInt64:
        return pl.Series(name, [None if each is None else int(each) for each in values], dtype)
    return pl.Series(name, values, dtype)
