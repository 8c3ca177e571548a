"""Which prints are one aggressive order? The table `aggressive_trades`, in the layout of trades.

An order that takes several resting ones prints once for each. Prints of one listing and aggressor
that follow each other within a short time are one order; a print of the other side ends it. Prints
whose aggressor is not known, cancellations, and prints without a price belong to none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import polars as pl

from beaf_analytics.aggressive.options import AggressiveOptions
from beaf_analytics.measures.expressions import nanoseconds
from beaf_core import ProvidedTable

ORDERS = "aggressive_trades"

LISTING, TIME, SEQUENCE = "ListingId", "TradeTimestampNanoseconds", "BMLLSequenceNo"
SIDE, PRICE, SIZE = "AggressorSide", "InstrumentCurrencyPrice", "Size"
BOOK_TIME = "TimestampNanoseconds"

_NS, _ORDER = "__ns", "__order"

#: The quotes that `PricePoint` and its likes are taken against, by the end of their names.
_QUOTES = {
    f"PricePoint{place}": (f"BestBidPrice{place}", f"BestAskPrice{place}")
    for place in ("", "AtVenue", "AtPrimary")
}
#: What an order has beside the columns of its prints.
_OWN = ("Duration", "MinPrice", "MaxPrice", "NumExecutions", "NumLevels", "PriceDiff")
#: The columns of trades that executions of the order book have.
_OF_EXECUTIONS = (TIME, SIDE, PRICE, SIZE, "Price", "TradeNotional", "Classification")
#: What prints add up to, and what is known after the last of them only.
_SUMS, _LASTS = ("TradeNotional",), ("PostTrade", "OrderRemaining", "BBORemaining")

Tables = Mapping[str, pl.LazyFrame]


def orders_table(options: AggressiveOptions) -> ProvidedTable:
    """Declare the table: one row per aggressive order, at the time of its first print.

    Columns of trades are those of the first print, but for these: `Size` and notionals are sums;
    prices are weighted by size; what holds after a trade is that of the last print; `PricePoint`
    is where the order's price lies between bid (0) and ask (1) of the quote that it met. Beside
    them `Duration` in nanoseconds, `MinPrice`, `MaxPrice`, their difference `PriceDiff`,
    `NumExecutions`, and `NumLevels`, the number of different prices.
    """
    return _of_book(options) if options.table == "l3" else _of_prints(options)


def _of_prints(options: AggressiveOptions) -> ProvidedTable:
    filtered = () if options.classifications == "all" else ("Classification",)
    return ProvidedTable(
        name=ORDERS,
        needs={"trades": (TIME, SEQUENCE, SIDE, PRICE, SIZE, *filtered)},
        build=partial(orders_of_trades, options),
        time=TIME,
        sequence=SEQUENCE,
        passes_on="trades",
        makes={**dict.fromkeys(_OWN, ()), **_QUOTES},
    )


def _of_book(options: AggressiveOptions) -> ProvidedTable:
    executed = ("Side", "OrderExecuted", "ExecutionPrice", "ExecutionSize", "MarketState")
    return ProvidedTable(
        name=ORDERS,
        needs={"l3": (BOOK_TIME, SEQUENCE, *executed)},
        build=partial(orders_of_executions, options),
        time=TIME,
        sequence=SEQUENCE,
        passes_on="l3",
        makes=dict.fromkeys((*_OWN, *_OF_EXECUTIONS), ()),
    )


def orders_of_trades(options: AggressiveOptions, tables: Tables) -> pl.LazyFrame:
    """Put prints together."""
    prints = tables["trades"]
    if options.classifications != "all":
        prints = prints.filter(pl.col("Classification").is_in(options.classifications))
    return _orders(options, prints)


def orders_of_executions(options: AggressiveOptions, tables: Tables) -> pl.LazyFrame:
    """Put executions of the order book together."""
    executed = pl.col("OrderExecuted") & (pl.col("MarketState") == "CONTINUOUS_TRADING")
    price, size = pl.col("ExecutionPrice"), pl.col("ExecutionSize").cast(pl.Float64)
    prints = (
        tables["l3"]
        .filter(executed)
        .with_columns(
            (3 - pl.col("Side")).alias(SIDE),  # who hits a bid (1) sells (2)
            pl.col(BOOK_TIME).alias(TIME),
            price.alias(PRICE),
            size.alias(SIZE),
            Price=price,
            TradeNotional=price * size,
            Classification=pl.lit("LIT_CONTINUOUS"),
        )
    )
    return _orders(options, prints)


def _orders(options: AggressiveOptions, prints: pl.LazyFrame) -> pl.LazyFrame:
    priced = pl.col(PRICE).cast(pl.Float64).is_finite()
    sized = pl.col(SIZE).cast(pl.Float64).is_finite() & (pl.col(SIZE) > 0)
    known = prints.filter(pl.col(SIDE).is_in([1, 2]), priced, sized)
    numbered = known.with_columns(nanoseconds(TIME).alias(_NS)).sort(LISTING, _NS, SEQUENCE)
    # By listing throughout, so that a batch of listings reads its own rows alone.
    begins = numbered.with_columns(_begins(options.delta_ns).alias(_ORDER))
    numbered = begins.with_columns(pl.col(_ORDER).cum_sum().over(LISTING))
    names = numbered.collect_schema().names()
    found = numbered.group_by(LISTING, _ORDER).agg(*_aggregated(names), *_own())
    placed = found.with_columns(_points(names)) if _points(names) else found
    return placed.filter(pl.col(SIZE) >= options.execution_size).drop(_ORDER)


def _begins(delta_ns: int) -> pl.Expr:
    """Whether a print begins an order, in rows sorted by listing, time and sequence."""
    side, time = (pl.col(name) for name in (SIDE, _NS))
    # The first of its listing follows none, and so none of its side.
    other = side.ne_missing(side.shift().over(LISTING))
    late = time - time.shift().over(LISTING) > delta_ns
    return other | late


def _aggregated(names: Sequence[str]) -> Iterator[pl.Expr]:
    """Yield what becomes of each column that the prints have."""
    size = pl.col(SIZE)
    for name in names:
        column = pl.col(name)
        if name == SIZE or name.startswith(_SUMS):
            yield column.sum()
        elif name in ("Price", PRICE):
            yield (column * size).sum() / size.sum()
        elif name.startswith(_LASTS):
            yield column.last()
        elif name not in (LISTING, _NS, _ORDER):
            yield column.first()


def _own() -> Iterator[pl.Expr]:
    time, price = pl.col(_NS), pl.col(PRICE)
    yield (time.max() - time.min()).alias("Duration")
    yield price.min().alias("MinPrice")
    yield price.max().alias("MaxPrice")
    yield (price.max() - price.min()).alias("PriceDiff")
    yield price.n_unique().cast(pl.Int64).alias("NumLevels")
    yield pl.len().cast(pl.Int64).alias("NumExecutions")


def _points(names: Sequence[str]) -> list[pl.Expr]:
    """Place an order's price between the quotes before it, where the columns of these are there."""
    return [
        _between(pl.col(bid), pl.col(ask)).alias(point)
        for point, (bid, ask) in _QUOTES.items()
        if bid in names and ask in names
    ]


def _between(bid: pl.Expr, ask: pl.Expr) -> pl.Expr:
    """Where the price lies: 0 at the bid, 1 at the ask; null where these are locked or crossed."""
    return pl.when(ask > bid).then((pl.col(PRICE) - bid) / (ask - bid))
