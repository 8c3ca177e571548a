"""Which prices stand in the common book of several venues, and how much at each?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
    prices = [pl.col(each) for each in _columns(side, "Price", n, venues)]
    if n > 1:
        before = pl.col(f"{side}Price{n - 1}")
        worse = [each < before if side == "Bid" else each > before for each in prices]
        prices = [pl.when(w).then(each) for w, each in zip(worse, prices, strict=True)]
    best = pl.max_horizontal(prices) if side == "Bid" else pl.min_horizontal(prices)
    return best.alias(f"{side}Price{n}")


def _total(side: str, field: str, n: int, venues: int) -> pl.Expr:
    name = f"{side}{field}{n}"
    price = pl.col(f"{side}Price{n}")
    shares = [
        pl.when(pl.col(theirs) == price).then(pl.col(amount)).otherwise(0)
        for theirs, amount in zip(
            _columns(side, "Price", n, venues), _columns(side, field, n, venues), strict=True
        )
    ]
    total = pl.sum_horizontal(shares, ignore_nulls=False)
    return pl.when(price.is_not_null()).then(total).alias(name)


def _columns(side: str, field: str, levels: int, venues: int) -> Sequence[str]:
    return list(_each(side, field, levels, venues))


def _each(side: str, field: str, levels: int, venues: int) -> Iterator[str]:
    for slot in range(venues):
        for n in range(1, levels + 1):
            yield level_column(side, field, n, slot)
