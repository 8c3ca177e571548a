"""Which run does a person mean by a word: an id of ours or of the vendor's, or none at all?"""

from __future__ import annotations

from dataclasses import dataclass

from beaf_bmll.commands.service import Service
from beaf_bmll.gateway import Job, JobRun
from beaf_bmll.submit import Entry
from beaf_core import UsageError

#: So many characters of a submit id are enough.
_ENOUGH = 6
_LIST = "`beaf job list --all` names those that are known here"


@dataclass(frozen=True, slots=True)
class Found:
    """A run, as far as it is known.

    Attributes:
        entry: what the ledger says; None where it was submitted elsewhere.
        run: what the vendor says; None where there is no run, or no more.
    """

    entry: Entry | None
    run: JobRun | None

    @property
    def submit_id(self) -> str | None:
        """The submission, where it is one of ours."""
        return self.entry.submit_id if self.entry else self.run.submit_id if self.run else None

    @property
    def job_id(self) -> str | None:
        """The vendor's name of the job."""
        return (self.run.job_id if self.run else None) or (
            self.entry.job_id if self.entry else None
        )

    @property
    def run_id(self) -> str | None:
        """The vendor's name of the run."""
        return self.run.id if self.run else self.entry.run_id if self.entry else None


def find(word: str | None, service: Service) -> Found:
    """Find what a word means; None is what was submitted last.

    Raises:
        UsageError: nothing, or several things.
        BMLLError: the vendor does not say.
    """
    entry = _entry(word, service)
    if entry is not None:
        wanted = word if word not in (entry.job_id, entry.submit_id) else None
        return Found(entry, _run_of(entry, wanted, service))
    assert word is not None
    job = service.gateway.get_job(word)
    if job is not None:
        return Found(None, _newest(job.id, service))
    run = _anywhere(word, service)
    if run is None:
        raise UsageError(f"no job, run or submission is called {word}", remedy=_LIST)
    return Found(None, run)


def _entry(word: str | None, service: Service) -> Entry | None:
    entries = service.ledger.entries()
    if word is None:
        if not entries:
            raise UsageError("nothing has been submitted from here", remedy=f"name a run; {_LIST}")
        return entries[-1]
    exact = [each for each in entries if word in _names(each)]
    if exact:
        return exact[-1]
    begun = [each for each in entries if each.submit_id.startswith(word)]
    if len(word) < _ENOUGH or not begun:
        return None
    if len(begun) > 1:
        raise UsageError(f"{len(begun)} submissions begin with {word}", remedy="write more of it")
    return begun[0]


def _names(entry: Entry) -> tuple[str | None, ...]:
    return entry.submit_id, entry.run_name, entry.job_id, entry.run_id


def _run_of(entry: Entry, wanted: str | None, service: Service) -> JobRun | None:
    if entry.job_id is None or entry.job_deleted:
        return None
    runs = _runs_of(entry.job_id, service)
    named = wanted or entry.run_id
    return next((each for each in runs if each.id == named), runs[0] if runs else None)


def _newest(job_id: str, service: Service) -> JobRun | None:
    runs = _runs_of(job_id, service)
    return runs[0] if runs else None


def _runs_of(job_id: str, service: Service) -> list[JobRun]:
    from beaf_bmll.submit.ending import runs_of

    return runs_of(service.gateway, job_id)


def _anywhere(run_id: str, service: Service) -> JobRun | None:
    """Look for a run among those of all our jobs: the vendor has no call that reads one."""
    ours: list[Job] = [each for each in service.gateway.jobs() if each.submit_id]
    runs = (run for job in ours for run in _runs_of(job.id, service))
    return next((run for run in runs if run.id == run_id), None)
