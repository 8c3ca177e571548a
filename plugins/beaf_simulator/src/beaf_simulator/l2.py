"""How is one venue's book written down by price level, event by event?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from beaf_simulator import depth, layout
from beaf_simulator.book import Book, book
from beaf_simulator.depth import Depth

if TYPE_CHECKING:
    from datetime import date

    from beaf_simulator.config import Config
    from beaf_simulator.layout import Values
    from beaf_simulator.market import Listing
    from beaf_simulator.randomness import Integers


class Levels(Depth):
    """The levels of a book after each of its events."""

    def __init__(self, of: Book) -> None:
        """Read a book where its events end."""
        super().__init__()
        self.book = of
        self.of = of.tape.of
        self.rows = np.flatnonzero(of.ends)
        self.time = of.messages.time[self.rows]

    def best(self, side: int) -> Integers:
        """Give the best price, in signed ticks; any where the side is empty."""
        return self.book.best_price(side)[self.rows]

    def count(self, side: int) -> Integers:
        """Count the levels."""
        return self.book.level_count(side)[self.rows]

    def at_price(self, side: int, price: Integers) -> tuple[Integers, Integers]:
        """Give quantity and number of orders at prices, in signed ticks."""
        return self.book.at_price(side, price, self.rows)


_OWN: dict[str, tuple[pl.DataType, Callable[[Levels], Values]]] = {
    "MarketState": (pl.String(), lambda of: of.book.market_state.gather(of.rows)),
    **dict.fromkeys(
        ("ExchangeSequenceNo", "BMLLSequenceNo"),
        (pl.Int64(), lambda of: of.book.number[of.rows]),
    ),
    "BMLLSequenceSource": (pl.Int64(), lambda of: 1),
}

COLUMNS: layout.Columns[Levels] = {**depth.COLUMNS, **_OWN}

L2_SCHEMA = layout.schema(COLUMNS)


def l2(
    config: Config, chosen: Sequence[Listing], day: date, columns: Sequence[str]
) -> Iterator[pl.DataFrame]:
    """Yield the levels of each listing's book, with the wanted columns."""
    for listing in chosen:
        of = Levels(book(config, listing, day))
        yield layout.frame(COLUMNS, of, columns, len(of.rows))
