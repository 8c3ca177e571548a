"""Does a listing of a target's files tell what is there, and what has changed?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import polars as pl
import pytest

from beaf_core import DatePartition, PartitionRun, Target, UniversePartition
from beaf_outputs import is_one_file_each, output_files, parquet, read_receipts
from beaf_outputs.stores import open_store

TEMPLATE = "{root}/{datasetname}/{pass}/{universe}/{start_date}_{end_date}.parquet"


def _target(root: str, options: Mapping[str, str]) -> Target:
    template = TEMPLATE.replace("{root}", root)
    return Target("parquet", "ticks", "bars", template, storage_options=options).stamped(
        fingerprint="f1", run_id="r"
    )


def _partition(mic: str, day: str = "2025-01-06") -> PartitionRun:
    return PartitionRun(UniversePartition("mic", mic), DatePartition(day))


def _write(target: Target, partition: PartitionRun, price: float) -> str:
    frame = pl.LazyFrame({"ListingId": [1], "Close": [price]})
    return parquet.write_output(frame, target, partition).location


class _Place(Protocol):
    root: str
    options: dict[str, str]


@pytest.fixture
def target(place: _Place) -> Target:
    return _target(place.root, place.options)


def test_a_listing_has_each_partition_at_the_place_that_its_receipt_tells(target: Target) -> None:
    written = {_write(target, _partition(mic), 1.0) for mic in ("XLON", "XPAR")}
    assert {each.location for each in output_files(target)} == written
    found = read_receipts(written, target.storage_options)
    assert {each.partition for each in found.values() if each} == {
        "mic=XLON:2025-01-06",
        "mic=XPAR:2025-01-06",
    }


def test_the_version_of_a_file_changes_when_it_is_written_anew(target: Target) -> None:
    location = _write(target, _partition("XLON"), 1.0)
    _write(target, _partition("XPAR"), 1.0)
    before = {each.location: each.version for each in output_files(target)}
    _write(target, _partition("XLON"), 2.0)
    after = {each.location: each.version for each in output_files(target)}
    assert {each for each in before if before[each] != after[each]} == {location}


def test_what_is_no_output_of_the_target_is_not_listed(target: Target) -> None:
    location = _write(target, _partition("XLON"), 1.0)
    root = target.path_template.partition("/{datasetname}")[0]
    store = open_store(root, target.storage_options)
    for path in ("ticks/bars/mic=XLON/.hidden.staged", "ticks/hours/mic=XLON/2_2.parquet"):
        store.write(path, b"no output")
    assert [each.location for each in output_files(target)] == [location]


def test_a_file_that_is_not_ours_has_no_receipt_and_one_that_is_gone_is_left_out(
    target: Target,
) -> None:
    ours = _write(target, _partition("XLON"), 1.0)
    root = target.path_template.partition("/{datasetname}")[0]
    open_store(root, target.storage_options).write("ticks/foreign.parquet", b"PAR1 nothing PAR1")
    foreign = f"{root}/ticks/foreign.parquet"
    found = read_receipts([ours, foreign, f"{root}/ticks/gone.parquet"], target.storage_options)
    assert set(found) == {ours, foreign}
    assert found[foreign] is None


def test_a_target_without_placeholders_of_partitions_is_one_file(
    tmp_path: Path,
) -> None:
    target = Target("parquet", "ticks", "bars", f"{tmp_path}/only.parquet")
    assert output_files(target) == []
    location = _write(target, _partition("XLON"), 1.0)
    assert [each.location for each in output_files(target)] == [location]


def test_partitions_that_share_a_location_are_not_listed_as_files() -> None:
    table = Target("delta", "ticks", "bars", "/data/ticks", shared=True)
    assert not is_one_file_each(table)
    with pytest.raises(ValueError, match="share a location"):
        output_files(table)
