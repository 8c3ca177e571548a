"""How does a run stand? The job's own word first, the vendor's second."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from beaf_bmll.commands.finding import Found
from beaf_bmll.commands.service import Service
from beaf_bmll.gateway import JobRun
from beaf_bmll.submit import outcome_of
from beaf_core import ExitCode

if TYPE_CHECKING:
    from beaf_bmll.staging import Word

#: A run that was taken away because max_runtime_hours were over.
CAPPED = "capped"
#: Statuses of runs that go on.
GOING = ("starting", "running")
#: Guess: what the vendor calls the end of a run that has lasted max_runtime_hours.
_CAPPED = ("timed", "timeout", "max_runtime", "runtime")
#: What is not known to have ended, nor to run.
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run stands.

    Attributes:
        status: `starting`, `running`; `succeeded`, `partly_failed`, `failed`, `cancelled`,
            `capped`, `lost`, `skipped`; `unknown`.
        state: in the vendor's words.
        message: why, and what to do about it.
        word: what the job said itself.
    """

    status: str
    state: str = ""
    message: str = ""
    word: Word | None = None

    @property
    def goes_on(self) -> bool:
        """Whether it has not ended."""
        return self.status in GOING

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
    """Say how a run stands."""
    word = _word(found, service)
    state = found.run.state if found.run else ""
    if word is not None and word.is_last:
        told = "\n  → ".join(filter(None, (word.message, word.remedy)))
        return Standing(word.status, state, told, word)
    if found.run is None:
        entry = found.entry
        outcome = entry.outcome if entry else None
        return Standing(outcome or UNKNOWN, "", entry.note if entry else "", word)
    if found.run.active:
        return Standing("running" if word else "starting", state, "", word)
    if _is_capped(found.run):
        return Standing(CAPPED, state, _capped(found.run), word)
    status = outcome_of(found.run, found.submit_id or "", service.config, service.words)
    return Standing(status, state, found.run.termination_reason or "", word)


def _word(found: Found, service: Service) -> Word | None:
    if found.submit_id is None:
        return None
    # What comes back has a word for each run; what runs once has one.
    each = found.run_id if found.run and comes_back(found.run) else None
    return service.words.word(found.submit_id, each)


def comes_back(run: JobRun) -> bool:
    """Say whether a run is one of a schedule's."""
    from beaf_bmll.runner.entry import SCHEDULE

    return SCHEDULE in run.parameters


def _is_capped(run: JobRun) -> bool:
    said = f"{run.state} {run.termination_reason or ''}".lower()
    return any(each in said for each in _CAPPED) or _lasted(run) >= timedelta(
        hours=run.max_runtime_hours
    )


def _lasted(run: JobRun) -> timedelta:
    times: list[datetime] = [at for _, at in run.states]
    return max(times) - min(times) if times else timedelta()


def _capped(run: JobRun) -> str:
    hours = "1 hour was" if run.max_runtime_hours == 1 else f"{run.max_runtime_hours} hours were"
    return (
        f"its machine was taken away: {hours} over\n  → give it more, --max_runtime_hours, or "
        "a larger machine, --instance_size; the partitions that it wrote are whole, and a rerun "
        "leaves them alone"
    )
