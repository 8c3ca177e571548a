"""What has become of a run on one of the vendor's machines, and how is it ended?"""

from __future__ import annotations

import json
import logging
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from beaf_bmll.config import Config
from beaf_bmll.errors import BMLLError
from beaf_bmll.gateway import JobGateway, JobRun
from beaf_bmll.staging import AreaWords, Word
from beaf_bmll.submit import Asking, Clock, Doctor, Entry, Ledger, end_run, outcome_of, state_folder
from beaf_bmll.submit.cap import UNLISTED
from beaf_bmll.submit.ending import runs_of
from beaf_core import ExitCode, FinishedRun, PassOutcome, RunReport

log = logging.getLogger("beaf")

#: How long a machine that has done its work may take to leave before its job is left to others.
_LEAVING_SECONDS = 30.0
#: So often in a row may nobody answer before waiting is given up.
_UNANSWERED = 10
#: So much short of its hours may a machine be taken away.
_CAP_SLACK = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run has ended.

    Attributes:
        status: `succeeded`, `partly_failed`, `failed`, `cancelled` or `skipped`.
        exit_code: what the shell learns.
        message: why.
        remedy: what to do about it.
    """

    status: str
    exit_code: int
    message: str = ""
    remedy: str = ""


class BMLLRun:
    """A run on one of the vendor's machines; its ref is `<job id>/<run id>/<submit id>`."""

    def __init__(
        self, gateway: JobGateway, config: Config, job_id: str, run_id: str, submit_id: str
    ) -> None:
        self._gateway, self._config = gateway, config
        self._words = AreaWords(config)
        self.job_id, self.run_id, self.submit_id = job_id, run_id, submit_id

    @property
    def ref(self) -> str:
        """The vendor's names of job and run, and ours of the submission."""
        return f"{self.job_id}/{self.run_id}/{self.submit_id}"

    def status(self) -> str:
        """`running`, `succeeded`, `partly_failed`, `failed` or `cancelled`."""
        ended = self.ended()
        if ended is None:
            return "running"
        return "succeeded" if ended.status == "skipped" else ended.status

    def stop(self) -> None:
        """Ask it to end, and see that it does; one that has ended is no fault.

        Raises:
            BMLLError: it is refused, or the run is still active after `submit_timeout`.
        """
        if self.ended() is not None:
            return
        self._words.stop(self.submit_id, self.run_id)
        run = self.vendors()
        clock = Clock()
        asking = Asking(clock, clock.deadline(self._config.submit_timeout))
        end_run(self._gateway, asking, run.id if run else self.run_id, self.job_id)

    def logs(self) -> Iterator[str]:
        """What it has said so far, and how it ended."""
        run = self.vendors()
        if run is not None:
            yield from (line.text for line in self._gateway.logs(run, "stream"))
        else:
            yield from self._kept_log()
        ended = self.ended()
        if ended is not None:
            yield _last_line(ended)

    def wait(self) -> RunReport:
        """Block until it has ended; a pipeline's report has every outcome, any other one has one.

        Raises:
            BMLLError: nobody answers any more; the run goes on.
        """
        try:
            ended = self._wait()
        except KeyboardInterrupt:
            click.echo(f"the run goes on; `beaf job cancel {self.run_id}` ends it", err=True)
            raise
        self.clean_up()
        return self.report() or self._told(ended)

    def _told(self, ended: Ended) -> RunReport:
        """Report what has left no report of its own: a command, or what did not come so far."""
        code = ExitCode(ended.exit_code) if ended.exit_code in list(ExitCode) else _FAILED
        why = "\n  → ".join(filter(None, (ended.message, ended.remedy)))
        outcome = PassOutcome("job", self.ref, ended.status, None, why or None, code)
        return RunReport(self.submit_id, self.ref, (outcome,), code)

    # -- how it stands -------------------------------------------------------------------------

    def ended(self) -> Ended | None:
        """Say how it has ended, by its own word, else by the vendor's; None while it goes on."""
        word = self.word()
        if word is not None and word.is_last:
            return Ended(word.status, word.exit_code, word.message, word.remedy)
        run = self.vendors()
        if run is not None and run.active:
            return None
        word = self.word()  # it may have said its last word this moment
        if word is not None and word.is_last:
            return Ended(word.status, word.exit_code, word.message, word.remedy)
        if run is None and self._may_be_listed_yet():
            return None
        return self._without_word(run)

    def is_known(self) -> bool:
        """Say whether anybody knows it: the run itself, the vendor, or the ledger."""
        told = self.word() is not None or self._is_recorded()
        return told or self.vendors() is not None

    def word(self) -> Word | None:
        """What the run said of itself, in its area."""
        return self._words.word(self.submit_id, self.run_id) or self._words.word(self.submit_id)

    def vendors(self) -> JobRun | None:
        """What the vendor says of the run; None once it is forgotten, as with a deleted job.

        Where an answer lied and made two of it, this is the one that does the work: the other one
        ends at once, and means nothing by that.
        """
        runs = {each.id: each for each in runs_of(self._gateway, self.job_id)}
        own, worker = runs.get(self.run_id), self._words.holder(self.submit_id)
        return own and runs.get(worker or "", own)

    def _without_word(self, run: JobRun | None) -> Ended:
        """Say how a run has ended that left no last word: its machine was taken from it."""
        if self._words.is_stopped(self.submit_id, self.run_id):
            return _CANCELLED
        if run is None:
            return self._remembered()
        if _reached_cap(run):
            return Ended(
                "failed",
                ExitCode.RESOURCES,
                f"its machine was taken away after max_runtime_hours: {run.max_runtime_hours}",
                "raise max_runtime_hours, take a larger machine, or ask for fewer days",
            )
        outcome = outcome_of(run, self.submit_id, self._config, self._words)
        return _ended_as(outcome, _lost(run))

    def _remembered(self) -> Ended:
        """Say what the ledger knows of a run that went with its job."""
        entry = self._entry
        why = "its job was deleted, and nobody has seen how it ended"
        return _ended_as((entry and entry.outcome) or "lost", why)

    def _is_recorded(self) -> bool:
        entry = self._entry
        return entry is not None and entry.run_id == self.run_id

    def _may_be_listed_yet(self) -> bool:
        """Say whether it was started so short a while ago that lists may not show it."""
        entry = self._entry
        if entry is None or not self._is_recorded() or entry.step != "started":
            return False
        young = Clock().now() - entry.updated < UNLISTED
        return young and self._gateway.get_job(self.job_id) is not None

    @property
    def _entry(self) -> Entry | None:
        return Ledger(state_folder(self._config)).find(self.submit_id)

    # -- waiting -------------------------------------------------------------------------------

    def _wait(self) -> Ended:
        unanswered = 0
        while True:
            try:
                ended = self.ended()
                unanswered = 0
            except BMLLError as error:
                unanswered += 1
                if not error.retryable or unanswered == _UNANSWERED:
                    raise
                ended = None
            if ended is not None:
                return ended
            time.sleep(self._config.poll_seconds)

    def clean_up(self) -> None:
        """Delete the job, where that was asked for and its machine goes in a moment."""
        clock = Clock()
        try:
            for _ in clock.deadline(_LEAVING_SECONDS).pauses(0.1, 5.0):
                run = self.vendors()
                if run is None or not run.active:
                    break
            folder = state_folder(self._config)
            Doctor(self._gateway, self._config, folder, words=self._words).clean_up(self.submit_id)
        except BMLLError as error:
            log.warning("the job %s is left over: %s (beaf job doctor)", self.job_id, error.message)

    def _kept_log(self) -> Iterator[str]:
        """Read the log in its area: it is all that is left once the job is deleted."""
        # Guess: the vendor writes files below `log_path` whose path names the run.
        entry = self._entry
        if entry is None or entry.log_area not in self._config.area_roots:
            return
        folder = Path(self._config.area_roots[entry.log_area], entry.log_path)
        files = (each for each in sorted(folder.rglob("*")) if each.is_file())
        for file in (each for each in files if self.run_id in str(each.relative_to(folder))):
            yield from file.read_text(encoding="utf-8", errors="replace").splitlines()

    def report(self) -> RunReport | None:
        """Read the report that it left in its area: the manifest of its pipeline."""
        for run_id in (self.run_id, None):
            text = self._words.report(self.submit_id, run_id)
            if text is not None:
                return _report_of(text)
        return None


_FAILED = ExitCode.PARTLY_FAILED
_CANCELLED = Ended("cancelled", ExitCode.INTERRUPTED, "the run was asked to end")


def _ended_as(outcome: str, why: str) -> Ended:
    """Say how a run has ended whose end somebody else has seen."""
    if outcome == "succeeded":
        return Ended("succeeded", ExitCode.OK)
    if outcome == "cancelled":
        return _CANCELLED
    status = "partly_failed" if outcome == "partly_failed" else "failed"
    return Ended(status, _FAILED, why, "see its log, and run it again")


def _report_of(text: str) -> RunReport:
    with tempfile.TemporaryDirectory() as folder:
        manifest = Path(folder, "manifest.json")
        manifest.write_text(text, encoding="utf-8")
        report = FinishedRun.load(str(manifest)).report
    facts: dict[str, Any] = json.loads(text)
    return replace(report, manifest=str(facts["manifest"]))


def _reached_cap(run: JobRun) -> bool:
    # Guess: the vendor says so in the last state or its reason; if not, its hours tell.
    said = f"{run.state} {run.termination_reason or ''}".lower()
    if any(word in said for word in ("timed", "timeout", "runtime")):
        return True
    # Guess: hours are counted from when a machine is asked for.
    began = next((at for state, at in run.states if state.lower() != "requested"), None)
    allowed = timedelta(hours=run.max_runtime_hours) - _CAP_SLACK
    return began is not None and run.states[-1][1] - began >= allowed


def _lost(run: JobRun) -> str:
    reason = f" ({run.termination_reason})" if run.termination_reason else ""
    return f"its machine ended as {run.state or 'unknown'}{reason}, and it left no last word"


def _last_line(ended: Ended) -> str:
    told = f": {ended.message}" if ended.message else ""
    return f"{ended.status} with exit code {ended.exit_code}{told}"
