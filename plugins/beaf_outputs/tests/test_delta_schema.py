"""What becomes of a Delta table's columns when those of a partition differ?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable
from tests.delta_tables import (
    MONDAY,
    PARIS,
    TUESDAY,
    bars,
    log_of,
    of_kind,
    read,
    table_of,
    target_at,
    write,
)

from beaf_core import ColumnMeaning, Meaning, Target, UsageError
from beaf_outputs import delta


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return target_at(tmp_path)


def other(target: Target, **options: object) -> Target:
    return replace(target, options=delta.Config.model_validate(options))


def test_strict_names_every_difference_before_rows_are_computed(target: Target) -> None:
    write(bars(), target)

    def must_not_run(_frame: pl.DataFrame) -> pl.DataFrame:
        raise AssertionError("rows were computed for a table that does not take them")

    changed = bars().with_columns(Close=pl.lit("x"), New=pl.lit(1)).drop("MIC")
    lazy = changed.lazy().map_batches(must_not_run, schema=changed.schema)
    with pytest.raises(UsageError) as error:
        write(lazy, target, TUESDAY)
    for told in ("Close is double there and string now", "New is new", "MIC is gone"):
        assert told in str(error.value)
    assert read(target).equals(bars())
    assert len(log_of(target)) == 1


def test_strict_does_not_mind_the_order_of_columns(target: Target) -> None:
    write(bars(), target)
    turned = bars(2).select(reversed(bars().columns))
    write(turned, target, TUESDAY)
    assert read(target, TUESDAY).equals(turned)
    assert read(target).equals(bars())


def test_add_columns_adds_what_is_new_and_leaves_what_is_gone_null(target: Target) -> None:
    write(bars(), target)
    wider = bars(2).with_columns(Volume=pl.lit(7, pl.UInt32)).drop("MIC")
    with pytest.raises(UsageError, match="add_columns"):
        write(wider, target, TUESDAY)
    write(wider, other(target, schema_mode="add_columns"), TUESDAY)
    assert read(target).equals(bars())
    assert read(target, TUESDAY).equals(wider)
    both = read(target, MONDAY, TUESDAY)
    assert both.schema["Volume"] == pl.UInt32
    assert both["Volume"].null_count() == 3
    assert both["MIC"].null_count() == 3
    everyone = pl.scan_delta(table_of(target)).collect()
    assert everyone.height == 6
    assert everyone["Volume"].null_count() == 3


def test_add_columns_refuses_another_type(target: Target) -> None:
    write(bars(), target)
    with pytest.raises(UsageError, match="Close is double there and long now") as error:
        write(
            bars().with_columns(pl.col("Close").cast(pl.Int64)),
            other(target, schema_mode="add_columns"),
        )
    assert "schema_mode: overwrite" in str(error.value)


def test_schema_overwrite_makes_the_table_anew_in_one_commit(target: Target) -> None:
    write(bars(), target)
    write(bars(2), target, TUESDAY)
    new = pl.DataFrame({"ListingId": [1], "Close": ["a"]})
    anew = other(target, schema_mode="overwrite")
    write(new, anew)
    assert len(log_of(target)) == 3
    assert read(target).equals(new)
    assert delta.find_receipt(target, TUESDAY) is None
    assert delta.read_output(target, [TUESDAY]) is None
    assert [each.name for each in DeltaTable(table_of(target)).schema().fields] == [
        "ListingId",
        "Close",
        "PartitionKey",
    ]
    write(new, target, PARIS)
    assert read(target, MONDAY, PARIS).height == 2


def test_a_naive_timestamp_can_come_to_a_table_that_had_none(target: Target) -> None:
    write(bars().drop("TimeBucket"), target)
    assert DeltaTable(table_of(target)).protocol().min_reader_version == 1
    write(bars(), other(target, schema_mode="add_columns"), TUESDAY)
    assert read(target, TUESDAY).equals(bars())
    assert read(target).equals(bars().drop("TimeBucket"))


def test_rows_are_found_under_the_columns_that_partition_the_table(tmp_path: Path) -> None:
    target = target_at(tmp_path, partition_columns=["MIC", "Date", "$dagsterpartitionkey"])
    write(bars(rows=6), target)
    write(bars(2), target, TUESDAY)
    (first, _) = log_of(target)
    values = {each["partitionValues"]["MIC"] for each in of_kind(first, "add")}
    assert values == {"XLON", "BATE"}
    assert read(target).sort("TimeBucket").equals(bars(rows=6))
    table = pl.scan_delta(table_of(target)).collect()
    assert table["Date"].unique().to_list() == [date(2025, 1, 6), date(2025, 1, 7)]
    assert table["$dagsterpartitionkey"].unique().sort().to_list() == [
        "2025-01-06|XLON",
        "2025-01-07|XLON",
    ]
    write(bars(3).head(1), target)
    assert read(target).equals(bars(3).head(1))
    assert read(target, TUESDAY).height == 3
    uris = DeltaTable(table_of(target)).file_uris()
    assert any("/MIC=BATE/Date=2025-01-06/" in each for each in uris)  # as every reader expects


def test_other_partition_columns_are_refused_unless_the_table_is_made_anew(
    target: Target,
) -> None:
    write(bars(), target)
    by_venue = replace(target, partition_columns=("MIC",))
    with pytest.raises(UsageError, match="partitioned by PartitionKey, not by MIC, PartitionKey"):
        write(bars(2), by_venue)
    write(bars(2), other(by_venue, schema_mode="overwrite"))
    assert DeltaTable(table_of(target)).metadata().partition_columns == ["MIC", "PartitionKey"]
    assert read(by_venue).sort("TimeBucket").equals(bars(2))


def test_a_partition_column_must_have_values_that_name_a_folder(target: Target) -> None:
    by_close = replace(target, partition_columns=("Close",))
    with pytest.raises(UsageError, match="Close holds a value of the type float"):
        write(bars(), by_close)
    with pytest.raises(UsageError, match="MIC holds an empty text"):
        write(bars().with_columns(MIC=pl.lit("")), replace(target, partition_columns=("MIC",)))
    assert delta.find_receipt(target, MONDAY) is None
    missing = bars().with_columns(MIC=pl.lit(None, pl.String))
    write(missing, replace(target, partition_columns=("MIC",)))
    assert read(target).equals(missing)


def test_a_pass_may_not_yield_a_column_named_as_the_key(target: Target) -> None:
    with pytest.raises(UsageError, match="PartitionKey"):
        write(bars().with_columns(PartitionKey=pl.lit("x")), target)


MEANING = Meaning(
    (
        ColumnMeaning("ListingId", doc="The listing."),
        ColumnMeaning("Close", "price", "The last price.", "last(Price)", version=2),
    ),
    {"time_bucket_seconds": "60", "time_bucket_anchor": "end", "configuration": "abc"},
)


def test_columns_carry_their_meaning_for_every_reader(target: Target) -> None:
    told = replace(target, meaning=MEANING)
    write(bars(), told)
    fields = {each.name: each.metadata for each in DeltaTable(table_of(target)).schema().fields}
    assert fields["Close"] == {
        "comment": "The last price. [price]",
        "unit": "price",
        "version": "2",
    }
    assert fields["ListingId"]["comment"] == "The listing."
    assert "replaced together" in fields["PartitionKey"]["comment"]
    metadata = DeltaTable(table_of(target)).metadata()
    assert metadata.name == "tiny_bars"
    assert metadata.description == (
        "The pass bars of tiny; buckets of 60 s, labelled at their end. Written by BEAF."
    )
    write(bars(2), told, TUESDAY)
    assert of_kind(log_of(target)[1], "metaData") == []  # nothing new is said


def test_a_new_definition_replaces_what_is_said_of_its_column(target: Target) -> None:
    write(bars(), replace(target, meaning=MEANING))
    newer = Meaning((replace(MEANING.columns[1], version=3, doc="The last trade."),), MEANING.facts)
    write(bars(2), replace(target, meaning=newer))
    fields = {each.name: each.metadata for each in DeltaTable(table_of(target)).schema().fields}
    assert fields["Close"]["comment"] == "The last trade. [price]"
    assert fields["Close"]["version"] == "3"
    assert len(log_of(target)) == 2


def test_a_table_describes_itself(target: Target) -> None:
    told = replace(target, meaning=MEANING)
    receipts = [write(bars(), told), write(bars(2), told, TUESDAY)]
    found = delta.describe(target.location(MONDAY))
    assert found is not None
    assert found.kind == "delta"
    assert sorted(found.receipts, key=lambda each: each.partition) == receipts
    assert found.about is not None
    assert found.about.meaning == MEANING
    assert found.about.schema == bars().schema
    assert found.stored["TimeBucket"] == "timestamp_ntz"
    assert found.stored["ListingId"] == "long"
    abouts = list((table_of(target) / "_beaf").glob("about-*"))
    assert len(abouts) == 1  # once, however many partitions
