"""What of the vendor's service can no server be made to do on time? It is done in memory.

Lists that are late, submitters that die between two calls, crowds. What the wire does is tested
with the vendor's own package.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from beaf_bmll.config import Config
from beaf_bmll.errors import BMLLError
from beaf_bmll.gateway import Job, JobRun, JobSpec, LogLine, Trigger
from beaf_bmll.submit import Clock, Submission, submit_id_of

_T = TypeVar("_T")
BEGINNING = datetime(2026, 11, 2, 6, tzinfo=UTC)


class Killed(BaseException):
    """The process is dead: nobody who catches errors hears of it."""


@dataclass
class Time:
    """Time that passes only where somebody sleeps."""

    seconds: float = 0.0

    @property
    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.seconds)

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, lambda: self.seconds, self.pass_)


@dataclass
class Fault:
    """What happens to the next calls of a method, before or after the deed."""

    method: str
    when: str
    raised: BaseException
    times: int = 1


@dataclass
class Compute:
    """Jobs and runs; `listed_after` is how many seconds later lists show them."""

    time: Time = field(default_factory=Time)
    listed_after: float = 0.0
    faults: list[Fault] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    most_active: int = 0
    #: Whether deleted jobs are gone; where not, they stand there and cannot run.
    buries: bool = True
    #: Called before each call with its name: where other submitters meddle.
    meddle: Callable[[str], None] = lambda method: None

    def __post_init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._runs: dict[str, JobRun] = {}
        self._ids, self._lock = itertools.count(1), threading.Lock()

    # The truth, for tests.

    @property
    def all_jobs(self) -> list[Job]:
        return list(self._jobs.values())

    @property
    def all_runs(self) -> list[JobRun]:
        return list(self._runs.values())

    @property
    def living(self) -> list[JobRun]:
        return [each for each in self._runs.values() if each.active]

    def end(self, run_id: str, state: str = "succeeded") -> None:
        self._runs[run_id] = self._ended(self._runs[run_id], state)

    def fail(self, method: str, when: str, raised: BaseException, times: int = 1) -> None:
        self.faults.append(Fault(method, when, raised, times))

    # What `JobGateway` asks for.

    def log_in(self) -> None:
        """Everybody is let in."""

    def create_job(self, spec: JobSpec) -> Job:
        def make() -> Job:
            job = Job(
                id=f"job-{next(self._ids)}",
                name=spec.name,
                active=True,
                parameters=dict(spec.parameters),
                instance_size=spec.instance_size,
                conda_env=spec.conda_env,
                max_runtime_hours=spec.max_runtime_hours,
                log_area=spec.log_area,
                log_path=spec.log_path,
                created=self.time.now,
            )
            self._jobs[job.id] = job
            return job

        return self._do("create_job", make)

    def update_job(self, job_id: str, **changes: Any) -> None:
        def change() -> None:
            self._jobs[job_id] = replace(self._there(job_id), **changes)

        self._do("update_job", change)

    def delete_job(self, job_id: str) -> None:
        def delete() -> None:
            living = [each for each in self.living if each.job_id == job_id]
            assert not living, f"a job with a living run was deleted: {living}"
            job = self._jobs.pop(job_id, None)
            if job and not self.buries:
                self._jobs[job_id] = replace(job, active=False)
            self._runs = {k: run for k, run in self._runs.items() if run.job_id != job_id}

        self._do("delete_job", delete)

    def get_job(self, job_id: str) -> Job | None:
        return self._do("get_job", lambda: self._jobs.get(job_id))

    def jobs(self, *, active_only: bool = False) -> Iterator[Job]:
        seen = [job for job in self._jobs.values() if self._shown(job.created)]
        yield from self._do("jobs", lambda: seen)

    def add_trigger(self, job_id: str, trigger: Trigger) -> None:
        job = self._there(job_id)
        self._jobs[job_id] = replace(job, triggers=(*job.triggers, trigger))

    def delete_trigger(self, job_id: str, trigger_id: str) -> None:
        raise NotImplementedError

    def execute(self, job_id: str, parameters: Mapping[str, str] | None = None) -> JobRun:
        def start() -> JobRun:
            job = self._there(job_id)
            run = JobRun(
                id=f"run-{next(self._ids)}",
                job_id=job_id,
                active=True,
                states=(("requested", self.time.now),),
                parameters={**job.parameters, **(parameters or {})},
                instance_size=job.instance_size,
                conda_env=job.conda_env,
                max_runtime_hours=job.max_runtime_hours,
                log_area=job.log_area,
                log_path=job.log_path,
            )
            self._runs[run.id] = run
            self.most_active = max(self.most_active, len(self.living))
            return run

        return self._do("execute", start)

    def runs_of(self, job_id: str) -> list[JobRun]:
        def found() -> list[JobRun]:
            self._there(job_id)
            runs = [run for run in self._runs.values() if run.job_id == job_id]
            return [run for run in reversed(runs) if self._shown(run.states[0][1])]

        return self._do("runs_of", found)

    def active_runs(self) -> Iterator[JobRun]:
        # The vendor's package does not say whose runs these are.
        def found() -> list[JobRun]:
            shown = [each for each in self.living if self._shown(each.states[0][1])]
            return [replace(each, job_id="") for each in shown]

        yield from self._do("active_runs", found)

    def terminate(self, run_id: str) -> None:
        def end() -> None:
            if self._runs[run_id].active:
                self.end(run_id, "terminated")

        self._do("terminate", end)

    def logs(
        self, run: JobRun, kind: str, start: datetime | None = None, end: datetime | None = None
    ) -> Iterator[LogLine]:
        raise NotImplementedError

    def markets(self, day: str) -> list[str]:
        raise NotImplementedError

    def _do(self, method: str, deed: Callable[[], _T]) -> _T:
        self.meddle(method)
        with self._lock:
            self.calls.append(method)
            self._strike(method, "before")
            done = deed()
            self._strike(method, "after")
            return done

    def _strike(self, method: str, when: str) -> None:
        for fault in self.faults:
            if (fault.method, fault.when) == (method, when) and fault.times > 0:
                fault.times -= 1
                raise fault.raised

    def _there(self, job_id: str) -> Job:
        if job_id not in self._jobs:
            raise BMLLError(f"there is no job {job_id}", status=404)
        return self._jobs[job_id]

    def _shown(self, since: datetime) -> bool:
        return self.time.now >= since + timedelta(seconds=self.listed_after)

    def _ended(self, run: JobRun, state: str) -> JobRun:
        return replace(run, active=False, states=(*run.states, (state, self.time.now)))


def lost(status: int | None = 503) -> BMLLError:
    """An answer that leaves open what was done."""
    return BMLLError(f"answered {status}", status=status, retryable=True, unsure=True)


def refused() -> BMLLError:
    """An answer that says that nothing was done, and never will be."""
    return BMLLError("answered 400", status=400)


def submission(name: str = "a run", **options: Any) -> Submission:
    """A submission of that name."""
    spec = JobSpec(
        name=f"beaf {name}",
        script_area="user",
        script_path="intraday-metrics/_bmll_jobs/beaf_runner-0.py",
        parameters={"beaf_request": "requests/0.json", "beaf_digest": "0"},
        instance_size=16,
        conda_env="py311-stable",
        max_runtime_hours=1,
        log_area="user",
        log_path="intraday-metrics/_bmll_jobs",
    )
    logs_below = "intraday-metrics/_bmll_jobs"
    given = {"logs_below": logs_below, "cap": None, **options}
    return Submission(submit_id_of(name), name, spec, about="demo on 2026-02-01", **given)


#: Options whose times are those of the tests.
CONFIG = Config(submit_timeout=120.0)
