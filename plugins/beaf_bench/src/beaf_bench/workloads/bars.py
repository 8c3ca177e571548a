"""W1: what are a minute's open, high, low, close, volume and VWAP?"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from beaf_bench.workloads.base import (
    KEYS,
    LISTING,
    MINUTE,
    BenchPass,
    Tables,
    Workload,
    bucket,
    measure,
    sql_bucket,
    time_of,
)
from beaf_core import Aggregation, Kind, Measure

TABLE = "trades"
PRICE, SIZE = pl.col("Price"), pl.col("Size")


def measures() -> Sequence[Measure]:
    """Declare them."""
    edges = {"Open": Kind.FIRST, "High": Kind.MAX, "Low": Kind.MIN, "Close": Kind.LAST}
    vwap = {
        "notional": Aggregation(Kind.SUM, PRICE * SIZE),
        "volume": Aggregation(Kind.SUM, SIZE),
    }
    return [
        *(measure(name, TABLE, Aggregation(kind, PRICE)) for name, kind in edges.items()),
        measure("Volume", TABLE, Aggregation(Kind.SUM, SIZE)),
        measure("VWAP", TABLE, vwap, post=pl.col("notional") / pl.col("volume")),
    ]


def by_hand(tables: Tables) -> pl.LazyFrame:
    """Aggregate; first and last in the order of the file, which is that of time."""
    rows = tables.rows(TABLE).select(
        LISTING,
        bucket(time_of(TABLE), MINUTE).alias("TimeBucket"),
        PRICE,
        SIZE,
        (PRICE * SIZE).alias("Notional"),
    )
    return (
        rows.group_by(*KEYS)
        .agg(
            PRICE.first().alias("Open"),
            PRICE.max().alias("High"),
            PRICE.min().alias("Low"),
            PRICE.last().alias("Close"),
            SIZE.sum().alias("Volume"),
            pl.col("Notional").sum(),
        )
        .with_columns((pl.col("Notional") / pl.col("Volume")).alias("VWAP"))
        .drop("Notional")
    )


def _hand(tables: Tables) -> list[pl.DataFrame]:
    return [by_hand(tables).sort(KEYS).collect(engine="streaming")]


# The sequence orders all rows of a listing: one key, where (time, sequence) would be two.
SQL = f"""
SELECT ListingId, {sql_bucket(TABLE, MINUTE)} AS TimeBucket,
    arg_min(Price, BMLLSequenceNo) AS Open, max(Price) AS High, min(Price) AS Low,
    arg_max(Price, BMLLSequenceNo) AS Close,
    sum(Size) AS Volume, sum(Price * Size) / sum(Size) AS VWAP
FROM trades GROUP BY ALL
"""

W1 = Workload(
    name="W1",
    title="bars of one minute",
    passes=(BenchPass("bars", 60, measures),),
    hand=_hand,
    sql=(SQL + "ORDER BY ALL",),
    decode_goal=2.7,
)
