"""Between which stored values does a literal of a polars predicate lie?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import sqlalchemy as sa

from beaf_outputs.sql.stored import Stored

_EPOCH = datetime(1970, 1, 1)
_NANOSECONDS = {"ns": 1, "us": 1_000, "ms": 1_000_000}
_LEAST, _MOST = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True)
class Bounds:
    """The stored value at a literal, or those around it.

    Attributes:
        low: the greatest that is not above it.
        high: the least that is not below it.
        type: how they are bound.
    """

    low: Any
    high: Any
    type: sa.types.TypeEngine[Any]

    @property
    def exact(self) -> bool:
        """Whether the literal is a stored value itself."""
        return bool(self.low == self.high)


def bounds_of(values: pl.Series, dtype: pl.DataType, kept: Stored) -> list[Bounds | None]:
    """Find the bounds of literals; None for one that is not compared as polars compares it.

    Args:
        values: the literals.
        dtype: of the column, before it was stored.
        kept: how it is stored.
    """
    if isinstance(dtype, pl.Datetime):
        return _moments(values, dtype, kept)
    return [_plain(each, dtype) for each in values.to_list()]


def _plain(value: Any, dtype: pl.DataType) -> Bounds | None:
    if isinstance(value, bool) or value is None:
        return None
    if dtype.is_integer() and isinstance(value, int) and _LEAST <= value <= _MOST:
        return Bounds(value, value, sa.BigInteger())
    # Narrow floats are compared in their own precision, so they are left to polars.
    if isinstance(dtype, pl.Float64) and isinstance(value, int | float) and float(value) == value:
        return Bounds(float(value), float(value), sa.Double())
    if isinstance(dtype, pl.String | pl.Enum | pl.Categorical) and isinstance(value, str):
        return Bounds(value, value, sa.Text())
    if isinstance(dtype, pl.Date) and type(value).__name__ == "date":
        return Bounds(value, value, sa.Date())
    return None


def _moments(values: pl.Series, dtype: pl.Datetime, kept: Stored) -> list[Bounds | None]:
    given = values.dtype
    if not isinstance(given, pl.Datetime) or (given.time_zone is None) != (dtype.time_zone is None):
        return [None] * len(values)
    factor = _NANOSECONDS[given.time_unit]
    return [
        None if each is None else _moment(each * factor, dtype, kept)
        for each in values.to_physical().to_list()
    ]


def _moment(nanoseconds: int, dtype: pl.Datetime, kept: Stored) -> Bounds | None:
    as_count = isinstance(kept.dtype, pl.Int64)
    unit = _NANOSECONDS[dtype.time_unit] if as_count else 1_000
    low, high = nanoseconds // unit, -(-nanoseconds // unit)
    if as_count:
        return Bounds(low, high, sa.BigInteger()) if low >= _LEAST and high <= _MOST else None
    try:
        return Bounds(_datetime(low, dtype), _datetime(high, dtype), kept.type)
    except OverflowError:
        return None  # a year that Python does not know


def _datetime(microseconds: int, dtype: pl.Datetime) -> datetime:
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment if dtype.time_zone is None else moment.replace(tzinfo=UTC)
