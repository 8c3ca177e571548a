"""Where is a partition's receipt, so that it changes with the rows in one commit?

Before a commit the receipt goes into a file of its own, under a number that no other write has.
The commit sets the partition's application transaction to that number.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from beaf_core import Receipt
from beaf_outputs.delta.table import FOLDER, Place, Table
from beaf_outputs.kept import About, Kept

#: Half of a number is the second of the write, so that what is orphaned is known to be old.
_RANDOM_BITS = 31

_READERS = 16


def new_number() -> int:
    """Make a number for a write: later ones are larger, and no two are the same."""
    return (int(time.time()) << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)


def second_of(number: int) -> int:
    """Give the second of a write, since the epoch."""
    return number >> _RANDOM_BITS


def receipt_path(key: str, number: int) -> str:
    """Name the file of a receipt."""
    return f"{FOLDER}/{hashlib.sha256(key.encode()).hexdigest()[:32]}-{number}.json"


def about_path(digest: str) -> str:
    """Name the file of what rows mean."""
    return f"{FOLDER}/about-{digest}.json"


def keep(place: Place, receipt: Receipt, about: About, number: int) -> None:
    """Write a receipt, and what its rows mean where that is not known yet."""
    path = about_path(about.digest)
    if place.store.read(path) is None:
        place.store.write(path, about.text.encode())
    kept = Kept(receipt, about.digest)
    place.store.write(receipt_path(receipt.partition, number), kept.text.encode())


def kept_of(place: Place, table: Table, keys: Iterable[str]) -> dict[str, Kept]:
    """Read the receipts of partitions; those that are not there, or not of the rows, are left out.

    Rows that others have removed or added since make a receipt void, and the partition is written
    again.
    """
    with place.refusals("read"):
        numbers = {key: number for key in keys if (number := table.number(key))}
    found = _read(place, {key: receipt_path(key, number) for key, number in numbers.items()})
    kept = {key: Kept.of_text(text) for key, text in found.items()}
    return {key: each for key, each in kept.items() if table.rows(key) in {None, each.receipt.rows}}


def about_of(place: Place, digest: str) -> About | None:
    """Read what rows mean."""
    text = place.store.read(about_path(digest))
    return About.of_text(text) if text else None


def _read(place: Place, paths: Mapping[str, str]) -> dict[str, bytes]:
    if len(paths) == 1:
        texts = [place.store.read(path) for path in paths.values()]
    else:
        with ThreadPoolExecutor(_READERS) as pool:
            texts = list(pool.map(place.store.read, paths.values()))
    return {key: text for key, text in zip(paths, texts, strict=True) if text is not None}
