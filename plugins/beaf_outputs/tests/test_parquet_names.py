"""Are names from users kept inside their place, or refused, on a disk and on S3?"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from beaf_core import DatePartition, PartitionRun, Target, UniversePartition, UsageError
from beaf_outputs.parquet import Config, list_receipts, read_output, remove_output, write_output
from beaf_outputs.stores import open_store

MONDAY = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-06"))
ROWS = pl.DataFrame({"ListingId": [1, 2], "MIC": ["XLON", "XPAR"], "Open": [10.0, 20.0]})


class Place(Protocol):
    root: str
    options: dict[str, str]


@pytest.fixture(params=["file", "hive"])
def target(request: pytest.FixtureRequest, place: Place) -> Target:
    hive = request.param == "hive"
    name = "{datasetname}" if hive else "{datasetname}/{universe}/{start_date}_{end_date}.parquet"
    template, columns = f"{place.root}/inside/{name}", ("MIC",) if hive else ()
    return Target(
        "parquet", "tiny", "bars", template, Config(), columns, place.options, shared=hive
    )


def read(target: Target, partition: PartitionRun) -> pl.DataFrame:
    found = read_output(target, [partition])
    assert found is not None
    return found.collect()


def test_a_column_without_a_name_is_refused(target: Target) -> None:
    with pytest.raises(UsageError, match="column without a name"):
        write_output(ROWS.rename({"Open": ""}).lazy(), target, MONDAY)


def test_hostile_columns_come_back(target: Target) -> None:
    names = ["a'b", 'q"q', "x; DROP TABLE y", "../..", "ü %2F", "n" * 200, "tab\there", "a=b"]
    frame = ROWS.with_columns(pl.lit(number).alias(name) for number, name in enumerate(names))
    write_output(frame.lazy(), target, MONDAY)
    assert_frame_equal(read(target, MONDAY).sort("ListingId"), frame)


HOSTILE = [
    "'; DROP TABLE bars; --", '"quoted"', "../../escape", "50%", "%2F", "a=b", " spaced ",
    "ünï çødé 日本", "*?[x]{y}#", "x" * 200, "~", "a&b;c|d", "back\\slash",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_kept_inside_their_place(target: Target, place: Place, name: str) -> None:
    partition = PartitionRun(UniversePartition("mic", name), DatePartition("2025-01-06"))
    named = replace(target, dataset=name)
    receipt = write_output(ROWS.lazy(), named, partition)
    assert_frame_equal(read(named, partition).sort("ListingId"), ROWS)
    assert list_receipts(named, partition) == [receipt]
    assert remove_output(named, receipt)
    assert read_output(named, [partition]) is None
    names = open_store(place.root, place.options).names("")
    assert [each for each in names if not each.startswith("inside/")] == []


@pytest.mark.parametrize("name", ["..", ".", "new\nline", "x" * 300])
def test_names_that_a_place_does_not_take_are_refused_and_leave_nothing(
    target: Target, place: Place, name: str
) -> None:
    named = replace(target, dataset=name)
    try:
        write_output(ROWS.lazy(), named, MONDAY)
    except UsageError:
        assert open_store(place.root, place.options).names("") == []
    else:
        assert name not in {"..", "."}
        assert_frame_equal(read(named, MONDAY).sort("ListingId"), ROWS)
