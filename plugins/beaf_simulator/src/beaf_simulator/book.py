"""What stands in a listing's book after each of its events?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from beaf_simulator.layout import pick
from beaf_simulator.levels import ASK, BID, Ladder, Stays
from beaf_simulator.market import Listing, listings
from beaf_simulator.messages import Messages
from beaf_simulator.queues import sums_ahead
from beaf_simulator.sessions import states
from beaf_simulator.tape import Tape

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

    from beaf_simulator.config import Config
    from beaf_simulator.randomness import Booleans, Floats, Integers


@dataclass(frozen=True)
class Book:
    """A listing's book over a day: a state after each message.

    Attributes:
        tape: the listing's trades.
        ladder: its price levels.
        messages: all that happens.
    """

    tape: Tape
    ladder: Ladder
    messages: Messages

    def __len__(self) -> int:
        return len(self.messages)

    @cached_property
    def ends(self) -> Booleans:
        """Which messages end an event.

        The executions of one moment are one event, and so are all that happens at the opening,
        and all at the close: no state of them is seen between.
        """
        made = self.messages
        session = self.tape.of.session
        whole = (made.time == session.open) | (made.time == session.close) | (made.executed > 0)
        joined = whole[:-1] & whole[1:] & (np.diff(made.time) == 0)
        # Where a moment has executions, what follows them in it is another event.
        joined &= (made.executed[:-1] > 0) == (made.executed[1:] > 0)
        return np.append(~joined, True)

    @property
    def number(self) -> Integers:
        """The place of each message in the day, from 1."""
        return np.arange(1, len(self) + 1, dtype=np.int64)

    @cached_property
    def market_state(self) -> pl.Series:
        """The state of the market at each message."""
        of = self.tape.of
        moments, names = zip(*states(of.config, of.listing, of.day), strict=True)
        found = np.searchsorted(np.array(moments), self.messages.time, side="right") - 1
        return pick(names, found)

    def in_currency(self, ticks: Integers) -> Floats:
        """Turn ticks into a price: one division, so the double nearest to the decimal."""
        price: Floats = ticks / self.tape.of.grid.per_unit
        return price

    # -- orders ---------------------------------------------------------------------------------

    @cached_property
    def size(self) -> Integers:
        """What the order of each message shows after it; all end at 0, so one sum serves all."""
        return self._running(self.messages.order, self.messages.change)

    @cached_property
    def arrives(self) -> Booleans:
        """Which messages bring an order."""
        brings: Booleans = (self.messages.change > 0) & (self.size == self.messages.change)
        return brings

    @cached_property
    def leaves(self) -> Booleans:
        """Which messages take an order away."""
        takes: Booleans = self.size == 0
        return takes

    @cached_property
    def size_ahead(self) -> Integers:
        """How much stands before the order of each message: better, or there for longer."""
        return self._ahead(self.messages.change)

    @cached_property
    def orders_ahead(self) -> Integers:
        """How many orders stand before that of each message."""
        return self._ahead(self._orders)

    def _ahead(self, changes: Integers) -> Integers:
        made = self.messages
        rank = (self.ladder.height - made.level) * len(self) + made.order
        ahead = np.zeros(len(self), dtype=np.int64)
        for side in (BID, ASK):
            own = made.side == side
            ahead[own] = sums_ahead(rank[own], changes[own])
        return ahead

    @cached_property
    def _orders(self) -> Integers:
        """By how many the number of orders changes with each message."""
        return self.arrives.astype(np.int64) - self.leaves

    # -- levels ---------------------------------------------------------------------------------

    @cached_property
    def level_orders(self) -> Integers:
        """How many orders stand at the level of each message after it."""
        return self._running(self._place, self._orders)

    @cached_property
    def level_size(self) -> Integers:
        """How much stands at the level of each message after it."""
        return self._running(self._place, self.messages.change)

    @cached_property
    def level_comes(self) -> Booleans:
        """Which messages put up a level."""
        comes: Booleans = self.arrives & (self.level_orders == 1)
        return comes

    @cached_property
    def level_goes(self) -> Booleans:
        """Which messages take a level away."""
        goes: Booleans = self.level_orders == 0
        return goes

    def best_price(self, side: int) -> Integers:
        """Give the best price of a side after each message, in signed ticks (see `Depth`)."""
        price: Integers = self._best[side - 1] + self.ladder.deepest[side - 1]
        return price

    @cached_property
    def best_of_side(self) -> Integers:
        """The best level of each message's own side after it."""
        return np.where(self.messages.side == BID, *self._best)

    def level_count(self, side: int) -> Integers:
        """Count the levels of a side after each message."""
        own = self.messages.side == side
        counted: Integers = np.cumsum(
            (self.level_comes & own).astype(np.int64) - (self.level_goes & own)
        )
        return counted

    @cached_property
    def _best(self) -> tuple[Integers, Integers]:
        return self._best_of(BID), self._best_of(ASK)

    def _best_of(self, side: int) -> Integers:
        made = self.messages
        rows = np.arange(len(made), dtype=np.int64)
        own = made.side == side
        # A level comes above the best, or below at the opening only; the best alone goes.
        first = self.level_count(side) == 1
        comes = self.level_comes & own & (first | (made.time != self.tape.of.session.open))
        goes = self.level_goes & own
        last = np.maximum.accumulate(np.where(comes | goes, rows, 0))
        best: Integers = made.level[last] - goes[last]
        return best

    # -- states at any message -------------------------------------------------------------------

    def at_price(self, side: int, price: Integers, row: Integers) -> tuple[Integers, Integers]:
        """Give quantity and number of orders at prices (signed ticks) after some messages."""
        keys, rows = self._states
        level = price - self.ladder.deepest[side - 1]
        place = side * self.ladder.height + level
        found = np.searchsorted(keys, place * len(self) + row, side="right") - 1
        state = rows[np.maximum(found, 0)]
        there = (found >= 0) & (self._place[state] == place)
        there &= (level >= 0) & (level < self.ladder.height)
        return (
            np.where(there, self.level_size[state], 0),
            np.where(there, self.level_orders[state], 0),
        )

    @cached_property
    def _states(self) -> tuple[Integers, Integers]:
        rows = self._sorted_by(self._place)
        return self._place[rows] * len(self) + rows, rows

    @cached_property
    def _place(self) -> Integers:
        return self.messages.side * self.ladder.height + self.messages.level

    def _running(self, groups: Integers, changes: Integers) -> Integers:
        """Sum changes within groups that begin and end the day at 0."""
        rows = self._sorted_by(groups)
        sums = np.empty(len(rows), dtype=np.int64)
        sums[rows] = np.cumsum(changes[rows])
        return sums

    def _sorted_by(self, groups: Integers) -> Integers:
        return np.argsort(groups * len(self) + np.arange(len(self), dtype=np.int64))


@lru_cache(maxsize=16)
def book(config: Config, listing: Listing, day: date) -> Book:
    """Make the book of a listing's day; the last ones asked for are kept."""
    tape = Tape.record(config, listing, day)
    stays = Stays.of(tape.of.quotes)
    return Book(tape, stays.ladder, Messages.of(tape, stays))


@lru_cache(maxsize=10_000)
def rows(config: Config, listing: Listing, day: date) -> tuple[int, int]:
    """Count the messages of a listing's book, and its events; the counts are kept for longer."""
    of = book(config, listing, day)
    return len(of), int(of.ends.sum())


def books(config: Config, listing: Listing, day: date) -> list[Book]:
    """Make the books of all venues of a listing's instrument, that of the primary one first."""
    venues = (each for each in listings(config) if each.instrument_id == listing.instrument_id)
    return [book(config, each, day) for each in venues]
