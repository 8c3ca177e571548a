"""How is a folder of parquet files kept in order: nothing in it that no partition needs?

A partition has one file in each folder of a dataset, and each partition is replaced by itself, so
there is nothing to be put together. What killed writers have left can go, and so can what a
dataset that began anew has left.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from beaf_outputs.parquet.files import describe_by_pass
from beaf_outputs.parquet.records import (
    ALL_STAGED,
    OWN,
    RECORDS,
    VERSIONS,
    Version,
    all_records,
    latest,
    paths_of_records,
    records,
)
from beaf_outputs.stores import STAGED, Found, Store, open_store
from beaf_outputs.upkeep import Upkeep

#: What no record names yet may be of a write under way; none takes as long as this.
UNDER_WAY_HOURS = 24.0

_OUR_FILE = re.compile(r"(?:.+/)?part-[0-9a-f]{32}\.parquet")
_HIDDEN = re.compile(rf"(?:.*/)?\.[^/]*{re.escape(STAGED)}")

_ONE_EACH = (
    "a partition has one file in each folder, and files of several partitions are not put "
    "together, so that each partition is replaced by itself; a coarser batch_freq, or fewer "
    "partition_columns, makes fewer and larger files"
)
_YOUNG = f"what was staged in the last {UNDER_WAY_HOURS:g} hours stays: its writer may go on"


def compact(location: str, storage_options: Mapping[str, str]) -> Upkeep | None:
    """Say why there is nothing to be put together; None where BEAF has written nothing."""
    kind = _kind(location, storage_options)
    return None if kind is None else Upkeep(kind, location, notes=(_ONE_EACH,))


def vacuum(
    location: str, storage_options: Mapping[str, str], *, keep_hours: float, apply: bool
) -> Upkeep | None:
    """Remove what no partition needs; None where BEAF has written nothing.

    Args:
        location: a dataset, or a folder of single files.
        storage_options: for S3.
        keep_hours: leave what is younger, or has been needed since.
        apply: do it; else only say what would go.
    """
    kind = _kind(location, storage_options)
    if kind is None:
        return None
    store = open_store(location, storage_options)
    there = store.files("")
    gone = list(_gone(store, there, keep_hours))
    if apply:
        store.each(store.remove, [each.path for each in gone])
    return Upkeep(
        kind,
        location,
        removed=tuple(each.path for each in gone),
        removed_bytes=sum(each.bytes for each in gone),
        applied=apply,
        notes=(_YOUNG,) if keep_hours < UNDER_WAY_HOURS else (),
    )


def _kind(location: str, storage_options: Mapping[str, str]) -> str | None:
    if latest(open_store(location, storage_options)) is not None:
        return "hive"
    is_one_file = location.endswith(".parquet")
    return "parquet" if not is_one_file and describe_by_pass(location, storage_options) else None


def _gone(store: Store, there: Sequence[Found], keep_hours: float) -> Iterator[Found]:
    now = time.time()
    oldest, oldest_staged = (
        now - hours * 3600 for hours in (keep_hours, max(keep_hours, UNDER_WAY_HOURS))
    )
    yield from (
        each for each in there if _HIDDEN.fullmatch(each.path) and each.modified < oldest_staged
    )
    version = latest(store)
    if version is None:
        return
    needed = _Needed.of(store, version)
    # What an older generation held was needed until this one began.
    begun = max(each.modified for each in store.files(VERSIONS))
    for each in there:
        since = max(each.modified, begun)
        over = needed.is_over(each.path) and since < oldest
        stale = needed.is_of_others(each.path) and since < oldest_staged
        left = needed.is_not_committed(each.path) and each.modified < oldest_staged
        if over or stale or left:
            yield each


@dataclass(frozen=True, slots=True)
class _Needed:
    """What the partitions of a dataset need.

    Attributes:
        version: of the dataset.
        names: of all files of its partitions. One that a partition has just given up has the name
            of one that it may be about to write again, so its own next write sees to it.
        removed: files of partitions that are being removed; the next run sees to them.
        staged: what is still to be moved to its place.
    """

    version: Version
    names: frozenset[str]
    removed: frozenset[str]
    staged: frozenset[str]

    @classmethod
    def of(cls, store: Store, version: Version) -> _Needed:
        """Read it from the records."""
        paths = paths_of_records(store.names(all_records(version)))
        found = [each for each in records(store, paths) if each is not None]
        live = {each.kept.receipt.partition: each for each in found if each.kept}
        return cls(
            version,
            frozenset(_name(version.file("", key)) for key in live),
            frozenset(path for each in found if not each.kept for path in each.gone),
            frozenset(path for key, each in live.items() for path in each.staged(key).values()),
        )

    def is_over(self, path: str) -> bool:
        """Say whether rows in it were part of the dataset before that began anew."""
        if path.startswith(f"{OWN}/") or not _OUR_FILE.fullmatch(path):
            return False
        return _name(path) not in self.names and path not in self.removed

    def is_of_others(self, path: str) -> bool:
        """Say whether it is a record of another generation: of an older one, or of one to come.

        A dataset begins anew with a record that is written before anybody knows of its generation.
        """
        mine = f"{all_records(self.version)}/"
        return path.startswith(f"{RECORDS}/") and not path.startswith(mine)

    def is_not_committed(self, path: str) -> bool:
        """Say whether it is of a write that no record tells of, or not yet."""
        return path.startswith(f"{ALL_STAGED}/") and path not in self.staged | self.removed


def _name(path: str) -> str:
    return path.rpartition("/")[2]
