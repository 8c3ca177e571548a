"""Which trades does a listing have on a day?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from beaf_simulator.market import EUROS, Listing
from beaf_simulator.quotes import Grid, Quotes, grid, intraday, quotes, shown
from beaf_simulator.randomness import Booleans, Floats, Integers, bell, doublings, uniforms, whole
from beaf_simulator.sessions import MILLISECOND, Session, session

if TYPE_CHECKING:
    from datetime import date

    from beaf_simulator.config import Config

_TYPICAL_EUROS = 3000.0
_ROUND_LOT = 100


class Kind(IntEnum):
    """How a trade comes about."""

    OPENING = 0
    CONTINUOUS = 1
    OFF_BOOK = 2
    INTERNALISED = 3
    CLOSING = 4


@dataclass(frozen=True, slots=True)
class Prints:
    """Some trades, one array element each.

    Attributes:
        time: nanoseconds since the epoch.
        half_ticks: the price, in half ticks of the listing's grid.
        size: shares.
        side: of the aggressor: 1 buys, 2 sells, 0 unknown.
        kind: a `Kind`.
    """

    time: Integers
    half_ticks: Integers
    size: Integers
    side: Integers
    kind: Integers

    def __len__(self) -> int:
        return len(self.time)

    def take(self, rows: Integers) -> Prints:
        """Pick rows, in that order."""
        return Prints(*(getattr(self, each)[rows] for each in self.__slots__))

    @staticmethod
    def concat(pieces: list[Prints]) -> Prints:
        """Put trades one after another."""
        return Prints(
            *(np.concatenate([getattr(p, each) for p in pieces]) for each in Prints.__slots__)
        )


@dataclass(frozen=True, slots=True)
class TradingDay:
    """One listing on one day, and what trades depend on.

    Attributes:
        config: of the market.
        listing: whose day it is.
        day: the trade date.
        session: when its phases begin.
        grid: the prices that its instrument may trade at.
        best: its instrument's best quotes over all venues.
        quotes: what its venue shows.
    """

    config: Config
    listing: Listing
    day: date
    session: Session
    grid: Grid
    best: Quotes
    quotes: Quotes

    @classmethod
    def of(cls, config: Config, listing: Listing, day: date) -> TradingDay:
        """Draw what a listing's trades depend on."""
        hours = session(config, listing, day)
        best = quotes(config, listing, day)
        own = shown(config, listing, day, best)
        return cls(config, listing, day, hours, grid(config, listing), best, own)

    def chance(self, shape: tuple[int, ...], purpose: str) -> Floats:
        """Draw uniforms that only this listing and day use."""
        return uniforms(shape, self.config.seed, purpose, self.listing.listing_id, self.day)


def activity(config: Config, listing: Listing, day: date) -> float:
    """Say how busy a listing's day is beside the mean of primary listings."""
    liked = float(uniforms((1,), config.seed, "liked", listing.instrument_id)[0])
    busy = float(uniforms((1,), config.seed, "busy", listing.listing_id, day)[0])
    # Both factors have mean 1: half to three halves between listings, a quarter up or down by day.
    factor = (0.5 + liked) * (0.75 + 0.5 * busy)
    return factor if listing.venue.primary else factor / 3


def counts(config: Config, listing: Listing, day: date) -> dict[Kind, int]:
    """Count a listing's trades of a day, without making them."""
    lit = max(1, int(config.trades_per_listing * activity(config, listing, day)))
    if not listing.venue.primary:
        return {Kind.CONTINUOUS: lit}
    return {
        Kind.OPENING: 1 + lit // 300,
        Kind.CONTINUOUS: lit,
        Kind.OFF_BOOK: 1 + lit // 15,
        Kind.INTERNALISED: 1 + lit // 10,
        Kind.CLOSING: 1 + lit // 60,
    }


def prints(of: TradingDay) -> Prints:
    """Make a listing's trades of a day, in order; equal times stand as they happened."""
    pieces = [
        _MAKERS[kind](of, kind, many)
        for kind, many in counts(of.config, of.listing, of.day).items()
    ]
    together = Prints.concat(pieces)
    return together.take(np.argsort(together.time, kind="stable"))


def sizes(of: TradingDay, purpose: str, many: int, larger: float = 1.0) -> Integers:
    """Draw sizes: most small, few large, a third of them round lots."""
    chance = of.chance((5, many), purpose)
    euros = of.grid.base * EUROS[of.listing.home.currency]
    drawn = whole(larger * _TYPICAL_EUROS / euros * doublings(1.5 * bell(chance[:4]))) + 1
    rounded = (drawn + _ROUND_LOT - 1) // _ROUND_LOT * _ROUND_LOT
    return np.where(chance[4] < 0.35, rounded, drawn)


def _opening(of: TradingDay, kind: Kind, many: int) -> Prints:
    return _uncrossing(of, kind, many, of.session.open - MILLISECOND, int(of.quotes.bid[0]))


def _closing(of: TradingDay, kind: Kind, many: int) -> Prints:
    return _uncrossing(of, kind, many, of.session.uncross - MILLISECOND, int(of.quotes.bid[-1]))


def _uncrossing(of: TradingDay, kind: Kind, many: int, moment: int, ticks: int) -> Prints:
    """Let an auction end: all its trades at one moment and one price."""
    return Prints(
        time=np.full(many, moment, dtype=np.int64),
        half_ticks=np.full(many, 2 * ticks, dtype=np.int64),
        size=sizes(of, f"size{kind}", many, larger=6.0),
        side=np.zeros(many, dtype=np.int64),
        kind=np.full(many, kind, dtype=np.int64),
    )


def _continuous(of: TradingDay, kind: Kind, many: int) -> Prints:
    """Let orders meet the quotes; two in five take the last of a quote, so that it changes.

    Such a trade bears the time of the change and has its direction: prices move after trades as
    they do in markets. Trades of one moment are one order. Where it takes more than one price, it
    takes all of each before it reaches the next; a price that stays is not used up.
    """
    chance = of.chance((6, many), "continuous")
    book = of.quotes
    leader, delay = _bursts(chance[4], chance[5])
    wished = intraday(chance[0], chance[1], of.session)[leader] + delay
    takes, coin = chance[2][leader] < 0.4, chance[3][leader]
    time = _taking(book, np.minimum(wished, book.end - 1), takes)
    order = np.argsort(time, kind="stable")
    time, coin = time[order], coin[order]
    before, at = book.before(time), book.at(time)
    asks_gone = np.maximum(book.ask[at] - book.ask[before], 0)
    bids_gone = np.maximum(book.bid[before] - book.bid[at], 0)
    first = _first_of_moment(time)
    either = (asks_gone > 0) == (bids_gone > 0)
    buys = np.where(either, coin[first] < 0.5, asks_gone > 0)
    gone = np.where(buys, asks_gone, bids_gone)
    deeper = np.minimum(np.arange(many, dtype=np.int64) - first, np.maximum(gone - 1, 0))
    return Prints(
        time=time,
        half_ticks=2 * np.where(buys, book.ask[before] + deeper, book.bid[before] - deeper),
        size=sizes(of, f"size{kind}", many),
        side=np.where(buys, 1, 2).astype(np.int64),
        kind=np.full(many, kind, dtype=np.int64),
    )


def _bursts(follows: Floats, delay: Floats) -> tuple[Integers, Integers]:
    """Let two in five trades do what the one before them does, at most 0.13 seconds later."""
    rows = np.arange(len(follows), dtype=np.int64)
    leader = np.maximum.accumulate(np.where(follows < 0.4, 0, rows))
    return leader, np.where(leader == rows, 0, whole(doublings(27.0 * delay)))


def _taking(book: Quotes, wished: Integers, takes: Booleans) -> Integers:
    """Move the trades that take a quote to the moment at which one is next taken away."""
    taken = (np.diff(book.ask) > 0) | (np.diff(book.bid) < 0)
    changes = book.time[1:][taken]
    if len(changes) == 0:
        return wished
    following = np.searchsorted(changes, wished, side="left")
    there = following < len(changes)
    moved = changes[np.minimum(following, len(changes) - 1)]
    return np.where(takes & there, moved, wished)


def _first_of_moment(time: Integers) -> Integers:
    """Find the first trade of each trade's moment; times ascend."""
    rows = np.arange(len(time), dtype=np.int64)
    begins = np.append(True, np.diff(time) != 0)
    first: Integers = np.maximum.accumulate(np.where(begins, rows, 0))
    return first


def _off_exchange(of: TradingDay, kind: Kind, many: int) -> Prints:
    """Let two parties agree at the bid, the mid or the ask of the moment; most choose the mid."""
    chance = of.chance((3, many), f"agreed{kind}")
    time = intraday(chance[0], chance[1], of.session)
    quote = of.quotes.before(time)
    bid, ask = of.quotes.bid[quote], of.quotes.ask[quote]
    outer = np.where(chance[2] < 0.2, 2 * bid, 2 * ask)
    return Prints(
        time=time,
        half_ticks=np.where((chance[2] >= 0.2) & (chance[2] < 0.8), bid + ask, outer),
        size=sizes(of, f"size{kind}", many, larger=2.0),
        side=np.zeros(many, dtype=np.int64),
        kind=np.full(many, kind, dtype=np.int64),
    )


_MAKERS = {
    Kind.OPENING: _opening,
    Kind.CONTINUOUS: _continuous,
    Kind.OFF_BOOK: _off_exchange,
    Kind.INTERNALISED: _off_exchange,
    Kind.CLOSING: _closing,
}
