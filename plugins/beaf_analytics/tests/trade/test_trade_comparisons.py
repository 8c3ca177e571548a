"""Do discrepancies and changes of quotes equal what is worked out by hand?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from beaf_analytics.trade import measures
from beaf_analytics.trade.options import TradeOptions

Row = dict[str, Any]
Bucket = Callable[..., Row]


def near(value: float) -> Any:
    return pytest.approx(value, rel=1e-12)


def names(**section: Any) -> list[str]:
    options = TradeOptions.model_validate({"market_state": False, **section})
    return [each.name for each in measures(options)]


# -- discrepancies ---------------------------------------------------------------------------------


def discrepancy(references: Any, **more: Any) -> Row:
    return {"discrepancy_metrics": [{"references": references, **more}]}


BOUGHT: Row = {
    "p": 10.1, "s": 100.0,
    "BestBidPrice": 9.0, "BestAskPrice": 11.0, "PostTradeMid": 10.2, "PostTradeMidAtPrimary": 10.4,
    "BestBidPriceAtVenue": 9.1, "BestAskPriceAtVenue": 11.1,
    "BestBidPriceAtPrimary": 9.2, "BestAskPriceAtPrimary": 11.2,
}  # fmt: skip


@pytest.mark.parametrize(
    ("word", "price"),
    [
        ("MidAtPrimary", 10.4),
        ("EBBO", 10.2),
        ("PreTradeMid", 10.0),
        ("MidPrice", 10.0),
        ("BestBid", 9.0),
        ("BestAsk", 11.0),
        ("BestBidAtVenue", 9.1),
        ("BestAskAtVenue", 11.1),
        ("BestBidAtPrimary", 9.2),
        ("BestAskAtPrimary", 11.2),
    ],
)
def test_a_discrepancy_is_from_the_price_that_its_name_says(
    bucket: Bucket, word: str, price: float
) -> None:
    row = bucket(discrepancy(word), BOUGHT)
    assert row[f"DiscrepancyTo{word}"] == near(1e4 * (10.1 - price) / price)


def test_discrepancies_have_sides_and_aggregations(bucket: Bucket) -> None:
    section = discrepancy(
        "EBBO", sides=["Total", "Bid", "Unknown"], aggregations=["Mean", "VWA", "Max"]
    )
    sold = {**BOUGHT, "p": 10.098, "s": 300.0, "d": "-"}
    row = bucket(section, {**BOUGHT, "p": 10.404}, sold, {**sold, "s": -300.0})
    # +200 and -100 basis points of 10.2; a cancellation makes no price
    assert row["DiscrepancyToEBBO"] == near(50)
    assert row["DiscrepancyToEBBOVWA"] == near(-25)
    assert row["DiscrepancyToEBBOMax"] == near(200)
    assert row["DiscrepancyToEBBOBid"] == near(-100)
    assert row["DiscrepancyToEBBOBidVWA"] == near(-100)
    assert row["DiscrepancyToEBBOUnknown"] is None
    assert row["DiscrepancyToEBBOUnknownMax"] is None


def test_a_discrepancy_may_be_weighted_by_notional(bucket: Bucket) -> None:
    section = discrepancy("EBBO", aggregations="NotionalWeighted")
    row = bucket(section, {**BOUGHT, "p": 10.404}, {**BOUGHT, "p": 10.098, "s": 300.0})
    wanted = (200 * 1040.4 - 100 * 3029.4) / (1040.4 + 3029.4)
    assert row["DiscrepancyToEBBONotionalWeighted"] == near(wanted)


@pytest.mark.parametrize("word", ["BestBid", "PreTradeMid", "BestAsk"])
def test_a_price_of_a_quote_that_does_not_count_is_none(bucket: Bucket, word: str) -> None:
    def found(quotes: str, **odd: Any) -> Any:
        return bucket(discrepancy(word, quotes=quotes), {**BOUGHT, **odd})[f"DiscrepancyTo{word}"]

    crossed = {"BestBidPrice": 11.5}
    assert found("valid", **crossed) is None
    assert found("uncrossed", **crossed) is None
    assert found("two_sided", **crossed) is not None
    assert found("two_sided", BestBidPrice=0.0) is None
    assert found("two_sided", BestAskPrice=0.0) is None
    assert found("any", BestBidPrice=-9.0, BestAskPrice=9.0) == (
        None if word == "PreTradeMid" else near(1e4 * (10.1 / (9 if word == "BestAsk" else -9) - 1))
    )


def test_a_stored_mid_of_zero_is_none(bucket: Bucket) -> None:
    zero = {**BOUGHT, "PostTradeMid": 0.0}
    assert bucket(discrepancy("EBBO"), zero)["DiscrepancyToEBBO"] is None
    assert bucket(discrepancy("EBBO", quotes="any"), zero)["DiscrepancyToEBBO"] is None
    below = {**BOUGHT, "PostTradeMid": -10.1}
    assert bucket(discrepancy("EBBO"), below)["DiscrepancyToEBBO"] is None
    assert bucket(discrepancy("EBBO", quotes="any"), below)["DiscrepancyToEBBO"] == near(-2e4)


# -- changes ---------------------------------------------------------------------------------------


def change(words: Any, **more: Any) -> Row:
    return {"change_metrics": [{"measures": words, **more}]}


def test_changes_are_means_of_the_columns_whose_name_they_bear(bucket: Bucket) -> None:
    first = {
        "s": 100.0, "PreTradeElapsedTimeChg": 10, "PostTradeElapsedTimeChg": 20,
        "PreTradeElapsedTimeChgAtPrimary": 30, "PostTradeElapsedTimeChgAtPrimary": 40,
        "PricePoint": 0.25, "PricePointAtPrimary": 0.5, "PricePointAtVenue": 1.0,
    }  # fmt: skip
    second = {key: value * 3 for key, value in first.items()}
    words = ["PreTradeElapsedTimeChg", "PostTradeElapsedTimeChg", "PricePoint"]
    section = change(
        words,
        scopes=["Local", "AtPrimary", "AtVenue"],
        aggregations=["Mean", "VWA", "NotionalWeighted"],
    )
    row = bucket(
        section, {"p": 4.0, **first}, {"p": 2.0, **second}, {**second, "s": -300.0, "p": 2.0}
    )
    assert {name: row[name] for name in first if name != "s"} == {
        name: value * 2 for name, value in first.items() if name != "s"
    }
    assert row["PricePointVWA"] == near((25 + 0.75 * 300) / 400)
    assert row["PricePointAtVenueVWA"] == near((100 + 900) / 400)
    assert row["PricePointNotionalWeighted"] == near((25 * 4 + 0.75 * 300 * 2) / 1000)
    assert len(row) == 3 + 21


def test_scopes_may_be_written_without_at() -> None:
    written = change("PricePoint", scopes=["Primary", "Venue"])
    assert names(**written) == ["PricePointAtPrimary", "PricePointAtVenue"]
    assert names(**change("PricePoint", scopes="Venue")) == ["PricePointAtVenue"]
    assert names(**change("PricePoint")) == ["PricePoint"]


def test_a_word_that_has_no_column_anywhere_is_refused() -> None:
    with pytest.raises(ValidationError, match="hold no PostTradeElapsedTimeChgAtVenue"):
        names(**change("PostTradeElapsedTimeChg", scopes="AtVenue"))


def test_units_are_nanoseconds_and_ratios() -> None:
    section = change(["PreTradeElapsedTimeChg", "PostTradeElapsedTimeChg", "PricePoint"])
    options = TradeOptions.model_validate({"market_state": False, **section})
    assert [each.unit for each in measures(options)] == ["ns", "ns", "ratio"]


# -- market states and names -----------------------------------------------------------------------

FAMILIES: list[Row] = [
    discrepancy("EBBO"),
    change("PricePoint"),
    {"flag_metrics": [{"flags": "BlockTrade", "measures": "Count"}]},
    {"impact_metrics": [{"variant": "EffectiveHalfSpread"}]},
    {"generic_metrics": [{"measures": "Count"}]},
]


@pytest.mark.parametrize("section", FAMILIES, ids=lambda section: next(iter(section)))
def test_every_family_may_look_at_some_market_states_alone(bucket: Bucket, section: Row) -> None:
    [(family, [metric])] = section.items()
    prints = [
        {**BOUGHT, "p": 10.0 + extra, "MarketState": state, "PricePoint": extra, "IsBlock": "TRUE"}
        for extra, state in [(0.5, "CONTINUOUS_TRADING"), (0.25, "HALTED"), (0.75, "POST_TRADE")]
    ]
    for states, kept in [
        ("HALTED", prints[1:2]),
        (["HALTED", "POST_TRADE"], prints[1:]),
        (["CONTINUOUS_TRADING"], prints[:1]),
    ]:
        name = {"output_name_pattern": "X"}
        filtered = bucket({family: [{**metric, **name, "market_states": states}]}, *prints)
        alone = bucket({family: [{**metric, **name}]}, *kept)
        assert filtered["X"] == alone["X"]


@pytest.mark.parametrize("section", FAMILIES, ids=lambda section: next(iter(section)))
def test_variants_that_differ_in_market_states_alone_are_told_apart_by_a_pattern(
    bucket: Bucket, section: Row
) -> None:
    [(family, [metric])] = section.items()
    both = [{**metric, "market_states": state} for state in ("HALTED", "POST_TRADE")]
    with pytest.raises(Exception, match=r"more than once[\s\S]*with output_name_pattern"):
        bucket({family: both}, BOUGHT)
    told_apart = [{**each, "output_name_pattern": "X{market_states}"} for each in both]
    assert {"XHALTED", "XPOST_TRADE"} <= set(names(**{family: told_apart}))


def test_patterns_name_the_fields_of_each_family() -> None:
    pattern = {"output_name_pattern": "{agg}{sides}{references}"}
    assert names(**discrepancy("EBBO", sides="Bid", aggregations="Last", **pattern)) == [
        "LastBidEBBO"
    ]
    pattern = {"output_name_pattern": "{agg}{scopes}{measures}"}
    assert names(**change("PricePoint", aggregations="Last", **pattern)) == ["LastLocalPricePoint"]
    flag = {"flags": "CrossTrade", "sides": "Ask", "measures": "Count"}
    named = {**flag, "output_name_pattern": "{measures}{flags}{sides}"}
    assert names(flag_metrics=[named]) == ["CountCrossTradeAsk"]


@pytest.mark.parametrize(
    "wrong",
    [
        discrepancy("Mid"),
        discrepancy("EBBO", aggregations="TWA"),
        discrepancy("EBBO", aggregations=[]),
        discrepancy([]),
        change("PricePoint", scopes="Everywhere"),
        change("PricePoint", scopes=[]),
        change([]),
        {"flag_metrics": [{"flags": "Odd", "measures": "Count"}]},
        {"flag_metrics": [{"flags": [], "measures": "Count"}]},
        {"flag_metrics": [{"flags": "BlockTrade", "measures": []}]},
        {"flag_metrics": [{"flags": "BlockTrade", "measures": "Count", "sides": []}]},
        {"impact_metrics": [{"variant": []}]},
        {"impact_metrics": [{"variant": "PriceImpact", "horizon": []}]},
        {"impact_metrics": [{"variant": "PriceImpact", "horizons": "1s"}]},
        {"generic_metrics": []},
    ],
)
def test_what_would_yield_no_column_is_refused(wrong: Row) -> None:
    with pytest.raises(ValidationError):
        TradeOptions.model_validate(wrong)
