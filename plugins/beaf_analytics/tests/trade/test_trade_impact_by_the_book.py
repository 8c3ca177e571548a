"""Do costs and impact by the book equal what is worked out by hand?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

Row = dict[str, Any]
Bucket = Callable[..., Row]

#: Bid and ask by second, and trades, of the metric reference's worked example.
QUOTES = [
    (0, 100.00, 100.02),
    (10, 100.00, 100.02),
    (20, 100.01, 100.02),
    (30, 100.01, 100.03),
    (45, 100.00, 100.03),
    (55, 100.00, 100.02),
]
GOLDEN: list[Row] = [
    {"at": 5, "p": 100.02, "s": 100.0, "d": "+"},
    {"at": 15, "p": 100.00, "s": 100.0, "d": "-"},
    {"at": 25, "p": 100.02, "s": 300.0, "d": "+"},
    {"at": 40, "p": 100.01, "s": 200.0, "d": "-"},
    {"at": 50, "p": 100.015, "s": 50.0, "d": "0"},
]
DECOMPOSED = ["EffectiveSpread", "RealizedSpread", "PriceImpact"]


def asked(variant: Any, horizon: Any = "1s", **more: Any) -> Row:
    metric = {"variant": variant, "horizon": horizon, **more}
    return {"impact_metrics": [metric]}


def near(value: float) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-11)


# -- golden numbers, by the book -------------------------------------------------------------------


def test_costs_weighted_by_volume_are_those_of_the_worked_example(
    bucket: Bucket, book: Callable[..., pl.DataFrame]
) -> None:
    row = bucket(
        {
            "generic_metrics": [{"measures": ["VWAP", "TradeImbalance"]}],
            **asked(DECOMPOSED, "10s", mids="l2", aggregations=["VWA", "Sum"]),
        },
        *GOLDEN,
        tables={"l2": book(*QUOTES)},
    )
    # over the 700 shares whose aggressor is known
    assert row["EffectiveSpread10sVWA"] == near(0.0157142857142857)
    assert row["RealizedSpread10sVWA"] == near(0.01)
    assert row["PriceImpact10sVWA"] == near(0.0057142857142857)
    # print by print: ES .02 .02 .01 .02, RS .02 .03 0 .01, PI 0 -.01 .01 .01
    assert row["EffectiveSpread10sSum"] == near(0.07)
    assert row["RealizedSpread10sSum"] == near(0.06)
    assert row["PriceImpact10sSum"] == near(0.01)
    assert row["TradeTotalVWAP"] == near(75010.75 / 750)
    assert row["TradeImbalance"] == near(1 / 7)
    assert row["UnknownDirectionShare"] == near(50 / 750)


@pytest.mark.parametrize(
    ("number", "effective", "realized", "impact"),
    [(0, 0.02, 0.02, 0.0), (1, 0.02, 0.03, -0.01), (2, 0.01, 0.0, 0.01), (3, 0.02, 0.01, 0.01)],
)
def test_each_print_costs_what_the_worked_example_says(
    bucket: Bucket,
    book: Callable[..., pl.DataFrame],
    number: int,
    effective: float,
    realized: float,
    impact: float,
) -> None:
    row = bucket(asked(DECOMPOSED, "10s", mids="l2"), GOLDEN[number], tables={"l2": book(*QUOTES)})
    assert row["EffectiveSpread10s"] == near(effective)
    assert row["RealizedSpread10s"] == near(realized)
    assert row["PriceImpact10s"] == near(impact)


def test_a_print_without_a_known_aggressor_has_no_cost(
    bucket: Bucket, book: Callable[..., pl.DataFrame]
) -> None:
    row = bucket(asked(DECOMPOSED, "10s", mids="l2"), GOLDEN[4], tables={"l2": book(*QUOTES)})
    assert [row[f"{word}10s"] for word in DECOMPOSED] == [None, None, None]
    assert row["UnknownDirectionShare"] == 1.0


# -- the book --------------------------------------------------------------------------------------


def test_the_quote_that_prevails_is_strictly_before_the_trade(
    bucket: Bucket, book: Callable[..., pl.DataFrame]
) -> None:
    quotes = book((1, 9.9, 10.1), (5, 10.9, 11.1))
    row = bucket(
        asked("EffectiveSpread", None, mids="l2"),
        {"at": 5, "p": 10.5, "d": "+"},
        tables={"l2": quotes},
    )
    assert row["EffectiveSpread"] == near(2 * (10.5 - 10.0))


def test_the_quote_itself_prevails_too(bucket: Bucket, book: Callable[..., pl.DataFrame]) -> None:
    section = asked(["EffectiveToQuoted", "PriceImprovement"], mids="l2")
    quotes = {"l2": book((1, 9.8, 10.2), (5, 1.0, 99.0))}
    bought = bucket(section, {"at": 5, "p": 10.1, "d": "+"}, tables=quotes)
    assert bought["EffectiveToQuoted"] == near(0.2 / 0.4)
    assert bought["PriceImprovement"] == near(0.1)
    sold = bucket(section, {"at": 5, "p": 9.7, "d": "-"}, tables=quotes)
    assert sold["EffectiveToQuoted"] == near(0.6 / 0.4)
    assert sold["PriceImprovement"] == near(-0.1)


def test_the_later_mid_is_at_or_before_the_horizon(
    bucket: Bucket, book: Callable[..., pl.DataFrame]
) -> None:
    quotes = book((1, 9.9, 10.1), (7, 10.9, 11.1), (7.001, 19.0, 21.0))
    row = bucket(
        asked(["PriceImpact", "Markout"], ["2s", "1999ms", "2001ms"], mids="l2"),
        {"at": 5, "p": 10.5, "d": "+"},
        tables={"l2": quotes},
    )
    assert row["PriceImpact2s"] == near(2.0)
    assert row["PriceImpact1999ms"] == near(0.0)
    assert row["PriceImpact2001ms"] == near(20.0)
    assert row["Markout2s"] == near(0.5)
    assert row["Markout1999ms"] == near(-0.5)


def test_locked_crossed_and_one_sided_quotes_and_auctions_are_passed_over(
    bucket: Bucket, book: Callable[..., pl.DataFrame]
) -> None:
    quotes = book(
        (1, 9.9, 10.1),
        (2, 10.4, 10.6, "OPENING_AUCTION"),
        (3, 10.5, 10.5),
        (4, None, 10.3),
    )
    trade = {"at": 5, "p": 10.5, "d": "+"}

    def paid(kind: str) -> float:
        section = asked("EffectiveSpread", None, mids="l2", quotes=kind)
        row = bucket(section, trade, tables={"l2": quotes})
        return float(row["EffectiveSpread"])

    assert paid("valid") == near(1.0)
    assert paid("uncrossed") == near(0.0)
    assert (
        bucket(
            asked("EffectiveSpread", None, mids="l2", quotes="any"), trade, tables={"l2": quotes}
        )["EffectiveSpread"]
        is None
    )
    locked = book((1, 9.9, 10.1), (3, 10.4, 10.4))
    row = bucket(
        asked(["EffectiveSpread", "EffectiveToQuoted"], None, mids="l2", quotes="two_sided"),
        trade,
        tables={"l2": locked},
    )
    assert row["EffectiveSpread"] == near(0.2)
    assert row["EffectiveToQuoted"] is None


def test_after_the_end_of_continuous_trading_there_is_no_later_mid_unless_it_is_clipped(
    bucket: Bucket, book: Callable[..., pl.DataFrame]
) -> None:
    quotes = book((1, 9.9, 10.1), (6, 10.0, 10.2), (8, 11.0, 11.4, "CLOSING_AUCTION"))
    trade = {"at": 5, "p": 10.1, "d": "+"}
    two = ["EffectiveSpread", "PriceImpact"]
    row = bucket(asked(two, ["2s", "3s"], mids="l2"), trade, tables={"l2": quotes})
    assert row["PriceImpact2s"] == near(0.2)
    assert row["PriceImpact3s"] is None
    # so that what was paid splits up, it too is over prints that have a later mid
    assert row["EffectiveSpread2s"] == near(0.2)
    assert row["EffectiveSpread3s"] is None
    clipped = bucket(asked(two, "3s", mids="l2", beyond="clip"), trade, tables={"l2": quotes})
    assert clipped["PriceImpact3s"] == near(0.2)
    any_phase = bucket(asked(two, "3s", mids="l2", quotes="uncrossed"), trade,
                       tables={"l2": quotes})  # fmt: skip
    assert any_phase["PriceImpact3s"] == near(2 * (11.2 - 10.0))


def test_a_reference_of_trades_may_go_with_a_later_mid_of_the_book(
    bucket: Bucket, book: Callable[..., pl.DataFrame]
) -> None:
    row = bucket(
        asked("PriceImpact", "2s", mids="l2", reference_price_col="PreTradeMid5ms"),
        {"at": 5, "p": 10.5, "d": "-", "PreTradeMid5ms": 10.3},
        tables={"l2": book((1, 9.9, 10.1), (6, 10.4, 10.6))},
    )
    assert row["PriceImpact2s"] == near(-0.4)
