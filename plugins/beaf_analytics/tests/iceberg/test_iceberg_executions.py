"""Which executions are told as those of icebergs, and what is counted of them?"""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from beaf_analytics.iceberg import measures
from beaf_analytics.iceberg.measures import identities
from beaf_analytics.iceberg.options import IcebergOptions
from beaf_core import AnalyticsModule, Context, Measure, UsageError, compute_frame
from beaf_core.testing import check_module

MINUTE = 60 * 10**9
BID, ASK = 1, 2
TOLERANCE = 500_000

EVERYTHING = {"metrics": [{"measures": ["ExecutionVolume", "ExecutionCount", "AverageSize",
    "RevealedPeakCount", "AveragePeakCount", "VolumeShare"]}]}  # fmt: skip


def test_the_module_keeps_the_contract() -> None:
    check_module("iceberg")
    check_module("iceberg", EVERYTHING)


def counted(market: Any, **section: Any) -> int:
    count: int = market.row(section)["IcebergExecutionCount"]
    return count


# -- revealed --------------------------------------------------------------------------------------


def test_what_is_executed_beyond_what_is_displayed_is_revealed(market: Any) -> None:
    market.execute(0, "a", 150, of=100)
    market.execute(10, "b", 500, of=60)
    market.execute(20, "c", 70, of=70)
    market.execute(30, "d", 40, of=30, side=ASK)
    row = market.row(EVERYTHING)
    assert row["IcebergExecutionVolumeBid"] == 650
    assert row["IcebergExecutionCountBid"] == row["IcebergRevealedPeakCountBid"] == 2
    assert row["IcebergAverageSizeBid"] == (50 + 440) / 2
    assert row["IcebergAveragePeakCountBid"] == 1.0
    assert row["IcebergVolumeShareBid"] == 650 / 720
    assert row["IcebergExecutionVolumeAsk"] == 40
    assert row["IcebergExecutionCountAsk"] == row["IcebergRevealedPeakCountAsk"] == 1
    assert row["IcebergAverageSizeAsk"] == 10.0
    assert row["IcebergVolumeShareAsk"] == 1.0
    assert row["IcebergExecutionVolume"] == 690
    assert row["IcebergExecutionCount"] == row["IcebergRevealedPeakCount"] == 3
    assert row["IcebergAverageSize"] == (50 + 440 + 10) / 3
    assert row["IcebergVolumeShare"] == 690 / 760
    assert row["IcebergOrderImbalance"] == (650 - 40) / (650 + 40)


def test_an_order_that_is_displayed_anew_is_refilled_whoever_names_it(market: Any) -> None:
    market.execute(0, "a", 100, of=100, left=80)
    assert market.row()["IcebergAverageSize"] == 80.0
    assert counted(market, methods="revealed") == 0


def test_what_is_left_of_an_order_is_no_refill(market: Any) -> None:
    market.execute(0, "a", 99, of=100, left=1)
    assert counted(market) == 0


def test_more_than_is_displayed_counts_as_that_even_where_the_order_is_displayed_anew(
    market: Any,
) -> None:
    market.execute(0, "a", 150, of=100, left=80)
    assert market.row()["IcebergAverageSize"] == 50.0
    assert market.row({"methods": "refill"})["IcebergAverageSize"] == 80.0


def test_what_is_no_execution_reveals_nothing(market: Any) -> None:
    market.execute(0, "a", 70, of=70)
    market.cancel(10, "b", 100)
    market.insert(20, "c", 100)
    market.execute(30, "d", 200, of=100)
    market.messages[-1]["OrderExecuted"] = None
    market.execute(40, "e", 200, of=100)
    market.messages[-1]["OldSize"] = None
    row = market.row()
    assert (row["IcebergExecutionCount"], row["IcebergExecutionVolume"]) == (0, 0)


def test_an_execution_of_no_share_is_none(market: Any) -> None:
    market.cancel(0, "a", 100)
    market.messages[-1]["OrderExecuted"] = True
    assert market.rows() == []
    market.execute(0, "b", 1, of=1)
    assert counted(market) == 0


def test_one_share_is_enough(market: Any) -> None:
    market.execute(0, "a", 101, of=100)
    assert counted(market) == 1


@pytest.mark.parametrize(("least", "count"), [(0, 2), (9.5, 2), (10, 1), (39, 1), (40, 0)])
def test_only_executions_that_reveal_more_than_the_minimum_count(
    market: Any, least: float, count: int
) -> None:
    market.execute(0, "a", 110, of=100)
    market.execute(10, "b", 140, of=100)
    assert counted(market, min_revealed_qty=least) == count


@pytest.mark.parametrize(
    ("source", "mean"), [("RevealedQty", 30.0), ("ExecutionSize", 120.0), ("OldSize", 90.0)]
)
def test_the_average_size_is_that_of_its_source(market: Any, source: str, mean: float) -> None:
    market.execute(0, "a", 110, of=100)
    market.execute(10, "b", 130, of=80)
    market.execute(20, "c", 700, of=700)
    assert market.row({"avg_size_source": source})["IcebergAverageSizeBid"] == mean


@pytest.mark.parametrize(
    ("source", "imbalance"),
    [("ExecutionSize", (110 - 330) / 440), ("RevealedQty", (10 - 20) / 30)],
)
def test_the_imbalance_is_that_of_its_source(market: Any, source: str, imbalance: float) -> None:
    market.execute(0, "a", 110, of=100)
    market.execute(10, "b", 330, of=310, side=ASK)
    market.execute(20, "c", 700, of=700)
    assert market.row({"imbalance_source": source})["IcebergOrderImbalance"] == imbalance


def test_the_imbalance_sums_up_each_side(market: Any) -> None:
    market.execute(0, "a", 110, of=100)
    market.execute(10, "b", 130, of=100)
    market.execute(20, "c", 205, of=200, side=ASK)
    market.execute(30, "d", 315, of=300, side=ASK)
    assert market.row()["IcebergOrderImbalance"] == (240 - 520) / 760
    revealed = market.row({"imbalance_source": "RevealedQty"})
    assert revealed["IcebergOrderImbalance"] == (40 - 20) / 60


def test_a_bucket_of_ordinary_executions_has_no_icebergs_and_one_without_any_no_row(
    market: Any,
) -> None:
    market.execute(-(10**9), "a", 70, of=70)  # at nine: the bucket that ends there
    market.execute(1 - 10**9, "b", 90, of=80)
    market.insert(2 * MINUTE, "c")
    rows = market.rows(EVERYTHING)
    assert [each["TimeBucket"].minute for each in rows] == [0, 1]
    none, one = rows
    assert none["IcebergExecutionVolume"] == none["IcebergExecutionCount"] == 0
    assert none["IcebergRevealedPeakCount"] == 0
    assert none["IcebergVolumeShare"] == 0.0
    assert none["IcebergAverageSize"] is None
    assert none["IcebergAveragePeakCount"] is None
    assert none["IcebergOrderImbalance"] is None
    assert none["IcebergVolumeShareAsk"] is None
    assert one["IcebergExecutionVolume"] == 90


# -- refilled --------------------------------------------------------------------------------------


def test_an_order_executed_in_full_that_another_like_it_follows_is_refilled(market: Any) -> None:
    market.execute(0, "a", 100, of=100)
    market.insert(TOLERANCE, "b", 100)
    row = market.row()
    assert (row["IcebergExecutionCountBid"], row["IcebergExecutionVolumeBid"]) == (1, 100)
    assert row["IcebergAverageSizeBid"] == 100.0
    assert counted(market, methods="revealed") == 0


@pytest.mark.parametrize(
    ("at", "order"),
    [
        (TOLERANCE + 1, {}),
        (5, {"price": 10.01}),
        (5, {"price": 9.99}),
        (5, {"side": ASK}),
        (5, {"size": 99}),
        (5, {"size": 101}),
        (5, {"listing": 2}),
    ],
)
def test_an_order_that_comes_late_or_is_unlike_refills_nothing(
    market: Any, at: int, order: dict[str, Any]
) -> None:
    market.execute(0, "a", 100, of=100)
    market.insert(at, "b", **order)
    assert counted(market) == 0


def test_sizes_and_prices_need_not_match_where_the_options_say_so(market: Any) -> None:
    market.execute(0, "a", 100, of=100)
    market.insert(5, "b", 30, price=10.01)
    assert counted(market, refill_size_match=False) == 0
    assert counted(market, peak_link_price_match=False) == 0
    row = market.row({"refill_size_match": False, "peak_link_price_match": False})
    assert row["IcebergAverageSize"] == 30.0


@pytest.mark.parametrize(("seconds", "count"), [(0.0, 0), (4e-9, 0), (5e-9, 1), (1e-3, 1)])
def test_the_tolerance_holds_to_the_nanosecond(market: Any, seconds: float, count: int) -> None:
    market.execute(0, "a", 100, of=100)
    market.insert(5, "b", 100)
    assert counted(market, peak_link_tolerance_seconds=seconds) == count


def test_the_tolerance_is_in_seconds(market: Any) -> None:
    market.execute(0, "a", 100, of=100)
    market.insert(10**9 + 1, "b", 100)
    assert counted(market, peak_link_tolerance_seconds=1) == 0
    market.insert(10**9, "c", 100)
    assert counted(market, peak_link_tolerance_seconds=1) == 1


def test_of_messages_at_one_time_the_sequence_tells_which_follows(market: Any) -> None:
    market.insert(0, "b", 100)
    market.execute(0, "a", 100, of=100)
    assert counted(market, peak_link_tolerance_seconds=0) == 0
    market.insert(0, "c", 100)
    market.messages[-1]["BMLLSequenceNo"] = 2
    assert counted(market, peak_link_tolerance_seconds=0) == 0
    market.insert(0, "d", 100)
    assert counted(market, peak_link_tolerance_seconds=0) == 1


def test_the_peak_is_what_an_order_displayed_before_its_first_execution(market: Any) -> None:
    market.execute(0, "a", 30, of=100, left=70)
    market.execute(10, "a", 70, of=70)
    market.insert(15, "b", 100)
    row = market.row()
    assert (row["IcebergExecutionCount"], row["IcebergExecutionVolume"]) == (1, 70)
    assert row["IcebergAverageSize"] == 100.0


def test_what_remains_of_an_order_is_not_refilled(market: Any) -> None:
    market.execute(0, "a", 100, of=300, left=200)
    market.insert(5, "b", 300)
    market.execute(10, "c", 50, of=90)  # the rest is cancelled with it
    market.insert(15, "d", 90)
    assert counted(market) == 0


def test_the_price_of_the_execution_will_do_as_well(market: Any) -> None:
    market.execute(0, "a", 100, of=100, price=10.0, executed_at=9.9)
    market.insert(5, "b", 100, price=9.9)
    assert counted(market) == 1
    market.execute(10, "c", 100, of=100, price=11.0, executed_at=11.1)
    market.insert(15, "d", 100, price=11.0)
    assert counted(market) == 2


def test_an_order_refills_the_last_execution_before_it_and_no_other(market: Any) -> None:
    market.execute(0, "a", 10, of=100, left=90, side=ASK)
    market.execute(0, "a", 90, of=90, side=ASK)
    market.execute(1, "b", 20, of=100, left=80, side=ASK)
    market.execute(1, "c", 30, of=100, left=70, side=ASK)
    market.execute(1, "b", 80, of=80, side=ASK)
    market.execute(1, "c", 70, of=70, side=ASK)
    market.insert(2, "d", 100, side=ASK)
    row = market.row()
    assert (row["IcebergExecutionCountAsk"], row["IcebergExecutionVolumeAsk"]) == (1, 70)


def test_an_execution_is_refilled_by_one_order(market: Any) -> None:
    market.execute(0, "a", 100, of=100)
    market.insert(1, "b", 100)
    market.insert(2, "c", 100)
    market.execute(3, "d", 40, of=40)
    market.insert(4, "e", 40)
    row = market.row()
    assert row["IcebergExecutionVolume"] == 140
    assert row["IcebergAverageSize"] == 70.0


def test_of_several_orders_the_first_refills_an_execution(market: Any) -> None:
    market.execute(0, "a", 100, of=100)
    market.insert(1, "b", 70)
    market.insert(1, "c", 60)
    market.insert(2, "d", 50)
    assert market.row({"refill_size_match": False})["IcebergAverageSize"] == 70.0


def test_other_modules_read_what_each_execution_reveals(market: Any) -> None:
    market.execute(0, "a", 130, of=100)
    market.execute(1, "b", 100, of=100)
    market.insert(2, "c", 100)
    market.execute(3, "d", 10, of=20, left=10)
    market.execute(4, "e", 50, of=50, left=40, new_order="f")
    market.execute(5, "g", 21, of=20)

    def listed(context: Context, _options: object) -> pl.LazyFrame:
        rows = context.tables["iceberg_executions"].sort("BMLLSequenceNo")
        facts = pl.struct("RevealedQty", "IcebergMethod", "NextOrderId", "OldOrderId")
        return rows.group_by("ListingId", "TimeBucket").agg(Facts=facts)

    columns = ("BMLLSequenceNo", "RevealedQty", "IcebergMethod", "NextOrderId", "OldOrderId")
    reader = AnalyticsModule(
        "reader",
        measures=lambda _options: [Measure("Facts", "iceberg_executions", None, "", "", "")],
        compute=listed,
        reads=lambda _options: {"iceberg_executions": columns},
    )
    (facts,) = compute_frame(["iceberg", reader], market.tables)["Facts"]
    assert [tuple(each.values()) for each in facts] == [
        (30, "REVEALED", None, "a"),
        (100, "REFILL", "c", "b"),
        (0, None, None, "d"),
        (40, "REFILL", "f", "e"),
        (1, "REVEALED", None, "g"),
    ]


def test_a_refill_reveals_its_own_size_against_the_minimum(market: Any) -> None:
    market.execute(0, "a", 100, of=100)
    market.insert(5, "b", 100)
    assert counted(market, min_revealed_qty=99) == 1
    assert counted(market, min_revealed_qty=100) == 0


def test_listings_do_not_mix(market: Any) -> None:
    for listing in (1, 2):
        market.execute(0, "x", 120 * listing, of=100, listing=listing)
        market.execute(1, "a", 100, of=100, listing=listing)
    market.insert(2, "b", 100, listing=2)
    one, two = market.rows()
    assert (one["IcebergExecutionCount"], one["IcebergExecutionVolume"]) == (1, 120)
    assert (two["IcebergExecutionCount"], two["IcebergExecutionVolume"]) == (2, 340)


# -- options ---------------------------------------------------------------------------------------


def test_what_is_asked_for_is_what_is_named(market: Any) -> None:
    market.execute(0, "a", 150, of=100)
    section = {
        "metric_prefix": "My",
        "order_imbalance": False,
        "metrics": [
            {"sides": "Bid", "measures": "ExecutionVolume"},
            {
                "sides": ["Ask", "Total"],
                "measures": ["ExecutionCount"],
                "output_name_pattern": "Ice{measures}{sides}",
            },
        ],
    }
    row = market.row(section)
    names = [each for each in row if each not in ("ListingId", "TimeBucket", "MIC")]
    assert names == ["MyIcebergExecutionVolumeBid", "MyIceExecutionCountAsk", "MyIceExecutionCount"]
    assert [row[each] for each in names] == [150, 0, 1]
    default = [each.name for each in measures(IcebergOptions(metric_prefix="My"))]
    assert len(default) == 5 * 3 + 1
    assert default[-1] == "MyIcebergOrderImbalance"


def test_market_states_leave_out_other_phases(market: Any) -> None:
    market.execute(0, "a", 150, of=100, state="CLOSING_AUCTION")
    market.execute(1, "b", 230, of=200)
    words = ["ExecutionVolume", "VolumeShare", "AveragePeakCount"]
    metric = {"sides": "Total", "measures": words, "market_states": "CONTINUOUS_TRADING"}
    row = market.row({"metrics": [metric]})
    assert row["IcebergExecutionVolume"] == 230
    assert row["IcebergVolumeShare"] == 1.0
    assert row["IcebergAveragePeakCount"] == 1.0


def test_a_module_that_is_switched_off_yields_nothing() -> None:
    assert measures(IcebergOptions(ENABLED=False)) == []
    assert identities(IcebergOptions(ENABLED=False)) == []


def test_both_sides_are_all_icebergs_and_each_run_checks_it() -> None:
    volume, number, peaks = identities(IcebergOptions())
    assert volume.name == (
        "IcebergExecutionVolumeBid + IcebergExecutionVolumeAsk = IcebergExecutionVolume"
    )
    assert number.name.endswith("= IcebergExecutionCount")
    assert peaks.name.endswith("= IcebergRevealedPeakCount")
    frame = pl.DataFrame(
        {
            "IcebergExecutionVolumeBid": [1, 1, 1, 0, None],
            "IcebergExecutionVolumeAsk": [2, 3, 1, 0, 3],
            "IcebergExecutionVolume": [3, 3, 3, 0, 3],
        }
    )
    holds = frame.select(volume.holds).to_series().to_list()
    assert holds == [True, False, False, True, None]
    one = IcebergOptions.model_validate({"metrics": [{"sides": ["Bid", "Total"]}]})
    assert identities(one) == []
    shares = IcebergOptions.model_validate({"metrics": [{"measures": "VolumeShare"}]})
    assert identities(shares) == []


def test_the_mean_size_of_long_buckets_is_weighted_by_the_number_of_executions() -> None:
    rules = {each.name: each.reaggregation for each in measures(IcebergOptions())}
    assert rules["IcebergAverageSizeBid"] == "vw:IcebergExecutionCountBid"
    assert rules["IcebergAverageSize"] == "vw:IcebergExecutionCount"
    assert rules["IcebergExecutionVolumeAsk"] == rules["IcebergRevealedPeakCount"] == "sum"
    assert rules["IcebergAveragePeakCount"] == rules["IcebergOrderImbalance"] == "none"


@pytest.mark.parametrize(
    "section",
    [
        {"metrics": [{"measures": ["Depth"]}]},
        {"metrics": [{"sides": ["Left"]}]},
        {"methods": []},
        {"methods": ["guess"]},
        {"peak_link_tolerance_seconds": -1},
        {"match_tolerance_seconds": -1},
        {"size_tolerance": -1},
        {"min_revealed_qty": -1},
        {"avg_size_source": "Size"},
        {"trade_tag_context_key": ""},
        {"tolerance": 1},
    ],
)
def test_options_that_mean_nothing_are_refused(section: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        IcebergOptions.model_validate(section)


def test_a_pattern_that_names_something_else_is_refused() -> None:
    metric = {"measures": ["ExecutionVolume"], "output_name_pattern": "{level}"}
    with pytest.raises(UsageError, match="level"):
        measures(IcebergOptions.model_validate({"metrics": [metric]}))


def test_times_may_be_stored_in_any_way(market: Any) -> None:
    market.execute(0, "a", 100, of=100)
    market.insert(TOLERANCE, "b", 100)
    l3 = market.tables["l3"]
    for dtype in (pl.Datetime("ns"), pl.Datetime("us")):
        stored = l3.with_columns(pl.col("TimestampNanoseconds").cast(pl.Datetime("ns")).cast(dtype))
        assert compute_frame("iceberg", {"l3": stored})["IcebergExecutionCount"].to_list() == [1]
