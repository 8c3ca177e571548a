"""How is a partition kept as one parquet file that is whole at every moment?

The rows are staged, and moved into place in one step: on this machine beside the file and over it,
on S3 by one request. The receipt is in the file's own metadata, so that it can never disagree with
the rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from beaf_core import PartitionRun, Receipt, Target, UsageError
from beaf_outputs.kept import About, Described, union
from beaf_outputs.parquet.common import option, repetitions, since, was_set
from beaf_outputs.parquet.dated import files_of_days
from beaf_outputs.parquet.footers import Footer, footers, kept_with
from beaf_outputs.parquet.rows import check_columns, scanned, sunk
from beaf_outputs.stores import Store, is_on_s3, open_store, parted

_NO_MODE = "schema_mode has no effect without partition_columns: each file has its own columns"
_SUFFIX = ".parquet"


@dataclass(frozen=True, slots=True)
class _File:
    location: str
    store: Store
    footer: Footer

    @property
    def receipt(self) -> Receipt | None:
        return self.footer.receipt(self.location)

    @property
    def schema(self) -> pl.Schema:
        about = self.footer.about
        if about is not None:
            return about.schema
        return pl.scan_parquet(
            self.location, storage_options=self.store.scan_options, glob=False
        ).collect_schema()


def write(frame: pl.LazyFrame, target: Target, partition: PartitionRun) -> Receipt:
    """Replace the partition's file, whole or not at all."""
    location = target.location(partition)
    store, path = _opened(location, target.storage_options)
    about = About(target.meaning, frame.collect_schema())
    check_columns(about.schema, target.pass_name)
    receipt = Receipt(target.type, location, 0, partition.key, dict(target.stamp))
    store.sweep(path, since(target))
    with store.staging(path) as staged:
        made = sunk(
            frame,
            staged,
            about,
            compression=option(target, "compression", "zstd"),
            metadata=kept_with(receipt, about),
            location=location,
        )
        store.put(staged, path)
    notes = repetitions(store) | ({_NO_MODE: 1} if was_set(target, "schema_mode") else {})
    return replace(receipt, rows=sum(each.rows for each in made), notes=notes)


def read(target: Target, partitions: Sequence[PartitionRun]) -> pl.LazyFrame | None:
    """Scan the files of the partitions that have been written."""
    there = _there([target.location(each) for each in partitions], target.storage_options)
    if not there:
        return None
    schema = union([each.schema for each in there])
    return scanned([each.location for each in there], schema, there[0].store.scan_options)


def find(target: Target, partition: PartitionRun) -> Receipt | None:
    """Read the receipt out of the partition's file.

    Raises:
        UsageError: a file stands there that BEAF has not written; it is not replaced unasked.
        ResourceError: the file cannot be read.
    """
    location = target.location(partition)
    there = _there([location], target.storage_options)
    receipt = there[0].receipt if there else None
    if there and receipt is None:
        raise UsageError(
            f"{location} is there already, and BEAF has not written it",
            remedy="move it, change OUTPUT_TARGET.path_template, or replace it with --force",
        )
    return receipt


def listed(target: Target, partition: PartitionRun) -> list[Receipt]:
    """Read the receipts of the files whose names tell of the days; names alone rule most out."""
    there = _there(files_of_days(target, partition), target.storage_options)
    # What is not ours is no output that could be counted twice.
    return [each.receipt for each in there if each.receipt is not None]


def receipts(locations: Sequence[str], options: Mapping[str, str]) -> dict[str, Receipt | None]:
    """Read the receipts of those files that are there; None for each that is not ours."""
    return {each.location: each.receipt for each in _there(locations, options)}


def remove(target: Target, receipt: Receipt) -> None:
    """Remove a file; that it is gone already is fine."""
    store, path = _opened(receipt.location, target.storage_options)
    store.remove(path)


def describe(location: str, storage_options: Mapping[str, str] | None) -> Described | None:
    """Say what a file, or a folder of files of one pass, says of itself; None if it is not ours."""
    found = describe_by_pass(location, storage_options)
    return found[0] if found else None


def describe_by_pass(
    location: str,
    storage_options: Mapping[str, str] | None,
    pattern: re.Pattern[str] | None = None,
) -> list[Described]:
    """Say what a file or the files of a folder say of themselves, for each dataset and pass.

    Args:
        location: of the file or the folder.
        storage_options: for S3.
        pattern: matches the paths below the folder that are looked at; all in sight, if None.
    """
    passes: dict[tuple[str, str], list[_File]] = {}
    for each in _below(location, storage_options or {}, pattern):
        if each.receipt is not None:
            stamp = each.receipt.stamp
            passes.setdefault((stamp.get("dataset", ""), stamp.get("pass", "")), []).append(each)
    return [_described(location, passes[key]) for key in sorted(passes)]


def _described(location: str, ours: Sequence[_File]) -> Described:
    newest = max(ours, key=lambda each: each.footer.written_at)
    return Described(
        "parquet",
        location,
        tuple(each.receipt for each in ours if each.receipt is not None),
        newest.footer.about,
        {field.name: str(field.type) for field in newest.footer.columns},
    )


def _below(
    location: str, options: Mapping[str, str], pattern: re.Pattern[str] | None
) -> list[_File]:
    is_folder = not is_on_s3(location) and Path(location).is_dir()
    single = _there([location], options) if location.endswith(_SUFFIX) and not is_folder else []
    if single:
        return single
    root, folder = parted(location.rstrip("/")) if is_on_s3(location) else (location, "")
    store, above = open_store(root, options), f"{folder}/" if folder else ""
    wanted = pattern.fullmatch if pattern else _is_in_sight
    names = [each for each in store.names(folder) if wanted(each.removeprefix(above))]
    return _there([store.location(each) for each in names], options)


def _is_in_sight(path: str) -> bool:
    # What begins with a dot or an underscore is no data, as every reader has it.
    hidden = any(part.startswith((".", "_")) for part in path.split("/"))
    return path.endswith(_SUFFIX) and not hidden


def _there(locations: Sequence[str], options: Mapping[str, str]) -> list[_File]:
    """Read the footers of those files that are there."""
    by_root: dict[str, dict[str, str]] = {}
    for location in locations:
        root, path = parted(location)
        by_root.setdefault(root, {})[path] = location
    return [
        _File(found[path], store, footer)
        for root, found in by_root.items()
        for store in [open_store(root, options)]
        for path, footer in zip(found, footers(store, found), strict=True)
        if footer is not None
    ]


def _opened(location: str, options: Mapping[str, str]) -> tuple[Store, str]:
    root, path = parted(location)
    return open_store(root, options), path
