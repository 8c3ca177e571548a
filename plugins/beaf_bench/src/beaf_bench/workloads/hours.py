"""W4: what are a hundred characteristics of an hour of orders and trades?

Each output is written once, as polars and as SQL. By hand
the masked columns are made once and means are derived from sums, so that the `group_by` has no
aggregation twice; quantiles, which polars cannot stream, stand in a `group_by` of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from beaf_bench.workloads.bars import PRICE, PRICED, SIZE, trade
from beaf_bench.workloads.base import (
    BUCKET,
    HOUR,
    KEYS,
    LISTING,
    BenchPass,
    Sections,
    Tables,
    Workload,
    bucket,
    sql_bucket,
    time_of,
)
from beaf_bench.workloads.orders import ACTIONS, SIDES
from beaf_core import Kind

ORDERS, TRADES = "l3", "trades"
AGGRESSORS: Mapping[str, tuple[pl.Expr, str]] = {
    "Total": (pl.lit(True), "true"),
    "Buy": (pl.col("AggressorSide") == 1, "AggressorSide = 1"),
    "Sell": (pl.col("AggressorSide") == 2, "AggressorSide = 2"),
    "Unknown": (pl.col("AggressorSide") == 0, "AggressorSide = 0"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of a table, and a number on each, that several outputs look at.

    Attributes:
        name: what the number's masked column is called.
        table: the table.
        where: the rows, in polars and in SQL.
        of: the number, in polars and in SQL.
        outputs: what is made of it, and how each is called.
    """

    name: str
    table: str
    where: tuple[pl.Expr, str]
    of: tuple[pl.Expr, str]
    outputs: Mapping[Kind, str]


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
#: The words of the module `l3`, and how each ends a name.
_WORDS: Mapping[str, tuple[Kind, str]] = {
    "Sum": (Kind.SUM, ""),
    "Mean": (Kind.MEAN, "Mean"),
    "Min": (Kind.MIN, "Min"),
    "Max": (Kind.MAX, "Max"),
    "Std": (Kind.STD, "Std"),
    "First": (Kind.FIRST, "First"),
    "Last": (Kind.LAST, "Last"),
}
_ACTIONS: Mapping[str, tuple[pl.Expr, str, str]] = {
    **{name: each for name, each in ACTIONS.items() if name != "Update"},
    "UpdateInserted": ACTIONS["Update"],
}


def _column(name: str) -> tuple[pl.Expr, str]:
    return pl.col(name), name


def _orders() -> Iterator[Group]:
    for action, (rows, moved, sql) in _ACTIONS.items():
        for side, code in SIDES.items():
            where = (rows & (pl.col("Side") == code), f"{sql} AND Side = {code}")
            volume = f"{action}Volume{side}"
            outputs = {kind: f"{volume}{word}" for kind, word in _WORDS.values()}
            outputs[Kind.COUNT] = f"{action}Count{side}"
            yield Group(volume, ORDERS, where, _column(moved), outputs)


def _trades() -> Iterator[Group]:
    for side, where in AGGRESSORS.items():
        name = f"Trade{side}"
        bar = name if side != "Total" else ""
        sizes = {Kind.COUNT: f"{name}Count", Kind.SUM: f"{name}Volume"}
        sizes |= {Kind.MEAN: f"{name}AvgTradeSize", Kind.MAX: f"{name}MaxTradeSize"}
        prices = {Kind.MEAN: f"{name}AvgPrice", Kind.FIRST: f"{bar}Open", Kind.MAX: f"{bar}High"}
        prices |= {Kind.MIN: f"{bar}Low", Kind.LAST: f"{bar}Close"}
        notional = PRICE * SIZE, f"{PRICED} * Size"
        yield Group(f"{name}Size", TRADES, where, (SIZE, "Size"), sizes)
        yield Group(f"{name}Price", TRADES, where, (PRICE, PRICED), prices)
        yield Group(f"{name}Money", TRADES, where, notional, {Kind.SUM: f"{name}Notional"})


GROUPS: Sequence[Group] = (*_orders(), *_trades())

#: Output → table, and the outputs that it divides.
RATIOS: Mapping[str, tuple[str, str, str]] = {
    **{f"CancelToTradeRatio{s}": (ORDERS, f"CancelCount{s}", f"ExecutionCount{s}") for s in SIDES},
    **{
        f"OrderToTradeVolume{s}": (ORDERS, f"InsertVolume{s}", f"ExecutionVolume{s}") for s in SIDES
    },
    **{f"Trade{s}VWAP": (TRADES, f"Trade{s}Notional", f"Trade{s}Volume") for s in AGGRESSORS},
}

_TRADE_METRIC = {
    "sides": list(AGGRESSORS),
    "measures": [
        "Count",
        "Volume",
        "AvgTradeSize",
        "MaxTradeSize",
        "AvgPrice",
        "OHLC",
        "Notional",
        "VWAP",
    ],
}
_ORDER_METRICS = [
    {"actions": list(_ACTIONS), "measures": ["Count"]},
    {"actions": list(_ACTIONS), "measures": ["Volume"], "aggregations": list(_WORDS)},
]
_RATIO_METRICS = [{"variant": ["CancelToTradeRatio", "OrderToTradeVolume"], "sides": list(SIDES)}]

#: The same of the modules `l3` and `trade`.
HOURS: Sections = {
    "l3": {"generic_metrics": _ORDER_METRICS, "advanced_metrics": _RATIO_METRICS},
    "trade": trade(_TRADE_METRIC),
}


# -- quantiles -------------------------------------------------------------------------------------

_BIDS = (ACTIONS["Insert"][0] & (pl.col("Side") == 1), "LobAction = 2 AND Side = 1")
_ASKS = (ACTIONS["Insert"][0] & (pl.col("Side") == 2), "LobAction = 2 AND Side = 2")
#: Output → table, rows, order of the quantile of `Size`.
QUANTILES: Mapping[str, tuple[str, tuple[pl.Expr, str], float]] = {
    "TradeBuyMedianTradeSize": (TRADES, AGGRESSORS["Buy"], 0.5),
    "TradeSellMedianTradeSize": (TRADES, AGGRESSORS["Sell"], 0.5),
    "InsertVolumeBidMedian": (ORDERS, _BIDS, 0.5),
    "InsertVolumeAskMedian": (ORDERS, _ASKS, 0.5),
}
_MEDIANS = {"actions": ["Insert"], "measures": ["Volume"], "aggregations": ["Median"]}
WITH_QUANTILES: Sections = {
    "l3": {**HOURS["l3"], "generic_metrics": [*_ORDER_METRICS, _MEDIANS]},
    "trade": trade(_TRADE_METRIC, {"sides": ["Buy", "Sell"], "measures": ["MedianTradeSize"]}),
}


# -- by hand ---------------------------------------------------------------------------------------


def by_hand(tables: Tables, table: str) -> pl.LazyFrame:
    """Aggregate one table: each masked column once, each sum and count once."""
    columns: dict[str, pl.Expr] = {}
    sums: dict[str, pl.Expr] = {}
    outputs: list[pl.Expr] = []
    for group in (each for each in GROUPS if each.table == table):
        column = pl.col(group.name)
        columns[group.name] = pl.when(group.where[0]).then(group.of[0])
        for kind, name in group.outputs.items():
            if kind is Kind.MEAN:
                sums |= {f"{group.name}SUM": column.sum(), f"{group.name}COUNT": column.count()}
                outputs.append(_over(f"{group.name}SUM", f"{group.name}COUNT").alias(name))
            else:
                sums[name] = _aggregated(column, kind)
                outputs.append(pl.col(name))
    outputs += [_over(a, b).alias(name) for name, (mine, a, b) in RATIOS.items() if mine == table]
    rows = tables.rows(table).select(
        LISTING,
        bucket(time_of(table), HOUR).alias(BUCKET),
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
        name
        for group in GROUPS
        for kind, name in group.outputs.items()
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
        for kind, name in group.outputs.items():
            value = f"{_SQL_KIND[kind].format(group.of[1])} FILTER (WHERE {group.where[1]})"
            value = f"coalesce({value}, 0)" if kind is Kind.SUM else value
            columns.append(f"{value} AS {name}")
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
    passes=(BenchPass("hours", 3600, HOURS),),
    hand=_hand,
    sql=(sql(quantiles=False),),
    decode_goal=3.8,
)
W4_QUANTILES = Workload(
    name="W4q",
    title="the same with four medians",
    passes=(BenchPass("hours_quantiles", 3600, WITH_QUANTILES),),
    hand=_hand_with_quantiles,
    sql=(sql(quantiles=True),),
)
