"""What does keeping a dataset or a table in order do to its files?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What compacting or vacuuming a place has done or, in a dry run, would do.

    Attributes:
        kind: `hive` or `delta`.
        location: the place, without secrets.
        added: how many files are written anew.
        added_bytes: how large they are; in a dry run, how large what goes into them is.
        removed: the files that go, relative to the place.
        removed_bytes: how large they are.
        applied: whether it has been done.
        notes: what a person should know of it.
    """

    kind: str
    location: str
    added: int = 0
    added_bytes: int = 0
    removed: tuple[str, ...] = ()
    removed_bytes: int = 0
    applied: bool = False
    notes: tuple[str, ...] = ()

    @property
    def does_something(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.added or self.removed)
