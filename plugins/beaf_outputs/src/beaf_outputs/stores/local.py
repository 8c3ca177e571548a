"""How does a file get into a local folder, whole or not at all, and stay after a power cut?"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from beaf_core import ResourceError
from beaf_outputs.stores import STAGED, Found, checked


class LocalFiles:
    """A folder; see `Store`."""

    repeated = 0

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

    @contextmanager
    def staging(self, path: str) -> Iterator[Path]:
        """Offer a hidden file beside the place, so that the move is one step."""
        place = self._inside(path)
        with self._refusals(path, "written"):
            _make_folder(place.parent)
        # Named at random, so that two writers never share one.
        staged = place.with_name(staged_name(place.name))
        try:
            yield staged
        finally:
            staged.unlink(missing_ok=True)

    def put(self, staged: Path, path: str) -> None:
        """Bring a finished local file into place."""
        place = self._inside(path)
        with self._refusals(path, "written"):
            _make_folder(place.parent)
            _flush(staged)
            staged.replace(place)
            _flush(place.parent)

    def move(self, source: str, path: str) -> bool:
        """Move a file; False where the source is not there."""
        place = self._inside(path)
        with self._refusals(path, "written"):
            _make_folder(place.parent)
            try:
                self._inside(source).replace(place)
            except FileNotFoundError:
                return False
            _flush(place.parent)
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

    def _inside(self, path: str) -> Path:
        return Path(self.root, checked(self.root, path)) if path else Path(self.root)

    @contextmanager
    def _refusals(self, path: str, done: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise refused(str(self._inside(path)), done, error.strerror or str(error)) from error


def refused(location: str, done: str, reason: str) -> ResourceError:
    """Say that the disk refuses."""
    return ResourceError(
        f"{location} cannot be {done}: {reason}",
        remedy="make the folder writable, make room, or change OUTPUT_TARGET.path_template",
    )


def staged_name(name: str) -> str:
    """Name what is not whole yet; cut, since a name may have 255 bytes and no more."""
    kept = name.encode()[:200].decode(errors="ignore")
    return f".{kept}.{secrets.token_hex(8)}{STAGED}"


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, and ask the disk to keep each."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _flush(folder.parent)


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
