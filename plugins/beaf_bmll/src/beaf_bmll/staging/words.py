"""What has a job left in its area for those who ask after it?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from beaf_bmll.config import Config
from beaf_bmll.runner.entry import LEASE, REPORT, STATUS
from beaf_bmll.staging.areas import AreaPath, locate
from beaf_bmll.staging.store import open_store

#: That somebody has asked for the end of a run; the vendor's own words for it are not known.
STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Word:
    """What a run said of itself.

    Attributes:
        status: `running`, `succeeded`, `partly_failed`, `failed`, `cancelled`; `skipped`, where a
            time of a schedule was not its own.
        exit_code: what the shell learned.
        message: why, and what to do about it.
        run_id: which run with the vendor said it.
        started, ended: ISO, UTC.
    """

    status: str
    exit_code: int
    message: str
    remedy: str
    run_id: str
    started: str
    ended: str | None

    @property
    def is_last(self) -> bool:
        """Whether the run has ended by its own word."""
        return self.status != "running"


_FACTS = ("status", "exit_code", "message", "remedy", "started", "ended")


class AreaWords:
    """Reads what jobs have left in `<jobs_folder>/runs`; None wherever that cannot be reached."""

    def __init__(self, config: Config) -> None:
        self._runs = locate(config.jobs_folder, config, "BMLL_JOBS.jobs_dir") / "runs"
        self._store = open_store(config, self._runs.area)

    def status(self, submit_id: str) -> str | None:
        """`running`, `succeeded`, …; None where it has said nothing, or nobody can read."""
        word = self.word(submit_id)
        return word.status if word else None

    def holder(self, submit_id: str) -> str | None:
        """Which of its runs does the work: the vendor's run id; None where that is not known."""
        return self._read(self._runs / submit_id / LEASE) or None

    def word(self, submit_id: str, run_id: str | None = None) -> Word | None:
        """Read what a run said of itself.

        Args:
            submit_id: the submission.
            run_id: which run, where a schedule starts many.
        """
        text = self._read(self._folder(submit_id, run_id) / STATUS)
        return None if text is None else _word_of(text)

    def report(self, submit_id: str, run_id: str | None = None) -> str | None:
        """Read a pipeline's report: its manifest."""
        return self._read(self._folder(submit_id, run_id) / REPORT)

    def is_stopped(self, submit_id: str, run_id: str) -> bool:
        """Say whether somebody has asked for the end of a run."""
        return self._read(self._runs / submit_id / f"{run_id}.{STOPPED}") is not None

    def stop(self, submit_id: str, run_id: str) -> None:
        """Write down that somebody asks for the end of a run."""
        if self._store is not None:
            self._store.write(self._runs / submit_id / f"{run_id}.{STOPPED}", "")

    def _folder(self, submit_id: str, run_id: str | None) -> AreaPath:
        return self._runs / submit_id / run_id if run_id else self._runs / submit_id

    def _read(self, place: AreaPath) -> str | None:
        return None if self._store is None else self._store.read(place)


def _word_of(text: str) -> Word | None:
    try:
        facts: dict[str, Any] = json.loads(text)
        known = {each: facts[each] for each in _FACTS}
    except (ValueError, KeyError):
        # A mount over S3 may show a file while it is being replaced: it says nothing yet.
        return None
    return Word(run_id=facts["run"], **known)
