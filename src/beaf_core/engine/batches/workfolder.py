"""Where do temporary files of a run lie, and who removes those of a run that was killed?"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from beaf_core.model.errors import ResourceError

try:
    import fcntl
except ImportError:  # Windows: folders of killed runs stay behind
    fcntl = None  # type: ignore[assignment]  # Windows has none

PREFIX = "beaf-run-"
#: Held by the run that owns a folder; the kernel lets it go, however the run ends.
LOCK = ".in-use"


class WorkFolder:
    """A private folder that is made when it is first asked for."""

    def __init__(self, parent: Path) -> None:
        self._parent = parent
        self._path: Path | None = None
        self._lock: int | None = None

    @property
    def path(self) -> Path:
        """The folder.

        Raises:
            ResourceError: it cannot be made.
        """
        if self._path is None:
            try:
                self._parent.mkdir(parents=True, exist_ok=True)
                sweep(self._parent)
                while self._path is None:
                    self._make()
            except OSError as error:
                raise ResourceError(
                    f"no folder for temporary files can be made in {self._parent}: "
                    f"{error.strerror or error}",
                    remedy="make room, or set TEMP_DIR to a folder that can be written",
                ) from error
        return self._path

    def _make(self) -> None:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._parent))
        lock = os.open(path / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        # Another run may have taken the folder for a leftover before the lock was ours.
        if _locked(lock) and (path / LOCK).exists():
            self._path, self._lock = path, lock
        else:
            os.close(lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def remove(self) -> None:
        """Remove the folder and all that is in it."""
        if self._path is not None:
            shutil.rmtree(self._path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
        self._path = self._lock = None


def sweep(parent: Path) -> None:
    """Remove the folders of runs that ended without doing so."""
    for folder in parent.glob(f"{PREFIX}*"):
        with _held(folder / LOCK) as is_left:
            if is_left:
                shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _held(lock: Path) -> Iterator[bool]:
    """Take a lock, if nobody has it."""
    try:
        descriptor = os.open(lock, os.O_RDWR)
    except OSError:  # not a run's folder, another user's, or just being made
        yield False
        return
    try:
        yield fcntl is not None and _locked(descriptor)
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
