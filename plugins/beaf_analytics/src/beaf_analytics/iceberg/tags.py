"""Which trades are those of icebergs? The table `trades_iceberg`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import polars as pl

from beaf_analytics.iceberg.executions import EXECUTIONS, LISTING, OF_ICEBERG, SEQUENCE
from beaf_analytics.iceberg.executions import TIME as BOOK_TIME
from beaf_analytics.iceberg.options import IcebergOptions
from beaf_analytics.measures.expressions import nanoseconds
from beaf_analytics.measures.following import FIRST, THEN, followed
from beaf_core import ProvidedTable

TIME = "TradeTimestampNanoseconds"

#: What decides about a trade that no id links to the book: trades alike in it are tagged alike.
_TRADE = [LISTING, THEN, "__price", "Size", "__side"]
_PRICE = pl.col("InstrumentCurrencyPrice").cast(pl.Float64)
#: A buy (1) is executed against the ask (2), a sell (2) against the bid (1).
_OPPOSITE = pl.col("__side") + pl.col("__rests") == 3
#: An execution has the trade's id.
_LINKED = pl.col("__booked").is_not_null()
_TYPES = ("LIT", "DARK")

Tables = Mapping[str, pl.LazyFrame]


def tagged_trades_table(options: IcebergOptions) -> ProvidedTable:
    """Declare the table: all trades, with `IcebergExecution` and `IcebergTag`.

    A trade belongs to the execution of the order book with its TradeId, or, where there is none,
    to one that it follows within the tolerance. Its tag is

    - L3_REVEALED, where that is the execution of an iceberg;
    - TRADE_MATCH, where it reports another size than the book has executed;
    - BOTH; null for all other trades.
    """
    needed = (TIME, "BMLLSequenceNo", "TradeId", "InstrumentCurrencyPrice", "Size")
    mid = ("PricePoint",) if options.side_inference == "mid" else ()
    return ProvidedTable(
        name=options.trade_tag_context_key,
        needs={
            "trades": (*needed, "AggressorSide", "BMLLTradeType", *mid),
            EXECUTIONS: (
                *(BOOK_TIME, SEQUENCE, "TradeId", "Side", "ExecutionPrice", "ExecutionSize"),
                "IcebergMethod",
            ),
        },
        build=partial(tagged_trades, options),
        time=TIME,
        sequence="BMLLSequenceNo",
        passes_on="trades",
        makes={"IcebergExecution": (), "IcebergTag": ()},
    )


def tagged_trades(options: IcebergOptions, tables: Tables) -> pl.LazyFrame:
    """Tag the trades."""
    trades, executions = tables["trades"], tables[EXECUTIONS]
    told = trades.with_columns(
        nanoseconds(TIME).alias(THEN), _PRICE.alias("__price"), _side(options).alias("__side")
    )
    known = told.join(_by_id(executions), on=[LISTING, "TradeId"], how="left")
    late = _by_time(options, known.filter(~_LINKED), executions)
    matched = known.join(late, on=_TRADE, how="left").with_columns(
        __revealed=pl.coalesce("__by_id", "__by_time").fill_null(False),
        __differs=_differs(options).fill_null(False),
    )
    return matched.select(
        *trades.collect_schema().names(),
        IcebergExecution=pl.col("__revealed") | pl.col("__differs"),
        IcebergTag=_tag(),
    )


def _differs(options: IcebergOptions) -> pl.Expr:
    """Whether a trade reports what the book has not executed."""
    exact = pl.when(_LINKED).then(_same_size(options, "__booked")).otherwise("__exact")
    against = pl.when(_LINKED).then(_allowed(options)).otherwise("__against")
    printed = pl.col("BMLLTradeType").is_in(_TYPES) & (pl.col("Size") > 0)
    return against & printed & ~exact if options.trade_match_exclude_exact else against & printed


def _tag() -> pl.Expr:
    revealed, differs = pl.col("__revealed"), pl.col("__differs")
    return (
        pl.when(revealed & differs)
        .then(pl.lit("BOTH"))
        .when(revealed)
        .then(pl.lit("L3_REVEALED"))
        .when(differs)
        .then(pl.lit("TRADE_MATCH"))
    )


def _side(options: IcebergOptions) -> pl.Expr:
    """The aggressor: 1 buy, 2 sell, 0 unknown; else what the price says, against the mid."""
    side = pl.col("AggressorSide")
    if options.side_inference == "none":
        guess = pl.lit(0)
    else:
        point = pl.col("PricePoint")  # 0 at the bid, 1 at the ask
        guess = pl.when(point > 0.5).then(1).when(point < 0.5).then(2).otherwise(0)
    return pl.when(side.is_in([1, 2])).then(side).otherwise(guess).cast(pl.Int64)


def _by_id(executions: pl.LazyFrame) -> pl.LazyFrame:
    """Sum up the executions of each trade id; an empty id is none."""
    return (
        executions.filter(pl.col("TradeId") != "")
        .group_by(LISTING, "TradeId")
        .agg(
            __by_id=OF_ICEBERG.any(),
            __booked=pl.col("ExecutionSize").sum().cast(pl.Float64),
            __rests=pl.col("Side").min(),
        )
    )


def _by_time(
    options: IcebergOptions, trades: pl.LazyFrame, executions: pl.LazyFrame
) -> pl.LazyFrame:
    """Find what each trade without a link follows in the book.

    Of several executions it belongs to the last one of its size, else to the last one.
    """
    book = executions.select(
        *(LISTING, SEQUENCE),
        nanoseconds(BOOK_TIME).alias(FIRST),
        pl.col("ExecutionPrice").cast(pl.Float64).alias("__price"),
        pl.col("ExecutionSize").cast(pl.Float64).alias("__executed"),
        pl.col("Side").alias("__rests"),
        OF_ICEBERG.alias("__iceberg"),
    )
    on = [LISTING, *(["__price"] if options.price_match else [])]
    book = book if options.price_match else book.drop("__price")
    pairs = followed(book, trades.select(_TRADE), on, options.match_ns).with_columns(
        __fits=(pl.col("__side") == 0) | _OPPOSITE,
        __same=_same_size(options, "__executed"),
        __allowed=_allowed(options),
    )
    best = ("__fits", "__same", FIRST, SEQUENCE)
    return pairs.group_by(_TRADE).agg(
        __by_time=(pl.col("__iceberg") & pl.col("__fits")).sort_by(*best).last(),
        __exact=(pl.col("__same") & pl.col("__allowed")).any(),
        __against=pl.col("__allowed").any(),
    )


def _same_size(options: IcebergOptions, executed: str) -> pl.Expr:
    return (pl.col("Size") - pl.col(executed)).abs() <= options.size_tolerance


def _allowed(options: IcebergOptions) -> pl.Expr:
    return _OPPOSITE if options.trade_match_require_side else pl.lit(True)
