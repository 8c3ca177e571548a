"""A day of order messages, small enough to be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from beaf_core import compute_frame

NINE = datetime(2025, 1, 6, 9)
BID, ASK = 1, 2

Row = dict[str, Any]
Frame = Callable[[Iterable[Row]], pl.DataFrame]
#: Section of the module, messages (those of the day by default) → bucket's label → row.
Computed = Callable[..., dict[tuple[int, str], Row]]

#: What a message has that says nothing.
BLANK: Row = {
    "ListingId": 1, "LobAction": 0, "OriginalOrderId": "",
    "Price": None, "Size": 0, "OrderId": "", "OldPrice": None, "OldSize": 0, "OldOrderId": "",
    "OrderExecuted": False, "ExecutionSize": 0, "SizeAhead": 0,
    "MarketState": "CONTINUOUS_TRADING",
}  # fmt: skip


class Orders:
    """How a source tells what happens to orders. `at` is in seconds after nine."""

    @staticmethod
    def insert(
        at: float, side: int | None, order: str, price: float, size: int, **more: Any
    ) -> Row:
        new = {"LobAction": 2, "OrderId": order, "OriginalOrderId": order}
        return BLANK | new | {"at": at, "Side": side, "Price": price, "Size": size} | more

    @staticmethod
    def cancel(
        at: float, side: int | None, order: str, price: float, size: int, **more: Any
    ) -> Row:
        old = {"LobAction": 3, "OldOrderId": order, "OriginalOrderId": order}
        return BLANK | old | {"at": at, "Side": side, "OldPrice": price, "OldSize": size} | more

    @classmethod
    def fill(
        cls, at: float, side: int, order: str, price: float, size: int, ahead: int = 0, **more: Any
    ) -> Row:
        filled = {"OrderExecuted": True, "ExecutionSize": size, "SizeAhead": ahead}
        return cls.cancel(at, side, order, price, size) | filled | more

    @staticmethod
    def change(
        at: float, side: int, order: str, before: tuple[float, int], after: tuple[float, int],
        **more: Any,
    ) -> Row:  # fmt: skip
        ids = {"LobAction": 4, "OrderId": order, "OldOrderId": order, "OriginalOrderId": order}
        old = {"OldPrice": before[0], "OldSize": before[1]}
        new = {"Price": after[0], "Size": after[1]}
        return BLANK | ids | {"at": at, "Side": side} | old | new | more


@pytest.fixture
def orders() -> type[Orders]:
    return Orders


@pytest.fixture
def frame() -> Frame:
    def of(rows: Iterable[Row]) -> pl.DataFrame:
        times = {"TimestampNanoseconds": pl.Datetime("ns"), "BMLLSequenceNo": pl.Int64}
        types = {"Side": pl.Int64, "Price": pl.Float64, "OldPrice": pl.Float64, **times}
        told = [
            {key: value for key, value in row.items() if key != "at"}
            | {
                "TimestampNanoseconds": NINE + timedelta(microseconds=round(row["at"] * 1e6)),
                "BMLLSequenceNo": row.get("BMLLSequenceNo", number),
            }
            for number, row in enumerate(rows)
        ]
        return pl.DataFrame(told, schema_overrides=types)

    return of


@pytest.fixture
def day(orders: type[Orders], frame: Frame) -> pl.DataFrame:
    insert, cancel, fill, change = orders.insert, orders.cancel, orders.fill, orders.change
    first = [
        insert(1, BID, "A", 10.0, 100),
        insert(2, BID, "B", 10.0, 50),
        insert(3, ASK, "C", 10.5, 70),
        insert(4, ASK, "D", 10.5, 30),
        # 40 of A are executed, with 8 shares ahead.
        change(5, BID, "A", (10.0, 100), (10.0, 60), OrderExecuted=True, ExecutionSize=40,
               SizeAhead=8),
        cancel(5.05, ASK, "D", 10.5, 30),
        change(6, BID, "B", (10.0, 50), (10.0, 45)),
        change(7, ASK, "C", (10.5, 70), (10.5, 80)),
        change(8, ASK, "C", (10.5, 80), (10.4, 90)),
        # C showed 90, and had more than it showed; it empties 10.4.
        fill(9, ASK, "C", 10.4, 90, ahead=11, ExecutionSize=95),
        insert(9.04, ASK, "E", 10.4, 20),
        cancel(9.1, ASK, "E", 10.4, 20),
        insert(10, 0, "F", 9.0, 7),
        insert(60, BID, "G", 9.9, 1000),
    ]  # fmt: skip
    second = [
        cancel(60.1, BID, "G", 9.9, 1000),
        fill(70, BID, "A", 10.0, 60),
        fill(71, BID, "B", 10.0, 45),  # empties 10.0
        insert(72, BID, "H", 9.8, 25),
        change(75, BID, "H", (9.8, 25), (10.0, 25)),
        # The id D is used again, twice.
        insert(80, ASK, "D", 10.6, 40),
        fill(80.03, ASK, "D", 10.6, 40),  # empties 10.6
        insert(80.05, ASK, "D", 10.6, 45),
        cancel(80.08, ASK, "D", 10.6, 45),
        cancel(90, BID, "Z", 9.5, 500),  # rests since yesterday
    ]
    third = [insert(130, ASK, "K", 10.7, 15)]
    elsewhere = [
        insert(2.5, BID, "A", 5.0, 10, ListingId=2),
        cancel(3.5, BID, "A", 5.0, 10, ListingId=2),
    ]
    return frame([*first, *second, *third, *elsewhere])


@pytest.fixture
def computed(day: pl.DataFrame) -> Computed:
    def of(section: Row, messages: pl.DataFrame = day, **fields: Any) -> dict[tuple[int, str], Row]:
        found = compute_frame("l3", {"l3": messages}, l3_analytics=section, **fields)
        return {(row["ListingId"], f"{row['TimeBucket']:%H:%M}"): row for row in found.to_dicts()}

    return of
