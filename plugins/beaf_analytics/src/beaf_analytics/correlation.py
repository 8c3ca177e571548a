"""How do the columns of an earlier pass move together? The module `correlation`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, combinations_with_replacement
from typing import Literal

import polars as pl
from pydantic import Field, PrivateAttr

from beaf_analytics.measures.source import (
    LISTING,
    SOURCE,
    SecondPassOptions,
    finite,
    number_names,
    require_numbers,
    units_of,
    with_groups,
)
from beaf_core import AnalyticsModule, Context, Measure, SourcePass, UsageError, hookimpl

#: The key of the one row of a matrix over everything.
_METHOD = "Method"


class CorrelationOptions(SecondPassOptions):
    """Options of the section `correlation_analytics`."""

    columns: list[str] | None = Field(
        None, description="Columns of the source pass; all that are numbers if not given."
    )
    group_by: list[str] = Field(
        default=[LISTING],
        description="Within which rows: ListingId, TimeBucket, TradeDate, columns of the universe "
        "or of the source pass; [] correlates over all rows of the partition.",
    )
    method: Literal["pearson", "spearman"] = Field(
        "pearson", description="`pearson`: of the values; `spearman`: of their ranks."
    )
    output_format: Literal["rows", "matrix"] = Field(
        "rows",
        description="`rows`: one for each pair of columns; `matrix`: one for each group, with the "
        "lists metrics and corr_matrix.",
    )
    _units: dict[str, str] = PrivateAttr(default_factory=dict)


def from_source(options: CorrelationOptions, source: SourcePass) -> CorrelationOptions:
    """Take all columns that are numbers where none is named.

    Raises:
        UsageError: there are not two columns.
    """
    asked = number_names(source) if options.columns is None else options.columns
    columns = [each for each in dict.fromkeys(asked) if each not in options.group_by]
    if len(columns) < 2:
        raise UsageError(
            f"correlation needs two columns, and has {', '.join(columns) or 'none'}",
            remedy=f'name columns of the pass "{source.name}": '
            + ", ".join(each.name for each in source.measures[:30]),
        )
    completed = options.model_copy(update={"columns": columns})
    completed._units = units_of(source)
    return completed


def measures(options: CorrelationOptions) -> list[Measure]:
    """List what a row holds beside its keys."""
    if not options.ENABLED:
        return []
    prefix, method = options.metric_prefix, options.method.title()
    if options.output_format == "matrix":
        return [
            _measure(f"{prefix}metrics", "text", "Names of the correlated columns, in order."),
            _measure(
                f"{prefix}corr_matrix", "ratio", f"{method} correlations, row by row of metrics."
            ),
        ]
    return [
        _measure(f"{prefix}Corr", "ratio", f"{method} correlation of MetricX and MetricY."),
        _measure(
            f"{prefix}N",
            "rows",
            "Number of rows in which both have a value.",
            "Σ 1 over rows with both x and y",
        ),
    ]


_CORRELATION = "Σ (x - x̄)(y - ȳ) / √(Σ (x - x̄)² Σ (y - ȳ)²), rows with both x and y"


def _measure(name: str, unit: str, doc: str, formula: str = _CORRELATION) -> Measure:
    return Measure(name, SOURCE, None, unit=unit, doc=doc, formula=formula)


def reads(options: CorrelationOptions) -> dict[str, tuple[str, ...]]:
    """Name the columns of the source pass that are correlated, or tell groups."""
    groups = [each for each in options.group_by if each in options._units]
    return {SOURCE: (*(options.columns or ()), *groups)}


def keys(options: CorrelationOptions) -> tuple[str, ...]:
    """Tell rows apart by group and pair, or by group."""
    if options.output_format == "matrix":
        return tuple(options.group_by) or (_METHOD,)
    return (*options.group_by, "MetricX", "MetricY")


def compute(context: Context, options: CorrelationOptions) -> pl.LazyFrame:
    """Correlate each pair of columns within each group."""
    columns = options.columns or []
    rows = with_groups(context, options.group_by)
    require_numbers("correlation", rows, columns)
    several = combinations if options.output_format == "rows" else combinations_with_replacement
    pairs = list(several(columns, 2))
    values = [
        value for number, pair in enumerate(pairs) for value in _pair(number, pair, options.method)
    ]
    groups = [pl.col(each) for each in options.group_by] or [pl.lit(options.method).alias(_METHOD)]
    found = rows.group_by(groups).agg(values)
    if options.output_format == "matrix":
        return _matrix(found, pairs, options)
    return _rows(found, pairs, options)


def _pair(number: int, pair: tuple[str, str], method: str) -> list[pl.Expr]:
    """Correlate two columns where both have a value; null where one of them stands still."""
    raw = [pl.col(name).cast(pl.Float64) for name in pair]
    both = raw[0].is_not_null() & raw[1].is_not_null()
    x, y = (each.filter(both) for each in raw)
    moves = (x.max() > x.min()) & (y.max() > y.min())
    if method == "spearman":
        x, y = x.rank("average"), y.rank("average")
    same = pair[0] == pair[1]
    corr = pl.when(moves).then(1.0 if same else finite(pl.corr(x, y)).clip(-1, 1))
    return [corr.alias(f"__corr{number}"), both.sum().cast(pl.Int64).alias(f"__n{number}")]


def _rows(
    found: pl.LazyFrame, pairs: Sequence[tuple[str, str]], options: CorrelationOptions
) -> pl.LazyFrame:
    prefix, numbers = options.metric_prefix, range(len(pairs))
    lists = [
        _names([x for x, _ in pairs]).alias("MetricX"),
        _names([y for _, y in pairs]).alias("MetricY"),
        pl.concat_list(f"__corr{each}" for each in numbers).alias(f"{prefix}Corr"),
        pl.concat_list(f"__n{each}" for each in numbers).alias(f"{prefix}N"),
    ]
    names = ["MetricX", "MetricY", f"{prefix}Corr", f"{prefix}N"]
    return found.select(*options.group_by, *lists).explode(names)


def _names(names: Sequence[str]) -> pl.Expr:
    return pl.concat_list(pl.lit(name) for name in names)


def _matrix(
    found: pl.LazyFrame, pairs: Sequence[tuple[str, str]], options: CorrelationOptions
) -> pl.LazyFrame:
    columns, prefix = options.columns or [], options.metric_prefix
    numbers = {pair: f"__corr{number}" for number, pair in enumerate(pairs)}
    numbers |= {(y, x): name for (x, y), name in numbers.items()}
    # Arrays, or the lines would be put one behind the other.
    lines = [pl.concat_arr(numbers[x, y] for y in columns) for x in columns]
    matrix = pl.concat_list(lines).cast(pl.List(pl.List(pl.Float64)))
    return found.select(
        *keys(options),
        _names(columns).alias(f"{prefix}metrics"),
        matrix.alias(f"{prefix}corr_matrix"),
    )


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="correlation",
        measures=measures,
        doc="Correlations of the columns of an earlier pass, within listings or over all rows",
        Config=CorrelationOptions,
        compute=compute,
        reads=reads,
        keys=keys,
        from_source=from_source,
    )
