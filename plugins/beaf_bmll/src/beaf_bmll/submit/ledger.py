"""What is known of every submission, even when the process that made it dies?

Each submission has a page, a small file that is always replaced whole: a machine that loses its
power in between leaves the old page or the new one. A page is on the disk before the call that it
announces is made. So whoever finds it knows what may exist at the vendor, and under which mark.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from beaf_bmll.config import AREA_ROOTS, Config
from beaf_bmll.submit.clock import Clock
from beaf_bmll.submit.nouns import OVER, Entry
from beaf_core import DataInvalidError, ResourceError

_PAGE, _UNFINISHED = ".json", ".new"
#: A page that nobody has finished for a day is what a killed process left.
_ABANDONED_SECONDS = 86_400.0


def state_folder(config: Config) -> Path:
    """Say where the ledger and the lock lie: with the jobs, or at home where no area is mounted."""
    jobs = Path(config.jobs_folder)
    roots = [Path(each) for each in (*config.area_roots.values(), *AREA_ROOTS.values())]
    mounted = [root.is_dir() for root in roots if jobs.is_relative_to(root)]
    if any(mounted) or not mounted:
        return jobs
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "beaf" / "bmll"


class Ledger:
    """The pages of all submissions: those that may run in one folder, those that are over below it.

    Whoever counts machines reads only the former: a long backfill leaves thousands of the latter.
    """

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self.folder = folder / "ledger"
        self._over = self.folder / "over"
        self._clock = clock or Clock()

    def find(self, submit_id: str) -> Entry | None:
        """Read a submission's page; None where there is none.

        Raises:
            DataInvalidError: the page cannot be read.
        """
        pages = [folder / f"{submit_id}{_PAGE}" for folder in (self.folder, self._over)]
        # Two of them, where somebody died while one was laid aside: the newer one holds.
        found = [entry for page in pages if (entry := _read(page))]
        return max(found, key=lambda entry: entry.updated, default=None)

    def entries(self) -> list[Entry]:
        """Read all pages, oldest submission first.

        Raises:
            DataInvalidError: a page cannot be read.
        """
        return self._found(self.pages())

    def open_entries(self) -> list[Entry]:
        """Read the pages of submissions that are not over, oldest first.

        Raises:
            DataInvalidError: a page cannot be read.
        """
        pages = self.folder.glob(f"*{_PAGE}")
        return [each for each in self._found(pages) if each.step not in OVER]

    def pages(self) -> list[Path]:
        """List the files of all pages."""
        return sorted(each for folder in self._folders for each in folder.glob(f"*{_PAGE}"))

    def write(self, entry: Entry, **changes: Any) -> Entry:
        """Put a page on the disk, with changes; give what stands there now.

        Raises:
            ResourceError: it cannot be written.
        """
        entry = replace(entry, **{**changes, "updated": self._clock.now()})
        folder, other = self._folders if entry.step not in OVER else self._folders[::-1]
        name = f"{entry.submit_id}{_PAGE}"
        with _writing(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            _replace(folder / name, json.dumps(entry.to_json(), indent=1))
            (other / name).unlink(missing_ok=True)
        return entry

    def forget(self, submit_id: str) -> None:
        """Remove a page."""
        with _writing(self.folder):
            for folder in self._folders:
                (folder / f"{submit_id}{_PAGE}").unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove pages that a killed process did not finish."""
        oldest = self._clock.now().timestamp() - _ABANDONED_SECONDS
        for page in (each for folder in self._folders for each in folder.glob(f".*{_UNFINISHED}")):
            with suppress(FileNotFoundError):  # another one sweeps, too
                if page.stat().st_mtime < oldest:
                    page.unlink()

    @property
    def _folders(self) -> tuple[Path, Path]:
        return self.folder, self._over

    def _found(self, pages: Iterable[Path]) -> list[Entry]:
        found = (self.find(submit_id) for submit_id in {page.stem for page in pages})
        # A page that is gone by now was laid aside this moment, or forgotten.
        return sorted((each for each in found if each), key=_age)


def _age(entry: Entry) -> tuple[datetime, str]:
    return entry.begun, entry.submit_id


def _read(page: Path) -> Entry | None:
    try:
        return Entry.from_json(json.loads(page.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataInvalidError(
            f"the page {page} of the ledger cannot be read ({type(error).__name__}: {error})",
            remedy="see what it says and who may read it; `beaf job doctor` lists such pages",
        ) from error


def _replace(page: Path, text: str) -> None:
    # Files made so are closed to others.
    handle, unfinished = tempfile.mkstemp(_UNFINISHED, ".", page.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(handle)
    Path(unfinished).replace(page)
    _sync(page.parent)


def _sync(folder: Path) -> None:
    """Put the new name of a file on the disk, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ResourceError(
            f"the ledger in {folder} cannot be written: {error.strerror or error}",
            remedy="make room, see who may write there, or set BMLL_JOBS.jobs_dir",
        ) from error
