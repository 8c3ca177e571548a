"""How is a table kept in order: few files, and none that nothing refers to any more?

Receipts stay valid: compacting changes neither rows nor numbers, and vacuuming leaves alone what
the newest version names, and what is so young that a write may be under way.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Iterator, Mapping

import polars as pl
from deltalake import CommitProperties
from deltalake.exceptions import DeltaError

from beaf_outputs.delta.receipts import receipt_path, second_of
from beaf_outputs.delta.table import FOLDER, PREFIX, OthersCommittedError, Place, Table
from beaf_outputs.stores import STAGED, Found
from beaf_outputs.stores.retries import repeated_until_answered
from beaf_outputs.upkeep import Upkeep

#: Files of less are put together, up to so many bytes.
TARGET_BYTES = 256 * 2**20

#: What no commit names yet may be of a write under way; no write takes as long as this.
_UNDER_WAY_HOURS = 24.0

_OUR_FILE = re.compile(rf"(?:.*/)?{PREFIX}(\d+)-\d+\.parquet")
_RECEIPT = re.compile(rf"{FOLDER}/[0-9a-f]{{32}}-(\d+)\.json")
_STAGED = re.compile(rf"{FOLDER}/\.{PREFIX}(\d+)\.[0-9a-f]+{re.escape(STAGED)}.*")

_OLDER_READERS = "older versions can be read no further back than {:g} hours"
_UNTIL_VACUUM = "the old files stay for readers of older versions, until vacuum"
_ORDER = "rows of a partition that is put together are in no order afterwards"


def compact(location: str, storage_options: Mapping[str, str], *, apply: bool) -> Upkeep | None:
    """Put the small files of each partition together; None where no table of ours is."""
    place = Place(location, storage_options)
    table = place.table()
    if table is None or not table.is_ours:
        return None
    small = _small(table)
    added = 0
    for size in small.group_by("group").agg(pl.col("size_bytes").sum())["size_bytes"]:
        added += math.ceil(size / TARGET_BYTES)
    done = Upkeep(
        "delta",
        location,
        added,
        int(small["size_bytes"].sum()),
        tuple(small["path"]),
        int(small["size_bytes"].sum()),
        apply,
        (_UNTIL_VACUUM, _ORDER) if added else (),
    )
    if apply and added:
        _compact(place)
    return done


def vacuum(
    location: str, storage_options: Mapping[str, str], *, keep_hours: float, apply: bool
) -> Upkeep | None:
    """Remove files that no version of the last hours names; None where no table of ours is."""
    place = Place(location, storage_options)
    table = place.table()
    if table is None or not table.is_ours:
        return None
    there = {each.path: each for each in place.store.files("")}
    gone = _vacuumed(place, table, keep_hours, apply=apply)
    left = list(_left_over(place, table, there.values(), keep_hours))
    if apply:
        for path in left:
            place.store.remove(path)
    paths = tuple(sorted(each for each in {*gone, *left} if each in there))
    return Upkeep(
        "delta",
        location,
        removed=paths,
        removed_bytes=sum(there[path].bytes for path in paths),
        applied=apply,
        notes=(_OLDER_READERS.format(keep_hours),) if paths else (),
    )


def _small(table: Table) -> pl.DataFrame:
    """List the files that have a small neighbour in their partition."""
    by = [f"partition.{each}" for each in table.partition_columns]
    files = table.files.filter(pl.col("size_bytes") < TARGET_BYTES)
    return files.select(
        pl.struct(by).alias("group") if by else pl.lit(0).alias("group"), "path", "size_bytes"
    ).filter(pl.len().over("group") > 1)


def _compact(place: Place) -> None:
    def once() -> None:
        table = place.table()
        assert table is not None
        try:
            table.raw.optimize.compact(
                target_size=TARGET_BYTES,
                commit_properties=CommitProperties(
                    # Or a partition that is replaced meanwhile would get its old rows back.
                    custom_metadata={"beaf": "compact"},
                    max_commit_retries=0,
                ),
            )
        except DeltaError as error:
            after = place.table()
            if after is not None and after.version != table.version:
                raise OthersCommittedError from error
            raise

    with place.refusals("compacted"):
        try:
            repeated_until_answered(once, lambda: None)
        except OthersCommittedError:
            raise place.locked("what is compacted") from None


def _vacuumed(place: Place, table: Table, keep_hours: float, *, apply: bool) -> list[str]:
    with place.refusals("vacuumed"):
        return table.raw.vacuum(
            retention_hours=math.ceil(keep_hours),
            dry_run=not apply,
            enforce_retention_duration=False,
        )


def _left_over(
    place: Place, table: Table, there: Iterable[Found], keep_hours: float
) -> Iterator[str]:
    """Yield what killed or replaced writes left: files, receipts, and what they had staged."""
    oldest = time.time() - max(keep_hours, _UNDER_WAY_HOURS) * 3600
    with place.refusals("vacuumed"):
        unnamed = set(
            table.raw.vacuum(
                retention_hours=math.ceil(keep_hours),
                dry_run=True,
                enforce_retention_duration=False,
                full=True,
            )
        )
    valid = {receipt_path(key, table.number(key) or 0) for key in table.keys}
    for each in there:
        if ours := _OUR_FILE.fullmatch(each.path):
            goes = each.path in unnamed
        elif ours := _RECEIPT.fullmatch(each.path):
            goes = each.path not in valid
        else:
            ours = _STAGED.fullmatch(each.path)
            goes = True
        if ours and goes and second_of(int(ours[1])) < oldest:
            yield each.path
