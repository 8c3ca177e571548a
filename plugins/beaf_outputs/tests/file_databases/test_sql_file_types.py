"""Do values of every type come back from SQLite and DuckDB as they went, or are they refused?"""

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

MOMENT = dt.datetime(2025, 1, 6, 9, 0, 0, 123456)
INF = float("inf")

#: Column → values, dtype, and as what SQLite and DuckDB keep it.
EXACT: dict[str, tuple[list[Any], pl.DataType, str, str]] = {
    "i8": ([-128, 127, None], pl.Int8(), "SMALLINT", "TINYINT"),
    "i16": ([-(2**15), 2**15 - 1, None], pl.Int16(), "SMALLINT", "SMALLINT"),
    "i32": ([-(2**31), 2**31 - 1, None], pl.Int32(), "INTEGER", "INTEGER"),
    "i64": ([-(2**63), 2**63 - 1, None], pl.Int64(), "BIGINT", "BIGINT"),
    "u8": ([0, 255, None], pl.UInt8(), "SMALLINT", "UTINYINT"),
    "u16": ([0, 2**16 - 1, None], pl.UInt16(), "INTEGER", "USMALLINT"),
    "u32": ([0, 2**32 - 1, None], pl.UInt32(), "BIGINT", "UINTEGER"),
    "u64": ([0, 2**64 - 1, None], pl.UInt64(), "UNSIGNED BLOB", "UBIGINT"),
    "small_u64": ([0, 2**63 - 1, None], pl.UInt64(), "UNSIGNED BLOB", "UBIGINT"),
    "f32": ([0.1, -INF, None], pl.Float32(), "REAL", "FLOAT"),
    "f64": ([0.1, 5e-324, None], pl.Float64(), "DOUBLE", "DOUBLE"),
    "inf": ([INF, -INF, -0.0], pl.Float64(), "DOUBLE", "DOUBLE"),
    "text": (["", "naïve ☃ 'quoted' \\ %s\n\0", None], pl.String(), "TEXT", "VARCHAR"),
    "digits": (["007", "1e3", None], pl.String(), "TEXT", "VARCHAR"),
    "enum": (["a", "b", None], pl.Enum(["b", "a", "unused"]), "TEXT", "VARCHAR"),
    "category": (["a", "b", None], pl.Categorical(), "TEXT", "VARCHAR"),
    "flag": ([True, False, None], pl.Boolean(), "BOOLEAN", "BOOLEAN"),
    "nothing": ([None, None, None], pl.Null(), "TEXT", "VARCHAR"),
    "bytes": ([b"\0\xff", b"", None], pl.Binary(), "BLOB", "BLOB"),
    "day": ([dt.date(1, 1, 1), dt.date(9999, 12, 31), None], pl.Date(), "DATE", "DATE"),
    "time": ([dt.time(0), dt.time(23, 59, 59, 999999), None], pl.Time(), "TIME", "TIME_NS"),
    "us": ([MOMENT, dt.datetime(1, 1, 1), None], pl.Datetime("us"), "TIMESTAMP", "TIMESTAMP"),
    "ms": ([dt.datetime(2025, 1, 1), None, None], pl.Datetime("ms"), "TIMESTAMP", "TIMESTAMP_MS"),
    "ns": ([MOMENT, None, None], pl.Datetime("ns"), "TIMESTAMP", "TIMESTAMP_NS"),
    "zoned": (
        [MOMENT.replace(tzinfo=ZoneInfo("Europe/London")), None, None],
        pl.Datetime("us", "Europe/London"),
        "TIMESTAMP",
        "TIMESTAMP WITH TIME ZONE",
    ),
    "zoned_ns": (
        [MOMENT.replace(tzinfo=ZoneInfo("Asia/Tokyo")), None, None],
        pl.Datetime("ns", "Asia/Tokyo"),
        "TIMESTAMP",
        "TIMESTAMPTZ_NS",
    ),
    "duration": (
        [dt.timedelta(days=-3, microseconds=1), None, None],
        pl.Duration("us"),
        "BIGINT",
        "BIGINT",
    ),
    "decimal": (
        [Decimal("-12345678901234567890123456789.123456789"), Decimal("0.000000001"), None],
        pl.Decimal(38, 9),
        "DECIMAL_TEXT(38, 9)",
        "DECIMAL(38,9)",
    ),
    "small": (
        [Decimal("1.5"), Decimal("-1.5"), None],
        pl.Decimal(10, 1),
        "DECIMAL_TEXT(10, 1)",
        "DECIMAL(10,1)",
    ),
}

TYPES = {
    "sqlite": "SELECT name, type FROM pragma_table_info('bars')",
    "duckdb": "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'bars'",
}


def frame_of(names: list[str]) -> pl.DataFrame:
    return pl.DataFrame([pl.Series(each, EXACT[each][0], EXACT[each][1]) for each in names])


@pytest.mark.parametrize("times", [1, 3000], ids=["few rows", "many rows"])
def test_every_type_comes_back_as_it_went(
    desk: Desk, kind: str, monday: PartitionRun, times: int
) -> None:
    # What is beyond eight bytes goes row by row in SQLite, so it has its own test for many rows.
    names = [each for each in EXACT if times == 1 or each != "u64"]
    rows = pl.concat([frame_of(names)] * times)
    desk.write(rows, monday)
    found = desk.rows(monday)
    assert found.schema == rows.schema
    assert_frame_equal(found, rows)
    kept = dict(desk.ask(TYPES[kind]))
    at = 2 if kind == "sqlite" else 3
    assert {name: kept[name] for name in names} == {each: EXACT[each][at] for each in names}


def test_integers_beyond_eight_bytes_come_back_also_among_many_rows(
    desk: Desk, monday: PartitionRun
) -> None:
    values = pl.Series("u", range(70_000), pl.UInt64)
    rows = pl.DataFrame([values, (values + (2**64 - 70_000)).alias("v"), values.alias("w")])
    desk.write(rows, monday)
    assert_frame_equal(desk.rows(monday), rows)
    [(above,)] = desk.ask("SELECT count(*) FROM bars WHERE v > 9223372036854775807")
    assert above == rows.height, "the database compares them right, too"


def test_nanoseconds_are_kept_by_duckdb_and_told_by_sqlite(
    desk: Desk, kind: str, monday: PartitionRun
) -> None:
    moments = [1_736_154_000_123_456_789, -1]
    rows = pl.Series("TimeBucket", moments).cast(pl.Datetime("ns")).to_frame()
    receipt = desk.write(rows, monday)
    found = desk.rows(monday)["TimeBucket"].cast(pl.Int64).to_list()
    if kind == "duckdb":
        assert (found, receipt.notes) == (moments, {})
    else:
        assert found == [1_736_154_000_123_456_000, -1000]
        assert [text for text in receipt.notes if "microseconds" in text]


@pytest.mark.parametrize("dtype", [pl.Datetime("ns"), pl.Datetime("ns", "Asia/Tokyo"), pl.Time()])
def test_as_integers_nanoseconds_are_kept(
    desk: Desk, monday: PartitionRun, dtype: pl.DataType
) -> None:
    rows = pl.Series("t", [1_736_154_000_123_456_789 % 86_400_000_000_000, None]).cast(dtype)
    receipt = desk.write(rows.to_frame(), monday, sql_timestamps="int64")
    assert receipt.notes == {}
    assert_frame_equal(desk.rows(monday, sql_timestamps="int64"), rows.to_frame())
    assert_frame_equal(desk.rows(monday), rows.to_frame())


def test_what_is_no_number_is_kept_by_duckdb_and_told_by_sqlite(
    desk: Desk, kind: str, monday: PartitionRun
) -> None:
    rows = pl.DataFrame({"x": [float("nan"), INF, None], "n": [1, 2, 3]})
    receipt = desk.write(rows, monday)
    if kind == "duckdb":
        assert receipt.notes == {}
        assert_frame_equal(desk.rows(monday), rows)
        assert desk.ask("SELECT n FROM bars WHERE isnan(x)") == [(1,)]
    else:
        assert receipt.notes == {"values NaN are kept as NULL: SQLite has no NaN": 1}
        assert_frame_equal(desk.rows(monday), rows.with_columns(pl.col("x").fill_nan(None)))


def test_sqlites_own_functions_read_moments(desk: Desk, kind: str, monday: PartitionRun) -> None:
    desk.write(pl.DataFrame({"t": [MOMENT]}), monday)
    asked = {
        "sqlite": "SELECT strftime('%Y-%m-%d %H:%M', t) FROM bars",
        "duckdb": "SELECT strftime(t, '%Y-%m-%d %H:%M') FROM bars",
    }
    assert desk.ask(asked[kind]) == [("2025-01-06 09:00",)]


def test_moments_are_compared_as_polars_compares_them(desk: Desk, monday: PartitionRun) -> None:
    moments = [MOMENT + dt.timedelta(microseconds=each) for each in range(-2, 3)]
    rows = pl.DataFrame({"t": moments, "d": [each.date() for each in moments]})
    desk.write(rows, monday)
    from beaf_outputs.sql import read_output

    found = read_output(desk.target(), [monday])
    assert found is not None
    for asked in (
        pl.col("t") >= MOMENT,
        pl.col("t") < MOMENT,
        pl.col("t") == MOMENT,
        pl.col("d") == MOMENT.date(),
        pl.col("d") > MOMENT.date(),
        pl.col("t").is_in([MOMENT, moments[0]]),
    ):
        assert_frame_equal(found.filter(asked).collect(), rows.filter(asked))


def test_an_empty_frame_is_a_partition_without_rows(desk: Desk, monday: PartitionRun) -> None:
    rows = frame_of(list(EXACT)).clear()
    assert desk.write(rows, monday).rows == 0
    assert_frame_equal(desk.rows(monday), rows)


def test_a_frame_without_columns_is_a_partition_without_rows(
    desk: Desk, monday: PartitionRun
) -> None:
    desk.write(pl.DataFrame(), monday)
    assert desk.rows(monday).shape == (0, 0)


@pytest.mark.parametrize(
    "values", [pl.Series([[1, 2]]), pl.Series([{"a": 1}]), pl.Series([1], dtype=pl.Int128)], ids=str
)
def test_values_without_a_place_are_refused_by_name(
    desk: Desk, file: Any, monday: PartitionRun, values: pl.Series
) -> None:
    with pytest.raises(UsageError, match="column Levels: values of the type"):
        desk.write(values.alias("Levels").to_frame(), monday)
    assert not file.exists()


# What goes in by the row and what by the column is told apart by the tests of every type.
@pytest.mark.parametrize("rows", [3, pytest.param(300, marks=pytest.mark.soak)])
def test_a_thousand_columns_are_kept(desk: Desk, monday: PartitionRun, rows: int) -> None:
    wide = pl.DataFrame({f"c{number}": [float(number)] * rows for number in range(1000)})
    desk.write(wide, monday)
    assert_frame_equal(desk.rows(monday), wide)


def test_more_columns_than_sqlite_can_have_are_refused(
    desk: Desk, kind: str, monday: PartitionRun
) -> None:
    wide = pl.DataFrame({f"c{number}": [1] for number in range(2000)})
    if kind == "duckdb":
        desk.write(wide, monday)
        assert desk.rows(monday).width == 2000
        return
    with pytest.raises(UsageError, match="2001 columns are more than the 2000"):
        desk.write(wide, monday)


ANY = [
    *(pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64),
    *(pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Null, pl.Binary, pl.Date),
    *(pl.Datetime("us"), pl.Time, pl.Duration, pl.Decimal),
]


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=dataframes(max_cols=6, max_size=20, allow_null=True, allowed_dtypes=ANY))
def test_any_frame_comes_back(desk: Desk, monday: PartitionRun, rows: pl.DataFrame) -> None:
    named = rows.rename({name: f"x{at}" for at, name in enumerate(rows.columns)})
    desk.write(named, monday, schema_mode="overwrite")
    assert_frame_equal(desk.rows(monday), named)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    values=st.lists(st.none() | st.integers(-(2**62), 2**62), max_size=20),
    unit=st.sampled_from(["ns", "us", "ms"]),
)
def test_any_moment_comes_back_as_an_integer(
    desk: Desk, monday: PartitionRun, values: list[int | None], unit: Any
) -> None:
    rows = pl.Series("t", values, pl.Int64).cast(pl.Datetime(unit)).to_frame()
    desk.write(rows, monday, sql_timestamps="int64", schema_mode="overwrite")
    assert_frame_equal(desk.rows(monday, sql_timestamps="int64"), rows)
