"""How are the partitions of a pass kept in one Delta table, each replaced in one commit?

The rows of a partition are the files whose `PartitionKey` is the partition's key. A commit removes
those, adds new ones and sets an application transaction, so that rows and receipt change at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, field_validator

from beaf_core import PartitionRun, Receipt, Target, hookimpl
from beaf_outputs.kept import Described
from beaf_outputs.upkeep import Upkeep

# Properties of tables under which this output does not work.
_BREAKING = {
    "delta.appendOnly": "a partition that is written again replaces its rows",
    "delta.columnMapping.mode": "polars does not read such tables",
    "delta.enableDeletionVectors": "rows are replaced by files",
}


class Config(BaseModel):
    """Options of the output."""

    model_config = ConfigDict(extra="forbid")

    #: A table holds many partitions.
    shared: ClassVar[bool] = True

    delta_mode: Literal["append", "overwrite"] = Field(
        "append",
        description="append: a partition is replaced, and others stay; "
        "overwrite: afterwards the table holds this partition alone.",
    )
    schema_mode: Literal["strict", "add_columns", "overwrite"] = Field(
        "strict",
        description="strict: names and types must be the table's; "
        "add_columns: new columns are added, and absent ones are null; "
        "overwrite: the table is made anew, and holds this partition alone.",
    )
    delta_timestamps: Literal["us", "int64"] = Field(
        "us",
        description="How timestamps of nanoseconds are kept, which Delta does not know: "
        "us: as timestamps of microseconds; int64: as nanoseconds since 1970-01-01.",
    )
    compression: Literal["zstd", "snappy", "lz4", "gzip", "uncompressed"] = Field(
        "zstd", description="How column chunks are compressed."
    )
    delta_properties: dict[str, str] = Field(
        default_factory=dict,
        description="Properties of a table that is made, such as delta.logRetentionDuration.",
    )

    @field_validator("delta_properties")
    @classmethod
    def _may_be_set(cls, properties: dict[str, str]) -> dict[str, str]:
        for name, value in properties.items():
            if not name.startswith("delta."):
                raise ValueError(f"{name} is no property of Delta tables: they begin with delta.")
            if name in _BREAKING and value.lower() not in {"false", "none"}:
                raise ValueError(f"{name} cannot be {value}: {_BREAKING[name]}")
        return properties


@hookimpl
def write_output(frame: pl.LazyFrame, target: Target, partition: PartitionRun) -> Receipt:
    """Replace the partition's rows in one commit."""
    from beaf_outputs.delta.write import write  # deltalake takes 60 ms

    return write(frame, target, partition, options_of(target))


@hookimpl
def read_output(target: Target, partitions: Sequence[PartitionRun]) -> pl.LazyFrame | None:
    """Scan the files of the partitions that have been written."""
    from beaf_outputs.delta.read import read

    return read(target, partitions)


@hookimpl
def find_receipt(target: Target, partition: PartitionRun) -> Receipt | None:
    """Find the receipt that the newest commit of the partition names.

    Raises:
        UsageError: something stands there that BEAF has not written; it is not replaced unasked.
    """
    from beaf_outputs.delta.read import find

    return find(target, partition)


@hookimpl
def list_receipts(target: Target, partition: PartitionRun) -> Sequence[Receipt]:
    """List the receipts of the same universe that hold any of the days."""
    from beaf_outputs.delta.read import overlapping

    return overlapping(target, partition)


@hookimpl
def remove_output(target: Target, receipt: Receipt) -> bool:
    """Remove a partition's rows in one commit; that they are gone already is fine."""
    from beaf_outputs.delta.write import remove

    return remove(target, receipt)


def describe(location: str, storage_options: Mapping[str, str] | None = None) -> Described | None:
    """Say what a table holds and means; None where no Delta table is."""
    from beaf_outputs.delta.read import described

    return described(location, storage_options or {})


def compact(
    location: str, storage_options: Mapping[str, str] | None = None, *, apply: bool = False
) -> Upkeep | None:
    """Put the small files of each partition together; None where no table of ours is.

    Args:
        location: the table.
        storage_options: for S3.
        apply: do it; otherwise say what it would do.
    """
    from beaf_outputs.delta import maintain

    return maintain.compact(location, storage_options or {}, apply=apply)


def vacuum(
    location: str,
    storage_options: Mapping[str, str] | None = None,
    *,
    keep_hours: float = 168.0,
    apply: bool = False,
) -> Upkeep | None:
    """Remove files that no version of the last hours names; None where no table of ours is.

    Args:
        location: the table.
        storage_options: for S3.
        keep_hours: how far back older versions stay readable.
        apply: do it; otherwise say what it would do.
    """
    from beaf_outputs.delta import maintain

    return maintain.vacuum(location, storage_options or {}, keep_hours=keep_hours, apply=apply)


def options_of(target: Target) -> Config:
    """Give the target's options, or the default ones."""
    return target.options if isinstance(target.options, Config) else Config.model_validate({})
