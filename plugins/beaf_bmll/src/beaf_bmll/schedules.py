"""How does a job come back by itself, exactly one of each name, and how does it stop?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

from beaf_bmll.config import Config
from beaf_bmll.errors import BMLLError
from beaf_bmll.gateway import SUBMIT_ID, Job, JobGateway, JobSpec, Trigger
from beaf_bmll.submit import (
    Asking,
    Clock,
    delete_idle,
    end_run,
    ensure_trigger,
    state_folder,
    submit_id_of,
)
from beaf_bmll.submit.ending import runs_of
from beaf_bmll.submit.lock import one_at_a_time
from beaf_core import BeafError, ExitCode, RunReport, UsageError

#: What stands in a ref in the place of a run.
SCHEDULE = "schedule"

OnConflict = Literal["fail", "reuse", "overwrite"]


class Schedules:
    """Jobs of ours that come back, known by the submit id that their name gives."""

    def __init__(self, gateway: JobGateway, config: Config, clock: Clock | None = None) -> None:
        clock = clock or Clock()
        self._gateway, self._folder = gateway, state_folder(config)
        self._asking = Asking(clock, clock.deadline(config.submit_timeout))

    @property
    def notes(self) -> Sequence[str]:
        """What happened on the way, for people."""
        return self._asking.notes

    def named(self, run_name: str) -> list[Job]:
        """List the jobs of a name, the eldest first: there is one, unless somebody was cut off."""
        submit_id = submit_id_of(run_name)
        ours = (each for each in self._gateway.jobs() if each.submit_id == submit_id)
        # One that is not active, and has no triggers, was deleted, and is listed all the same.
        found = (each for each in ours if each.active or each.triggers)
        return sorted(found, key=lambda each: (each.created, each.id))

    def install(
        self,
        run_name: str,
        spec: JobSpec,
        triggers: Sequence[Trigger],
        *,
        logs_below: str | None = None,
        on_conflict: OnConflict = "fail",
    ) -> Job:
        """Make a job that comes back; where it cannot be made whole, nothing of it stays.

        Args:
            run_name: the name that it goes by; two of one name are one.
            spec: the job.
            triggers: when it starts.
            logs_below: the folder in which it keeps its logs, as `<job id>/logs`; None where
                `spec.log_path` is where they belong.
            on_conflict: where there is one of that name: refuse, leave it, or put this in its
                place. The new one is there before the old one goes: no time is missed, and what
                both start is done once.

        Raises:
            UsageError: there is one of that name.
            BMLLError: there is none, or the old one is still there as well; see its message.
            LockedError: others were submitting all the time.
        """
        with one_at_a_time(self._folder, self._asking.deadline.seconds, self._asking.clock):
            before = self.named(run_name)
            standing = [each for each in before if each.triggers]
            if standing and on_conflict == "fail":
                raise _is_installed(run_name, standing[0])
            if standing and on_conflict == "reuse":
                return standing[-1]
            job = self._made(submit_id_of(run_name), spec, {each.id for each in before})
            try:
                self._set_log_path(job, logs_below)
                for each in triggers:
                    ensure_trigger(self._gateway, self._asking, job.id, each)
            except BeafError as error:
                raise self._taken_back(job, error) from error
            self._retire(before)
            return job

    def remove(self, jobs: Iterable[Job]) -> None:
        """Let jobs start no more, end what runs of them, and delete them.

        Raises:
            BMLLError: not all of it could be done; the same can be asked again.
        """
        for job in jobs:
            self._without_triggers(job)
            for run in runs_of(self._gateway, job.id):
                if run.active:
                    end_run(self._gateway, self._asking, run.id, job.id)
            delete_idle(self._gateway, self._asking, job.id)

    # -- making --------------------------------------------------------------------------------

    def _made(self, submit_id: str, spec: JobSpec, known: set[str]) -> Job:
        marked = replace(spec, parameters={**spec.parameters, SUBMIT_ID: submit_id})

        def new() -> list[Job]:
            jobs = self._gateway.jobs()
            return [each for each in jobs if each.submit_id == submit_id and each.id not in known]

        job, *others = self._asking.make("the job", lambda: self._gateway.create_job(marked), new)
        for each in others:  # an answer lied; they have no trigger, and would never start
            delete_idle(self._gateway, self._asking, each.id)
        return job

    def _set_log_path(self, job: Job, logs_below: str | None) -> None:
        if logs_below is None:
            return
        path = f"{logs_below.rstrip('/')}/{job.id}/logs"
        self._asking.until(
            f"setting the log path of job {job.id}",
            lambda: self._gateway.update_job(job.id, log_path=path),
            lambda: self._read(job.id).log_path == path,
        )

    def _taken_back(self, job: Job, error: BeafError) -> BeafError:
        asking = self._asking
        self._asking = asking.more(30.0)
        try:
            self.remove([job])
        except BMLLError as left:
            error.message += f"; and job {job.id} could not be taken back: {left.message}"
        return error

    def _retire(self, jobs: Sequence[Job]) -> None:
        """Put jobs out of use; one that is at work may end its work, and starts no more."""
        for job in jobs:
            self._without_triggers(job)
            if any(each.active for each in runs_of(self._gateway, job.id)):
                self._asking.notes.append(
                    f"the job before, {job.id}, is still at work; it starts no more, and "
                    "`beaf job doctor` clears it away"
                )
            else:
                delete_idle(self._gateway, self._asking, job.id)

    # -- triggers ------------------------------------------------------------------------------

    def _read(self, job_id: str) -> Job:
        job = self._gateway.get_job(job_id)
        if job is None:
            raise BMLLError(
                f"job {job_id} was made, and is gone",
                remedy="see whether somebody deletes jobs, and install it again",
            )
        return job

    def _without_triggers(self, job: Job) -> None:
        """Let a job start no more."""

        def there() -> tuple[Trigger, ...]:
            known = self._gateway.get_job(job.id)
            return known.triggers if known else ()

        def delete() -> None:
            for each in there():
                if each.id:
                    self._gateway.delete_trigger(job.id, each.id)

        self._asking.until(f"deleting the triggers of job {job.id}", delete, lambda: not there())


def _is_installed(run_name: str, job: Job) -> UsageError:
    return UsageError(
        f"a schedule named {run_name} is installed already: job {job.id}",
        remedy="choose another name, uninstall that one, or set "
        "BMLL_JOBS.on_name_conflict: overwrite",
    )


class InstalledSchedule:
    """A job that comes back; its ref is `<job id>/schedule/<submit id>`."""

    def __init__(self, gateway: JobGateway, config: Config, job_id: str, submit_id: str) -> None:
        self._gateway, self._config = gateway, config
        self.job_id, self.submit_id = job_id, submit_id

    @property
    def ref(self) -> str:
        """The vendor's name of the job, and ours."""
        return f"{self.job_id}/{SCHEDULE}/{self.submit_id}"

    def status(self) -> str:
        """`scheduled` while it comes back; `cancelled` once it does not."""
        job = self._gateway.get_job(self.job_id)
        return "scheduled" if job is not None and job.triggers else "cancelled"

    def stop(self) -> None:
        """Let it start no more, end what runs of it, and delete it."""
        job = self._gateway.get_job(self.job_id)
        if job is not None:
            Schedules(self._gateway, self._config).remove([job])

    def logs(self) -> Iterator[str]:
        """When it has started so far, and when it will."""
        job = self._gateway.get_job(self.job_id)
        for each in job.triggers if job else ():
            yield f"starts by {each.cron or each.availability}"
        for run in reversed(runs_of(self._gateway, self.job_id)):
            since = f" at {run.states[0][1].isoformat()}" if run.states else ""
            yield f"run {run.id}{since}: {run.state}"

    def wait(self) -> RunReport:
        """Report at once: it has no end of its own."""
        if self.status() != "scheduled":
            raise UsageError(
                f"the schedule {self.ref} is not installed any more",
                remedy="install it again, or wait for one of its runs",
            )
        return RunReport(self.submit_id, self.ref, (), ExitCode.OK)
