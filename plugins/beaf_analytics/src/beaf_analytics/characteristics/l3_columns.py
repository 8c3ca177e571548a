"""What is told of order messages, each by a condition on a row?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from beaf_analytics.l3.messages import (
    EXECUTED,
    FILLED,
    MODIFIES,
    OLD_PRICE,
    OLD_SIZE,
    PRICE,
    SIZE,
    UPDATES,
)
from beaf_analytics.measures.quotes import ASK, BID, CONTINUOUS, TWO_SIDED

Column = Literal[
    "L3EventCount",
    "L3ExecutionCount",
    "L3UnknownSideCount",
    "L3HasExecution",
    "L3HasOrderExecuted",
    "L3HasContinuousTrading",
    "L3HasOpeningAuction",
    "L3HasClosingAuction",
    "L3HasIntradayAuction",
    "L3HasPreOpenExecution",
    "L3HasPostTradeExecution",
    "L3HasMultiRowEvent",
    "L3HasTradeId",
    "L3HasUpdates",
    "L3HasNoOpUpdate",
    "L3HasReceiveTimestamp",
    "L3ExecutedWithOrdersAhead",
    "L3ExecutedNotAtTopOfBook",
    "L3SizeAheadOrdersAheadConsistent",
    "L3HasLockedBook",
    "L3HasLockedBookContinuous",
    "L3HasLockedBookNonContinuous",
    "L3HasCrossedBook",
    "L3HasCrossedBookContinuous",
    "L3HasCrossedBookNonContinuous",
    "L3EventTimestampNonDecreasing",
    "L3EventTimestampStrictlyIncreasing",
    "L3EventNoNonDecreasing",
    "L3EventNoStrictlyIncreasing",
    "L3ExchangeSequenceNoNonDecreasing",
    "L3ExchangeSequenceNoStrictlyIncreasing",
    "L3BMLLSequenceNoNonDecreasing",
    "L3BMLLSequenceNoStrictlyIncreasing",
    "L3OutOfOrderCount",
    "L3OrphanCancelCount",
]


@dataclass(frozen=True, slots=True)
class Told:
    """What a column tells.

    Attributes:
        rows: the rows that it tells of; None means all.
        doc: one sentence on its meaning.
        formula: the condition.
        unit: of a count.
    """

    rows: pl.Expr | None
    doc: str
    formula: str
    unit: str = "events"


_FILLS = FILLED > 0
_LOCKED, _CROSSED = TWO_SIDED & (BID == ASK), TWO_SIDED & (BID > ASK)
_OF_A_SIDE = pl.col("Side").is_in([1, 2]).fill_null(value=False)
_NOTHING_AHEAD, _NOBODY_AHEAD = pl.col("SizeAhead") == 0, pl.col("OrdersAhead") == 0


def is_state(state: str) -> pl.Expr:
    """Keep the rows in a market state."""
    return pl.col("MarketState") == state


def _in_state(state: str) -> Told:
    words = state.replace("_", " ").lower()
    told = f"Whether any message is in the state {words}."
    return Told(is_state(state), told, f"any MarketState {state}")


def _filled_in(state: str) -> Told:
    words = state.replace("_", " ").lower()
    return Told(
        _FILLS & is_state(state),
        f"Whether any order is executed in the state {words}.",
        f"any ExecutionSize > 0, MarketState {state}",
    )


COUNTS: Mapping[Column, Told] = {
    "L3EventCount": Told(None, "Number of messages.", "#rows"),
    "L3ExecutionCount": Told(
        _FILLS, "Number of messages with executed shares.", "#(ExecutionSize > 0)"
    ),
    "L3UnknownSideCount": Told(
        ~_OF_A_SIDE, "Number of messages of neither side.", "#(Side neither 1 nor 2)"
    ),
}

#: Whether any row is so.
ANY: Mapping[Column, Told] = {
    "L3HasExecution": Told(
        _FILLS, "Whether any message has executed shares.", "any ExecutionSize > 0"
    ),
    "L3HasOrderExecuted": Told(
        EXECUTED, "Whether any message is flagged as an execution.", "any OrderExecuted"
    ),
    "L3HasContinuousTrading": _in_state(CONTINUOUS),
    "L3HasOpeningAuction": _in_state("OPENING_AUCTION"),
    "L3HasClosingAuction": _in_state("CLOSING_AUCTION"),
    "L3HasIntradayAuction": _in_state("INTRADAY_AUCTION"),
    "L3HasPreOpenExecution": _filled_in("PRE_OPEN"),
    "L3HasPostTradeExecution": _filled_in("POST_TRADE"),
    "L3HasMultiRowEvent": Told(
        ~pl.col("EndOfEvent"), "Whether any event has several messages.", "any not EndOfEvent"
    ),
    "L3HasTradeId": Told(
        pl.col("TradeId") != "", "Whether any message names a trade.", "any TradeId not empty"
    ),
    "L3HasUpdates": Told(UPDATES, "Whether any order is changed.", "any LobAction = 4"),
    "L3HasNoOpUpdate": Told(
        MODIFIES & (PRICE == OLD_PRICE) & (SIZE == OLD_SIZE),
        "Whether any change of an order changes neither its price nor its size.",
        "any LobAction = 4, not executed, Price = OldPrice, Size = OldSize",
    ),
    "L3HasReceiveTimestamp": Told(
        pl.col("ReceiveTimestamp").is_not_null(),
        "Whether any message has a time of receipt.",
        "any ReceiveTimestamp",
    ),
    "L3ExecutedWithOrdersAhead": Told(
        EXECUTED & (pl.col("OrdersAhead") > 0),
        "Whether any order is executed while others stand before it in its queue.",
        "any OrderExecuted, OrdersAhead > 0",
    ),
    "L3ExecutedNotAtTopOfBook": Told(
        EXECUTED & (pl.col("OldPriceLevel") > 1),
        "Whether any order is executed at a price that is not the best of its side.",
        "any OrderExecuted, OldPriceLevel > 1",
    ),
}

#: Whether no row is so.
ALL: Mapping[Column, Told] = {
    "L3SizeAheadOrdersAheadConsistent": Told(
        _NOTHING_AHEAD != _NOBODY_AHEAD,
        "Whether shares stand ahead of an order exactly where orders do.",
        "SizeAhead = 0 as OrdersAhead = 0, on all rows",
    ),
}


def _book(rows: pl.Expr, word: str, formula: str) -> dict[str, Told]:
    phase = is_state(CONTINUOUS)
    where = {
        "": (rows, "", ""),
        "Continuous": (rows & phase, " in continuous trading", ", CONTINUOUS_TRADING"),
        "NonContinuous": (rows & ~phase, " outside continuous trading", ", any other state"),
    }
    return {
        suffix: Told(each, f"Whether the book is {word} for some time{told}.", f"{formula}{states}")
        for suffix, (each, told, states) in where.items()
    }


_LOCKED_BOOK = _book(
    _LOCKED, "locked, best bid at best ask,", formula="some time BidPrice1 = AskPrice1"
)
_CROSSED_BOOK = _book(
    _CROSSED, "crossed, best bid above best ask,", formula="some time BidPrice1 > AskPrice1"
)

#: Whether the book is so for some time.
BOOKS: Mapping[Column, Told] = {
    "L3HasLockedBook": _LOCKED_BOOK[""],
    "L3HasLockedBookContinuous": _LOCKED_BOOK["Continuous"],
    "L3HasLockedBookNonContinuous": _LOCKED_BOOK["NonContinuous"],
    "L3HasCrossedBook": _CROSSED_BOOK[""],
    "L3HasCrossedBookContinuous": _CROSSED_BOOK["Continuous"],
    "L3HasCrossedBookNonContinuous": _CROSSED_BOOK["NonContinuous"],
}
