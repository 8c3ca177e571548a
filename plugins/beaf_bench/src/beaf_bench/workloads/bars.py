"""W1: what are a minute's open, high, low, close, volume and VWAP?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from beaf_bench.workloads.base import (
    KEYS,
    LISTING,
    MINUTE,
    BenchPass,
    Tables,
    Workload,
    bucket,
    sql_bucket,
    time_of,
)

TABLE = "trades"
PRICE, SIZE = pl.col("InstrumentCurrencyPrice"), pl.col("Size")


#: Bars of all prints, under bare names.
BARS = {"measures": ["OHLC", "Volume", "VWAP"], "output_name_pattern": "{measures}"}


def trade(*metrics: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask the module `trade` for metrics of every print."""
    return {"classifications": "all", "market_state": False, "generic_metrics": list(metrics)}


def by_hand(tables: Tables) -> pl.LazyFrame:
    """Aggregate; first and last in the order of the file, which is that of time.

    A print that cancels another (of negative size) takes volume back and makes no price: that is
    the definition for everybody, though the data have none.
    """
    printed = pl.col("Printed")
    rows = tables.rows(TABLE).select(
        LISTING,
        bucket(time_of(TABLE), MINUTE).alias("TimeBucket"),
        SIZE,
        pl.when(SIZE > 0).then(PRICE).alias("Printed"),
        (PRICE * SIZE).alias("Notional"),
    )
    return (
        rows.group_by(*KEYS)
        .agg(
            printed.first(ignore_nulls=True).alias("Open"),
            printed.max().alias("High"),
            printed.min().alias("Low"),
            printed.last(ignore_nulls=True).alias("Close"),
            SIZE.sum().alias("Volume"),
            pl.col("Notional").sum(),
        )
        .with_columns((pl.col("Notional") / pl.col("Volume")).alias("VWAP"))
        .drop("Notional")
    )


def _hand(tables: Tables) -> list[pl.DataFrame]:
    return [by_hand(tables).sort(KEYS).collect(engine="streaming")]


# The sequence orders all rows of a listing: one key, where (time, sequence) would be two.
PRICED = "InstrumentCurrencyPrice"
PRINTED = "FILTER (WHERE Size > 0)"
SQL = f"""
SELECT ListingId, {sql_bucket(TABLE, MINUTE)} AS TimeBucket,
    arg_min({PRICED}, BMLLSequenceNo) {PRINTED} AS Open,
    max({PRICED}) {PRINTED} AS High, min({PRICED}) {PRINTED} AS Low,
    arg_max({PRICED}, BMLLSequenceNo) {PRINTED} AS Close,
    sum(Size) AS Volume, sum({PRICED} * Size) / sum(Size) AS VWAP
FROM trades GROUP BY ALL
"""

W1 = Workload(
    name="W1",
    title="bars of one minute",
    passes=(BenchPass("bars", 60, {"trade": trade(BARS)}),),
    hand=_hand,
    sql=(SQL + "ORDER BY ALL",),
    decode_goal=2.7,
)
