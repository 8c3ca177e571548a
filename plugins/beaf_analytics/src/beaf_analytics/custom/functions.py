"""Which functions may an expression call, and what does each do?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from beaf_core import Kind


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A function that makes one number of the rows of a bucket.

    Attributes:
        kind: how; None for the weighted mean, which is made of two sums.
        usage: how it is written.
        arguments: how many it takes, at least and at most.
        of_anything: whether texts will do, too.
        rule: how buckets of a plain one combine into longer ones.
    """

    kind: Kind | None
    usage: str
    arguments: tuple[int, int] = (1, 1)
    of_anything: bool = False
    rule: str = "none"


AGGREGATES: Mapping[str, Aggregate] = {
    "sum": Aggregate(Kind.SUM, "sum(x)", rule="sum"),
    "count": Aggregate(Kind.COUNT, "count() or count(condition)", (0, 1), True, "sum"),
    "distinct": Aggregate(Kind.DISTINCT, "distinct(x)", of_anything=True),
    "mean": Aggregate(Kind.MEAN, "mean(x)"),
    "vw": Aggregate(None, "vw(x, weight)", (2, 2)),
    "twa": Aggregate(Kind.TIME_WEIGHTED, "twa(x)", rule="twa"),
    "duration": Aggregate(Kind.DURATION, "duration(condition)", rule="sum"),
    "first": Aggregate(Kind.FIRST, "first(x)", of_anything=True, rule="first"),
    "last": Aggregate(Kind.LAST, "last(x)", of_anything=True, rule="last"),
    "min": Aggregate(Kind.MIN, "min(x)", rule="min"),
    "max": Aggregate(Kind.MAX, "max(x)", rule="max"),
    "std": Aggregate(Kind.STD, "std(x)"),
    "median": Aggregate(Kind.MEDIAN, "median(x)"),
    "q": Aggregate(Kind.QUANTILE, "q(x, p)", (2, 2)),
}


def logarithm(value: pl.Expr) -> pl.Expr:
    """Take the natural logarithm; null where there is none."""
    return pl.when(value > 0).then(value.log())


def root(value: pl.Expr) -> pl.Expr:
    """Take the square root; null where there is none."""
    return pl.when(value >= 0).then(value.sqrt())


#: Functions of one number.
OF_ONE: Mapping[str, Callable[[pl.Expr], pl.Expr]] = {
    "abs": pl.Expr.abs,
    "log": logarithm,
    "sqrt": root,
    "sign": pl.Expr.sign,
}
#: How those of a row or a bucket are written.
USAGES: Mapping[str, str] = {
    **{name: f"{name}(x)" for name in OF_ONE},
    "where": "where(condition, a, b)",
    "clip": "clip(x, low, high)",
    "col": 'col("Name")',
}
#: What looks at other rows, which no aggregation can.
OF_ORDER: Mapping[str, str] = {
    "shift": "the row before",
    "diff": "the difference to the row before",
}
