"""How is a book written down by price level, event by event, in the vendor's layout?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from beaf_simulator import layout
from beaf_simulator.book import Book, book
from beaf_simulator.layout import Values, known
from beaf_simulator.levels import ASK, BID
from beaf_simulator.sessions import MICROSECOND, MILLISECOND

if TYPE_CHECKING:
    from datetime import date

    from beaf_simulator.config import Config
    from beaf_simulator.market import Listing
    from beaf_simulator.randomness import Booleans, Integers

SIDES = {"Bid": BID, "Ask": ASK}
DEPTH = 10


@dataclass(frozen=True)
class Levels:
    """The ten best levels of a book after each of its events.

    Attributes:
        book: the book.
        rows: the messages that end an event.
    """

    book: Book
    rows: Integers

    @classmethod
    def of(cls, config: Config, listing: Listing, day: date) -> Levels:
        """Read the levels of a listing's book."""
        of = book(config, listing, day)
        return cls(of, np.flatnonzero(of.ends))

    @property
    def time(self) -> Integers:
        """When each event happens."""
        return self.book.messages.time[self.rows]

    def count(self, side: int) -> Integers:
        """Count the levels of a side."""
        return self.book.level_count(side)[self.rows]

    def price(self, side: int, place: int) -> pl.Series:
        """Give the price of a level; 1 is the best."""
        level = self._level(side, place)
        ticks = self.book.ladder.ticks(np.full_like(level, side), level)
        return known(self.book.in_currency(ticks), self._there(side, place))

    def quantity(self, side: int, place: int) -> pl.Series:
        """Sum what the orders of a level show."""
        return known(self._states[side, place][0], self._there(side, place))

    def orders(self, side: int, place: int) -> pl.Series:
        """Count the orders of a level."""
        return known(self._states[side, place][1], self._there(side, place))

    def _there(self, side: int, place: int) -> Booleans:
        there: Booleans = self.count(side) >= place
        return there

    def _level(self, side: int, place: int) -> Integers:
        return self.book.best(side)[self.rows] - place + 1

    @cached_property
    def _states(self) -> _States:
        return _States(self)


class _States(dict[tuple[int, int], "tuple[Integers, Integers]"]):
    """Quantity and orders of levels that were asked for, each looked up once."""

    def __init__(self, of: Levels) -> None:
        super().__init__()
        self._of = of

    def __missing__(self, key: tuple[int, int]) -> tuple[Integers, Integers]:
        side, place = key
        self[key] = self._of.book.at_level(side, self._of._level(side, place), self._of.rows)
        return self[key]


Make = Callable[[Levels], Values]

_OF_LEVELS: dict[str, tuple[pl.DataType, Make]] = {
    f"{name}{what}{place}": (kind, partial(make, side=side, place=place))
    for place in range(1, DEPTH + 1)
    for name, side in SIDES.items()
    for what, kind, make in (
        ("Price", pl.Float64(), Levels.price),
        ("Quantity", pl.Int64(), Levels.quantity),
        ("NumOrders", pl.Int32(), Levels.orders),
    )
}

_TIMES: dict[str, tuple[pl.DataType, Make]] = {
    "TradeDate": (
        pl.Datetime("ms"),
        lambda of: of.book.tape.of.session.midnight // MILLISECOND,
    ),
    **{
        name: (pl.Datetime("us"), lambda of: of.time // MICROSECOND)
        for name in ("EventTimestamp", "LocalTimestamp")
    },
    "TimestampNanoseconds": (pl.Datetime("ns"), lambda of: of.time),
    "TZOffset": (pl.Int32(), lambda of: 0),
}

_COUNTS: dict[str, tuple[pl.DataType, Make]] = {
    f"{name}LevelCount": (pl.Int32(), partial(Levels.count, side=side))
    for name, side in SIDES.items()
}

_NAMES: dict[str, tuple[pl.DataType, Make]] = {
    "MIC": (pl.String(), lambda of: of.book.tape.listing.mic),
    "Ticker": (pl.String(), lambda of: of.book.tape.listing.ticker),
    "ListingId": (pl.Int64(), lambda of: of.book.tape.listing.listing_id),
    "CurrencyCode": (pl.String(), lambda of: of.book.tape.listing.home.currency),
}

_SEQUENCE: dict[str, tuple[pl.DataType, Make]] = {
    "MarketState": (pl.String(), lambda of: of.book.market_state.gather(of.rows)),
    **{
        name: (pl.Int64(), lambda of: of.book.number[of.rows])
        for name in ("ExchangeSequenceNo", "BMLLSequenceNo")
    },
    "BMLLSequenceSource": (pl.Int64(), lambda of: 1),
}

_EVENT_NUMBER: dict[str, tuple[pl.DataType, Make]] = {
    "L2EventNo": (pl.Int64(), lambda of: np.arange(len(of.rows), dtype=np.int64))
}

COLUMNS: layout.Columns[Levels] = {
    **_TIMES,
    **_OF_LEVELS,
    **_COUNTS,
    **_EVENT_NUMBER,
    **_NAMES,
    **_SEQUENCE,
}

L2_SCHEMA = layout.schema(COLUMNS)


def l2(
    config: Config, chosen: Sequence[Listing], day: date, columns: Sequence[str]
) -> Iterator[pl.DataFrame]:
    """Yield the levels of each listing's book, with the wanted columns."""
    for listing in chosen:
        of = Levels.of(config, listing, day)
        yield layout.frame(COLUMNS, of, columns, len(of.rows))


def l2_rows(config: Config, listing: Listing, day: date) -> int:
    """Count the events of a listing's book."""
    return int(book(config, listing, day).ends.sum())
