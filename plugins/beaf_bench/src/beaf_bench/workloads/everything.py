"""W5: what does all of it cost at once, against the sum of its parts?"""

from __future__ import annotations

import polars as pl

from beaf_bench.workloads import bars, book, hours, orders
from beaf_bench.workloads.base import BUCKET, KEYS, LISTING, BenchPass, Tables, Workload

#: Bars, the book, counts and lifetimes of orders.
MINUTES = BenchPass(
    "minutes", 60, {"trade": bars.trade(bars.BARS), "l2tw": book.BOOK, "l3": orders.ORDERS}
)


def _additive() -> list[str]:
    """List the outputs of a minute that are zero where their table has no row."""
    counts = [f"{action}Count{side}" for action in orders.ACTIONS for side in orders.SIDES]
    volumes = [f"{action}Volume{side}" for action in orders.VOLUMES for side in orders.SIDES]
    fleeting = [f"FleetingCancelCount{side}" for side in orders.SIDES]
    return ["Volume", *counts, *volumes, *fleeting]


def join_minutes(traded: pl.DataFrame, pieces: pl.DataFrame, ordered: pl.DataFrame) -> pl.DataFrame:
    """Join the three tables of a minute; where no state of the book begins, the last one holds."""
    keys = pl.concat([each.select(KEYS) for each in (traded, pieces, ordered)]).unique()
    held = pieces.select(
        *KEYS, *(pl.col(f"{name}Last").alias(f"{name}Held") for name in book.STATES)
    )
    together = (
        keys.sort(BUCKET)
        .join_asof(held.sort(BUCKET), on=BUCKET, by=LISTING, check_sortedness=False)
        .join(
            book.averages_by_hand(pieces).with_columns(pl.lit(True).alias("Quoted")),
            on=list(KEYS),
            how="left",
        )
        .join(traded, on=list(KEYS), how="left")
        .join(ordered, on=list(KEYS), how="left")
    )
    book_columns = [
        pl.when(pl.col("Quoted")).then(pl.col(name)).otherwise(pl.col(f"{name}Held")).alias(name)
        for name in book.STATES
    ]
    zero = pl.col(_additive()).fill_null(0)
    columns = [each.name for each in MINUTES.measures()]
    return together.with_columns(*book_columns, zero).select(*KEYS, *columns).sort(KEYS)


def _hand(tables: Tables) -> list[pl.DataFrame]:
    traded, pieces, ordered, *hourly = pl.collect_all(
        [
            bars.by_hand(tables),
            book.pieces_by_hand(tables),
            orders.orders_by_hand(tables),
            hours.by_hand(tables, hours.ORDERS),
            hours.by_hand(tables, hours.TRADES),
        ],
        engine="streaming",
    )
    return [join_minutes(traded, pieces, ordered), hours.join(hourly)]


def _sql_minutes() -> str:
    filled = ", ".join(f"coalesce({name}, 0) AS {name}" for name in _additive())
    held = ", ".join(
        f"CASE WHEN a.ListingId IS NULL THEN h.{name}Last ELSE a.{name} END AS {name}"
        for name in book.STATES
    )
    return f"""
    SELECT * REPLACE ({filled}) FROM (
        SELECT k.*, {held}, t.* EXCLUDE (ListingId, TimeBucket),
            o.* EXCLUDE (ListingId, TimeBucket)
        FROM (
            SELECT ListingId, TimeBucket FROM bars UNION
            SELECT ListingId, TimeBucket FROM pieces UNION
            SELECT ListingId, TimeBucket FROM orders
        ) k
        ASOF LEFT JOIN pieces h ON k.ListingId = h.ListingId AND k.TimeBucket >= h.TimeBucket
        LEFT JOIN averages a ON k.ListingId = a.ListingId AND k.TimeBucket = a.TimeBucket
        LEFT JOIN bars t ON k.ListingId = t.ListingId AND k.TimeBucket = t.TimeBucket
        LEFT JOIN orders o ON k.ListingId = o.ListingId AND k.TimeBucket = o.TimeBucket
    ) ORDER BY ListingId, TimeBucket"""


W5 = Workload(
    name="W5",
    title="all of W1 to W4 at once",
    passes=(MINUTES, BenchPass("all_hours", 3600, hours.HOURS)),
    hand=_hand,
    sql=(
        f"CREATE OR REPLACE TEMP TABLE bars AS {bars.SQL}",
        f"CREATE OR REPLACE TEMP TABLE pieces AS {book.SQL_PIECES}",
        f"CREATE OR REPLACE TEMP TABLE averages AS {book.sql_averages('pieces')}",
        f"CREATE OR REPLACE TEMP TABLE orders AS {orders.SQL_ORDERS}",
        _sql_minutes(),
        hours.sql(quantiles=False),
    ),
    decode_goal=7.0,
    parts=("W1", "W2", "W3", "W4"),
)


_SIDED = {"sides": ["Buy", "Sell"], "measures": ["OHLC", "Volume", "Count"]}
_FORTY = {
    "trade": bars.trade(bars.BARS, _SIDED),
    "l2tw": book.BOOK,
    "l3": {"generic_metrics": orders.COUNTS},
}

TINY = Workload(
    name="tiny",
    title="forty outputs of three tables over a thousand rows",
    passes=(BenchPass("forty", 60, _FORTY),),
)
