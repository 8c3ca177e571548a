"""What is counted of icebergs, by side?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from beaf_analytics.iceberg.executions import EXECUTIONS, OF_ICEBERG
from beaf_analytics.iceberg.options import IcebergMeasure, IcebergMetric, IcebergOptions
from beaf_analytics.iceberg.peaks import ICEBERGS
from beaf_analytics.l3.messages import FILLED, SIDES
from beaf_analytics.l3.options import Side
from beaf_analytics.measures.expand import fill_pattern, suffix
from beaf_analytics.measures.expressions import both, in_states, ratio
from beaf_analytics.measures.splits import adds_up
from beaf_core import Aggregation, Identity, Kind, Measure

SOURCE = "Frey & Sandås 2017; Zotikov & Antonov 2021"

SIDE_WORDS: Mapping[Side, str] = {
    "Bid": "icebergs on the bid",
    "Ask": "icebergs on the ask",
    "Total": "icebergs",
}
_SIZES: Mapping[str, str] = {
    "RevealedQty": "what an execution reveals",
    "ExecutionSize": "what is executed",
    "OldSize": "what was displayed",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One column that is asked for.

    Attributes:
        name: its name.
        word: what it measures.
        side: of which icebergs.
        where: which executions of icebergs take part; None means all.
        weight: the column of the number of executions, beside it.
        average: what AverageSize is the mean of.
    """

    name: str
    word: IcebergMeasure
    side: Side
    where: pl.Expr | None
    weight: str
    average: str

    @property
    def whose(self) -> str:
        """Whose executions they are."""
        return SIDE_WORDS[self.side]

    @property
    def icebergs(self) -> pl.Expr:
        """Which rows of the table of executions take part."""
        return OF_ICEBERG if self.where is None else OF_ICEBERG & self.where


def asked(options: IcebergOptions) -> Iterator[Asked]:
    """Yield the columns that the options ask for."""
    for metric in options.metrics:
        for variant in metric.expand():
            side, word = variant["sides"], variant["measures"]
            yield Asked(
                name=_name(options, metric, side, word),
                word=word,
                side=side,
                where=both(SIDES[side], in_states(metric.market_states)),
                weight=_name(options, metric, side, "ExecutionCount"),
                average=options.avg_size_source,
            )


def _name(options: IcebergOptions, metric: IcebergMetric, side: Side, word: str) -> str:
    end, pattern = suffix(side, "Total"), metric.output_name_pattern
    if pattern is None:
        return f"{options.metric_prefix}Iceberg{word}{end}"
    return options.metric_prefix + fill_pattern(pattern, {"sides": end, "measures": word})


def iceberg_measures(options: IcebergOptions) -> Sequence[Measure]:
    """Declare what the options ask for."""
    found = [BUILDERS[each.word](each) for each in asked(options)]
    return [*found, order_imbalance(options)] if options.order_imbalance else found


def execution_volume(each: Asked) -> Measure:
    """Σ ExecutionSize of executions of icebergs."""
    return Measure(
        name=each.name,
        table=EXECUTIONS,
        value=Aggregation(Kind.SUM, FILLED, each.icebergs),
        unit="shares",
        doc=f"Shares executed of {each.whose}, each told by what it reveals or by its refill.",
        formula="Σ ExecutionSize where RevealedQty > min_revealed_qty",
        source=SOURCE,
        reaggregation="sum",
    )


def execution_count(each: Asked) -> Measure:
    """Number of executions of icebergs."""
    return Measure(
        name=each.name,
        table=EXECUTIONS,
        value=Aggregation(Kind.COUNT, where=each.icebergs),
        unit="events",
        doc=f"Number of executions of {each.whose}, each told by what it reveals or by its refill.",
        formula="Σ 1 where RevealedQty > min_revealed_qty",
        source=SOURCE,
        reaggregation="sum",
    )


def revealed_peak_count(each: Asked) -> Measure:
    """Number of peaks that executions bring to light: one each."""
    return Measure(
        name=each.name,
        table=EXECUTIONS,
        value=Aggregation(Kind.COUNT, where=each.icebergs),
        unit="peaks",
        doc=f"Number of hidden peaks of {each.whose} that executions bring to light.",
        formula="Σ 1 where RevealedQty > min_revealed_qty",
        source=SOURCE,
        reaggregation="sum",
    )


def average_size(each: Asked) -> Measure:
    """Mean size over executions of icebergs."""
    return Measure(
        name=each.name,
        table=EXECUTIONS,
        value=Aggregation(Kind.MEAN, pl.col(each.average), each.icebergs),
        unit="shares",
        doc=f"Mean over executions of {each.whose} of {_SIZES[each.average]}.",
        formula=f"Σ {each.average} / Σ 1 where RevealedQty > min_revealed_qty",
        source=SOURCE,
        reaggregation=f"vw:{each.weight}",
    )


def average_peak_count(each: Asked) -> Measure:
    """Mean over icebergs of the highest number that a peak in the bucket has; computed."""
    return Measure(
        name=each.name,
        table=ICEBERGS,
        value=None,
        unit="peaks",
        doc=f"How many peaks {each.whose} that trade in the bucket have shown so far, on average.",
        formula="mean over icebergs of max PeakNumber",
        source=SOURCE,
    )


def volume_share(each: Asked) -> Measure:
    """Σ ExecutionSize of icebergs / Σ ExecutionSize of all orders of the side."""
    return Measure(
        name=each.name,
        table=EXECUTIONS,
        value={
            "icebergs": Aggregation(Kind.SUM, FILLED, each.icebergs),
            "all": Aggregation(Kind.SUM, FILLED, each.where),
        },
        post=ratio(pl.col("icebergs"), pl.col("all")),
        unit="ratio",
        doc=f"Share of {each.whose} in the shares that are executed in the order book.",
        formula="Σ ExecutionSize where RevealedQty > min_revealed_qty / Σ ExecutionSize",
        source=SOURCE,
    )


def order_imbalance(options: IcebergOptions) -> Measure:
    """(bid − ask) / (bid + ask) of what is executed of, or revealed by, icebergs."""
    size = pl.col(options.imbalance_source)
    bid, ask = pl.col("bid"), pl.col("ask")
    return Measure(
        name=f"{options.metric_prefix}IcebergOrderImbalance",
        table=EXECUTIONS,
        value={
            "bid": Aggregation(Kind.SUM, size, both(OF_ICEBERG, SIDES["Bid"])),
            "ask": Aggregation(Kind.SUM, size, both(OF_ICEBERG, SIDES["Ask"])),
        },
        post=ratio(bid - ask, bid + ask),
        unit="ratio",
        doc="How far executions of icebergs on the bid outweigh those on the ask, from -1 to 1.",
        formula=f"(bid - ask) / (bid + ask) of Σ {options.imbalance_source}",
        source=SOURCE,
    )


def identities(options: IcebergOptions) -> Sequence[Identity]:
    """List what must hold between the columns: every iceberg rests on the bid or on the ask."""
    return list(_splits(options)) if options.ENABLED else []


def _splits(options: IcebergOptions) -> Iterator[Identity]:
    sums: tuple[IcebergMeasure, ...] = ("ExecutionVolume", "ExecutionCount", "RevealedPeakCount")
    for metric in options.metrics:
        for word in (each for each in sums if each in metric.measures):
            if set(SIDES) <= set(metric.sides):
                total, *parts = (_name(options, metric, side, word) for side in SIDES)
                yield adds_up(parts, total)


BUILDERS: Mapping[IcebergMeasure, Callable[[Asked], Measure]] = {
    "ExecutionVolume": execution_volume,
    "ExecutionCount": execution_count,
    "AverageSize": average_size,
    "RevealedPeakCount": revealed_peak_count,
    "AveragePeakCount": average_peak_count,
    "VolumeShare": volume_share,
}
