"""W4: what are a hundred characteristics of an hour of orders and trades?

Each output is written once, in the three languages: as a measure, as polars and as SQL. By hand
the masked columns are made once and means are derived from sums, so that the `group_by` has no
aggregation twice; quantiles, which polars cannot stream, stand in a `group_by` of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from beaf_bench.workloads.base import (
    BUCKET,
    HOUR,
    KEYS,
    LISTING,
    BenchPass,
    Tables,
    Workload,
    bucket,
    measure,
    sql_bucket,
    time_of,
)
from beaf_bench.workloads.orders import ACTIONS, SIDES
from beaf_core import Aggregation, Kind, Measure

ORDERS, TRADES = "l3", "trades"
AGGRESSORS = {"Buy": 1, "Sell": 2, "Unknown": 0}
NEAR = 3  # levels


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of a table, and a number on each, that several outputs look at.

    Attributes:
        name: what the outputs begin with.
        table: the table.
        where: the rows, in polars and in SQL.
        of: the number's column.
        kinds: what is made of it.
    """

    name: str
    table: str
    where: tuple[pl.Expr, str]
    of: str
    kinds: tuple[Kind, ...]


_STATS = (Kind.COUNT, Kind.SUM, Kind.MEAN, Kind.MAX, Kind.STD)
_EDGES = (Kind.MIN, Kind.MAX, Kind.FIRST, Kind.LAST)
_SQL_KIND: Mapping[Kind, str] = {
    Kind.COUNT: "count({0})",
    Kind.SUM: "sum({0})",
    Kind.MEAN: "avg({0})",
    Kind.STD: "stddev_samp({0})",
    Kind.MIN: "min({0})",
    Kind.MAX: "max({0})",
    Kind.FIRST: "arg_min({0}, BMLLSequenceNo)",
    Kind.LAST: "arg_max({0}, BMLLSequenceNo)",
}


def _orders() -> Iterator[Group]:
    for action, (rows, moved, sql) in ACTIONS.items():
        level = "OldPriceLevel" if moved != "Size" else "PriceLevel"
        for side, code in SIDES.items():
            where = (rows & (pl.col("Side") == code), f"{sql} AND Side = {code}")
            yield Group(f"{action}{side}Size", ORDERS, where, moved, _STATS)
            yield Group(f"{action}{side}Level", ORDERS, where, level, (Kind.MEAN,))
            if action in ("Insert", "Cancel"):
                near = (where[0] & (pl.col(level) <= NEAR), f"{where[1]} AND {level} <= {NEAR}")
                yield Group(f"{action}{side}Near", ORDERS, near, moved, (Kind.COUNT, Kind.SUM))
            if action == "Insert":
                yield Group(f"{action}{side}Price", ORDERS, where, "Price", _EDGES)


def _trades() -> Iterator[Group]:
    for side, code in AGGRESSORS.items():
        where = (pl.col("AggressorSide") == code, f"AggressorSide = {code}")
        yield Group(f"{side}Size", TRADES, where, "Size", _STATS)
        yield Group(f"{side}Price", TRADES, where, "Price", (Kind.MEAN, Kind.STD, *_EDGES))
        yield Group(f"{side}Notional", TRADES, where, "TradeNotional", (Kind.SUM,))


GROUPS: Sequence[Group] = (*_orders(), *_trades())

#: Output → table, the (of, kind) of what it divides, and an expression of them: the rest.
RATIOS: Mapping[str, tuple[str, str, str]] = {
    **{f"CancelToInsert{s}": (ORDERS, f"Cancel{s}SizeCOUNT", f"Insert{s}SizeCOUNT") for s in SIDES},
    **{f"OrderToTrade{s}": (ORDERS, f"Insert{s}SizeSUM", f"Execution{s}SizeSUM") for s in SIDES},
    **{f"VWAP{s}": (TRADES, f"{s}NotionalSUM", f"{s}SizeSUM") for s in AGGRESSORS},
}
#: Output → table: the mean time between two rows of it.
GAPS: Mapping[str, str] = {"MessageGap": ORDERS, "TradeGap": TRADES}


def output(group: Group, kind: Kind) -> str:
    """Name an output."""
    return f"{group.name}{kind.name}"


def _aggregations() -> dict[str, Aggregation]:
    """Declare every plain output."""
    return {
        output(group, kind): Aggregation(
            kind, None if kind is Kind.COUNT else pl.col(group.of), group.where[0]
        )
        for group in GROUPS
        for kind in group.kinds
    }


def measures() -> Sequence[Measure]:
    """Declare a hundred."""
    plain = _aggregations()
    tables = {output(group, kind): group.table for group in GROUPS for kind in group.kinds}
    found = [measure(name, tables[name], each) for name, each in plain.items()]
    for name, (table, above, below) in RATIOS.items():
        value = {"above": plain[above], "below": plain[below]}
        post = pl.when(pl.col("below") != 0).then(pl.col("above") / pl.col("below"))
        found.append(measure(name, table, value, post=post))
    for name, table in GAPS.items():
        time = time_of(table)
        value = {
            "first": Aggregation(Kind.MIN, time),
            "last": Aggregation(Kind.MAX, time),
            "rows": Aggregation(Kind.COUNT),
        }
        gap = (pl.col("last") - pl.col("first")) / (pl.col("rows") - 1)
        post = pl.when(pl.col("rows") > 1).then(gap)
        found.append(measure(name, table, value, post=post))
    return found


# -- quantiles -------------------------------------------------------------------------------------

_BUYS, _SELLS = (
    (pl.col("AggressorSide") == 1, "AggressorSide = 1"),
    (pl.col("AggressorSide") == 2, "AggressorSide = 2"),
)
_BIDS = (ACTIONS["Insert"][0] & (pl.col("Side") == 1), "LobAction = 2 AND Side = 1")
_ASKS = (ACTIONS["Insert"][0] & (pl.col("Side") == 2), "LobAction = 2 AND Side = 2")
#: Output → table, rows, order of the quantile of `Size`.
QUANTILES: Mapping[str, tuple[str, tuple[pl.Expr, str], float]] = {
    "BuySizeMedian": (TRADES, _BUYS, 0.5),
    "SellSizeMedian": (TRADES, _SELLS, 0.5),
    "BuySizeP90": (TRADES, _BUYS, 0.9),
    "SellSizeP90": (TRADES, _SELLS, 0.9),
    "InsertBidSizeMedian": (ORDERS, _BIDS, 0.5),
    "InsertAskSizeMedian": (ORDERS, _ASKS, 0.5),
}


def with_quantiles() -> Sequence[Measure]:
    """Declare a hundred, and six quantiles."""
    size = pl.col("Size")
    more = [
        measure(
            name,
            table,
            Aggregation(Kind.MEDIAN, size, where)
            if q == 0.5
            else Aggregation(Kind.QUANTILE, size, where, q),
        )
        for name, (table, (where, _), q) in QUANTILES.items()
    ]
    return [*measures(), *more]


# -- by hand ---------------------------------------------------------------------------------------


def by_hand(tables: Tables, table: str) -> pl.LazyFrame:
    """Aggregate one table: each masked column once, each sum and count once."""
    columns: dict[str, pl.Expr] = {}
    sums: dict[str, pl.Expr] = {}
    outputs: list[pl.Expr] = []
    for group in (each for each in GROUPS if each.table == table):
        column = pl.col(group.name)
        columns[group.name] = pl.when(group.where[0]).then(pl.col(group.of))
        for kind in group.kinds:
            name = output(group, kind)
            if kind is Kind.MEAN:
                sums[f"{group.name}SUM"] = column.sum()
                sums[f"{group.name}COUNT"] = column.count()
                outputs.append(_over(f"{group.name}SUM", f"{group.name}COUNT").alias(name))
            else:
                sums[name] = _aggregated(column, kind)
                outputs.append(pl.col(name))
    gap = next(name for name, mine in GAPS.items() if mine == table)
    sums |= {"first": pl.col("now").min(), "last": pl.col("now").max(), "rows": pl.len()}
    outputs.append(
        pl.when(pl.col("rows") > 1)
        .then((pl.col("last") - pl.col("first")) / (pl.col("rows") - 1))
        .alias(gap)
    )
    outputs += [_over(a, b).alias(name) for name, (mine, a, b) in RATIOS.items() if mine == table]
    rows = tables.rows(table).select(
        LISTING,
        bucket(time_of(table), HOUR).alias(BUCKET),
        time_of(table).alias("now"),
        *(value.alias(name) for name, value in columns.items()),
    )
    aggregated = rows.group_by(*KEYS).agg(value.alias(name) for name, value in sums.items())
    return aggregated.select(*KEYS, *outputs)


def _aggregated(column: pl.Expr, kind: Kind) -> pl.Expr:
    match kind:
        case Kind.FIRST:
            return column.first(ignore_nulls=True)
        case Kind.LAST:
            return column.last(ignore_nulls=True)
    methods = {
        Kind.COUNT: pl.Expr.count,
        Kind.SUM: pl.Expr.sum,
        Kind.MIN: pl.Expr.min,
        Kind.MAX: pl.Expr.max,
        Kind.STD: pl.Expr.std,
    }
    return methods[kind](column)


def _over(above: str, below: str) -> pl.Expr:
    return pl.when(pl.col(below) != 0).then(pl.col(above) / pl.col(below))


def quantiles_by_hand(tables: Tables, table: str) -> pl.LazyFrame:
    """Aggregate what does not stream, apart."""
    mine = {name: each for name, each in QUANTILES.items() if each[0] == table}
    masks = {str(where): where for _, (where, _), _ in mine.values()}
    names = {key: f"size{n}" for n, key in enumerate(masks)}
    rows = tables.rows(table).select(
        LISTING,
        bucket(time_of(table), HOUR).alias(BUCKET),
        *(pl.when(where).then(pl.col("Size")).alias(names[key]) for key, where in masks.items()),
    )
    return rows.group_by(*KEYS).agg(
        pl.col(names[str(where)]).quantile(q, "linear").alias(name)
        for name, (_, (where, _), q) in mine.items()
    )


def additive() -> list[str]:
    """List the outputs that are zero where a table has no row in the hour."""
    return [
        output(group, kind)
        for group in GROUPS
        for kind in group.kinds
        if kind in (Kind.COUNT, Kind.SUM)
    ]


def join(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Put the tables side by side."""
    first, *others = frames
    for each in others:
        first = first.join(each, on=list(KEYS), how="full", coalesce=True)
    return first.with_columns(pl.col(additive()).fill_null(0)).sort(KEYS)


def _hand(tables: Tables) -> list[pl.DataFrame]:
    lazy = [by_hand(tables, ORDERS), by_hand(tables, TRADES)]
    return [join(pl.collect_all(lazy, engine="streaming"))]


def _hand_with_quantiles(tables: Tables) -> list[pl.DataFrame]:
    # One after the other: the quantiles are held in memory, and nothing else beside them.
    [plain] = _hand(tables)
    for table in (ORDERS, TRADES):
        more = quantiles_by_hand(tables, table).collect(engine="streaming")
        plain = plain.join(more, on=list(KEYS), how="left")
    return [plain]


# -- SQL -------------------------------------------------------------------------------------------


def _sql(table: str, *, quantiles: bool) -> str:
    columns = []
    for group in (each for each in GROUPS if each.table == table):
        for kind in group.kinds:
            value = f"{_SQL_KIND[kind].format(group.of)} FILTER (WHERE {group.where[1]})"
            value = f"coalesce({value}, 0)" if kind is Kind.SUM else value
            columns.append(f"{value} AS {output(group, kind)}")
    time = f"epoch_ns({time_column(table)})"
    gap = next(name for name, mine in GAPS.items() if mine == table)
    columns.append(
        f"CASE WHEN count(*) > 1 THEN (max({time}) - min({time})) / (count(*) - 1) END AS {gap}"
    )
    if quantiles:
        columns += [
            f"quantile_cont(Size, {q}) FILTER (WHERE {where[1]}) AS {name}"
            for name, (mine, where, q) in QUANTILES.items()
            if mine == table
        ]
    ratios = "".join(
        f", {above} / nullif({below}, 0) AS {name}"
        for name, (mine, above, below) in RATIOS.items()
        if mine == table
    )
    return f"""SELECT *{ratios} FROM (
        SELECT ListingId, {sql_bucket(table, HOUR)} AS TimeBucket, {", ".join(columns)}
        FROM {table} GROUP BY ALL)"""


def time_column(table: str) -> str:
    """Return the name of a table's time."""
    return time_of(table).meta.root_names()[0]


def sql(*, quantiles: bool) -> str:
    """Put the tables side by side, in SQL."""
    filled = ", ".join(f"coalesce({name}, 0) AS {name}" for name in additive())
    return f"""SELECT * REPLACE ({filled})
    FROM ({_sql(ORDERS, quantiles=quantiles)})
    FULL JOIN ({_sql(TRADES, quantiles=quantiles)}) USING (ListingId, TimeBucket)
    ORDER BY ListingId, TimeBucket"""


W4 = Workload(
    name="W4",
    title="a hundred characteristics of orders and trades, one hour",
    passes=(BenchPass("hours", 3600, measures),),
    hand=_hand,
    sql=(sql(quantiles=False),),
    decode_goal=3.8,
)
W4_QUANTILES = Workload(
    name="W4q",
    title="the same with six quantiles",
    passes=(BenchPass("hours_quantiles", 3600, with_quantiles),),
    hand=_hand_with_quantiles,
    sql=(sql(quantiles=True),),
)
