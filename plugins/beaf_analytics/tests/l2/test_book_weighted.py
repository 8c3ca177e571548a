"""Does `l2tw` weigh each state by the time for which it holds?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from plugins.beaf_analytics.tests.l2.books import EXAMPLE

Pass = Callable[..., pl.DataFrame]

ABS = {"spreads": [{"variant": "Abs"}]}


def values(frame: pl.DataFrame, name: str) -> list[Any]:
    return frame[name].to_list()


def test_the_worked_example_has_its_numbers(weighted: Pass) -> None:
    found = weighted(
        EXAMPLE,
        spreads=[{"variant": ["Abs", "BPS", "Rel"]}],
        ohlc=[{"source": ["Mid", "WeightedMid"]}],
        imbalances=[{"measure": ["Quantity", "CumQuantity"], "levels": 1}],
    )
    row = found.to_dicts()[1]  # the state of second 0 ends the bucket before
    assert row["SpreadAbsTWA"] == pytest.approx(0.02, rel=1e-9)
    assert row["SpreadBpsTWA"] == row["SpreadRelTWA"] == pytest.approx(1.99971671, rel=1e-8)
    assert row["MidTWA"] == pytest.approx(100.014166667, rel=1e-11)
    assert row["ImbalanceQuantity1TWA"] == pytest.approx(-0.01753663, rel=1e-6)
    assert row["ImbalanceCumQuantity1TWA"] == row["ImbalanceQuantity1TWA"]
    times = [10, 10, 10, 15, 10, 5]
    mids = [100.0125, 100.0 + 8 / 700, 100.014, 100.015, 100.0 + 0.03 * 700 / 1300, 100.0175]
    mean = sum(time * mid for time, mid in zip(times, mids, strict=True)) / 60
    assert row["WeightedMidTWA"] == pytest.approx(mean, rel=1e-12)


def test_each_state_of_the_worked_example_has_its_weighted_mid(snapshot: Pass) -> None:
    found = snapshot(
        EXAMPLE,
        ohlc=[{"source": "WeightedMid"}],
        time_bucket_seconds=5,
        time_bucket_closed="left",
    )
    expected = [100.0125, 100.011429, 100.014, 100.015, 100.016154, 100.0175]
    assert values(found, "WeightedMidClose") == pytest.approx(expected, abs=5e-7)


# -- what was wrong once -----------------------------------------------------------------------


def test_a_constant_spread_is_its_own_mean(weighted: Pass) -> None:
    rows = [(5, 100.0, 1, 102.0, 1), (100, 110.0, 1, 112.0, 1), (130, 90.0, 1, 92.0, 1)]
    assert values(weighted(rows, **ABS), "SpreadAbsTWA") == [2.0, 2.0, 2.0]


def test_a_constant_bid_is_its_own_mean(weighted: Pass) -> None:
    rows = [(5, 200.0, 1, 202.0, 1), (30, 200.0, 1, 203.0, 1)]
    assert values(weighted(rows, ohlc=[{"source": "Bid"}]), "BidTWA") == [200.0]


def test_a_mean_begins_with_the_first_state_and_ends_with_the_bucket(weighted: Pass) -> None:
    rows = [(5, 100.0, 1, 101.0, 1), (30, 200.0, 1, 201.0, 1), (90, 300.0, 1, 301.0, 1)]
    found = weighted(rows, ohlc=[{"source": "Bid"}])
    # 25 s of 100 and 30 s of 200; then 30 s of 200, which is carried in, and 30 s of 300.
    assert values(found, "BidTWA") == [pytest.approx(8500 / 55, rel=1e-15), 250.0]


# -- which quotes count ------------------------------------------------------------------------

#: 15 s valid, 10 s crossed, 5 s locked, 6 s of bids alone, 12 s halted, 12 s valid.
MIXED = [
    (0, 100.0, 10, 102.0, 1),
    (15, 103.0, 20, 102.0, 1),
    (25, 102.0, 30, 102.0, 1),
    (30, 101.0, 40, None, None),
    (36, 100.0, 50, 104.0, 1, {"MarketState": "HALTED"}),
    (48, 100.0, 60, 104.0, 1),
]


def mixed(weighted: Pass, **section: Any) -> dict[str, Any]:
    before, row = weighted(MIXED, **section).to_dicts()
    assert before["TimeBucket"].minute == 0
    return row


@pytest.mark.parametrize(
    ("quotes", "spread"),
    [
        ("valid", (15 * 2 + 12 * 4) / 27),
        ("uncrossed", (15 * 2 + 24 * 4) / 39),
        ("two_sided", (15 * 2 - 10 + 24 * 4) / 54),
        ("any", (15 * 2 - 10 + 24 * 4) / 54),
    ],
)
def test_a_spread_is_of_the_quotes_that_are_asked_for(
    weighted: Pass, quotes: str, spread: float
) -> None:
    row = mixed(weighted, spreads=[{"variant": "Abs", "quotes": quotes}])
    assert row["SpreadAbsTWA"] == pytest.approx(spread, rel=1e-15)


def test_market_states_choose_the_phases(weighted: Pass) -> None:
    row = mixed(weighted, spreads=[{"variant": "Abs", "market_states": "HALTED"}])
    assert row["SpreadAbsTWA"] == 4.0


def test_a_side_alone_has_valid_prices_and_every_quantity(weighted: Pass) -> None:
    asked = {"sides": "Bid", "measures": ["Price", "Quantity"], "levels": 1}
    row = mixed(weighted, liquidity=[asked])
    assert row["BidPrice1TWA"] == 100.0
    quantities = 15 * 10 + 10 * 20 + 5 * 30 + 6 * 40 + 12 * 50 + 12 * 60
    assert row["BidQuantity1TWA"] == pytest.approx(quantities / 60, rel=1e-15)
    whole = mixed(weighted, liquidity=[asked | {"quotes": "any"}])
    prices = 15 * 100 + 10 * 103 + 5 * 102 + 6 * 101 + 24 * 100
    assert whole["BidPrice1TWA"] == pytest.approx(prices / 60, rel=1e-15)
    valid = mixed(weighted, liquidity=[asked | {"quotes": "valid"}])
    assert valid["BidQuantity1TWA"] == pytest.approx((15 * 10 + 12 * 60) / 27, rel=1e-15)


def test_a_missing_level_holds_nothing_and_has_no_price(weighted: Pass) -> None:
    deep = {"AskPrice2": 103.0, "AskQuantity2": 60, "AskNumOrders2": 4, "AskNumOrders1": 2}
    rows = [(0, 100.0, 1, 102.0, 1, deep), (45, 100.0, 1, 102.0, 1, {"AskNumOrders1": 2})]
    words = ["Price", "Quantity", "NumOrders", "CumQuantity", "CumOrders", "CumNotional"]
    row = weighted(rows, liquidity=[{"sides": "Ask", "measures": words, "levels": 2}]).to_dicts()[1]
    assert row["AskPrice2TWA"] == 103.0
    assert row["AskQuantity2TWA"] == 45.0  # 60 for three quarters of the minute
    assert row["AskNumOrders2TWA"] == 4.0
    assert row["AskCumQuantity2TWA"] == 46.0
    assert row["AskCumOrders2TWA"] == 5.0  # 6 and 2
    assert row["AskCumNotional2TWA"] == 102 + 0.75 * 60 * 103


# -- shares and durations ----------------------------------------------------------------------


def test_shares_are_of_the_time_for_which_the_book_is_known(weighted: Pass) -> None:
    shares = ["Valid", "Locked", "Crossed", "OneSided", "Halt"]
    row = mixed(weighted, shares=shares, **ABS)
    found = [row[f"{each}Share"] for each in shares]
    assert found == [27 / 60, 5 / 60, 10 / 60, 6 / 60, 12 / 60]
    late = weighted([(45, 1.0, 1, 2.0, 1), (54, None, None, 2.0, 1)], shares=shares, **ABS)
    assert late.select(f"{each}Share" for each in shares).row(0) == (9 / 15, 0, 0, 6 / 15, 0)


def test_a_bucket_in_which_the_book_is_known_for_no_time_has_no_shares(weighted: Pass) -> None:
    before, _ = weighted(MIXED, shares=["Valid", "Halt"], **ABS).to_dicts()
    assert before["ValidShare"] is before["HaltShare"] is before["SpreadAbsTWA"] is None


def test_a_side_without_price_or_with_a_price_of_zero_is_not_there(weighted: Pass) -> None:
    rows = [(0, 0.5, 1, 0.0, 0), (20, 0.0, 0, 0.25, 1), (50, None, None, 0.0, 0)]
    row = weighted(rows, shares=["OneSided", "Locked", "Crossed"], **ABS).to_dicts()[1]
    assert row["OneSidedShare"] == 50 / 60
    assert row["LockedShare"] == row["CrossedShare"] == 0.0


def test_durations_are_exact_nanoseconds(weighted: Pass) -> None:
    expected = {
        "Book": 60, "TwoSided": 54, "Continuous": 42, "Valid": 27,
        "Locked": 5, "Crossed": 10, "OneSided": 6, "Halt": 12,
    }  # fmt: skip
    row = mixed(weighted, durations=list(expected))
    assert {name: row[f"{name}Ns"] for name in expected} == {
        name: seconds * 10**9 for name, seconds in expected.items()
    }


# -- aggregations over rows --------------------------------------------------------------------

#: Spreads 2, 4, 3, and two rows that do not count.
UNEVEN = [
    (10, 100.0, 1, 102.0, 1),
    (20, 100.0, 1, 104.0, 1),
    (50, 100.0, 1, 103.0, 1),
    (50, 100.0, 1, 99.0, 1),
    (58, 100.0, 1, 109.0, 1, {"MarketState": "HALTED"}),
]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("First", 2.0), ("Last", 3.0), ("Min", 2.0), ("Max", 4.0), ("Mean", 3.0),
        ("Median", 3.0), ("Std", 1.0), ("TWA", (10 * 2 + 30 * 4) / 40),
    ],
)  # fmt: skip
def test_each_word_aggregates_the_rows_that_count(
    weighted: Pass, word: str, expected: float
) -> None:
    metric = {"variant": "Abs", "aggregations": [word]}
    found = weighted(UNEVEN, spreads=[metric])
    assert values(found, f"SpreadAbs{word}") == [pytest.approx(expected, rel=1e-14)]


def test_every_row_of_the_book_is_an_update(weighted: Pass) -> None:
    found = weighted([*UNEVEN, (61, 1.0, 1, 2.0, 1)], counts="QuoteUpdateCount")
    assert values(found, "QuoteUpdateCount") == [5, 1]
