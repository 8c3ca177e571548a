"""Which listings are one instrument, and under which of them does its common book stand?"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

#: What is looked at of the reference table.
REFERENCE = ("InstrumentId", "CurrencyCode", "IsPrimary", "MIC", "OPOL")
#: The listing that an instrument's common book stands under, and the place of a venue in it.
BOOK, SLOT = "__book", "__slot"

# Prices in pounds and in pence do not merge: a currency has a book of its own.
_TOGETHER = ("InstrumentId", "CurrencyCode")


def venues_of(reference: pl.LazyFrame, mics: Collection[str] | None = None) -> pl.DataFrame:
    """Give each listing the book that it is part of, and its place there.

    Args:
        reference: the listings of the universe; small, and in memory.
        mics: the venues that take part; None means all.

    Returns:
        ListingId, the ListingId of the primary listing of its instrument and currency (of those
        in the universe; the smallest where none is primary), and 0, 1, … within the book, the
        primary first.
    """
    known = reference.filter(pl.col("InstrumentId").is_not_null())
    once = known.unique("ListingId", keep="first")
    ordered = once.sort(*_TOGETHER, ~_is_primary(), "ListingId")
    own = pl.col("ListingId").cast(pl.Int64)
    named = ordered.with_columns(own, own.first().over(_TOGETHER).alias(BOOK))
    part = named if mics is None else named.filter(pl.col("MIC").is_in(list(mics)))
    slot = pl.int_range(pl.len()).over(BOOK).alias(SLOT)
    return part.select("ListingId", BOOK, slot).collect()


def _is_primary() -> pl.Expr:
    """Whether a listing is the primary one; where nobody says so, the official place of listing."""
    return pl.col("IsPrimary").fill_null(value=False) | (
        ~pl.col("IsPrimary").fill_null(value=False).any().over(_TOGETHER)
        & (pl.col("MIC") == pl.col("OPOL")).fill_null(value=False)
    )
