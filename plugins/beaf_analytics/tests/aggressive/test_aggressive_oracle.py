"""Does the module put together what a plain walk over the prints puts together?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import compute_frame

START = int((datetime(2025, 1, 6, 9, 0, 1) - datetime(1970, 1, 1)).total_seconds()) * 10**9
SIDES = {"Buy": [1], "Sell": [2], "": [1, 2]}
ASKED = {"metrics": [{"measures": ["OrderCount", "OrderVolume", "AvgOrderDuration",
    "AvgOrderExecutions", "SweepDepth", "SweepShare", "SweepVolumeShare"]}]}  # fmt: skip

Row = Mapping[str, Any]


def walk(rows: Sequence[Row], delta: int) -> list[list[Row]]:
    """Put the prints of each listing together, one after another."""
    found: list[list[Row]] = []
    key = ("ListingId", "TradeTimestampNanoseconds", "BMLLSequenceNo")
    for row in sorted(rows, key=lambda row: tuple(row[each] for each in key)):
        if row["AggressorSide"] not in (1, 2):
            continue
        last = found[-1][-1] if found else None
        if (
            last is not None
            and all(last[each] == row[each] for each in ("ListingId", "AggressorSide"))
            and row["TradeTimestampNanoseconds"] - last["TradeTimestampNanoseconds"] <= delta
        ):
            found[-1].append(row)
        else:
            found.append([row])
    return found


def assert_same(found: pl.DataFrame, orders: Sequence[Sequence[Row]], width: int) -> None:
    """Compare every row of the module's with the walk."""
    labels = found["TimeBucket"].cast(pl.Datetime("ns")).to_physical()
    assert found["AggressiveOrderCount"].sum() == len(orders)
    for row, label in zip(found.iter_rows(named=True), labels, strict=True):
        inside = [
            each
            for each in orders
            if each[0]["ListingId"] == row["ListingId"]
            and label - width < each[0]["TradeTimestampNanoseconds"] <= label
        ]
        for suffix, sides in SIDES.items():
            mine = [each for each in inside if each[0]["AggressorSide"] in sides]
            for name, wanted in facts(mine).items():
                got = row[f"{name}{suffix}"]
                same = got is None if wanted is None else got == pytest.approx(wanted, rel=1e-12)
                assert same, f"{name}{suffix}: {got}, not {wanted}"


def facts(orders: Sequence[Sequence[Row]]) -> dict[str, Any]:
    number = len(orders)
    sizes = [sum(each["Size"] for each in order) for order in orders]
    time = "TradeTimestampNanoseconds"
    durations = [order[-1][time] - order[0][time] for order in orders]
    levels = [len({each["InstrumentCurrencyPrice"] for each in order}) for order in orders]
    swept = [size for size, level in zip(sizes, levels, strict=True) if level > 1]
    return {
        "AggressiveOrderCount": number,
        "AggressiveOrderVolume": sum(sizes),
        "AvgAggressiveOrderDuration": sum(durations) / number if number else None,
        "AvgAggressiveOrderExecutions": sum(map(len, orders)) / number if number else None,
        "SweepDepth": sum(levels) / number if number else None,
        "SweepShare": len(swept) / number if number else None,
        "SweepVolumeShare": sum(swept) / sum(sizes) if number else None,
    }


PRINTS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 2, 3, 40 * 10**9]),
        st.sampled_from([1, 2]),
        st.sampled_from([0, 1, 1, 1, 2]),
        st.sampled_from([10.0, 10.0, 10.1, 10.2]),
        st.sampled_from([1.0, 3.0, 7.5]),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=25, deadline=None)
@given(prints=PRINTS)
def test_any_prints_make_the_orders_that_a_walk_makes(prints: list[tuple[Any, ...]]) -> None:
    at, rows = START, []
    for place, (step, listing, side, price, size) in enumerate([(0, 1, 1, 9.0, 2.0), *prints]):
        at += step
        rows.append(
            {
                "TradeTimestampNanoseconds": at, "ListingId": listing, "AggressorSide": side,
                "InstrumentCurrencyPrice": price, "Size": size, "BMLLSequenceNo": place,
                "Classification": "LIT_CONTINUOUS",
            }
        )  # fmt: skip
    found = compute_frame(
        "aggressive_trades",
        {"trades": pl.DataFrame(rows).reverse()},
        aggressive_trades_analytics={**ASKED, "deltat": 2e-9},
    )
    assert_same(found, walk(rows, 2), 60 * 10**9)


@pytest.mark.shared_data
@pytest.mark.parametrize(("delta", "number"), [(10_000, 465), (2_000_000, 364)])
def test_a_day_of_a_real_market_holds_what_a_walk_finds(
    shared_data: Path, delta: int, number: int
) -> None:
    day = shared_data / "bme_ana"
    trades = pl.read_parquet(next((day / "trades-plus").rglob("*.parquet")))
    l3 = pl.read_parquet(next((day / "l3").rglob("*.parquet")))
    time = pl.col("TradeTimestampNanoseconds").cast(pl.Datetime("ns")).to_physical()
    orders = walk(trades.with_columns(time).to_dicts(), delta)
    assert len(orders) == number
    for table in ("trades", "l3"):  # every print of the day is an execution of its book
        found = compute_frame(
            "aggressive_trades",
            {"trades": trades, "l3": l3},
            time_bucket_seconds=3600,
            aggressive_trades_analytics={**ASKED, "deltat": delta / 1e9, "table": table},
        )
        assert_same(found, orders, 3600 * 10**9)
