"""What do the places that were asked for hold, and what does keeping them in order take?

Each kind of output tells for itself; it is imported only where a place may be its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from itertools import groupby

from beaf_core import Receipt, UsageError
from beaf_outputs.data.places import Asked, Place, shown_location
from beaf_outputs.kept import Described
from beaf_outputs.upkeep import Upkeep

#: What may be in a folder or below a prefix, in the order in which it is asked.
_FILES = {"delta": "beaf_outputs.delta", "parquet": "beaf_outputs.parquet"}
_DATABASE = {"sql": "beaf_outputs.sql"}
#: Who keeps the files of each in order.
_KEEPERS = {
    "beaf_outputs.delta": "beaf_outputs.delta",
    "beaf_outputs.parquet": "beaf_outputs.parquet.maintain",
}


def described(asked: Asked) -> list[Described]:
    """Ask what the places say of themselves.

    Raises:
        UsageError: nothing there that BEAF has written.
        ResourceError: a place cannot be read.
    """
    places = asked.places()
    found = [each for place in places for each in _described(place)]
    if not found:
        raise _nothing(places)
    return found


def _described(place: Place) -> Iterator[Described]:
    if place.pattern is not None:
        yield from _files_of(place)
        return
    for module in _homes(place):
        found: Described | None = import_module(module).describe(
            place.location, place.storage_options
        )
        if found is not None:
            yield found
            return
    if not place.is_database and not place.location.endswith(".parquet"):
        yield from _files_of(place)


def _homes(place: Place) -> Iterable[str]:
    known = _DATABASE if place.is_database else _FILES
    return known.values() if place.kind is None else [known[place.kind]]


def _files_of(place: Place) -> Iterator[Described]:
    """Describe the files of single partitions together, by what they are of."""
    parquet = import_module(_FILES["parquet"])
    root = place.location.rstrip("/")
    each = (parquet.describe(f"{root}/{name}", place.storage_options) for name in place.files())
    found = sorted((one for one in each if one is not None), key=_of)
    for _, group in groupby(found, key=_of):
        yield _together(root, list(group))


def _of(described: Described) -> tuple[str, str]:
    stamp = described.receipts[0].stamp
    return stamp.get("dataset", ""), stamp.get("pass", "")


def _together(root: str, found: list[Described]) -> Described:
    receipts = tuple(receipt for each in found for receipt in each.receipts)
    newest = max(found, key=lambda each: _written_at(each.receipts[0]))
    location = found[0].location if len(found) == 1 else root
    return Described(newest.kind, location, receipts, newest.about, newest.stored)


def _written_at(receipt: Receipt) -> str:
    return receipt.stamp.get("written_at", "")


def compacted(asked: Asked, *, apply: bool) -> list[Upkeep]:
    """Put the small files of places together; without `apply`, say what that would do.

    Raises:
        UsageError: a place that has no files to put together.
    """
    return _kept_in_order(asked, "compact", apply=apply)


def vacuumed(asked: Asked, keep_hours: float, *, apply: bool) -> list[Upkeep]:
    """Remove what nothing in the places lists; without `apply`, say what that would do.

    Raises:
        UsageError: a place whose files BEAF does not keep.
    """
    return _kept_in_order(asked, "vacuum", keep_hours=keep_hours, apply=apply)


def _kept_in_order(asked: Asked, task: str, **how: object) -> list[Upkeep]:
    places = _once(asked.places())
    done = [each for each in (_in_order(place, task, how) for place in places) if each is not None]
    if not done:
        raise _nothing(places)
    return done


def _once(places: list[Place]) -> list[Place]:
    """Leave out what the outputs of several passes have in common."""
    return list({each.location: each for each in places}.values())


def _in_order(place: Place, task: str, how: Mapping[str, object]) -> Upkeep | None:
    if place.is_database:
        raise UsageError(
            f"{shown_location(place.location)} is in a database, which keeps its own files",
            remedy=f"use the database's own means to {task} it",
        )
    for module in _homes(place):
        work = getattr(import_module(_KEEPERS[module]), task)
        done: Upkeep | None = work(place.location, place.storage_options, **how)
        if done is not None:
            return done
    return None


def _nothing(places: list[Place]) -> UsageError:
    named = ", ".join(shown_location(each.location) for each in places[:3])
    return UsageError(
        f"there is nothing at {named} that BEAF has written",
        remedy="name a parquet file, a dataset, a table or a folder of such files, or run the "
        "pipeline first; `beaf pipeline plan` says where it writes",
    )
