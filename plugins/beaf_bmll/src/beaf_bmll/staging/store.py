"""How are files written into storage areas, and read from them?"""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import chdir
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from beaf_bmll.config import Area, Config
from beaf_bmll.staging.areas import AreaPath, mounted
from beaf_core import ResourceError


class AreaStore(Protocol):
    """Storage areas as they can be reached from here."""

    def write(self, place: AreaPath, text: str, mode: int = 0o600) -> None:
        """Write a file whole; one that is there already with that text is left alone."""

    def read(self, place: AreaPath) -> str | None:
        """Read a file; None where there is none."""


class MountedStore:
    """Areas that are mounted here, as in the Lab."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def write(self, place: AreaPath, text: str, mode: int = 0o600) -> None:
        """Write a file whole; one that is there already with that text is left alone.

        Raises:
            ResourceError: the area cannot be written.
        """
        if self.read(place) == text:
            return
        path = Path(mounted(place, self._config))
        new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(new, text, mode)
            new.replace(path)
        except OSError as error:
            new.unlink(missing_ok=True)
            raise ResourceError(
                f"{path} cannot be written: {error.strerror}",
                remedy="make room in the area, or name another folder: BMLL_JOBS.jobs_dir",
            ) from error

    def read(self, place: AreaPath) -> str | None:
        """Read a file; None where there is none.

        Raises:
            ResourceError: the area cannot be read.
        """
        path = Path(mounted(place, self._config))
        try:
            return path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:  # a mount that is gone for a moment says so, too
            raise ResourceError(
                f"{path} cannot be read: {error.strerror}",
                remedy="try again; if it stays, see who may read it, and whether its area is still "
                "mounted",
            ) from error


class LabStore:
    """Areas that are not mounted, reached by the Lab's own package."""

    # Guess: `put_file(path, area=…, name=…)` writes below the area's root; `get_file(name, area=…)`
    # writes into the working folder and tells where; FileNotFoundError says that there is none.

    def write(self, place: AreaPath, text: str, mode: int = 0o600) -> None:
        """Write a file whole; its mode is the Lab's business."""
        import bmll2  # 3 s

        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder, "file")
            _write(local, text, mode)
            bmll2.put_file(str(local), area=place.area, name=place.path)

    def read(self, place: AreaPath) -> str | None:
        """Read a file; None where there is none."""
        import bmll2  # 3 s

        # What is fetched comes into the working folder, where it must not meet a file of a user.
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            try:
                found = bmll2.get_file(place.path, area=place.area)
            except FileNotFoundError:
                return None
            return Path(found).read_text(encoding="utf-8")


def open_store(config: Config, area: Area) -> AreaStore | None:
    """Reach an area from here; None where that cannot be done, as outside the Lab."""
    if Path(config.area_roots[area]).is_dir():
        return MountedStore(config)
    return LabStore() if find_spec("bmll2") else None


def _write(path: Path, text: str, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
