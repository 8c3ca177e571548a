"""How is an answer asked for once, whoever needs it, and kept whole on disk?"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from beaf_core import LockedError, ResourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: For so long an answer is kept that was given before its day was over.
PROVISIONAL = timedelta(hours=1)


def digest_of(*facts: object) -> str:
    """Name an answer by what was asked: equal questions, in any process, have one name."""
    text = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of answers, which nobody else may read.

    Attributes:
        folder: the folder.
        patience: for how many seconds to wait for another process that asks the same.
    """

    folder: Path
    patience: float

    def kept(self, name: str, day: date, make: Callable[[Path], bool]) -> Path | None:
        """Return the file of an answer; it is asked for where nobody has, and by one at a time.

        Args:
            name: the file's path in the folder.
            day: the day that the answer is about: one that was given before it was over is asked
                for anew after an hour.
            make: writes the answer to a file; False where there is none. No answer is not kept.

        Raises:
            LockedError: another process has been asking the same for too long.
            ResourceError: the folder cannot be written.
        """
        path = self.folder / name
        if _is_fresh(path, day):
            return path
        with _refusals(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._alone(path):
                return path if _is_fresh(path, day) else _made(path, make)

    @contextmanager
    def _alone(self, path: Path) -> Iterator[None]:
        lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=self.patience, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            raise LockedError(
                f"another process has been asking BMLL for {path.name} for {self.patience:g} s",
                remedy="wait for it; the lock ends with it",
            ) from None
        try:
            yield
        finally:
            lock.release()


def _is_fresh(path: Path, day: date) -> bool:
    try:
        given = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return False
    over = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    return given >= over or given >= datetime.now(UTC) - PROVISIONAL


def _made(path: Path, make: Callable[[Path], bool]) -> Path | None:
    """Write beside the file, and rename at the end: it is there whole, or not at all."""
    for left in path.parent.glob(f".{path.name}.*.part"):
        left.unlink(missing_ok=True)  # of a process that was killed; we hold the lock
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.part")
    try:
        if not make(part):
            return None
        part.chmod(0o600)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ResourceError(
            f"{path.parent} cannot be written: {error.strerror or error}",
            remedy="make room, or set SOURCE.cache to a folder that can be written",
        ) from error
