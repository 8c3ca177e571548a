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
    from obstore.store import from_url

    store = from_url(place.root, config=dict(place.storage_options))
    return {str(each["path"]): each["last_modified"] for each in obstore.list(store).collect()}


def trace(place: Place, target: Target, partition: PartitionRun) -> Any:
    """Return what is another one once a partition was written again, and only then."""
    if place.kind in {"parquet", "hive"}:
        location = target.location(partition).removeprefix(f"{place.root}/")
        day = "" if place.kind == "parquet" else f"Date={partition.dates.start_date}"
        return {
            path: facts for path, facts in names(place).items() if location in path and day in path
        }
    if place.kind == "sql":
        return tables.trace(place, f"{target.dataset}_{target.pass_name}", partition.key)
    raise NotImplementedError(place.kind)


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
    if place.kind == "sql":
        return tables.shape(place)
    raise NotImplementedError(place.kind)


def _kind_of(path: str) -> str:
    hidden = "hidden " if any(part.startswith(".") for part in Path(path).parts) else ""
    return f"{hidden}{Path(path).suffix or 'no suffix'}"
