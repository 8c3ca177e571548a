"""Do signed measures take the sign of the aggressor, and leave out who is not known?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from beaf_analytics.trade import measures
from beaf_analytics.trade.options import TradeOptions

Row = dict[str, Any]
Bucket = Callable[..., Row]

WORDS = (
    "TradeImbalance",
    "TradeImbalanceCount",
    "TradeImbalanceNotional",
    "SignedVolume",
    "SignedNotional",
)
PRINTS: list[Row] = [
    {"p": 10.0, "s": 100.0, "d": "+"},
    {"p": 12.0, "s": 300.0, "d": "-"},
    {"p": 11.0, "s": 200.0, "d": "-"},
    {"p": 20.0, "s": 150.0, "d": "0"},
    {"p": 30.0, "s": 250.0, "d": None},
]


def asked(*words: str, **more: Any) -> Row:
    return {"generic_metrics": [{"measures": list(words), **more}]}


def names(section: Row) -> list[str]:
    options = TradeOptions.model_validate({"market_state": False, **section})
    return [each.name for each in measures(options)]


def test_imbalances_are_of_shares_prints_and_notionals(bucket: Bucket) -> None:
    row = bucket(asked(*WORDS), *PRINTS)
    assert row["TradeImbalance"] == pytest.approx(-400 / 600, rel=1e-15)
    assert row["TradeImbalanceCount"] == pytest.approx(-1 / 3, rel=1e-15)
    assert row["TradeImbalanceNotional"] == pytest.approx((1000 - 5800) / 6800, rel=1e-15)
    assert row["SignedVolume"] == -400.0
    assert row["SignedNotional"] == -4800.0
    assert row["UnknownDirectionShare"] == 0.4


def test_nothing_signed_leaves_sums_of_zero_and_no_imbalance(bucket: Bucket) -> None:
    row = bucket(asked(*WORDS), *PRINTS[3:])
    assert [row[word] for word in WORDS] == [None, None, None, 0.0, 0.0]
    assert row["UnknownDirectionShare"] == 1.0


def test_a_cancellation_is_taken_back_from_its_side_and_is_no_print(bucket: Bucket) -> None:
    row = bucket(asked(*WORDS), *PRINTS[:3], {"p": 12.0, "s": -300.0, "d": "-"})
    assert row["TradeImbalance"] == pytest.approx((100 - 200) / 300, rel=1e-15)
    assert row["TradeImbalanceCount"] == pytest.approx(-1 / 3, rel=1e-15)
    assert row["SignedVolume"] == -100.0


def test_an_unpriced_print_has_no_notional(bucket: Bucket) -> None:
    row = bucket(asked(*WORDS), *PRINTS[:2], {"p": None, "s": 900.0, "d": "+"})
    assert row["TradeImbalanceNotional"] == pytest.approx((1000 - 3600) / 4600, rel=1e-15)
    assert row["SignedVolume"] == 700.0


def test_what_speaks_of_all_sides_is_there_once(bucket: Bucket) -> None:
    section = asked("Count", "SignedVolume", sides=["Sell", "Buy"])
    assert names(section) == [
        "TradeSellCount",
        "SignedVolume",
        "TradeBuyCount",
        "UnknownDirectionShare",
    ]
    assert bucket(section, *PRINTS)["SignedVolume"] == -400.0


def test_the_unknown_share_comes_with_whatever_is_signed_and_only_once() -> None:
    assert "UnknownDirectionShare" not in names({})
    assert names(asked("UnknownDirectionShare")) == ["UnknownDirectionShare"]
    assert names(asked("SignedVolume", "UnknownDirectionShare")) == [
        "SignedVolume",
        "UnknownDirectionShare",
    ]
    assert names({**asked("SignedVolume"), "metric_prefix": "My"}) == [
        "MySignedVolume",
        "MyUnknownDirectionShare",
    ]
    assert names({"impact_metrics": [{"variant": "Markout"}]})[-1] == "UnknownDirectionShare"
    assert "UnknownDirectionShare" not in names(
        {"flag_metrics": [{"flags": "BlockTrade", "measures": "Count"}]}
    )


def test_market_states_and_patterns_apply(bucket: Bucket) -> None:
    section = asked(
        "SignedVolume", market_states="HALTED", output_name_pattern="{market_states}{measures}"
    )
    row = bucket(section, *PRINTS, {"p": 1.0, "s": 7.0, "d": "+", "MarketState": "HALTED"})
    assert row["HALTEDSignedVolume"] == 7.0
    assert row["UnknownDirectionShare"] == pytest.approx(400 / 1007, rel=1e-15)


def test_the_unknown_share_is_of_the_classification(bucket: Bucket) -> None:
    dark = {"p": 1.0, "s": 500.0, "d": "0", "Classification": "DARK"}
    auction = {"p": 1.0, "s": 1.0, "Classification": "AUCTION", "TradeNotionalEUR": 1.0}
    row = bucket(asked("SignedVolume", "AuctionNotional"), *PRINTS, dark, auction)
    assert row["UnknownDirectionShare"] == 0.4
    assert row["SignedVolume"] == -400.0


def test_buckets_combine_by_the_rule_of_each() -> None:
    options = TradeOptions.model_validate({**asked(*WORDS), "metric_prefix": "My"})
    assert [each.reaggregation for each in measures(options)] == [
        "last", "none", "none", "none", "sum", "sum", "vw:MyTradeTotalVolume",
    ]  # fmt: skip
