"""Does each word of `aggregations` become the number that it says?"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, get_args

import polars as pl
import pytest

from beaf_analytics.measures.aggregations import AggregationWord, RowValue
from beaf_core import AnalyticsModule, Measure, UsageError, compute_frame

START = datetime(2025, 1, 6, 9)
X, SIZE = pl.col("X"), pl.col("Size")
#: X, size, price; the one that does not count is the last of the bucket, and the largest.
ROWS: list[tuple[float | None, float, float]] = [
    (4.0, 10.0, 2.0), (1.0, 30.0, 1.0), (None, 50.0, 3.0), (7.0, 20.0, 4.0), (100.0, 0.0, 9.0),
]  # fmt: skip
VALUE = RowValue(
    table="trades",
    value=X,
    unit="ccy",
    doc="Distance",
    formula="x",
    source="Nobody 1999",
    where=SIZE > 0,
    size=SIZE,
    notional=SIZE * pl.col("Price"),
)


def trades(*rows: tuple[float | None, float, float]) -> pl.DataFrame:
    columns = {"X": pl.Float64, "Size": pl.Float64, "Price": pl.Float64}
    return pl.DataFrame(list(rows), schema=columns, orient="row").with_columns(
        ListingId=1,
        BMLLSequenceNo=pl.int_range(pl.len()),
        TradeTimestamp=pl.lit(START) + pl.duration(seconds=1 + pl.int_range(pl.len())),
    )


def computed(measure: Measure, frame: pl.DataFrame) -> Any:
    module = AnalyticsModule("words", measures=lambda _options: [measure])
    return compute_frame(module, {measure.table: frame})[measure.name].item()


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("First", 4.0),
        ("Last", 7.0),
        ("Min", 1.0),
        ("Max", 7.0),
        ("Mean", 4.0),
        ("Sum", 12.0),
        ("Std", 3.0),
        ("Median", 4.0),
        # Weights of a row without a value do not count: 10 + 30 + 20 and 20 + 30 + 80.
        ("VWA", (4 * 10 + 1 * 30 + 7 * 20) / 60),
        ("NotionalWeighted", (4 * 20 + 1 * 30 + 7 * 80) / 130),
    ],
)
def test_a_word_aggregates_the_rows_that_count(word: AggregationWord, number: float) -> None:
    assert computed(VALUE.measure("A", word), trades(*ROWS)) == pytest.approx(number, rel=1e-14)


def test_a_mean_is_no_median() -> None:
    frame = trades((1.0, 1.0, 1.0), (2.0, 1.0, 1.0), (9.0, 1.0, 1.0))
    assert computed(VALUE.measure("A", "Mean"), frame) == 4.0
    assert computed(VALUE.measure("A", "Median"), frame) == 2.0


@pytest.mark.parametrize("word", ["Sum", "Mean", "VWA", "NotionalWeighted"])
def test_of_no_row_that_counts_only_the_sum_is_known(word: AggregationWord) -> None:
    found = computed(VALUE.measure("A", word), trades((5.0, 0.0, 1.0)))
    assert found == (0.0 if word == "Sum" else None)


def test_without_a_condition_all_rows_count() -> None:
    everything = replace(VALUE, where=None)
    assert computed(everything.measure("A", "Max"), trades(*ROWS)) == 100.0
    wanted = (40 + 30 + 140) / 60
    assert computed(everything.measure("A", "VWA"), trades(*ROWS)) == pytest.approx(wanted)


def test_a_time_weight_is_the_time_for_which_a_value_holds() -> None:
    seconds = [0, 15, 45]
    book = pl.DataFrame({"X": [8.0, 2.0, 6.0]}).with_columns(
        ListingId=1,
        BMLLSequenceNo=pl.int_range(pl.len()),
        EventTimestamp=pl.Series([START + timedelta(seconds=each) for each in seconds]),
    )
    value = replace(VALUE, table="l2", where=None)
    found = compute_frame(
        AnalyticsModule("words", measures=lambda _options: [value.measure("A", "TWA")]),
        {"l2": book},
    )
    # 8 for 15 s, 2 for 30 s, 6 for 15 s
    assert found["A"].to_list()[-1] == pytest.approx((120 + 60 + 90) / 60, rel=1e-14)


@pytest.mark.parametrize(
    ("word", "told", "rule"),
    [
        ("First", "first", "first"),
        ("Last", "last", "last"),
        ("Min", "smallest", "min"),
        ("Max", "largest", "max"),
        ("Mean", "mean, each row counted once", "none"),
        ("Sum", "sum", "sum"),
        ("Std", "standard deviation (n - 1)", "none"),
        ("Median", "median", "none"),
        ("TWA", "mean by the time for which each value holds", "twa"),
        ("VWA", "mean weighted by size", "none"),
        ("NotionalWeighted", "mean weighted by price times size", "none"),
    ],
)
def test_a_word_says_what_it_is_and_how_buckets_combine(
    word: AggregationWord, told: str, rule: str
) -> None:
    found = VALUE.measure("A", word)
    assert (found.doc, found.reaggregation) == (f"Distance: {told}.", rule)
    assert (found.unit, found.formula, found.source) == ("ccy", f"{word}(x)", "Nobody 1999")


def test_every_word_has_been_asked_for() -> None:
    assert all(VALUE.measure("A", word).name == "A" for word in get_args(AggregationWord))


def test_a_weighted_mean_may_name_the_column_of_its_weights() -> None:
    assert VALUE.measure("A", "VWA", reaggregation="vw:Volume").reaggregation == "vw:Volume"


@pytest.mark.parametrize("word", ["VWA", "NotionalWeighted"])
def test_where_rows_have_no_weight_the_other_words_are_named(word: AggregationWord) -> None:
    bare = replace(VALUE, size=None, notional=None)
    with pytest.raises(UsageError, match=f"A: rows of trades have no weight for {word}") as caught:
        bare.measure("A", word)
    assert caught.value.remedy == (
        "ask for any of First, Last, Min, Max, Mean, Sum, Std, Median, TWA"
    )
