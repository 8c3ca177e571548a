"""Which files has a target got, told by a listing alone, and what do some of them say?

A hundred thousand outputs are listed in a second or two; to read their footers takes minutes. Who
remembers the versions of files reads only those that have changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from beaf_core import Receipt, Target
from beaf_outputs.data.places import places_of_target
from beaf_outputs.parquet.files import receipts
from beaf_outputs.stores import Found, is_on_s3, open_store, parted


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file that lies where a partition of a target would.

    Attributes:
        location: its path or URL, as a receipt has it.
        bytes: its size.
        version: changes when it is written anew.
    """

    location: str
    bytes: int
    version: str


def is_one_file_each(target: Target) -> bool:
    """Say whether each partition of a target is a parquet file of its own."""
    return target.type == "parquet" and not target.shared


def output_files(target: Target) -> list[OutputFile]:
    """List the files of all partitions of a target, told by their names; none of them is opened.

    Raises:
        ResourceError: the folder or the bucket cannot be listed.
        ValueError: partitions of the target are not files of their own.
    """
    if not is_one_file_each(target):
        raise ValueError(f"partitions of {target.type} at {target.path_template} share a location")
    return list(_listed(target))


def read_receipts(
    locations: Iterable[str], storage_options: Mapping[str, str] | None = None
) -> dict[str, Receipt | None]:
    """Read the receipts out of files: location → receipt; None for one that BEAF has not written.

    Files that are not there any more are left out.

    Raises:
        ResourceError: a file cannot be read.
    """
    return receipts(list(locations), storage_options or {})


def _listed(target: Target) -> Iterator[OutputFile]:
    for place in places_of_target(target):
        if place.pattern is None:
            root, path = parted(place.location)
            folder = path.rpartition("/")[0]
            pattern = re.compile(re.escape(path))
        else:
            root, folder = _folder(place.location)
            below = f"{re.escape(folder)}/" if folder else ""
            pattern = re.compile(below + place.pattern.pattern)
        store = open_store(root, target.storage_options)
        for each in store.files(folder):
            if pattern.fullmatch(each.path):
                yield OutputFile(store.location(each.path), each.bytes, _version(each))


def _folder(location: str) -> tuple[str, str]:
    """Part a folder into what is opened as a store, and its path there."""
    return parted(location) if is_on_s3(location) else (location, "")


def _version(found: Found) -> str:
    # By the clock of the store, to the microsecond on a disk; S3's tag tells what a second hides.
    return f"{found.bytes}-{found.etag or f'{found.modified:.6f}'}"
