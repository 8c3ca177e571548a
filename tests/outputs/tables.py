"""What stands in a database, seen by its own driver instead of by the output?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import make_url
from tests.outputs.places import Place

Rows = list[tuple[Any, ...]]

_TABLES = {
    "postgresql": "SELECT table_name FROM information_schema.tables "
    "WHERE table_schema NOT IN ('pg_catalog', 'information_schema')",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "duckdb": "SELECT table_name FROM duckdb_tables()",
}
#: What a row has that is another one once it was written again.
_TRACES = {"postgresql": "ctid::text, xmin::text", "sqlite": "rowid", "duckdb": "rowid"}


def ask(place: Place, statement: str) -> Rows:
    """Ask the database of a place."""
    return _ASK[place.name](place.section["sql_connection"], statement)


def _postgresql(url: str, statement: str) -> Rows:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def _sqlite(url: str, statement: str) -> Rows:
    import sqlite3

    connection = sqlite3.connect(str(make_url(url).database))
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def _duckdb(url: str, statement: str) -> Rows:
    import duckdb

    with duckdb.connect(str(make_url(url).database)) as connection:
        return connection.execute(statement).fetchall()


_ASK: Mapping[str, Callable[[str, str], Rows]] = {
    "postgresql": _postgresql,
    "sqlite": _sqlite,
    "duckdb": _duckdb,
}


def shape(place: Place) -> dict[str, int]:
    """Count what stands in each table: partitions, where it holds some, else its rows."""
    found = {}
    for (name,) in ask(place, _TABLES[place.name]):
        quoted = '"' + name.replace('"', '""') + '"'
        what = "*" if name.startswith("beaf_") else 'DISTINCT "PartitionKey"'
        found[name] = ask(place, f"SELECT count({what}) FROM {quoted}")[0][0]
    return found


def trace(place: Place, table: str, key: str) -> Rows:
    """Return what the rows of a partition have that changes once they are written again."""
    assert "'" not in key
    columns = _TRACES[place.name]
    return sorted(ask(place, f'SELECT {columns} FROM "{table}" WHERE "PartitionKey" = \'{key}\''))
