"""What stands at a place, down to its files and tables?

`shape` is equal for two places that hold the same partitions, however they came to: whatever a
killed writer left behind makes it another one.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.outputs.places import Place


def names(place: Place) -> dict[str, Any]:
    """List the files of a place of files: path → what changes when it is written again."""
    if place.is_local:
        root = Path(place.root)
        found = [each for each in sorted(root.rglob("*")) if each.is_file()]
        return {str(each.relative_to(root)): each.stat().st_mtime_ns for each in found}
    import obstore
    from obstore.store import from_url

    store = from_url(place.root, config=_of_store(place))
    return {str(each["path"]): each["last_modified"] for each in obstore.list(store).collect()}


def _of_store(place: Place) -> dict[str, Any]:
    return {name.lower(): value for name, value in place.storage_options.items()}


def shape(place: Place) -> dict[str, int]:
    """Count what stands at a place, by kind."""
    if place.kind in {"parquet", "hive"}:
        return dict(Counter(_kind_of(each) for each in names(place)))
    raise NotImplementedError(place.kind)


def _kind_of(path: str) -> str:
    name = Path(urlsplit(path).path).name
    hidden = any(part.startswith(".") for part in Path(path).parts)
    return f"{'hidden ' if hidden else ''}{Path(name).suffix or 'no suffix'}"
