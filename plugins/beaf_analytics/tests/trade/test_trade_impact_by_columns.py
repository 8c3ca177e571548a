"""Do costs and impact by the columns of trades equal what is worked out by hand?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Row = dict[str, Any]
Bucket = Callable[..., Row]

DECOMPOSED = ["EffectiveSpread", "RealizedSpread", "PriceImpact"]


def asked(variant: Any, horizon: Any = "1s", **more: Any) -> Row:
    metric = {"variant": variant, "horizon": horizon, **more}
    return {"impact_metrics": [metric]}


def near(value: float) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-11)


BOUGHT: Row = {
    "p": 10.3, "s": 100.0, "d": "+", "BestBidPrice": 9.9, "BestAskPrice": 10.2,
    "BestBidPriceAtPrimary": 9.8, "BestAskPriceAtPrimary": 10.2,
    "PostTradeMid1000ms": 10.15, "PostTradeMid500ms": 10.25, "PostTradeMid1000msAtPrimary": 10.1,
    "PreTradeMid1ms": 10.0, "PostTradeMid": 10.12,
}  # fmt: skip
SOLD: Row = {
    "p": 9.8, "s": 300.0, "d": "-", "BestBidPrice": 9.9, "BestAskPrice": 10.1,
    "BestBidPriceAtPrimary": 9.8, "BestAskPriceAtPrimary": 10.0,
    "PostTradeMid1000ms": 10.1, "PostTradeMid500ms": 9.7, "PostTradeMid1000msAtPrimary": 9.8,
    "PreTradeMid1ms": 10.2, "PostTradeMid": 9.95,
}  # fmt: skip


def test_horizons_of_the_table_have_their_own_columns(bucket: Bucket) -> None:
    row = bucket(asked(DECOMPOSED, ["1s", "500ms"]), BOUGHT, SOLD)
    # m 10.05 and 10.0: effective 0.5 and 0.4
    assert row["EffectiveSpread1s"] == near((0.5 + 0.4) / 2)
    assert row["RealizedSpread1s"] == near((0.3 + 0.6) / 2)
    assert row["PriceImpact1s"] == near((0.2 - 0.2) / 2)
    assert row["RealizedSpread500ms"] == near((0.1 - 0.2) / 2)
    assert row["PriceImpact500ms"] == near((0.4 + 0.6) / 2)


def test_prices_below_one_are_prices(bucket: Bucket) -> None:
    penny = {"p": 0.6, "BestBidPrice": 0.2, "BestAskPrice": 0.6, "PostTradeMid1000ms": 0.5}
    row = bucket(asked(DECOMPOSED), penny)
    assert [row[f"{word}1s"] for word in DECOMPOSED] == [near(0.4), near(0.2), near(0.2)]


def test_weights_are_sizes_or_notionals(bucket: Bucket) -> None:
    section = asked("RealizedSpread", "1s", aggregations=["Mean", "VWA", "NotionalWeighted", "Max"])
    row = bucket(section, BOUGHT, SOLD)
    assert row["RealizedSpread1sVWA"] == near((0.3 * 100 + 0.6 * 300) / 400)
    assert row["RealizedSpread1sNotionalWeighted"] == near(
        (0.3 * 1030 + 0.6 * 2940) / (1030 + 2940)
    )
    assert row["RealizedSpread1sMax"] == near(0.6)


def test_a_cost_in_basis_points_is_of_the_mid_before_the_trade(bucket: Bucket) -> None:
    words = [f"{word}Bps" for word in (*DECOMPOSED, "Markout")]
    row = bucket(asked(words, "1s"), BOUGHT)
    assert row["EffectiveSpreadBps1s"] == near(5000 / 10.05)
    assert row["RealizedSpreadBps1s"] == near(3000 / 10.05)
    assert row["PriceImpactBps1s"] == near(2000 / 10.05)
    assert row["MarkoutBps1s"] == near(-1500 / 10.05)


def test_what_looks_at_no_later_mid_bears_no_horizon_and_is_there_once(bucket: Bucket) -> None:
    words = [
        "EffectiveHalfSpread", "EffectiveHalfSpreadBps", "PriceImprovement", "PriceImprovementBps",
        "EffectiveToQuoted",
    ]  # fmt: skip
    row = bucket(asked(words, ["1s", "5s"]), BOUGHT, SOLD)
    assert list(row)[3:-1] == words
    assert row["EffectiveHalfSpread"] == near((0.25 + 0.2) / 2)
    assert row["EffectiveHalfSpreadBps"] == near((2500 / 10.05 + 2000 / 10.0) / 2)
    assert row["PriceImprovement"] == near((-0.1 - 0.1) / 2)
    assert row["PriceImprovementBps"] == near((-1000 / 10.05 - 1000 / 10.0) / 2)
    assert row["EffectiveToQuoted"] == near((0.5 / 0.3 + 0.4 / 0.2) / 2)
    assert list(bucket(asked("PriceImprovement", None), BOUGHT))[3:-1] == ["PriceImprovement"]


def test_a_price_better_than_the_quote_is_an_improvement(bucket: Bucket) -> None:
    bought, sold = {**BOUGHT, "p": 10.15}, {**SOLD, "p": 9.98}
    assert bucket(asked("PriceImprovement"), bought)["PriceImprovement"] == near(0.05)
    assert bucket(asked("PriceImprovement"), sold)["PriceImprovement"] == near(0.08)
    unknown = bucket(asked("PriceImprovement"), {**BOUGHT, "d": "0"})
    assert unknown["PriceImprovement"] is None


def test_the_effective_spread_is_signed(bucket: Bucket) -> None:
    better = {**BOUGHT, "p": 10.0}
    assert bucket(asked("EffectiveSpread", None), better)["EffectiveSpread"] == near(-0.1)


@pytest.mark.parametrize(
    ("column", "paid", "impact"),
    [
        ("PreTradeMid", 0.5, 0.2),
        ("MidPrice", 0.5, 0.2),
        ("PreTradeMidAtPrimary", 0.6, 0.2),
        ("PreTradeMid1ms", 0.6, 0.3),
        ("PostTradeMid", 0.36, 0.06),
    ],
)
def test_the_reference_is_a_column_of_mids(
    bucket: Bucket, column: str, paid: float, impact: float
) -> None:
    section = asked(["EffectiveSpread", "PriceImpact"], "1s", reference_price_col=column)
    row = bucket(section, BOUGHT)
    assert row["EffectiveSpread1s"] == near(paid)
    assert row["PriceImpact1s"] == near(impact)


def test_quotes_at_the_primary_venue_are_used_throughout(bucket: Bucket) -> None:
    words = ["PriceImprovement", "EffectiveToQuoted"]
    section = asked(words, reference_price_col="PreTradeMidAtPrimary")
    row = bucket(section, {**SOLD, "p": 9.7})
    assert row["PriceImprovement"] == near(-0.1)
    assert row["EffectiveToQuoted"] == near(0.4 / 0.2)


@pytest.mark.parametrize(
    ("bid", "ask", "quotes", "paid"),
    [
        (10.0, 10.0, "valid", None),
        (10.0, 10.0, "uncrossed", None),
        (10.0, 10.0, "two_sided", 0.6),
        (10.2, 10.0, "valid", None),
        (0.0, 10.0, "two_sided", None),
        (10.0, 0.0, "two_sided", None),
        (0.0, 10.0, "any", 10.6),
    ],
)
def test_a_quote_that_does_not_count_gives_no_mid(
    bucket: Bucket, bid: float, ask: float, quotes: str, paid: float | None
) -> None:
    odd = {**BOUGHT, "BestBidPrice": bid, "BestAskPrice": ask}
    row = bucket(asked("EffectiveSpread", None, quotes=quotes), odd)
    assert row["EffectiveSpread"] == (None if paid is None else near(paid))


def test_a_print_without_a_later_mid_is_left_out_of_all_three(bucket: Bucket) -> None:
    gone = {**SOLD, "PostTradeMid1000ms": None}
    row = bucket(asked(DECOMPOSED, "1s"), BOUGHT, gone)
    assert row["EffectiveSpread1s"] == near(0.5)
    assert row["RealizedSpread1s"] == near(0.3)
    assert row["PriceImpact1s"] == near(0.2)
    all_prints = bucket(asked("EffectiveSpread", None), BOUGHT, gone)
    assert all_prints["EffectiveSpread"] == near(0.45)
    no_quote = {**SOLD, "BestBidPrice": None}
    assert bucket(asked("RealizedSpread", "1s"), BOUGHT, no_quote)["RealizedSpread1s"] == near(0.3)


def test_a_mid_of_zero_is_none_unless_any_will_do(bucket: Bucket) -> None:
    zero = {**BOUGHT, "PostTradeMid1000ms": 0.0}
    assert bucket(asked("RealizedSpread", "1s"), zero)["RealizedSpread1s"] is None
    row = bucket(asked("RealizedSpread", "1s", quotes="any"), zero)
    assert row["RealizedSpread1s"] == near(20.6)


def test_a_cancellation_costs_nothing(bucket: Bucket) -> None:
    row = bucket(asked("RealizedSpread", "1s"), BOUGHT, {**SOLD, "s": -300.0})
    assert row["RealizedSpread1s"] == near(0.3)


def test_market_states_keep_only_prints_in_those_states(bucket: Bucket) -> None:
    section = asked("RealizedSpread", "1s", market_states=["HALTED", "POST_TRADE"])
    row = bucket(section, BOUGHT, {**SOLD, "MarketState": "HALTED"})
    assert row["RealizedSpread1s"] == near(0.6)


def test_other_market_states_alone_make_no_other_name(bucket: Bucket) -> None:
    metric = {"variant": "PriceImpact", "market_states": "HALTED"}
    section = {"impact_metrics": [metric, {**metric, "market_states": "POST_TRADE"}]}
    with pytest.raises(Exception, match=r"PriceImpact1s more than once[\s\S]*output_name_pattern"):
        bucket(section, BOUGHT)
