"""Books of several venues, written down row by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

NOON = datetime(2025, 1, 6, 12)
#: ListingId → venue; 10 and 11 are one instrument, whose primary is 10; 20 stands alone.
VENUES = {10: "XLON", 11: "BATE", 20: "XLON"}

Level = tuple[float, int] | tuple[float, int, int]
#: Listing, second after noon, bids and asks from the best, market state.
Row = (
    tuple[int, float, Sequence[Level], Sequence[Level]]
    | tuple[int, float, Sequence[Level], Sequence[Level], str]
)


def _moment(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def _book(number: int, row: Row) -> dict[str, Any]:
    listing, second, bids, asks, *state = row
    found: dict[str, Any] = {
        "ListingId": listing,
        "TimestampNanoseconds": _moment(second),
        "BMLLSequenceNo": number,
        "MarketState": state[0] if state else "CONTINUOUS_TRADING",
    }
    for side, levels in (("Bid", bids), ("Ask", asks)):
        for n in range(1, 11):
            price, quantity, *orders = levels[n - 1] if n <= len(levels) else (None, None, None)
            found |= {
                f"{side}Price{n}": price,
                f"{side}Quantity{n}": quantity,
                f"{side}NumOrders{n}": orders[0] if orders else 1,
            }
    return found


def _l2(*rows: Row) -> pl.DataFrame:
    frame = pl.DataFrame([_book(n, row) for n, row in enumerate(rows)], infer_schema_length=None)
    return frame.with_columns(
        pl.col("^TimestampNanoseconds$").cast(pl.Datetime("ns")),
        pl.col("^(Bid|Ask)Price.*$").cast(pl.Float64),
        pl.col("^(Bid|Ask)Quantity.*$").cast(pl.Int64),
        pl.col("^(Bid|Ask)NumOrders.*$").cast(pl.Int32),
    )


@pytest.fixture(scope="session")
def l2() -> Callable[..., pl.DataFrame]:
    """Rows of venues' books, in the order of their sequence."""
    return _l2


@pytest.fixture
def reference() -> pl.DataFrame:
    """The venues' listings."""
    return pl.DataFrame(
        {
            "ListingId": list(VENUES),
            "InstrumentId": [1, 1, 2],
            "MIC": list(VENUES.values()),
            "OPOL": ["XLON", "XLON", "XLON"],
            "IsPrimary": [True, False, True],
            "CurrencyCode": ["GBX", "GBX", "GBX"],
            "Date": [NOON.replace(hour=0)] * 3,
        },
        schema_overrides={"Date": pl.Datetime("ms")},
    )


@pytest.fixture(scope="session")
def cbbo(l2: Callable[..., pl.DataFrame]) -> Callable[..., pl.DataFrame]:
    """Best prices of all venues; one level, and no market state."""

    def rows(*given: Row) -> pl.DataFrame:
        frame = l2(*given).rename({"BMLLSequenceNo": "L2EventNo"})
        best = ("BidPrice1", "BidQuantity1", "AskPrice1", "AskQuantity1")
        return frame.select("ListingId", "TimestampNanoseconds", "L2EventNo", *best)

    return rows
