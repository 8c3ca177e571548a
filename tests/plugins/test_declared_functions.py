"""Does a small function become the measure that it describes?"""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from beaf_core import Aggregation, AnalyticsModule, Kind, compute_frame, measure

PRICE = pl.col("Price")
HIGH, LOW = Aggregation(Kind.MAX, PRICE), Aggregation(Kind.MIN, PRICE)


@measure(
    "trades",
    unit="ccy",
    formula="max p - min p",
    source="Parkinson 1980",
    reaggregation="max",
    version=3,
    high=HIGH,
    low=LOW,
)
def high_low_range(high: pl.Expr, low: pl.Expr) -> pl.Expr:
    """Highest less lowest price
    of the bucket.
    """
    return high - low


def test_a_function_is_a_measure_with_its_name_and_its_docstring() -> None:
    assert high_low_range.name == "HighLowRange"
    assert high_low_range.doc == "Highest less lowest price of the bucket."
    assert (high_low_range.table, high_low_range.unit) == ("trades", "ccy")
    assert (high_low_range.formula, high_low_range.source) == ("max p - min p", "Parkinson 1980")
    assert (high_low_range.reaggregation, high_low_range.version) == ("max", 3)
    assert high_low_range.needs == {"trades": ("Price",)}


def test_the_function_is_computed_by_the_engine() -> None:
    at = datetime(2025, 1, 6, 9, 0, 30)
    trades = pl.DataFrame(
        {"ListingId": [1, 1, 1], "TradeTimestamp": [at] * 3, "Price": [10.0, 12.5, 11.0]}
    )
    module = AnalyticsModule("custom", measures=lambda _options: [high_low_range])
    assert compute_frame(module, {"trades": trades})["HighLowRange"].to_list() == [2.5]


def test_the_column_may_have_another_name() -> None:
    @measure("trades", unit="ccy", formula="max p", name="TopPrice", high=HIGH)
    def highest(high: pl.Expr) -> pl.Expr:
        """The highest price."""
        return high

    assert highest.name == "TopPrice"


def test_arguments_are_aggregations_of_the_same_names() -> None:
    with pytest.raises(TypeError, match="takes high, and is given the aggregations low"):

        @measure("trades", unit="ccy", formula="", low=LOW)
        def highest(high: pl.Expr) -> pl.Expr:
            """The highest price."""
            return high


def test_a_measure_means_something() -> None:
    with pytest.raises(TypeError, match="highest needs a docstring"):

        @measure("trades", unit="ccy", formula="", high=HIGH)
        def highest(high: pl.Expr) -> pl.Expr:
            return high
