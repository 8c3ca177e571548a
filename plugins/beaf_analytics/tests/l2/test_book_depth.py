"""What does a walk through the book cost, how deep is it, how steep is its quote?"""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import Any

import polars as pl
import pytest

Pass = Callable[..., pl.DataFrame]

#: Bid 10.00 x 100, 9.90 x 200: 1000 and 1980. Ask 10.10 x 50, 10.20 x 100: 505 and 1020.
SECOND = {"BidPrice2": 9.9, "BidQuantity2": 200, "AskPrice2": 10.2, "AskQuantity2": 100}
DEEP = (10, 10.0, 100, 10.1, 50, SECOND)


def row(snapshot: Pass, state: Any, **section: Any) -> dict[str, Any]:
    [found] = snapshot([state], **section).to_dicts()
    return found


def near(expected: float | None) -> Any:
    return None if expected is None else pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("amount", "bid", "ask"),
    [
        (500, 10.0, 10.1),
        (1000, 10.0, 1000 / (50 + 495 / 10.2)),
        (1001, 1001 / (100 + 1 / 9.9), 1001 / (50 + 496 / 10.2)),
        (1525, 1525 / (100 + 525 / 9.9), 1525 / 150),
        (1526, 1526 / (100 + 526 / 9.9), None),
        (2980, 2980 / 300, None),
        (2981, None, None),
    ],
)
def test_a_sweep_takes_level_after_level_until_it_has_its_notional(
    snapshot: Pass, amount: int, bid: float | None, ask: float | None
) -> None:
    section = {"sweeps": [{"notionals": amount}], "costs": [{"notionals": amount}]}
    found = row(snapshot, DEEP, **section)
    assert found[f"SweepPriceBid{amount}"] == near(bid)
    assert found[f"SweepPriceAsk{amount}"] == near(ask)
    cost = None if bid is None or ask is None else 1e4 * (ask - bid) / 10.05
    assert found[f"CostToTrade{amount}"] == near(cost)


def test_a_walk_ends_with_the_levels_that_the_book_is_said_to_have(snapshot: Pass) -> None:
    section = {"levels": 1, "sweeps": [{"notionals": [500, 600]}]}
    found = row(snapshot, DEEP, **section)
    assert (found["SweepPriceAsk500"], found["SweepPriceAsk600"]) == (10.1, None)
    assert (found["SweepPriceBid500"], found["SweepPriceBid600"]) == (10.0, 10.0)


def test_a_quote_that_is_not_valid_costs_nothing_known(snapshot: Pass) -> None:
    crossed = (10, 10.0, 100, 9.9, 100)
    section = {"costs": [{"notionals": 100}], "depth": [{"bps": 10}]}
    found = row(snapshot, crossed, **section)
    assert found["CostToTrade100"] is found["BidDepthBps10"] is None


def test_costs_and_depths_are_averaged_by_time(weighted: Pass) -> None:
    rows = [(0, 10.0, 100, 10.1, 50), (15, 10.0, 100, 10.3, 50)]
    section = {"costs": [{"notionals": 100}], "depth": [{"sides": "Ask", "bps": [60]}]}
    found = weighted(rows, **section).to_dicts()[1]
    costs = 0.25 * 1e4 * 0.1 / 10.05 + 0.75 * 1e4 * 0.3 / 10.15
    assert found["CostToTrade100TWA"] == pytest.approx(costs, rel=1e-9)
    assert found["AskDepthBps60TWA"] == 0.25 * 50


@pytest.mark.parametrize(
    ("bps", "bid", "ask"), [(49, 0, 0), (50, 100, 50), (149, 100, 50), (151, 300, 150)]
)
def test_depth_is_the_quantity_that_is_near_enough(
    snapshot: Pass, bps: int, bid: int, ask: int
) -> None:
    # At 99.5 and 100.5 the best levels are 50 basis points from the mid, the next ones 150.
    levels = {"BidPrice2": 98.5, "BidQuantity2": 200, "AskPrice2": 101.5, "AskQuantity2": 100}
    found = row(snapshot, (10, 99.5, 100, 100.5, 50, levels), depth=[{"bps": bps}])
    assert (found[f"BidDepthBps{bps}"], found[f"AskDepthBps{bps}"]) == (bid, ask)


def test_depth_beyond_the_last_level_is_not_known(snapshot: Pass) -> None:
    section = {"levels": 2, "depth": [{"bps": [100, 200]}]}
    found = row(snapshot, DEEP, **section)
    assert (found["BidDepthBps100"], found["AskDepthBps100"]) == (100, 50)
    assert found["BidDepthBps200"] is found["AskDepthBps200"] is None


SLOPES = ["LogQuotedSpread", "LogQuotedSize", "QuotedSlope", "LogQuoteSlope"]


def test_slopes_relate_spread_and_size(snapshot: Pass) -> None:
    found = row(snapshot, (10, 99.0, 10, 101.0, 20), slopes=[{"measures": SLOPES}])
    expected = [log(101 / 99), log(200), 2 / log(200), log(101 / 99) / log(200)]
    assert [found[each] for each in SLOPES] == pytest.approx(expected, rel=1e-12)


def test_sizes_of_one_have_no_slope(snapshot: Pass) -> None:
    small = row(snapshot, (10, 99.0, 1, 101.0, 1), slopes=[{"measures": SLOPES}])
    assert small["LogQuotedSize"] == 0.0
    assert small["QuotedSlope"] is small["LogQuoteSlope"] is None
    two = row(snapshot, (10, 99.0, 1, 101.0, 2), slopes=[{"measures": SLOPES}])
    assert two["QuotedSlope"] == pytest.approx(2 / log(2), rel=1e-12)
    none = row(snapshot, (10, 99.0, 0, 101.0, 2), slopes=[{"measures": SLOPES}])
    assert none["LogQuotedSize"] is none["QuotedSlope"] is None


def test_a_quote_without_a_slope_takes_no_part_in_means_and_extremes(weighted: Pass) -> None:
    rows = [(1, 99.0, 1, 101.0, 1), (20, 99.0, 1, 101.0, 2), (50, 99.0, 1, 101.0, 0)]
    words = ["Mean", "Min", "Max", "TWA"]
    asked = {"measures": ["QuotedSlope", "LogQuoteSlope"], "aggregations": words}
    [row] = weighted(rows, slopes=[asked]).to_dicts()
    for word in words:
        assert row[f"QuotedSlope{word}"] == pytest.approx(2 / log(2), rel=1e-12)
        assert row[f"LogQuoteSlope{word}"] == pytest.approx(log(101 / 99) / log(2), rel=1e-12)


def test_without_a_mid_nothing_is_known_to_be_near_it(snapshot: Pass) -> None:
    found = row(snapshot, (10, 10.0, 100, None, None), depth=[{"bps": 10, "quotes": "any"}])
    assert found["BidDepthBps10"] is found["AskDepthBps10"] is None
