"""How do many partitions share a dataset of hive's folders, each replaced whole or not at all?

A partition has one file in each cell, a folder such as `MIC=XLON/Date=2026-02-01`, so that whoever
reads all files never meets a cell twice. `steps.py` says how it is replaced; a reader takes from
where they are staged what a crash kept from its place.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from beaf_core import DatePartition, PartitionRun, Receipt, ResourceError, Target, UsageError
from beaf_outputs.kept import Described, concatenated, union
from beaf_outputs.parquet.common import since
from beaf_outputs.parquet.records import (
    ALL_STAGED,
    OWN,
    Record,
    abouts,
    all_records,
    latest,
    lock_path,
    paths_of_records,
    record_path,
    records,
    universe_folder,
)
from beaf_outputs.parquet.rows import scanned
from beaf_outputs.parquet.steps import finish, finish_if_pending
from beaf_outputs.stores import Store, open_store

#: How often and how long a reader waits for a writer who is moving files; a crashed one never does.
_LOOKS, _PAUSE = 10, 0.1


def read(target: Target, partitions: Sequence[PartitionRun]) -> pl.LazyFrame | None:
    """Scan the files of the partitions that have been written."""
    by_root: dict[str, list[str]] = {}
    for each in partitions:
        by_root.setdefault(target.location(each), []).append(each.key)
    frames = [_scanned(target, root, keys) for root, keys in by_root.items()]
    return concatenated([each for each in frames if each is not None])


def _scanned(target: Target, root: str, keys: Sequence[str]) -> pl.LazyFrame | None:
    store = open_store(root, target.storage_options)
    found = _kept(store, keys)
    if not found:
        return None
    meant = abouts(store, [kept.about for record in found.values() if (kept := record.kept)])
    locations = [store.location(each) for each in _places(store, found)]
    return scanned(locations, union([each.schema for each in meant]), store.scan_options)


def _kept(store: Store, keys: Sequence[str]) -> dict[str, Record]:
    """Read the records of the partitions that have been written."""
    version = latest(store)
    if version is None:
        return {}
    found = records(store, [record_path(version, key) for key in keys])
    return {key: record for key, record in zip(keys, found, strict=True) if record and record.kept}


def _places(store: Store, found: Mapping[str, Record]) -> list[str]:
    """Return where the files of partitions are: in their places, or still where they are staged."""
    sources: dict[str, str] = {}
    for key, record in found.items():
        sources |= dict(sorted(record.staged(key).items()))  # cells stand in one order
    for look in range(_LOOKS):
        staged = set(store.names(ALL_STAGED)).intersection(sources.values())
        if not staged or look == _LOOKS - 1:
            break
        time.sleep(_PAUSE)
    return [source if source in staged else path for path, source in sources.items()]


def find(target: Target, partition: PartitionRun) -> Receipt | None:
    """Read the receipt of a partition; what a crash cut short of it is finished.

    Raises:
        UsageError: there are files, but no dataset that BEAF has written.
    """
    location = target.location(partition)
    store = open_store(location, target.storage_options)
    version = latest(store)
    if version is None:
        _refuse_others(store)
        return None
    path = record_path(version, partition.key)
    try:
        record = finish_if_pending(store, path, partition.key)
    except ResourceError:  # who may read alone leaves it to the next writer
        record = records(store, [path])[0]
    if record is None or record.kept is None:
        return None
    return replace(record.kept.receipt, location=location)


def _refuse_others(store: Store) -> None:
    others = [each for each in store.names("") if not each.startswith(f"{OWN}/")]
    if others:
        raise UsageError(
            f"{store.location(others[0])} is there already, and is no part of a dataset that BEAF "
            "has written",
            remedy="move it, change OUTPUT_TARGET.path_template, or write beside it with --force",
        )


def listed(target: Target, partition: PartitionRun) -> list[Receipt]:
    """Read the receipts of a universe's partitions; the names of records tell their dates."""
    location = target.location(partition)
    store = open_store(location, target.storage_options)
    version = latest(store)
    if version is None:
        return []
    folder = universe_folder(version, partition.universe.spec)
    wanted = [each for each in store.names(folder) if _may_hold(each, partition.dates)]
    return [
        replace(each.kept.receipt, location=location)
        for each in records(store, wanted)
        if each and each.kept
    ]


def _may_hold(path: str, dates: DatePartition) -> bool:
    name = path.rpartition("/")[2]
    if not name.endswith(".json"):
        return False
    start, _, end = name.removesuffix(".json").partition("_")
    return start <= dates.end_date and (end or start) >= dates.start_date


def remove(target: Target, receipt: Receipt) -> None:
    """Remove a partition from its dataset; that it is gone already is fine."""
    store = open_store(receipt.location, target.storage_options)
    version = latest(store)
    if version is None:
        return
    path = record_path(version, receipt.partition)
    store.sweep(path, since(target))
    with store.locked(lock_path(receipt.partition)):
        _removed(store, path, receipt.partition)


def _removed(store: Store, path: str, partition: str) -> None:
    record = records(store, [path])[0]
    if record is None:
        return
    # First it is said to be gone, then it goes: whoever comes next can finish it.
    sources = record.staged(partition).values()
    gone = Record(None, gone=(*record.gone, *record.files, *sources))
    store.write(path, gone.text.encode())
    finish(store, gone, partition)
    store.remove(path)


def describe(location: str, storage_options: Mapping[str, str] | None) -> Described | None:
    """Say what a dataset says of itself; None where there is none."""
    store = open_store(location, storage_options)
    version = latest(store)
    if version is None:
        return None
    paths = paths_of_records(store.names(all_records(version)))
    kept = [each.kept for each in records(store, paths) if each and each.kept]
    newest = max(kept, key=lambda each: each.receipt.stamp.get("written_at", ""), default=None)
    return Described(
        "hive",
        location,
        tuple(replace(each.receipt, location=location) for each in kept),
        abouts(store, [newest.about])[0] if newest else None,
        {each.name: str(each.type) for each in version.schema.to_frame().to_arrow().schema},
    )
