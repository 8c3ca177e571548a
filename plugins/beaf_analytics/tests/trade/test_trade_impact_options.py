"""Which costs may be asked for, what are they called, and how do they add up?"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from beaf_analytics.trade import measures
from beaf_analytics.trade.horizons import OF_THE_TABLE, nanoseconds
from beaf_analytics.trade.identities import identities
from beaf_analytics.trade.options import TradeOptions
from beaf_core import TABLES, UsageError, compute_frame

Row = dict[str, Any]
Bucket = Callable[..., Row]

DECOMPOSED = ["EffectiveSpread", "RealizedSpread", "PriceImpact"]


def asked(variant: Any, horizon: Any = "1s", **more: Any) -> Row:
    metric = {"variant": variant, "horizon": horizon, **more}
    return {"impact_metrics": [metric]}


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


def test_horizons_are_those_of_the_table() -> None:
    held = {name for name in TABLES["trades"].columns if re.search(r"TradeMid\d", name)}
    assert held == {
        f"{moment}TradeMid{each}ms{place}"
        for moment in ("Pre", "Post")
        for each in OF_THE_TABLE
        for place in ("", "AtPrimary")
    }
    for each in OF_THE_TABLE:
        TradeOptions.model_validate(asked("PriceImpact", f"{each}ms"))


def test_a_nanosecond_is_the_shortest_horizon() -> None:
    assert nanoseconds("1ns") == 1


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
    assert not holds(2.0 + 5.5e-9)
    assert not holds(2.0 - 5.5e-9)
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
