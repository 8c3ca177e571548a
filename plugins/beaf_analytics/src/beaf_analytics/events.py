"""When does an average of a column turn? The module `events`: local minima and maxima."""

from __future__ import annotations

from typing import Annotated, Literal

import polars as pl
from pydantic import Field, PositiveInt, PrivateAttr

from beaf_analytics.measures.expand import OneOrMore
from beaf_analytics.measures.source import (
    BUCKET,
    KEYS,
    LISTING,
    SOURCE,
    TRADE_DATE,
    SecondPassOptions,
    finite,
    require_numbers,
    require_one_row_per_bucket,
    units_of,
)
from beaf_core import AnalyticsModule, Context, Measure, SourcePass, hookimpl

EventType = Literal["local_min", "local_max"]


class EventsOptions(SecondPassOptions):
    """Options of the section `event_analytics`."""

    input_col: str = Field("Close", description="The column of the source pass that is looked at.")
    indicator: Literal["sma", "ewma"] = Field(
        "sma",
        description="`sma`: mean of the last `window` values; `ewma`: exponentially weighted mean "
        "of all values so far, of span `window`.",
    )
    window: PositiveInt = Field(
        5, description="Number of values; the indicator is null until there are so many."
    )
    event_types: Annotated[list[EventType], OneOrMore] = Field(
        default=["local_min", "local_max"], min_length=1, description="local_min, local_max."
    )
    across_days: bool = Field(
        False,
        description="Let the indicator reach into earlier days of the partition; events then "
        "depend on batch_freq.",
    )
    _unit: str = PrivateAttr("as the source")


def from_source(options: EventsOptions, source: SourcePass) -> EventsOptions:
    """Check the rows, and learn the unit of the column."""
    require_one_row_per_bucket("events", source)
    completed = options.model_copy()
    completed._unit = units_of(source).get(options.input_col) or "as the source"
    return completed


def measures(options: EventsOptions) -> list[Measure]:
    """List what is known of an event."""
    if not options.ENABLED:
        return []
    name, prefix = options.indicator, options.metric_prefix
    return [
        Measure(
            f"{prefix}Indicator",
            SOURCE,
            None,
            unit="state",
            doc="The indicator that turns.",
            formula=name,
        ),
        Measure(
            f"{prefix}IndicatorValue",
            SOURCE,
            None,
            unit=options._unit,
            doc="The indicator where it turns.",
            formula=f"{name}({options.input_col}, {options.window})",
        ),
        Measure(
            f"{prefix}AvailableAt",
            SOURCE,
            None,
            unit="time",
            doc="When the event is known: the end of the next bucket that has a value.",
            formula="end of the next bucket",
        ),
    ]


def keys(_: EventsOptions) -> tuple[str, ...]:
    """Tell events apart by listing, bucket and type."""
    return (*KEYS, "EventType")


def compute(context: Context, options: EventsOptions) -> pl.LazyFrame:
    """Find the buckets whose indicator lies strictly below or above those of both neighbours."""
    rows = context.tables[SOURCE]
    require_numbers("events", rows, [options.input_col])
    along = [LISTING, *([] if options.across_days else [TRADE_DATE])]
    value = pl.col(options.input_col).cast(pl.Float64)
    smoothed = (
        rows.filter(value.is_not_null())
        .sort(KEYS)
        .with_columns(_indicator(value, options).over(along).alias("__now"))
    )
    now = pl.col("__now")
    beside = smoothed.with_columns(
        now.shift(1).over(along).alias("__before"),
        now.shift(-1).over(along).alias("__after"),
        _end(context).shift(-1).over(along).alias("__known"),
    )
    prefix = options.metric_prefix
    return (
        beside.with_columns(_event().alias("EventType"))
        .filter(pl.col("EventType").is_in(options.event_types))
        .select(
            *KEYS,
            "EventType",
            pl.lit(options.indicator).alias(f"{prefix}Indicator"),
            now.alias(f"{prefix}IndicatorValue"),
            pl.col("__known").alias(f"{prefix}AvailableAt"),
        )
    )


def _indicator(value: pl.Expr, options: EventsOptions) -> pl.Expr:
    if options.indicator == "sma":
        return finite(value.rolling_mean(options.window))
    return finite(value.ewm_mean(span=options.window, adjust=True, min_samples=options.window))


def _event() -> pl.Expr:
    now, before, after = (pl.col(name) for name in ("__now", "__before", "__after"))
    return (
        pl.when((now < before) & (now < after))
        .then(pl.lit("local_min"))
        .when((now > before) & (now > after))
        .then(pl.lit("local_max"))
    )


def _end(context: Context) -> pl.Expr:
    """Give the end of a row's bucket, whichever edge labels it."""
    width = context.bucket_ns if context.anchor == "start" else 0
    return (pl.col(BUCKET).to_physical() + width).cast(pl.Datetime("ns"))


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="events",
        measures=measures,
        doc="Local minima and maxima of an average of a column of an earlier pass",
        Config=EventsOptions,
        config_key="event_analytics",
        compute=compute,
        reads=lambda options: {SOURCE: (options.input_col,)},
        keys=keys,
        from_source=from_source,
    )
