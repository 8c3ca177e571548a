"""Is NaN or infinity in the data absence, also where no result would show that it went in?"""

from __future__ import annotations

import math
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import Aggregation, Kind, Measure
from beaf_core.engine.compiler.bucket import Buckets
from beaf_core.engine.compiler.combine import join_tables
from beaf_core.engine.compiler.compile import Clock, DayOfTable, TablePlan
from beaf_core.engine.compiler.execute import run_table
from beaf_core.engine.compiler.finite import (
    exposed_columns,
    is_arithmetic,
    is_polynomial,
    nulls_from,
)

A, B = pl.col("A"), pl.col("B")
DAY = date(1970, 1, 1)


def value_of(kind: Kind, of: pl.Expr | None, where: pl.Expr | None, frame: pl.DataFrame) -> object:
    """Aggregate one bucket by itself, so that nothing else gives NaN away."""
    q = 0.5 if kind is Kind.QUANTILE else None
    measure = Measure("M", "t", Aggregation(kind, of, where, q), "", "", "")
    timed = frame.with_columns(pl.lit(1).alias("ListingId")).with_row_index("Time", offset=1)
    day = DayOfTable(DAY, timed.lazy(), Clock("Time", None, ordered=True, adjacent=True))
    result = run_table(TablePlan("t", (measure,)), [day], Buckets(60 * 10**9))
    return join_tables([measure], [result], [DAY])["M"].item()


ABSENT = st.sampled_from([None, math.nan, math.inf, -math.inf])
NUMBERS = st.one_of(ABSENT, st.integers(-3, 3).map(float))
EXPRESSIONS = [
    A,
    A * B,
    A - B / 2,
    A / B,
    A.clip(0, 1),
    pl.when(B > 0).then(A),
    A.fill_null(0),
    A.fill_null(0) * B,
]
CONDITIONS = [None, B > 0, ~(B > 0), B.is_not_null(), A < B]


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(list(Kind)),
    st.sampled_from(EXPRESSIONS),
    st.sampled_from(CONDITIONS),
    st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=6),
)
def test_each_kind_over_each_form_of_expression_sees_null_instead(
    kind: Kind, of: pl.Expr, where: pl.Expr | None, rows: list[tuple[float | None, float | None]]
) -> None:
    frame = pl.DataFrame(rows, schema={"A": pl.Float64, "B": pl.Float64}, orient="row")
    clean = frame.select(pl.when(pl.all().is_finite()).then(pl.all()))
    value = None if kind in (Kind.COUNT, Kind.DURATION) and where is not None else of
    found = value_of(kind, value, where, frame)
    assert found == value_of(kind, value, where, clean)
    assert not isinstance(found, float) or math.isfinite(found)


@pytest.mark.parametrize(
    ("kind", "of", "where", "expected"),
    [
        (Kind.COUNT, A, None, 1),
        (Kind.SUM, B, A > 0, 1.0),  # NaN > 0 is true to polars
        (Kind.COUNT, None, A.is_not_null(), 1),
        (Kind.SUM, B / A, None, 1.0),
        (Kind.MAX, B / A, None, 1.0),
        (Kind.MEDIAN, A, None, 1.0),
    ],
)
@pytest.mark.parametrize("absent", [math.nan, math.inf])
def test_what_no_number_would_show_is_cleaned_at_once(
    kind: Kind, of: pl.Expr | None, where: pl.Expr | None, expected: float, absent: float
) -> None:
    frame = pl.DataFrame({"A": [1.0, absent], "B": [1.0, 2.0]})
    assert value_of(kind, of, where, frame) == expected


def test_a_sum_proves_its_column_clean_only_where_it_takes_every_row() -> None:
    total, part = Aggregation(Kind.SUM, A), Aggregation(Kind.SUM, A, B > 0)
    counted = Aggregation(Kind.COUNT, A)
    assert exposed_columns([total, counted], []) == ()
    assert exposed_columns([part, counted], []) == ("A", "B")
    assert exposed_columns([Aggregation(Kind.TIME_WEIGHTED, A), counted], []) == ()
    assert exposed_columns([total], [A > 0]) == ("A",), "a filter hides the rows that it drops"


@pytest.mark.parametrize(
    ("expression", "arithmetic", "polynomial"),
    [
        (A, True, True),
        (A * B + 2, True, True),
        ((A + B) / 2, True, True),
        (1e-9 * A - B, True, True),
        (A / B, True, False),
        (A / 0, True, False),
        (A.clip(0, 1), False, False),
        (pl.col("a / b") * B, True, True),
        (A.cast(pl.Float64), False, False),
    ],
)
def test_forms_of_expressions_are_told_apart(
    expression: pl.Expr, arithmetic: bool, polynomial: bool
) -> None:
    assert is_arithmetic(expression) == arithmetic
    assert is_polynomial(expression) == polynomial


@pytest.mark.parametrize(
    ("expression", "of_good_numbers", "of_any"),
    [
        (A + B, {"A", "B"}, {"A", "B"}),
        ((A + B) / 2, {"A", "B"}, {"A", "B"}),
        (A / B, {"A", "B"}, None),
        (A.fill_null(0), set(), set()),
        (A.fill_null(0) + B.fill_null(1.5), set(), set()),
        (A.fill_null(0) * B, {"B"}, {"B"}),
        (A.fill_null(0) / B, {"B"}, None),
        (A / B.fill_null(2), {"A"}, None),
        ((A - B.fill_null(0)) / (A + B.fill_null(0)), {"A"}, None),
        ((A * B).fill_null(0), None, None),
        (A.fill_null(B), None, None),
        (A.abs(), None, None),
    ],
)
def test_the_columns_that_make_an_expression_null_are_known(
    expression: pl.Expr, of_good_numbers: set[str] | None, of_any: set[str] | None
) -> None:
    assert nulls_from(expression, divided=True) == of_good_numbers
    assert nulls_from(expression, divided=False) == of_any
