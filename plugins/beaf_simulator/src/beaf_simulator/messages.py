"""In which order do the events of a listing's book happen?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from beaf_simulator.levels import ASK, Stays
from beaf_simulator.orders import Executions, Passing, Standing

if TYPE_CHECKING:
    from beaf_simulator.randomness import Integers
    from beaf_simulator.tape import Tape


class Step(IntEnum):
    """What comes first within a nanosecond, so that books never cross and queues are kept."""

    EXECUTION = 0
    REMOVAL = 1
    NEW_LEVEL = 2
    STANDING = 3
    PASSING = 4


@dataclass(frozen=True, slots=True)
class Messages:
    """Events of a book, one array element each.

    Attributes:
        time: nanoseconds since the epoch.
        side: 1 bid, 2 ask.
        level: see `Ladder`.
        order: which order; while a book is put together any unique number, then from 0 by arrival.
        change: of the size that the order shows.
        executed: how much was executed; more than `change` says where part of it was hidden.
        trade: the row of the trade in the tape; -1 if none.
    """

    time: Integers
    side: Integers
    level: Integers
    order: Integers
    change: Integers
    executed: Integers
    trade: Integers

    def __len__(self) -> int:
        return len(self.time)

    @classmethod
    def of(cls, tape: Tape, stays: Stays) -> Messages:
        """Write down a day of a book, in order."""
        executions, many = Executions.of(tape, stays)
        standing = Standing.of(tape, stays, executions, many)
        passing = Passing.of(tape, stays, standing)
        pieces = [
            _executed(executions),
            *_standing(stays, standing),
            *_passing(passing, len(standing.stay)),
        ]
        stay, time, order, change, step = (
            np.concatenate(each) for each in zip(*pieces, strict=True)
        )
        unexecuted = len(time) - len(executions.trade)
        executed = np.append(executions.size, np.zeros(unexecuted, dtype=np.int64))
        trade = np.append(executions.trade, np.full(unexecuted, -1, dtype=np.int64))
        side, level = stays.side[stay], stays.level[stay]
        made = cls(time, side, level, order, change, executed, trade)
        midnight = tape.of.session.midnight
        turn = _turn(made, step, tape.of.session.open)
        sorted_rows = np.lexsort((turn, (time - midnight) * len(Step) + step))
        return made.take(sorted_rows).numbered()

    def take(self, rows: Integers) -> Messages:
        """Pick rows, in that order."""
        return Messages(*(getattr(self, each)[rows] for each in self.__slots__))

    def numbered(self) -> Messages:
        """Number orders by arrival."""
        _, first, index = np.unique(self.order, return_index=True, return_inverse=True)
        number = np.empty(len(first), dtype=np.int64)
        number[np.argsort(first)] = np.arange(len(first), dtype=np.int64)
        order = number[index.reshape(-1)]
        return Messages(
            self.time, self.side, self.level, order, self.change, self.executed, self.trade
        )


#: Stay, time, order, change and step of some messages.
_Piece = tuple["Integers", "Integers", "Integers", "Integers", "Integers"]


def _executed(executions: Executions) -> _Piece:
    step = np.full(len(executions.trade), Step.EXECUTION, dtype=np.int64)
    shown = executions.size - executions.hidden
    return executions.stay, executions.time, executions.order, -shown, step


def _standing(stays: Stays, standing: Standing) -> tuple[_Piece, _Piece]:
    """Bring the standing orders, and take away what is left of them when levels go."""
    order = np.arange(len(standing.stay), dtype=np.int64)
    begins = np.append(True, np.diff(standing.stay) != 0)
    step = np.where(begins, Step.NEW_LEVEL, Step.STANDING).astype(np.int64)
    left = np.flatnonzero(standing.left)
    stay = standing.stay[left]
    removal = np.full(len(left), Step.REMOVAL, dtype=np.int64)
    return (
        (standing.stay, standing.arrival, order, standing.size, step),
        (stay, stays.end[stay], left, -standing.left[left], removal),
    )


def _passing(passing: Passing, first: int) -> tuple[_Piece, _Piece, _Piece]:
    """Bring the passing orders, reduce some, and take them away."""
    order = first + np.arange(len(passing.stay), dtype=np.int64)
    arriving = np.full(len(order), Step.PASSING, dtype=np.int64)
    leaving = np.full(len(order), Step.REMOVAL, dtype=np.int64)
    reduced = np.flatnonzero(passing.by)
    by = passing.by[reduced]
    return (
        (passing.stay, passing.arrival, order, passing.size, arriving),
        (passing.stay[reduced], passing.cut[reduced], order[reduced], -by, leaving[reduced]),
        (passing.stay, passing.leaving, order, passing.by - passing.size, leaving),
    )


def _turn(made: Messages, step: Integers, opening: int) -> Integers:
    """Order the messages of one step and nanosecond so that no gap ever opens between levels.

    Levels go from the best on, and come so that each joins one that is there; at the opening the
    best is first. Trades keep their order, arriving orders theirs.
    """
    from_best = np.where(step == Step.REMOVAL, True, made.time == opening)
    height = np.where(from_best, -made.level, made.level)
    by_level = np.where(made.side == ASK, 1 << _LEVEL_BITS, 0) + height
    arriving = np.where(step == Step.NEW_LEVEL, by_level, made.order)
    return np.where(
        step == Step.EXECUTION, made.trade, np.where(step == Step.REMOVAL, by_level, arriving)
    )


# More than levels can be.
_LEVEL_BITS = 40
