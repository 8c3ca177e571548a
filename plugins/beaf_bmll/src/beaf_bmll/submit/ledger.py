"""What is known of every submission, even when the process that made it dies?

Each submission has a page, a small file that is always replaced whole: a machine that loses its
power in between leaves the old page or the new one. A page is on the disk before the call that it
announces is made. So whoever finds it knows what may exist at the vendor, and under which mark.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from beaf_bmll.config import AREA_ROOTS, Config
from beaf_bmll.submit.clock import Clock
from beaf_bmll.submit.nouns import Entry
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
    """The pages of all submissions, in one folder."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self.folder = folder / "ledger"
        self._clock = clock or Clock()

    def find(self, submit_id: str) -> Entry | None:
        """Read a submission's page; None where there is none.

        Raises:
            DataInvalidError: the page cannot be read.
        """
        page = self._page(submit_id)
        return _read(page) if page.exists() else None

    def entries(self) -> list[Entry]:
        """Read all pages, oldest submission first.

        Raises:
            DataInvalidError: a page cannot be read.
        """
        return sorted((_read(page) for page in self.pages()), key=lambda entry: entry.begun)

    def pages(self) -> list[Path]:
        """List the files of all pages."""
        return sorted(self.folder.glob(f"*{_PAGE}"))

    def write(self, entry: Entry, **changes: Any) -> Entry:
        """Put a page on the disk, with changes; give what stands there now.

        Raises:
            ResourceError: it cannot be written.
        """
        entry = replace(entry, **{**changes, "updated": self._clock.now()})
        with _writing(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(self._page(entry.submit_id), json.dumps(entry.to_json(), indent=1))
        return entry

    def forget(self, submit_id: str) -> None:
        """Remove a page."""
        with _writing(self.folder):
            self._page(submit_id).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove pages that a killed process did not finish."""
        oldest = self._clock.now().timestamp() - _ABANDONED_SECONDS
        for page in self.folder.glob(f".*{_UNFINISHED}"):
            with suppress(FileNotFoundError):  # another one sweeps, too
                if page.stat().st_mtime < oldest:
                    page.unlink()

    def _page(self, submit_id: str) -> Path:
        return self.folder / f"{submit_id}{_PAGE}"


def _read(page: Path) -> Entry:
    try:
        return Entry.from_json(json.loads(page.read_text(encoding="utf-8")))
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
