"""Which of several jobs, or runs, of one submission is the one, and what becomes of the others?

Whoever asks, here or on another machine, comes to the same answer: the eldest is the one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from beaf_bmll.errors import BMLLError
from beaf_bmll.gateway import Job, JobGateway, JobRun
from beaf_bmll.submit.asking import Asking
from beaf_bmll.submit.cap import begun
from beaf_bmll.submit.ending import delete_idle, end_run, runs_of


@dataclass(frozen=True, slots=True)
class Picker:
    """Leaves one job and one run of a submission."""

    gateway: JobGateway
    asking: Asking

    def job(self, jobs: Sequence[Job]) -> Job:
        """Pick the job that has a run, else the eldest; delete others that have no run.

        What cannot be deleted does no harm: a job does not run by itself.
        """
        if len(jobs) == 1:
            return jobs[0]
        eldest = sorted(jobs, key=lambda each: (each.created, each.id))
        used = {each.id for each in eldest if runs_of(self.gateway, each.id)}
        chosen = next((each for each in eldest if each.id in used), eldest[0])
        for each in eldest:
            if each.id not in used | {chosen.id}:
                self._delete(each)
        return chosen

    def run(self, runs: Sequence[JobRun], worker: str | None = None) -> JobRun:
        """Pick the run that does the work, else the eldest; end others.

        Args:
            runs: all runs of the submission.
            worker: the one that holds the lease, if that is known.
        """
        eldest = sorted(runs, key=lambda each: (begun(each), each.id))
        chosen = next((each for each in eldest if each.id == worker), eldest[0])
        for each in eldest:
            if each.id != chosen.id and each.active:
                self._end(each)
        return chosen

    def _delete(self, job: Job) -> None:
        try:
            delete_idle(self.gateway, self.asking, job.id)
        except BMLLError as error:
            self.asking.notes.append(f"a second job, {job.id}, is left over: {error.message}")
        else:
            self.asking.notes.append(f"a second job, {job.id}, was deleted")

    def _end(self, run: JobRun) -> None:
        # The job itself refuses to work twice: a second machine is idle, but costs money.
        try:
            end_run(self.gateway, self.asking, run.id, run.job_id or None)
        except BMLLError as error:
            self.asking.notes.append(
                f"a second run, {run.id}, goes on ({error.message}): it ends by itself, or see "
                "`beaf job doctor`"
            )
        else:
            self.asking.notes.append(f"a second run, {run.id}, was ended")
