"""Which prices stand in the common book of several venues, and how much at each?"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from beaf_analytics.cbbo.carried import FIELDS, SIDES, level_column


def merged(books: pl.LazyFrame, *, levels: int, venues: int) -> pl.LazyFrame:
    """Merge the venues' books of each row, price by price, into `BidPrice1` … `AskNumOrders10`.

    The n-th best price of all is among the n best of each venue, so that level n looks at n levels
    of each. Quantities and orders at equal prices are summed; they are null where one of the venues
    does not tell.

    Args:
        books: rows with `level_column`s of every venue.
        levels: how many levels are kept.
        venues: how many venues there are.
    """
    for n in range(1, levels + 1):
        books = books.with_columns(_price(side, n, venues) for side in SIDES)
    return books.with_columns(
        _total(side, field, n, venues)
        for side in SIDES
        for field in FIELDS
        if field != "Price"
        for n in range(1, levels + 1)
    )


def at_best(side: str, venues: int) -> pl.Expr:
    """Count the venues that show the best price of all."""
    best = pl.col(f"{side}Price1")
    shown = ((pl.col(level_column(side, "Price", 1, slot)) == best) for slot in range(venues))
    return pl.sum_horizontal(each.fill_null(value=False).cast(pl.Int32) for each in shown)


def _price(side: str, n: int, venues: int) -> pl.Expr:
    """Find the best price that is worse than the one before it."""
    prices = [pl.col(level_column(side, "Price", *place)) for place in _places(n, venues)]
    if n > 1:
        before = pl.col(f"{side}Price{n - 1}")
        prices = [
            pl.when(each < before if side == "Bid" else each > before).then(each) for each in prices
        ]
    best = pl.max_horizontal(prices) if side == "Bid" else pl.min_horizontal(prices)
    return best.alias(f"{side}Price{n}")


def _total(side: str, field: str, n: int, venues: int) -> pl.Expr:
    price = pl.col(f"{side}Price{n}")
    shares = [
        pl.when(pl.col(level_column(side, "Price", *place)) == price)
        .then(pl.col(level_column(side, field, *place)))
        .otherwise(0)
        for place in _places(n, venues)
    ]
    total = pl.sum_horizontal(shares, ignore_nulls=False)
    return pl.when(price.is_not_null()).then(total).alias(f"{side}{field}{n}")


def _places(levels: int, venues: int) -> Iterator[tuple[int, int]]:
    """Yield each level of each venue."""
    for slot in range(venues):
        for n in range(1, levels + 1):
            yield n, slot
