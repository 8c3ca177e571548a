"""As what type does a database keep a column, and what is lost by that?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa

from beaf_core import UsageError

MICROSECONDS = "TimeBucket and other moments are kept in microseconds in SQL"


@dataclass(frozen=True, slots=True)
class Stored:
    """How a column is kept.

    Attributes:
        type: in the database.
        dtype: what the rows are cast to before they are handed over.
        note: what a person should hear of it, once per run.
    """

    type: sa.types.TypeEngine[Any]
    dtype: pl.DataType
    note: str = ""


_SIMPLE: dict[type[pl.DataType], Stored] = {
    pl.Boolean: Stored(sa.Boolean(), pl.Boolean()),
    pl.Int8: Stored(sa.SmallInteger(), pl.Int16()),
    pl.Int16: Stored(sa.SmallInteger(), pl.Int16()),
    pl.Int32: Stored(sa.Integer(), pl.Int32()),
    pl.Int64: Stored(sa.BigInteger(), pl.Int64()),
    pl.UInt8: Stored(sa.SmallInteger(), pl.Int16()),
    pl.UInt16: Stored(sa.Integer(), pl.Int32()),
    pl.UInt32: Stored(sa.BigInteger(), pl.Int64()),
    # Beyond what eight bytes hold; by its type, since a table cannot change with its values.
    pl.UInt64: Stored(sa.Numeric(20, 0), pl.Decimal(20, 0)),
    pl.Float32: Stored(sa.REAL(), pl.Float32()),
    pl.Float64: Stored(sa.Double(), pl.Float64()),
    pl.String: Stored(sa.Text(), pl.String()),
    pl.Categorical: Stored(sa.Text(), pl.String()),
    pl.Enum: Stored(sa.Text(), pl.String()),
    pl.Null: Stored(sa.Text(), pl.String()),
    pl.Binary: Stored(sa.LargeBinary(), pl.Binary()),
    pl.Date: Stored(sa.Date(), pl.Date()),
    pl.Time: Stored(sa.Time(), pl.Time()),
    # A count of its unit: not every database has intervals, and those that do drop nanoseconds.
    pl.Duration: Stored(sa.BigInteger(), pl.Int64()),
}


def stored(dtype: pl.DataType, timestamps: str) -> Stored:
    """Choose what most databases have.

    Raises:
        UsageError: nested values and the like, which have no place in a column.
    """
    if isinstance(dtype, pl.Decimal):
        return Stored(sa.Numeric(dtype.precision, dtype.scale), dtype)
    if isinstance(dtype, pl.Datetime):
        return _moment(dtype, timestamps)
    if isinstance(dtype, pl.Time) and timestamps == "int64":
        return Stored(sa.BigInteger(), pl.Int64())
    found = _SIMPLE.get(type(dtype))
    if found is None:
        raise UsageError(
            f"values of the type {dtype} have no place in a column of a table",
            remedy="leave the column out, cast it, or write to parquet",
        )
    return found


def _moment(dtype: pl.Datetime, timestamps: str) -> Stored:
    if timestamps == "int64":
        return Stored(sa.BigInteger(), pl.Int64())
    note = MICROSECONDS if dtype.time_unit == "ns" else ""
    zoned = dtype.time_zone is not None
    kept = pl.Datetime("us", dtype.time_zone)
    return Stored(sa.TIMESTAMP(timezone=zoned), kept, note)
