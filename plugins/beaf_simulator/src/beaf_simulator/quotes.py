"""At which prices does the market bid and ask, at any moment of a day?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from beaf_simulator.randomness import Booleans, Floats, Integers, doublings, uniforms, whole
from beaf_simulator.sessions import Session, session

if TYPE_CHECKING:
    from beaf_simulator.config import Config
    from beaf_simulator.market import Listing

#: Quote updates per day; six to nine in ten change a price.
UPDATES = 4000

# A day's walk ends about 1.2 % from its start: steps of up to 30/1024 of a doubling.
_DAY_ZERO = date(2000, 1, 1).toordinal()
_DOUBLING = 1024
_LARGEST_STEP = 30

# (base price below, ticks per unit of the listing's currency): ticks of 1 to 5 basis points of it.
_TICKS = {
    "GBp": ((250.0, 50), (1000.0, 10), (float("inf"), 2)),
    "EUR": ((40.0, 200), (100.0, 100), (float("inf"), 20)),
}
_CHEAPEST = {"GBp": 100.0, "EUR": 10.0}
_PRICE_DOUBLINGS = 5.0

# For how many quotes in a row a secondary venue is behind, or is not.
_STRETCH = 8


@dataclass(frozen=True, slots=True)
class Grid:
    """The prices that an instrument may trade at.

    Attributes:
        base: the price on the day when the market began, in the listing's currency.
        per_unit: ticks in one unit of that currency; 50 means a tick of 0.02.
    """

    base: float
    per_unit: int


@dataclass(frozen=True, slots=True)
class Quotes:
    """The best bid and ask of an instrument during continuous trading: one row per change.

    Attributes:
        time: of the change, nanoseconds since the epoch; the first is the opening.
        bid: in ticks.
        ask: in ticks.
        end: when quoting ends.
    """

    time: Integers
    bid: Integers
    ask: Integers
    end: int

    @property
    def twice_mid(self) -> Integers:
        """The mid in half ticks, which is whole."""
        return self.bid + self.ask

    def before(self, moments: Integers) -> Integers:
        """Find the quote that stood just before each moment (-1: none)."""
        return np.searchsorted(self.time, moments, side="left").astype(np.int64) - 1

    def at(self, moments: Integers) -> Integers:
        """Find the quote that stands at each moment, changes of that moment included."""
        return np.searchsorted(self.time, moments, side="right").astype(np.int64) - 1

    def quoting(self, moments: Integers) -> Booleans:
        """Say at which moments there is a quote."""
        inside: Booleans = (moments >= self.time[0]) & (moments < self.end)
        return inside


def grid(config: Config, listing: Listing) -> Grid:
    """Give an instrument's price grid, the same on every venue."""
    currency = listing.home.currency
    chance = uniforms((1,), config.seed, "grid", listing.instrument_id)
    base = _CHEAPEST[currency] * float(doublings(_PRICE_DOUBLINGS * chance)[0])
    per_unit = next(ticks for limit, ticks in _TICKS[currency] if base < limit)
    return Grid(base, per_unit)


def level(config: Config, listing: Listing, ordinal: int) -> int:
    """Give the price in ticks at which a day opens, and the day before it closes.

    A walk from 2000-01-01 in both directions, reflected so that the price stays between half and
    twice its base. Evaluating it costs one draw per day since: 0.2 ms in 2026.
    """
    days = ordinal - _DAY_ZERO
    direction = "after" if days > 0 else "before"
    chance = uniforms((abs(days),), config.seed, direction, listing.instrument_id)
    steps = whole(chance * (2 * _LARGEST_STEP + 1)) - _LARGEST_STEP
    reflected = abs((int(steps.sum()) + _DOUBLING) % (4 * _DOUBLING) - 2 * _DOUBLING) - _DOUBLING
    factor = float(doublings(np.array([reflected / _DOUBLING]))[0])
    prices = grid(config, listing)
    return int(prices.base * factor * prices.per_unit)


def intraday(chance: Floats, choice: Floats, hours: Session) -> Integers:
    """Spread moments over continuous trading in the shape of a U.

    A mixture of three crowds with closed inverse distributions: 40 % come at any time, 30 % with
    a density that falls from the opening (u²), 30 % with one that rises to the close (1 - u²).
    """
    crowded = chance * chance
    share: Floats = np.where(choice < 0.4, chance, np.where(choice < 0.7, crowded, 1.0 - crowded))
    # Strictly inside: a trade always has a quote before it.
    return hours.open + 1 + whole(share * (hours.close - hours.open - 1))


def quotes(config: Config, listing: Listing, day: date) -> Quotes:
    """Draw the best quotes of an instrument's day over all venues."""
    hours = session(config, listing, day)
    chance = uniforms((5, UPDATES), config.seed, "quotes", listing.instrument_id, day)
    time = np.sort(intraday(chance[0], chance[1], hours))
    time[0] = hours.open
    first, last = (level(config, listing, day.toordinal() + ahead) for ahead in (0, 1))
    spread = _spread(chance[3])
    # What widens the spread moves either side, so that books thin out above and below alike.
    below = whole(chance[4] * spread)
    bid = np.maximum(_bridge(_steps(chance[2], first), first, last) - below, 1)
    return changes(time, bid, bid + spread, hours.close)


def shown(config: Config, listing: Listing, day: date, best: Quotes) -> Quotes:
    """Give what a venue shows of an instrument's best quotes.

    The primary venue always has the best. A secondary one has it on each side for about seven
    tenths of the time, and is one tick behind for the rest.
    """
    if listing.venue.primary:
        return best
    stretches = len(best.time) // _STRETCH + 1
    chance = uniforms((2, stretches), config.seed, "behind", listing.listing_id, day)
    behind = (chance < 0.3).astype(np.int64)[:, np.arange(len(best.time)) // _STRETCH]
    return changes(best.time, best.bid - behind[0], best.ask + behind[1], best.end)


def changes(time: Integers, bid: Integers, ask: Integers, end: int) -> Quotes:
    """Keep the updates that change a price; of two in one nanosecond, the later counts."""
    last = np.append(np.diff(time) != 0, True)
    time, bid, ask = time[last], bid[last], ask[last]
    changed = np.append(True, (np.diff(bid) != 0) | (np.diff(ask) != 0))
    return Quotes(time[changed], bid[changed], ask[changed], end)


def _steps(chance: Floats, ticks: int) -> Integers:
    # Moves of one tick, as likely as a deviation of 1 % over the day asks for.
    likely = min(0.8, (ticks / 100) ** 2 / UPDATES)
    return (chance < likely / 2).astype(np.int64) - (chance >= 1 - likely / 2).astype(np.int64)


def _bridge(steps: Integers, first: int, last: int) -> Integers:
    """Walk by steps from the first level, pulled evenly so as to end at the last."""
    walk = np.cumsum(steps)
    pull = int(walk[-1]) - (last - first)
    evenly = np.arange(1, len(walk) + 1, dtype=np.int64) * pull // len(walk)
    level: Integers = np.maximum(first + walk - evenly, 1)
    return level


def _spread(chance: Floats) -> Integers:
    # One tick at 65 %, two at 28 %, three at 7 %.
    return 1 + (chance >= 0.65).astype(np.int64) + (chance >= 0.93).astype(np.int64)
