"""How are small books written row by row, and computed?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from beaf_core import compute_frame

START = datetime(2025, 1, 6, 9)
LEVELS = range(1, 11)

#: Second of the hour, bid, its size, ask, its size; further fields by the name of their column.
Row = tuple[Any, ...]


#: The quotes of a worked example; the flows between them are -100, 200, 300, -200, -100.
EXAMPLE: list[Row] = [
    (0, 100.00, 500, 100.02, 300),
    (10, 100.00, 400, 100.02, 300),
    (20, 100.01, 200, 100.02, 300),
    (30, 100.01, 200, 100.03, 600),
    (45, 100.00, 700, 100.03, 600),
    (55, 100.00, 700, 100.02, 100),
]


def book(rows: Sequence[Row], *, listing: int = 1) -> pl.DataFrame:
    """Write a book; each row may end with a mapping of further columns."""
    return pl.DataFrame(
        [_state(row, number, listing) for number, row in enumerate(rows)], schema=SCHEMA
    )


SCHEMA = {
    "ListingId": pl.Int64(),
    "TimestampNanoseconds": pl.Datetime("ns"),
    "BMLLSequenceNo": pl.Int64(),
    "MarketState": pl.String(),
    **{
        f"{side}{word}{level}": dtype
        for level in LEVELS
        for side in ("Bid", "Ask")
        for word, dtype in (
            ("Price", pl.Float64()),
            ("Quantity", pl.Int64()),
            ("NumOrders", pl.Int32()),
        )
    },
}


def _state(row: Row, number: int, listing: int) -> dict[str, Any]:
    second, bid, bid_size, ask, ask_size, *more = row
    return {
        "ListingId": listing,
        "TimestampNanoseconds": START + timedelta(seconds=second),
        "BMLLSequenceNo": number,
        "MarketState": "CONTINUOUS_TRADING",
        "BidPrice1": bid,
        "BidQuantity1": bid_size,
        "AskPrice1": ask,
        "AskQuantity1": ask_size,
        **(more[0] if more else {}),
    }


def computed(modules: Any, rows: Any, **section: Any) -> pl.DataFrame:
    """Compute modules over rows; what is no field of the pass is their section."""
    frame = rows if isinstance(rows, pl.DataFrame) else book(rows)
    fields = {key: section.pop(key) for key in list(section) if key.startswith("time_bucket")}
    tables = {"l2": frame, **section.pop("tables", {})}
    extra = section.pop("fields", {})
    return compute_frame(modules, tables, l2_analytics=section, **fields, **extra)
