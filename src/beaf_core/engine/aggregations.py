"""How do aggregations become expressions, each row expression and each aggregation only once?"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from beaf_core.model.module import Aggregation, Kind

#: The columns by which first and last are ordered.
TIME, SEQUENCE = "__time", "__sequence"

#: Kinds that polars has a method for, whatever the order of rows.
_PLAIN: Mapping[Kind, Callable[[pl.Expr], pl.Expr]] = {
    Kind.SUM: pl.Expr.sum,
    Kind.MIN: pl.Expr.min,
    Kind.MAX: pl.Expr.max,
    Kind.MEAN: pl.Expr.mean,
    Kind.STD: pl.Expr.std,
    Kind.MEDIAN: pl.Expr.median,
}


class Rows:
    """The row-level columns of one table: each expression is computed once."""

    def __init__(self) -> None:
        self._names: dict[tuple[bytes, bytes], str] = {}
        self._columns: dict[str, tuple[pl.Expr | None, pl.Expr | None]] = {}

    def column(self, of: pl.Expr | None, where: pl.Expr | None) -> str | None:
        """Name the column that holds `of` on the rows of `where`, and null elsewhere.

        None stands for every row: a count without a condition needs no column.
        """
        if of is None and where is None:
            return None
        key = (key_of(of), key_of(where))
        if key not in self._names:
            name = f"__row{len(self._names)}"
            self._names[key] = name
            self._columns[name] = (of, where)
        return self._names[key]

    def expressions(self, schema: pl.Schema) -> list[pl.Expr]:
        """Render the columns for a frame of that schema."""
        return [
            _masked(of, where, schema).alias(name) for name, (of, where) in self._columns.items()
        ]


def _masked(of: pl.Expr | None, where: pl.Expr | None, schema: pl.Schema) -> pl.Expr:
    if of is None:
        assert where is not None
        return where
    dtype = pl.LazyFrame(schema=schema).select(of).collect_schema().dtypes()[0]
    # What a row expression computes may be NaN all the same (0 / 0).
    computed = not of.meta.is_column() and dtype.is_float()
    value = of.fill_nan(None) if computed else of
    return value if where is None else pl.when(where).then(value)


class Aggregations:
    """The aggregated columns of one table: equal ones are shared."""

    def __init__(self, rows: Rows, *, ordered: bool, tie_break: bool) -> None:
        self._rows, self._ordered = rows, ordered
        self._order = [pl.col(TIME), *([pl.col(SEQUENCE)] if tie_break else [])]
        self._names: dict[tuple[Kind, str | None, bool], str] = {}
        self.native: list[pl.Expr] = []
        self.fallback: list[pl.Expr] = []

    def add(self, each: Aggregation, module_filter: pl.Expr | None) -> str:
        """Add an aggregation, and return the name of its column."""
        column = self._rows.column(each.of, _both(each.where, module_filter))
        key = (each.kind, column, each.of is None)
        if key not in self._names:
            name = f"__agg{len(self._names)}"
            self._names[key] = name
            home = self.native if each.kind.streams else self.fallback
            home.append(self._expression(each, column).alias(name))
        return self._names[key]

    def _expression(self, each: Aggregation, column: str | None) -> pl.Expr:
        if column is None:
            return pl.len().cast(pl.Int64)
        value = pl.col(column)
        match each.kind:
            case Kind.COUNT:
                counted = value.sum() if each.of is None else value.count()
                return counted.cast(pl.Int64)
            case Kind.FIRST:
                return self._first(value)
            case Kind.LAST:
                return self._last(value)
        return _PLAIN[each.kind](value)

    # `filter(…).sort_by(…)` falls back to memory; sorting the rows that do not take part to the
    # far end streams, and gives null where none takes part.

    def _first(self, value: pl.Expr) -> pl.Expr:
        if self._ordered:
            return value.first(ignore_nulls=True)
        return value.sort_by(value.is_null(), *self._order).first()

    def _last(self, value: pl.Expr) -> pl.Expr:
        if self._ordered:
            return value.last(ignore_nulls=True)
        return value.sort_by(value.is_not_null(), *self._order).last()


def _both(first: pl.Expr | None, second: pl.Expr | None) -> pl.Expr | None:
    if first is None or second is None:
        return second if first is None else first
    return first & second


def key_of(expression: pl.Expr | None) -> bytes:
    """Return bytes that are equal where two expressions are; none for no expression."""
    return b"" if expression is None else expression.meta.serialize(format="binary")
