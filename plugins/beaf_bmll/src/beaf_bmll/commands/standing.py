"""How does a run stand, and what does the shell learn of it?"""

from __future__ import annotations

from dataclasses import dataclass

from beaf_bmll.commands.finding import Found
from beaf_bmll.commands.service import Service
from beaf_bmll.launched import BMLLRun
from beaf_bmll.staging import Word
from beaf_core import ExitCode

#: A run that goes on, and one whose machine has not come so far.
RUNNING, STARTING = "running", "starting"
#: A run whose machine was taken away because max_runtime_hours were over.
CAPPED = "capped"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run stands.

    Attributes:
        status: `starting`, `running`; `succeeded`, `partly_failed`, `failed`, `cancelled`,
            `capped`, `skipped`.
        message: why, and what to do about it.
        word: what the job said itself.
    """

    status: str
    message: str = ""
    word: Word | None = None

    @property
    def goes_on(self) -> bool:
        """Whether it has not ended."""
        return self.status in (RUNNING, STARTING)

    @property
    def exit_code(self) -> ExitCode:
        """What the shell learns of a run that has ended."""
        return {
            "succeeded": ExitCode.OK,
            "skipped": ExitCode.OK,
            "cancelled": ExitCode.INTERRUPTED,
            CAPPED: ExitCode.RESOURCES,
        }.get(self.status, ExitCode.PARTLY_FAILED)


def standing_of(found: Found, service: Service) -> Standing:
    """Say how a run stands: the job's own word first, the vendor's second."""
    run = launched_of(found, service)
    if run is None:
        return _of_no_run(found)
    ended, word = run.ended(), run.word()
    if ended is None:
        return Standing(RUNNING if word else STARTING, "", word)
    told = "\n  → ".join(each for each in (ended.message, ended.remedy) if each)
    taken_away = not (word and word.is_last) and ended.exit_code == ExitCode.RESOURCES
    return Standing(CAPPED if taken_away else ended.status, told, word)


def launched_of(found: Found, service: Service) -> BMLLRun | None:
    """Give the run of a submission; None where it has none, or is not ours."""
    if not (found.job_id and found.run_id and found.submit_id):
        return None
    return BMLLRun(service.gateway, service.config, found.job_id, found.run_id, found.submit_id)


def _of_no_run(found: Found) -> Standing:
    """Say how a submission stands that has no run, or a run that is not ours."""
    if found.run is not None:
        return Standing(RUNNING if found.run.active else found.run.state)
    note = found.entry.note if found.entry else ""
    return Standing(found.entry.step if found.entry else "idle", note)
