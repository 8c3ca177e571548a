"""Which executions are peaks of one iceberg, and how many has it shown?"""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from beaf_analytics.iceberg.peaks import numbered
from beaf_core import AnalyticsModule, Context, Measure, compute_frame

MINUTE = 60 * 10**9
BID, ASK = 1, 2
PEAKS = {"metrics": [{"sides": ["Bid", "Ask", "Total"], "measures": "AveragePeakCount"}]}


def peaks(market: Any, **section: Any) -> list[tuple[float | None, ...]]:
    names = ["IcebergAveragePeakCountBid", "IcebergAveragePeakCountAsk", "IcebergAveragePeakCount"]
    return [tuple(row[name] for name in names) for row in market.rows({**PEAKS, **section})]


def test_orders_that_refill_each_other_are_one_iceberg(market: Any) -> None:
    market.execute(0, "a", 150, of=100)
    market.insert(10, "b", 80)
    market.execute(20, "b", 90, of=80)
    market.insert(30, "c", 70)
    market.execute(40, "c", 71, of=70)
    assert peaks(market) == [(3.0, None, 3.0)]
    assert peaks(market, enable_peak_linking=False) == [(1.0, None, 1.0)]


def test_the_mean_is_over_icebergs_of_the_highest_peak_of_each(market: Any) -> None:
    market.execute(0, "a", 150, of=100)
    market.insert(10, "b", 80)
    market.execute(20, "b", 90, of=80)
    market.execute(30, "x", 90, of=80, price=11.0)
    market.execute(40, "y", 90, of=80, side=ASK)
    assert peaks(market) == [((2 + 1) / 2, 1.0, (2 + 1 + 1) / 3)]


def test_peaks_are_counted_over_buckets(market: Any) -> None:
    market.execute(0, "a", 150, of=100)
    market.insert(10, "b", 80)
    market.execute(MINUTE, "b", 90, of=80)
    market.insert(MINUTE + 10, "c", 80)
    market.execute(MINUTE + 20, "c", 90, of=80)
    market.execute(MINUTE + 30, "x", 90, of=80, price=11.0)
    market.insert(MINUTE + 40, "d", 80, price=11.0)
    market.execute(2 * MINUTE, "d", 90, of=80, price=11.0)
    assert [row[2] for row in peaks(market)] == [1.0, (3 + 1) / 2, 2.0]


def test_several_icebergs_of_one_price_are_told_apart(market: Any) -> None:
    market.execute(0, "a", 100, of=100)
    market.insert(1, "a2", 100)
    market.execute(2, "b", 60, of=60)
    market.insert(3, "b2", 60)
    market.execute(4, "a2", 100, of=100)
    market.insert(5, "a3", 100)
    market.execute(6, "b2", 60, of=60)
    market.insert(7, "b3", 60)
    market.execute(8, "a3", 100, of=100)
    market.insert(9, "a4", 100)
    assert market.row()["IcebergExecutionCount"] == 5
    assert peaks(market) == [((3 + 2) / 2, None, (3 + 2) / 2)]


@pytest.mark.parametrize(
    ("at", "order", "mean"),
    [
        (500_000, {}, 2.0),
        (500_001, {}, 1.0),
        (5, {"price": 10.5}, 2.0),
        (5, {"price": 10.1}, 1.0),
        (5, {"side": ASK}, 1.0),
        (5, {"listing": 2}, 1.0),
    ],
)
def test_only_an_order_like_it_continues_an_iceberg(
    market: Any, at: int, order: dict[str, Any], mean: float
) -> None:
    market.execute(0, "a", 150, of=100, executed_at=10.5)
    market.insert(at, "b", 80, **order)
    market.execute(at + 1, "b", 90, of=80, **order)
    assert {row[2] for row in peaks(market)} == {mean}


def test_the_price_does_not_matter_where_it_is_not_to(market: Any) -> None:
    market.execute(0, "a", 150, of=100)
    market.insert(5, "b", 80, price=10.5)
    market.execute(6, "b", 90, of=80, price=10.5)
    assert peaks(market, peak_link_price_match=False)[0][2] == 2.0


def test_links_need_no_method_but_what_is_revealed(market: Any) -> None:
    market.execute(0, "a", 150, of=100)
    market.insert(5, "b", 80)
    market.execute(6, "b", 90, of=80)
    market.execute(7, "c", 100, of=100, price=11.0)
    market.insert(8, "d", 100, price=11.0)
    market.execute(9, "d", 110, of=100, price=11.0)
    assert peaks(market, methods=["revealed"]) == [((2 + 1) / 2, None, (2 + 1) / 2)]
    assert peaks(market) == [(2.0, None, 2.0)]


def test_an_order_in_between_that_reveals_nothing_takes_no_refill_where_it_is_no_method(
    market: Any,
) -> None:
    market.execute(0, "a", 150, of=100)
    market.execute(1, "c", 80, of=80)
    market.insert(5, "b", 80)
    market.execute(6, "b", 90, of=80)
    assert peaks(market, methods=["revealed"]) == [(2.0, None, 2.0)]
    assert peaks(market) == [((1 + 2) / 2, None, (1 + 2) / 2)]


def test_one_share_more_than_displayed_is_continued_by_an_order_of_any_size(market: Any) -> None:
    market.execute(0, "a", 101, of=100)
    market.insert(5, "b", 80)
    market.execute(6, "b", 81, of=80)
    assert peaks(market) == [(2.0, None, 2.0)]


def test_an_order_displayed_anew_goes_on_under_its_own_or_another_id(market: Any) -> None:
    market.execute(0, "a", 100, of=100, left=100)
    market.execute(1, "a", 100, of=100, left=100, new_order="b")
    market.execute(2, "b", 100, of=100, left=100)
    market.execute(3, "b", 130, of=100)
    assert peaks(market) == [(4.0, None, 4.0)]


def test_listings_have_orders_of_one_id(market: Any) -> None:
    for listing in (1, 2):
        market.execute(0, "a", 150, of=100, listing=listing)
        market.insert(5, "b", 80, listing=listing)
    market.execute(6, "b", 90, of=80, listing=2)
    assert [row[2] for row in peaks(market)] == [1.0, 2.0]


def chain(length: int) -> pl.DataFrame:
    """List the executions of one long iceberg, its orders 0, 1, 2, … on two listings."""
    orders = [str(each) for each in range(length)]
    each = pl.DataFrame(
        {
            "TimestampNanoseconds": range(length),
            "BMLLSequenceNo": range(length),
            "OldOrderId": orders,
            "NextOrderId": pl.Series([*orders[1:], None], dtype=pl.String),
        }
    )
    return pl.concat([each.with_columns(ListingId=pl.lit(listing)) for listing in (1, 2)])


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 8, 9, 1000])
def test_chains_are_as_long_as_they_are(length: int) -> None:
    found = numbered(chain(length).sample(fraction=1.0, shuffle=True, seed=7))
    assert found["IcebergId"].unique().to_list() == ["0"]
    assert found["ListingId"].to_list() == [1] * length + [2] * length
    assert found["PeakNumber"].to_list() == [*range(1, length + 1)] * 2


def test_ids_that_are_used_again_and_close_a_circle_come_to_an_end() -> None:
    circle = chain(3).with_columns(NextOrderId=pl.col("NextOrderId").fill_null("0"))
    assert numbered(circle)["PeakNumber"].min() == 1


def test_no_icebergs_are_no_rows() -> None:
    assert numbered(chain(3).clear()).is_empty()


def test_other_modules_read_the_icebergs(market: Any) -> None:
    market.execute(0, "a", 150, of=100)
    market.insert(10, "b", 80)
    market.execute(20, "b", 90, of=80, state="HALTED")
    market.execute(30, "x", 80, of=80)

    def listed(context: Context, _options: object) -> pl.LazyFrame:
        rows = context.tables["icebergs"].sort("PeakNumber")
        facts = pl.format("{}{}{}", "IcebergId", "PeakNumber", "MarketState")
        return rows.group_by("ListingId", "TimeBucket").agg(Facts=facts.str.join(" ").last())

    facts = Measure("Facts", "icebergs", None, "", "", "")
    reader = AnalyticsModule(
        "reader",
        measures=lambda _options: [facts],
        compute=listed,
        reads=lambda _options: {"icebergs": ("IcebergId", "PeakNumber", "MarketState")},
    )
    found = compute_frame(["iceberg", reader], market.tables)
    assert found["Facts"].to_list() == ["a1CONTINUOUS_TRADING a2HALTED"]
