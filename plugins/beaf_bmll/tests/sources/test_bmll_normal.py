"""Do names, moments and numbers come through whatever form the vendor gives them?"""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_bmll.sources.normal import normalised, typed
from beaf_core import ColumnType

MOMENT = pl.Datetime("ns")
#: int64 nanoseconds reach from 1677 to 2262.
NANOSECONDS = st.lists(st.integers(-(2**63) + 1, 2**63 - 1) | st.none(), min_size=1, max_size=8)


def turned(values: pl.Series, declared: ColumnType | None) -> pl.Series:
    frame = values.alias("x").to_frame().lazy()
    return frame.select(typed(pl.col("x"), values.dtype, declared)).collect()["x"]


@settings(max_examples=40)
@given(NANOSECONDS)
def test_whole_nanoseconds_become_moments_and_lose_nothing(values: list[int | None]) -> None:
    found = turned(pl.Series(values, dtype=pl.Int64), ColumnType.TIMESTAMP)
    assert found.dtype == MOMENT
    assert found.cast(pl.Int64).to_list() == values


@settings(max_examples=40)
@given(st.lists(st.integers(-(10**12), 4 * 10**12), min_size=1, max_size=8))
@pytest.mark.parametrize(
    ("dtype", "factor"),
    [(pl.Datetime("ms"), 10**6), (pl.Datetime("us"), 10**3), (pl.Datetime("ns"), 1)],
)
def test_datetimes_of_any_unit_become_moments_and_lose_nothing(
    dtype: pl.DataType, factor: int, values: list[int]
) -> None:
    found = turned(pl.Series(values).cast(dtype), ColumnType.TIMESTAMP)
    assert found.dtype == MOMENT
    assert found.cast(pl.Int64).to_list() == [each * factor for each in values]


def test_moments_of_other_zones_are_told_in_utc() -> None:
    summer = pl.Series([1_751_360_400_000_000_001]).cast(MOMENT).dt.replace_time_zone("UTC")
    found = turned(summer.dt.convert_time_zone("Europe/London"), ColumnType.TIMESTAMP)
    assert found.dtype == MOMENT
    assert found.cast(pl.Int64).to_list() == [1_751_360_400_000_000_001]


@pytest.mark.parametrize("dtype", [pl.Decimal(38, 0), pl.Int32, pl.UInt32, pl.String])
def test_whole_numbers_are_int64_however_they_are_kept(dtype: pl.DataType) -> None:
    found = turned(pl.Series([121317, None]).cast(pl.Int64).cast(dtype), ColumnType.INTEGER)
    assert found.dtype == pl.Int64
    assert found.to_list() == [121317, None]


def test_a_whole_number_too_long_for_a_double_keeps_its_last_digit() -> None:
    large = 2**53 + 1
    decimals = pl.Series([large]).cast(pl.Decimal(38, 0))
    assert turned(decimals, ColumnType.NUMBER).to_list() == [large]


def test_an_identifier_that_is_no_number_is_an_error_and_no_null() -> None:
    with pytest.raises(pl.exceptions.PolarsError, match="conversion"):
        turned(pl.Series(["12x"]), ColumnType.INTEGER)


@pytest.mark.parametrize(
    ("given_", "declared", "wanted"),
    [
        (pl.Series([True, False, None]), ColumnType.TEXT, ["TRUE", "FALSE", None]),
        (pl.Series(["TRUE", "FALSE"]), ColumnType.TEXT, ["TRUE", "FALSE"]),
        (pl.Series(["a"], dtype=pl.Categorical), ColumnType.TEXT, ["a"]),
        (pl.Series([348983101944531956]), ColumnType.TEXT, ["348983101944531956"]),
        (pl.Series(["True", "FALSE", None]), ColumnType.FLAG, [True, False, None]),
        (pl.Series([1, 0]), ColumnType.FLAG, [True, False]),
        (pl.Series([1.5], dtype=pl.Float32), ColumnType.NUMBER, [1.5]),
        (pl.Series([None, None]), ColumnType.NUMBER, [None, None]),
    ],
)
def test_texts_flags_and_numbers_are_of_one_type(
    given_: pl.Series, declared: ColumnType, wanted: list[object]
) -> None:
    found = turned(given_, declared)
    kinds = {
        ColumnType.TEXT: pl.String,
        ColumnType.FLAG: pl.Boolean,
        ColumnType.NUMBER: pl.Float64,
    }
    assert found.dtype == kinds[declared]
    assert found.to_list() == wanted


def test_a_moment_where_a_number_belongs_becomes_nanoseconds() -> None:
    found = turned(pl.Series([7]).cast(MOMENT), ColumnType.INTEGER)
    assert (found.dtype, found.to_list()) == (pl.Int64, [7])


def test_what_cannot_be_turned_without_loss_is_left_for_the_engine_to_refuse() -> None:
    assert turned(pl.Series([1.5]), ColumnType.INTEGER).dtype == pl.Float64
    assert turned(pl.Series(["noon"]), ColumnType.TIMESTAMP).dtype == pl.String


def test_a_books_object_is_the_listing_unless_it_names_that_too() -> None:
    alone = pl.LazyFrame({"BMLLObjectId": [1]})
    assert normalised(alone, "l2").collect().to_dict(as_series=False) == {"ListingId": [1]}
    both = pl.LazyFrame({"BMLLObjectId": [9], "ListingId": [1]})
    assert normalised(both, "l2").collect()["ListingId"].to_list() == [1]
