"""What do the operators of "101 Formulaic Alphas" mean on bars of many listings?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add, mul

import polars as pl

from beaf_analytics.measures.expressions import ratio
from beaf_analytics.measures.source import BUCKET


@dataclass
class Panel:
    """Bars of listings, to which operators add columns, as the paper writes them one in another.

    A window or lag counts rows of a listing, and is null where one of its rows is missing or null.

    Attributes:
        rows: the bars, each listing's in the order of TimeBucket, with the columns `open`, `high`,
            `low`, `close`, `volume` and `vwap`, as far as they are needed.
        along: the columns within which rows follow each other.
        scale: what every number of buckets is multiplied by.
    """

    rows: pl.LazyFrame
    along: Sequence[str]
    scale: int
    _added: dict[bytes, pl.Expr] = field(default_factory=dict)

    def _add(self, expression: pl.Expr, over: Sequence[str]) -> pl.Expr:
        """Add a column, so that it can stand inside the next window; equal ones are shared."""
        windowed = expression.over(over)
        key = windowed.meta.serialize()
        if key not in self._added:
            name = f"__{len(self._added)}"
            self.rows = self.rows.with_columns(windowed.alias(name))
            self._added[key] = pl.col(name)
        return self._added[key]

    def _along(self, expression: pl.Expr) -> pl.Expr:
        return self._add(expression, self.along)

    # -- across listings -----------------------------------------------------------------------

    def rank(self, x: pl.Expr) -> pl.Expr:
        """Rank among the listings of a bucket that have a value, in (0, 1]; ties share theirs."""
        return self._add(x.rank("average") / x.count(), [BUCKET])

    # -- along the buckets of a listing --------------------------------------------------------

    def delay(self, x: pl.Expr, buckets: int) -> pl.Expr:
        """Look up the value so many buckets ago."""
        return self._along(x.shift(buckets * self.scale))

    def delta(self, x: pl.Expr, buckets: int) -> pl.Expr:
        """Change since so many buckets ago."""
        return x - self.delay(x, buckets)

    def returns(self) -> pl.Expr:
        """Change of the close since the bucket before, as a share; not scaled."""
        before = self._along(pl.col("close").shift(1))
        return ratio(pl.col("close") - before, before)

    def sum(self, x: pl.Expr, buckets: int) -> pl.Expr:
        """Add up a window."""
        return self._along(x.rolling_sum(buckets * self.scale))

    def mean(self, x: pl.Expr, buckets: int) -> pl.Expr:
        """Take the mean of a window."""
        return self._along(x.rolling_mean(buckets * self.scale))

    def stddev(self, x: pl.Expr, buckets: int) -> pl.Expr:
        """Take the standard deviation (n - 1) of a window."""
        return self._along(x.rolling_std(buckets * self.scale))

    def ts_min(self, x: pl.Expr, buckets: int) -> pl.Expr:
        """Take the smallest value of a window."""
        return self._along(x.rolling_min(buckets * self.scale))

    def ts_max(self, x: pl.Expr, buckets: int) -> pl.Expr:
        """Take the largest value of a window."""
        return self._along(x.rolling_max(buckets * self.scale))

    def ts_rank(self, x: pl.Expr, buckets: int) -> pl.Expr:
        """Rank the newest value in its window, in (0, 1]; ties share theirs."""
        size = buckets * self.scale
        return self._along(_complete(x, size, x.rolling_rank(size) / size))

    def ts_argmax(self, x: pl.Expr, buckets: int) -> pl.Expr:
        """Say where in its window the largest value stands first, counted from the oldest."""
        size = buckets * self.scale
        window = pl.concat_list(x.shift(ago) for ago in reversed(range(size)))
        return self._along(_complete(x, size, window.list.arg_max()))

    def correlation(self, x: pl.Expr, y: pl.Expr, buckets: int) -> pl.Expr:
        """Correlate two columns over a window (Pearson); null where one of them stands still.

        By deviations from the means of each window: running sums of squares lose all digits where
        prices hardly move.
        """
        size = buckets * self.scale
        moves = (x.rolling_max(size) > x.rolling_min(size)) & (
            y.rolling_max(size) > y.rolling_min(size)
        )
        xs, ys = _deviations(x, size), _deviations(y, size)
        shared = _products(xs, ys)
        scale = _products(xs, xs).sqrt() * _products(ys, ys).sqrt()
        return self._along(pl.when(moves).then(ratio(shared, scale).clip(-1, 1)))


def _complete(x: pl.Expr, size: int, value: pl.Expr) -> pl.Expr:
    """Keep the value of a window of which every row has one."""
    return pl.when(x.is_not_null().cast(pl.Int64).rolling_sum(size) == size).then(value)


def _deviations(x: pl.Expr, size: int) -> list[pl.Expr]:
    mean = x.rolling_mean(size)
    return [x.shift(ago) - mean for ago in range(size)]


def _products(xs: Sequence[pl.Expr], ys: Sequence[pl.Expr]) -> pl.Expr:
    total: pl.Expr = reduce(add, map(mul, xs, ys))
    return total


def log(x: pl.Expr) -> pl.Expr:
    """Take the natural logarithm; null of what is not positive."""
    return pl.when(x > 0).then(x.log())
