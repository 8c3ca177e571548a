"""What do the rows of an earlier pass come to over longer buckets, and their indicators?

The module `generic`. Over listings and buckets its aggregations are declared, and the engine
compiles them as those of any table; over other groups, and for indicators, it computes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import polars as pl
from pydantic import Field, PrivateAttr

from beaf_analytics.measures.indicators import (
    INDICATORS,
    IndicatorOptions,
    add_indicators,
    has_talib,
    require_talib,
)
from beaf_analytics.measures.source import (
    BUCKET,
    EVENT_TIME,
    KEYS,
    LISTING,
    SOURCE,
    TRADE_DATE,
    SecondPassOptions,
    check_resample_rule,
    units_of,
    with_groups,
)
from beaf_core import (
    Aggregation,
    AnalyticsModule,
    Context,
    Kind,
    Measure,
    SourcePass,
    UsageError,
    hookimpl,
)

#: The trade date of a row that is put together of others.
_DAY = "__day"

Word = Literal["sum", "mean", "first", "last", "max", "min", "count"]

#: How a word's results combine into longer buckets.
_RULES: Mapping[str, str] = {
    "sum": "sum",
    "count": "sum",
    "first": "first",
    "last": "last",
    "max": "max",
    "min": "min",
    "mean": "none",
}
_MEANINGS: Mapping[str, str] = {
    "sum": "Sum",
    "mean": "Mean, each row counted once,",
    "first": "First value",
    "last": "Last value",
    "max": "Largest value",
    "min": "Smallest value",
    "count": "Number of values",
}


class GenericOptions(SecondPassOptions):
    """Options of the section `generic_analytics`."""

    source_pass: str | None = Field(
        "pass1", description="The earlier pass whose rows are aggregated."
    )
    group_by: list[str] = Field(
        default=[*KEYS],
        min_length=1,
        description="What tells the rows of the output apart: ListingId, TimeBucket, columns of "
        "the universe such as InstrumentId or MIC, or of the source pass.",
    )
    resample_rule: str | None = Field(
        None,
        description="Older files name the width of the buckets, such as 5m; it must be the pass's "
        "own time_bucket_seconds.",
    )
    aggregations: dict[str, Word] = Field(
        default_factory=dict,
        description="Column of the source pass → sum, mean, first, last, max, min or count; the "
        "column keeps its name.",
    )
    talib_indicators: list[IndicatorOptions] = Field(
        default_factory=list,
        description="Indicators of TA-Lib over consecutive rows of a group; they need "
        "beaf-analytics[talib].",
    )
    across_days: bool = Field(
        False,
        description="Let indicators reach into earlier days of the partition; their values then "
        "depend on batch_freq.",
    )
    _units: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def own_groups(self) -> bool:
        """Whether rows are of other groups than listings and buckets."""
        return {*self.group_by} != {*KEYS}


def from_source(options: GenericOptions, source: SourcePass) -> GenericOptions:
    """Learn the units of the source pass, and check what needs to know it."""
    check_resample_rule(options.resample_rule, source)
    if options.talib_indicators and BUCKET not in options.group_by:
        raise UsageError(
            "talib_indicators run along the buckets of a group, and group_by has no TimeBucket",
            remedy="add TimeBucket to group_by, or leave the indicators out",
        )
    completed = options.model_copy()
    completed._units = units_of(source)
    return completed


# -- what it yields --------------------------------------------------------------------------------


def measures(options: GenericOptions) -> list[Measure]:
    """List the aggregations and indicators that the options ask for."""
    if not options.ENABLED:
        return []
    if options.talib_indicators:
        require_talib()
    indicators = [_indicator(each, options) for each in options.talib_indicators]
    return [*_aggregated(options), *indicators]


def catalogue() -> list[GenericOptions]:
    """List every indicator; aggregations yield the columns of the source pass."""
    if not has_talib():
        return []
    asked = [IndicatorOptions(name=name, input_col="Close") for name in INDICATORS]
    return [GenericOptions(talib_indicators=asked)]


def _aggregated(options: GenericOptions) -> Iterator[Measure]:
    for column, word in options.aggregations.items():
        value = None if options.own_groups else Aggregation(Kind(word), pl.col(column))
        yield Measure(
            name=f"{options.metric_prefix}{column}",
            table=SOURCE,
            value=value,
            unit="rows" if word == "count" else options._units.get(column) or "as the source",
            doc=f"{_MEANINGS[word]} of {column} of the source pass.",
            formula=f"{word} of {column} by {', '.join(options.group_by)}",
            reaggregation=_RULES[word],
        )


def _indicator(asked: IndicatorOptions, options: GenericOptions) -> Measure:
    return Measure(
        name=f"{options.metric_prefix}{asked.column}",
        table=SOURCE,
        value=None,
        unit=asked.unit(options._units.get(asked.input_col) or "as the source"),
        doc=f"{asked.known.meaning} of {asked.input_col} over {asked.timeperiod} buckets of a "
        "group that have a value.",
        formula=f"{asked.name.upper()}({asked.input_col}, {asked.timeperiod})",
        source="TA-Lib",
    )


def reads(options: GenericOptions) -> dict[str, tuple[str, ...]]:
    """Name the columns of the source pass that are computed with."""
    inputs = [each.input_col for each in options.talib_indicators]
    if options.own_groups:
        inputs += [
            *options.aggregations,
            *(each for each in options.group_by if each in options._units),
        ]
    elif options.aggregations and not inputs:
        return {}  # the measures say what they read
    return {SOURCE: tuple(dict.fromkeys(inputs))}


def keys(options: GenericOptions) -> tuple[str, ...] | None:
    """Tell rows apart by the groups, where these are no listings and buckets."""
    return tuple(options.group_by) if options.own_groups else None


# -- how it computes -------------------------------------------------------------------------------


def compute(context: Context, options: GenericOptions) -> pl.LazyFrame:
    """Aggregate over groups of their own, and run indicators along their buckets."""
    groups = list(options.group_by)
    asked, inputs = options.aggregations, [each.input_col for each in options.talib_indicators]
    columns = {name: asked.get(name, "last") for name in inputs}
    columns |= asked if options.own_groups else {}
    rows = with_groups(context, groups).sort(EVENT_TIME, LISTING)
    # A bucket across midnight is of its last trade date.
    aggregated = rows.group_by(groups).agg(
        pl.col(TRADE_DATE).max().alias(_DAY),
        *(_value(name, word) for name, word in columns.items()),
    )
    along = [name for name in groups if name != BUCKET]
    along += [] if options.across_days else [_DAY]
    found = add_indicators(aggregated, options.talib_indicators, along)
    kept = {name: name for name in options.aggregations} if options.own_groups else {}
    kept |= {each.column: f"__{each.column}" for each in options.talib_indicators}
    return found.select(
        *groups,
        *(pl.col(own).alias(f"{options.metric_prefix}{name}") for name, own in kept.items()),
    )


def _value(column: str, word: str) -> pl.Expr:
    there = pl.col(column).drop_nulls()
    if word == "count":
        return there.len().cast(pl.Int64).alias(column)
    return _AGGREGATED[word](there).alias(column)


_AGGREGATED: Mapping[str, Callable[[pl.Expr], pl.Expr]] = {
    "sum": pl.Expr.sum,
    "mean": pl.Expr.mean,
    "first": pl.Expr.first,
    "last": pl.Expr.last,
    "max": pl.Expr.max,
    "min": pl.Expr.min,
}


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="generic",
        measures=measures,
        doc="Aggregations and TA-Lib indicators of the rows of an earlier pass",
        Config=GenericOptions,
        catalogue=catalogue,
        compute=compute,
        reads=reads,
        keys=keys,
        from_source=from_source,
    )
