"""What do a venue and all venues together show at each moment? The table `at_cbbo`.

A row per listing and moment at which its own book or the consolidated best prices of its instrument
change, with both as of then: no two events have to meet in one millisecond.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import polars as pl

from beaf_analytics.cbbo.carried import LISTING, SEQUENCE, STATE, TIME
from beaf_analytics.cbbo.venues import BOOK, REFERENCE, venues_of
from beaf_core import ProvidedTable

#: The table's name. Its `BidPrice1` … are those of all venues, its MarketState the venue's own.
PRESENCE = "at_cbbo"
BEST = ("BidPrice1", "BidQuantity1", "AskPrice1", "AskQuantity1")
OWN = ("OwnBid", "OwnBidQuantity", "OwnAsk", "OwnAskQuantity")
#: Whether the venue has shown anything yet.
SEEN = "OwnSeen"

_EVENT = "L2EventNo"
_OWN, _BEST, _ORDER = "__own", "__best", "__order"


def presence(cbbo: str) -> ProvidedTable:
    """Declare the table.

    Args:
        cbbo: the table with the consolidated best prices, in the layout of `cbbo`.
    """
    return ProvidedTable(
        name=PRESENCE,
        needs={
            "l2": (TIME, SEQUENCE, STATE, *BEST),
            cbbo: (TIME, _EVENT, *BEST),
            "reference": REFERENCE,
        },
        build=partial(build, cbbo),
        time=TIME,
        ordered=True,
    )


def build(cbbo: str, tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Put the events of each listing and of its instrument's best prices in one order."""
    venues = venues_of(tables["reference"]).select(LISTING, BOOK)
    own = _events(tables["l2"], SEQUENCE, _OWN).select(
        *(LISTING, TIME, _ORDER, _OWN), pl.col(STATE).fill_null("UNKNOWN")
    )
    best = _events(tables[cbbo], _EVENT, _BEST).join(venues.lazy(), on=LISTING)
    everywhere = best.drop(LISTING).join(venues.lazy(), on=BOOK)
    both = pl.concat([own, everywhere.drop(BOOK)], how="diagonal").sort(LISTING, TIME, _ORDER)
    # What holds for no time is no state: of each moment the last row is left.
    last = (pl.col(TIME) != pl.col(TIME).shift(-1).over(LISTING)).fill_null(value=True)
    carried = both.with_columns(
        pl.col(name).forward_fill().over(LISTING) for name in (_OWN, _BEST, STATE)
    )
    seen = pl.col(_OWN).is_not_null().alias(SEEN)
    unpacked = [*_unpacked(_OWN, OWN), *_unpacked(_BEST, BEST)]
    return carried.filter(last).select(LISTING, TIME, STATE, seen, *unpacked)


def _events(book: pl.LazyFrame, sequence: str, name: str) -> pl.LazyFrame:
    """Pack best prices and quantities, so that a side without an order is carried as such."""
    return book.with_columns(
        pl.col(LISTING).cast(pl.Int64),
        pl.col(TIME).cast(pl.Datetime("ns")),
        pl.col(sequence).cast(pl.Int64).alias(_ORDER),
        pl.concat_arr(_shown(each) for each in BEST).alias(name),
    ).select(pl.exclude(*BEST, sequence))


def _shown(column: str) -> pl.Expr:
    price = pl.col(f"{column.removesuffix('Price1').removesuffix('Quantity1')}Price1")
    there = price.is_between(0, float("inf"), closed="none")
    return pl.when(there).then(pl.col(column).cast(pl.Float64))


def _unpacked(name: str, names: Sequence[str]) -> list[pl.Expr]:
    return [pl.col(name).arr.get(place).alias(each) for place, each in enumerate(names)]
