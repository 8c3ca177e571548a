"""Which rows does a request want, said so that the scan can skip row groups?"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from beaf_core import ColumnType, UsageError, alternatives, is_one_of
from beaf_core.sources.columns import family_of

if TYPE_CHECKING:
    from collections.abc import Callable

_EPOCH = date(1970, 1, 1)
_NANOSECONDS_PER_DAY = 86_400 * 10**9


def on_day(column: pl.Expr, dtype: pl.DataType, day: date) -> pl.Expr:
    """Keep the rows of one day."""
    if isinstance(dtype, pl.Date):
        return column == day
    if dtype.is_integer():
        start = (day - _EPOCH).days * _NANOSECONDS_PER_DAY
        return column.is_between(start, start + _NANOSECONDS_PER_DAY, closed="left")
    midnight = datetime(day.year, day.month, day.day)
    return column.is_between(midnight, midnight + timedelta(days=1), closed="left")


def matches(name: str, column: pl.Expr, dtype: pl.DataType, wanted: object) -> pl.Expr:
    """Keep the rows whose column has exactly that value, or one of several; null equals nothing.

    A text is read in the column's own type, since a selector on the command line is always text.

    Raises:
        UsageError: a value that cannot be one of that column.
    """
    values = alternatives(wanted)
    if dtype == pl.Null or not values:
        return pl.lit(False)
    if family_of(dtype) is ColumnType.TIMESTAMP:
        return pl.any_horizontal(on_day(column, dtype, _day(name, each)) for each in values)
    literals = [_literal(name, dtype, each) for each in values]
    return column == literals[0] if len(literals) == 1 else is_one_of(column, literals)


def _literal(name: str, dtype: pl.DataType, value: object) -> Any:
    family = family_of(dtype)
    read = _READERS.get(family) if family else None
    literal = read(value) if read else None
    if literal is None:
        raise UsageError(
            f"{name}={value!r} cannot match: the column holds {family or dtype}",
            remedy=f"give {name} a value of that kind",
        )
    return literal


def _day(name: str, value: object) -> date:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise UsageError(
            f"{name}={value!r} is not a day", remedy="write it as YYYY-MM-DD"
        ) from None


def _integer(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _flag(value: object) -> bool | None:
    return {"true": True, "false": False}.get(str(value).lower())


_READERS: dict[ColumnType, Callable[[object], Any]] = {
    ColumnType.INTEGER: _integer,
    ColumnType.NUMBER: _number,
    ColumnType.TEXT: _text,
    ColumnType.FLAG: _flag,
}
