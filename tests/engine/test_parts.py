"""Is the result of a lane the same in however many parts it runs?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import Aggregation, Kind, Measure
from beaf_core.engine.compiler import execute
from beaf_core.engine.compiler.bucket import Buckets
from beaf_core.engine.compiler.combine import join_tables
from beaf_core.engine.compiler.compile import Clock, DayOfTable, TablePlan
from beaf_core.engine.compiler.execute import run_table
from beaf_core.engine.compiler.lanes import split_lanes
from beaf_core.engine.compiler.parts import parts_of
from beaf_core.engine.work import WHOLE, Batch
from beaf_core.model.errors import ResourceError
from beaf_core.model.primitives import Lifetime

SECOND = 10**9
DAY = date(1970, 1, 1)
PRICE = pl.col("Price")
LIVED = {"Lived": Lifetime(pl.col("Action") == 2, pl.col("Action") == 3)}
BUCKETS = Buckets(60 * SECOND)


def measure(kind: Kind, name: str = "", of: pl.Expr | None = PRICE, **more: object) -> Measure:
    of = None if kind in (Kind.DURATION, Kind.COUNT) else of
    value = Aggregation(kind, of, q=0.3 if kind is Kind.QUANTILE else None)
    return Measure(name or kind, "l3", value, "", "", "", **more)


ALL_KINDS = [measure(kind) for kind in Kind]
OVER_LIVES = [
    measure(kind, f"lived_{kind}", pl.col("Lived"), lookups=LIVED)
    for kind in (Kind.SUM, Kind.COUNT, Kind.MEAN, Kind.STD, Kind.MIN, Kind.MAX)
]

#: listing, second, order, action, price
Row = tuple[int, int, int, int, float | None]
ROWS = st.lists(
    st.tuples(
        st.sampled_from([1, 2]),
        st.integers(1, 600),
        st.integers(1, 12),
        st.sampled_from([2, 3]),
        st.one_of(st.none(), st.integers(-9, 9).map(float)),
    ),
    min_size=1,
    max_size=50,
)


def day_of(rows: Sequence[Row], day: date = DAY) -> DayOfTable:
    frame = pl.DataFrame(
        rows,
        schema={
            "ListingId": pl.Int64,
            "Second": pl.Int64,
            "OrderId": pl.Int64,
            "Action": pl.Int64,
            "Price": pl.Float64,
        },
        orient="row",
    ).with_row_index("Sequence")
    # The id stands in the column that fits the action, as exchanges give it.
    ended = pl.when(pl.col("Action") == 3).then("OrderId").alias("OldOrderId")
    timed = frame.with_columns(ended, (pl.col("Second") * SECOND).alias("Time"))
    return DayOfTable(day, timed.lazy(), Clock("Time", "Sequence"), universe=[1, 2])


def computed(
    measures: Sequence[Measure],
    days: Sequence[DayOfTable],
    batch: Batch,
    buckets: Buckets = BUCKETS,
) -> pl.DataFrame:
    plan = TablePlan("l3", tuple(measures))
    result = run_table(plan, days, buckets, batch)
    return join_tables(measures, [result], [each.day for each in days])


def budget_for(rows: int) -> Batch:
    """Allow for so many rows of states at once; a quarter of the budget is always given."""
    return Batch(rows={"l3": 10**9}, budget=4 * 160 * rows)


def assert_same(found: pl.DataFrame, expected: pl.DataFrame) -> None:
    assert found.columns == expected.columns
    assert found.schema == expected.schema
    for name in found.columns:
        own, other = found[name].to_list(), expected[name].to_list()
        if found[name].dtype.is_float():
            assert [each is None for each in own] == [each is None for each in other], name
            told = [each for each in other if each is not None]
            assert [each for each in own if each is not None] == pytest.approx(
                told, rel=1e-12, abs=1e-9
            ), name
        else:
            assert own == other, name


@settings(max_examples=25, deadline=None)
@given(
    ROWS, st.integers(1, 60), st.sampled_from(["end", "start"]), st.sampled_from(["right", "left"])
)
def test_any_number_of_parts_gives_the_same_numbers(
    rows: list[Row], budget: int, anchor: str, closed: str
) -> None:
    buckets = Buckets(60 * SECOND, anchor, closed)
    days = [day_of(rows)]
    measures = [*ALL_KINDS, *OVER_LIVES]
    whole = computed(measures, days, WHOLE, buckets)
    assert_same(computed(measures, days, budget_for(budget), buckets), whole)


@settings(max_examples=15, deadline=None)
@given(ROWS, ROWS, st.integers(1, 30))
def test_days_and_parts_do_not_get_in_each_others_way(
    first: list[Row], second: list[Row], budget: int
) -> None:
    days = [day_of(first), day_of(second, date(1970, 1, 2))]
    whole = computed(ALL_KINDS, days, WHOLE)
    assert_same(computed(ALL_KINDS, days, budget_for(budget)), whole)


def test_a_small_budget_does_cut_and_a_large_one_does_not() -> None:
    days = [day_of([(1, 60 * minute, 1, 2, 1.0) for minute in range(1, 9)])]
    split = split_lanes(TablePlan("l3", (*ALL_KINDS, *OVER_LIVES)))
    lanes = {lane.name: lane for lane in split.lanes}
    small = {
        name: len(parts_of(lane, days, BUCKETS, budget_for(2), split.inputs))
        for name, lane in lanes.items()
    }
    # Eight rows of one listing at 160, 150, 90 and (number of different values) 80 bytes a row.
    assert small == {"plain": 2, "fallback": 4, "states": 4, "lifetimes": 3}
    large = Batch(rows={"l3": 8}, budget=10**9)
    assert all(
        len(parts_of(lane, days, BUCKETS, large, split.inputs)) == 1 for lane in lanes.values()
    )


def test_rows_that_are_not_counted_are_counted_before_they_are_cut() -> None:
    days = [day_of([(1, 60 * minute, 1, 2, 1.0) for minute in range(1, 9)])]
    [lane] = split_lanes(TablePlan("l3", (measure(Kind.MEDIAN),))).lanes
    assert len(parts_of(lane, days, BUCKETS, Batch(budget=4 * 150 * 4), {})) == 2
    assert len(parts_of(lane, days, BUCKETS, Batch(budget=4 * 150 * 8), {})) == 1


def test_a_quantile_of_lifetimes_that_do_not_fit_is_refused_by_its_name() -> None:
    median = measure(Kind.MEDIAN, "MedianLife", pl.col("Lived"), lookups=LIVED)
    days = [day_of([(1, 60 * minute, minute, 2, 1.0) for minute in range(1, 9)])]
    assert computed([median], days, WHOLE).height == 8
    with pytest.raises(ResourceError, match="MedianLife"):
        computed([median], days, budget_for(2))


def test_means_and_deviations_of_lifetimes_are_merged_from_shares_of_orders() -> None:
    # Orders 1 to 8 begin at 1 s and live 10, 20, … 80 s; all end within two minutes.
    begun = [(1, 1, order, 2, None) for order in range(1, 9)]
    ended = [(1, 1 + 10 * order, order, 3, None) for order in range(1, 9)]
    days = [day_of([*begun, *ended])]
    whole, parts = (computed(OVER_LIVES, days, batch) for batch in (WHOLE, budget_for(2)))
    assert_same(parts, whole)
    # Five end in the first minute (10 to 50 s), three in the second.
    assert parts["lived_mean"].to_list() == [30 * SECOND, 70 * SECOND]
    assert parts["lived_std"].to_list() == pytest.approx([250**0.5 * SECOND, 10 * SECOND])


def test_a_day_that_needs_cleaning_has_the_others_computed_with_the_same_care() -> None:
    tidy, untidy = [(1, 10, 1, 2, 1.0)], [(1, 70, 1, 2, float("nan")), (1, 80, 2, 2, 3.0)]
    days = [day_of(tidy), day_of(untidy, date(1970, 1, 2))]
    ratio = measure(Kind.TIME_WEIGHTED, "ratio", PRICE / (PRICE + 1))
    found = computed([ratio, measure(Kind.TIME_WEIGHTED)], days, WHOLE)
    assert found["time_weighted"].to_list() == [1.0, 3.0]
    assert found["ratio"].to_list() == [0.5, 0.75]


def test_tidy_data_are_aggregated_once() -> None:
    days = [day_of([(1, 10, 1, 2, 1.0), (1, 70, 2, 2, 3.0)])]
    with patch.object(execute, "compile_states", wraps=execute.compile_states) as compiled:
        computed([measure(Kind.TIME_WEIGHTED)], days, WHOLE)
    assert compiled.call_count == 1
