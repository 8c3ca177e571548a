"""How are partitions kept as parquet files: one file for each, or a dataset of hive's folders?

Without `partition_columns` each partition is one file, at `path_template`. With them, one folder
holds a dataset of all partitions. Both lie on this machine or on S3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from beaf_core import PartitionRun, Receipt, Target, hookimpl
from beaf_outputs.kept import Described
from beaf_outputs.parquet import dataset, files, steps
from beaf_outputs.stores import is_on_s3


class Config(BaseModel):
    """Options of the output."""

    model_config = ConfigDict(extra="forbid")

    compression: Literal["zstd", "snappy", "lz4", "gzip", "uncompressed"] = Field(
        "zstd", description="How column chunks are compressed."
    )
    schema_mode: Literal["strict", "add_columns", "overwrite"] = Field(
        "strict",
        description="Where a dataset (partition_columns) has other columns or types than a pass: "
        "refuse, add the new columns, or begin the dataset anew with this partition alone.",
    )


@hookimpl
def write_output(frame: pl.LazyFrame, target: Target, partition: PartitionRun) -> Receipt:
    """Replace the partition, whole or not at all."""
    if target.partition_columns:
        return steps.write(frame, target, partition)
    return files.write(frame, target, partition)


@hookimpl
def read_output(target: Target, partitions: Sequence[PartitionRun]) -> pl.LazyFrame | None:
    """Scan the partitions that have been written, with their original columns and dtypes."""
    if target.partition_columns:
        return dataset.read(target, partitions)
    return files.read(target, partitions)


@hookimpl
def find_receipt(target: Target, partition: PartitionRun) -> Receipt | None:
    """Read the receipt that is kept with the partition.

    Raises:
        UsageError: something stands there that BEAF has not written; it is not replaced unasked.
        ResourceError: it cannot be read.
    """
    if target.partition_columns:
        return dataset.find(target, partition)
    return files.find(target, partition)


@hookimpl
def list_receipts(target: Target, partition: PartitionRun) -> Sequence[Receipt]:
    """Read the receipts of a universe's partitions that may hold some days."""
    if target.partition_columns:
        return dataset.listed(target, partition)
    return files.listed(target, partition)


@hookimpl
def remove_output(target: Target, receipt: Receipt) -> bool:
    """Remove a partition; that it is gone already is fine."""
    if target.partition_columns:
        dataset.remove(target, receipt)
    else:
        files.remove(target, receipt)
    return True


def describe(location: str, storage_options: Mapping[str, str] | None = None) -> Described | None:
    """Say what a file, a folder of files or a dataset says of itself; None if none is ours."""
    if "://" in location and not is_on_s3(location):
        return None
    return dataset.describe(location, storage_options) or files.describe(location, storage_options)


def describe_each(
    location: str, storage_options: Mapping[str, str], pattern: re.Pattern[str] | None = None
) -> list[Described]:
    """Say the same of each pass whose files lie in a folder.

    Args:
        location: of the file, the folder or the dataset.
        storage_options: for S3.
        pattern: matches the paths of single files below a folder; all, if None.
    """
    whole = None if pattern else dataset.describe(location, storage_options)
    if whole is not None:
        return [whole]
    return files.describe_by_pass(location, storage_options, pattern)
