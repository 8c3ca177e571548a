"""How many machines of ours run, and is there room for one more?

What cannot be counted counts as too many. The vendor's list comes first; what it does not show yet
is taken from the ledger: a run that has just been started may be listed late.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from beaf_bmll.config import Config
from beaf_bmll.errors import BMLLError, CapReachedError
from beaf_bmll.gateway import JobGateway, JobRun
from beaf_bmll.submit.clock import Clock
from beaf_bmll.submit.ending import runs_of
from beaf_bmll.submit.ledger import Ledger
from beaf_bmll.submit.nouns import Entry, JobWords, Step
from beaf_bmll.submit.outcome import outcome_of

#: For so long a run that was asked for, and is not listed, is taken to run.
UNLISTED = timedelta(minutes=10)
#: Steps at which there may be a run.
_MAY_RUN: tuple[Step, ...] = ("starting", "started", "withdrawing")
_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine of ours; the order of machines is that in which they came."""

    begun: datetime
    run_id: str
    submit_id: str | None


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts machines of ours."""

    gateway: JobGateway
    ledger: Ledger
    config: Config
    words: JobWords
    clock: Clock

    def machines(self) -> list[Machine]:
        """List the machines that run, or may run, in the order in which they came.

        Raises:
            BMLLError: the vendor does not say.
            DataInvalidError: a page of the ledger cannot be read.
        """
        entries = [each for each in self.ledger.open_entries() if each.step in _MAY_RUN]
        known = {each.run_id for each in entries if each.run_id}
        # Guess: a run in the list of all runs carries the parameters that it was started with.
        listed = [each for each in self.gateway.active_runs() if each.submit_id or each.id in known]
        ids = {each.id for each in listed}
        unlisted = [each for each in entries if each.run_id not in ids]
        found = [Machine(begun(each), each.id, each.submit_id) for each in listed]
        found += [each for entry in unlisted for each in self._of(entry, ids)]
        return sorted(found, key=lambda each: (each.begun, each.run_id))

    def check(self, cap: int | None, submit_id: str) -> None:
        """See that there is room for the machine of a submission.

        Raises:
            CapReachedError: there is none.
            BMLLError: it cannot be counted, so there is none.
        """
        if cap is None:
            return
        try:
            machines = self.machines()
        except BMLLError as error:
            raise _uncounted(error, cap) from error
        others = [each for each in machines if each.submit_id != submit_id]
        if len(others) >= cap:
            raise reached(cap, others)

    def _of(self, entry: Entry, listed: Iterable[str]) -> list[Machine]:
        """List the machines of a submission that the vendor's list of all runs leaves out."""
        runs = runs_of(self.gateway, entry.job_id) if entry.job_id else []
        active = [each for each in runs if each.active]
        if active:
            fresh = [each for each in active if each.id not in listed]
            return [Machine(begun(each), each.id, entry.submit_id) for each in fresh]
        ended = [each for each in runs if each.id == entry.run_id]
        if ended and entry.step == "started":
            outcome = outcome_of(ended[0], entry.submit_id, self.config, self.words)
            self.ledger.write(entry, step="ended", outcome=outcome)
        young = self.clock.now() - entry.updated < UNLISTED
        if runs or not young:
            return []
        # What is not listed is the newest, whatever our clock says beside the vendor's.
        return [Machine(_LAST, entry.run_id or "", entry.submit_id)]


def begun(run: JobRun) -> datetime:
    """Say when a run was asked for; one that does not say so yet comes last."""
    return run.states[0][1] if run.states else _LAST


def reached(cap: int, machines: Iterable[Machine]) -> CapReachedError:
    """Say that there is no room."""
    running = ", ".join(each.run_id or "one that is being started" for each in machines)
    return CapReachedError(
        f"max_concurrent_instances is {cap}, and as many machines run: {running}",
        remedy="wait until one has ended (`beaf job list`), or raise "
        "BMLL_JOBS.max_concurrent_instances",
    )


def _uncounted(error: BMLLError, cap: int) -> BMLLError:
    return BMLLError(
        f"how many machines run cannot be read, and max_concurrent_instances is {cap}, "
        f"so nothing was started: {error.message}",
        remedy=error.remedy,
        status=error.status,
        retryable=error.retryable,
    )
