"""What do formulaic alphas say of the bars of an earlier pass? The module `alpha101`."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import AfterValidator, Field, PositiveInt

from beaf_analytics.alpha101.definitions import ALPHAS
from beaf_analytics.alpha101.operators import Panel
from beaf_analytics.measures.expand import OneOrMore
from beaf_analytics.measures.expressions import ratio
from beaf_analytics.measures.source import (
    KEYS,
    LISTING,
    SOURCE,
    TRADE_DATE,
    SecondPassOptions,
    finite,
    require_one_row_per_bucket,
)
from beaf_core import AnalyticsModule, Context, Measure, SourcePass, UsageError, hookimpl


def _known(ids: list[int]) -> list[int]:
    unknown = [each for each in ids if each not in ALPHAS]
    if unknown:
        raise ValueError(
            f"there is no alpha {unknown[0]} here; known: {', '.join(map(str, ALPHAS))}"
        )
    return ids


class Alpha101Options(SecondPassOptions):
    """Options of the section `alpha101_analytics`."""

    alpha_ids: Annotated[list[int], OneOrMore, AfterValidator(_known)] = Field(
        default=[*ALPHAS], min_length=1, description="Which alphas: 1 to 10, 101."
    )
    window_multiplier: PositiveInt = Field(
        1, description="Multiplies every window and lag, but that of returns."
    )
    open_col: str = Field("Open", description="Column of the source pass with the open.")
    high_col: str = Field("High", description="The high.")
    low_col: str = Field("Low", description="The low.")
    close_col: str = Field("Close", description="The close.")
    volume_col: str = Field("Volume", description="The volume.")
    vwap_col: str | None = Field(
        "VWAP",
        description="The volume-weighted price; where the source pass has none, notional_col "
        "divided by volume_col.",
    )
    notional_col: str = Field("Notional", description="The notional, where there is no VWAP.")
    across_days: bool = Field(
        False,
        description="Let windows reach into earlier days of the partition, as bars of a day need; "
        "values then depend on batch_freq.",
    )


def from_source(options: Alpha101Options, source: SourcePass) -> Alpha101Options:
    """Check the bars, and find out whether they have a VWAP.

    Raises:
        UsageError: they have several rows per bucket, or neither VWAP nor notional.
    """
    require_one_row_per_bucket("alpha101", source)
    names = [each.name for each in source.measures]
    if "vwap" not in _needs(options) or options.vwap_col in names:
        return options
    if options.notional_col not in names:
        raise UsageError(
            f'alpha 5 needs a VWAP, and the pass "{source.name}" has neither {options.vwap_col} '
            f"nor {options.notional_col}",
            remedy="let that pass yield one, name it with vwap_col, or leave alpha 5 out",
        )
    return options.model_copy(update={"vwap_col": None})


def _needs(options: Alpha101Options) -> list[str]:
    """List what the bars need to have."""
    return list(dict.fromkeys(each for one in options.alpha_ids for each in ALPHAS[one].needs))


def measures(options: Alpha101Options) -> list[Measure]:
    """List the alphas that are asked for."""
    if not options.ENABLED:
        return []
    return [_measure(each, options.metric_prefix) for each in dict.fromkeys(options.alpha_ids)]


def _measure(number: int, prefix: str) -> Measure:
    alpha = ALPHAS[number]
    return Measure(
        name=f"{prefix}{_name(number)}",
        table=SOURCE,
        value=None,
        unit=alpha.unit,
        doc=alpha.doc,
        formula=alpha.formula,
        source=f"Kakushadze 2015, alpha {number}",
    )


def _name(number: int) -> str:
    return f"Alpha{number:03d}"


def reads(options: Alpha101Options) -> dict[str, tuple[str, ...]]:
    """Name the columns of the bars that the alphas are made of."""
    names = [name for each in _needs(options) for name in _columns(each, options)]
    return {SOURCE: tuple(dict.fromkeys(names))}


def _columns(field: str, options: Alpha101Options) -> list[str]:
    own = getattr(options, f"{field}_col")
    return [options.notional_col, options.volume_col] if own is None else [own]


def compute(context: Context, options: Alpha101Options) -> pl.LazyFrame:
    """Compute alphas over whole buckets, and along the buckets of each listing."""
    bars = context.tables[SOURCE].select(
        *KEYS, TRADE_DATE, *(_bar(each, options) for each in _needs(options))
    )
    along = [LISTING, *([] if options.across_days else [TRADE_DATE])]
    panel = Panel(bars.sort(KEYS), along, options.window_multiplier)
    values = [
        finite(ALPHAS[each].value(panel)).alias(f"{options.metric_prefix}{_name(each)}")
        for each in dict.fromkeys(options.alpha_ids)
    ]
    return panel.rows.select(*KEYS, *values)


def _bar(field: str, options: Alpha101Options) -> pl.Expr:
    """Read a field of the bars under the name that the paper has for it."""
    columns = [pl.col(name).cast(pl.Float64) for name in _columns(field, options)]
    return (columns[0] if len(columns) == 1 else ratio(*columns)).alias(field)


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="alpha101",
        measures=measures,
        doc="Formulaic alphas 1 to 10 and 101 of Kakushadze over bars of an earlier pass",
        Config=Alpha101Options,
        compute=compute,
        reads=reads,
        cross_sectional=True,
        from_source=from_source,
    )
