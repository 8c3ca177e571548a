"""Which worker processes does a run have, and what becomes of a task when one dies?"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.batches.memory import IDLE
from beaf_core.engine.batches.process import WorkerDiedError, WorkerProcess
from beaf_core.engine.batches.wire import PassTask, Task, raised_again
from beaf_core.model.errors import ResourceError

if TYPE_CHECKING:
    from beaf_core.engine.batches.recluster import Inputs
    from beaf_core.engine.batches.wire import Answer
    from beaf_core.engine.batches.workfolder import WorkFolder
    from beaf_core.engine.work import Batch
    from beaf_core.model.run import LaunchRequest

_log = logging.getLogger("beaf.workers")


class CannotTravelError(Exception):
    """A worker would not compute what this process asks, and has said why."""


@dataclass(frozen=True, slots=True)
class Job:
    """Passes to be computed in a worker.

    Attributes:
        request: the run.
        passes: the passes.
        batch: the listings.
        name: how it is called when it fails: `batch 2 of 5 of mic=XLON:2026-02-01`.
        inputs: files to read in place of the source.
    """

    request: LaunchRequest
    passes: tuple[PassTask, ...]
    batch: Batch
    name: str
    inputs: Inputs

    @property
    def listings(self) -> str:
        """The listings, for people."""
        if self.batch.listings is None:
            return "all listings"
        listed = ", ".join(map(str, self.batch.listings[:5]))
        more = len(self.batch.listings) - 5
        return f"listings {listed}" + (f" and {more} more" if more > 0 else "")


class WorkerPool:
    """Worker processes that are started when they are needed, and kept until the run ends.

    Attributes:
        notes: what a person should hear of them.
        peak: the most bytes that one of them has held.
    """

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.peak = 0
        self._idle: list[WorkerProcess] = []
        self._busy: list[WorkerProcess] = []
        self._threads = 0
        self._stopped = False
        self._lock = Lock()

    def note(self, text: str) -> None:
        """Tell a person, now and in the manifest; the same thing once."""
        if text not in self.notes:
            self.notes.append(text)
            _log.warning("note: %s", text)

    # -- computing -----------------------------------------------------------------------------

    def compute(
        self, jobs: Sequence[Job], *, workers: int, threads: int, folder: WorkFolder
    ) -> list[list[pl.DataFrame]]:
        """Compute jobs, in their order as far as workers are free.

        Args:
            jobs: what to compute.
            workers: how many processes at once.
            threads: how many threads each may use.
            folder: where their results go.

        Returns:
            For each job the frames of its passes.

        Raises:
            CannotTravelError: a worker finds other declarations or inputs.
            ResourceError: a job has ended two workers, or there is no room.
            BeafError: what a job has raised.
        """
        self._prepare(threads)
        results = folder.path
        with ThreadPoolExecutor(workers, thread_name_prefix="beaf-worker") as executor:
            futures = [executor.submit(self._carry_out, job, results) for job in jobs]
            try:
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
                for each in done:
                    each.result()
                return [each.result() for each in futures]
            except BaseException:
                # What the others compute is of no use any more.
                executor.shutdown(wait=False, cancel_futures=True)
                self._end_workers()
                raise

    def _prepare(self, threads: int) -> None:
        if threads != self._threads:
            self._end_workers()
        self._threads, self._stopped = threads, False

    def _carry_out(self, job: Job, folder: Path) -> list[pl.DataFrame]:
        try:
            return self._attempt(job, folder)
        except WorkerDiedError as first:
            if self._stopped:
                raise
            self.note(f"the worker of {job.name} ended ({first}); it is computed once more")
        try:
            return self._attempt(job, folder, fresh=True)
        except WorkerDiedError as second:
            raise ResourceError(
                f"{job.name} ended two workers ({second}); it has {job.listings}",
                remedy="lower NUM_WORKERS or MEMORY_PER_WORKER, so that batches become smaller, "
                "or take a machine with more memory",
            ) from second

    def _attempt(self, job: Job, folder: Path, *, fresh: bool = False) -> list[pl.DataFrame]:
        name = secrets.token_hex(8)
        paths = [folder / f"{name}-{index}.arrow" for index in range(len(job.passes))]
        task = Task(job.request, job.passes, job.batch, tuple(map(str, paths)), job.inputs)
        try:
            answer = self._answer(task, fresh=fresh)
            if answer.differs:
                raise CannotTravelError(answer.differs)
            if answer.error:
                raise raised_again(answer.error)
            return [pl.read_ipc(path) for path in paths]
        finally:
            for path in paths:
                path.unlink(missing_ok=True)

    # -- workers -------------------------------------------------------------------------------

    def _answer(self, task: Task, *, fresh: bool) -> Answer:
        worker = self._taken(fresh=fresh)
        keep = False
        try:
            answer = worker.ask(task)
            self.peak = max(self.peak, answer.peak)
            # One that does not give back what it took would exceed its budget on the next task.
            budget = task.batch.budget
            keep = budget is None or answer.resident <= budget + IDLE
            return answer
        finally:
            self._given_back(worker, keep=keep)

    def _taken(self, *, fresh: bool) -> WorkerProcess:
        with self._lock:
            if self._stopped:
                raise WorkerDiedError("the run has ended")
            if fresh and self._idle:
                self._idle.pop().end()  # so that there are not more of them than there may be
            worker = self._idle.pop() if self._idle and not fresh else WorkerProcess(self._threads)
            self._busy.append(worker)
            return worker

    def _given_back(self, worker: WorkerProcess, *, keep: bool) -> None:
        with self._lock:
            if worker in self._busy:
                self._busy.remove(worker)
            if keep and not self._stopped:
                self._idle.append(worker)
                return
        worker.end()

    def _end_workers(self) -> None:
        with self._lock:
            self._stopped = True
            workers = [*self._idle, *self._busy]
            self._idle, self._busy = [], []
        for each in workers:
            each.end()

    def close(self) -> None:
        """End every worker."""
        self._end_workers()
