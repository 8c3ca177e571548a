"""In which names and types do the vendor's rows reach the engine, whatever way they came?

Moments become naive UTC in nanoseconds, whether they were nanoseconds since 1970 or a datetime of
any unit and zone; whole numbers Int64, also where they were decimals (the Data API) or texts; no
value changes on the way. What cannot be turned without loss stays as it is, and the engine says so
where somebody needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from beaf_bmll.sources.names import ours
from beaf_core import TABLES, ColumnType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MOMENT = pl.Datetime("ns")

#: What an all-null column becomes.
CANONICAL: Mapping[ColumnType, pl.DataType] = {
    ColumnType.INTEGER: pl.Int64(),
    ColumnType.NUMBER: pl.Float64(),
    ColumnType.TEXT: pl.String(),
    ColumnType.FLAG: pl.Boolean(),
    ColumnType.TIMESTAMP: MOMENT,
}


def normalised(frame: pl.LazyFrame, table: str) -> pl.LazyFrame:
    """Name and type the columns of a frame as `beaf_core.TABLES` says; nothing is read."""
    schema = frame.collect_schema()
    return frame.select(
        typed(pl.col(own), schema[own], TABLES[table].columns.get(name)).alias(name)
        for name, own in ours(schema).items()
    )


def typed(column: pl.Expr, dtype: pl.DataType, declared: ColumnType | None) -> pl.Expr:
    """Turn a column into the type that is declared; untouched where nothing has to change."""
    if declared is None:
        return _plain(column, dtype)
    if dtype == pl.Null:
        return column.cast(CANONICAL[declared])
    return _TURNED[declared](column, dtype)


def _plain(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Datetime):
        return _naive(column, dtype)
    return _number(column, dtype) if dtype.is_decimal() else column


def _naive(column: pl.Expr, dtype: pl.Datetime) -> pl.Expr:
    if dtype.time_zone is None:
        return column
    return column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)


def _moment(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Datetime):
        naive = _naive(column, dtype)
        return naive if dtype.time_unit == "ns" else naive.cast(MOMENT)
    if isinstance(dtype, pl.Date):
        return column.cast(MOMENT)
    # Guess: whole numbers are nanoseconds; that is how bmll2's ranges were seen to come.
    if _is_whole(dtype):
        return column.cast(pl.Int64).cast(MOMENT)
    return column


def _integer(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Datetime):
        return _moment(column, dtype).cast(pl.Int64)
    # Data API: identifiers may be texts.
    if _is_whole(dtype) or isinstance(dtype, pl.String):
        return column if dtype == pl.Int64 else column.cast(pl.Int64)
    return column


def _number(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if _is_whole(dtype):
        return _integer(column, dtype)
    if dtype.is_decimal() or dtype == pl.Float32:
        return column.cast(pl.Float64)
    return column


def _text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Boolean):  # as in IsBlock, which is the text TRUE or FALSE
        return column.cast(pl.String).str.to_uppercase()
    if isinstance(dtype, pl.Categorical | pl.Enum) or _is_whole(dtype):
        return column.cast(pl.String)
    return column


def _flag(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.String):
        words = {"true": True, "false": False}
        return column.str.to_lowercase().replace_strict(words, return_dtype=pl.Boolean)
    return column.cast(pl.Boolean) if dtype.is_integer() else column


def _is_whole(dtype: pl.DataType) -> bool:
    return dtype.is_integer() or (isinstance(dtype, pl.Decimal) and dtype.scale == 0)


_TURNED: Mapping[ColumnType, Callable[[pl.Expr, pl.DataType], pl.Expr]] = {
    ColumnType.TIMESTAMP: _moment,
    ColumnType.INTEGER: _integer,
    ColumnType.NUMBER: _number,
    ColumnType.TEXT: _text,
    ColumnType.FLAG: _flag,
}
