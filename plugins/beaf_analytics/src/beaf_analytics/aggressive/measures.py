"""How many aggressive orders are there, how large are they, and how deep do they reach?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from beaf_analytics.aggressive.options import (
    AggressiveMeasure,
    AggressiveMetric,
    AggressiveOptions,
    Side,
)
from beaf_analytics.aggressive.orders import ORDERS, SIDE, SIZE
from beaf_analytics.measures.expand import fill_pattern, suffix
from beaf_analytics.measures.expressions import both, in_states, ratio
from beaf_analytics.measures.splits import adds_up
from beaf_core import Aggregation, Identity, Kind, Measure

Where = pl.Expr | None

SIDES: Mapping[Side, Where] = {
    "Total": None,
    "Buy": pl.col(SIDE) == 1,
    "Sell": pl.col(SIDE) == 2,
}
SIDE_WORDS: Mapping[Side, str] = {
    "Total": "aggressive orders",
    "Buy": "aggressive buys",
    "Sell": "aggressive sells",
}
#: The order takes more than one price.
SWEEPS = pl.col("NumLevels") > 1

_NAMES: Mapping[AggressiveMeasure, str] = {
    "OrderCount": "AggressiveOrderCount",
    "OrderVolume": "AggressiveOrderVolume",
    "AvgOrderSize": "AvgAggressiveOrderSize",
    "AvgOrderDuration": "AvgAggressiveOrderDuration",
    "AvgOrderExecutions": "AvgAggressiveOrderExecutions",
    "SweepDepth": "SweepDepth",
    "SweepShare": "SweepShare",
    "SweepVolumeShare": "SweepVolumeShare",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One column that is asked for.

    Attributes:
        name: its name.
        whose: the orders it is of, in words.
        where: those orders; None means all.
        count, volume: the columns of their number and volume, beside it.
    """

    name: str
    whose: str
    where: Where
    count: str
    volume: str


def aggressive_measures(options: AggressiveOptions) -> Sequence[Measure]:
    """Declare what the options ask for."""
    return [
        BUILDERS[variant["measures"]](_asked(options, metric, **variant))
        for metric in options.metrics
        for variant in metric.expand()
    ]


def _asked(
    options: AggressiveOptions, metric: AggressiveMetric, sides: Side, measures: AggressiveMeasure
) -> Asked:
    return Asked(
        name=_name(options, metric, sides, measures),
        whose=SIDE_WORDS[sides],
        where=both(SIDES[sides], in_states(metric.market_states)),
        count=_name(options, metric, sides, "OrderCount"),
        volume=_name(options, metric, sides, "OrderVolume"),
    )


def _name(
    options: AggressiveOptions, metric: AggressiveMetric, side: Side, word: AggressiveMeasure
) -> str:
    end, pattern = suffix(side, "Total"), metric.output_name_pattern
    if pattern is None:
        return f"{options.metric_prefix}{_NAMES[word]}{end}"
    return options.metric_prefix + fill_pattern(pattern, {"sides": end, "measures": word})


def order_count(each: Asked) -> Measure:
    """Number of aggressive orders."""
    return Measure(
        name=each.name,
        table=ORDERS,
        value=Aggregation(Kind.COUNT, where=each.where),
        unit="orders",
        doc=f"Number of {each.whose}, however many prints each makes.",
        formula="Σ 1 over aggressive orders",
        reaggregation="sum",
    )


def order_volume(each: Asked) -> Measure:
    """Σ size of aggressive orders."""
    return Measure(
        name=each.name,
        table=ORDERS,
        value=Aggregation(Kind.SUM, pl.col(SIZE), each.where),
        unit="shares",
        doc=f"Shares of {each.whose}.",
        formula="Σ s over aggressive orders",
        reaggregation="sum",
    )


def average_size(each: Asked) -> Measure:
    """Mean size of aggressive orders."""
    doc = f"Mean size of {each.whose}, all prints of each taken together."
    return _mean(each, pl.col(SIZE), "shares", doc, "mean s over aggressive orders")


def average_duration(each: Asked) -> Measure:
    """Mean time between first and last print."""
    doc = f"Mean time between the first and the last print of {each.whose}."
    formula = "mean (t_last - t_first) over aggressive orders"
    return _mean(each, pl.col("Duration"), "ns", doc, formula)


def average_executions(each: Asked) -> Measure:
    """Mean number of prints."""
    doc = f"Mean number of prints of {each.whose}."
    return _mean(each, pl.col("NumExecutions"), "trades", doc, "mean number of prints per order")


def sweep_depth(each: Asked) -> Measure:
    """Mean number of prices that an order takes."""
    doc = f"Mean number of different prices at which {each.whose} are executed."
    return _mean(each, pl.col("NumLevels"), "levels", doc, "mean number of prices per order")


def sweep_share(each: Asked) -> Measure:
    """Share of orders at more than one price, in their number."""
    doc = f"Share of {each.whose} that are executed at more than one price, in their number."
    return _mean(each, SWEEPS.cast(pl.Float64), "ratio", doc, "Σ 1{levels > 1} / Σ 1")


def _mean(each: Asked, value: pl.Expr, unit: str, doc: str, formula: str) -> Measure:
    return Measure(
        name=each.name,
        table=ORDERS,
        value=Aggregation(Kind.MEAN, value, each.where),
        unit=unit,
        doc=doc,
        formula=formula,
        reaggregation=f"vw:{each.count}",
    )


def sweep_volume_share(each: Asked) -> Measure:
    """Share of orders at more than one price, in their volume."""
    size = pl.col(SIZE)
    return Measure(
        name=each.name,
        table=ORDERS,
        value={
            "swept": Aggregation(Kind.SUM, size, both(SWEEPS, each.where)),
            "all": Aggregation(Kind.SUM, size, each.where),
        },
        post=ratio(pl.col("swept"), pl.col("all")),
        unit="ratio",
        doc=f"Share of {each.whose} that are executed at more than one price, in their shares.",
        formula="Σ s·1{levels > 1} / Σ s",
        reaggregation=f"vw:{each.volume}",
    )


BUILDERS: Mapping[AggressiveMeasure, Callable[[Asked], Measure]] = {
    "OrderCount": order_count,
    "OrderVolume": order_volume,
    "AvgOrderSize": average_size,
    "AvgOrderDuration": average_duration,
    "AvgOrderExecutions": average_executions,
    "SweepDepth": sweep_depth,
    "SweepShare": sweep_share,
    "SweepVolumeShare": sweep_volume_share,
}


def identities(options: AggressiveOptions) -> Sequence[Identity]:
    """List what must hold between the columns: every aggressive order buys or sells."""
    return list(_splits(options)) if options.ENABLED else []


def _splits(options: AggressiveOptions) -> Iterator[Identity]:
    sums: tuple[AggressiveMeasure, ...] = ("OrderCount", "OrderVolume")
    for metric in options.metrics:
        for word in (each for each in sums if each in metric.measures):
            if set(SIDES) <= set(metric.sides):
                total, *parts = (_name(options, metric, side, word) for side in SIDES)
                yield adds_up(parts, total)
