"""Do rows come back from parquet as they were, with what they mean, from a disk and from S3?"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from datetime import time as day_time
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import polars as pl
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal
from tests.s3 import READER_KEY, READER_SECRET, S3Server
from tests.s3_faults import Faults

from beaf_core import (
    ColumnMeaning,
    DatePartition,
    Meaning,
    PartitionRun,
    ResourceError,
    Target,
    UniversePartition,
    UsageError,
)
from beaf_core.testing import check_output
from beaf_outputs.parquet import (
    Config,
    describe,
    find_receipt,
    list_receipts,
    read_output,
    write_output,
)

MONDAY = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-06"))
TUESDAY = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-07"))
ROWS = pl.DataFrame({"ListingId": [1, 2], "MIC": ["XLON", "XPAR"], "Open": [10.0, 20.0]})
MEANING = Meaning(
    (
        ColumnMeaning("Open", unit="price", doc="The first price.", formula="first(P)", version=2),
        ColumnMeaning("MIC", doc="Where it is listed."),
    ),
    {"time_bucket_seconds": "60", "config": "abc"},
)


class Place(Protocol):
    root: str
    options: dict[str, str]


@pytest.fixture(params=["file", "hive"])
def target(request: pytest.FixtureRequest, place: Place) -> Target:
    hive = request.param == "hive"
    name = "{datasetname}" if hive else "{datasetname}/{universe}/{start_date}_{end_date}.parquet"
    return Target(
        "parquet", "tiny", "bars", f"{place.root}/{name}", Config(), ("MIC",) if hive else (),
        place.options, stamp={"fingerprint": "f1", "written_at": "2026-01-01T00:00:00+00:00"},
        shared=hive, meaning=MEANING,
    )  # fmt: skip


def read(target: Target, *partitions: PartitionRun) -> pl.DataFrame:
    found = read_output(target, partitions)
    assert found is not None
    return found.collect()


def test_the_output_keeps_the_contract_on_s3(place: Place) -> None:
    check_output("parquet", place.root, storage_options=place.options)


TYPES = {
    "Int8": pl.Series([1, None], dtype=pl.Int8),
    "UInt32": pl.Series([2**32 - 1, None], dtype=pl.UInt32),
    "UInt64": pl.Series([2**64 - 1, None], dtype=pl.UInt64),
    "Float32": pl.Series([float("nan"), None], dtype=pl.Float32),
    "Float64": pl.Series([float("nan"), float("-inf")]),
    "Decimal": pl.Series([Decimal("1234567890123456789012345678.1234567891"), None]).cast(
        pl.Decimal(38, 10)
    ),
    "Enum": pl.Series(["b", None], dtype=pl.Enum(["b", "a"])),
    "Categorical": pl.Series(["x", None], dtype=pl.Categorical),
    "Nanoseconds": pl.Series([1_700_000_000_123_456_789, None]).cast(pl.Datetime("ns")),
    "Zoned": pl.Series([datetime(2026, 7, 1), None]).dt.replace_time_zone("Europe/London"),
    "Microseconds": pl.Series([datetime(2026, 1, 1), None], dtype=pl.Datetime("us")),
    "Date": pl.Series([date(2026, 1, 1), None]),
    "Time": pl.Series([day_time(1, 2, 3), None]),
    "Duration": pl.Series([timedelta(1), None], dtype=pl.Duration("ns")),
    "Binary": pl.Series([b"\0x", None]),
    "String": pl.Series(["", None]),
    "Boolean": pl.Series([True, None]),
    "Null": pl.Series([None, None]),
    "List": pl.Series([[1.5, None], None]),
    "Struct": pl.Series([{"a": 1, "b": "x"}, None]),
}


def test_all_dtypes_come_back_exactly_as_they_were(target: Target) -> None:
    frame = ROWS.with_columns(each.alias(name) for name, each in TYPES.items())
    write_output(frame.lazy(), target, MONDAY)
    found = read(target, MONDAY)
    assert found.schema == frame.schema
    assert_frame_equal(found.sort("ListingId"), frame)
    filtered = read_output(target, [MONDAY])
    assert filtered is not None
    enum = pl.lit("b", TYPES["Enum"].dtype)
    assert filtered.filter(pl.col("Enum") == enum).collect().height == 1


def test_a_thousand_columns_come_back(target: Target) -> None:
    names = [f"Measure{number}" for number in range(1000)]
    wide = ROWS.with_columns(pl.lit(float(number)).alias(name) for number, name in enumerate(names))
    meant = replace(
        target, meaning=Meaning(tuple(ColumnMeaning(name, "bps", "d" * 99) for name in names))
    )
    receipt = write_output(wide.lazy(), meant, MONDAY)
    assert find_receipt(meant, MONDAY) == receipt
    assert_frame_equal(read(meant, MONDAY).sort("ListingId"), wide)


def test_no_rows_and_no_columns_but_keys_come_back(target: Target) -> None:
    for frame in (ROWS.select("MIC"), ROWS.clear(), ROWS.select("MIC").clear()):
        apart = replace(target, dataset=f"d{frame.width}{frame.height}")
        assert write_output(frame.lazy(), apart, MONDAY).rows == frame.height
        assert_frame_equal(read(apart, MONDAY), frame)
        assert find_receipt(apart, MONDAY) is not None


@pytest.mark.parametrize("dtype", [pl.Int128, pl.Object])
def test_what_parquet_cannot_hold_is_refused_and_nothing_is_written(
    target: Target, dtype: type[pl.DataType]
) -> None:
    frame = ROWS.with_columns(pl.Series("Odd", [1, 2], dtype=dtype))
    with pytest.raises(UsageError, match=r"Odd as .*parquet cannot hold"):
        write_output(frame.lazy(), target, MONDAY)
    assert read_output(target, [MONDAY]) is None


def test_files_say_what_their_rows_mean(target: Target) -> None:
    receipt = write_output(ROWS.lazy(), target, MONDAY)
    found = describe(target.location(MONDAY), target.storage_options)
    assert found is not None
    assert found.receipts == (receipt,)
    assert found.about is not None
    assert found.about.meaning == MEANING
    assert found.about.schema == ROWS.schema
    assert set(found.stored) == set(ROWS.columns)


def test_a_folder_of_files_says_what_the_newest_of_them_means(tmp_path: Path) -> None:
    place = f"{tmp_path}/{{pass}}/{{start_date}}.parquet"
    for day, run in (("2025", MONDAY), ("2026", TUESDAY)):
        stamp = {"written_at": f"{day}-01-01T00:00:00+00:00"}
        meaning = Meaning(facts={"day": day})
        target = Target("parquet", "tiny", "bars", place, stamp=stamp, meaning=meaning)
        write_output(ROWS.lazy(), target, run)
    ROWS.write_parquet(tmp_path / "bars/others.parquet")
    found = describe(str(tmp_path / "bars"))
    assert found is not None
    assert [each.partition for each in found.receipts] == [MONDAY.key, TUESDAY.key]
    assert found.about is not None
    assert found.about.meaning.facts == {"day": "2026"}
    assert describe(str(tmp_path / "bars/others.parquet")) is None
    assert describe(str(tmp_path / "nowhere")) is None
    assert describe("postgresql://host/database") is None
    (tmp_path / "folder.parquet").mkdir()
    assert describe(str(tmp_path / "folder.parquet")) is None


def test_other_tools_find_units_and_definitions_beside_the_columns(tmp_path: Path) -> None:
    target = Target("parquet", "tiny", "bars", f"{tmp_path}/{{pass}}.parquet", meaning=MEANING)
    write_output(ROWS.lazy(), target, MONDAY)
    schema = pq.read_schema(target.location(MONDAY))
    assert schema.field("Open").metadata == {b"description": b"The first price.", b"unit": b"price"}
    assert schema.field("ListingId").metadata is None
    metadata = pq.read_metadata(target.location(MONDAY)).metadata
    assert json.loads(metadata[b"beaf.receipt"])["partition"] == MONDAY.key


def test_files_of_several_columns_are_read_together_and_those_of_several_types_are_not(
    place: Place,
) -> None:
    template = f"{place.root}/{{start_date}}.parquet"
    target = Target("parquet", "tiny", "bars", template, storage_options=place.options)
    wider = ROWS.with_columns(pl.lit("x").alias("More"))
    write_output(ROWS.lazy(), target, MONDAY)
    write_output(wider.lazy(), target, TUESDAY)
    for days in ((MONDAY, TUESDAY), (TUESDAY, MONDAY)):
        found = read(target, *days).sort("More", "ListingId", nulls_last=False)
        expected = pl.concat([ROWS, wider], how="diagonal")
        assert_frame_equal(found, expected, check_column_order=False)
    assert_frame_equal(read(target, MONDAY), ROWS)
    write_output(ROWS.cast({"Open": pl.Int64}).lazy(), target, TUESDAY)
    with pytest.raises(UsageError, match="Open is Float64 in one partition and Int64 in another"):
        read_output(target, [MONDAY, TUESDAY])


def test_schema_mode_without_partition_columns_is_told_to_have_no_effect(tmp_path: Path) -> None:
    template = f"{tmp_path}/{{start_date}}.parquet"
    plain = Target("parquet", "tiny", "bars", template, Config())
    assert write_output(ROWS.lazy(), plain, MONDAY).notes == {}
    told = replace(plain, options=Config(schema_mode="add_columns"))
    (note,) = write_output(ROWS.lazy(), told, MONDAY).notes
    assert "schema_mode has no effect" in note


def test_only_the_end_of_a_file_is_read_to_find_its_receipt(
    s3: S3Server, bucket: str, faults: Faults, tmp_path: Path
) -> None:
    template = f"{bucket}/{tmp_path.name}/{{start_date}}.parquet"
    target = Target("parquet", "tiny", "bars", template, storage_options=faults.options(s3))
    noise = pl.DataFrame({"N": pl.int_range(200_000, eager=True).hash()})
    write_output(noise.lazy(), target, MONDAY)
    faults.seen.clear()
    assert find_receipt(target, MONDAY) is not None
    assert len(faults.seen) == 1
    assert find_receipt(target, TUESDAY) is None
    assert len(faults.seen) == 2
    faults.seen.clear()
    assert [each.partition for each in list_receipts(target, MONDAY)] == [MONDAY.key]
    assert len(faults.seen) == 2, "a list, and a footer"


def test_requests_that_were_repeated_are_told_in_the_receipt(
    s3: S3Server, bucket: str, faults: Faults, tmp_path: Path
) -> None:
    template = f"{bucket}/{tmp_path.name}/bars"
    for columns, shared in (((), False), (("MIC",), True)):
        target = Target(
            "parquet", "tiny", "bars", template + ("" if shared else ".parquet"), Config(),
            columns, faults.options(s3), shared=shared,
        )  # fmt: skip
        faults.answers[:] = ["503", "reset"] if shared else ["503"]
        receipt = write_output(ROWS.lazy(), target, MONDAY)
        assert receipt.notes == {"requests to the object store were repeated": 2 if shared else 1}
        assert_frame_equal(read(target, MONDAY).sort("ListingId"), ROWS)


@pytest.mark.parametrize("columns", [(), ("MIC",)])
def test_whoever_may_not_write_is_told_and_nothing_changes(
    s3: S3Server, bucket: str, tmp_path: Path, columns: tuple[str, ...]
) -> None:
    template = f"{bucket}/{tmp_path.name}/bars.parquet"
    target = Target("parquet", "tiny", "bars", template, Config(), columns, s3.storage_options())
    write_output(ROWS.lazy(), target, MONDAY)
    reader = replace(target, storage_options=s3.storage_options(READER_KEY, READER_SECRET))
    with pytest.raises(ResourceError, match="403 Forbidden") as caught:
        write_output(ROWS.clear().lazy(), reader, MONDAY)
    assert READER_SECRET not in str(caught.value)
    assert_frame_equal(read(reader, MONDAY).sort("ListingId"), ROWS)
    assert find_receipt(reader, MONDAY) is not None


def test_a_filter_and_a_choice_of_columns_reach_the_scan_of_files(target: Target) -> None:
    write_output(ROWS.lazy(), target, MONDAY)
    write_output(ROWS.lazy(), target, TUESDAY)
    found = read_output(target, [MONDAY, TUESDAY])
    assert found is not None
    asked = found.filter(pl.col("Open") > 15).select("ListingId")
    plan = asked.explain()
    assert plan.count("Parquet SCAN") == 1
    assert "PROJECT 2/3 COLUMNS" in plan
    assert 'SELECTION: col("Open") > 15' in plan
    assert asked.collect()["ListingId"].to_list() == [2, 2]


def test_what_is_computed_is_computed_once(target: Target) -> None:
    calls = []

    def count(frame: pl.DataFrame) -> pl.DataFrame:
        calls.append(time.monotonic())
        return frame

    counted = ROWS.lazy().map_batches(count, schema=ROWS.schema)
    assert write_output(counted, target, MONDAY).rows == 2
    assert len(calls) == 1
