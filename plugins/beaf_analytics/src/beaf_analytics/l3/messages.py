"""What does a message of the order book say: what happens, on which side, to how many shares?

Codes as the vendor documents them: LobAction 2 insert, 3 remove, 4 update; Side 1 bid, 2 ask.
A remove is a cancellation or the end of a fill: `OrderExecuted` tells which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from beaf_analytics.l3.options import Action, Side

TABLE = "l3"

ACTION, EXECUTED = pl.col("LobAction"), pl.col("OrderExecuted")
PRICE, OLD_PRICE = pl.col("Price"), pl.col("OldPrice")
SIZE, OLD_SIZE, FILLED = pl.col("Size"), pl.col("OldSize"), pl.col("ExecutionSize")

INSERTS, REMOVES, UPDATES = ACTION == 2, ACTION == 3, ACTION == 4
CANCELS, FULL_FILLS = REMOVES & ~EXECUTED, REMOVES & EXECUTED
MODIFIES, PARTIAL_FILLS = UPDATES & ~EXECUTED, UPDATES & EXECUTED
#: What participants send, as against what the market does to their orders.
ORDERS = INSERTS | (ACTION.is_in([3, 4]) & ~EXECUTED)
_IN_PLACE = MODIFIES & (PRICE == OLD_PRICE)


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that can happen to an order.

    Attributes:
        rows: the messages that say so.
        volume: the shares that each of them moves.
        words: what they are.
        moves: what their shares are.
        formula: both, in the notation of the metric reference.
    """

    rows: pl.Expr
    volume: pl.Expr
    words: str
    moves: str
    formula: tuple[str, str]


ACTIONS: Mapping[Action, Happening] = {
    "Insert": Happening(
        INSERTS, SIZE, "new orders", "Shares of new orders", ("LobAction = 2", "Size")
    ),
    "Remove": Happening(
        REMOVES,
        OLD_SIZE,
        "orders that end, cancelled or filled",
        "Remaining shares of orders that end, cancelled or filled",
        ("LobAction = 3", "OldSize"),
    ),
    "Update": Happening(
        UPDATES,
        SIZE - OLD_SIZE,
        "changes of orders, partial fills among them",
        "Net change of size by changes of orders, partial fills among them",
        ("LobAction = 4", "Size - OldSize"),
    ),
    "UpdateInserted": Happening(
        UPDATES,
        SIZE,
        "changes of orders, partial fills among them",
        "Shares of changed orders after the change",
        ("LobAction = 4", "Size"),
    ),
    "UpdateRemoved": Happening(
        UPDATES,
        OLD_SIZE,
        "changes of orders, partial fills among them",
        "Shares of changed orders before the change",
        ("LobAction = 4", "OldSize"),
    ),
    "Cancel": Happening(
        CANCELS,
        OLD_SIZE,
        "orders that are cancelled",
        "Remaining shares of orders that are cancelled",
        ("LobAction = 3, not executed", "OldSize"),
    ),
    "PartialCancel": Happening(
        _IN_PLACE & (SIZE < OLD_SIZE),
        OLD_SIZE - SIZE,
        "orders that their owner makes smaller at their price",
        "Shares taken off orders that stay at their price",
        ("LobAction = 4, not executed, Price = OldPrice, Size < OldSize", "OldSize - Size"),
    ),
    "Modify": Happening(
        MODIFIES,
        SIZE - OLD_SIZE,
        "changes of orders by their owners",
        "Net change of size by changes that owners make",
        ("LobAction = 4, not executed", "Size - OldSize"),
    ),
    "Upsize": Happening(
        _IN_PLACE & (SIZE > OLD_SIZE),
        SIZE - OLD_SIZE,
        "orders that their owner makes larger at their price",
        "Shares added to orders that stay at their price",
        ("LobAction = 4, not executed, Price = OldPrice, Size > OldSize", "Size - OldSize"),
    ),
    "Reprice": Happening(
        MODIFIES & (PRICE != OLD_PRICE),
        SIZE,
        "orders that move to another price",
        "Shares of orders that move to another price",
        ("LobAction = 4, not executed, Price ≠ OldPrice", "Size"),
    ),
    "Execution": Happening(
        EXECUTED,
        FILLED,
        "executions of resting orders",
        "Executed shares of resting orders",
        ("OrderExecuted", "ExecutionSize"),
    ),
    "PartialFill": Happening(
        PARTIAL_FILLS,
        FILLED,
        "executions that leave a rest of the order",
        "Shares of executions that leave a rest of the order",
        ("LobAction = 4, executed", "ExecutionSize"),
    ),
    "FullFill": Happening(
        FULL_FILLS,
        FILLED,
        "executions that end the order",
        "Shares of executions that end the order",
        ("LobAction = 3, executed", "ExecutionSize"),
    ),
}

SIDES: Mapping[Side, pl.Expr | None] = {
    "Total": None,
    "Bid": pl.col("Side") == 1,
    "Ask": pl.col("Side") == 2,
}
SIDE_WORDS: Mapping[Side, str] = {
    "Bid": "on the bid side",
    "Ask": "on the ask side",
    "Total": "on both sides",
}
