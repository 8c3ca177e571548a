"""How does a submission become exactly one run, whatever is lost on the way?

Before each call that changes something, the ledger says so; after each answer, good or bad, what
there is at the vendor is looked at. So a submitter that dies, or is not told, leaves nothing that
the next one, or `beaf job doctor`, cannot find by the submit id.
"""

from __future__ import annotations

import logging
from pathlib import Path

from beaf_bmll.config import Config
from beaf_bmll.gateway import JobGateway
from beaf_bmll.submit.asking import Asking
from beaf_bmll.submit.cap import Counter, reached
from beaf_bmll.submit.clock import Clock
from beaf_bmll.submit.doctor import Doctor
from beaf_bmll.submit.ledger import Ledger
from beaf_bmll.submit.lock import one_at_a_time
from beaf_bmll.submit.nouns import Entry, JobWords, NoWords, Submission, Submitted
from beaf_bmll.submit.way import Way, submitted
from beaf_core import BeafError, DataInvalidError, UsageError

log = logging.getLogger("beaf")

#: So many jobs that have ended are deleted with each submission: more than come with it.
_TIDIED = 3


class Submitter:
    """Submits jobs, one at a time, from one folder.

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
        self.ledger = Ledger(folder, self._clock)
        self._counter = Counter(gateway, self.ledger, config, self._words, self._clock)

    def submit(self, submission: Submission) -> Submitted:
        """Start a submission's run, or take over the one that is there already.

        Waiting for other submitters, and then submitting, may take `submit_timeout` each.

        Raises:
            CapReachedError: as many machines run as may; nothing was started.
            BMLLError: there is no run; where its `unsure` is set, one may yet appear, which the
                next submission of the same, or `beaf job doctor`, takes over.
            LockedError: others were submitting all the time.
            UsageError: the submission was taken back before.
            ResourceError: the ledger cannot be written; nothing was started.
        """
        timeout = self._config.submit_timeout
        with one_at_a_time(self._folder, timeout, self._clock):
            asking = Asking(self._clock, self._clock.deadline(timeout))
            done = self._submit(submission, asking)
        self._tidy()
        return done

    def _submit(self, submission: Submission, asking: Asking) -> Submitted:
        self._note_broken(submission, asking)
        known = self.ledger.find(submission.submit_id)
        if known and known.run_id:
            _refuse_taken_back(known)
            return submitted(known, asking, adopted=True)
        self._counter.check(submission.cap, submission.submit_id)
        unfinished = known if known and known.step != "void" else None
        way = Way(
            self._gateway,
            self.ledger,
            self._words,
            submission,
            asking,
            unfinished,
            self._config.http_timeout,
        )
        way.go()
        if submission.cap is not None:
            self._hold(submission.cap, way, asking)
        return way.submitted()

    def _note_broken(self, submission: Submission, asking: Asking) -> None:
        """Tell of submissions whose submitter died: while we hold the lock, none is at work."""
        try:
            entries = self.ledger.open_entries()
        except DataInvalidError as error:
            asking.notes.append(error.message)
            return
        for each in entries:
            if each.underway and each.submit_id != submission.submit_id:
                asking.notes.append(
                    f"the submission of {each.name} was broken off, and may have a run: see "
                    "`beaf job doctor`"
                )

    def _hold(self, cap: int, way: Way, asking: Asking) -> None:
        """Count again: submitters of other machines may have counted at the same time.

        All of them see the same order of machines, and those that came last withdraw.
        """
        try:
            machines = self._counter.machines()
        except BeafError as error:
            # There was room when we counted under the lock; only another machine could have
            # taken it since.
            asking.notes.append(f"machines could not be counted again: {error.message}")
            return
        places = [each.run_id for each in machines]
        if way.entry.run_id in places[cap:]:
            way.withdraw(f"one machine too many: max_concurrent_instances is {cap}")
            raise reached(cap, machines[:cap])

    def _tidy(self) -> None:
        """Delete a few jobs that have ended since, as was asked for: nobody else may come by."""
        doctor = Doctor(
            self._gateway, self._config, self._folder, words=self._words, clock=self._clock
        )
        try:
            doctor.clean_up_some(_TIDIED)
        except BeafError as error:
            log.info("jobs that have ended are left to `beaf job doctor`: %s", error.message)


def _refuse_taken_back(known: Entry) -> None:
    """Refuse to run again what has run for a while: its job would take itself for a second copy."""
    if known.step in ("withdrawing", "void"):
        raise UsageError(
            f"the submission {known.submit_id} ({known.run_name}) was taken back: {known.note}",
            remedy="run it again, under a new name",
        )
