"""Do expressions come out as worked out by hand?"""

from __future__ import annotations

from datetime import datetime
from math import log
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import compute_frame

START = datetime(2025, 1, 6, 9, 0)

# second, price, size, aggressor, state: buys 100 and 300, a sell of 200, 400 and 500 unknown.
TRADES = [
    (10, 10.0, 100.0, 1, "CONTINUOUS_TRADING"),
    (20, 12.0, 300.0, 1, "CONTINUOUS_TRADING"),
    (30, 11.0, 200.0, 2, "CONTINUOUS_TRADING"),
    (40, 20.0, 400.0, 0, "HALTED"),
    (50, 30.0, 500.0, None, "CONTINUOUS_TRADING"),
]


def trades(rows: list[tuple[Any, ...]] = TRADES) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "ListingId": [1 for _ in rows],
            "TradeTimestamp": [START.replace(second=row[0]) for row in rows],
            "InstrumentCurrencyPrice": [row[1] for row in rows],
            "Size": pl.Series([row[2] for row in rows], dtype=pl.Float64),
            "AggressorSide": pl.Series([row[3] for row in rows], dtype=pl.Int64),
            "MarketState": [row[4] for row in rows],
        }
    )


def value_of(
    expr: str, table: str = "trades", frame: pl.DataFrame | None = None, **more: Any
) -> Any:
    """Compute one metric in one bucket; `P` stands for the price."""
    metric = {
        "name": "Found",
        "table": table,
        "expr": expr.replace("P", "InstrumentCurrencyPrice") if table == "trades" else expr,
        "unit": "anything",
        **more,
    }
    found = compute_frame(
        "metrics", {table: trades() if frame is None else frame}, metrics=[metric]
    )
    return found["Found"].item()


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("sum(Size)", 1500.0),
        ("count()", 5),
        ("count(Size > 200)", 3),
        ("count(AggressorSide)", 4),
        ("distinct(MarketState)", 2),
        ("mean(Size)", 300.0),
        ("std(Size)", 25000**0.5),
        ("median(P)", 12.0),
        ("median(Size)", 300.0),
        ("q(Size, 0)", 100.0),
        ("q(Size, 1)", 500.0),
        ("count(MarketState)", 5),
        ("q(Size, 0.25)", 200.0),
        ("first(P)", 10.0),
        ("last(P)", 30.0),
        ("min(P)", 10.0),
        ("max(P)", 30.0),
        ("vw(P, Size)", 29800 / 1500),
        ("vw(D, Size)", 200 / 1500),
        ("sum(D * Size)", 200.0),
        ("sum(D * Size) / sum(Size)", 200 / 1500),
        ("sum(P * Size) / sum(Size)", 29800 / 1500),
    ],
)  # fmt: skip
def test_aggregations(expr: str, expected: float) -> None:
    assert value_of(expr) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("2 + 3 * count()", 17),
        ("(2 + 3) * count()", 25),
        ("10 - count()", 5),
        ("count() - 7 - 1", -3),
        ("count() / 2", 2.5),
        ("2 / count()", 0.4),
        ("-count()", -5),
        ("+count()", 5),
        ("count() ** 2", 25.0),
        ("2 ** count()", 32.0),
        ("2 ** 3 * count()", 40.0),
        ("max(P) - min(P)", 20.0),
        ("log(last(P) / first(P))", log(3)),
        ("log(first(P) / last(P))", -log(3)),
        ("sqrt(first(P) / last(P))", 3**-0.5),
        ("sqrt(sum(Size) + 100)", 40.0),
        ("abs(sum(D * Size) - 500)", 300.0),
        ("sign(sum(D * Size) - 300)", -1.0),
        ("clip(max(P), 0, 25)", 25.0),
        ("clip(min(P), 15, 25)", 15.0),
        ("where(sum(Size) > 1000, 1, 2)", 1),
        ("where(sum(Size) > 2000, 1, 2)", 2),
        ("where(sum(Size) > 2000, 1)", None),
        ("sum(where(Size > 200, Size, 0))", 1200.0),
        ("sum(where(Size > 200, Size))", 1200.0),
        ("max(where(Size > 400, 7, D))", 7),
        ("sum(Size > 200)", 3),
        ("count(Size >= 300)", 3),
        ("count(Size < 300)", 2),
        ("count(Size <= 300)", 3),
        ("count(Size == 300)", 1),
        ("count(Size != 300)", 4),
        ("count(100 < Size <= 300)", 2),
        ("count(Size > 100 and Size < 400)", 2),
        ("count(Size < 200 or Size > 400)", 2),
        ("count(not Size > 200)", 2),
        ('count(MarketState == "HALTED")', 1),
        ('count(MarketState in ["HALTED", "CLOSED"])', 1),
        ('count(MarketState not in ["HALTED"])', 4),
        ("count(Size in (100, 500))", 2),
        ('sum(col("Size"))', 1500.0),
        ("sum(D)", 1),
        ("sum(abs(D))", 3),
        ("sum(log(P / 10))", log(1.2) + log(1.1) + log(2) + log(3)),
        ("mean(Size * (Size > 200))", 240.0),
    ],
)
def test_what_is_worked_out_of_rows_and_of_buckets(expr: str, expected: float | None) -> None:
    assert value_of(expr) == (None if expected is None else pytest.approx(expected, rel=1e-12))


@pytest.mark.parametrize(
    "expr",
    [
        "sum(Size) / (count() - 5)",
        "sum(Size) / 0",
        "log(count() - 5)",
        "log(4 - count())",
        "sqrt(4 - count())",
        "(count() - 5) ** -1",
        "(4 - count()) ** 0.5",
        "vw(P, D * 0)",
        "std(where(Size > 400, Size))",
    ],
)
def test_what_has_no_value_is_null(expr: str) -> None:
    assert value_of(expr) is None


def test_the_last_text_of_a_bucket() -> None:
    assert value_of("last(MarketState)") == "CONTINUOUS_TRADING"
    assert value_of("last(MarketState)", where="Size < 500") == "HALTED"


def test_the_first_text_of_a_bucket() -> None:
    assert value_of("first(MarketState)", where="Size > 300") == "HALTED"


def test_the_root_of_zero_is_zero() -> None:
    assert value_of("sqrt(count() - 5)") == 0


def test_rows_without_a_value_have_no_weight() -> None:
    # 10 x 100 and 30 x 500 have a price
    frame = trades().with_columns(
        InstrumentCurrencyPrice=pl.col("InstrumentCurrencyPrice").replace([11, 12, 20], None)
    )
    assert value_of("vw(P, Size)", frame=frame) == pytest.approx((1000 + 15000) / 600)


def test_a_division_by_zero_on_a_row_leaves_that_row_out() -> None:
    # D is 1, 1, -1, 0, 0: Size / D is 100, 300, -200
    assert value_of("sum(Size / D)") == 200.0
    assert value_of("count(Size / D)") == 3


def test_where_chooses_rows() -> None:
    chosen = {"where": 'MarketState == "CONTINUOUS_TRADING" and Size > 100'}
    assert value_of("sum(Size)", **chosen) == 1000.0
    assert value_of("vw(P, Size)", **chosen) == pytest.approx((3600 + 2200 + 15000) / 1000)
    assert value_of("count()", **chosen) == 3
    assert value_of("count(D == 0)", **chosen) == 1
    assert value_of("first(P)", **chosen) == 12.0


def test_a_sum_of_nothing_is_zero_and_all_else_null() -> None:
    none = {"where": "Size > 1000"}
    assert [value_of(each, **none) for each in ("sum(Size)", "count()", "distinct(Size)")] == [
        0,
        0,
        0,
    ]
    assert [value_of(each, **none) for each in ("mean(Size)", "last(P)", "vw(P, Size)")] == [
        None
    ] * 3


def test_params_stand_for_numbers_and_texts() -> None:
    params = {"block": 300, "phase": "HALTED"}
    assert value_of("count(Size >= block)", params=params) == 3
    assert value_of("count(MarketState == phase)", params=params) == 1
    assert value_of("sum(Size) / block", params=params) == 5.0


def test_an_expression_may_go_over_several_lines() -> None:
    assert value_of("sum(D * Size)\n  / sum(Size)") == pytest.approx(200 / 1500)


def test_the_direction_of_orders_is_that_of_their_side() -> None:
    frame = pl.DataFrame(
        {
            "ListingId": [1, 1, 1],
            "TimestampNanoseconds": [START.replace(second=each) for each in (1, 2, 3)],
            "Side": [1, 1, 2],
            "Size": [10.0, 20.0, 5.0],
        }
    )
    assert value_of("sum(D * Size)", "l3", frame) == 25.0


def test_states_are_weighted_by_the_time_that_they_hold() -> None:
    # From second 12 on 2, from 30 on 4: (18 x 2 + 30 x 4) / 48 = 3.25
    frame = pl.DataFrame(
        {
            "ListingId": [1, 1],
            "EventTimestamp": [START.replace(second=12), START.replace(second=30)],
            "AskPrice1": [12.0, 14.0],
            "BidPrice1": [10.0, 10.0],
        }
    )
    assert value_of("twa(AskPrice1 - BidPrice1)", "l2", frame) == 3.25
    assert value_of("twa(AskPrice1 > 13)", "l2", frame) == 30 / 48
    assert value_of("duration(AskPrice1 > 13)", "l2", frame) == 30_000_000_000
    assert value_of("twa(AskPrice1)", "l2", frame, where="AskPrice1 < 13") == 12.0


def test_columns_of_an_earlier_pass_are_read() -> None:
    bars = pl.DataFrame(
        {"ListingId": [1, 2], "TimeBucket": [START.replace(minute=1)] * 2, "High": [12.0, 5.0],
         "Low": [10.0, 4.5]}
    )  # fmt: skip
    metric = {"name": "Range", "table": "source", "expr": "max(High) - min(Low)", "unit": "ccy"}
    found = compute_frame("metrics", {}, source=bars, metrics=[metric])
    assert found["Range"].to_list() == [2.0, 0.5]


SIZES = st.lists(st.integers(1, 10_000), min_size=1, max_size=20)


@settings(max_examples=15, deadline=None)
@given(SIZES, st.randoms(use_true_random=False))
def test_buys_and_sells_and_the_unknown_are_all(sizes: list[int], random: Any) -> None:
    rows = [(10, 10.0, float(size), random.choice([1, 2, 0, None]), "") for size in sizes]
    metrics = [
        {"name": name, "table": "trades", "expr": f"sum(where({test}, Size, 0))"}
        for name, test in (("Buy", "D == 1"), ("Sell", "D == -1"), ("Unknown", "D == 0"))
    ]
    total = {"name": "Total", "table": "trades", "expr": "sum(Size)"}
    signed = {"name": "Signed", "table": "trades", "expr": "sum(D * Size)"}
    found = compute_frame(
        "metrics", {"trades": trades(rows)}, metrics=[*metrics, total, signed]
    ).row(0, named=True)
    assert found["Buy"] + found["Sell"] + found["Unknown"] == found["Total"] == sum(sizes)
    assert found["Buy"] - found["Sell"] == found["Signed"]
