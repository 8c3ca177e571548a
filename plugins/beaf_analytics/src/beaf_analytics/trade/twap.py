"""What was the price on average over time, each holding until the next print?

An aggregation by time takes every row of a table as a state that ends the one before it. So that
a print off the book, or of the other side, ends no price, the prices that count are a table of
their own, which the module provides where a TWAP is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from beaf_analytics.measures.expressions import both
from beaf_analytics.trade.options import GenericMetric, TradeOptions
from beaf_analytics.trade.prints import PRICE, PRINTED, SIDES, prints_of, table_of
from beaf_analytics.trade.words import Side
from beaf_core import Aggregation, Kind, Measure, ProvidedTable

WORD = "TWAP"
TIME, SEQUENCE = "TradeTimestampNanoseconds", "BMLLSequenceNo"


def twap(name: str, metric: GenericMetric, side: Side, told: str) -> Measure:
    """Σ p·Δt / Σ Δt, the price carried into the bucket from the print before it."""
    return Measure(
        name=name,
        table=_table_name(metric, side),
        value=Aggregation(Kind.TIME_WEIGHTED, PRICE),
        unit="ccy",
        doc=f"Mean price of {told}, each weighted by the time until the next one.",
        formula="Σ p·Δt / Σ Δt",
        reaggregation="twa",
    )


def provides(options: TradeOptions) -> list[ProvidedTable]:
    """Provide the prices that time weights are asked of, each table once."""
    if not options.ENABLED:
        return []
    asked = {_table_name(metric, side): (metric, side) for metric, side in _asked(options)}
    return [_prices(name, options, *given) for name, given in asked.items()]


def _asked(options: TradeOptions) -> Iterator[tuple[GenericMetric, Side]]:
    for metric in options.generic_metrics:
        if WORD in metric.measures:
            yield from ((metric, side) for side in metric.sides)


def _table_name(metric: GenericMetric, side: Side) -> str:
    return "_".join(["trade_prices", side, *sorted(metric.market_states or ())])


def _prices(name: str, options: TradeOptions, metric: GenericMetric, side: Side) -> ProvidedTable:
    source = table_of(options)
    looked_at = prints_of(options).where(metric, SIDES[side], alone=True)
    kept = both(PRINTED & PRICE.is_finite(), looked_at)
    assert kept is not None, "prints are a condition"

    def build(tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
        return tables[source].filter(kept)

    columns = {TIME, SEQUENCE, *PRICE.meta.root_names(), *kept.meta.root_names()}
    return ProvidedTable(
        name, {source: tuple(sorted(columns))}, build, time=TIME, sequence=SEQUENCE
    )
