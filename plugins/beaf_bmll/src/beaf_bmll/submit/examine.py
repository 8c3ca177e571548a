"""What is not as it should be, given both sides of our submissions?

Nothing here asks or changes anything. What is young is left alone: whoever submits it may still
be at work, on this machine or another, and lists may be behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from beaf_bmll.config import Config
from beaf_bmll.gateway import Job, JobRun
from beaf_bmll.submit.cap import UNLISTED
from beaf_bmll.submit.nouns import Entry, Finding, JobWords
from beaf_bmll.submit.outcome import outcome_of
from beaf_bmll.submit.picture import Picture

_WAIT = "nothing yet: whoever submits it may still be at work; look again in a few minutes"
_DELETE = "delete the job: it has no run that lives"


@dataclass(frozen=True, slots=True)
class Examiner:
    """Compares both sides."""

    picture: Picture
    config: Config
    words: JobWords
    now: datetime

    def findings(self) -> list[Finding]:
        """List what is not as it should be: by pages of the ledger, then what no page knows."""
        found = [_unreadable(page.stem, fault) for page, fault in self.picture.unreadable.items()]
        for entry in self.picture.entries.values():
            found += self._of_entry(entry)
        for submit_id, jobs in self.picture.jobs.items():
            found += self._of_jobs(submit_id, jobs)
        found += [each for run in self.picture.active for each in self._of_active(run)]
        return found + list(self._crowd())

    def _of_entry(self, entry: Entry) -> Iterator[Finding]:
        if entry.underway:
            yield self._unfinished(entry)
        elif entry.step == "started":
            yield from self._started(entry)
        else:
            yield from self._left_over(entry)

    def _unfinished(self, entry: Entry) -> Finding:
        """Whoever submitted it died: what it left is taken over, or taken away."""
        known_as = f"{entry.submit_id[:8]} of {entry.name}"
        what = f"the submission {known_as} was broken off at the step {entry.step}"
        runs = self.picture.runs_under(entry.submit_id)
        jobs = self.picture.jobs.get(entry.submit_id, [])
        if self._is_young(entry.updated):
            return _of(entry, "unfinished", what, "nothing", _WAIT)
        if entry.step == "withdrawing":
            return self._withdrawing(entry, what)
        if runs:
            job_id, run = runs[-1]  # the eldest: a job's runs are listed newest first
            at = {"job_id": job_id, "run_id": run.id}
            remedy = "write down its run: it goes its way"
            return _of(entry, "unfinished", f"{what}; it has a run", "record", remedy, **at)
        if jobs:
            text = f"{what}; its job never ran"
            return _of(entry, "unfinished", text, "delete_job", _DELETE, job_id=jobs[0].id)
        return _of(entry, "unfinished", f"{what}; nothing was made", "void", "write that down")

    def _withdrawing(self, entry: Entry, what: str) -> Finding:
        active = [(job, run) for job, run in self.picture.runs_under(entry.submit_id) if run.active]
        if not active:
            return _of(entry, "unfinished", what, "delete_job", _DELETE)
        job_id, run = active[0]
        at = {"job_id": job_id, "run_id": run.id}
        remedy = "end the run, and delete the job"
        return _of(entry, "unfinished", f"{what}; its run lives", "terminate", remedy, **at)

    def _started(self, entry: Entry) -> Iterator[Finding]:
        runs = self.picture.runs_under(entry.submit_id)
        ours = next((run for _, run in runs if run.id == entry.run_id), None)
        if not ours.active if ours else not self._is_young(entry.updated):
            yield self._over(entry, ours)
        for job_id, run in runs:
            if run.active and run.id != entry.run_id:
                yield self._second_run(entry, job_id, run)

    def _over(self, entry: Entry, run: JobRun | None) -> Finding:
        outcome = outcome_of(run, entry.submit_id, self.config, self.words)
        if outcome == "lost":
            text = f"the machine of {entry.name} is gone, and the job could not say how it went"
            return _of(entry, "lost", text, "end", "write down that it is lost; run it again")
        text = f"run {entry.run_id} of {entry.name} has {_ENDED.get(outcome, outcome)}"
        return _of(entry, "ended", text, "end", "write that down")

    def _second_run(self, entry: Entry, job_id: str, run: JobRun) -> Finding:
        """Two machines for one job: only the one that holds the lease works."""
        holder = self.words.holder(entry.submit_id)
        text = f"run {run.id} is a second one of {entry.name}, beside {entry.run_id}"
        at = {"job_id": job_id, "run_id": run.id}
        if holder == entry.run_id:
            return _of(entry, "duplicate", text, "terminate", "end it: the other one works", **at)
        if holder == run.id:
            return _of(
                entry,
                "duplicate",
                f"{text}, and does the work",
                "record",
                "write it down in place of the other",
                **at,
            )
        remedy = "nothing: which of them works is not known yet, and the other ends by itself"
        return _of(entry, "duplicate", text, "nothing", remedy, **at)

    def _left_over(self, entry: Entry) -> Iterator[Finding]:
        """It is over: what is left of it is deleted as it was asked, or when it is old."""
        jobs = {each.id for each in self.picture.jobs.get(entry.submit_id, ())}
        old = self.now - entry.updated > timedelta(days=self.config.retention_days)
        if entry.job_id in jobs and (old or entry.step == "void" or is_done_with(entry)):
            text = f"job {entry.job_id} of {entry.name} is over ({entry.outcome or entry.note})"
            yield _of(entry, "refuse", text, "delete_job", _DELETE)
        elif old:
            text = f"{entry.name} is over since {entry.updated:%Y-%m-%d}"
            yield _of(entry, "refuse", text, "forget", "take its page out of the ledger")

    def _of_jobs(self, submit_id: str, jobs: list[Job]) -> Iterator[Finding]:
        if submit_id in {page.stem for page in self.picture.unreadable}:
            return
        entry = self.picture.entries.get(submit_id)
        if entry is None and self.config.visibility == "public":
            return  # it may be a colleague's, and theirs to put right
        known = entry and (entry.job_id if not entry.underway else jobs[0].id)
        for job in jobs:
            # A job with triggers is a schedule; `uninstall` takes it away.
            if job.id != known and not job.triggers:
                yield from self._unknown_job(job, "duplicate" if entry else "orphan")

    def _unknown_job(self, job: Job, kind: Any) -> Iterator[Finding]:
        at: dict[str, Any] = {"submit_id": job.submit_id, "job_id": job.id}
        runs = self.picture.runs.get(job.id, [])
        active = [each for each in runs if each.active]
        if active and kind == "orphan":
            text = f"run {active[0].id} of {job.name} is ours, and not in this ledger"
            remedy = "write it down"
            yield Finding("unrecorded", text, "record", remedy, run_id=active[0].id, **at)
        elif not active and not self._is_young(job.created):
            last = max((each.states[-1][1] for each in runs if each.states), default=None)
            days = timedelta(days=self.config.retention_days)
            if last is None:
                yield Finding(kind, f"job {job.name} never ran", "delete_job", _DELETE, **at)
            elif self.now - last > days or kind == "duplicate":
                text = f"job {job.name} is over since {last:%Y-%m-%d}"
                yield Finding("refuse", text, "delete_job", _DELETE, **at)

    def _of_active(self, run: JobRun) -> Iterator[Finding]:
        """A run of a submission that is over, or of no job that we can see."""
        at: dict[str, Any] = {"submit_id": run.submit_id, "run_id": run.id}
        entry = self.picture.entries.get(run.submit_id or "")
        if any(job.triggers for job in self.picture.jobs.get(run.submit_id or "", ())):
            return  # a schedule's: a page tells at most of the job whose place it took
        if entry and entry.step in ("void", "ended") and run.id != entry.run_id:
            text = f"run {run.id} lives, and {entry.name} is over ({entry.outcome or entry.note})"
            yield Finding("duplicate", text, "terminate", "end it", job_id=entry.job_id, **at)
        elif not entry and run.submit_id not in self.picture.jobs:
            text = f"run {run.id} bears our mark, and its job is not listed"
            remedy = f"nothing by itself: `beaf job cancel {run.id}` ends it"
            yield Finding("unrecorded", text, "nothing", remedy, **at)

    def _crowd(self) -> Iterator[Finding]:
        cap, count = self.config.max_concurrent_instances, len(self.picture.active)
        if cap is not None and count > cap:
            ids = ", ".join(each.id for each in self.picture.active)
            text = f"{count} machines run, and max_concurrent_instances is {cap}: {ids}"
            yield Finding("crowd", text, "nothing", "nothing by itself: `beaf job cancel` ends one")

    def _is_young(self, since: datetime) -> bool:
        grace = max(UNLISTED, timedelta(seconds=2 * self.config.submit_timeout))
        return self.now - since < grace


def is_done_with(entry: Entry) -> bool:
    """Say whether the job of a run that has ended is to be deleted."""
    if entry.step != "ended" or entry.job_deleted or entry.delete_after == "never":
        return False
    return entry.delete_after == "always" or entry.outcome == "succeeded"


_ENDED = {"partly_failed": "failed in part", "cancelled": "been cancelled"}


def _of(entry: Entry, kind: Any, message: str, action: Any, remedy: str, **at: str) -> Finding:
    known: dict[str, Any] = {"job_id": entry.job_id, "run_id": entry.run_id}
    return Finding(kind, message, action, remedy, submit_id=entry.submit_id, **(known | at))


def _unreadable(submit_id: str, fault: str) -> Finding:
    remedy = "nothing by itself: mend the file, or remove it once no run of it lives"
    return Finding("unreadable", fault, "nothing", remedy, submit_id=submit_id)
