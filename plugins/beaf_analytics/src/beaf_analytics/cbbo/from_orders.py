"""What does each venue's book show after each of its order messages?

A book is the outcome of all messages before, which no expression over a few rows can tell: here
each venue's messages are walked through once, in Python, while its orders and their sums at each
price are kept. About 6 µs a message for ten levels, 3 µs for one.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from functools import partial

import polars as pl

from beaf_analytics.cbbo.carried import FIELDS, LISTING, SEQUENCE, SIDES, STATE, TIME
from beaf_analytics.cbbo.venues import BOOK, SLOT

#: What is needed of the order messages.
MESSAGE = ("Side", "LobAction", "OldOrderId", "OldPrice", "OldSize", "OrderId", "Price", "Size")
MESSAGES = (TIME, SEQUENCE, STATE, *MESSAGE)

INSERT, REMOVE, UPDATE = 2, 3, 4
#: Side → its code, and the sign with which its prices stand in order, the best first.
_CODES, _SIGNS = {"Bid": 1, "Ask": 2}, {1: -1, 2: 1}
# Lists of Python's numbers take several times the room of a column: they are short.
_AT_ONCE = 10_000

#: Values of one field, as many for each message as there are levels.
Told = list[float | None]
Dtypes = Mapping[str, pl.DataType]

_SHOWN = "__shown"


def books_from_orders(messages: pl.LazyFrame, levels: int) -> pl.LazyFrame:
    """Make the rows of the venues' books, a row per message, in the layout of `l2`.

    The book is that of the orders which the data tell of: one from before they begin is seen once
    an update tells of it, and takes nothing from the others when it leaves.

    Args:
        messages: rows of `l3`, each with its common book and its place there, as `venues_of`
            tells.
        levels: how many levels are told.
    """
    dtypes = _dtypes(messages.collect_schema()["Size"])
    walk = pl.struct(MESSAGE).map_batches(
        partial(books_of, dtypes=dtypes, levels=levels),
        return_dtype=pl.Struct(
            {
                f"{side}{field}": pl.Array(dtype, levels)
                for side in SIDES
                for field, dtype in dtypes.items()
            }
        ),
    )
    # A window, so that each venue is walked through alone, and a filter of instruments goes below.
    each = walk.over(BOOK, LISTING, order_by=[TIME, SEQUENCE]).alias(_SHOWN)
    made = messages.filter(pl.col("Side").is_in(list(_SIGNS))).with_columns(each)
    return made.select(LISTING, BOOK, SLOT, TIME, SEQUENCE, STATE, *_unpacked(levels))


def _dtypes(size: pl.DataType) -> Dtypes:
    quantity = pl.Int64() if size.is_integer() else pl.Float64()
    return {"Price": pl.Float64(), "Quantity": quantity, "NumOrders": pl.Int32()}


def _unpacked(levels: int) -> Iterator[pl.Expr]:
    for side in SIDES:
        for field in FIELDS:
            packed = pl.col(_SHOWN).struct.field(f"{side}{field}")
            for n in range(1, levels + 1):
                yield packed.arr.get(n - 1).alias(f"{side}{field}{n}")


def books_of(messages: pl.Series, dtypes: Dtypes, levels: int) -> pl.Series:
    """Give each message of one venue the book after it: both sides, an array for each field."""
    rows = messages.struct.unnest()
    nothing = _table({field: [] for field in dtypes}, dtypes, levels)
    changed = pl.concat([nothing, *_changed(rows, dtypes, levels)])
    both = (
        pl.when(rows["Side"] == _CODES[side])
        .then(pl.col(field))
        .forward_fill()
        .alias(f"{side}{field}")
        for side in SIDES
        for field in FIELDS
    )
    return changed.select(both).to_struct(messages.name)


def _changed(rows: pl.DataFrame, dtypes: Dtypes, levels: int) -> Iterator[pl.DataFrame]:
    """Yield the levels of the side that each message is about, some messages at a time."""
    sides = {code: _Side(sign) for code, sign in _SIGNS.items()}
    for some in rows.iter_slices(_AT_ONCE):
        told = {field: Told() for field in dtypes}
        for code, action, *old_and_new in some.iter_rows():
            if action in (REMOVE, UPDATE):
                sides[code].leave(*old_and_new[:3])
            if action in (INSERT, UPDATE):
                sides[code].enter(*old_and_new[3:])
            sides[code].tell(levels, told)
        yield _table(told, dtypes, levels)


def _table(told: Mapping[str, Told], dtypes: Dtypes, levels: int) -> pl.DataFrame:
    columns = (pl.Series(field, told[field], dtype) for field, dtype in dtypes.items())
    return pl.DataFrame([each.reshape((-1, levels)) for each in columns])


class _Side:
    """The orders of one side of a book, and their sums at each price.

    Args:
        sign: 1 where the lowest price is the best, -1 where the highest is.
    """

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._orders: dict[str, tuple[float, float]] = {}
        self._totals: dict[float, tuple[float, int]] = {}
        #: The prices, times the sign, in order.
        self._ranks: list[float] = []

    def enter(self, order: str | None, price: float | None, size: float | None) -> None:
        """Put an order into the book; one without a price or a quantity shows nothing."""
        if order in self._orders:  # one order at a time has an id: it is used again
            self.leave(order, None, None)
        price, size = price or 0, size or 0
        if not (0 < price < float("inf") and size > 0):
            return
        if order:
            self._orders[order] = (price, size)
        quantity, count = self._totals.get(price, (0, 0))
        if not count:
            insort(self._ranks, self._sign * price)
        self._totals[price] = (quantity + size, count + 1)

    def leave(self, order: str | None, price: float | None, size: float | None) -> None:
        """Take an order out, as it entered; one that never did takes nothing with it.

        What is said of an order without an id is believed, as far as there is anything at its
        price: no quantity falls below zero.
        """
        if order:
            price, size = self._orders.pop(order, (None, None))
        if price is None or price not in self._totals:
            return
        quantity, count = self._totals[price]
        rest = quantity - (size or 0)
        if count > 1 and rest > 0:
            self._totals[price] = (rest, count - 1)
        else:
            del self._totals[price]
            del self._ranks[bisect_left(self._ranks, self._sign * price)]

    def tell(self, levels: int, told: Mapping[str, Told]) -> None:
        """Add the best levels to what is told."""
        best = [self._sign * rank for rank in self._ranks[:levels]]
        totals = [self._totals[price] for price in best]
        nothing = [None] * (levels - len(best))
        told["Price"] += [*best, *nothing]
        told["Quantity"] += [*(quantity for quantity, _ in totals), *nothing]
        told["NumOrders"] += [*(count for _, count in totals), *nothing]
