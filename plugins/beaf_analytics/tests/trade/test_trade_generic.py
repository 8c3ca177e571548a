"""Do the measures of trades equal what is worked out by hand?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from beaf_analytics.trade import measures
from beaf_analytics.trade.identities import identities
from beaf_analytics.trade.options import GenericMetric, TradeOptions
from beaf_core import Identity, UsageError, compute_frame
from beaf_core.testing import check_module

AT = datetime(2025, 1, 6, 9, 0, 30)

# price, size, aggressor, classification, state, EUR, USD, point
#   buys: 10 x 100, 12 x 300   sells: 11 x 200   unknown: 20 x 400 (0), 30 x 500 (null)
#   off book: 99 x 1000 (buy)
TRADES: list[tuple[Any, ...]] = [
    (10.0, 100.0, 1, "LIT_CONTINUOUS", "CONTINUOUS_TRADING", 1200.0, 1250.0, 1.0),
    (12.0, 300.0, 1, "LIT_CONTINUOUS", "CONTINUOUS_TRADING", 4320.0, 4500.0, 1.5),
    (11.0, 200.0, 2, "LIT_CONTINUOUS", "CONTINUOUS_TRADING", 2640.0, 2750.0, 0.0),
    (20.0, 400.0, 0, "LIT_CONTINUOUS", "HALTED", 9600.0, 10000.0, 0.5),
    (30.0, 500.0, None, "LIT_CONTINUOUS", "CONTINUOUS_TRADING", 18000.0, None, None),
    (99.0, 1000.0, 1, "OFF_BOOK_ON_EXCHANGE", "NOT_APPLICABLE", 118800.0, 123750.0, None),
]
NAMES = [
    "InstrumentCurrencyPrice", "Size", "AggressorSide", "Classification", "MarketState",
    "TradeNotionalEUR", "TradeNotionalUSD", "PricePoint",
]  # fmt: skip


def day(trades: list[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(trades, schema=NAMES, orient="row", infer_schema_length=None).with_columns(
        ListingId=pl.lit(1, pl.Int64),
        BMLLSequenceNo=pl.int_range(pl.len(), dtype=pl.Int64),
        TradeTimestampNanoseconds=pl.lit(AT).cast(pl.Datetime("ns")),
        AggressorSide=pl.col("AggressorSide").cast(pl.Int64),
        PricePoint=pl.col("PricePoint").cast(pl.Float64),
    )


def computed(section: dict[str, Any], trades: list[tuple[Any, ...]]) -> pl.DataFrame:
    return compute_frame("trade", {"trades": day(trades)}, trade_analytics=section)


def bucket(section: dict[str, Any], trades: list[tuple[Any, ...]] = TRADES) -> Any:
    """Compute the module over one bucket, and return its row."""
    rows = computed(section, trades).to_dicts()
    assert len(rows) <= 1
    return rows[0] if rows else None


def asked(sides: Any, *words: str, **more: Any) -> dict[str, Any]:
    return {"generic_metrics": [{"sides": sides, "measures": list(words)}], **more}


def test_the_module_keeps_the_contract() -> None:
    check_module("trade")


def test_totals_are_over_the_prints_of_the_order_book() -> None:
    words = "OHLC Volume Count Notional VWAP NotionalEUR NotionalUSD AvgPrice MedianPrice"
    row = bucket(asked("Total", *words.split()))
    assert (row["Open"], row["High"], row["Low"], row["Close"]) == (10.0, 30.0, 10.0, 30.0)
    assert row["TradeTotalVolume"] == 1500.0
    assert row["TradeTotalCount"] == 5
    assert row["TradeTotalNotional"] == 1000 + 3600 + 2200 + 8000 + 15000
    assert row["TradeTotalVWAP"] == pytest.approx(29800 / 1500, rel=1e-15)
    assert row["TradeTotalNotionalEUR"] == 1200 + 4320 + 2640 + 9600 + 18000
    assert row["TradeTotalNotionalUSD"] == 1250 + 4500 + 2750 + 10000
    assert row["TradeTotalAvgPrice"] == pytest.approx((10 + 12 + 11 + 20 + 30) / 5, rel=1e-15)
    assert row["TradeTotalMedianPrice"] == 12.0
    assert row["MarketState"] == "CONTINUOUS_TRADING"


def test_the_market_state_is_that_of_the_last_print() -> None:
    assert bucket(asked("Total", "Volume"), TRADES[:4])["MarketState"] == "HALTED"


def test_sides_split_the_volume_and_unknown_is_neither_buy_nor_sell() -> None:
    row = bucket(asked(["Bid", "Ask", "Buy", "Sell", "Unknown", "Total"], "Volume", "Count"))
    assert row["TradeAskVolume"] == row["TradeBuyVolume"] == 400.0
    assert row["TradeBidVolume"] == row["TradeSellVolume"] == 200.0
    assert row["TradeUnknownVolume"] == 900.0
    assert row["TradeUnknownCount"] == 2
    parts = row["TradeBuyVolume"] + row["TradeSellVolume"] + row["TradeUnknownVolume"]
    assert parts == row["TradeTotalVolume"]


def test_a_side_without_trades_has_zero_volume_and_no_price() -> None:
    row = bucket(asked("Sell", "OHLC", "Volume", "Count", "VWAP"), TRADES[:2])
    assert row["TradeSellVolume"] == 0.0
    assert row["TradeSellCount"] == 0
    assert [row[f"TradeSell{edge}"] for edge in ("Open", "High", "Low", "Close")] == [None] * 4
    assert row["TradeSellVWAP"] is None


def test_all_classifications_take_the_off_book_print_in() -> None:
    row = bucket(asked("Total", "Volume", "OHLC", classifications="all"))
    assert row["TradeTotalVolume"] == 2500.0
    assert row["Close"] == 99.0
    only = bucket(asked("Total", "Volume", classifications=["OFF_BOOK_ON_EXCHANGE"]))
    assert only["TradeTotalVolume"] == 1000.0


def test_market_states_keep_only_prints_in_those_states() -> None:
    metrics = [
        {"measures": "Volume", "market_states": "HALTED", "output_name_pattern": "Halted{measures}"}
    ]
    row = bucket({"generic_metrics": metrics})
    assert row["HaltedVolume"] == 400.0


def test_a_cancellation_takes_volume_back_and_makes_no_price() -> None:
    cancelled = [*TRADES[:3], (12.0, -300.0, 1, *TRADES[1][3:])]
    row = bucket(asked("Total", "OHLC", "Volume", "Count", "Notional", "VWAP"), cancelled)
    assert row["TradeTotalVolume"] == 300.0
    assert row["TradeTotalNotional"] == 3200.0
    assert row["TradeTotalVWAP"] == pytest.approx(3200 / 300, rel=1e-15)
    assert row["TradeTotalCount"] == 3
    assert row["Close"] == 11.0


def test_a_print_without_a_price_counts_in_volume_and_not_in_vwap() -> None:
    unpriced = [*TRADES[:1], (None, 900.0, *TRADES[1][2:])]
    row = bucket(asked("Total", "Volume", "VWAP", "OHLC"), unpriced)
    assert row["TradeTotalVolume"] == 1000.0
    assert row["TradeTotalVWAP"] == 10.0
    assert row["Close"] == 10.0


def test_nan_is_treated_as_absent_in_prices_sizes_and_points() -> None:
    nan = float("nan")
    odd = [
        (10.0, 100.0, 1, *TRADES[0][3:7], 1.0),
        (nan, 100.0, 1, *TRADES[0][3:7], 1.0),
        (12.0, 100.0, 1, *TRADES[0][3:7], nan),
        (99.0, nan, 1, *TRADES[0][3:7], 0.0),
        (float("inf"), 0.0, 1, *TRADES[0][3:7], 0.0),
    ]
    words = ["OHLC", "Volume", "VWAP", "Count", "VolumeWeightedPricePlacement"]
    row = bucket(asked("Total", *words), odd)
    assert row["TradeTotalVWAP"] == 11.0
    assert row["TradeTotalVolume"] == 300.0
    assert row["TradeTotalCount"] == 3
    assert (row["High"], row["Close"]) == (12.0, 12.0)
    assert row["TradeTotalVolumeWeightedPricePlacement"] == 1.0


def test_placement_is_minus_one_at_the_bid_and_plus_one_at_the_ask() -> None:
    # points 1, 1.5 (clipped to 1), 0, 0.5 over sizes 100, 300, 200, 400; the fifth has none
    row = bucket(asked("Total", "VolumeWeightedPricePlacement"))
    wanted = (100 + 300 - 200 + 0) / 1000
    assert row["TradeTotalVolumeWeightedPricePlacement"] == pytest.approx(wanted, rel=1e-15)


def test_with_nothing_configured_users_get_the_names_they_know() -> None:
    row = bucket({})
    bare = {"VWAP", "VolumeWeightedPricePlacement", "Volume", "Open", "High", "Low", "Close"}
    assert bare <= set(row)
    assert row["Volume"] == 1500.0


def test_a_bucket_without_prints_of_the_class_has_no_row() -> None:
    assert bucket(asked("Total", "Volume"), TRADES[5:]) is None


# -- names -----------------------------------------------------------------------------------------


def names(**options: Any) -> list[str]:
    given = TradeOptions.model_validate({"market_state": False, **options})
    return [each.name for each in measures(given)]


def test_bars_of_all_trades_have_bare_names_and_those_of_a_side_do_not() -> None:
    metrics = [{"sides": ["Total", "Bid"], "measures": "OHLC"}]
    assert names(generic_metrics=metrics) == [
        "Open", "High", "Low", "Close",
        "TradeBidOpen", "TradeBidHigh", "TradeBidLow", "TradeBidClose",
    ]  # fmt: skip


def test_a_pattern_names_measures_and_is_a_prefix_for_bars() -> None:
    metrics = [{"measures": ["Volume", "OHLC"], "output_name_pattern": "X{sides}{measures}"}]
    assert names(generic_metrics=metrics) == [
        "XTotalVolume", "XTotalOpen", "XTotalHigh", "XTotalLow", "XTotalClose",
    ]  # fmt: skip


def test_a_prefix_comes_before_every_measure() -> None:
    metrics = [{"measures": ["Volume", "OHLC"]}]
    assert names(metric_prefix="Lit", generic_metrics=metrics)[:2] == [
        "LitTradeTotalVolume",
        "LitOpen",
    ]


@pytest.mark.parametrize("pattern", ["{level}", "{measures.__class__}", "{0}", "{measures"])
def test_a_pattern_that_asks_for_more_than_the_variant_has_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError, match="output_name_pattern"):
        names(generic_metrics=[{"measures": "Volume", "output_name_pattern": pattern}])


@pytest.mark.parametrize("wrong", [{"sides": "Both"}, {"measures": "Volum"}, {"measures": []}])
def test_an_unknown_side_or_measure_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        GenericMetric.model_validate({"measures": "Volume", **wrong})


def test_every_measure_says_what_it_is() -> None:
    every = TradeOptions.model_validate(
        {"generic_metrics": [{"measures": ["OHLC", "Volume", "Count", "Notional", "NotionalEUR",
                                           "NotionalUSD", "VWAP", "AvgPrice", "MedianPrice",
                                           "VolumeWeightedPricePlacement"]}]}
    )  # fmt: skip
    for each in measures(every):
        assert each.doc.endswith("."), each.name
        assert each.unit, each.name
        assert each.formula, each.name
        assert each.columns, each.name


# -- laws ------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 10**5).map(lambda cents: cents / 100),
            st.integers(1, 10**5).map(float),
            st.sampled_from([1, 2, 0, None]),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_vwap_lies_between_low_and_high_and_sides_add_up(
    trades: list[tuple[float, float, int | None]],
) -> None:
    rows = [(p, s, a, *TRADES[0][3:]) for p, s, a in trades]
    section = asked(["Total", "Buy", "Sell", "Unknown"], "OHLC", "Volume", "VWAP", "Count")
    row = bucket(section, rows)
    slack = 1e-12 * row["High"]
    assert row["Low"] - slack <= row["TradeTotalVWAP"] <= row["High"] + slack
    parts = sum(row[f"Trade{side}Volume"] for side in ("Buy", "Sell", "Unknown"))
    assert parts == pytest.approx(row["TradeTotalVolume"], rel=1e-12)
    assert row["Open"] == trades[0][0]
    assert row["Close"] == trades[-1][0]


# -- identities ------------------------------------------------------------------------------------


def held(section: dict[str, Any]) -> list[str]:
    return [each.name for each in identities(TradeOptions.model_validate(section))]


def test_what_is_claimed_follows_the_columns_that_are_asked_for() -> None:
    assert held({}) == ["Low ≤ VWAP ≤ High"]
    split = "TradeBuyVolume + TradeSellVolume + TradeUnknownVolume = TradeTotalVolume"
    sides = ["Buy", "Sell", "Unknown", "Total"]
    assert held(asked(sides, "Volume")) == [split]
    assert held(asked(["Buy", "Sell", "Total"], "Volume", "OHLC")) == []
    assert held(asked(sides, "Volume", ENABLED=False)) == []
    apart = [
        {"sides": ["Ask", "Bid"], "measures": "Volume"},
        {"sides": ["Unknown", "Total"], "measures": "Volume"},
    ]
    assert held({"generic_metrics": apart, "metric_prefix": "My"}) == [
        "MyTradeAskVolume + MyTradeBidVolume + MyTradeUnknownVolume = MyTradeTotalVolume"
    ]
    apart[1]["market_states"] = "HALTED"  # other trades: nothing adds up
    assert held({"generic_metrics": apart}) == []


def test_an_identity_tells_columns_that_contradict_each_other() -> None:
    sides = ["Buy", "Sell", "Unknown", "Total"]
    options = TradeOptions.model_validate(asked(sides, "Volume", "OHLC", "VWAP"))
    right = {"TradeBuyVolume": 1.0, "TradeSellVolume": 2.0, "TradeUnknownVolume": 0.0}
    right |= {"TradeTotalVolume": 3.0, "Low": 5.0, "High": 7.0, "TradeTotalVWAP": 7.0 + 6e-9}
    names = ("TradeTotalVolume", "TradeTotalVWAP")
    split, *_, prices = (
        each for each in identities(options) if any(name in each.name for name in names)
    )

    def holds(identity: Identity, **wrong: float | None) -> Any:
        row = {**right, **wrong}
        frame = pl.DataFrame([row], schema=dict.fromkeys(row, pl.Float64))
        return frame.select(identity.holds).item()

    assert holds(split)
    assert holds(split, TradeTotalVolume=3.0 + 2e-9)
    assert not holds(split, TradeTotalVolume=3.0 + 4e-9)
    assert not holds(split, TradeUnknownVolume=1.0)
    assert holds(split, TradeBuyVolume=None) is None
    nothing = dict.fromkeys(right, 0.0)
    assert holds(split, **nothing)
    assert holds(prices, **nothing)
    assert holds(prices)
    assert not holds(prices, TradeTotalVWAP=7.0 + 8e-9)
    assert holds(prices, TradeTotalVWAP=5.0 - 4e-9)
    assert not holds(prices, TradeTotalVWAP=5.0 - 6e-9)
    assert holds(prices, TradeTotalVWAP=None) is None


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(TRADES), max_size=8))
def test_the_identities_hold_whatever_is_traded(trades: list[tuple[Any, ...]]) -> None:
    words = ("Volume", "Count", "Notional", "VWAP", "OHLC")
    section = asked(["Buy", "Sell", "Unknown", "Total"], *words)
    frame = computed(section, [TRADES[0], *trades])
    claimed = identities(TradeOptions.model_validate(section))
    assert len(claimed) == 7
    assert [each.name for each in claimed if frame.select(~each.holds).item()] == []
