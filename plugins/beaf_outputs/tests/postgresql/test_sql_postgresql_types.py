"""Do values of every type come back from PostgreSQL as they went, or are they refused?"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from polars.testing.parametric import dataframes
from tests.sql_desk import Desk

from beaf_core import PartitionRun, UsageError

NS = pl.Datetime("ns")
MOMENT = dt.datetime(2025, 1, 6, 9, 0, 0, 123456)

EXACT: dict[str, tuple[list[Any], pl.DataType, str]] = {
    "i8": ([-128, 127, None], pl.Int8(), "smallint"),
    "i16": ([-(2**15), 2**15 - 1, None], pl.Int16(), "smallint"),
    "i32": ([-(2**31), 2**31 - 1, None], pl.Int32(), "integer"),
    "i64": ([-(2**63), 2**63 - 1, None], pl.Int64(), "bigint"),
    "u8": ([0, 255, None], pl.UInt8(), "smallint"),
    "u16": ([0, 2**16 - 1, None], pl.UInt16(), "integer"),
    "u32": ([0, 2**32 - 1, None], pl.UInt32(), "bigint"),
    "u64": ([0, 2**64 - 1, None], pl.UInt64(), "numeric(20,0)"),
    "f32": ([0.1, float("nan"), None], pl.Float32(), "real"),
    "f64": ([0.1, float("nan"), None], pl.Float64(), "double precision"),
    "inf": ([float("inf"), float("-inf"), -0.0], pl.Float64(), "double precision"),
    "text": (["", "naïve ☃ 'quoted' \\ %s\n", None], pl.String(), "text"),
    "enum": (["a", "b", None], pl.Enum(["b", "a", "unused"]), "text"),
    "category": (["a", "b", None], pl.Categorical(), "text"),
    "flag": ([True, False, None], pl.Boolean(), "boolean"),
    "nothing": ([None, None, None], pl.Null(), "text"),
    "bytes": ([b"\0\xff", b"", None], pl.Binary(), "bytea"),
    "day": ([dt.date(1, 1, 1), dt.date(9999, 12, 31), None], pl.Date(), "date"),
    "time": ([dt.time(0), dt.time(23, 59, 59, 999999), None], pl.Time(), "time without time zone"),
    "us": (
        [MOMENT, dt.datetime(1900, 1, 1), None],
        pl.Datetime("us"),
        "timestamp without time zone",
    ),
    "ms": ([dt.datetime(2025, 1, 1), None, None], pl.Datetime("ms"), "timestamp without time zone"),
    "whole_us": ([MOMENT, None, None], NS, "timestamp without time zone"),
    "zoned": (
        [MOMENT.replace(tzinfo=ZoneInfo("Europe/London")), None, None],
        pl.Datetime("us", "Europe/London"),
        "timestamp with time zone",
    ),
    "duration": ([dt.timedelta(days=-3, microseconds=1), None, None], pl.Duration("us"), "bigint"),
    "decimal": (
        [Decimal("-12345678901234567890123456789.123456789"), Decimal("0.000000001"), None],
        pl.Decimal(38, 9),
        "numeric(38,9)",
    ),
    "small": ([Decimal("1.5"), Decimal("-1.5"), None], pl.Decimal(10, 1), "numeric(10,1)"),
}


def frame_of(names: list[str]) -> pl.DataFrame:
    return pl.DataFrame([pl.Series(each, EXACT[each][0], EXACT[each][1]) for each in names])


def test_every_type_comes_back_as_it_went(desk: Desk, monday: PartitionRun) -> None:
    rows = frame_of(list(EXACT))
    receipt = desk.write(rows, monday)
    found = desk.rows(monday)
    assert found.schema == rows.schema
    assert_frame_equal(found, rows)
    kept = desk.types()
    assert {name: kept[name] for name in EXACT} == {each: EXACT[each][2] for each in EXACT}
    assert list(receipt.notes.values()) == [1], "the nanoseconds are told once"


def test_what_is_infinite_or_no_number_is_so_to_postgresql_too(
    desk: Desk, monday: PartitionRun
) -> None:
    desk.write(pl.DataFrame({"x": [float("nan"), float("inf"), None]}), monday)
    assert desk.ask("SELECT count(*) FROM bars WHERE x = 'NaN'") == [(1,)]
    assert desk.ask("SELECT count(*) FROM bars WHERE x = 'Infinity'") == [(1,)]
    assert desk.ask("SELECT count(*) FROM bars WHERE x IS NULL") == [(1,)]


def test_nanoseconds_are_cut_to_microseconds_and_a_note_says_so(
    desk: Desk, monday: PartitionRun
) -> None:
    moments = pl.Series("TimeBucket", [1_736_154_000_123_456_789, -1]).cast(NS)
    receipt = desk.write(moments.to_frame(), monday)
    assert [text for text in receipt.notes if "microseconds" in text]
    kept = desk.rows(monday)
    assert kept.schema == {"TimeBucket": NS}
    assert kept["TimeBucket"].cast(pl.Int64).to_list() == [1_736_154_000_123_456_000, -1000]


@pytest.mark.parametrize(
    "dtype", [NS, pl.Datetime("ns", "Asia/Tokyo"), pl.Duration("ns"), pl.Time()]
)
def test_as_integers_nanoseconds_are_kept(
    desk: Desk, monday: PartitionRun, dtype: pl.DataType
) -> None:
    rows = pl.Series("t", [1_736_154_000_123_456_789 % 86_400_000_000_000, None]).cast(dtype)
    receipt = desk.write(rows.to_frame(), monday, sql_timestamps="int64")
    assert desk.types()["t"] == "bigint"
    assert receipt.notes == {}
    assert_frame_equal(desk.rows(monday, sql_timestamps="int64"), rows.to_frame())


def test_they_come_back_right_whatever_the_option_is_at_reading(
    desk: Desk, monday: PartitionRun
) -> None:
    rows = pl.DataFrame({"t": [MOMENT]}, schema={"t": NS})
    desk.write(rows, monday, sql_timestamps="int64")
    assert_frame_equal(desk.rows(monday), rows)


def test_an_empty_frame_is_a_partition_without_rows(desk: Desk, monday: PartitionRun) -> None:
    rows = frame_of(list(EXACT)).clear()
    receipt = desk.write(rows, monday)
    assert receipt.rows == 0
    assert_frame_equal(desk.rows(monday), rows)


def test_a_frame_without_columns_is_a_partition_without_rows(
    desk: Desk, monday: PartitionRun
) -> None:
    desk.write(pl.DataFrame(), monday)
    assert desk.rows(monday).shape == (0, 0)


@pytest.mark.parametrize(
    "values",
    [
        pl.Series([[1, 2]]),
        pl.Series([{"a": 1}]),
        pl.Series([[1, 2]], dtype=pl.Array(pl.Int64, 2)),
        pl.Series([object()], dtype=pl.Object),
        pl.Series([1], dtype=pl.Int128),
    ],
    ids=lambda each: str(each.dtype),
)
def test_nested_values_are_refused_by_name(
    desk: Desk, monday: PartitionRun, values: pl.Series
) -> None:
    with pytest.raises(UsageError, match="column Levels: values of the type"):
        desk.write(values.alias("Levels").to_frame(), monday)


def test_a_text_with_a_zero_character_is_refused_by_name(desk: Desk, monday: PartitionRun) -> None:
    desk.write(pl.DataFrame({"a": ["x"], "Ticker": ["y"]}), monday)
    with pytest.raises(UsageError, match="zero character, as in Ticker") as caught:
        desk.write(pl.DataFrame({"a": ["x", "y"], "Ticker": ["a", "b\0c"]}), monday)
    assert "clean the column" in str(caught.value)
    assert desk.rows(monday).height == 1, "the old partition stays"


def test_a_thousand_columns_are_kept(desk: Desk, monday: PartitionRun) -> None:
    rows = pl.DataFrame({f"c{number}": [float(number)] * 3 for number in range(1000)})
    desk.write(rows, monday)
    assert_frame_equal(desk.rows(monday), rows)


def test_more_columns_than_a_table_can_have_are_refused(desk: Desk, monday: PartitionRun) -> None:
    rows = pl.DataFrame({f"c{number}": [1] for number in range(1600)})
    with pytest.raises(UsageError, match="1601 columns are more than the 1600"):
        desk.write(rows, monday)


def test_a_row_too_long_for_a_page_is_told(desk: Desk, monday: PartitionRun) -> None:
    # 1,599 columns are allowed, but a row must fit 8 kB: here it needs 12.
    rows = pl.DataFrame({f"c{number}": [1.0] for number in range(1599)})
    with pytest.raises(UsageError, match="row is too big"):
        desk.write(rows, monday)
    assert desk.read(monday) is None


ANY = [
    *(pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64),
    *(pl.Float32, pl.Float64, pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Null, pl.Binary),
    *(pl.Date, pl.Duration),
]


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=dataframes(max_cols=6, max_size=20, allow_null=True, allowed_dtypes=ANY))
def test_any_frame_comes_back(desk: Desk, monday: PartitionRun, rows: pl.DataFrame) -> None:
    named = rows.rename({name: f"x{at}" for at, name in enumerate(rows.columns)})
    texts = pl.col(pl.String, pl.Categorical, pl.Enum)
    cast = named.with_columns(texts.cast(pl.String).str.replace_all("\0", "", literal=True))
    desk.write(cast, monday, schema_mode="overwrite")
    assert_frame_equal(desk.rows(monday), cast)


MOMENTS = st.integers(-(2**62), 2**62)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=st.lists(st.none() | MOMENTS, max_size=20), unit=st.sampled_from(["ns", "us", "ms"]))
def test_any_moment_comes_back_as_an_integer(
    desk: Desk, monday: PartitionRun, values: list[int | None], unit: Any
) -> None:
    rows = pl.Series("t", values, pl.Int64).cast(pl.Datetime(unit)).to_frame()
    desk.write(rows, monday, sql_timestamps="int64", schema_mode="overwrite")
    assert_frame_equal(desk.rows(monday, sql_timestamps="int64"), rows)
