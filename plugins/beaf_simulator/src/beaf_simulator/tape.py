"""What is known of each trade of a listing's day, as arrays?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from beaf_simulator.layout import numbered
from beaf_simulator.randomness import Booleans, Floats, Integers, whole
from beaf_simulator.sessions import SECOND
from beaf_simulator.trades import Kind, Prints, TradingDay, prints

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import polars as pl

    from beaf_simulator.config import Config
    from beaf_simulator.market import Listing
    from beaf_simulator.quotes import Quotes

_LATEST_REPORT = 180 * SECOND


@dataclass(frozen=True, slots=True)
class Tape:
    """A listing's trades of a day, and draws for what touches neither time, price nor size."""

    of: TradingDay
    prints: Prints
    chance: Floats

    @classmethod
    def record(cls, config: Config, listing: Listing, day: date) -> Tape:
        """Make the trades of a listing's day."""
        of = TradingDay.of(config, listing, day)
        made = prints(of)
        return cls(of, made, of.chance((4, len(made)), "attributes"))

    @property
    def listing(self) -> Listing:
        """Whose trades these are."""
        return self.of.listing

    @property
    def number(self) -> Integers:
        """The place of each trade in the day, from 1."""
        return np.arange(1, len(self.prints) + 1, dtype=np.int64)

    @property
    def trade_id(self) -> pl.Series:
        """What names each trade, here and among the executions of orders."""
        return numbered(f"{self.of.day:%Y%m%d}{self.listing.listing_id}", self.number)

    @property
    def lit(self) -> Booleans:
        """Which trades met in the continuous book."""
        lit: Booleans = self.prints.kind == Kind.CONTINUOUS
        return lit

    @property
    def off_book(self) -> Booleans:
        """Which trades were agreed off the book."""
        kind = self.prints.kind
        off_book: Booleans = (kind == Kind.OFF_BOOK) | (kind == Kind.INTERNALISED)
        return off_book

    @property
    def in_pounds(self) -> Booleans:
        """Which trades in shares quoted in pence are reported in pounds: half of those off book."""
        if self.listing.home.currency != "GBp":
            return np.zeros(len(self.prints), dtype=np.bool_)
        half: Booleans = self.chance[0] < 0.5
        return self.off_book & half

    @property
    def published(self) -> Integers:
        """When trades were published, in nanoseconds: those off book up to three minutes late."""
        late = np.where(self.off_book, whole(self.chance[1] * _LATEST_REPORT), 0)
        published: Integers = self.prints.time + late
        return published

    @property
    def price(self) -> Floats:
        """The reported price, in the reported currency."""
        return self.in_currency(self.prints.half_ticks, np.where(self.in_pounds, 100, 1))

    def in_currency(self, half_ticks: Integers, per_unit: Integers | int = 1) -> Floats:
        """Turn half ticks into a price: one division, so the double nearest to the decimal."""
        price: Floats = half_ticks / (2 * self.of.grid.per_unit * per_unit)
        return price

    @property
    def notional(self) -> Floats:
        """Price times size, in the reported currency."""
        return self.price * self.prints.size

    def notional_in(self, rates: Mapping[str, float]) -> Floats:
        """Price times size at fixed rates of exchange."""
        own = rates[self.listing.home.currency]
        converted: Floats = self.notional * np.where(self.in_pounds, rates["GBP"], own)
        return converted

    @property
    def quoted(self) -> Booleans:
        """Which trades happened while there were quotes: all but those of auctions."""
        return self.of.best.quoting(self.prints.time)

    def bid(self, quotes: Quotes) -> Integers:
        """Give the bid just before each trade, in half ticks; any for auctions, which have none."""
        return 2 * quotes.bid[self._standing(quotes)]

    def ask(self, quotes: Quotes) -> Integers:
        """Give the ask just before each trade, in half ticks; any for auctions, which have none."""
        return 2 * quotes.ask[self._standing(quotes)]

    def _standing(self, quotes: Quotes) -> Integers:
        return np.maximum(quotes.before(self.prints.time), 0)
