"""Which orders stand behind the quotes and the trades of a listing's day?

Standing orders keep each level up: in their queue, the first is executed by the trades of the
level, then the next; the last is cancelled when the level goes, or executed by the trade that takes
it. Passing orders come and go behind them, and are never executed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from beaf_simulator.quotes import intraday
from beaf_simulator.randomness import Booleans, Integers, doublings, whole
from beaf_simulator.sessions import MICROSECOND
from beaf_simulator.trades import activity, sizes

if TYPE_CHECKING:
    from beaf_simulator.levels import Stays
    from beaf_simulator.tape import Tape

# Nanoseconds of a day need so many bits; what is left is enough for 65 000 stays.
_DAY_BITS = 47
_SLOWEST_REFILL = 200 * MICROSECOND
_WIDEST = 10


@dataclass(frozen=True, slots=True)
class Executions:
    """The lit continuous trades of a day, as what happens to standing orders.

    Attributes:
        trade: the row of the trade in the tape.
        time: of the trade.
        stay: of the level that it takes from.
        order: which standing order it executes.
        size: of the trade.
        fills: whether the order is then gone.
        hidden: how much of the size was never shown: the order is an iceberg.
    """

    trade: Integers
    time: Integers
    stay: Integers
    order: Integers
    size: Integers
    fills: Booleans
    hidden: Integers

    @classmethod
    def of(cls, tape: Tape, stays: Stays) -> tuple[Executions, Integers]:
        """Share the trades of each stay out among its orders; count the orders of each stay."""
        trade = np.flatnonzero(tape.lit)
        prints = tape.prints.take(trade)
        side = 3 - prints.side
        level = stays.ladder.levels(side, prints.half_ticks // 2)
        stay = stays.find(side, level, tape.of.quotes.before(prints.time))
        takes = stays.end[stay] == prints.time
        fills = takes | (tape.of.chance((len(trade),), "fills") < 0.5)
        # Who hides at a level does so until it goes.
        iceberg = ~takes & fills & (tape.of.chance((len(stays),), "icebergs") < 0.2)[stay]
        many = np.bincount(stay, weights=fills, minlength=len(stays)).astype(np.int64)
        # The last order of a level is left when the level goes, unless a trade takes it.
        kept = np.ones(len(stays), dtype=np.int64)
        kept[stay[takes]] = 0
        many = many + kept
        order = (np.cumsum(many) - many)[stay] + _filled_before(stay, fills)
        hidden = np.where(iceberg, prints.size // 2, 0)
        return cls(trade, prints.time, stay, order, prints.size, fills, hidden), many


def _filled_before(stay: Integers, fills: Booleans) -> Integers:
    """Count for each trade the orders of its stay that earlier trades filled."""
    by_stay = np.argsort(stay, kind="stable")
    before = np.cumsum(fills[by_stay]) - fills[by_stay]
    begins = np.append(True, np.diff(stay[by_stay]) != 0)
    first = np.maximum.accumulate(np.where(begins, before, 0))
    counted = np.empty(len(stay), dtype=np.int64)
    counted[by_stay] = before - first
    return counted


@dataclass(frozen=True, slots=True)
class Standing:
    """Orders that keep a level up, ordered by stay and place in the queue.

    Attributes:
        stay: of the order's level.
        arrival: when the order comes.
        size: what it shows then.
        left: what is cancelled at the end; 0 if it is executed in full.
        touched: its first execution, or the end of the stay.
    """

    stay: Integers
    arrival: Integers
    size: Integers
    left: Integers
    touched: Integers

    @classmethod
    def of(cls, tape: Tape, stays: Stays, executions: Executions, many: Integers) -> Standing:
        """Let orders be there in time for their executions."""
        stay = np.repeat(np.arange(len(stays), dtype=np.int64), many)
        filled = np.zeros(len(stay), dtype=np.bool_)
        filled[executions.order[executions.fills]] = True
        gone, touched = stays.end[stay], stays.end[stay]
        gone[executions.order[executions.fills]] = executions.time[executions.fills]
        np.minimum.at(touched, executions.order, executions.time)
        left = sizes(tape.of, "standing", len(stay), larger=2.0)
        left[filled] = 0
        shown = executions.size - executions.hidden
        size = left + np.bincount(executions.order, shown, len(stay)).astype(np.int64)
        arrival = _arrivals(tape, stays, executions, stay, gone)
        return cls(stay, arrival, size, left, touched)


def _arrivals(
    tape: Tape, stays: Stays, executions: Executions, stay: Integers, gone: Integers
) -> Integers:
    """Bring each order before the one ahead of it is gone, so that its level is never empty.

    After an iceberg's execution, its refill comes and joins the back of the queue.
    """
    chance = tape.of.chance((2, len(stay)), "arrivals")
    start = stays.start[stay]
    first = np.append(True, np.diff(stay) != 0)
    ahead_gone = np.where(first, start, np.append(0, gone[:-1]))
    arrival = start + whole(chance[0] * (ahead_gone - start))
    iceberg = executions.order[executions.hidden > 0]
    # The next in the queue is there already; the refill is the one after it, if there is one.
    iceberg = iceberg[iceberg + 2 < len(stay)]
    refill = iceberg[stay[iceberg] == stay[iceberg + 2]] + 2
    soon = gone[refill - 2] + whole(chance[1][refill] * _SLOWEST_REFILL)
    arrival[refill] = np.minimum(soon, gone[refill - 1] - 1)
    # Nobody overtakes; maxima run within a stay.
    midnight = tape.of.session.midnight
    latest = np.maximum.accumulate(_by_stay(stay, arrival - midnight))
    in_turn: Integers = latest - _by_stay(stay, np.zeros_like(stay)) + midnight
    return in_turn


def _by_stay(stay: Integers, since_midnight: Integers) -> Integers:
    """Order moments by stay, then time: one integer each."""
    return (stay << _DAY_BITS) + since_midnight


@dataclass(frozen=True, slots=True)
class Passing:
    """Orders that come and go.

    Attributes:
        stay: of the order's level.
        arrival: when the order comes.
        size: what it shows then.
        cut: when its size is reduced; meaningful where `by` is not 0.
        by: how much it is reduced by; 0 if it never is.
        leaving: when it is cancelled.
    """

    stay: Integers
    arrival: Integers
    size: Integers
    cut: Integers
    by: Integers
    leaving: Integers

    @classmethod
    def of(cls, tape: Tape, stays: Stays, standing: Standing) -> Passing:
        """Let orders come near the best price; most leave soon, and all before they are reached."""
        of = tape.of
        many = int(of.config.orders_per_listing * activity(of.config, of.listing, of.day))
        chance = of.chance((8, many), "passing")
        arrival = intraday(chance[0], chance[1], of.session)
        row = of.quotes.at(arrival)
        side = np.where(chance[2] < 0.5, 1, 2).astype(np.int64)
        behind = whole(_WIDEST * chance[3] * chance[3])
        stay = stays.find(side, stays.ladder.best[side - 1, row] - behind, row)
        room = _reached(of.session.midnight, stays, standing, stay, arrival) - arrival
        size = sizes(of, "passing", many)
        # From 16 microseconds to 73 minutes, half of them less than 0.3 seconds.
        wished = whole(doublings(14.0 + 28.0 * chance[4]))
        lasts = np.where(wished < room, wished, 2 + whole(chance[5] * (room - 2)))
        cut = arrival + 1 + whole(chance[6] * (lasts - 1))
        by = np.where(chance[7] < 0.3, size // 2, 0)
        fits = room >= 3
        made = cls(stay, arrival, size, cut, by, arrival + lasts)
        return cls(*(getattr(made, each)[fits] for each in cls.__slots__))


def _reached(
    midnight: int, stays: Stays, standing: Standing, stay: Integers, arrival: Integers
) -> Integers:
    """Say when those behind newcomers are first executed, or else when the level ends."""
    queue = _by_stay(standing.stay, standing.arrival - midnight)
    behind = np.searchsorted(queue, _by_stay(stay, arrival - midnight), side="right")
    following = np.minimum(behind, len(queue) - 1)
    own = (behind < len(queue)) & (standing.stay[following] == stay)
    reached: Integers = np.where(own, standing.touched[following], stays.end[stay])
    return reached
