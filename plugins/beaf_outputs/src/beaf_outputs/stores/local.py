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
from beaf_outputs.stores.disk import below, flush, make_folder, move, remove_older
from beaf_outputs.stores.locks import held

_NO_FILE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


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
        with self._refusals(path, "read"), suppress(*_NO_FILE):
            return self._inside(path).read_bytes()
        return None

    def read_end(self, path: str, size: int) -> bytes | None:
        """Read the end of a file; None where there is none."""
        with (
            self._refusals(path, "read"),
            suppress(*_NO_FILE),
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
            flush(staged)
            try:
                os.link(staged, place)
            except FileExistsError:
                return False
            flush(place.parent)
        return True

    @contextmanager
    def staging(self, path: str) -> Iterator[Path]:
        """Offer a hidden file beside the place, so that the move is one step."""
        place = self._inside(path)
        with self._refusals(path, "written"):
            make_folder(place.parent)
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
            make_folder(place)
        try:
            yield place
            with self._refusals(folder, "written"):
                for each in sorted(place.iterdir()):
                    flush(each)
                flush(place)
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
                    remove_older(Path(each.path), before)

    def put(self, staged: Path, path: str) -> None:
        """Bring a finished local file into place."""
        with self._refusals(path, "written"):
            flush(staged)
            move(staged, self._inside(path))

    def move(self, source: str, path: str) -> bool:
        """Move a file; False where the source is not there."""
        origin, place = self._inside(source), self._inside(path)
        with self._refusals(path, "written"):
            try:
                move(origin, place)
            except FileNotFoundError:
                return False
            self._prune(origin.parent)
        return True

    def files(self, folder: str) -> list[Found]:
        """List all files below a folder."""
        with self._refusals(folder, "listed"):
            found = list(below(self._inside(folder)))
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
            flush(place.parent)
            self._prune(place.parent)

    @contextmanager
    def locked(self, path: str) -> Iterator[None]:
        """Keep other processes out, by a file at the path."""
        place = self._inside(path)
        with ExitStack() as stack:
            with self._refusals(path, "locked"):
                make_folder(place.parent)
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
