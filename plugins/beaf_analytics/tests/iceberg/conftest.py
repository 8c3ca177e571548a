"""What do order messages and trades look like, that tests of icebergs are worked out on?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import polars as pl
import pytest

from beaf_core import compute_frame

#: A second past nine: on the edge itself, what happens first would be alone in its bucket.
START = int((datetime(2025, 1, 6, 9, 0, 1) - datetime(1970, 1, 1)).total_seconds()) * 10**9
BID, ASK = 1, 2

L3 = {
    "ListingId": pl.Int64, "TimestampNanoseconds": pl.Int64, "BMLLSequenceNo": pl.Int64,
    "Side": pl.Int64, "LobAction": pl.Int64, "OrderId": pl.String, "OldOrderId": pl.String,
    "Price": pl.Float64, "Size": pl.Int64, "OldPrice": pl.Float64, "OldSize": pl.Int64,
    "OrderExecuted": pl.Boolean, "ExecutionPrice": pl.Float64, "ExecutionSize": pl.Int64,
    "TradeId": pl.String, "MarketState": pl.String,
}  # fmt: skip
TRADES = {
    "ListingId": pl.Int64, "TradeTimestampNanoseconds": pl.Int64, "BMLLSequenceNo": pl.Int64,
    "TradeId": pl.String, "InstrumentCurrencyPrice": pl.Float64, "Size": pl.Float64,
    "AggressorSide": pl.Int64, "PricePoint": pl.Float64, "BMLLTradeType": pl.String,
    "Classification": pl.String, "MarketState": pl.String,
}  # fmt: skip


class Market:
    """Order messages and trades; times in nanoseconds after the start."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.trades: list[dict[str, Any]] = []

    def insert(
        self, at: int, order: str, size: int = 100, *, side: int = BID, price: float = 10.0,
        listing: int = 1,
    ) -> None:  # fmt: skip
        """Insert an order, as the table has it: no old order, nothing executed."""
        self._message(
            ListingId=listing, TimestampNanoseconds=START + at, Side=side, LobAction=2,
            OrderId=order, OldOrderId="", Price=price, Size=size, OldPrice=None, OldSize=0,
            OrderExecuted=False, ExecutionPrice=None, ExecutionSize=0, TradeId="",
        )  # fmt: skip

    def execute(
        self, at: int, order: str, size: int, of: int, *, left: int = 0, side: int = BID,
        price: float = 10.0, executed_at: float | None = None, trade: str = "", listing: int = 1,
        new_order: str | None = None, state: str = "CONTINUOUS_TRADING",
    ) -> None:  # fmt: skip
        """Execute `size` shares of an order that displays `of`; `left` are displayed afterwards."""
        self._message(
            ListingId=listing, TimestampNanoseconds=START + at, Side=side,
            LobAction=4 if left else 3, OrderId=(new_order or order) if left else "",
            OldOrderId=order, Price=price if left else None, Size=left, OldPrice=price, OldSize=of,
            OrderExecuted=True, ExecutionPrice=price if executed_at is None else executed_at,
            ExecutionSize=size, TradeId=trade, MarketState=state,
        )  # fmt: skip

    def cancel(self, at: int, order: str, of: int, *, side: int = BID, price: float = 10.0) -> None:
        """Remove an order that displays `of`, unexecuted."""
        self.execute(at, order, 0, of, side=side, price=price)
        self.messages[-1] |= {"OrderExecuted": False, "ExecutionPrice": None}

    def _message(self, **fields: Any) -> None:
        sequence = len(self.messages) + 1
        state = {"MarketState": "CONTINUOUS_TRADING"}
        self.messages.append({**state, "BMLLSequenceNo": sequence, **fields})

    def trade(
        self, at: int, size: float = 100.0, *, price: float = 10.0, aggressor: int | None = 2,
        trade: str = "", kind: str = "LIT", point: float | None = None, listing: int = 1,
    ) -> None:  # fmt: skip
        """Print a trade; by default a sell, which hits the bid."""
        self.trades.append(
            {
                "ListingId": listing, "TradeTimestampNanoseconds": START + at,
                "BMLLSequenceNo": len(self.trades) + 1, "TradeId": trade,
                "InstrumentCurrencyPrice": price, "Size": size, "AggressorSide": aggressor,
                "PricePoint": point, "BMLLTradeType": kind, "Classification": "LIT_CONTINUOUS",
            }
        )  # fmt: skip

    @property
    def tables(self) -> dict[str, pl.DataFrame]:
        """The tables, the messages in no order of time."""
        l3 = pl.DataFrame(self.messages, schema=L3).reverse()
        return {"l3": l3, "trades": pl.DataFrame(self.trades, schema=TRADES)}

    def rows(self, section: dict[str, Any] | None = None, **fields: Any) -> list[dict[str, Any]]:
        """Compute the module over the messages."""
        given = {"iceberg_analytics": section} if section else {}
        return compute_frame("iceberg", self.tables, **given, **fields).to_dicts()

    def row(self, section: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
        """Compute the one row that there is."""
        (row,) = self.rows(section, **fields)
        return row


@pytest.fixture
def market() -> Market:
    """Return a market in which nothing has happened yet."""
    return Market()


@pytest.fixture(scope="session")
def new_market() -> Callable[[], Market]:
    """Return what makes such a market, for tests that need many."""
    return Market
