"""Which steps lead from a submission to its one run, and where is a broken one taken up again?"""

from __future__ import annotations

from dataclasses import replace

from beaf_bmll.errors import BMLLError
from beaf_bmll.gateway import SUBMIT_ID, Job, JobGateway, JobRun
from beaf_bmll.submit.asking import LISTED_WITHIN, Asking
from beaf_bmll.submit.clock import Clock
from beaf_bmll.submit.ending import delete_idle, end_run, runs_of
from beaf_bmll.submit.ledger import Ledger
from beaf_bmll.submit.nouns import Entry, JobWords, Submission, Submitted
from beaf_bmll.submit.one import Picker

#: How long taking something back may go on when the time of a submission is up.
_TAKE_BACK_SECONDS = 30.0


class Way:
    """The way of one submission.

    Args:
        known: where an earlier submitter of the same was broken off; None where there was none.
        http_timeout: how long one answer may take, in seconds.
    """

    def __init__(
        self,
        gateway: JobGateway,
        ledger: Ledger,
        words: JobWords,
        submission: Submission,
        asking: Asking,
        known: Entry | None,
        http_timeout: float,
    ) -> None:
        self._gateway, self._ledger, self._words = gateway, ledger, words
        self._submission, self._asking = submission, asking
        self._picker = Picker(gateway, asking)
        self._resumed, self._adopted = known is not None, False
        self._unlisted = _unlisted_seconds(known, asking.clock, http_timeout)
        #: What the ledger says at any moment.
        self.entry = known or ledger.write(_first(submission, asking))

    def go(self) -> None:
        """Go from where the ledger stands to a run.

        Raises:
            BMLLError: there is no run; where `unsure` is set, one may yet appear.
        """
        try:
            job = self._job()
            run = self._run(job)
        except BMLLError as error:
            raise self._given_up(error) from error
        self._write(step="started", run_id=run.id)

    def submitted(self) -> Submitted:
        """Say what has come of it."""
        return submitted(self.entry, self._asking, adopted=self._adopted)

    def withdraw(self, why: str) -> None:
        """Take back the run and the job, and never start them again.

        Raises:
            BMLLError: the run goes on.
        """
        self._write(step="withdrawing", note=why)
        asking = self._asking.more(_TAKE_BACK_SECONDS)
        job_id, run_id = self.entry.job_id, self.entry.run_id
        if run_id:
            end_run(self._gateway, asking, run_id, job_id)
        if job_id:
            delete_idle(self._gateway, asking, job_id)
        self._write(step="void", job_deleted=job_id is not None)

    def _job(self) -> Job:
        found = self._jobs_there() if self._resumed else []
        found = found or self._asking.make("the job", self._create, self._jobs)
        job = self._picker.job(found)
        if job.id != self.entry.job_id:
            self._write(step="created", job_id=job.id, log_path=job.log_path)
        return job

    def _run(self, job: Job) -> JobRun:
        runs = self._runs_there(job)
        self._adopted = bool(runs)
        if not runs:
            self._set_log_path(job)
            runs = self._asking.make(
                "the run",
                lambda: self._execute(job),
                lambda: runs_of(self._gateway, job.id),
            )
        return self._picker.run(runs, self._words.holder(self._submission.submit_id))

    def _jobs_there(self) -> list[Job]:
        job = self._gateway.get_job(self.entry.job_id) if self.entry.job_id else None
        return [job] if job else self._asking.seen(self._jobs, self._unlisted)

    def _jobs(self) -> list[Job]:
        submit_id = self._submission.submit_id
        # One that is not active was deleted, when an earlier submission was taken back.
        ours = (each for each in self._gateway.jobs() if each.submit_id == submit_id)
        return [each for each in ours if each.active]

    def _runs_there(self, job: Job) -> list[JobRun]:
        seconds = self._unlisted if self.entry.step == "starting" else 0.0
        return self._asking.seen(lambda: runs_of(self._gateway, job.id), seconds)

    def _create(self) -> Job:
        self._write(step="creating")  # each time: it also says when it was last asked for
        spec = replace(self._submission.spec, parameters=self._parameters)
        return self._gateway.create_job(spec)

    def _execute(self, job: Job) -> JobRun:
        self._write(step="starting")
        return self._gateway.execute(job.id, self._parameters)

    @property
    def _parameters(self) -> dict[str, str]:
        # Guess: whether a run's parameters replace the job's or go over them: so they are all told.
        return {**self._submission.spec.parameters, SUBMIT_ID: self._submission.submit_id}

    def _set_log_path(self, job: Job) -> None:
        """Let the job keep its logs in a folder of its own, whose name is known only now."""
        if self._submission.logs_below is None:
            return
        path = f"{self._submission.logs_below.rstrip('/')}/{job.id}/logs"
        told: list[str] = []

        def change() -> None:
            self._gateway.update_job(job.id, log_path=path)
            told.append(path)

        def changed() -> bool:
            there = None if told else self._gateway.get_job(job.id)
            return bool(told) or (there is not None and there.log_path == path)

        if job.log_path != path:
            self._asking.until(f"setting the log path of job {job.id}", change, changed)
        self._write(log_path=path)

    def _given_up(self, error: BMLLError) -> BMLLError:
        """Take back what can be, and say how it stands."""
        asked = self.entry.step in ("creating", "starting")
        if asked and (error.unsure or self._resumed):
            self._write(note=error.message)  # there may be one: the next one who looks will see
            return error
        try:
            self.withdraw(error.message)
        except BMLLError as left:
            error.message += f"; and not all of it could be taken back: {left.message}"
        return error

    def _write(self, **changes: object) -> None:
        self.entry = self._ledger.write(self.entry, **changes)


def submitted(entry: Entry, asking: Asking, *, adopted: bool) -> Submitted:
    """Say what has come of a submission that has a run."""
    assert entry.job_id
    assert entry.run_id
    return Submitted(
        submit_id=entry.submit_id,
        job_id=entry.job_id,
        run_id=entry.run_id,
        log_area=entry.log_area,
        log_path=entry.log_path,
        adopted=adopted,
        notes=tuple(asking.notes),
    )


def _first(submission: Submission, asking: Asking) -> Entry:
    now = asking.clock.now()
    return Entry(
        submit_id=submission.submit_id,
        run_name=submission.run_name,
        name=submission.spec.name,
        about=submission.about,
        step="creating",
        begun=now,
        updated=now,
        delete_after=submission.delete_after,
        log_area=submission.spec.log_area,
        log_path=submission.spec.log_path,
    )


def _unlisted_seconds(known: Entry | None, clock: Clock, http_timeout: float) -> float:
    """Say for how long what an earlier submitter asked for may still be missing in lists."""
    if known is None:
        return 0.0
    age = (clock.now() - known.updated).total_seconds()
    return max(0.0, http_timeout + LISTED_WITHIN - age)
