"""What have submitters that died, and servers that lied, left behind; and how is it put right?

What is put right is looked at once more under the lock, and no job with a living run is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from beaf_bmll.config import Config
from beaf_bmll.errors import BMLLError
from beaf_bmll.gateway import Job, JobGateway
from beaf_bmll.submit.asking import Asking
from beaf_bmll.submit.cap import UNLISTED
from beaf_bmll.submit.clock import Clock
from beaf_bmll.submit.ending import delete_idle, end_run, runs_of
from beaf_bmll.submit.examine import Examiner, is_done_with
from beaf_bmll.submit.ledger import Ledger
from beaf_bmll.submit.lock import one_at_a_time
from beaf_bmll.submit.nouns import Action, Entry, Finding, JobWords, NoWords
from beaf_bmll.submit.outcome import outcome_of
from beaf_bmll.submit.picture import take_picture
from beaf_core import BeafError

#: Mending one thing may bring another to light: a run that has ended, then its job.
_ROUNDS = 3
#: How long deleting a job may take that is deleted in passing.
_IN_PASSING_SECONDS = 10.0


class Doctor:
    """Finds, and puts right.

    Args:
        gateway: the vendor's compute service.
        config: options.
        folder: where the ledger and the lock lie; see `state_folder`.
        words: what jobs have left in their area.
        clock: time.
    """

    def __init__(
        self,
        gateway: JobGateway,
        config: Config,
        folder: Path,
        *,
        words: JobWords | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._gateway, self._config, self._folder = gateway, config, folder
        self._words, self._clock = words or NoWords(), clock or Clock()
        self._ledger = Ledger(folder, self._clock)

    def diagnose(self) -> list[Finding]:
        """List what is not as it should be; change nothing.

        Raises:
            BMLLError: the vendor does not say.
        """
        picture = take_picture(self._gateway, self._ledger)
        return Examiner(picture, self._config, self._words, self._clock.now()).findings()

    def repair(self) -> list[Finding]:
        """Put right what can be, and list what was found, each with what became of it.

        Raises:
            BMLLError: the vendor does not say.
            LockedError: others were submitting all the time.
        """
        with one_at_a_time(self._folder, self._config.submit_timeout, self._clock):
            self._ledger.sweep()
            found: list[Finding] = []
            for _ in range(_ROUNDS):
                fresh = [each for each in self.diagnose() if not _is_in(each, found)]
                found += [self._mend(each) for each in sorted(fresh, key=_turn)]
            return found

    def clean_up(self, submit_id: str) -> Entry | None:
        """Bring a submission's page up to date, and delete its job if that was asked for.

        Returns:
            The page as it stands now; None where there is none.

        Raises:
            BMLLError: the vendor does not say, or the job could not be deleted.
        """
        entry = self._ledger.find(submit_id)
        return self._cleaned(entry, self._asking()) if entry else None

    def clean_up_some(self, number: int) -> None:
        """Clean up the oldest submissions whose runs are not active any more.

        Raises:
            BMLLError: the vendor does not say, or a job could not be deleted.
            DataInvalidError: a page of the ledger cannot be read.
        """
        started = [each for each in self._ledger.open_entries() if each.step == "started"]
        old = [each for each in started if self._clock.now() - each.updated > UNLISTED]
        active = {each.id for each in self._gateway.active_runs()} if old else set()
        over = [each for each in old if each.run_id not in active]
        for each in over[:number]:
            self._cleaned(each, Asking(self._clock, self._clock.deadline(_IN_PASSING_SECONDS)))

    def _cleaned(self, entry: Entry, asking: Asking) -> Entry:
        if entry.step == "started":
            entry = self._brought_up_to_date(entry)
        if entry.job_id and is_done_with(entry):
            delete_idle(self._gateway, asking, entry.job_id)
            entry = self._ledger.write(entry, job_deleted=True)
        return entry

    def _brought_up_to_date(self, entry: Entry) -> Entry:
        runs = runs_of(self._gateway, str(entry.job_id))
        run = next((each for each in runs if each.id == entry.run_id), None)
        young = self._clock.now() - entry.updated < UNLISTED
        if run.active if run else young:
            return entry
        outcome = outcome_of(run, entry.submit_id, self._config, self._words)
        return self._ledger.write(entry, step="ended", outcome=outcome)

    def _mend(self, finding: Finding) -> Finding:
        try:
            self._actions[finding.action](finding)
        except BeafError as error:
            return replace(finding, done=False, fault=error.message)
        return replace(finding, done=finding.action != "nothing")

    @property
    def _actions(self) -> dict[Action, Callable[[Finding], None]]:
        return {
            "record": self._record,
            "delete_job": self._delete_job,
            "terminate": self._terminate,
            "end": self._end,
            "void": self._void,
            "forget": lambda finding: self._ledger.forget(str(finding.submit_id)),
            "nothing": lambda finding: None,
        }

    def _record(self, finding: Finding) -> None:
        """Write a run down as if its submitter had lived to do so."""
        job = self._gateway.get_job(str(finding.job_id))
        if job is None:
            raise BMLLError(f"job {finding.job_id} is gone by now")
        # Whether a stranger's job is to be deleted is the stranger's to say.
        entry = self._entry(finding) or self._stranger(finding, job)
        at = {"job_id": job.id, "log_area": job.log_area, "log_path": job.log_path}
        self._ledger.write(entry, step="started", run_id=finding.run_id, **at)

    def _stranger(self, finding: Finding, job: Job) -> Entry:
        now = self._clock.now()
        about = "submitted from elsewhere"
        return Entry(
            str(finding.submit_id), "", job.name, about, "started", job.created, now, "never"
        )

    def _delete_job(self, finding: Finding) -> None:
        entry = self._entry(finding)
        job_id = finding.job_id
        if job_id:
            delete_idle(self._gateway, self._asking(), job_id)
        if entry and (entry.underway or entry.job_id == job_id):
            step = "void" if entry.underway else entry.step
            note = entry.note or "broken off"
            self._ledger.write(entry, step=step, note=note, job_id=job_id, job_deleted=True)

    def _terminate(self, finding: Finding) -> None:
        end_run(self._gateway, self._asking(), str(finding.run_id), finding.job_id)
        entry = self._entry(finding)
        if entry and entry.step == "withdrawing":
            self._delete_job(finding)

    def _end(self, finding: Finding) -> None:
        entry = self._entry(finding)
        assert entry
        self._brought_up_to_date(entry)

    def _void(self, finding: Finding) -> None:
        entry = self._entry(finding)
        assert entry
        self._ledger.write(entry, step="void", note=entry.note or "broken off")

    def _entry(self, finding: Finding) -> Entry | None:
        return self._ledger.find(str(finding.submit_id))

    def _asking(self) -> Asking:
        return Asking(self._clock, self._clock.deadline(self._config.submit_timeout))


def _turn(finding: Finding) -> bool:
    """Whether a finding waits for others: a job is deleted when its runs have been ended."""
    return finding.action == "delete_job"


def _is_in(finding: Finding, found: Sequence[Finding]) -> bool:
    """Say whether the same was found, and seen to, before."""
    return any(replace(each, done=None, fault=None) == finding for each in found)
