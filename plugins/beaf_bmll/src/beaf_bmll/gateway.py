"""What do we ask of the vendor's compute service, in our own words?

`JobGateway` is all that the rest of the plugin knows of it; `beaf_bmll.sdk` answers with the
vendor's package.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

#: The parameter by which a job and a run are known as one submission of ours.
SUBMIT_ID = "beaf_submit_id"
#: The parameters that lead a job to what it is to do: a file in an area, and its digest.
REQUEST, DIGEST = "beaf_request", "beaf_digest"

LogKind = Literal["general", "stream"]


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """A script that prepares a machine before the job's own one starts.

    Attributes:
        area: `user` or `organisation`.
        path: below the area's root.
        name: for people.
        args: its arguments.
    """

    area: str
    path: str
    name: str
    args: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Trigger:
    """When a job starts by itself.

    Attributes:
        name: for people.
        cron: six fields as the vendor takes them, in UTC; or None.
        availability: a kind of data (`l3`, or a data set) and the MICs that must be there; or None.
        id: known to the vendor; None before it has one.
    """

    name: str
    cron: str | None = None
    availability: tuple[str, tuple[str, ...]] | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A job to be made: everything that its runs start from."""

    name: str
    script_area: str
    script_path: str
    parameters: Mapping[str, str]
    instance_size: int
    conda_env: str
    max_runtime_hours: int
    log_area: str
    log_path: str
    visibility: str = "private"
    bootstraps: tuple[Bootstrap, ...] = ()
    notifications: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """A job that the vendor knows."""

    id: str
    name: str
    active: bool
    parameters: Mapping[str, Any]
    instance_size: int
    conda_env: str
    max_runtime_hours: int
    log_area: str
    log_path: str
    created: datetime
    triggers: tuple[Trigger, ...] = ()

    @property
    def submit_id(self) -> str | None:
        """Which submission of ours made it; None where somebody else did."""
        return self.parameters.get(SUBMIT_ID)


@dataclass(frozen=True, slots=True)
class JobRun:
    """A run of a job.

    Attributes:
        states: (state, since when), oldest first.
        termination_reason: in the vendor's words.
    """

    id: str
    job_id: str
    active: bool
    states: tuple[tuple[str, datetime], ...]
    parameters: Mapping[str, Any]
    instance_size: int
    conda_env: str
    max_runtime_hours: int
    log_area: str
    log_path: str
    termination_reason: str | None = None

    @property
    def state(self) -> str:
        """The newest state; empty before there is one."""
        return self.states[-1][0] if self.states else ""

    @property
    def submit_id(self) -> str | None:
        """Which submission of ours made it; None where somebody else did."""
        return self.parameters.get(SUBMIT_ID)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a run has said."""

    at: datetime
    text: str


class JobGateway(Protocol):
    """The vendor's compute service.

    Every method may raise BMLLError. Those that make something (`create_job`, `add_trigger`,
    `execute`) try once; the others repeat, which is harmless. Where the error's `unsure` is set,
    the servers may have acted, and it is the caller's to look.
    """

    def log_in(self) -> None:
        """Log in now, before anything is written for what is asked then."""

    def create_job(self, spec: JobSpec) -> Job:
        """Make a job; it does not run yet."""

    def update_job(self, job_id: str, **changes: object) -> None:
        """Change fields of JobSpec."""

    def delete_job(self, job_id: str) -> None:
        """Delete a job, and its runs with it; a job that is gone is no fault."""

    def get_job(self, job_id: str) -> Job | None:
        """Read one job; None where there is none."""

    def jobs(self, *, active_only: bool = False) -> Iterator[Job]:
        """List all jobs that we may see, every page of them."""

    def add_trigger(self, job_id: str, trigger: Trigger) -> None:
        """Let a job start by itself."""

    def delete_trigger(self, job_id: str, trigger_id: str) -> None:
        """Let it do so no more."""

    def execute(self, job_id: str, parameters: Mapping[str, str] | None = None) -> JobRun:
        """Start a run; `parameters` go over the job's own."""

    def runs_of(self, job_id: str) -> list[JobRun]:
        """List a job's runs, newest first."""

    def active_runs(self) -> Iterator[JobRun]:
        """List all runs that have not ended, every page of them."""

    def terminate(self, run_id: str) -> None:
        """Ask for the end of a run; one that has ended is no fault."""

    def logs(
        self, run: JobRun, kind: LogKind, start: datetime | None = None, end: datetime | None = None
    ) -> Iterator[LogLine]:
        """Read what a run has said, oldest first, each line once, since it began."""

    def markets(self, day: str) -> list[str]:
        """List the MICs of the markets that are alive on a day."""
