"""How long does a price level stay empty that an execution has emptied?

The table has the messages, those on which an order arrives at such a level with the time since the
execution. Orders at each price are counted from the messages of the trade date, which begin with an
empty book: no quote is needed, and no level is too deep.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from beaf_analytics.l3.asked import Asked
from beaf_analytics.l3.messages import (
    FULL_FILLS,
    INSERTS,
    OLD_PRICE,
    PRICE,
    REMOVES,
    UPDATES,
)
from beaf_analytics.measures.expand import suffix
from beaf_analytics.measures.expressions import nanoseconds
from beaf_core import Aggregation, Kind, Measure, ProvidedTable

NAME = "level_replacements"
LATENCY = pl.col("ReplacementLatency")

_TIME, _SEQUENCE = "TimestampNanoseconds", "BMLLSequenceNo"
_LEVEL = ("ListingId", "Side", "LevelPrice")
_MOVES = UPDATES & (PRICE != OLD_PRICE)


def replacement_count(asked: Asked) -> Measure:
    """Levels that were emptied by an execution, and have orders again."""
    return Measure(
        name=asked.name,
        table=NAME,
        value=asked.count(LATENCY.is_not_null()),
        unit="orders",
        doc=f"Number of price levels emptied by an execution to which orders return {asked.words}.",
        formula="#(first order at a side and price after an execution has taken its last one)",
        reaggregation="sum",
    )


def average_replacement_latency(asked: Asked) -> Measure:
    """Mean time that those levels were empty."""
    rule = asked.weighted(f"ReplacementCount{suffix(asked.side, 'Total')}")
    return _latency(asked, Kind.MEAN, "Mean", rule)


def median_replacement_latency(asked: Asked) -> Measure:
    """Median time that those levels were empty."""
    return _latency(asked, Kind.MEDIAN, "Median", "none")


def _latency(asked: Asked, kind: Kind, word: str, rule: str) -> Measure:
    return Measure(
        name=asked.name,
        table=NAME,
        value=Aggregation(kind, LATENCY, asked.rows()),
        unit="ns",
        doc=f"{word} time from the execution that empties a price level to the next order there, "
        f"of levels to which orders return {asked.words}.",
        formula=f"{kind} (t_arrival - t_execution) at the same side and price",
        reaggregation=rule,
    )


def level_replacements(tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Tell of each message how long the level has been empty at which its order arrives."""
    messages = tables["l3"]
    steps = pl.concat([_where_orders_were(messages), _where_orders_move(messages)])
    time = nanoseconds(_TIME)
    empties = pl.col("Fills") & (pl.col("Step").cum_sum().over(_LEVEL) == 0)
    since = pl.when(empties).then(time).shift(1).over(_LEVEL)
    arrives = (pl.col("Step") == 1) & pl.col("LevelPrice").is_not_null()
    return (
        steps.sort("ListingId", _TIME, _SEQUENCE)
        .with_columns(ReplacementLatency=pl.when(arrives).then(time - since))
        .select("ListingId", _TIME, _SEQUENCE, "Side", "MarketState", "ReplacementLatency")
    )


def _where_orders_were(messages: pl.LazyFrame) -> pl.LazyFrame:
    """Take each message at its order's old price, and inserts at their own."""
    step = pl.when(INSERTS).then(1).when(REMOVES | _MOVES).then(-1).otherwise(0)
    return _steps(messages, pl.when(INSERTS).then(PRICE).otherwise(OLD_PRICE), step)


def _where_orders_move(messages: pl.LazyFrame) -> pl.LazyFrame:
    """Take the messages that move an order at its new price."""
    return _steps(messages.filter(_MOVES), PRICE, pl.lit(1))


def _steps(messages: pl.LazyFrame, price: pl.Expr, step: pl.Expr) -> pl.LazyFrame:
    """Say how many orders more each message leaves at a price."""
    return messages.select(
        "ListingId",
        _TIME,
        _SEQUENCE,
        "Side",
        "MarketState",
        price.alias("LevelPrice"),
        step.cast(pl.Int64).alias("Step"),
        FULL_FILLS.alias("Fills"),
    )


_COLUMNS = "LobAction Side Price OldPrice OrderExecuted MarketState"
REPLACEMENTS = ProvidedTable(
    name=NAME,
    needs={"l3": (_TIME, _SEQUENCE, *_COLUMNS.split())},
    build=level_replacements,
    time=_TIME,
    sequence=_SEQUENCE,
    ordered=True,
)
