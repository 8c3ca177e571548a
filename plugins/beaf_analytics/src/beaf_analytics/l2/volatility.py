"""How much does a quote move, seen at the points of a grid of time?

The price in force at each point is that of the last row at or before it. Only points with a row
since the point before them are rows of the table that is made here: between them the price stands,
and its returns are zero. A return belongs to the bucket that its point ends or lies in, whichever
edge is closed: it stands one nanosecond before the point. So the state of the price at one point
begins a nanosecond early, and how long prices hold within a bucket says how many of its returns
begin with one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import polars as pl

from beaf_analytics.l2.asked import name_of, words_of
from beaf_analytics.l2.options import ReturnAggregation, ReturnMeasure, Source, VolatilityMetric
from beaf_analytics.l2.ordered import LISTING, MOMENT, SEQUENCE, moment, needed, table_name
from beaf_analytics.l2.values import SOURCES, TABLE
from beaf_analytics.measures.expressions import NANOSECONDS
from beaf_analytics.measures.quotes import accepted
from beaf_core import Aggregation, Kind, Measure, ProvidedTable

SESSIONS_OF_A_YEAR = 252
_UNITS = {"ms": 1_000_000, "s": NANOSECONDS, "m": 60 * NANOSECONDS}

#: Columns of a grid's table: where a row stands, the logarithm of the price in force, its change
#: since the row before, and whether that one had a price and this one has none.
AT, LOG, RETURN, BREAK = "At", "LogPrice", "Return", "IsBreak"
_POINT, _PRICE = "Point", "Price"


def step_ns(step: str) -> int:
    """Read a step, such as `10s`, as nanoseconds."""
    digits = step.rstrip("ms")
    return int(digits) * _UNITS[step[len(digits) :]]


# -- the table -------------------------------------------------------------------------------------


def sampled(inputs: Mapping[str, pl.LazyFrame], *, price: pl.Expr, step: int) -> pl.LazyFrame:
    """Take the price in force at each point of the grid that a row has come before."""
    now = pl.col(MOMENT)
    point = (now + (step - 1)) // step * step
    rows = inputs[TABLE].select(LISTING, SEQUENCE, moment(), price.alias(_PRICE))
    last = pl.col(_PRICE).sort_by(MOMENT, SEQUENCE).last()
    points = rows.group_by(LISTING, point.alias(_POINT)).agg(last).sort(LISTING, _POINT)
    log = pl.col(_PRICE).log()
    logs = points.with_columns(pl.when(log.is_finite()).then(log).alias(LOG))
    before = pl.col(LOG).shift(1).over(LISTING)
    return logs.select(
        LISTING,
        (pl.col(_POINT) - 1).alias(AT),
        LOG,
        (pl.col(LOG) - before).alias(RETURN),
        (pl.col(LOG).is_null() & before.is_not_null()).alias(BREAK),
    )


@dataclass(frozen=True, slots=True)
class Grid:
    """The returns of a source on one grid.

    Attributes:
        metric: which quotes count.
        source: what is followed.
        step: the distance of points, as it is written.
    """

    metric: VolatilityMetric
    source: Source
    step: str

    @property
    def name(self) -> str:
        """The table's name."""
        return table_name(f"{self.source}_{self.step}", self.metric, self.metric.quotes)

    def table(self) -> ProvidedTable:
        """Declare the table."""
        value, *_ = SOURCES[self.source]
        where = accepted(self.metric.quotes, self.metric.market_states)
        price = value if where is None else pl.when(where).then(value)
        return ProvidedTable(
            name=self.name,
            needs=needed(price),
            build=partial(sampled, price=price, step=step_ns(self.step)),
            time=AT,
            ordered=True,
            step=step_ns(self.step),
        )


def grids(metric: VolatilityMetric) -> Iterator[Grid]:
    """Yield the grids that a metric asks for."""
    for source in dict.fromkeys(metric.source):
        for step in dict.fromkeys(metric.step):
            yield Grid(metric, source, step)


# -- measures --------------------------------------------------------------------------------------

_MOVE = pl.col(RETURN)
_INPUTS: Mapping[str, Aggregation] = {
    "sum": Aggregation(Kind.SUM, _MOVE),
    "squares": Aggregation(Kind.SUM, _MOVE * _MOVE),
    "moves": Aggregation(Kind.COUNT, _MOVE),
    "lowest": Aggregation(Kind.MIN, _MOVE),
    "highest": Aggregation(Kind.MAX, _MOVE),
    "held": Aggregation(Kind.DURATION, where=pl.col(LOG).is_not_null()),
    "breaks": Aggregation(Kind.COUNT, where=pl.col(BREAK)),
}
_NUMBER = ("held", "breaks")
#: Word → the inputs beside those of the number of returns, meaning, formula.
_WORDS: Mapping[str, tuple[tuple[str, ...], str, str]] = {
    "RV": (("squares",), "Sum of squared", "Σ r²"),
    "Vol": (("squares",), "Square root of the sum of squared", "√Σ r²"),
    "N": ((), "Number of", "Σ 1"),
    "Std": (("sum", "squares"), "Standard deviation (n - 1) of", "√(Σ(r - r̄)²/(n - 1))"),
    "Mean": (("sum",), "Mean of", "Σ r/n"),
    "Sum": (("sum",), "Sum of", "Σ r"),
    "Min": (("lowest", "moves"), "Smallest of", "min r"),
    "Max": (("highest", "moves"), "Largest of", "max r"),
}
_RULES = {"RV": "sum", "N": "sum", "Sum": "sum", "Min": "min", "Max": "max"}
#: What is said for a year is a multiple of its square, or of itself.
_SCALES = {"RV": 1.0, "Vol": 0.5, "Std": 0.5}


def volatilities(metric: VolatilityMetric, prefix: str) -> Iterator[Measure]:
    """Declare the measures of each grid."""
    for grid in grids(metric):
        for measure in metric.measures:
            yield _measure(grid, measure, _realised_name(grid, measure, prefix))
        for word in metric.aggregations:
            yield _measure(grid, word, _aggregated_name(grid, word, prefix))


def _realised_name(grid: Grid, measure: ReturnMeasure, prefix: str) -> str:
    stem = f"{'Vol' if measure == 'Vol' else 'RV'}{grid.source}{grid.step}"
    word = "N" if measure == "N" else ""
    fields = {"measures": measure, "source": grid.source, "step": grid.step}
    return name_of(grid.metric, prefix, stem, fields, word + _suffix(grid, measure))


def _aggregated_name(grid: Grid, word: ReturnAggregation, prefix: str) -> str:
    fields = {"measures": "L2Volatility", "source": grid.source, "step": grid.step}
    stem = f"L2Volatility{grid.source}"
    return name_of(grid.metric, prefix, stem, fields, word + _suffix(grid, word))


def _is_annual(grid: Grid, word: str) -> bool:
    return grid.metric.ann == "session" and word in _SCALES


def _suffix(grid: Grid, word: str) -> str:
    return "Ann" if _is_annual(grid, word) else ""


def _measure(grid: Grid, word: str, name: str) -> Measure:
    inputs, meaning, formula = _WORDS[word]
    annual = _is_annual(grid, word)
    told = words_of(grid.metric, grid.metric.quotes)
    told += f", for a year of {SESSIONS_OF_A_YEAR} sessions" if annual else ""
    return Measure(
        name=name,
        table=grid.name,
        value={each: _INPUTS[each] for each in (*inputs, *_NUMBER)},
        post=_post(grid, word),
        unit="returns" if word == "N" else "ratio",
        doc=f"{meaning} logarithmic returns of the {grid.source} over {grid.step}{told}.",
        formula=f"{formula}, r = ln p_g - ln p_(g - {grid.step})" + (" · year" if annual else ""),
        source="Andersen, Bollerslev, Diebold & Labys 2001" if word in ("RV", "Vol") else "",
        reaggregation="none" if annual else _RULES.get(word, "none"),
    )


def number_of_returns(step: int) -> pl.Expr:
    """Count the returns: prices that hold at a point, without those that none follows.

    A price holds for whole steps, but for the nanosecond by which it begins early.
    """
    return (pl.col("held") / step).round().cast(pl.Int64) - pl.col("breaks")


def _post(grid: Grid, word: str) -> pl.Expr:
    step = step_ns(grid.step)
    number = number_of_returns(step)
    value = _values(number)[word]
    if word == "N":
        return value
    if _is_annual(grid, word):
        seconds = SESSIONS_OF_A_YEAR * grid.metric.session_seconds
        returns = pl.lit(1) if word == "Std" else number
        value = value * (seconds * NANOSECONDS / (returns * step)) ** _SCALES[word]
    least = 1 if word == "Std" else 0
    return pl.when(number > least).then(value)


def _values(number: pl.Expr) -> Mapping[str, pl.Expr]:
    total, squares = pl.col("sum"), pl.col("squares")
    deviations = (squares - total * total / number).clip(0)
    # Points without a row since the one before have a return of zero, which is no row.
    still = pl.when(number > pl.col("moves")).then(0.0)
    return {
        "RV": squares,
        "Vol": squares.sqrt(),
        "N": number,
        "Std": (deviations / (number - 1)).sqrt(),
        "Mean": total / number,
        "Sum": total,
        "Min": pl.min_horizontal("lowest", still),
        "Max": pl.max_horizontal("highest", still),
    }
