"""Which quotes count?"""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from beaf_analytics.measures.quotes import ASK_SIZE, BID_SIZE, MID, accepted

OPEN, HALTED = "CONTINUOUS_TRADING", "HALTED"
#: What stands in the book: bid, ask, phase.
BOOKS: dict[str, tuple[float | None, float | None, str]] = {
    "usual": (9.0, 11.0, OPEN),
    "penny": (0.5, 0.75, OPEN),
    "halted": (9.0, 11.0, HALTED),
    "locked": (10.0, 10.0, OPEN),
    "crossed": (11.0, 9.0, OPEN),
    "halted, crossed": (11.0, 9.0, HALTED),
    "no bid": (0.0, 11.0, OPEN),
    "no ask": (9.0, 0.0, OPEN),
    "neither": (0.0, 0.0, OPEN),
    "bid absent": (None, 11.0, OPEN),
}
ROWS = pl.DataFrame(
    [(name, *book) for name, book in BOOKS.items()],
    schema={"name": pl.String, "BidPrice1": pl.Float64, "AskPrice1": pl.Float64,
            "MarketState": pl.String},
    orient="row",
)  # fmt: skip


def kept(quotes: Any, *states: str) -> set[str]:
    condition = accepted(quotes, states or None)
    return set((ROWS if condition is None else ROWS.filter(condition))["name"])


def test_a_valid_quote_has_two_sides_in_order_in_continuous_trading() -> None:
    assert kept("valid") == {"usual", "penny"}


def test_an_uncrossed_quote_may_be_of_any_phase() -> None:
    assert kept("uncrossed") == {"usual", "penny", "halted"}


def test_a_two_sided_quote_may_be_locked_or_crossed() -> None:
    wanted = {"usual", "penny", "halted", "locked", "crossed", "halted, crossed"}
    assert kept("two_sided") == wanted


def test_any_quote_is_any_quote() -> None:
    assert accepted("any") is None


@pytest.mark.parametrize(
    ("quotes", "names"),
    [
        ("valid", {"halted"}),
        ("uncrossed", {"halted"}),
        ("two_sided", {"halted", "halted, crossed"}),
        ("any", {"halted", "halted, crossed"}),
    ],
)
def test_phases_that_are_asked_for_take_the_place_of_continuous_trading(
    quotes: str, names: set[str]
) -> None:
    assert kept(quotes, HALTED) == names
    assert kept(quotes, HALTED, OPEN) >= names | {"usual"}


def test_the_mid_is_halfway_between_the_sides_and_sizes_are_of_their_own() -> None:
    sizes = {"BidQuantity1": [7], "AskQuantity1": [5]}
    frame = pl.DataFrame({"BidPrice1": [9.0], "AskPrice1": [12.0], **sizes})
    assert frame.select(MID, BID_SIZE, ASK_SIZE).row(0) == (10.5, 7, 5)
