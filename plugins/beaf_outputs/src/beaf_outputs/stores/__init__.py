"""Where do an output's files lie, a folder or a prefix on S3, and how are they put there whole?

Paths are relative to the root, with `/`. What is written is there whole or not at all, and stays
after a power cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from beaf_core import UsageError

Item = TypeVar("Item")
Answer = TypeVar("Answer")

S3_SCHEME = "s3://"

#: How the names of files end that are not whole yet. They begin with a dot, so that no reader's
#: `*.parquet` takes one.
STAGED = ".staged"


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is there.

    Attributes:
        path: relative to the root.
        bytes: its size.
        modified: when it was written, in seconds since the epoch, by the clock of the store.
        etag: the server's mark of its content; None on a disk.
    """

    path: str
    bytes: int
    modified: float
    etag: str | None = None


class Store(Protocol):
    """A folder, or a prefix on S3.

    Every method raises `ResourceError` where the disk or the server refuses, and `UsageError` for
    a path that would leave the root; never with a secret in it.

    Attributes:
        root: as configured, without a slash at its end.
        repeated: how many requests were repeated so far.
        scan_options: what polars needs to read there; None for a folder.
    """

    root: str
    repeated: int
    scan_options: dict[str, str] | None

    def location(self, path: str) -> str:
        """Spell a path for people and for polars."""

    def read(self, path: str) -> bytes | None:
        """Read a file; None where there is none."""

    def read_end(self, path: str, size: int) -> bytes | None:
        """Read the last `size` bytes of a file, or all of it; None where there is none."""

    def write(self, path: str, data: bytes) -> None:
        """Write a file, whole or not at all."""

    def create(self, path: str, data: bytes) -> bool:
        """Write a file unless there is one; of two at once, one answers True."""

    def staging(self, path: str) -> AbstractContextManager[Path]:
        """Offer a place on this machine to make a file that `put` brings to `path`.

        What is still there at the end is removed.
        """

    def put(self, staged: Path, path: str) -> None:
        """Bring a finished local file into place, whole or not at all."""

    def filling(self, folder: str) -> AbstractContextManager[Path]:
        """Offer a new local folder; the files that are in it at the end are then below `folder`.

        After an error none of them is, or they are no longer.
        """

    def sweep(self, path: str, before: float) -> None:
        """Remove what killed writers staged for a path before a time, in seconds since the epoch.

        Younger ones may be those of a writer that goes on.
        """

    def move(self, source: str, path: str) -> bool:
        """Move a file over another one or none; False where the source is not there."""

    def files(self, folder: str) -> list[Found]:
        """List all files below a folder, sorted by path; those that are hidden, too."""

    def names(self, folder: str) -> list[str]:
        """List the paths of all files below a folder, sorted."""

    def remove(self, path: str) -> None:
        """Remove a file; that it is gone already is fine."""

    def locked(self, path: str) -> AbstractContextManager[None]:
        """Keep other processes out of what has this path as the name of its lock.

        The operating system ends a lock with its holder, however that dies. For S3 it holds on
        this machine alone.
        """

    def each(self, ask: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
        """Ask for each item, several at once where that hides how long requests take."""


def open_store(root: str, storage_options: Mapping[str, str] | None = None) -> Store:
    """Open a folder or `s3://bucket/prefix`. Nothing is read, and the folder need not exist.

    Args:
        root: the folder or the URL.
        storage_options: for S3, in the names that polars takes; else the environment's.

    Raises:
        UsageError: another kind of place, or an option that is not known.
    """
    if is_on_s3(root):
        from beaf_outputs.stores.s3 import S3Objects  # 30 ms

        return S3Objects(root, storage_options or {})
    if "://" in root:
        raise UsageError(
            f"{root} is neither a folder nor on S3",
            remedy="set OUTPUT_TARGET.path_template to a path on this machine or to s3://…",
        )
    from beaf_outputs.stores.local import LocalFiles

    return LocalFiles(root)


def is_on_s3(location: str) -> bool:
    """Say whether a location is on S3."""
    return location.startswith(S3_SCHEME)


def parted(location: str) -> tuple[str, str]:
    """Split a file's location into what is opened as a store, and its path there.

    On S3 that is the whole bucket, so that one connection serves all folders.
    """
    if is_on_s3(location):
        bucket, _, path = location.removeprefix(S3_SCHEME).partition("/")
        return S3_SCHEME + bucket, path
    folder, slash, name = location.rpartition("/")
    return folder or slash or ".", name


def checked(root: str, path: str) -> str:
    """Return the path, if it stays below the root.

    Raises:
        UsageError: it is absolute, or has a part that is empty, `.` or `..`, or cannot be a name.
    """
    if any(part in {"", ".", ".."} for part in path.split("/")) or not path.isprintable():
        raise UsageError(
            f"{path!r} cannot be the name of a file below {root}",
            remedy="choose names without control characters, and no part that is `.` or `..`",
        )
    return path
