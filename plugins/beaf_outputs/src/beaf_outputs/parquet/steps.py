"""In which steps is a partition of a dataset replaced, so that a crash at any of them is harmless?

Its files are staged out of sight. Its record is written: that commits them. What is gone of it is
removed, and the files are moved to their places. Up to the commit nothing has happened, and the
next writer sweeps what is staged; from then on, who comes next finishes it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from typing import TYPE_CHECKING

import polars as pl

from beaf_core import PartitionRun, Receipt, ResourceError, Target
from beaf_outputs.added import with_added
from beaf_outputs.kept import About, Kept
from beaf_outputs.parquet.cells import folder_of, key_of
from beaf_outputs.parquet.common import option, repetitions, since
from beaf_outputs.parquet.fitting import fitted
from beaf_outputs.parquet.footers import ABOUT_KEY
from beaf_outputs.parquet.records import (
    RECORDS,
    Record,
    Version,
    about_path,
    keep_about,
    latest,
    lock_path,
    paths_of_records,
    publish,
    record_path,
    records,
    staged_folder,
)
from beaf_outputs.parquet.rows import check_columns, sunk
from beaf_outputs.stores import STAGED, Store, open_store

if TYPE_CHECKING:
    from polars.io.partition import FileProviderArgs


@dataclass(frozen=True, slots=True)
class _Staged:
    """What is ready to be committed.

    Attributes:
        write: names the folder that it is staged in.
        cells: folders of the dataset, in the order of the staged files.
        receipt: of the partition.
        about: the digest of what its rows mean.
    """

    write: str
    cells: Sequence[str]
    receipt: Receipt
    about: str

    def record(self, version: Version, gone: Sequence[str]) -> Record:
        """Return the record that commits it as a part of a version."""
        files = tuple(version.file(each, self.receipt.partition) for each in self.cells)
        rest = tuple(each for each in gone if each not in files)
        return Record(Kept(self.receipt, self.about, files), self.write, rest)


def write(frame: pl.LazyFrame, target: Target, partition: PartitionRun) -> Receipt:
    """Replace a partition in all its cells, whole or not at all."""
    store = open_store(target.location(partition), target.storage_options)
    about = About(target.meaning, frame.collect_schema())
    full = with_added(frame, target, partition, key=False)
    schema = full.collect_schema()
    check_columns(schema, target.pass_name)
    key = key_of(target.partition_columns, schema)
    version, replaced = fitted(store, schema, target)
    for path in (version.path, about_path(about.digest)):
        store.sweep(path, since(target))
    _tidy(store, version, partition.key, since(target))
    staged = _stage(store, full, key, target, partition, about)
    keep_about(store, about)
    with store.locked(lock_path(partition.key)):
        _check_untouched(store, staged)
        path, record = _committed(store, staged, version, replaced, (schema, target))
        moved = finish(store, record, partition.key)
        _check_alone(store, path, record, moved=moved)
    return replace(staged.receipt, notes=repetitions(store))


def _tidy(store: Store, version: Version, partition: str, before: float) -> None:
    """Finish what a crash cut short of a partition, and sweep what was never committed."""
    path = record_path(version, partition)
    store.sweep(path, before)
    finish_if_pending(store, path, partition)
    folder = staged_folder(partition)
    with store.locked(lock_path(partition)):
        left = [each.path for each in store.files(folder) if each.modified < before]
        store.each(store.remove, left)


def _stage(
    store: Store,
    frame: pl.LazyFrame,
    key: Mapping[str, pl.Expr],
    target: Target,
    partition: PartitionRun,
    about: About,
) -> _Staged:
    """Compute the rows, and stage a file for each cell."""
    columns, numbers = target.partition_columns, count()
    cells: dict[str, str] = {}

    def name_of(cell: FileProviderArgs) -> str:
        name = f"{next(numbers)}{STAGED}"
        cells[name] = folder_of(columns, cell.partition_keys.row(0))
        return name

    name = secrets.token_hex(8)
    with store.filling(staged_folder(partition.key, name)) as folder:
        made = sunk(
            frame,
            pl.PartitionBy(
                folder,
                key=key,
                include_key=False,
                file_path_provider=name_of,
                approximate_bytes_per_file=None,
            ),
            about,
            compression=option(target, "compression", "zstd"),
            metadata={ABOUT_KEY: about.digest},
            location=store.root,
        )
    rows = sum(each.rows for each in made)
    location = target.location(partition)
    receipt = Receipt(target.type, location, rows, partition.key, dict(target.stamp))
    return _Staged(name, [cells[f"{n}{STAGED}"] for n in range(len(cells))], receipt, about.digest)


def _committed(
    store: Store,
    staged: _Staged,
    version: Version,
    replaced: Version | None,
    fitting: tuple[pl.Schema, Target],
) -> tuple[str, Record]:
    """Write the record: from now on the partition is what it says.

    Returns:
        Where it is, and the record.
    """
    partition = staged.receipt.partition
    while True:
        path = record_path(version, partition)
        if replaced is not None:
            # Nobody sees the record before the version is published with which the dataset begins
            # anew; then all that was there is gone.
            gone: Sequence[str] = _everything(store)
        else:
            before = records(store, [path])[0]
            gone = before.files if before else ()
        record = staged.record(version, gone)
        store.write(path, record.text.encode())
        if _is_part_of(store, version) if replaced is None else publish(store, version):
            return path, record
        store.remove(path)
        version, replaced = fitted(store, *fitting)


def _is_part_of(store: Store, version: Version) -> bool:
    """Say whether what is written with a version is seen: the dataset has not begun anew since."""
    now = latest(store)
    return now is not None and now.generation == version.generation


def _check_untouched(store: Store, staged: _Staged) -> None:
    """Refuse to commit files that another writer took for those of a dead one.

    Raises:
        ResourceError: some are gone.
    """
    names = store.names(staged_folder(staged.receipt.partition, staged.write))
    if len(names) < len(staged.cells):
        raise ResourceError(
            f"another run has begun to write the same partition of {store.root}",
            remedy="let one run write a partition at a time; the other one goes on",
        )


def _check_alone(store: Store, path: str, record: Record, *, moved: bool) -> None:
    """Tell of a writer on another machine, which no lock has kept out.

    Raises:
        ResourceError: the partition may be made of the files of both.
    """
    if not moved or records(store, [path])[0] != record:
        raise ResourceError(
            f"another machine has written the same partition of {store.root} at the same time",
            remedy="let one machine write a partition, and run it again with --force",
        )


def _everything(store: Store) -> list[str]:
    """List the files of all partitions, in their places and staged, and the records of them.

    What others have staged and not committed is theirs: they may yet join what begins anew.
    """
    paths = store.names(RECORDS)
    found = [each for each in records(store, paths_of_records(paths)) if each]
    files = chain.from_iterable(each.files + each.gone for each in found)
    staged = chain.from_iterable(
        each.staged(each.kept.receipt.partition).values() for each in found if each.kept
    )
    return list(dict.fromkeys([*files, *staged, *paths]))


def finish_if_pending(store: Store, path: str, partition: str) -> Record | None:
    """Finish what a crash may have cut short; while something is staged, it is not finished.

    Args:
        store: where the dataset is.
        path: of the partition's record.
        partition: its key.

    Returns:
        The record; None where there is none.
    """
    record = records(store, [path])[0]
    if record is None or not _is_pending(store, record, partition):
        return record
    with store.locked(lock_path(partition)):
        record = records(store, [path])[0]  # another writer may have been faster
        if record is not None:
            finish(store, record, partition)
    return record


def _is_pending(store: Store, record: Record, partition: str) -> bool:
    staged = set(store.names(staged_folder(partition)))
    return not staged.isdisjoint(record.staged(partition).values()) or (
        bool(record.gone) and not record.files
    )


def finish(store: Store, record: Record, partition: str) -> bool:
    """Remove what is gone, then move what is staged; done twice, it comes to the same.

    Returns:
        Whether all that it has to move was still staged.
    """
    store.each(store.remove, record.gone)
    staged = record.staged(partition)
    return all(store.each(lambda path: store.move(staged[path], path), staged))
