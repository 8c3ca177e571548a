"""What does the ledger say, and what is there at the vendor, at one moment?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from beaf_bmll.gateway import Job, JobGateway, JobRun
from beaf_bmll.submit.ending import runs_of
from beaf_bmll.submit.ledger import Ledger
from beaf_bmll.submit.nouns import Entry
from beaf_core import DataInvalidError


@dataclass(frozen=True, slots=True)
class Picture:
    """Both sides of our submissions.

    Attributes:
        entries: the ledger, by submit id.
        unreadable: pages that cannot be read, and why.
        jobs: jobs of ours at the vendor, by submit id, eldest first.
        runs: the runs of those jobs that may have living ones, by job.
        active: runs of ours that have not ended.
    """

    entries: dict[str, Entry]
    unreadable: dict[Path, str]
    jobs: dict[str, list[Job]]
    runs: dict[str, list[JobRun]]
    active: list[JobRun]

    def runs_under(self, submit_id: str) -> list[tuple[str, JobRun]]:
        """List the runs of a submission, each with its job."""
        jobs = [each.id for each in self.jobs.get(submit_id, ())]
        entry = self.entries.get(submit_id)
        if entry and entry.job_id and entry.job_id not in jobs:
            jobs.append(entry.job_id)
        return [(job, run) for job in jobs for run in self.runs.get(job, ())]


def take_picture(gateway: JobGateway, ledger: Ledger) -> Picture:
    """Look at both sides.

    Raises:
        BMLLError: the vendor does not say.
    """
    # The ledger first: what is written down while we look is not missed at the vendor's.
    entries, unreadable = _read(ledger)
    jobs = _by_submission(gateway.jobs())
    active = [each for each in gateway.active_runs() if each.submit_id]
    wanted = _worth_a_look(entries.values(), jobs)
    runs = {each: runs_of(gateway, each) for each in wanted}
    return Picture(entries, unreadable, jobs, runs, active)


def _read(ledger: Ledger) -> tuple[dict[str, Entry], dict[Path, str]]:
    entries: dict[str, Entry] = {}
    unreadable: dict[Path, str] = {}
    for page in ledger.pages():
        try:
            entry = ledger.find(page.stem)
        except DataInvalidError as error:
            unreadable[page] = error.message
        else:
            entries |= {entry.submit_id: entry} if entry else {}
    return entries, unreadable


def _by_submission(jobs: Iterable[Job]) -> dict[str, list[Job]]:
    ours: dict[str, list[Job]] = {}
    for job in sorted(jobs, key=lambda each: (each.created, each.id)):
        if job.submit_id and job.active:  # else it was deleted, or somebody has switched it off
            ours.setdefault(job.submit_id, []).append(job)
    return ours


def _worth_a_look(entries: Iterable[Entry], jobs: dict[str, list[Job]]) -> list[str]:
    """List the jobs whose runs we must know."""
    entries = list(entries)
    over = {each.job_id for each in entries if each.step == "ended"}  # they need not be asked
    known = [each.job_id for each in entries if each.job_id]
    listed = [job.id for same in jobs.values() for job in same if not job.triggers]
    return [each for each in dict.fromkeys([*known, *listed]) if each not in over]
