"""How do aggregations become expressions, each row expression and each aggregation only once?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from beaf_core.engine.finite import finite_or_null, is_polynomial
from beaf_core.model.module import Aggregation, Kind

#: The event time, int64 nanoseconds; the column that breaks ties; both in one, where rows are not
#: known to stand in order.
TIME, SEQUENCE, ORDER = "__time", "__sequence", "__order"

#: Kinds that polars has a method for, whatever the order of rows.
_PLAIN: Mapping[Kind, Callable[[pl.Expr], pl.Expr]] = {
    Kind.SUM: pl.Expr.sum,
    Kind.MIN: pl.Expr.min,
    Kind.MAX: pl.Expr.max,
    Kind.MEAN: pl.Expr.mean,
    Kind.STD: pl.Expr.std,
    Kind.MEDIAN: pl.Expr.median,
}


@dataclass(frozen=True, slots=True)
class Slot:
    """One aggregated column, shared by all measures that ask for it.

    Attributes:
        name: the column's name in the small result.
        aggregation: what it holds, its module's row filter included.
    """

    name: str
    aggregation: Aggregation


class Rows:
    """The row-level columns of one lane: each expression is computed once."""

    def __init__(self) -> None:
        self._names: dict[tuple[bytes, bytes, bool], str] = {}
        self._columns: dict[str, tuple[pl.Expr | None, pl.Expr | None, bool]] = {}

    def column(
        self, of: pl.Expr | None, where: pl.Expr | None, *, zero: bool = False
    ) -> str | None:
        """Name the column that holds `of` on the rows of `where`, and null (or zero) elsewhere.

        None stands for every row: a count without a condition needs no column.
        """
        if of is None and where is None:
            return None
        zero = zero and where is not None
        key = (key_of(of), key_of(where), zero)
        if key not in self._names:
            name = f"__row{len(self._names)}"
            self._names[key] = name
            self._columns[name] = (of, where, zero)
        return self._names[key]

    def expressions(self, schema: pl.Schema) -> list[pl.Expr]:
        """Render the columns for a frame of that schema."""
        values = [of.alias(name) for name, (of, _, _) in self._columns.items() if of is not None]
        dtypes = pl.LazyFrame(schema=schema).select(values).collect_schema() if values else {}
        return [
            _masked(of, where, dtypes.get(name), zero=zero).alias(name)
            for name, (of, where, zero) in self._columns.items()
        ]


def _masked(
    of: pl.Expr | None, where: pl.Expr | None, dtype: pl.DataType | None, *, zero: bool
) -> pl.Expr:
    if of is None or dtype is None:
        assert where is not None
        return where
    # What a row expression computes may be NaN or infinite all the same (0 / 0); sums, differences
    # and products of finite numbers cannot.
    risky = dtype.is_float() and not is_polynomial(of)
    value = finite_or_null(of) if risky else of
    if where is None:
        return value
    chosen = pl.when(where).then(value)
    # A sum over zeros costs 12 % less than one over nulls (14 sums over 20M rows).
    return chosen.otherwise(0) if zero and dtype.is_numeric() else chosen


def aggregate(slots: Iterable[Slot], rows: Rows, *, ordered: bool) -> list[pl.Expr]:
    """Render the aggregations of rows, registering the row expressions that they need."""
    return [_expression(each.aggregation, rows, ordered).alias(each.name) for each in slots]


def _expression(each: Aggregation, rows: Rows, ordered: bool) -> pl.Expr:
    column = rows.column(each.of, each.where, zero=each.kind is Kind.SUM)
    if column is None:
        return pl.len().cast(pl.Int64)
    value = pl.col(column)
    match each.kind:
        case Kind.COUNT:
            return (value.sum() if each.of is None else value.count()).cast(pl.Int64)
        case Kind.DISTINCT:
            # `drop_nulls().n_unique()` falls back to memory.
            return value.n_unique().cast(pl.Int64) - value.is_null().any().cast(pl.Int64)
        case Kind.QUANTILE if each.q is not None:
            return value.quantile(each.q, interpolation="linear")
        case Kind.FIRST | Kind.LAST:
            return _edge(value, each.kind, ordered)
    return _PLAIN[each.kind](value)


def _edge(value: pl.Expr, kind: Kind, ordered: bool) -> pl.Expr:
    first = kind is Kind.FIRST
    if ordered:
        return value.first(ignore_nulls=True) if first else value.last(ignore_nulls=True)
    # One key per row: sorting each group by time and sequence costs 1.3 times as much, and holds
    # the group in memory. Rows that do not take part have no key.
    key = pl.when(value.is_not_null()).then(pl.col(ORDER))
    return value.min_by(key) if first else value.max_by(key)


def order_key(time: pl.Expr, sequence: pl.Expr | None) -> pl.Expr:
    """Render time and sequence as one integer that sorts like the two."""
    if sequence is None:
        return time
    return time.cast(pl.Int128) * 2**62 + sequence.cast(pl.Int64).fill_null(-1)


def both(first: pl.Expr | None, second: pl.Expr | None) -> pl.Expr | None:
    """Join two conditions; None means all rows."""
    if first is None or second is None:
        return second if first is None else first
    return first & second


def key_of(expression: pl.Expr | None) -> bytes:
    """Return bytes that are equal where two expressions are; none for no expression."""
    return b"" if expression is None else expression.meta.serialize(format="binary")


def distinct(expressions: Sequence[pl.Expr]) -> list[pl.Expr]:
    """Leave one of each expression."""
    return list({key_of(each): each for each in expressions}.values())
