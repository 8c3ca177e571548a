"""What stands at a place, down to its files and tables?

`shape` is equal for two places that hold the same partitions, however they came to: whatever a
killed writer left behind makes it another one.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
from tests.outputs import tables
from tests.outputs.places import Place

from beaf_core import PartitionRun, Target


def names(place: Place) -> dict[str, Any]:
    """List the files of a place: path → what changes when it is written again."""
    if place.is_local:
        return {path: (info.st_mtime_ns, info.st_size) for path, info in _below(Path(place.root))}
    if not place.root.startswith("s3://"):
        return {}
    import obstore
    from obstore.store import S3Store

    bucket, _, prefix = place.root.removeprefix("s3://").partition("/")
    config: Any = dict(place.storage_options)
    store = S3Store(bucket, prefix=prefix or None, config=config)
    return {str(each["path"]): each["last_modified"] for each in obstore.list(store).collect()}


def actions(place: Place, dataset: str = "tiny", pass_name: str = "bars") -> list[dict[str, Any]]:
    """List the files of a Delta table, by its own library."""
    from deltalake import DeltaTable

    location = f"{place.root}/{dataset}/{pass_name}"
    table = DeltaTable(location, storage_options=dict(place.storage_options))
    return pl.DataFrame(table.get_add_actions(flatten=True)).to_dicts()


def trace(place: Place, target: Target, partition: PartitionRun) -> Any:
    """Return what is another one once a partition was written again, and only then."""
    if place.kind in {"parquet", "hive"}:
        location = target.location(partition).removeprefix(f"{place.root}/")
        day = "" if place.kind == "parquet" else f"Date={partition.dates.start_date}"
        return {
            path: facts for path, facts in names(place).items() if location in path and day in path
        }
    if place.kind == "delta":
        return [
            (each["path"], each["modification_time"])
            for each in actions(place, target.dataset, target.pass_name)
            if each["partition.PartitionKey"] == partition.key
        ]
    return tables.trace(place, f"{target.dataset}_{target.pass_name}", partition.key)


def largest(place: Place) -> int:
    """Return the bytes of the largest file that a writer makes on this machine."""
    return max((info.st_size for _, info in _below(Path(place.root))), default=0)


def _below(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    for each in sorted(root.rglob("*")):
        try:
            info = each.stat()
        except FileNotFoundError:
            continue  # gone meanwhile
        if stat.S_ISREG(info.st_mode):
            yield str(each.relative_to(root)), info


def shape(place: Place) -> dict[str, int]:
    """Count what stands at a place, by kind."""
    if place.kind in {"parquet", "hive"}:
        return dict(Counter(_kind_of(each) for each in names(place)))
    if place.kind == "delta":
        # What no commit names is no part of a table; it stays until it is vacuumed.
        found = Counter(f"a file of {each['partition.PartitionKey']}" for each in actions(place))
        return dict(found)
    return tables.shape(place)


def _kind_of(path: str) -> str:
    hidden = "hidden " if any(part.startswith(".") for part in Path(path).parts) else ""
    return f"{hidden}{Path(path).suffix or 'no suffix'}"
