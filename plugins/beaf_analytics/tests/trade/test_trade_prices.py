"""Are ranges, variances and returns of bars what is worked out by hand?"""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import Any

import pytest

Row = dict[str, Any]
Bucket = Callable[..., Row]
Computed = Callable[..., list[Row]]

RANGES = ("Range", "ParkinsonVar", "GarmanKlassVar", "RogersSatchellVar")


def asked(*words: str, **more: Any) -> Row:
    return {"generic_metrics": [{"measures": list(words), **more}]}


def near(value: float) -> Any:
    return pytest.approx(value, rel=1e-13)


def test_variances_of_a_bar_follow_their_papers(bucket: Bucket) -> None:
    # open 100, high 104, low 98, close 103
    row = bucket(asked(*RANGES), *({"p": p} for p in (100.0, 98.0, 104.0, 103.0)))
    span = log(104 / 98)
    assert row["TradeTotalRange"] == near(span)
    assert row["TradeTotalParkinsonVar"] == near(span**2 / (4 * log(2)))
    assert row["TradeTotalGarmanKlassVar"] == near(
        0.5 * span**2 - (2 * log(2) - 1) * log(103 / 100) ** 2
    )
    assert row["TradeTotalRogersSatchellVar"] == near(
        log(104 / 103) * log(104 / 100) + log(98 / 103) * log(98 / 100)
    )


def test_one_price_has_no_range(bucket: Bucket) -> None:
    row = bucket(asked(*RANGES), {"p": 0.7}, {"p": 9.0, "s": -100.0}, {"p": 0.0}, {"p": -1.0})
    assert [row[f"TradeTotal{word}"] for word in RANGES] == [0.0, 0.0, 0.0, 0.0]


def test_a_side_without_prices_has_no_range_and_no_return(bucket: Bucket) -> None:
    words = (*RANGES, "LogReturn", "AbsReturn")
    row = bucket(asked(*words, sides="Sell"), {"p": 7.0})
    assert [row[f"TradeSell{word}"] for word in words] == [None] * 6


def test_a_return_goes_from_the_last_price_of_an_earlier_bucket(computed: Computed) -> None:
    rows = computed(
        asked("LogReturn", "AbsReturn"),
        {"at": 10, "p": 100.0},
        {"at": 20, "p": 102.0},
        # nothing in the second minute; in the third, two prints at one time
        {"at": 130, "p": 99.0},
        {"at": 130, "p": 98.0},
        {"at": 150, "p": 101.0},
        {"at": 200, "p": 97.0},
    )
    wanted = [log(102 / 100), log(101 / 102), log(97 / 101)]
    assert [row["TradeTotalLogReturn"] for row in rows] == [near(each) for each in wanted]
    assert [row["TradeTotalAbsReturn"] for row in rows] == [near(abs(each)) for each in wanted]
    assert sum(row["TradeTotalLogReturn"] for row in rows) == near(log(97 / 100))


def test_prices_below_one_have_returns_too(computed: Computed) -> None:
    rows = computed(asked("LogReturn"), {"at": 10, "p": 0.5}, {"at": 70, "p": 0.4})
    assert rows[1]["TradeTotalLogReturn"] == near(log(0.4 / 0.5))


@pytest.mark.parametrize(("anchor", "closed"), [("end", "right"), ("start", "left")])
def test_a_print_on_the_edge_counts_in_one_bucket_and_is_no_price_before_it(
    computed: Computed, anchor: str, closed: str
) -> None:
    rows = computed(
        asked("LogReturn"),
        {"at": 10, "p": 100.0},
        {"at": 60, "p": 110.0},
        {"at": 70, "p": 121.0},
        time_bucket_anchor=anchor,
        time_bucket_closed=closed,
    )
    first = log(110 / 100) if closed == "right" else 0.0
    wanted = [first, log(121 / 100) - first]
    assert [row["TradeTotalLogReturn"] for row in rows] == [
        pytest.approx(each, rel=1e-13, abs=1e-15) for each in wanted
    ]


def test_the_price_before_is_of_the_same_side_state_and_classification(
    computed: Computed,
) -> None:
    section = asked("LogReturn", sides=["Total", "Sell"], market_states="CONTINUOUS_TRADING")
    rows = computed(
        section,
        {"at": 10, "p": 100.0, "d": "-"},
        {"at": 20, "p": 102.0},
        {"at": 30, "p": 55.0, "d": "-", "MarketState": "HALTED"},
        {"at": 40, "p": 56.0, "d": "-", "Classification": "DARK"},
        {"at": 50, "p": 57.0, "d": "-", "s": -1.0},
        {"at": 55, "p": 0.0, "d": "-"},
        {"at": 70, "p": 105.0, "d": "-"},
    )
    assert rows[1]["TradeTotalLogReturn"] == near(log(105 / 102))
    assert rows[1]["TradeSellLogReturn"] == near(log(105 / 100))
