"""In which steps do files and folders of a disk change, so that what is done stays?"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

#: So often a folder is made again whose parent another process has just removed.
_ATTEMPTS = 100


def remove_older(path: Path, before: float) -> None:
    """Remove a file that was written before a time, in seconds since the epoch."""
    with suppress(FileNotFoundError):
        if path.stat().st_mtime < before:
            path.unlink()


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, and ask the disk to keep each.

    Raises:
        FileExistsError: something else is in the way.
        FileNotFoundError: the file system takes no folder there, as /proc.
    """
    attempts = 0
    while not folder.is_dir():
        make_folder(folder.parent)
        try:
            folder.mkdir()
            flush(folder.parent)
        except FileExistsError:
            if _is_in_the_way(folder):
                raise
        except FileNotFoundError:  # another process has just removed the one above
            attempts += 1
            if attempts == _ATTEMPTS:
                raise


def _is_in_the_way(folder: Path) -> bool:
    """Say whether something stands there that is no folder; it may vanish at any moment."""
    try:
        return not stat.S_ISDIR(folder.stat().st_mode)
    except FileNotFoundError:
        return folder.is_symlink()


def move(source: Path, place: Path) -> None:
    """Move a file over another one or none, into a folder that may be about to vanish.

    Raises:
        FileNotFoundError: the source is not there.
    """
    while True:
        make_folder(place.parent)
        try:
            source.replace(place)
        except FileNotFoundError:
            if not source.exists():
                raise
            continue
        with suppress(FileNotFoundError):  # it has been moved on already
            flush(place.parent)
        return


def below(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield the files below a folder that are not gone before they are looked at."""
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from below(Path(entry.path))
            continue
        with suppress(FileNotFoundError):
            yield Path(entry.path), entry.stat()


def flush(path: Path) -> None:
    """Ask the disk to keep a file, or a folder's entries, before the next step."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
