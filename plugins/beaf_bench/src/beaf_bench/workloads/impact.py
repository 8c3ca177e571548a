"""W6: how far has the mid moved at eight horizons after each trade?"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from beaf_bench.workloads import bars
from beaf_bench.workloads.base import (
    BUCKET,
    KEYS,
    LISTING,
    MINUTE,
    SECOND,
    BenchPass,
    Tables,
    Workload,
    bucket,
    sql_bucket,
    time_of,
)
from beaf_bench.workloads.book import MID, TWO_SIDED

TABLE, QUOTES = "trades", "l2"
HORIZONS: Mapping[str, int] = {
    "1ms": SECOND // 1000,
    "10ms": SECOND // 100,
    "100ms": SECOND // 10,
    "1s": SECOND,
    "5s": 5 * SECOND,
    "15s": 15 * SECOND,
    "30s": 30 * SECOND,
    "60s": 60 * SECOND,
}
SIDE = pl.col("AggressorSide")
SIGNED = SIDE.is_in([1, 2])
SIGN = pl.when(SIDE == 1).then(1.0).otherwise(-1.0)

# The key of a listing and a time: a place above 47 bits, nanoseconds of the day below.
_BITS = 47
_SESSION = 86_400 * SECOND


def _moved(mid: pl.Expr) -> pl.Expr:
    return 2 * SIGN * (mid - pl.col("Before"))


#: Twice the mean signed move of the mid since just before the trade, of the module `trade`.
IMPACT = {
    **bars.trade(),
    "impact_metrics": [
        {
            "variant": "PriceImpact",
            "horizon": list(HORIZONS),
            "mids": "l2",
            "quotes": "two_sided",
            "beyond": "clip",
        }
    ],
}


def by_hand(tables: Tables) -> pl.LazyFrame:
    """Look up by one ascending integer for listing and time: no asof join by groups streams."""
    quotes = (
        tables.rows(QUOTES)
        .filter(TWO_SIDED)
        .select(
            _key(tables, QUOTES).alias("Since"), MID.alias("Mid"), pl.col(LISTING).alias("Quoted")
        )
    )
    trades = tables.rows(TABLE).select(
        LISTING,
        bucket(time_of(TABLE), MINUTE).alias(BUCKET),
        SIDE,
        bars.SIZE,
        _key(tables, TABLE).alias("Key"),
    )
    if tables.market.layout == "time":
        # Ties keep the order of the file, so that the last of a time stays the last.
        quotes = quotes.sort("Since", maintain_order=True)
        trades = trades.sort("Key", maintain_order=True)
    quotes = quotes.set_sorted("Since")
    # Strictly before the trade: keys are whole nanoseconds.
    trades = _looked_up(trades, quotes, -1, pl.col("Mid").alias("Before"))
    for name, horizon in HORIZONS.items():
        impact = pl.when(SIGNED).then(_moved(pl.col("Mid"))).alias(f"PriceImpact{name}")
        trades = _looked_up(trades, quotes, horizon, impact)
    unknown = pl.when(~SIGNED).then(bars.SIZE).otherwise(0).sum() / bars.SIZE.sum()
    means = [pl.col(f"PriceImpact{name}").mean() for name in HORIZONS]
    return trades.group_by(*KEYS).agg(*means, unknown.alias("UnknownDirectionShare"))


def _looked_up(
    trades: pl.LazyFrame, quotes: pl.LazyFrame, horizon: int, wanted: pl.Expr
) -> pl.LazyFrame:
    found = (
        trades.with_columns((pl.col("Key") + horizon).alias("Then"))
        .set_sorted("Then")
        .join_asof(quotes, left_on="Then", right_on="Since", coalesce=False)
    )
    own = pl.when(pl.col("Quoted") == pl.col(LISTING)).then(pl.col("Mid")).alias("Mid")
    return found.with_columns(own).with_columns(wanted).drop("Mid", "Quoted", "Then", "Since")


def _key(tables: Tables, table: str) -> pl.Expr:
    place = (pl.col(LISTING) - min(tables.universe)).cast(pl.Int64)
    return place * pl.lit(2**_BITS) + time_of(table) % _SESSION


def _hand(tables: Tables) -> list[pl.DataFrame]:
    return [by_hand(tables).sort(KEYS).collect(engine="streaming")]


def _sql() -> str:
    sign = "CASE WHEN AggressorSide = 1 THEN 1 ELSE -1 END"
    means = ", ".join(
        f"avg(2 * {sign} * (q{n}.Mid - b.Mid)) "
        f"FILTER (WHERE AggressorSide IN (1, 2)) AS PriceImpact{name}"
        for n, name in enumerate(HORIZONS)
    )
    joins = "\n".join(
        f"ASOF LEFT JOIN q q{n} ON t.ListingId = q{n}.ListingId AND t.Now + {horizon} >= q{n}.Now"
        for n, horizon in enumerate(HORIZONS.values())
    )
    joins += "\nASOF LEFT JOIN q b ON t.ListingId = b.ListingId AND t.Now > b.Now"
    # Of states of one time the last counts; an asof join would take any.
    return f"""
    WITH q AS MATERIALIZED (
        SELECT ListingId, epoch_ns(TimestampNanoseconds) AS Now,
            arg_max((BidPrice1 + AskPrice1) / 2, BMLLSequenceNo) AS Mid
        FROM l2 WHERE BidQuantity1 > 0 AND AskQuantity1 > 0 GROUP BY ALL
    ), t AS (
        SELECT ListingId, {sql_bucket(TABLE, MINUTE)} AS TimeBucket, AggressorSide,
            Size, epoch_ns(TradeTimestampNanoseconds) AS Now
        FROM trades
    )
    SELECT t.ListingId, TimeBucket, {means},
        sum(CASE WHEN AggressorSide IN (1, 2) THEN 0 ELSE Size END) / sum(Size)
            AS UnknownDirectionShare
    FROM t {joins} GROUP BY ALL ORDER BY ALL"""


W6 = Workload(
    name="W6",
    title="price impact of trades at eight horizons, one minute",
    passes=(BenchPass("impact", 60, {"trade": IMPACT}),),
    hand=_hand,
    sql=(_sql(),),
)
