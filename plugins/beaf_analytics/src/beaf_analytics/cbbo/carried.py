"""What does every venue of an instrument show as of each event of any of them?

Each row of a venue's book is packed into six short arrays, so that carrying a venue's book to the
events of the others is six columns, not sixty. All rows of an instrument stand in one order, that
of time, sequence and venue.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from beaf_analytics.cbbo.venues import BOOK, SLOT

LISTING, TIME, SEQUENCE, STATE = (
    "ListingId",
    "TimestampNanoseconds",
    "BMLLSequenceNo",
    "MarketState",
)
SIDES, FIELDS = ("Bid", "Ask"), ("Price", "Quantity", "NumOrders")

#: The market state of a venue that takes part; empty where it does not.
_TAKES_PART = "__takes_part"
_EXPIRED = "__expired"


def columns(levels: int) -> tuple[str, ...]:
    """List the columns that are needed of a venue's book."""
    book = (f"{side}{each}{n}" for n in range(1, levels + 1) for side in SIDES for each in FIELDS)
    return (TIME, SEQUENCE, STATE, *book)


def carried(
    books: pl.LazyFrame,
    count: int,
    *,
    levels: int,
    left_out: Sequence[str],
    max_age_ns: int | None,
) -> pl.LazyFrame:
    """Put the events of all venues of each instrument in order, each with every venue's book.

    Args:
        books: rows of the venues' books, each with its common book and its place there, as
            `venues_of` tells.
        count: how many venues the instrument with the most of them has.
        levels: how many levels of each book count.
        left_out: a venue in one of these market states shows nothing.
        max_age_ns: nor does one whose last row is older; the moment is an event of its own.

    Returns:
        A row per event in the order of ListingId (the common book's), time and sequence, with
        `level_column`s of every venue, and `state_column`s: null before its first row, empty while
        it takes no part.
    """
    time = pl.col(TIME).cast(pl.Datetime("ns"))
    known = books.with_columns(time, pl.lit(value=False).alias(_EXPIRED))
    if max_age_ns is not None:
        known = pl.concat([known, _expiries(known, max_age_ns)])
    # A book expires before anything else of the same instant, which may renew it.
    packed = _packed(known, levels, left_out)
    in_order = packed.sort(BOOK, TIME, ~pl.col(_EXPIRED), SEQUENCE, SLOT)
    filled = in_order.with_columns(_filled(name, slot) for name in _PACKED for slot in range(count))
    unpacked = (
        pl.col(_slot(f"{side}{each}", slot)).arr.get(n - 1).alias(level_column(side, each, n, slot))
        for slot in range(count)
        for side in SIDES
        for each in FIELDS
        for n in range(1, levels + 1)
    )
    states = (pl.col(_slot(_TAKES_PART, slot)).alias(state_column(slot)) for slot in range(count))
    return filled.select(pl.col(BOOK).alias(LISTING), TIME, SEQUENCE, STATE, *states, *unpacked)


def level_column(side: str, field: str, level: int, slot: int) -> str:
    """Name a venue's level, `BidPrice1` of its second venue `__BidPrice1_1`."""
    return f"__{side}{field}{level}_{slot}"


def state_column(slot: int) -> str:
    """Name a venue's market state."""
    return f"__state_{slot}"


_PACKED = (*(f"{side}{each}" for side in SIDES for each in FIELDS), _TAKES_PART)


def _packed(known: pl.LazyFrame, levels: int, left_out: Sequence[str]) -> pl.LazyFrame:
    shut = pl.col(STATE).is_in(list(left_out)).fill_null(value=False)
    silent = shut | pl.col(_EXPIRED)
    arrays = (
        pl.concat_arr(list(_levels(side, each, levels, ~silent))).alias(f"{side}{each}")
        for side in SIDES
        for each in FIELDS
    )
    takes_part = pl.when(silent).then(pl.lit("")).otherwise(pl.col(STATE).fill_null("UNKNOWN"))
    return known.select(
        *(BOOK, SLOT, TIME, _EXPIRED, SEQUENCE, STATE), *arrays, takes_part.alias(_TAKES_PART)
    )


def _levels(side: str, field: str, levels: int, shown: pl.Expr) -> Iterator[pl.Expr]:
    """Take the levels that are there: those with a price that is one."""
    for n in range(1, levels + 1):
        priced = pl.col(f"{side}Price{n}").is_between(0, float("inf"), closed="none")
        yield pl.when(shown & priced).then(pl.col(f"{side}{field}{n}"))


def _expiries(known: pl.LazyFrame, max_age_ns: int) -> pl.LazyFrame:
    """Make a row at which a venue's book is too old, where it is not renewed before."""
    time = pl.col(TIME).cast(pl.Int64)
    following = time.shift(-1).over(LISTING, order_by=[TIME, SEQUENCE])
    lonely = (following > time + max_age_ns).fill_null(value=True)
    return known.filter(lonely).with_columns(
        (time + max_age_ns).cast(pl.Datetime("ns")).alias(TIME),
        pl.lit(value=True).alias(_EXPIRED),
    )


def _slot(name: str, slot: int) -> str:
    return f"__{name}_{slot}"


def _filled(name: str, slot: int) -> pl.Expr:
    own = pl.when(pl.col(SLOT) == slot).then(pl.col(name))
    return own.forward_fill().over(BOOK).alias(_slot(name, slot))
