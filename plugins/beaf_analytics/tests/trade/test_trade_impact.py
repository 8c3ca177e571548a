"""Do costs and impact of trades equal what is worked out by hand?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from beaf_analytics.trade import measures
from beaf_analytics.trade.identities import identities
from beaf_analytics.trade.options import TradeOptions
from beaf_core import UsageError, compute_frame

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


# -- the columns of trades -------------------------------------------------------------------------

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


# -- options ---------------------------------------------------------------------------------------


def test_market_states_keep_only_prints_in_those_states(bucket: Bucket) -> None:
    section = asked("RealizedSpread", "1s", market_states=["HALTED", "POST_TRADE"])
    row = bucket(section, BOUGHT, {**SOLD, "MarketState": "HALTED"})
    assert row["RealizedSpread1s"] == near(0.6)


def test_a_pattern_names_variant_horizon_and_aggregation() -> None:
    pattern = "{market_states}{agg}Of{variant}In{horizon}"
    metric = {
        "variant": ["RealizedSpread", "PriceImprovement"],
        "aggregations": ["Median"],
        "market_states": "HALTED",
        "output_name_pattern": pattern,
    }
    options = TradeOptions.model_validate({"impact_metrics": [metric], "metric_prefix": "My"})
    assert [each.name for each in measures(options)][1:] == [
        "MyHALTEDMedianOfRealizedSpreadIn1s",
        "MyHALTEDMedianOfPriceImprovementIn",
        "MyUnknownDirectionShare",
    ]


def test_other_market_states_alone_make_no_other_name(bucket: Bucket) -> None:
    metric = {"variant": "PriceImpact", "market_states": "HALTED"}
    section = {"impact_metrics": [metric, {**metric, "market_states": "POST_TRADE"}]}
    with pytest.raises(Exception, match=r"PriceImpact1s more than once[\s\S]*output_name_pattern"):
        bucket(section, BOUGHT)


@pytest.mark.parametrize("horizon", ["3s", "1500ms", "1us"])
def test_a_horizon_that_trades_do_not_hold_is_refused_and_the_choices_are_told(
    horizon: str,
) -> None:
    with pytest.raises(ValidationError, match=r"1000ms, 5000ms.*`mids: l2`"):
        TradeOptions.model_validate(asked("PriceImpact", horizon))


@pytest.mark.parametrize("horizon", ["bogus", "0s", "-1s", "1.5s", "1 s", "s", ""])
@pytest.mark.parametrize("mids", ["trades", "l2"])
def test_what_is_no_horizon_is_refused(horizon: str, mids: str) -> None:
    with pytest.raises(ValidationError, match="is no horizon such as 500ms, 1s or 5min"):
        TradeOptions.model_validate(asked("PriceImpact", horizon, mids=mids))


@pytest.mark.parametrize(
    ("horizon", "column"),
    [
        ("1ms", "PostTradeMid1ms"),
        ("2000us", "PostTradeMid2ms"),
        ("5000000ns", "PostTradeMid5ms"),
        ("1s", "PostTradeMid1000ms"),
        ("5min", "PostTradeMid300000ms"),
    ],
)
def test_the_horizon_says_which_column_is_read(horizon: str, column: str) -> None:
    options = TradeOptions.model_validate(asked("RealizedSpread", horizon))
    assert column in next(each for each in measures(options) if horizon in each.name).columns


def test_an_hour_is_a_horizon_in_the_book() -> None:
    options = TradeOptions.model_validate(asked("Markout", "1h", mids="l2"))
    [markout] = [each for each in measures(options) if each.name == "Markout1h"]
    assert {getattr(each, "horizon", None) for each in markout.lookups.values()} == {
        0,
        3_600_000_000_000,
    }


def test_a_variant_that_looks_ahead_needs_a_horizon() -> None:
    options = TradeOptions.model_validate(asked("PriceImpact", None))
    with pytest.raises(UsageError, match="PriceImpact looks at a mid after the trade"):
        measures(options)


def test_a_reference_that_is_no_mid_is_refused_and_the_choices_are_told() -> None:
    options = TradeOptions.model_validate(asked("PriceImpact", "1s", reference_price_col="PreMid"))
    with pytest.raises(UsageError, match="'PreMid' is no mid of trades") as told:
        measures(options)
    assert "PreTradeMid, MidPrice, PreTradeMidAtPrimary" in str(told.value.remedy)
    assert "PostTradeMid300000msAtPrimary" in str(told.value.remedy)


def test_only_what_a_variant_needs_is_looked_up() -> None:
    options = TradeOptions.model_validate(asked(["EffectiveSpread", "Markout"], "1s", mids="l2"))
    found = {each.name: set(each.lookups) for each in measures(options)}
    both = {"MidBefore", "MidAfter1000000000", "ContinuousAfter1000000000"}
    assert found["EffectiveSpread1s"] == found["Markout1s"] == both
    plain = TradeOptions.model_validate(asked("EffectiveSpread", None, mids="l2"))
    assert [set(each.lookups) for each in measures(plain)] == [set(), {"MidBefore"}, set()]


def test_every_variant_says_what_it_is() -> None:
    words = [*DECOMPOSED, "Markout", "MarkoutBps", "EffectiveHalfSpread", "PriceImprovement"]
    found = {each.name: each for each in measures(TradeOptions.model_validate(asked(words, "5s")))}
    assert found["PriceImpact5s"].doc == (
        "Twice how far the mid moved in the aggressor's direction within 5s: mean, each row "
        "counted once."
    )
    assert found["PriceImpact5s"].formula == "Mean(2·D·(m_h - m))"
    assert found["MarkoutBps5s"].formula == "Mean(1e4·(D·(m_h - p))/m)"
    assert found["MarkoutBps5s"].doc == (
        "What the aggressor gained at the mid 5s after the trade, in basis points of that before "
        "it: mean, each row counted once."
    )
    units = {name: each.unit for name, each in found.items()}
    assert units["PriceImpact5s"] == units["PriceImprovement"] == "ccy"
    assert units["MarkoutBps5s"] == "bps"
    assert {each.reaggregation for name, each in found.items() if "5s" in name} == {"none"}


# -- laws ------------------------------------------------------------------------------------------


def held(*metrics: Row, **more: Any) -> list[str]:
    options = {"impact_metrics": list(metrics), **more}
    return [each.name for each in identities(TradeOptions.model_validate(options))]


def test_what_was_paid_splits_up_where_all_three_are_over_the_same_prints() -> None:
    three = {"variant": DECOMPOSED, "horizon": ["1s", "5s"], "aggregations": ["VWA", "Median"]}
    claims = [
        f"EffectiveSpread{h}VWA = RealizedSpread{h}VWA + PriceImpact{h}VWA" for h in ("1s", "5s")
    ]
    assert held(three) == claims
    one = {"variant": "EffectiveSpread"}
    two = {"variant": ["RealizedSpread", "PriceImpact"]}
    assert held(one, two) == ["EffectiveSpread1s = RealizedSpread1s + PriceImpact1s"]
    assert held(one, two, metric_prefix="A")[0].startswith("AEffectiveSpread1s = A")
    assert held(one, {**two, "horizon": "5s"}) == []
    assert held(one, {**two, "quotes": "any"}) == []
    assert held(one, {**two, "market_states": "HALTED"}) == []
    assert held(one, {**two, "reference_price_col": "PostTradeMid"}) == []
    assert held({**one, "horizon": None}, two) == []
    in_bps = [f"{word}Bps" for word in DECOMPOSED]
    assert held({"variant": in_bps}) == [
        "EffectiveSpreadBps1s = RealizedSpreadBps1s + PriceImpactBps1s"
    ]
    assert held({"variant": [*in_bps[:2], "PriceImpact"]}) == []


def test_costs_that_do_not_add_up_are_told() -> None:
    [claim] = identities(TradeOptions.model_validate(asked(DECOMPOSED, "1s")))

    def holds(effective: float | None) -> Any:
        columns = {"EffectiveSpread1s": effective, "RealizedSpread1s": 3.0, "PriceImpact1s": -1.0}
        schema = dict.fromkeys(columns, pl.Float64)
        return pl.DataFrame([columns], schema=schema).select(claim.holds).item()

    assert holds(2.0)
    assert holds(2.0 + 4e-9)
    assert not holds(2.0 + 6e-9)
    assert not holds(2.0 - 6e-9)
    assert holds(None) is None


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(900, 1100),
            st.integers(1, 1000),
            st.sampled_from([1, 2, 0]),
            st.integers(900, 1100),
            st.integers(0, 5),
            st.one_of(st.none(), st.integers(900, 1100)),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_what_was_paid_always_splits_up(prints: list[tuple[Any, ...]]) -> None:
    names = ["InstrumentCurrencyPrice", "Size", "AggressorSide", "BestBidPrice", "BestAskPrice"]
    rows = [
        (p / 10, float(s), d, bid / 10, (bid + wide) / 10, None if m is None else m / 10)
        for p, s, d, bid, wide, m in prints
    ]
    schema = dict.fromkeys([*names, "PostTradeMid1000ms"], pl.Float64)
    frame = pl.DataFrame(rows, schema={**schema, "AggressorSide": pl.Int64}, orient="row")
    frame = frame.with_columns(
        ListingId=1,
        TradeTimestamp=pl.datetime(2025, 1, 6, 9, 0, 30),
        Classification=pl.lit("LIT_CONTINUOUS"),
    )
    words = [*DECOMPOSED, *(f"{word}Bps" for word in DECOMPOSED)]
    section = {
        "market_state": False,
        **asked(words, "1s", aggregations=["Mean", "VWA", "NotionalWeighted"]),
    }
    found = compute_frame("trade", {"trades": frame}, trade_analytics=section)
    claims = identities(TradeOptions.model_validate(section))
    assert len(claims) == 6
    assert [each.name for each in claims if found.select(~each.holds).item()] == []
