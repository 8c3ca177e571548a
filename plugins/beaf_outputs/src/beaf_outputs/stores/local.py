"""How does a file get into a local folder, whole or not at all, and stay after a power cut?"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import polars as pl

from beaf_core import BeafError, ResourceError, UsageError
from beaf_outputs.stores import STAGED, Answer, Found, Item, checked
from beaf_outputs.stores.locks import held

#: So often a folder is made again whose parent another process has just removed.
_ATTEMPTS = 100


class LocalFiles:
    """A folder; see `Store`."""

    repeated = 0
    scan_options: dict[str, str] | None = None

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/") or "/"

    def location(self, path: str) -> str:
        """Spell a path for people and for polars."""
        return str(self._inside(path))

    def read(self, path: str) -> bytes | None:
        """Read a file; None where there is none."""
        with self._refusals(path, "read"), suppress(FileNotFoundError, NotADirectoryError):
            return self._inside(path).read_bytes()
        return None

    def read_end(self, path: str, size: int) -> bytes | None:
        """Read the end of a file; None where there is none."""
        with (
            self._refusals(path, "read"),
            suppress(FileNotFoundError, NotADirectoryError),
            self._inside(path).open("rb") as file,
        ):
            file.seek(max(0, file.seek(0, os.SEEK_END) - size))
            return file.read()
        return None

    def write(self, path: str, data: bytes) -> None:
        """Write a file, whole or not at all."""
        with self.staging(path) as staged:
            with self._refusals(path, "written"):
                staged.write_bytes(data)
            self.put(staged, path)

    def create(self, path: str, data: bytes) -> bool:
        """Write a file unless there is one; linking a finished one tells which of two is first."""
        place = self._inside(path)
        with self.staging(path) as staged, self._refusals(path, "written"):
            staged.write_bytes(data)
            _flush(staged)
            try:
                os.link(staged, place)
            except FileExistsError:
                return False
            _flush(place.parent)
        return True

    @contextmanager
    def staging(self, path: str) -> Iterator[Path]:
        """Offer a hidden file beside the place, so that the move is one step."""
        place = self._inside(path)
        with self._refusals(path, "written"):
            _make_folder(place.parent)
        # Named at random, so that two writers never share one.
        staged = place.with_name(f"{_staged_prefix(place.name)}{secrets.token_hex(8)}{STAGED}")
        try:
            yield staged
        finally:
            with self._refusals(path, "written"), suppress(FileNotFoundError, NotADirectoryError):
                staged.unlink()

    @contextmanager
    def filling(self, folder: str) -> Iterator[Path]:
        """Offer the folder itself."""
        place = self._inside(folder)
        with self._refusals(folder, "written"):
            _make_folder(place)
        try:
            yield place
            with self._refusals(folder, "written"):
                for each in sorted(place.iterdir()):
                    _flush(each)
                _flush(place)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        finally:
            self._prune(place if place.exists() else place.parent)

    def sweep(self, path: str, before: float) -> None:
        """Remove what killed writers staged beside a path."""
        place = self._inside(path)
        prefix = _staged_prefix(place.name)
        with self._refusals(path, "written"), suppress(FileNotFoundError, NotADirectoryError):
            for each in list(os.scandir(place.parent)):
                if each.name.startswith(prefix) and each.name.endswith(STAGED):
                    _remove_older(Path(each.path), before)

    def put(self, staged: Path, path: str) -> None:
        """Bring a finished local file into place."""
        with self._refusals(path, "written"):
            _flush(staged)
            _move(staged, self._inside(path))

    def move(self, source: str, path: str) -> bool:
        """Move a file; False where the source is not there."""
        origin, place = self._inside(source), self._inside(path)
        with self._refusals(path, "written"):
            try:
                _move(origin, place)
            except FileNotFoundError:
                return False
            self._prune(origin.parent)
        return True

    def files(self, folder: str) -> list[Found]:
        """List all files below a folder."""
        with self._refusals(folder, "listed"):
            found = list(_below(self._inside(folder)))
        prefix = self._inside("").as_posix().rstrip("/") + "/"
        return [
            Found(each.as_posix().removeprefix(prefix), stat.st_size, stat.st_mtime)
            for each, stat in sorted(found, key=lambda pair: pair[0])
        ]

    def names(self, folder: str) -> list[str]:
        """List the paths of all files below a folder."""
        return [each.path for each in self.files(folder)]

    def remove(self, path: str) -> None:
        """Remove a file; that it is gone already is fine."""
        place = self._inside(path)
        with self._refusals(path, "removed"), suppress(FileNotFoundError, NotADirectoryError):
            place.unlink()
            _flush(place.parent)
            self._prune(place.parent)

    @contextmanager
    def locked(self, path: str) -> Iterator[None]:
        """Keep other processes out, by a file at the path."""
        place = self._inside(path)
        with ExitStack() as stack:
            with self._refusals(path, "locked"):
                _make_folder(place.parent)
                stack.enter_context(held(place))
            yield

    def each(self, ask: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
        """Ask for each item, one after another."""
        return [ask(each) for each in items]

    def _prune(self, folder: Path) -> None:
        """Remove folders that are left empty, up to the root."""
        top = Path(self.root)
        while folder != top:
            try:
                folder.rmdir()
            except OSError:
                return  # it is not empty, or another process is about to fill it
            folder = folder.parent

    def _inside(self, path: str) -> Path:
        return Path(self.root, checked(self.root, path)) if path else Path(self.root)

    @contextmanager
    def _refusals(self, path: str, done: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise told(error, str(self._inside(path)), done) from error


def told(error: OSError, location: str, done: str) -> BeafError:
    """Say what the disk refuses, and what to do about it."""
    if error.errno == errno.ENAMETOOLONG:
        return UsageError(
            f"{location} cannot be {done}: a name in it is longer than the disk allows",
            remedy="choose shorter names of dataset, universe and values of partition columns",
        )
    return refused(location, done, error.strerror or str(error))


def refused(location: str, done: str, reason: str) -> ResourceError:
    """Say that the disk refuses."""
    return ResourceError(
        f"{location} cannot be {done}: {reason}",
        remedy="make the folder writable, make room, or change OUTPUT_TARGET.path_template",
    )


#: polars tells of a full disk in words only, and in those of its encoder at the end of a file.
_OF_THE_DISK = ("os error", "transport error")


@contextmanager
def disk_refusals(location: str) -> Iterator[None]:
    """Say so where the disk refuses what polars makes of rows.

    Raises:
        ResourceError: it does.
    """
    try:
        yield
    except OSError as error:
        raise told(error, location, "written") from error
    except pl.exceptions.ComputeError as error:
        if not any(words in str(error) for words in _OF_THE_DISK):
            raise
        raise refused(location, "written", str(error)) from error


def _staged_prefix(name: str) -> str:
    """Begin the names of what is staged for a file; cut, since a name has at most 255 bytes."""
    if len(name.encode()) <= 200:
        return f".{name}."
    return f".{hashlib.sha256(name.encode()).hexdigest()}."


def _remove_older(path: Path, before: float) -> None:
    with suppress(FileNotFoundError):
        if path.stat().st_mtime < before:
            path.unlink()


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, and ask the disk to keep each.

    Raises:
        FileNotFoundError: the file system takes no folder there, as /proc.
    """
    attempts = 0
    while not folder.is_dir():
        _make_folder(folder.parent)
        try:
            folder.mkdir(exist_ok=True)
            _flush(folder.parent)
        except FileNotFoundError:  # another process has just removed the one above
            attempts += 1
            if attempts == _ATTEMPTS:
                raise


def _move(source: Path, place: Path) -> None:
    """Move a file over another one or none, into a folder that may be about to vanish.

    Raises:
        FileNotFoundError: the source is not there.
    """
    while True:
        _make_folder(place.parent)
        try:
            source.replace(place)
        except FileNotFoundError:
            if not source.exists():
                raise
            continue
        _flush(place.parent)
        return


def _below(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield the files below a folder that are not gone before they are looked at."""
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _below(Path(entry.path))
            continue
        with suppress(FileNotFoundError):
            yield Path(entry.path), entry.stat()


def _flush(path: Path) -> None:
    """Ask the disk to keep a file, or a folder's entries, before the next step."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
