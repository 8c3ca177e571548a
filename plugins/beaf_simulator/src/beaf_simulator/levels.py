"""At which prices, and from when until when, do orders stand in a listing's book?

Every tick from the best price down to the deepest level of the day holds orders. So the quotes say
when a level is there: from the moment when the best price reaches it until the best price is worse.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from beaf_simulator.randomness import Integers

if TYPE_CHECKING:
    from beaf_simulator.quotes import Quotes

BID, ASK = 1, 2

# Levels below the worst bid of the day, and above its worst ask: ten are always there.
_BEYOND = 15


@dataclass(frozen=True, slots=True)
class Ladder:
    """The price levels of both sides of a book over a day.

    A level is counted from the deepest of its side, which is 0; the better, the higher.

    Attributes:
        best: the best level of each side, one row per side and one column per quote.
        deepest: the deepest level of each side in ticks; of asks, negative.
    """

    best: Integers
    deepest: Integers

    @classmethod
    def under(cls, quotes: Quotes) -> Ladder:
        """Put levels under the bids of a day, and over its asks."""
        ticks = np.stack([quotes.bid, -quotes.ask])
        deepest = ticks.min(axis=1) - _BEYOND
        return cls(ticks - deepest[:, np.newaxis], deepest)

    @property
    def height(self) -> int:
        """How many levels a side can have."""
        return int(self.best.max()) + 1

    def ticks(self, side: Integers, level: Integers) -> Integers:
        """Give the price of levels, in ticks."""
        signed = level + self.deepest[side - 1]
        return np.where(side == BID, signed, -signed)

    def levels(self, side: Integers, ticks: Integers) -> Integers:
        """Give the levels of prices."""
        signed = np.where(side == BID, ticks, -ticks)
        levels: Integers = signed - self.deepest[side - 1]
        return levels


@dataclass(frozen=True)
class Stays:
    """The times for which levels stand in a book, ordered by side, level and time.

    Attributes:
        ladder: the levels.
        side: 1 bid, 2 ask.
        level: see `Ladder`.
        row: of the quote with which the stay begins.
        start: when it begins.
        end: when it ends, at the latest with the quotes.
    """

    ladder: Ladder
    quotes: Quotes
    side: Integers
    level: Integers
    row: Integers
    start: Integers
    end: Integers

    @classmethod
    def of(cls, quotes: Quotes) -> Stays:
        """Find when each level comes and goes."""
        ladder = Ladder.under(quotes)
        halves = [_stays(best) for best in ladder.best]
        level, row, until = (np.concatenate(each) for each in zip(*halves, strict=True))
        side = np.repeat(np.array([BID, ASK], dtype=np.int64), [len(half[0]) for half in halves])
        ends = np.append(quotes.time, quotes.end)
        return cls(ladder, quotes, side, level, row, quotes.time[row], ends[until])

    def __len__(self) -> int:
        return len(self.side)

    def find(self, side: Integers, level: Integers, row: Integers) -> Integers:
        """Find the stays of levels that stand while a quote stands."""
        key = self._key(side, level, row)
        return np.searchsorted(self._keys, key, side="right").astype(np.int64) - 1

    @cached_property
    def _keys(self) -> Integers:
        return self._key(self.side, self.level, self.row)

    def _key(self, side: Integers, level: Integers, row: Integers) -> Integers:
        key: Integers = (side * self.ladder.height + level) * len(self.quotes.time) + row
        return key


def _stays(best: Integers) -> tuple[Integers, Integers, Integers]:
    """List level, first row and row after the last of each stay on one side, by level and row."""
    rows = np.arange(len(best), dtype=np.int64)
    moves = np.diff(best, prepend=-1)
    born_level, born_row = _each(best, np.maximum(moves, 0), rows)
    # From the day's first quote nothing is taken away.
    dead_level, dead_row = _each(np.append(-1, best[:-1]), np.maximum(-moves, 0), rows)
    many = len(best) + 1
    born, dead = (np.sort(born_level * many + born_row), np.sort(dead_level * many + dead_row))
    following = np.searchsorted(dead, born)
    ends = np.append(dead, -1)[following]
    level = born // many
    return level, born % many, np.where(ends // many == level, ends % many, len(best))


def _each(top: Integers, many: Integers, rows: Integers) -> tuple[Integers, Integers]:
    """List the levels from a top downwards, so many for each row, and the rows beside them."""
    first = np.repeat(np.cumsum(many) - many, many)
    place = np.arange(len(first), dtype=np.int64) - first
    return np.repeat(top, many) - place, np.repeat(rows, many)
