"""Do options become the columns that they name, and are others refused?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from beaf_analytics import l2
from beaf_analytics.l2 import weighted as l2tw
from beaf_analytics.l2.options import L2Options
from beaf_core import AnalyticsModule, ConfigError
from beaf_core.testing import check_module

Pass = Callable[..., pl.DataFrame]

SIDES, TEN = ("Bid", "Ask"), range(1, 11)
SHARES = ["ValidShare", "LockedShare", "CrossedShare", "OneSidedShare", "HaltShare"]
EVERYTHING = {
    "liquidity": [{"measures": ["Price", "CumOrders"], "aggregations": ["TWA", "Median"]}],
    "imbalances": [{"measure": ["Quantity", "Orders"], "quotes": "two_sided"}],
    "spreads": [{"variant": ["Abs", "Rel"]}],
    "ohlc": [{"source": ["Bid", "WeightedMid"], "open_mode": ["event", "prev_close", "state"]}],
    "slopes": [{"measures": ["QuotedSlope"]}],
    "depth": [{}],
    "costs": [{}],
    "sweeps": [{}],
    "volatility": [{"step": ["1s", "10s"]}],
    "durations": ["Book", "Valid"],
    "counts": ["QuoteUpdateCount"],
    "flows": [{"measures": ["OFI", "MidChangeCount"]}],
}
QUOTES = [(5, 10.0, 3, 10.5, 4), (70, 10.0, 5, 10.25, 6)]


def names(module: Any, **section: Any) -> list[str]:
    return [each.name for each in module.measures(L2Options.model_validate(section))]


def test_the_modules_keep_the_contract() -> None:
    for module in (l2, l2tw):
        check_module(module)
        check_module(module, EVERYTHING)


def test_nothing_configured_gives_the_means_that_users_know() -> None:
    levels = [
        f"{side}{word}{level}TWA"
        for side in SIDES
        for word in ("Price", "Quantity")
        for level in TEN
    ]
    spreads = ["SpreadAbsTWA", "SpreadBpsTWA", "SpreadRelTWA"]
    assert names(l2tw) == [*levels, *spreads, "MidTWA", "AskTWA", "BidTWA", *SHARES]


def test_one_metric_alone_replaces_the_defaults() -> None:
    assert names(l2tw, spreads=[{}]) == ["SpreadBpsTWA", *SHARES]
    assert names(l2, spreads=[{}]) == ["MarketState", "SpreadBps"]
    assert names(l2tw, counts="QuoteUpdateCount") == [*SHARES, "QuoteUpdateCount"]
    assert names(l2, market_state=False, spreads=[{}]) == ["SpreadBps"]


def test_both_modules_of_a_pass_share_the_section(computed: Pass) -> None:
    together = computed(["l2", "l2tw"], QUOTES, **EVERYTHING)
    apart = [computed(module, QUOTES, **EVERYTHING) for module in ("l2", "l2tw")]
    for frame in apart:
        assert together.select(frame.columns).equals(frame)
    own = [set(frame.columns) - {"ListingId", "TimeBucket", "MIC"} for frame in apart]
    assert not own[0] & own[1]
    assert own[0] | own[1] | {"ListingId", "TimeBucket", "MIC"} == set(together.columns)


def test_a_module_that_is_switched_off_yields_nothing() -> None:
    assert names(l2, ENABLED=False) == names(l2tw, ENABLED=False) == []


def test_names_have_the_prefix_and_follow_the_pattern() -> None:
    metric = {"levels": [2], "sides": "Ask", "measures": ["Price"]}
    pattern = metric | {"output_name_pattern": "L{levels}{sides}{measures}"}
    section = {"metric_prefix": "My", "shares": ["Halt"], "durations": ["Book"]}
    assert names(l2, **section, liquidity=[metric], market_state=False) == ["MyAskPrice2"]
    assert names(l2, **section, liquidity=[pattern], market_state=False) == ["MyL2AskPrice"]
    found = names(l2tw, **section, liquidity=[pattern])
    assert found == ["MyL2AskPriceTWA", "MyHaltShare", "MyBookNs"]
    placed = metric | {"output_name_pattern": "{agg}{sides}", "aggregations": ["Min", "TWA"]}
    assert names(l2tw, **section, liquidity=[placed])[:2] == ["MyMinAsk", "MyTWAAsk"]
    share = l2tw.measures(L2Options.model_validate(section | {"spreads": [{}]}))[1]
    assert share.reaggregation == "vw:MyBookNs"


PATTERNS: dict[str, tuple[dict[str, Any], str]] = {
    "spreads": ({"variant": "Abs", "output_name_pattern": "{variant}Spread"}, "AbsSpread"),
    "imbalances": (
        {"levels": 3, "output_name_pattern": "I{measure}{levels}"}, "ICumQuantity3",
    ),
    "slopes": (
        {"measures": "QuotedSlope", "output_name_pattern": "X{measures}"}, "XQuotedSlope",
    ),
    "depth": ({"sides": "Bid", "bps": 5, "output_name_pattern": "D{sides}{bps}"}, "DBid5"),
    "costs": ({"notionals": 7, "output_name_pattern": "XLM{notionals}"}, "XLM7"),
    "sweeps": (
        {"sides": "Ask", "notionals": 7, "output_name_pattern": "W{sides}{notionals}"}, "WAsk7",
    ),
}  # fmt: skip


@pytest.mark.parametrize("family", PATTERNS)
def test_each_metric_has_fields_for_its_pattern(family: str) -> None:
    metric, name = PATTERNS[family]
    assert names(l2, market_state=False, **{family: [metric]}) == [name]
    assert names(l2tw, shares=[], **{family: [metric]}) == [f"{name}TWA"]


@pytest.mark.parametrize(
    ("family", "metric", "name"),
    [
        ("volatility", {"measures": "RV", "output_name_pattern": "{measures}{step}"}, "RV1s"),
        ("flows", {"measures": "OFI", "output_name_pattern": "L1{measures}"}, "L1OFI"),
        ("ohlc", {"output_name_pattern": "Q{source}{ohlc}{openMode}"}, "QMidTWA"),
    ],
)  # fmt: skip
def test_metrics_of_l2tw_have_fields_for_their_pattern(
    family: str, metric: dict[str, Any], name: str
) -> None:
    assert names(l2tw, shares=[], **{family: [metric]}) == [name]


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"liquidity": [{"measures": "Price", "levels": [11]}]}, "level 11 is beyond the book: "
         "choose from 1 to 10"),
        ({"levels": 5, "imbalances": [{"levels": [5, 6]}]}, "level 6 .* choose from 1 to 5"),
        ({"liquidity": [{"measures": "Price", "levels": 0}]}, "greater than or equal to 1"),
        ({"liquidity": [{"measures": "Price", "levels": []}]}, "at least 1 item"),
        ({"liquidity": [{"measures": "SizeAhead"}]}, "'Price', 'Quantity', 'NumOrders'"),
        ({"liquidity": [{"measures": "Price", "sides": "Total"}]}, "'Bid' or 'Ask'"),
        ({"liquidity": [{}]}, "measures"),
        ({"spreads": [{"variant": "Ticks"}]}, "'Abs', 'BPS' or 'Rel'"),
        ({"spreads": [{"aggregations": ["VWA"]}]}, "'TWA', 'First', 'Last'"),
        ({"spreads": [{"quotes": "good"}]}, "'valid', 'uncrossed', 'two_sided' or 'any'"),
        ({"spreads": [{"market_states": "OPEN"}]}, "'AUCTION_ON_DEMAND'"),
        ({"imbalances": [{"measure": "NumOrders"}]}, "'CumQuantity', 'Orders', 'CumNotional'"),
        ({"ohlc": [{"source": "MicroPrice"}]}, "'Mid', 'Bid', 'Ask' or 'WeightedMid'"),
        ({"ohlc": [{"open_mode": "carry"}]}, "'event', 'prev_close' or 'state'"),
        ({"volatility": [{"step": "0s"}]}, "pattern"),
        ({"volatility": [{"step": "1h"}]}, "pattern"),
        ({"volatility": [{"session_seconds": 0}]}, "greater than 0"),
        ({"costs": [{"notionals": 0}]}, "greater than or equal to 1"),
        ({"shares": ["Open"]}, "'Valid', 'Locked'"),
        ({"depths": []}, "Extra inputs"),
    ],
)  # fmt: skip
def test_other_options_are_refused(section: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        L2Options.model_validate(section)


def test_levels_beyond_ten_are_there_where_the_data_have_them() -> None:
    section = {"levels": 12, "liquidity": [{"measures": "Price", "sides": "Bid"}]}
    assert names(l2, **section)[-1] == "BidPrice12"


def test_columns_of_one_name_are_refused(computed: Pass) -> None:
    metric = {"variant": ["Abs", "BPS"], "output_name_pattern": "Spread"}
    with pytest.raises(ConfigError, match="yields Spread more than once"):
        computed("l2", QUOTES, spreads=[metric])


def test_a_step_that_does_not_divide_the_bucket_is_refused(computed: Pass) -> None:
    metric = {"step": ["1s", "7s"], "output_name_pattern": "{measures}{step}"}
    with pytest.raises(ConfigError, match=r"that are 7 s apart, and buckets of 60 s"):
        computed("l2tw", QUOTES, volatility=[metric])
    assert computed("l2tw", QUOTES, volatility=[metric], time_bucket_seconds=35).height == 2


UNITS = {
    "BidPrice1": "ccy", "BidPrice1TWA": "ccy", "AskCumOrders2": "orders", "SpreadAbs": "ccy",
    "SpreadRelTWA": "bps", "ImbalanceQuantity1": "ratio", "BidTWA": "ccy",
    "WeightedMidOpenC": "ccy",
    "QuotedSlope": "ccy", "BidDepthBps10": "shares", "CostToTrade10000TWA": "bps",
    "SweepPriceAsk10000": "ccy", "RVMid1s": "ratio", "VolMid10s": "ratio", "BookNs": "ns",
    "ValidShare": "ratio", "QuoteUpdateCount": "events", "OFI": "shares",
    "MidChangeCount": "events",
    "MarketState": "state",
}  # fmt: skip


def test_every_measure_is_described_with_its_source() -> None:
    found: list[Any] = []
    for module in (l2, l2tw):
        declared: AnalyticsModule = module.analytics_module()
        assert declared.config_key == "l2_analytics"
        found += declared.measures(L2Options.model_validate(EVERYTHING))
    for each in found:
        assert each.doc.endswith("."), each.name
        assert all([each.unit, each.formula]), each.name
    units = {each.name: each.unit for each in found}
    assert {name: units[name] for name in UNITS} == UNITS
    sources = {each.name: each.source for each in found}
    assert sources["OFI"] == "Cont, Kukanov & Stoikov 2014"
    assert sources["CostToTrade10000"] == "Irvine, Benston & Kandel 2000"
    assert sources["QuotedSlope"] == "Hasbrouck & Seppi 2001"
