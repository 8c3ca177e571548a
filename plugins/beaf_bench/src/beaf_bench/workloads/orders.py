"""W3: how many orders come, change, go and trade in a minute, and how long do they live?"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

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

TABLE = "l3"
SIDES = {"Bid": 1, "Ask": 2}
FLEETING = SECOND // 10

ACTION, EXECUTED = pl.col("LobAction"), pl.col("OrderExecuted")
BEGINS, ENDS = ACTION == 2, ACTION == 3
#: Action → its rows, what it moves, and both in SQL.
ACTIONS: Mapping[str, tuple[pl.Expr, str, str]] = {
    "Insert": (BEGINS, "Size", "LobAction = 2"),
    "Update": (ACTION == 4, "Size", "LobAction = 4"),
    "Cancel": (ENDS & ~EXECUTED, "OldSize", "LobAction = 3 AND NOT OrderExecuted"),
    "Execution": (EXECUTED, "ExecutionSize", "OrderExecuted"),
}
#: Changes move no volume that anybody would add up.
VOLUMES = ("Insert", "Cancel", "Execution")


#: The same of the module `l3`.
COUNTS = [
    {"actions": list(VOLUMES), "measures": ["Count", "Volume"]},
    {"actions": ["Update"], "measures": ["Count"]},
]
LIVES = [{"variant": ["AvgRestingTime", "FleetingCancelCount"], "sides": list(SIDES)}]
ORDERS = {"generic_metrics": COUNTS, "advanced_metrics": LIVES}


def counts_by_hand(tables: Tables) -> pl.LazyFrame:
    """Sum what a condition lets through: 2.4 times cheaper than a filter for each."""
    sums = []
    for action, (rows, moved, _) in ACTIONS.items():
        for side, code in SIDES.items():
            mine = rows & (pl.col("Side") == code)
            sums.append(mine.sum().cast(pl.Int64).alias(f"{action}Count{side}"))
            if action in VOLUMES:
                volume = pl.when(mine).then(pl.col(moved)).otherwise(0).sum()
                sums.append(volume.alias(f"{action}Volume{side}"))
    label = bucket(time_of(TABLE), MINUTE).alias(BUCKET)
    return tables.rows(TABLE).group_by(LISTING, label).agg(sums)


def lifetimes_by_hand(tables: Tables) -> pl.LazyFrame:
    """Join each order's end with its begin, by the order's id.

    Who writes by hand sees that these ids are numbers, which joins 12 % cheaper than text. DuckDB
    gains nothing by it.
    """
    rows, time = tables.rows(TABLE), time_of(TABLE)
    first, last = (pl.col(each).cast(pl.Int64).alias("Order") for each in ("OrderId", "OldOrderId"))
    begun = rows.filter(BEGINS).select(LISTING, first, time.alias("Begin"))
    ended = rows.filter(ENDS).select(LISTING, last, "Side", "OrderExecuted", time.alias("End"))
    life = pl.col("End") - pl.col("Begin")
    paired = ended.join(begun, on=[LISTING, "Order"], how="inner").select(
        LISTING,
        bucket(pl.col("End"), MINUTE).alias(BUCKET),
        "Side",
        "OrderExecuted",
        life.alias("Life"),
    )
    found = []
    for side, code in SIDES.items():
        mine = pl.col("Side") == code
        found.append(pl.when(mine).then(pl.col("Life")).mean().alias(f"AvgRestingTime{side}"))
        young = mine & ~EXECUTED & (pl.col("Life") < FLEETING)
        fleeting = young.sum().cast(pl.Int64)
        found.append(fleeting.alias(f"FleetingCancelCount{side}"))
    return paired.group_by(*KEYS).agg(found)


def orders_by_hand(tables: Tables) -> pl.LazyFrame:
    """Put lifetimes beside counts; where no order ends, none is fleeting."""
    together = counts_by_hand(tables).join(lifetimes_by_hand(tables), on=list(KEYS), how="left")
    return together.with_columns(
        pl.col(f"FleetingCancelCount{side}").fill_null(0) for side in SIDES
    )


def _counts_by_hand(tables: Tables) -> list[pl.DataFrame]:
    return [counts_by_hand(tables).sort(KEYS).collect(engine="streaming")]


def _orders_by_hand(tables: Tables) -> list[pl.DataFrame]:
    return [orders_by_hand(tables).sort(KEYS).collect(engine="streaming")]


def _sql_counts() -> str:
    columns = []
    for action, (_, moved, rows) in ACTIONS.items():
        for side, code in SIDES.items():
            only = f"FILTER (WHERE {rows} AND Side = {code})"
            columns.append(f"count(*) {only} AS {action}Count{side}")
            if action in VOLUMES:
                columns.append(f"coalesce(sum({moved}) {only}, 0) AS {action}Volume{side}")
    label = sql_bucket(TABLE, MINUTE)
    return f"SELECT ListingId, {label} AS TimeBucket, {', '.join(columns)} FROM l3 GROUP BY ALL"


def _sql_lifetimes() -> str:
    columns = ", ".join(
        f"avg(Life) FILTER (WHERE Side = {code}) AS AvgRestingTime{side}, "
        f"count(*) FILTER (WHERE Side = {code} AND NOT OrderExecuted AND Life < {FLEETING}) "
        f"AS FleetingCancelCount{side}"
        for side, code in SIDES.items()
    )
    time = "epoch_ns({}.TimestampNanoseconds)"
    return f"""
    SELECT ListingId, TimeBucket, {columns} FROM (
        SELECT e.ListingId, {sql_bucket(TABLE, MINUTE).replace("(Time", "(e.Time")} AS TimeBucket,
            e.Side, e.OrderExecuted, {time.format("e")} - {time.format("b")} AS Life
        FROM (SELECT * FROM l3 WHERE LobAction = 3) e
        JOIN (SELECT * FROM l3 WHERE LobAction = 2) b
        ON e.ListingId = b.ListingId AND e.OldOrderId = b.OrderId
    ) GROUP BY ALL"""


SQL_COUNTS = _sql_counts()
_LIVES = ", ".join(
    f"AvgRestingTime{side}, coalesce(FleetingCancelCount{side}, 0) AS FleetingCancelCount{side}"
    for side in SIDES
)
SQL_ORDERS = f"""
SELECT c.*, {_LIVES}
FROM ({SQL_COUNTS}) c LEFT JOIN ({_sql_lifetimes()}) t USING (ListingId, TimeBucket)
"""

W3_COUNTS = Workload(
    name="W3c",
    title="fourteen counts and volumes of orders, one minute",
    passes=(BenchPass("counts", 60, {"l3": {"generic_metrics": COUNTS}}),),
    hand=_counts_by_hand,
    sql=(SQL_COUNTS + " ORDER BY ALL",),
    decode_goal=2.2,
)
W3 = Workload(
    name="W3",
    title="the same with lifetimes of orders",
    passes=(BenchPass("orders", 60, {"l3": ORDERS}),),
    hand=_orders_by_hand,
    sql=(SQL_ORDERS + " ORDER BY ALL",),
    decode_goal=7.5,
)
