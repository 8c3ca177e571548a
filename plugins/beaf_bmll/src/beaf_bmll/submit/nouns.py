"""What is submitted, what comes of it, what is written down about it, and what can be wrong?"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Literal, Protocol

from beaf_bmll.gateway import JobSpec

#: Submissions are named within this space, so that one run always has one submit id.
_SPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "submissions.beaf-bmll")

DeleteAfter = Literal["never", "success", "always"]

#: How far a submission has come. Each is written down before the call that it names is made, or
#: after the answer that it names has come: whoever finds it knows what may exist.
Step = Literal[
    "creating",  # a job is about to be asked for: there may be one
    "created",  # there is a job, and no run
    "starting",  # a run is about to be asked for: there may be one
    "started",  # there is a run
    "withdrawing",  # the run and the job are being taken back
    "ended",  # the run has ended
    "void",  # nothing runs, and nothing will: see the note
]
#: Steps at which whoever submitted was still at work; found without them, somebody must look.
UNDERWAY: tuple[Step, ...] = ("creating", "created", "starting", "withdrawing")

#: Steps after which nothing runs any more.
OVER: tuple[Step, ...] = ("ended", "void")


def submit_id_of(run_name: str) -> str:
    """Name the one submission of a run: the same name gives the same id, everywhere."""
    return str(uuid.uuid5(_SPACE, run_name))


@dataclass(frozen=True, slots=True)
class Submission:
    """A job that is to run exactly once.

    Attributes:
        submit_id: its identity; see `submit_id_of`.
        run_name: the `run_id` of the request that the job carries out.
        spec: the job; its parameters lead to the request. The submit id is added to them.
        logs_below: a folder below the root of `spec.log_area`, in which each job keeps its logs as
            `<job id>/logs`; None where `spec.log_path` is where they belong.
        cap: so many machines of ours at once; None is no limit.
        delete_after: whether the job is deleted once its run has ended.
        about: what it does, for people: a pipeline, dates, a universe. No secrets.
    """

    submit_id: str
    run_name: str
    spec: JobSpec
    logs_below: str | None = None
    cap: int | None = None
    delete_after: DeleteAfter = "success"
    about: str = ""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A run that exists.

    Attributes:
        submit_id: the submission.
        job_id: the vendor's name of the job.
        run_id: the vendor's name of the run.
        log_area: the storage area of its logs.
        log_path: the folder of its logs, below the area's root.
        adopted: whether it was there before: an earlier submission had come so far.
        notes: what else happened, for people.
    """

    submit_id: str
    job_id: str
    run_id: str
    log_area: str
    log_path: str
    adopted: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger holds of one submission. No parameters stand here, and no secrets.

    Attributes:
        submit_id: the submission.
        run_name: the `run_id` of its request.
        name: the job's name.
        about: what it does, for people.
        step: how far it has come.
        begun: when it was submitted.
        updated: when this was written.
        delete_after: whether the job is deleted once its run has ended.
        job_id: the vendor's name of the job, once it is known.
        run_id: the vendor's name of the run, once it is known.
        log_area: the storage area of its logs.
        log_path: the folder of its logs, below the area's root.
        outcome: how the run has ended: `succeeded`, `failed`, `cancelled` or `lost`, once known.
        note: why, for people.
        job_deleted: whether the job has been deleted since.
    """

    submit_id: str
    run_name: str
    name: str
    about: str
    step: Step
    begun: datetime
    updated: datetime
    delete_after: DeleteAfter = "success"
    job_id: str | None = None
    run_id: str | None = None
    log_area: str = ""
    log_path: str = ""
    outcome: str | None = None
    note: str = ""
    job_deleted: bool = False

    @property
    def underway(self) -> bool:
        """Whether whoever submitted it had not finished when this was written."""
        return self.step in UNDERWAY

    def to_json(self) -> dict[str, Any]:
        """Render as JSON-ready values."""
        times = {"begun": self.begun.isoformat(), "updated": self.updated.isoformat()}
        return asdict(self) | times

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Entry:
        """Read what `to_json` rendered; what a later version adds is left out.

        Raises:
            KeyError, TypeError, ValueError: it is not what `to_json` renders.
        """
        times = {name: datetime.fromisoformat(values[name]) for name in ("begun", "updated")}
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known} | times)


class JobWords(Protocol):
    """What a job itself has left in its area: it knows better than the vendor how it went."""

    def status(self, submit_id: str) -> str | None:
        """`running`, `succeeded`, `failed`, …; None where nothing is said, or can be read."""

    def holder(self, submit_id: str) -> str | None:
        """Which of its runs does the work: the vendor's run id; None where that is not known."""


class NoWords:
    """Nothing can be read of the area from here."""

    def status(self, submit_id: str) -> str | None:
        """Nothing is known."""
        return None

    def holder(self, submit_id: str) -> str | None:
        """Nothing is known."""
        return None


#: What `beaf job doctor` can find.
FindingKind = Literal[
    "unfinished",  # whoever submitted it died on the way
    "duplicate",  # a second job, or a second run, of one submission
    "unrecorded",  # a run of ours that this ledger does not know
    "lost",  # its machine is gone, and the job left no word
    "ended",  # it has ended, and the ledger does not know that yet
    "orphan",  # a job of ours that has no run and no trigger
    "refuse",  # what is left of something that ended long ago
    "unreadable",  # a page of the ledger that cannot be read
    "crowd",  # more machines run than may
]
#: What is done about it.
Action = Literal["record", "delete_job", "terminate", "end", "void", "forget", "nothing"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        kind: what is wrong.
        message: what was found, for people.
        action: what `repair` does about it.
        remedy: the same, for people.
        submit_id, job_id, run_id: what it is about, as far as that is known.
        done: whether `repair` has done it; None where nobody has tried.
        fault: why it could not be done.
    """

    kind: FindingKind
    message: str
    action: Action
    remedy: str
    submit_id: str | None = None
    job_id: str | None = None
    run_id: str | None = None
    done: bool | None = None
    fault: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Render as the object that `--json` prints."""
        return asdict(self)
