"""What are open, high, low and close of a quote?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import polars as pl

from beaf_analytics.l2.asked import name_of, told_of
from beaf_analytics.l2.options import OhlcMetric, OpenMode
from beaf_analytics.l2.values import source_value
from beaf_analytics.measures.aggregations import RowValue
from beaf_analytics.measures.quotes import accepted
from beaf_core import Aggregation, Kind, Measure

#: Edge → how it is taken of rows and of states, its word, and how bars combine.
_EDGES: Mapping[str, tuple[Kind, Kind, str, str]] = {
    "Open": (Kind.FIRST, Kind.STATE_FIRST, "first", "first"),
    "High": (Kind.MAX, Kind.STATE_MAX, "highest", "max"),
    "Low": (Kind.MIN, Kind.STATE_MIN, "lowest", "min"),
    "Close": (Kind.LAST, Kind.STATE_LAST, "last", "last"),
}
SUFFIXES: Mapping[OpenMode, str] = {"event": "", "prev_close": "C", "state": "S"}
_OVER: Mapping[OpenMode, str] = {
    "event": "of the bucket's rows",
    "prev_close": "of the bucket's rows, or the state carried into it where it has none",
    "state": "of the states that hold in the bucket, the one carried into it among them",
}


def bars(metric: OhlcMetric, prefix: str) -> Iterator[Measure]:
    """Declare the four edges of each source and mode."""
    where = accepted(metric.quotes, metric.market_states)
    for variant in metric.expand():
        source, mode = variant["source"], variant["open_mode"]
        value = told_of(source_value(source, where), metric, metric.quotes)
        for edge in _EDGES:
            yield _edge(bar_name(metric, prefix, source, edge, mode), value, edge, mode)


def bar_name(metric: OhlcMetric, prefix: str, source: str, edge: str, mode: OpenMode) -> str:
    """Name an edge; a pattern that does not say where it stands has it last."""
    fields = {"source": source, "ohlc": edge, "openMode": SUFFIXES[mode]}
    pattern = metric.output_name_pattern
    if pattern is not None and "{ohlc}" not in pattern:
        metric = metric.model_copy(update={"output_name_pattern": f"{pattern}{{ohlc}}"})
    return name_of(metric, prefix, f"{source}{edge}{SUFFIXES[mode]}", fields)


def _edge(name: str, value: RowValue, edge: str, mode: OpenMode) -> Measure:
    of_rows, of_states, word, rule = _EDGES[edge]
    rows = Aggregation(of_rows, value.value, value.where)
    plain = Measure(
        name=name,
        table=value.table,
        value=rows,
        unit=value.unit,
        doc=f"{value.doc}: {word} {_OVER[mode]}.",
        formula=f"{word} {value.formula}",
        reaggregation=rule,
    )
    if mode == "event":
        return plain
    if mode == "state":
        return replace(plain, value=Aggregation(of_states, value.value, value.where))
    last = Aggregation(Kind.STATE_LAST, value.value, value.where)
    # Without a row the state at the end is the one carried in. With rows of which none counts,
    # that state is the last of them, and does not count either.
    return replace(
        plain,
        value={"rows": rows, "state": last},
        post=pl.coalesce("rows", "state"),
    )
