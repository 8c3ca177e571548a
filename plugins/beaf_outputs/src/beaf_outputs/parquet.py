"""How is a partition kept as one parquet file that is whole at every moment?

The rows are staged beside the file and moved over it in one step. The receipt is in the file's
own metadata, so that it can never disagree with the rows.
"""

from __future__ import annotations

import glob
import json
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field

from beaf_core import (
    DatePartition,
    Meaning,
    PartitionRun,
    Receipt,
    ResourceError,
    Target,
    UsageError,
    hookimpl,
)
from beaf_outputs.kept import About, Described
from beaf_outputs.stores import open_store, parted

#: The key of the receipt among the file's metadata.
RECEIPT_KEY = "beaf.receipt"

#: The key of what the rows mean.
ABOUT_KEY = "beaf.about"

#: How the names of files end that are not whole yet.
STAGED = ".staged"

#: What stands for the dates in a name while files of any dates are looked for.
_MARKS = {"start_date": "\x01", "end_date": "\x02"}


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
        _replace(path, frame, receipt, _options(target), target.meaning)
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


@hookimpl
def list_receipts(target: Target, partition: PartitionRun) -> Sequence[Receipt]:
    """Read the receipts of the files whose names tell of other dates; names alone rule most out."""
    found = []
    for path in _files_of_any_dates(target, partition):
        try:
            text = _receipt_text(path)
        except (OSError, pa.ArrowException):
            continue  # gone meanwhile, or not ours: not an output that could be counted twice
        if text is not None:
            # What the file says of its place may be older than its folder's name.
            found.append(replace(Receipt.from_json(json.loads(text)), location=str(path)))
    return found


def _files_of_any_dates(target: Target, partition: PartitionRun) -> list[Path]:
    template = target.path_template
    # Marks that no path holds, since they are what a template cannot be filled in with.
    for field, mark in _MARKS.items():
        template = template.replace(f"{{{field}}}", mark)
    filled = str(_local(replace(target, path_template=template).location(partition)))
    pattern, name = glob.escape(filled), re.escape(filled)
    for mark in _MARKS.values():
        pattern = pattern.replace(mark, "*")
        name = name.replace(re.escape(mark), r"(\d{4}-\d{2}-\d{2})")
    found = sorted(glob.glob(pattern))  # noqa: PTH207 — the pattern is absolute
    if all(mark in filled for mark in _MARKS.values()):
        found = [each for each in found if _may_hold(re.fullmatch(name, each), partition.dates)]
    return [Path(each) for each in found]


def _may_hold(dated: re.Match[str] | None, dates: DatePartition) -> bool:
    """Say whether a file may hold days, by the dates in its name; ISO dates sort as days do."""
    if dated is None:
        return True
    return min(dated.groups()) <= dates.end_date and max(dated.groups()) >= dates.start_date


@hookimpl
def remove_output(receipt: Receipt) -> bool:
    """Remove a file; that it is gone already is fine."""
    path = _local(receipt.location)
    try:
        path.unlink(missing_ok=True)
        _flush(path.parent)
    except OSError as error:
        raise _refused(path, "removed", error.strerror or str(error)) from error
    return True


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


def _replace(
    path: Path, frame: pl.LazyFrame, receipt: Receipt, options: Config, meaning: Meaning
) -> None:
    _sweep(path, receipt.stamp.get("written_at", ""))
    # In the same folder, so that the move is one step; hidden, so that no reader's *.parquet
    # takes a half-written file; named at random, so that two writers never share one.
    staged = path.with_name(f".{path.name}.{secrets.token_hex(8)}{STAGED}")
    try:
        frame.sink_parquet(
            staged,
            compression=options.compression,
            metadata={
                RECEIPT_KEY: json.dumps(receipt.to_json()),
                ABOUT_KEY: About(meaning, frame.collect_schema()).text,
            },
            engine="streaming",
        )
        _flush(staged)
        staged.replace(path)
        _flush(path.parent)
    finally:
        staged.unlink(missing_ok=True)


def _sweep(path: Path, since: str) -> None:
    """Remove what killed writers of this file left beside it, from before this run took its lock.

    Younger ones may be those of a writer that does not know of the lock.
    """
    if not since:
        return
    oldest = datetime.fromisoformat(since).timestamp()
    for left in path.parent.glob(f".{glob.escape(path.name)}.*{STAGED}"):
        if left.stat().st_mtime < oldest:
            left.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Ask the disk to keep a file, or a folder's entries, before the next step."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def describe(location: str, storage_options: Mapping[str, str]) -> Described | None:
    """Tell what a file says of itself; None where it is not one that BEAF has written."""
    if Path(location).is_dir():
        return None
    folder, name = parted(location)
    text = open_store(folder, storage_options).read(name)
    try:
        metadata = pq.read_metadata(pa.BufferReader(text)) if text else None
    except pa.ArrowException:
        return None
    kept = (metadata.metadata or {}) if metadata else {}
    if metadata is None or RECEIPT_KEY.encode() not in kept:
        return None
    receipt = Receipt.from_json(json.loads(kept[RECEIPT_KEY.encode()]))
    about = kept.get(ABOUT_KEY.encode())
    stored = {each.name: str(each.type) for each in metadata.schema.to_arrow_schema()}
    return Described(
        "parquet",
        location,
        (replace(receipt, location=location),),
        About.of_text(about) if about else None,
        stored,
    )
