"""Do the books of real venues, put together, give the one book that they were split from?"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from beaf_analytics.cbbo.options import ConsolidateOptions
from beaf_analytics.cbbo.table import consolidated
from beaf_analytics.measures.quotes import accepted
from beaf_core import Aggregation, AnalyticsModule, Kind, Measure, compute_frame

pytestmark = pytest.mark.shared_data

TIME = "TimestampNanoseconds"
BOOK = [
    f"{side}{field}{n}"
    for side in ("Bid", "Ask")
    for field in ("Price", "Quantity", "NumOrders")
    for n in range(1, 11)
]


def split(shared_data: Path, table: str) -> pl.LazyFrame:
    return pl.scan_parquet(sorted((shared_data / "split3_ana" / table).glob("*/*.parquet")))


def whole(shared_data: Path, table: str) -> pl.DataFrame:
    return pl.read_parquet(shared_data / "bme_ana" / table / "XMAD" / "2019-05-23.parquet")


@pytest.fixture(scope="module")
def together(shared_data: Path) -> pl.DataFrame:
    tables = {name: split(shared_data, name) for name in ("l2", "reference")}
    made = consolidated(ConsolidateOptions()).build(tables)
    return made.collect(engine="streaming")


def test_every_level_is_that_of_the_one_book_after_every_event(
    shared_data: Path, together: pl.DataFrame
) -> None:
    # A row of the one book has the sequence number of the event that it follows.
    one = whole(shared_data, "l2").select("BMLLSequenceNo", TIME, *BOOK)
    both = one.join(together, on=["BMLLSequenceNo", TIME], suffix="_ours", maintain_order="left")
    assert both.height == one.height == 26_739
    for name in BOOK:
        assert both[f"{name}_ours"].equals(both[name], check_names=False), name
        assert both[f"{name}_ours"].dtype == both[name].dtype, name


def test_the_market_state_is_that_of_the_primary_as_far_as_it_has_told(
    shared_data: Path, together: pl.DataFrame
) -> None:
    primary = split(shared_data, "l2").filter(pl.col("ListingId") == 91000010).collect()
    key, state = "BMLLSequenceNo", "MarketState"
    told = primary.select(key, Told=state).set_sorted(key)
    as_of = together.sort(key).join_asof(told, on=key).filter(pl.col("Told").is_not_null())
    assert as_of.height == together.height - 2, "two events come before the primary's first"
    assert as_of["Told"].equals(as_of[state], check_names=False)


def test_no_event_is_lost_and_none_is_made_up(shared_data: Path, together: pl.DataFrame) -> None:
    events = split(shared_data, "l2").select(TIME, "BMLLSequenceNo").sort(TIME, "BMLLSequenceNo")
    assert together.select(TIME, "BMLLSequenceNo").equals(events.collect())
    assert together["ListingId"].unique().to_list() == [91000010]
    assert together["L2EventNo"].to_list() == list(range(together.height))


def test_between_events_of_the_one_book_it_does_not_move(
    shared_data: Path, together: pl.DataFrame
) -> None:
    settled = together.unique(TIME, keep="last", maintain_order=True).select(TIME, *BOOK)
    one = whole(shared_data, "l2").unique(TIME, keep="last", maintain_order=True)
    as_of = settled.select(TIME).join_asof(one.select(TIME, *BOOK), on=TIME)
    assert settled.equals(as_of)


def test_a_module_over_the_venues_says_what_it_says_over_the_one_book(shared_data: Path) -> None:
    def probe() -> AnalyticsModule:
        value = {
            "Spread": (Kind.TIME_WEIGHTED, pl.col("AskPrice1") - pl.col("BidPrice1")),
            "Depth": (Kind.TIME_WEIGHTED, pl.col("BidQuantity10")),
            "Orders": (Kind.STATE_LAST, pl.col("AskNumOrders3")),
            "Low": (Kind.STATE_MIN, pl.col("BidPrice5")),
        }
        measures = [
            Measure(name, "l2", Aggregation(kind, of), "", "", "")
            for name, (kind, of) in value.items()
        ]
        return AnalyticsModule("probe", measures=lambda _options: measures)

    ours = compute_frame(
        ["consolidate", probe()],
        {name: split(shared_data, name) for name in ("l2", "reference")},
        module_inputs={"probe": {"l2": "consolidated"}},
    )
    one = compute_frame(probe(), {"l2": whole(shared_data, "l2")})
    names = ["TimeBucket", "Spread", "Depth", "Orders", "Low"]
    both = one.select(names).join(ours, on="TimeBucket", suffix="_ours")
    assert both.height == one.height > 500
    for name in names[1:]:
        off = (both[f"{name}_ours"] - both[name]).abs() / both[name].abs().clip(1e-9)
        assert both[f"{name}_ours"].null_count() == both[name].null_count()
        assert off.max() <= 1e-12, name


def test_the_trades_of_the_venues_sum_up_to_those_of_the_one(shared_data: Path) -> None:
    trades = split(shared_data, "trades-plus").select(pl.col("Size").sum(), pl.len()).collect()
    assert trades.row(0) == (whole(shared_data, "trades-plus")["Size"].sum(), 996)


def test_what_the_venues_have_at_the_best_bid_is_what_the_one_book_has_there(
    shared_data: Path,
) -> None:
    tables = {name: split(shared_data, name) for name in ("l2", "reference")}
    asked = {"measures": ["QuantityAtCBB", "QuantityAtCBO"], "aggregations": "TWMean"}
    venues = compute_frame(
        ["consolidate", "cbbo_analytics", "dense"],
        {**tables, "marketstate": split(shared_data, "market-state")},
        cbbo_analytics={"cbbo": "consolidated", "metrics": [asked]},
    )
    best = {"QuantityAtCBB": "BidQuantity1", "QuantityAtCBO": "AskQuantity1"}
    valid = accepted("valid")
    measures = [
        Measure(name, "l2", Aggregation(Kind.TIME_WEIGHTED, pl.col(of), valid), "", "", "")
        for name, of in best.items()
    ]
    one = compute_frame(
        AnalyticsModule("probe", measures=lambda _options: measures),
        {"l2": whole(shared_data, "l2")},
    )
    # Not the minutes in which the venues begin, and go over to the closing auction, one by one.
    inside = pl.col("TimeBucket").is_between(
        datetime(2019, 5, 23, 7, 2), datetime(2019, 5, 23, 15, 30)
    )
    total = venues.group_by("TimeBucket").agg(pl.col(*best).sum())
    both = one.filter(inside).join(total, on="TimeBucket", suffix="_ours")
    assert both.height == one.filter(inside).height > 450
    for name in best:
        off = (both[f"{name}_ours"] - both[name]).abs() / both[name]
        assert off.max() <= 1e-9, name
