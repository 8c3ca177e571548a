"""Which trades does a listing have on a day?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from beaf_simulator.market import EUROS, Listing
from beaf_simulator.quotes import Grid, Quotes, grid, intraday, quotes
from beaf_simulator.randomness import Booleans, Floats, Integers, bell, doublings, uniforms, whole
from beaf_simulator.sessions import MILLISECOND, Session, session

if TYPE_CHECKING:
    from datetime import date

    from beaf_simulator.config import Config

_TYPICAL_EUROS = 3000.0
_ROUND_LOT = 100
_DEEPEST_SWEEP = 3


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
    """One listing on one day, and what trades depend on."""

    config: Config
    listing: Listing
    day: date
    session: Session
    grid: Grid
    quotes: Quotes

    @classmethod
    def of(cls, config: Config, listing: Listing, day: date) -> TradingDay:
        """Draw what a listing's trades depend on."""
        hours = session(config, listing, day)
        book = quotes(config, listing, day)
        return cls(config, listing, day, hours, grid(config, listing), book)

    def chance(self, shape: tuple[int, ...], purpose: str) -> Floats:
        """Draw uniforms that only this listing and day use."""
        return uniforms(shape, self.config.seed, purpose, self.listing.listing_id, self.day)


def counts(config: Config, listing: Listing, day: date) -> dict[Kind, int]:
    """Count a listing's trades of a day, without making them."""
    liked = float(uniforms((1,), config.seed, "liked", listing.instrument_id)[0])
    busy = float(uniforms((1,), config.seed, "busy", listing.listing_id, day)[0])
    # Both factors have mean 1: half to three halves between listings, a quarter up or down by day.
    mean = config.trades_per_listing * (0.5 + liked) * (0.75 + 0.5 * busy)
    if not listing.venue.primary:
        return {Kind.CONTINUOUS: max(1, int(mean / 3))}
    lit = max(1, int(mean))
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


def _sizes(of: TradingDay, kind: Kind, many: int, larger: float = 1.0) -> Integers:
    """Draw sizes: most small, few large, a third of them round lots."""
    chance = of.chance((5, many), f"size{kind}")
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
        size=_sizes(of, kind, many, larger=6.0),
        side=np.zeros(many, dtype=np.int64),
        kind=np.full(many, kind, dtype=np.int64),
    )


def _continuous(of: TradingDay, kind: Kind, many: int) -> Prints:
    """Let orders meet the quotes; two in five take the last of a quote, so that it changes.

    Such a trade bears the time of the change and has its direction: prices move after trades as
    they do in markets. Trades of one moment are one order that sweeps through the book.
    """
    chance = of.chance((4, many), "continuous")
    time = _taking(of.quotes, intraday(chance[0], chance[1], of.session), chance[2] < 0.4)
    order = np.argsort(time, kind="stable")
    time, coin = time[order], chance[3][order]
    before = of.quotes.before(time)
    move = np.sign(of.quotes.twice_mid[of.quotes.at(time)] - of.quotes.twice_mid[before])
    direction = np.where(move != 0, move, np.where(coin < 0.5, 1, -1))
    best = np.where(direction > 0, of.quotes.ask[before], of.quotes.bid[before])
    deeper = np.minimum(_place_in_moment(time) // 2, _DEEPEST_SWEEP)
    return Prints(
        time=time,
        half_ticks=2 * np.maximum(best + direction * deeper, 1),
        size=_sizes(of, kind, many),
        side=np.where(direction > 0, 1, 2).astype(np.int64),
        kind=np.full(many, kind, dtype=np.int64),
    )


def _taking(book: Quotes, wished: Integers, takes: Booleans) -> Integers:
    """Move the trades that take a quote to the moment at which it changes next."""
    following = book.before(wished) + 1
    there = following < len(book.time)
    changes = book.time[np.minimum(following, len(book.time) - 1)]
    return np.where(takes & there, changes, wished)


def _place_in_moment(time: Integers) -> Integers:
    """Number the trades of each moment from 0; times ascend."""
    rows = np.arange(len(time), dtype=np.int64)
    begins = np.append(True, np.diff(time) != 0)
    places: Integers = rows - np.maximum.accumulate(np.where(begins, rows, 0))
    return places


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
        size=_sizes(of, kind, many, larger=2.0),
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
