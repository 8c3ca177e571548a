"""How does a person write a frame without BEAF, by one call of the library below a target?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

#: Target → the call that it is held against.
CALLS: Mapping[str, str] = {
    "parquet": "sink_parquet",
    "hive": "sink_parquet, by folders",
    "delta": "write_deltalake",
    "sqlite": "ADBC ingest",
    "duckdb": "CREATE TABLE AS",
    "postgresql": "ADBC ingest (COPY)",
}


def parquet(rows: pl.DataFrame, place: str) -> None:
    """Sink one file."""
    Path(place).mkdir(parents=True)
    rows.lazy().sink_parquet(f"{place}/rows.parquet", compression="zstd", engine="streaming")


def hive(rows: pl.DataFrame, place: str) -> None:
    """Sink a folder per venue and day."""
    dated = rows.lazy().with_columns(pl.col("TimeBucket").dt.date().alias("Date"))
    folders = pl.PartitionBy(place, key=["MIC", "Date"], include_key=False)
    dated.sink_parquet(folders, compression="zstd", mkdir=True, engine="streaming")


def delta(rows: pl.DataFrame, place: str) -> None:
    """Write a table; Delta knows no nanoseconds."""
    from deltalake import WriterProperties, write_deltalake

    properties = WriterProperties(compression="ZSTD")
    write_deltalake(place, _in_microseconds(rows), writer_properties=properties)


def sqlite(rows: pl.DataFrame, place: str) -> None:
    """Ingest a table; moments are texts there."""
    from adbc_driver_sqlite import dbapi

    Path(place).mkdir(parents=True)
    with dbapi.connect(f"{place}/rows.db") as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("rows", _in_microseconds(rows).to_arrow(), mode="create")
        connection.commit()


def duckdb(rows: pl.DataFrame, place: str) -> None:
    """Create a table from Arrow."""
    import duckdb

    Path(place).mkdir(parents=True)
    with duckdb.connect(f"{place}/rows.db") as connection:
        connection.register("given", rows.to_arrow())
        connection.execute("CREATE TABLE rows AS SELECT * FROM given")


def postgresql(rows: pl.DataFrame, place: str) -> None:
    """Ingest a table by binary COPY."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(place) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("plain_rows", _in_microseconds(rows).to_arrow(), mode="replace")
        connection.commit()


def _in_microseconds(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.col("TimeBucket").cast(pl.Datetime("us")))


WRITERS: Mapping[str, Callable[[pl.DataFrame, str], None]] = {
    "parquet": parquet,
    "hive": hive,
    "delta": delta,
    "sqlite": sqlite,
    "duckdb": duckdb,
    "postgresql": postgresql,
}
