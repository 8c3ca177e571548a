"""How do rows come into a file of SQLite quickly, before they are copied into another one?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa

from beaf_outputs.sql.drivers.faults import DatabaseError

#: Large pages: the file is written once, read once, and never changed (a fifth less CPU).
_PRAGMAS = ("journal_mode = OFF", "synchronous = OFF", "page_size = 65536")


def affinity(kind: str) -> str:
    """Name the preference that a column of a declared type has (sqlite.org/datatype3.html, 3.1)."""
    named = kind.upper()
    for parts, affinity in _AFFINITIES.items():
        if any(part in named for part in parts):
            return affinity
    return "NUMERIC" if kind else "BLOB"


#: In the order in which SQLite looks.
_AFFINITIES = {
    ("INT",): "INTEGER",
    ("CHAR", "CLOB", "TEXT"): "TEXT",
    ("BLOB",): "BLOB",
    ("REAL", "FLOA", "DOUB"): "REAL",
}


def stage(path: Path, rows: pl.DataFrame, kinds: Sequence[str], batch_size: int | None) -> None:
    """Write rows to a table `rows` of a file of its own.

    Args:
        path: the file.
        rows: what to write.
        kinds: how each column is declared: its affinity, and whether it is never null.
        batch_size: rows per batch; None for all at once.

    Raises:
        DatabaseError: it cannot be written.
    """
    from adbc_driver_manager import dbapi as adbc
    from adbc_driver_sqlite import dbapi

    slices = rows.iter_slices(batch_size) if batch_size else [rows]
    batches = (batch for each in slices for batch in each.to_arrow().to_batches())
    reader = pa.RecordBatchReader.from_batches(rows.clear().to_arrow().schema, batches)
    try:
        with dbapi.connect(str(path), autocommit=True) as connection, connection.cursor() as cursor:
            for pragma in _PRAGMAS:
                cursor.execute(f"PRAGMA {pragma}")
                cursor.fetchall()
            columns = zip(rows.columns, kinds, strict=True)
            cursor.execute(f"CREATE TABLE rows ({', '.join(map(' '.join, columns))})")
            cursor.fetchall()
            cursor.adbc_ingest("rows", reader, mode="append")
    except adbc.Error as error:
        raise DatabaseError(
            f"SQLite: {path} cannot be written: {error}",
            remedy="make room, or name a file on another disk in sql_connection",
        ) from None
