"""Do hostile names reach no further than their own rows, and stay below their own folder?"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable, QueryBuilder
from tests.delta_tables import MONDAY, bars, log_of, of_kind, read, table_of, target_at, write

from beaf_core import (
    DatePartition,
    PartitionRun,
    Target,
    UniversePartition,
    UsageError,
)
from beaf_outputs import delta

HOSTILE = [
    "' OR '1'='1",
    '" OR 1=1 --',
    "'; DROP TABLE t; --",
    "%27%20OR%201=1",
    "a%b_c*?[x]",
    "../../../escaped",
    "..",
    "C:\\x",
    "new\nline\ttab",
    "ünïcødé 東京 🙂",
    "x" * 200,
    "null",
    "__HIVE_DEFAULT_PARTITION__",
    " lead and trail ",
]


def of_universe(value: str) -> PartitionRun:
    return PartitionRun(UniversePartition("sector", value), DatePartition("2025-01-06"))


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return target_at(tmp_path / "root")


def test_each_hostile_universe_replaces_and_reads_itself_alone(
    target: Target, tmp_path: Path
) -> None:
    everyone = [of_universe(each) for each in HOSTILE]
    for number, each in enumerate(everyone):
        write(bars(number + 1), target, each)
    for number, each in enumerate(everyone):
        write(bars(100 + number), target, each)
    removed = [path for actions in log_of(target) for path in of_kind(actions, "remove")]
    assert len(removed) == len(HOSTILE)
    for number, each in enumerate(everyone):
        assert read(target, each).equals(bars(100 + number))
        found = delta.find_receipt(target, each)
        assert found is not None
        assert found.partition == each.key
        assert delta.list_receipts(target, each) == [found]
    assert list(tmp_path.iterdir()) == [tmp_path / "root"]
    whole = pl.scan_delta(table_of(target)).collect()
    assert whole.height == 3 * len(HOSTILE)


def test_other_readers_see_hostile_keys_as_they_are(target: Target) -> None:
    for each in HOSTILE:
        write(bars(), target, of_universe(each))
    keys = {of_universe(each).key for each in HOSTILE}
    query = QueryBuilder().register("t", DeltaTable(table_of(target)))
    rows = pl.DataFrame(query.execute('select distinct "PartitionKey" from t').read_all())
    assert set(rows["PartitionKey"]) == keys
    found = pl.scan_delta(table_of(target)).collect()["PartitionKey"].unique()
    assert set(found) == keys  # polars reads them from the names of folders


def test_a_key_that_no_folder_can_be_named_by_is_refused(target: Target) -> None:
    with pytest.raises(UsageError, match="too long to name a partition") as error:
        write(bars(), target, of_universe("東" * 200))
    assert "shorter name" in str(error.value)
    assert not table_of(target).exists()


UNFIT = {"..", "%27%20OR%201=1", "new\nline\ttab"}


@pytest.mark.parametrize("dataset", [each for each in HOSTILE if each not in UNFIT])
def test_a_hostile_dataset_is_one_folder_below_the_root(tmp_path: Path, dataset: str) -> None:
    root = tmp_path / "root"
    target = target_at(root, dataset=dataset)
    receipt = write(bars(), target)
    write(bars(2), target)
    assert read(target).equals(bars(2))
    assert delta.find_receipt(target, MONDAY) is not None
    assert Path(os.path.realpath(receipt.location)).is_relative_to(root)
    assert len(list(root.iterdir())) == 1
    assert list(tmp_path.iterdir()) == [root]


def test_a_dataset_that_leaves_its_folder_or_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be part of an output path"):
        write(bars(), target_at(tmp_path, dataset=".."))
    for unfit in ("%27%20OR%201=1", "new\nline\ttab"):  # deltalake would not find it again
        with pytest.raises(UsageError, match="a Delta table cannot be kept in"):
            write(bars(), target_at(tmp_path, dataset=unfit))
    with pytest.raises(UsageError, match="longer than the disk allows"):
        write(bars(), target_at(tmp_path, dataset="東" * 200))


def test_a_place_that_is_neither_a_folder_nor_on_s3_is_refused(target: Target) -> None:
    with pytest.raises(UsageError, match="neither a folder nor on S3"):
        write(bars(), replace(target, path_template="ftp://host/{pass}"))


def test_a_relative_path_with_a_colon_is_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    target = replace(target_at("."), path_template="s3:x/{pass}")
    receipt = write(bars(), target)
    assert receipt.location == "s3:x/bars"
    assert (tmp_path / "s3:x" / "bars" / "_delta_log").is_dir()
    assert read(target).equals(bars())
