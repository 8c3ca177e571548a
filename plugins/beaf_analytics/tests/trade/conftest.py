"""What trades and books are tests of the module `trade` about?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from beaf_core import compute_frame

START = datetime(2025, 1, 6, 9, 0)
USUAL: dict[str, Any] = {
    "ListingId": 1,
    "Size": 100.0,
    "AggressorSide": 1,
    "Classification": "LIT_CONTINUOUS",
    "MarketState": "CONTINUOUS_TRADING",
}
ALIASES = {"p": "InstrumentCurrencyPrice", "s": "Size", "d": "AggressorSide"}
SIDES = {"+": 1, "-": 2, "0": 0}

Row = dict[str, Any]


def _frame(rows: Sequence[Row], time: str) -> pl.DataFrame:
    made = [
        {
            "BMLLSequenceNo": number,
            time: START + timedelta(seconds=row.get("at", 30.0)),
            **{key: value for key, value in row.items() if key != "at"},
        }
        for number, row in enumerate(rows)
    ]
    return pl.DataFrame(made, infer_schema_length=None)


@pytest.fixture
def trades() -> Callable[..., pl.DataFrame]:
    """Make a table of trades: `trades({"at": 5, "p": 10.0, "d": "-", …}, …)`."""

    def make(*prints: Row) -> pl.DataFrame:
        rows = [
            {**USUAL, **{ALIASES.get(key, key): value for key, value in each.items()}}
            for each in prints
        ]
        for row in rows:
            row["AggressorSide"] = SIDES.get(row["AggressorSide"], row["AggressorSide"])
        return _frame(rows, "TradeTimestamp")

    return make


@pytest.fixture
def book() -> Callable[..., pl.DataFrame]:
    """Make the best level of a book: `book((seconds, bid, ask), (seconds, bid, ask, state), …)`."""

    def make(*quotes: tuple[Any, ...]) -> pl.DataFrame:
        rows = [
            {
                "at": at,
                "ListingId": 1,
                "BidPrice1": bid,
                "AskPrice1": ask,
                "MarketState": state[0] if state else "CONTINUOUS_TRADING",
            }
            for at, bid, ask, *state in quotes
        ]
        return _frame(rows, "EventTimestamp")

    return make


@pytest.fixture
def computed(trades: Callable[..., pl.DataFrame]) -> Callable[..., list[Row]]:
    """Compute `trade` over prints: the rows of its buckets."""

    def compute(section: Row, *prints: Row, **more: Any) -> list[Row]:
        tables = {"trades": trades(*prints), **more.pop("tables", {})}
        options = {"market_state": False, **section}
        return compute_frame("trade", tables, trade_analytics=options, **more).to_dicts()

    return compute


@pytest.fixture
def bucket(computed: Callable[..., list[Row]]) -> Callable[..., Row]:
    """Compute `trade` over prints of one bucket: its row."""

    def compute(section: Row, *prints: Row, **more: Any) -> Row:
        [row] = computed(section, *prints, **more)
        return row

    return compute
