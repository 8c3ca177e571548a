"""Does the module find what a plain walk over the messages finds?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import compute_frame

Row = Mapping[str, Any]
TIME = "TimestampNanoseconds"


def gone_in_full(row: Row) -> bool:
    executed = row["OrderExecuted"] and row["ExecutionSize"] > 0
    return bool(executed and row["LobAction"] == 3 and row["ExecutionSize"] >= row["OldSize"])


def may_refill(insert: Row, gone: Row, peak: float, tolerance: int, *, sizes: bool) -> bool:
    """Say whether an order may refill one that is gone."""
    later = 0 <= insert[TIME] - gone[TIME] <= tolerance
    after = (insert[TIME], insert["BMLLSequenceNo"]) > (gone[TIME], gone["BMLLSequenceNo"])
    place = all(insert[each] == gone[each] for each in ("ListingId", "Side"))
    price = insert["Price"] in (gone["OldPrice"], gone["ExecutionPrice"])
    like = gone["ExecutionSize"] > gone["OldSize"] or not sizes or insert["Size"] == peak
    return later and after and place and price and like


def walk(rows: Sequence[Row], tolerance: int, *, sizes: bool) -> list[dict[str, Any]]:
    """List the executions of icebergs, each with what it reveals, its iceberg and its number."""
    rows = sorted(rows, key=lambda row: (row[TIME], row["BMLLSequenceNo"]))
    peaks: dict[Any, float] = defaultdict(float)
    for row in rows:
        if row["OrderExecuted"]:
            key = row["ListingId"], row["OldOrderId"]
            peaks[key] = max(peaks[key], row["OldSize"])
    refill: dict[int, Row] = {}  # the place of an execution → the order that refills it
    for place, row in enumerate(rows):
        if row["LobAction"] != 2:
            continue
        for before in range(place - 1, -1, -1):
            gone = rows[before]
            if row[TIME] - gone[TIME] > tolerance:
                break
            peak = peaks[gone["ListingId"], gone["OldOrderId"]]
            if gone_in_full(gone) and may_refill(row, gone, peak, tolerance, sizes=sizes):
                refill.setdefault(before, row)
                break
    found, iceberg, number = [], dict[Any, str](), defaultdict[Any, int](int)
    for place, row in enumerate(rows):
        if not (row["OrderExecuted"] and row["ExecutionSize"] > 0):
            continue
        listing, order = row["ListingId"], row["OldOrderId"]
        revealed = max(row["ExecutionSize"] - row["OldSize"], 0)
        if not revealed and place in refill:
            revealed = refill[place]["Size"]
        if not revealed:
            continue
        name = iceberg.setdefault((listing, order), order)
        if place in refill:
            iceberg[listing, refill[place]["OrderId"]] = name
        number[listing, name] += 1
        facts = {"Revealed": revealed, "Iceberg": name, "Number": number[listing, name]}
        found.append({**row, **facts})
    return found


def assert_same(found: pl.DataFrame, walked: Sequence[Row], width: int) -> None:
    """Compare every row of the module's with the walk, bucket by bucket and side by side."""
    for row in found.iter_rows(named=True):
        label = pl.Series([row["TimeBucket"]]).cast(pl.Datetime("ns")).to_physical()[0]
        inside = [
            each
            for each in walked
            if each["ListingId"] == row["ListingId"] and label - width < each[TIME] <= label
        ]
        for suffix, sides in (("Bid", [1]), ("Ask", [2]), ("", [1, 2])):
            mine = [each for each in inside if each["Side"] in sides]
            assert row[f"IcebergExecutionCount{suffix}"] == len(mine)
            volume = sum(each["ExecutionSize"] for each in mine)
            assert row[f"IcebergExecutionVolume{suffix}"] == volume
            highest = {each["Iceberg"]: each["Number"] for each in mine}  # the last is the highest
            mean = sum(highest.values()) / len(highest) if highest else None
            assert row[f"IcebergAveragePeakCount{suffix}"] == mean
            size = sum(each["Revealed"] for each in mine) / len(mine) if mine else None
            assert row[f"IcebergAverageSize{suffix}"] == size


# kind, step of time, order, price, size, displayed beyond or below it, side, listing
STEPS = st.tuples(
    st.sampled_from(["insert", "insert", "execute", "execute", "part"]),
    st.integers(0, 2),
    st.sampled_from([10.0, 10.0, 11.0]),
    st.sampled_from([50, 100]),
    st.sampled_from([0, 0, 30]),
    st.sampled_from([1, 1, 2]),
    st.sampled_from([1, 1, 2]),
)


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(STEPS, min_size=1, max_size=30), sizes=st.booleans())
def test_any_messages_hold_the_icebergs_that_a_walk_finds(
    new_market: Callable[[], Any], steps: list[tuple[Any, ...]], sizes: bool
) -> None:
    market = new_market()
    at, resting = 0, list[tuple[str, int, int, float, int]]()
    market.execute(0, "first", 10, of=10)
    for place, (kind, step, price, size, more, side, listing) in enumerate(steps):
        at += step
        if kind == "insert" or not resting:
            market.insert(at, f"o{place}", size, side=side, price=price, listing=listing)
            resting.append((f"o{place}", size, side, price, listing))
            continue
        order, shown, its_side, its_price, its_listing = resting.pop(size % len(resting))
        there = {"side": its_side, "price": its_price, "listing": its_listing}
        if kind == "part" and shown > 10:
            market.execute(at, order, 10, of=shown, left=shown - 10, **there)
            resting.append((order, shown - 10, its_side, its_price, its_listing))
        else:
            market.execute(at, order, shown + more, of=shown, **there)
    section = {"peak_link_tolerance_seconds": 2e-9, "refill_size_match": sizes}
    found = compute_frame("iceberg", market.tables, iceberg_analytics=section)
    walked = walk(market.messages, 2, sizes=sizes)
    assert found["IcebergExecutionCount"].sum() == len(walked)
    assert_same(found, walked, 60 * 10**9)


@pytest.mark.shared_data
@pytest.mark.parametrize(("tolerance", "count"), [(500_000, 10), (20_000_000, 23)])
def test_a_day_of_a_real_market_holds_what_a_walk_finds(
    shared_data: Path, tolerance: int, count: int
) -> None:
    frame = pl.read_parquet(next((shared_data / "bme_ana" / "l3").rglob("*.parquet")))
    frame = frame.with_columns(pl.col(TIME).cast(pl.Datetime("ns")).to_physical())
    section = {"peak_link_tolerance_seconds": tolerance / 1e9, "refill_size_match": False}
    walked = walk(frame.to_dicts(), tolerance, sizes=False)
    found = compute_frame(
        "iceberg", {"l3": frame}, time_bucket_seconds=3600, iceberg_analytics=section
    )
    assert len(walked) == count
    assert found["IcebergExecutionCount"].sum() == len(walked)
    assert_same(found, walked, 3600 * 10**9)
