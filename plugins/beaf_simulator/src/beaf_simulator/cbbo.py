"""What do all venues of an instrument show together?

The table has rows for the primary listing of an instrument: one for each nanosecond in which the
book of any of its venues changes, with the state at its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from beaf_simulator import depth, layout
from beaf_simulator.book import Book, books
from beaf_simulator.depth import Depth

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

    from beaf_simulator.config import Config
    from beaf_simulator.market import Listing
    from beaf_simulator.randomness import Integers

# Worse than any price, whatever its sign.
_NOWHERE = -(1 << 40)


class CommonLevels(Depth):
    """The levels of several books of one instrument, added up by price."""

    def __init__(self, venues: Sequence[Book]) -> None:
        """Read books whenever one of them changes; the first is that of the primary venue."""
        super().__init__()
        self.of = venues[0].tape.of
        self.time = _moments(venues)
        # Venues of an instrument open together, so that all have a state at all moments.
        self.books = [
            (each, np.searchsorted(each.messages.time, self.time, side="right") - 1)
            for each in venues
        ]

    def best(self, side: int) -> Integers:
        """Give the best price, in signed ticks; any where the side is empty."""
        prices = [
            np.where(each.level_count(side)[rows] > 0, each.best_price(side)[rows], _NOWHERE)
            for each, rows in self.books
        ]
        best: Integers = np.max(prices, axis=0)
        return best

    def count(self, side: int) -> Integers:
        """Count the levels, of which none is missing between the best and the deepest."""
        filled = [each.level_count(side)[rows] > 0 for each, rows in self.books]
        deepest = min(int(each.ladder.deepest[side - 1]) for each, _ in self.books)
        return np.where(np.any(filled, axis=0), self.best(side) - deepest + 1, 0)

    def at_price(self, side: int, price: Integers) -> tuple[Integers, Integers]:
        """Sum quantities and numbers of orders at prices, in signed ticks."""
        found = [each.at_price(side, price, rows) for each, rows in self.books]
        quantity: Integers = np.sum([quantity for quantity, _ in found], axis=0)
        orders: Integers = np.sum([orders for _, orders in found], axis=0)
        return quantity, orders


def _moments(venues: Sequence[Book]) -> Integers:
    moments: Integers = np.unique(np.concatenate([each.messages.time for each in venues]))
    return moments


COLUMNS: layout.Columns[Depth] = depth.COLUMNS

CBBO_SCHEMA = layout.schema(COLUMNS)


def cbbo(
    config: Config, chosen: Sequence[Listing], day: date, columns: Sequence[str]
) -> Iterator[pl.DataFrame]:
    """Yield what the venues of each primary listing show together, with the wanted columns."""
    for listing in chosen:
        if listing.venue.primary:
            of = CommonLevels(books(config, listing, day))
            yield layout.frame(COLUMNS, of, columns, len(of.time))


@lru_cache(maxsize=10_000)
def cbbo_rows(config: Config, listing: Listing, day: date) -> int:
    """Count the moments at which any venue's book changes; 0 if the listing is not primary."""
    return len(_moments(books(config, listing, day))) if listing.venue.primary else 0
