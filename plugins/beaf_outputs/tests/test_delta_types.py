"""Do values of all types come back from a Delta table as they were, or is their loss told?"""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable, QueryBuilder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from polars.testing.parametric import dataframes
from tests.delta_tables import (
    MONDAY,
    TUESDAY,
    bars,
    log_of,
    of_kind,
    read,
    table_of,
    target_at,
    write,
)

from beaf_core import Target, UsageError


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return target_at(tmp_path)


FIRST, LAST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999)
NEAR, THEN = datetime(1969, 12, 31), datetime(2025, 7, 6, 9, 30)
PARIS_TIME = pl.Datetime("us", "Europe/Paris")
PAIR = pl.Struct({"a": pl.UInt8, "b": pl.String})

#: Type by type: a low value, a high one, and none.
VALUES: dict[str, tuple[pl.DataType, list[object]]] = {
    "UInt8": (pl.UInt8(), [0, 255]),
    "UInt16": (pl.UInt16(), [0, 2**16 - 1]),
    "UInt32": (pl.UInt32(), [0, 2**32 - 1]),
    "UInt64": (pl.UInt64(), [0, 2**63 - 1]),
    "Int8": (pl.Int8(), [-128, 127]),
    "Int16": (pl.Int16(), [-(2**15), 2**15 - 1]),
    "Int32": (pl.Int32(), [-(2**31), 2**31 - 1]),
    "Int64": (pl.Int64(), [-(2**63), 2**63 - 1]),
    "Float32": (pl.Float32(), [-0.0, math.inf]),
    "Float64": (pl.Float64(), [math.nan, -math.inf]),
    "Decimal": (pl.Decimal(18, 2), [Decimal("-99999.99"), Decimal("1.23")]),
    "Boolean": (pl.Boolean(), [False, True]),
    "String": (pl.String(), ["", "é\n\"'`;--"]),
    "Binary": (pl.Binary(), [b"", b"\x00\xff"]),
    "Enum": (pl.Enum(["b", "a"]), ["b", "a"]),
    "Categorical": (pl.Categorical(), ["x", "y"]),
    "Date": (pl.Date(), [date(1, 1, 1), date(9999, 12, 31)]),
    "Time": (pl.Time(), [time(0), time(23, 59, 59, 999_999)]),
    "Duration": (pl.Duration("us"), [timedelta(-1), timedelta(microseconds=1)]),
    "DurationNs": (pl.Duration("ns"), [timedelta(-1), timedelta(microseconds=1)]),
    "DatetimeMs": (pl.Datetime("ms"), [NEAR, THEN]),
    "DatetimeUs": (pl.Datetime("us"), [FIRST, LAST]),
    "DatetimeNs": (pl.Datetime("ns"), [NEAR, THEN]),
    "DatetimeUTC": (pl.Datetime("ns", "UTC"), [NEAR.replace(tzinfo=UTC), THEN.replace(tzinfo=UTC)]),
    "DatetimeParis": (PARIS_TIME, [NEAR.replace(tzinfo=UTC), THEN.replace(tzinfo=UTC)]),
    "List": (pl.List(pl.UInt16), [[], [1, None]]),
    "Array": (pl.Array(pl.Int64, 2), [[1, 2], [3, 4]]),
    "Struct": (PAIR, [{"a": 1, "b": "x"}, {"a": None, "b": None}]),
}

EVERYTHING = pl.DataFrame(
    {name: pl.Series([*values, None], dtype=dtype) for name, (dtype, values) in VALUES.items()}
)


@pytest.mark.parametrize("timestamps", ["us", "int64"])
def test_every_type_comes_back_as_it_was(tmp_path: Path, timestamps: str) -> None:
    target = target_at(tmp_path, delta_timestamps=timestamps)
    write(EVERYTHING, target)
    found = read(target)
    assert found.schema == EVERYTHING.schema
    assert_frame_equal(found, EVERYTHING)


def test_another_reader_sees_the_same_values(target: Target) -> None:
    rows = EVERYTHING.drop("Enum", "Categorical", "Array", "Struct", "List")
    write(rows, target)
    query = QueryBuilder().register("t", DeltaTable(table_of(target)))
    found = pl.DataFrame(query.execute("select * from t").read_all())
    assert found["UInt32"].to_list() == [0, 2**32 - 1, None]
    assert found["UInt64"].to_list() == [0, 2**63 - 1, None]
    assert found["Decimal"].to_list() == rows["Decimal"].to_list()
    assert found["DatetimeNs"].to_list() == rows["DatetimeNs"].to_list()
    assert found["String"].to_list() == rows["String"].to_list()
    assert found["PartitionKey"].to_list() == [MONDAY.key] * 3
    for name in ("Int64", "Date", "DatetimeUs", "String", "Boolean"):
        known = f'select count(*) as n from t where "{name}" is not null'
        assert pl.DataFrame(query.execute(known).read_all())["n"].item() == 2
    one = query.execute('select count(*) as n from t where "Int64" = 9223372036854775807')
    assert pl.DataFrame(one.read_all())["n"].item() == 1


@given(rows=dataframes(
    max_cols=5, max_size=8,
    allowed_dtypes=[pl.Int8, pl.Int64, pl.UInt32, pl.Float64, pl.String, pl.Boolean, pl.Date,
                    pl.Datetime("us"), pl.Duration, pl.Time, pl.Decimal(20, 3), pl.Categorical],
))  # fmt: skip
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_frame_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, rows: pl.DataFrame
) -> None:
    target = target_at(tmp_path_factory.mktemp("any"))
    rows = rows.select(pl.lit(1).alias("ListingId"), pl.all()) if rows.width else bars()
    write(rows, target)
    assert_frame_equal(read(target), rows, categorical_as_str=True)


def test_nanoseconds_are_told_once_and_their_loss_is_counted(target: Target) -> None:
    receipt = write(bars(), target)
    assert receipt.notes == {"TimeBucket is kept in microseconds in Delta": 1}
    odd = bars().with_columns(pl.col("TimeBucket") + pl.Series([0, 1, 999]).cast(pl.Duration("ns")))
    told = write(odd.head(3), target).notes
    (lost,) = (text for text in told if "parts of a microsecond" in text)
    assert lost.startswith("TimeBucket")
    assert "delta_timestamps: int64" in lost
    assert told[lost] == 2


def test_nanoseconds_are_kept_as_integers_by_option(tmp_path: Path) -> None:
    target = target_at(tmp_path, delta_timestamps="int64")
    odd = bars().with_columns(pl.col("TimeBucket") + pl.duration(nanoseconds=1))
    assert write(odd, target).notes == {}
    assert read(target).equals(odd)
    types = {each.name: each.type.type for each in DeltaTable(table_of(target)).schema().fields}
    assert types["TimeBucket"] == "long"
    assert DeltaTable(table_of(target)).protocol().min_reader_version == 1  # any reader will do


def test_a_number_that_does_not_fit_is_refused_and_nothing_is_changed(target: Target) -> None:
    fits = bars().with_columns(Big=pl.Series([1, 2, 3], dtype=pl.UInt64))
    write(fits, target)
    with pytest.raises(UsageError, match="too large for a Delta table in Big") as error:
        write(fits.with_columns(Big=pl.Series([1, 2, 2**63], dtype=pl.UInt64)), target)
    assert error.value.remedy is not None
    assert "Decimal" in error.value.remedy
    assert read(target).equals(fits)
    assert len(log_of(target)) == 1


def test_a_column_without_a_type_is_left_out_and_reads_as_null(tmp_path: Path) -> None:
    target = target_at(tmp_path, schema_mode="add_columns")
    untyped = bars().with_columns(Later=pl.lit(None, pl.Null))
    receipt = write(untyped, target)
    assert "Later is null and of no type, and so no column of the Delta table" in receipt.notes
    assert read(target).equals(untyped)
    write(bars().with_columns(Later=pl.lit(1.5)), target, TUESDAY)
    write(untyped, target)
    assert read(target).equals(untyped)
    both = read(target, MONDAY, TUESDAY)
    assert both["Later"].drop_nulls().to_list() == [1.5] * 3


def test_a_column_that_delta_has_no_type_for_is_named(target: Target) -> None:
    rows = pl.DataFrame({"ListingId": [1], "Thing": pl.Series([object()], dtype=pl.Object)})
    with pytest.raises(UsageError, match="Thing is of the type Object"):
        write(rows, target)
    with pytest.raises(UsageError, match="Nested"):
        write(pl.DataFrame({"Nested": pl.Series([[None]], dtype=pl.List(pl.Null))}), target)


@pytest.mark.parametrize(
    "name", ["a b", "a,b", "a;b", "a{b", "a}b", "a(b", "a)b", "a\nb", "a\tb", "a=b", ""]
)
def test_a_name_that_delta_refuses_is_refused_with_a_way_out(target: Target, name: str) -> None:
    with pytest.raises(UsageError, match="cannot have columns named") as error:
        write(bars().rename({"Close": name}), target)
    assert repr(name) in str(error.value)
    assert "output_name_pattern" in str(error.value)
    assert not table_of(target).exists()


def test_names_that_differ_in_case_alone_are_refused(target: Target) -> None:
    with pytest.raises(UsageError, match="more than case: Close, CLOSE"):
        write(bars().with_columns(CLOSE=pl.lit(1.0)), target)


@pytest.mark.parametrize(
    "name",
    [
        "'; drop table x; --".replace(" ", "").replace(";", ""),
        '"',
        "`",
        "é",
        "a/b",
        "..",
        "%41",
        "a.b",
        "[x]",
        "x" * 200,
    ],
)
def test_any_other_name_comes_back(target: Target, name: str) -> None:
    rows = bars().rename({"Close": name})
    write(rows, target)
    assert read(target).equals(rows)
    one = read(target).filter(pl.col(name) > 1)
    assert one.height == 2


def test_a_thousand_columns_are_written_and_read_back(target: Target) -> None:
    names = {f"Measure{each}": pl.Series([1.5, None, math.nan]) for each in range(1000)}
    rows = bars().with_columns(**names)
    write(rows, target)
    write(rows, target)
    assert_frame_equal(read(target), rows)


def test_bounds_in_the_log_hold_every_row(target: Target) -> None:
    rows = EVERYTHING.select("Int64", "String", "Date", "DatetimeUs", "Float64", "UInt32")
    write(rows, target)
    (added,) = of_kind(log_of(target)[0], "add")
    stats = json.loads(added["stats"])
    assert stats["numRecords"] == 3
    assert stats["nullCount"]["Int64"] == 1
    assert stats["minValues"]["Int64"] == -(2**63)
    assert stats["maxValues"]["Int64"] == 2**63 - 1
    assert stats["maxValues"]["UInt32"] == 2**32 - 1
    assert stats["maxValues"]["Date"] == "9999-12-31"
    assert stats["maxValues"]["DatetimeUs"] == "9999-12-31T23:59:59.999999"
    assert "Float64" not in stats["maxValues"]  # not a number is neither in nor out


def test_filters_prune_files_by_their_bounds_and_lose_no_row(target: Target) -> None:
    write(bars(), target)
    write(bars().with_columns(Close=pl.lit(math.nan)), target, TUESDAY)
    table = DeltaTable(table_of(target))
    assert (
        pl.scan_delta(table).filter(pl.col("Close") > 100).collect().height == 3
    )  # as polars orders
    last = datetime(2025, 1, 6, 9, 3)
    assert pl.scan_delta(table).filter(pl.col("TimeBucket") >= last).collect().height == 2
    assert pl.scan_delta(table).filter(pl.col("ListingId") == 101).collect().height == 2


_DAYS = st.lists(st.integers(0, 2**40), min_size=1, max_size=5)


@given(offsets=_DAYS)
@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_int64_timestamps_lose_nothing(
    tmp_path_factory: pytest.TempPathFactory, offsets: list[int]
) -> None:
    target = target_at(tmp_path_factory.mktemp("ns"), delta_timestamps="int64")
    rows = pl.DataFrame({"TimeBucket": pl.Series(offsets).cast(pl.Datetime("ns"))})
    write(rows, target)
    assert read(target).equals(rows)
