"""How is a partition kept as one parquet file that is whole at every moment?

The rows are staged beside the file and moved over it in one step. The receipt is in the file's
own metadata, so that it can never disagree with the rows.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field

from beaf_core import PartitionRun, Receipt, ResourceError, Target, UsageError, hookimpl

#: The key of the receipt among the file's metadata.
RECEIPT_KEY = "beaf.receipt"


class Config(BaseModel):
    """Options of the output."""

    model_config = ConfigDict(extra="forbid")

    compression: Literal["zstd", "snappy", "lz4", "gzip", "uncompressed"] = Field(
        "zstd", description="How column chunks are compressed."
    )


@hookimpl
def write_output(frame: pl.LazyFrame, target: Target, partition: PartitionRun) -> Receipt:
    """Replace the partition's file, whole or not at all."""
    path = _local(target.location(partition))
    rows = frame.select(pl.len()).collect(engine="streaming").item()
    receipt = Receipt(target.type, str(path), rows, partition.key, dict(target.stamp))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, frame, receipt, _options(target))
    except OSError as error:
        raise _refused(path, "written", error.strerror or str(error)) from error
    except pl.exceptions.ComputeError as error:
        # polars tells of a full disk in words only.
        if "os error" not in str(error):
            raise
        raise _refused(path, "written", str(error)) from error
    return receipt


def _refused(path: Path, done: str, reason: str) -> ResourceError:
    return ResourceError(
        f"{path} cannot be {done}: {reason}",
        remedy="make the folder writable, make room, or change OUTPUT_TARGET.path_template",
    )


@hookimpl
def read_output(target: Target, partitions: Sequence[PartitionRun]) -> pl.LazyFrame | None:
    """Scan the files of the partitions that have been written."""
    paths = [_local(target.location(each)) for each in partitions]
    there = [path for path in paths if path.exists()]
    return pl.scan_parquet(there, hive_partitioning=False) if there else None


@hookimpl
def find_receipt(target: Target, partition: PartitionRun) -> Receipt | None:
    """Read the receipt out of the partition's file.

    Raises:
        UsageError: a file stands there that BEAF has not written; it is not replaced unasked.
        ResourceError: the file cannot be read.
    """
    path = _local(target.location(partition))
    try:
        text = _receipt_text(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except pa.ArrowException:
        text = None  # not a parquet file, so not ours
    except OSError as error:
        if error.errno is not None:
            raise _refused(path, "read", error.strerror or str(error)) from error
        text = None  # a damaged footer has no error number
    if text is None:
        raise UsageError(
            f"{path} is there already, and BEAF has not written it",
            remedy="move it, change OUTPUT_TARGET.path_template, or replace it with --force",
        )
    return Receipt.from_json(json.loads(text))


def _receipt_text(path: Path) -> bytes | None:
    with path.open("rb") as file:
        metadata: dict[bytes, bytes] = pq.read_metadata(file).metadata or {}
    return metadata.get(RECEIPT_KEY.encode())


def _options(target: Target) -> Config:
    return target.options if isinstance(target.options, Config) else Config.model_validate({})


def _local(location: str) -> Path:
    if urlsplit(location).scheme:
        raise UsageError(
            f"the output parquet writes local files, not {location}",
            remedy="set OUTPUT_TARGET.path_template to a path on this machine",
        )
    return Path(location)


def _replace(path: Path, frame: pl.LazyFrame, receipt: Receipt, options: Config) -> None:
    # In the same folder, so that the move is one step; hidden, so that no reader's *.parquet
    # takes a half-written file; named at random, so that two writers never share one.
    staged = path.with_name(f".{secrets.token_hex(8)}.staged")
    try:
        frame.sink_parquet(
            staged,
            compression=options.compression,
            metadata={RECEIPT_KEY: json.dumps(receipt.to_json())},
            engine="streaming",
        )
        _flush(staged)
        staged.replace(path)
        _flush(path.parent)
    finally:
        staged.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Ask the disk to keep a file, or a folder's entries, before the next step."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
