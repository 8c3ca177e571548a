"""Do ratios, lifetimes and replacements of orders equal what is worked out by hand?"""

from __future__ import annotations

from typing import Any, get_args

import polars as pl
import pytest
from pydantic import ValidationError

from beaf_analytics.l3 import BUILDERS, measures
from beaf_analytics.l3.identities import identities
from beaf_analytics.l3.options import L3Options, Variant
from beaf_core import Identity, UsageError
from beaf_core.testing import check_module

ONE, TWO, THREE, ELSEWHERE = (1, "09:01"), (1, "09:02"), (1, "09:03"), (2, "09:01")
SECOND = 1_000_000_000
BID, ASK = 1, 2
SIDES = ["Total", "Bid", "Ask"]

#: Variant → bucket → in all, on the bid side, on the ask side.
WORKED: dict[Variant, dict[tuple[int, str], tuple[Any, ...]]] = {
    "MessageCount": {ONE: (14, 5, 8), TWO: (10, 6, 4), THREE: (1, 0, 1), ELSEWHERE: (2, 2, 0)},
    # Bids: 100 + 50 - 40 - 5 + 1000; asks: 70 + 30 - 30 + 10 + 10 - 90 + 20 - 20; F 7.
    "NetLiquidityFlow": {
        ONE: (1112, 1105, 0),
        TWO: (110 - 1690, 25 - 1605, 85 - 85),
        THREE: (15, 0, 15),
    },
    "CancelToTradeRatio": {
        ONE: (2 / 2, 0.0, 2 / 1),
        TWO: (3 / 3, 2 / 2, 1 / 1),
        THREE: (None, None, None),
    },
    "CancelToTradeVolume": {
        ONE: (50 / 135, 0.0, 50 / 95),
        TWO: (1545 / 145, 1500 / 105, 45 / 40),
        THREE: (None, None, None),
    },
    # Inserts, cancellations and changes by owners; partial fills are none of them.
    "OrderToTradeCount": {
        ONE: ((7 + 2 + 3) / 2, (3 + 0 + 1) / 1, (3 + 2 + 2) / 1),
        TWO: ((3 + 3 + 1) / 3, (1 + 2 + 1) / 2, (2 + 1 + 0) / 1),
        THREE: (None, None, None),
    },
    "OrderToTradeVolume": {
        ONE: (1277 / 135, 1150 / 40, 120 / 95),
        TWO: (110 / 145, 25 / 105, 85 / 40),
        THREE: (None, None, None),
    },
    "CancelShare": {ONE: (2 / 3, None, 2 / 3), TWO: (3 / 6, 2 / 4, 1 / 2), THREE: (None,) * 3},
    "ExecutionShare": {ONE: (1 / 3, None, 1 / 3), TWO: (3 / 6, 2 / 4, 1 / 2), THREE: (None,) * 3},
    "AvgQueuePosition": {ONE: (9.5, 8.0, 11.0), TWO: (0.0, 0.0, 0.0), THREE: (None,) * 3},
    # D 1.05 s, C 6 s, E 60 ms; then G 100 ms, A and B 69 s, D twice 30 ms; Z began before the day.
    "AvgRestingTime": {
        ONE: (7.11 / 3 * SECOND, None, 7.11 / 3 * SECOND),
        TWO: (138.16 / 5 * SECOND, 138.1 / 3 * SECOND, 0.03 * SECOND),
        THREE: (None, None, None),
        ELSEWHERE: (1.0 * SECOND, 1.0 * SECOND, None),
    },
    # E; then the last D. G lives for 100 ms, which is not less; the D before it is filled.
    "FleetingCancelCount": {ONE: (1, 0, 1), TWO: (1, 0, 1), THREE: (0, 0, 0)},
    "FleetingLiquidityRatio": {
        ONE: (20 / 1277, 0.0, 20 / 120),
        TWO: (45 / 110, 0.0, 45 / 85),
        THREE: (0.0, None, 0.0),
        ELSEWHERE: (0.0, 0.0, None),
    },
    # At most 2 s: A, B 2, C 2, D 1.05, E 0.06, F 2, G 0.1; H 2, D 0.03 twice; K 2.
    "RestrictedMeanLifetime": {
        ONE: (9.21 / 7 * SECOND, 4.1 / 3 * SECOND, 3.11 / 3 * SECOND),
        TWO: (2.06 / 3 * SECOND, 2.0 * SECOND, 0.03 * SECOND),
        THREE: (2.0 * SECOND, None, 2.0 * SECOND),
    },
    # E comes 40 ms after C; H moves to 10.0 4 s after B, D comes 20 ms after D.
    "ReplacementCount": {ONE: (1, 0, 1), TWO: (2, 1, 1), THREE: (0, 0, 0), ELSEWHERE: (0, 0, 0)},
    "AvgReplacementLatency": {
        ONE: (0.04 * SECOND, None, 0.04 * SECOND),
        TWO: (2.01 * SECOND, 4.0 * SECOND, 0.02 * SECOND),
        THREE: (None, None, None),
    },
    "ReplacementLatencyMedian": {
        ONE: (0.04 * SECOND, None, 0.04 * SECOND),
        TWO: (2.01 * SECOND, 4.0 * SECOND, 0.02 * SECOND),
        THREE: (None, None, None),
    },
}


def asked(*variants: str, **more: Any) -> dict[str, Any]:
    return {"advanced_metrics": [{"variant": list(variants), **more}]}


def listed(section: dict[str, Any]) -> dict[str, Any]:
    return {each.name: each for each in measures(L3Options.model_validate(section))}


def test_every_variant_is_built_and_keeps_the_contract() -> None:
    assert set(BUILDERS) == set(get_args(Variant))
    assert set(WORKED) == set(BUILDERS) - {"ArrivalFlowImbalance"}
    check_module("l3", asked(*BUILDERS, sides=SIDES))


@pytest.mark.parametrize("variant", WORKED)
def test_every_variant_equals_what_is_worked_out(computed: Any, variant: Variant) -> None:
    rows = computed(asked(variant, sides=SIDES, lifetime_cap_ms=2000))
    for bucket, wanted in WORKED[variant].items():
        found = [rows[bucket][f"{variant}{side}"] for side in ("", "Bid", "Ask")]
        assert found == [
            None if each is None else pytest.approx(each, rel=1e-12) for each in wanted
        ]


def test_arrivals_are_compared_side_by_side(computed: Any) -> None:
    rows = computed(asked("ArrivalFlowImbalance"))
    found = [rows[each]["ArrivalFlowImbalance"] for each in (ONE, TWO, THREE, ELSEWHERE)]
    # F, of no side, is left out.
    assert found == pytest.approx([(1150 - 120) / 1270, (25 - 85) / 110, -1.0, 1.0], rel=1e-12)


def test_without_arrivals_there_is_no_imbalance(computed: Any, frame: Any, orders: Any) -> None:
    rows = computed(asked("ArrivalFlowImbalance"), frame([orders.cancel(1, BID, "A", 1.0, 5)]))
    assert rows[ONE]["ArrivalFlowImbalance"] is None


def test_what_was_not_there_before_is_nothing_and_trades_alone_change_no_order(
    computed: Any, frame: Any, orders: Any
) -> None:
    rows = [
        orders.insert(1, BID, "A", 1.0, 100, OldSize=None),
        orders.cancel(2, BID, "B", 1.0, 30, Size=None),
        orders.insert(3, BID, "C", 1.0, 7, LobAction=1),
    ]
    assert computed(asked("NetLiquidityFlow"), frame(rows))[ONE]["NetLiquidityFlow"] == 70


def test_queue_positions_are_averaged_over_executions(
    computed: Any, frame: Any, orders: Any
) -> None:
    rows = [
        orders.fill(at, BID, "A", 1.0, 5, ahead=ahead) for at, ahead in ((1, 0), (2, 3), (3, 9))
    ]
    assert computed(asked("AvgQueuePosition"), frame(rows))[ONE]["AvgQueuePosition"] == 4.0


def test_nothing_is_put_out_but_what_is_asked_for(computed: Any) -> None:
    row = computed(asked("CancelToTradeRatio", "AvgReplacementLatency"))[ONE]
    assert set(row) == {
        "ListingId", "TimeBucket", "MIC", "CancelToTradeRatio", "AvgReplacementLatency"
    }  # fmt: skip


# -- lifetimes -------------------------------------------------------------------------------------


def test_an_order_counts_where_it_ends_whenever_it_began(
    computed: Any, frame: Any, orders: Any
) -> None:
    rows = frame([orders.insert(1, BID, "A", 1.0, 5), orders.cancel(179, BID, "A", 1.0, 5)])
    found = computed(asked("AvgRestingTime"), rows)
    assert found[ONE]["AvgRestingTime"] is None
    assert found[THREE]["AvgRestingTime"] == 178 * SECOND


@pytest.mark.parametrize(("limit", "count", "share"), [(30, 0, 0), (30.001, 1, 45 / 110)])
def test_fleeting_is_less_than_the_threshold(
    computed: Any, limit: float, count: int, share: float
) -> None:
    variants = ("FleetingCancelCount", "FleetingLiquidityRatio")
    row = computed(asked(*variants, fleeting_threshold_ms=limit))[TWO]
    assert [row[each] for each in variants] == pytest.approx([count, share])


def test_a_cancellation_that_follows_a_fill_is_of_another_order(
    computed: Any, frame: Any, orders: Any
) -> None:
    rows = [
        orders.insert(1, BID, "A", 1.0, 30),
        orders.fill(1.01, BID, "A", 1.0, 30),
        orders.insert(1.02, BID, "A", 1.0, 70),
        orders.cancel(1.03, BID, "A", 1.0, 70),
        # Cancelled first, filled afterwards.
        orders.insert(2, BID, "B", 1.0, 5),
        orders.cancel(2.01, BID, "B", 1.0, 5),
        orders.insert(2.02, BID, "B", 1.0, 11),
        orders.fill(2.03, BID, "B", 1.0, 11),
    ]
    row = computed(asked("FleetingLiquidityRatio", "FleetingCancelCount"), frame(rows))[ONE]
    assert row["FleetingLiquidityRatio"] == pytest.approx((70 + 5) / 116)
    assert row["FleetingCancelCount"] == 2


def test_an_order_that_is_filled_at_the_time_of_a_cancellation_is_filled(
    computed: Any, frame: Any, orders: Any
) -> None:
    rows = [
        orders.insert(1, BID, "A", 1.0, 30),
        orders.fill(1.01, BID, "A", 1.0, 30),
        orders.insert(1.01, BID, "A", 1.0, 70),
        orders.cancel(1.01, BID, "A", 1.0, 70),
    ]
    row = computed(asked("FleetingLiquidityRatio"), frame(rows))[ONE]
    assert row["FleetingLiquidityRatio"] == pytest.approx(70 / 100)


def test_an_update_may_give_an_order_a_new_id(computed: Any, frame: Any, orders: Any) -> None:
    one = {"OriginalOrderId": "O"}
    rows = frame(
        [
            orders.insert(1, BID, "A", 1.0, 5, **one),
            orders.change(2, BID, "A", (1.0, 5), (1.1, 5), OrderId="B", **one),
            orders.cancel(4, BID, "B", 1.1, 5, **one),
        ]
    )
    assert computed(asked("AvgRestingTime"), rows)[ONE]["AvgRestingTime"] is None
    section = {"order_ids": "OriginalOrderId", **asked("AvgRestingTime", "RestrictedMeanLifetime")}
    row = computed(section, rows)[ONE]
    assert (row["AvgRestingTime"], row["RestrictedMeanLifetime"]) == (3 * SECOND, 3 * SECOND)


def test_an_order_without_an_id_has_no_lifetime(computed: Any, frame: Any, orders: Any) -> None:
    rows = [orders.insert(1, BID, "", 1.0, 5), orders.cancel(2, BID, "", 1.0, 5)]
    row = computed(asked("AvgRestingTime", "FleetingLiquidityRatio"), frame(rows))[ONE]
    assert (row["AvgRestingTime"], row["FleetingLiquidityRatio"]) == (None, 0.0)


# -- replacements ----------------------------------------------------------------------------------


def latencies(computed: Any, frame: Any, rows: list[dict[str, Any]]) -> tuple[Any, ...]:
    variants = ("ReplacementCount", "AvgReplacementLatency", "ReplacementLatencyMedian")
    row = computed(asked(*variants), frame(rows))[ONE]
    return tuple(row[each] for each in variants)


def test_the_median_is_not_the_mean(computed: Any, frame: Any, orders: Any) -> None:
    rows = []
    for number, wait in enumerate((1, 2, 9)):
        start, price = 10 * number, 10.0 + number
        rows += [
            orders.insert(start + 0.1, BID, "A", price, 5),
            orders.fill(start + 0.5, BID, "A", price, 5),
            orders.insert(start + 0.5 + wait, BID, "B", price, 5),
        ]
    rows.sort(key=lambda row: row["at"])
    assert latencies(computed, frame, rows) == (3, 4 * SECOND, 2 * SECOND)


def test_only_the_last_order_at_a_price_leaves_it_empty(
    computed: Any, frame: Any, orders: Any
) -> None:
    rows = [
        orders.insert(1, BID, "A", 10.0, 5),
        orders.insert(2, BID, "B", 10.0, 5),
        orders.fill(3, BID, "A", 10.0, 5),
        orders.insert(4, BID, "C", 10.0, 5),
        orders.change(5, BID, "B", (10.0, 5), (10.0, 3), OrderExecuted=True, ExecutionSize=2),
        orders.fill(6, BID, "B", 10.0, 3),
        orders.fill(7, BID, "C", 10.0, 5),
        orders.insert(10, BID, "D", 10.0, 5),
        orders.insert(11, BID, "E", 10.0, 5),
    ]
    assert latencies(computed, frame, rows) == (1, 3 * SECOND, 3 * SECOND)


def test_what_is_cancelled_or_moved_away_is_not_replaced(
    computed: Any, frame: Any, orders: Any
) -> None:
    rows = [
        orders.insert(1, BID, "A", 10.0, 5),
        orders.cancel(2, BID, "A", 10.0, 5),
        orders.insert(3, BID, "B", 10.0, 5),
        orders.change(4, BID, "B", (10.0, 5), (11.0, 5)),
        orders.insert(5, BID, "C", 10.0, 5),
    ]
    assert latencies(computed, frame, rows) == (0, None, None)


def test_an_order_that_moves_away_leaves_one_fewer(computed: Any, frame: Any, orders: Any) -> None:
    rows = [
        orders.insert(1, BID, "A", 10.0, 5),
        orders.insert(2, BID, "B", 10.0, 5),
        orders.change(3, BID, "B", (10.0, 5), (11.0, 5)),
        orders.fill(4, BID, "A", 10.0, 5),
        orders.insert(6, BID, "C", 10.0, 5),
        orders.fill(7, BID, "B", 11.0, 5),
        orders.insert(8, BID, "D", 11.0, 5),
    ]
    assert latencies(computed, frame, rows) == (2, 1.5 * SECOND, 1.5 * SECOND)


def test_levels_are_told_apart_by_side_price_and_listing(
    computed: Any, frame: Any, orders: Any
) -> None:
    rows = [
        orders.insert(1, BID, "A", 10.0, 5),
        orders.insert(1.5, ASK, "B", 10.0, 5),
        orders.insert(2, BID, "A", 10.0, 5, ListingId=2),
        orders.fill(3, BID, "A", 10.0, 5),
        orders.insert(4, ASK, "C", 10.0, 5),
        orders.insert(5, BID, "D", 9.0, 5),
        orders.insert(6, BID, "E", 10.0, 5, ListingId=2),
        orders.insert(7, BID, "F", 10.0, 5),
    ]
    assert latencies(computed, frame, rows) == (1, 4 * SECOND, 4 * SECOND)


def test_messages_of_one_time_stand_in_the_order_of_their_sequence(
    computed: Any, frame: Any, orders: Any
) -> None:
    rows = [
        orders.insert(9, BID, "B", 10.0, 5, BMLLSequenceNo=7),
        orders.fill(9, BID, "A", 10.0, 5, BMLLSequenceNo=6),
        orders.insert(9, BID, "A", 10.0, 5, BMLLSequenceNo=5),
    ]
    assert latencies(computed, frame, rows) == (1, 0, 0)


def test_a_remove_that_does_not_say_why_is_no_execution(
    computed: Any, frame: Any, orders: Any
) -> None:
    rows = [
        orders.insert(1, BID, "A", 10.0, 5),
        orders.fill(2, BID, "A", 10.0, 5, OrderExecuted=None),
        orders.insert(3, BID, "B", 10.0, 5),
        orders.fill(4, BID, "B", 10.0, 5),
        orders.insert(6, BID, "C", 10.0, 5),
    ]
    assert latencies(computed, frame, rows) == (1, 2 * SECOND, 2 * SECOND)


def test_only_an_update_moves_an_order(computed: Any, frame: Any, orders: Any) -> None:
    rows = [
        orders.insert(1, BID, "A", 10.0, 5),
        orders.change(2, BID, "A", (10.0, 5), (11.0, 5), LobAction=1),
        orders.fill(3, BID, "A", 10.0, 5),
        orders.insert(4, BID, "B", 10.0, 5),
    ]
    assert latencies(computed, frame, rows) == (1, SECOND, SECOND)


def test_orders_without_a_price_are_at_no_level(computed: Any, frame: Any, orders: Any) -> None:
    rows = [
        orders.insert(1, BID, "A", None, 5),
        orders.fill(2, BID, "A", None, 5),
        orders.insert(3, BID, "B", None, 5),
    ]
    assert latencies(computed, frame, rows) == (0, None, None)


# -- options ---------------------------------------------------------------------------------------


def test_market_states_leave_out_all_other_messages(computed: Any, day: pl.DataFrame) -> None:
    bids = pl.col("Side") == BID
    halted = day.with_columns(
        MarketState=pl.when(bids).then(pl.lit("HALTED")).otherwise("MarketState")
    )
    variants = [each for each in WORKED if each not in ("OrderToTradeCount",)]
    section = asked(*variants, market_states="HALTED", lifetime_cap_ms=2000)
    rows = computed(section, halted)
    for bucket in (ONE, TWO):
        for each in variants:
            wanted = WORKED[each][bucket][1]
            found = rows[bucket][each]
            assert found == (None if wanted is None else pytest.approx(wanted, rel=1e-12)), each


def test_patterns_and_prefixes_name_columns() -> None:
    pattern = "{variant}_{sides}_{fleeting_threshold_ms}_{lifetime_cap_ms}"
    section = asked(
        "FleetingLiquidityRatio", sides="Bid", fleeting_threshold_ms=50, output_name_pattern=pattern
    )
    assert [*listed(section)] == ["FleetingLiquidityRatio_Bid_50_60000"]
    plain = asked("CancelShare", sides=["Total", "Ask"])
    assert [*listed({"metric_prefix": "o_", **plain})] == ["o_CancelShare", "o_CancelShareAsk"]
    with pytest.raises(UsageError, match=r"\{side\}"):
        listed(asked("CancelShare", output_name_pattern="{side}"))


def test_thresholds_may_be_shorter_than_a_millisecond(
    computed: Any, frame: Any, orders: Any
) -> None:
    rows = [
        orders.insert(1, BID, "A", 1.0, 10),
        orders.cancel(1.000499, BID, "A", 1.0, 10),
        orders.insert(2, BID, "B", 1.0, 30),
        orders.cancel(2.0005, BID, "B", 1.0, 30),
    ]
    variants = ("FleetingLiquidityRatio", "RestrictedMeanLifetime")
    section = asked(*variants, fleeting_threshold_ms=0.5, lifetime_cap_ms=0.25)
    row = computed(section, frame(rows))[ONE]
    assert [row[each] for each in variants] == [10 / 40, 250_000]


def test_what_compares_the_sides_has_none_of_its_own() -> None:
    assert [*listed(asked("ArrivalFlowImbalance", sides=SIDES))] == ["ArrivalFlowImbalance"]
    with pytest.raises(UsageError, match="compares the two sides"):
        listed(asked("ArrivalFlowImbalance", sides="Bid"))


@pytest.mark.parametrize(
    ("section", "words"),
    [
        (asked("Fleeting"), "'ArrivalFlowImbalance', 'AvgQueuePosition'"),
        (asked(), "at least 1"),
        (asked("CancelShare", sides=[]), "at least 1"),
        (asked("CancelShare", sides="Buy"), "'Bid', 'Ask' or 'Total'"),
        (asked("CancelShare", fleeting_threshold_ms=0), "greater than 0"),
        (asked("CancelShare", lifetime_cap_ms=0), "greater than 0"),
        (asked("CancelShare", horizon="1s"), "Extra inputs"),
        ({"order_ids": "TradeId"}, "'OrderId' or 'OriginalOrderId'"),
    ],
)
def test_what_is_not_offered_is_refused(section: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        L3Options.model_validate(section)


def test_thresholds_are_a_tenth_of_a_second_and_a_minute(
    computed: Any, frame: Any, orders: Any
) -> None:
    rows = [
        orders.insert(1, BID, "A", 1.0, 10),
        orders.cancel(1.099999, BID, "A", 1.0, 10),
        orders.insert(2, BID, "B", 1.0, 20),
        orders.cancel(2.1, BID, "B", 1.0, 20),
        orders.insert(3, BID, "C", 1.0, 20),
    ]
    variants = ("FleetingLiquidityRatio", "RestrictedMeanLifetime")
    row = computed(asked(*variants), frame(rows))[ONE]
    assert row["FleetingLiquidityRatio"] == 10 / 50
    assert row["RestrictedMeanLifetime"] == pytest.approx((99_999_000 + 0.1e9 + 60e9) / 3)


@pytest.mark.parametrize(
    ("variant", "rule"),
    [
        ("ArrivalFlowImbalance", "vw:o_InsertVolumeTotal"),
        ("AvgQueuePosition", "vw:o_ExecutionCountTotal"),
        ("AvgReplacementLatency", "vw:o_ReplacementCount"),
        ("AvgRestingTime", "none"),
        ("CancelShare", "vw:o_RemoveCountTotal"),
        ("CancelToTradeRatio", "none"),
        ("CancelToTradeVolume", "none"),
        ("ExecutionShare", "vw:o_RemoveCountTotal"),
        ("FleetingCancelCount", "sum"),
        ("FleetingLiquidityRatio", "vw:o_InsertVolumeTotal"),
        ("MessageCount", "sum"),
        ("NetLiquidityFlow", "sum"),
        ("OrderToTradeCount", "none"),
        ("OrderToTradeVolume", "none"),
        ("ReplacementCount", "sum"),
        ("ReplacementLatencyMedian", "none"),
        ("RestrictedMeanLifetime", "vw:o_InsertCountTotal"),
    ],
)
def test_buckets_combine_by_the_rule_that_is_right(variant: str, rule: str) -> None:
    [measure] = listed({"metric_prefix": "o_", **asked(variant)}).values()
    assert measure.reaggregation == rule
    [filtered] = listed(asked(variant, market_states="HALTED")).values()
    assert filtered.reaggregation == ("sum" if rule == "sum" else "none")
    if variant != "ArrivalFlowImbalance" and rule.startswith("vw:"):
        [ask] = listed({"metric_prefix": "o_", **asked(variant, sides="Ask")}).values()
        assert ask.reaggregation == rule.removesuffix("Total") + "Ask"


# -- identities ------------------------------------------------------------------------------------


def test_what_holds_between_columns_is_declared_as_far_as_they_are_there() -> None:
    section = {
        "generic_metrics": [
            {"actions": ["Cancel", "FullFill", "Remove"], "measures": "Count", "sides": SIDES}
        ],
        "advanced_metrics": [{"variant": ["CancelShare", "ExecutionShare"], "sides": "Ask"}],
    }
    found = identities(L3Options.model_validate(section))
    assert {each.name for each in found} == {
        *(f"CancelCount{x} + FullFillCount{x} = RemoveCount{x}" for x in SIDES),
        *(f"{x}CountBid + {x}CountAsk ≤ {x}CountTotal" for x in ("Cancel", "FullFill", "Remove")),
        "CancelShareAsk + ExecutionShareAsk = 1",
    }
    assert identities(L3Options.model_validate({})) == []
    assert identities(L3Options.model_validate({**section, "ENABLED": False})) == []


def test_columns_of_other_market_states_are_not_compared() -> None:
    metric = {"measures": "Count", "sides": "Bid"}
    section = {
        "generic_metrics": [
            {"actions": ["Cancel", "FullFill"], **metric},
            {"actions": "Remove", **metric, "market_states": "HALTED"},
        ]
    }
    assert identities(L3Options.model_validate(section)) == []


@pytest.mark.parametrize(
    ("identity", "row", "holds"),
    [
        ("ends", {"Cancel": 2, "FullFill": 3, "Remove": 5}, True),
        ("ends", {"Cancel": 2, "FullFill": 3, "Remove": 6}, False),
        ("ends", {"Cancel": 2, "FullFill": 3, "Remove": 4}, False),
    ],
)
def test_an_order_that_ends_is_cancelled_or_filled(
    identity: str, row: dict[str, int], holds: bool
) -> None:
    section = {"generic_metrics": [{"actions": [*row], "measures": "Count", "sides": "Bid"}]}
    [found] = identities(L3Options.model_validate(section))
    assert held(found, {f"{key}CountBid": value for key, value in row.items()}) is holds


@pytest.mark.parametrize(("total", "holds"), [(5, True), (6, True), (4, False)])
def test_sides_are_no_more_than_the_total(total: int, holds: bool) -> None:
    section = {"generic_metrics": [{"actions": "Insert", "measures": "Count", "sides": SIDES}]}
    [found] = identities(L3Options.model_validate(section))
    row = {"InsertCountBid": 2, "InsertCountAsk": 3, "InsertCountTotal": total}
    assert held(found, row) is holds


@pytest.mark.parametrize(("share", "holds"), [(0.25, True), (0.2500001, False), (0.2, False)])
def test_shares_of_what_ends_add_up_to_one(share: float, holds: bool) -> None:
    [found] = identities(L3Options.model_validate(asked("CancelShare", "ExecutionShare")))
    assert held(found, {"CancelShare": 0.75, "ExecutionShare": share}) is holds


def held(identity: Identity, row: dict[str, Any]) -> bool:
    return bool(pl.DataFrame([row]).select(identity.holds).item())
