"""How is a partition computed when it is cut: in which batches, here or in workers?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from beaf_core.engine.batches.batch import Limits, Step, in_pieces, plan_steps
from beaf_core.engine.batches.crew import CannotTravelError, Job
from beaf_core.engine.batches.memory import IDLE, budget_of, total_memory
from beaf_core.engine.batches.process import cores
from beaf_core.engine.batches.recluster import Inputs, sort_into_files, with_inputs
from beaf_core.engine.batches.rows import total_rows
from beaf_core.engine.batches.wire import pass_task
from beaf_core.engine.batches.workfolder import WorkFolder
from beaf_core.engine.compiler.combine import sort_output
from beaf_core.engine.compiler.compute import compute

if TYPE_CHECKING:
    from beaf_core.config.analytics import AnalyticsConfig
    from beaf_core.engine.session import Session
    from beaf_core.engine.work import PassWork
    from beaf_core.model.partition import PartitionRun
    from beaf_core.model.run import LaunchRequest


def compute_in_batches(
    session: Session, request: LaunchRequest, work: Sequence[PassWork], partition: PartitionRun
) -> list[pl.DataFrame]:
    """Compute passes of a partition within the memory that a worker may take.

    What fits is computed at once, in this process. Else listings are packed into batches, and
    those are computed by worker processes, the largest first; by this one, one after another,
    where NUM_WORKERS is 0 or the pipeline holds objects that cannot travel.

    Returns:
        One frame per pass, as if it had been computed at once.

    Raises:
        ResourceError: a batch has ended two workers.
        BeafError: what a batch has raised.
    """
    config = session.pipeline.config
    limits = _limits(config)
    steps = sorted(plan_steps(work, limits), key=lambda step: -step.bytes)
    if not _is_large(steps, limits):
        steps = [piece for step in steps for piece in in_pieces(step, limits)]
        frames = [compute(step.work, step.batch) for step in steps]
        return [_combined(each, steps, frames) for each in work]
    parent = Path(config.TEMP_DIR or Path(request.project, ".beaf", "tmp"))
    with WorkFolder(parent) as folder:
        cutting = Cutting(session, request, partition, limits, steps, folder)
        results = cutting.results()
    return [_combined(each, steps, results) for each in work]


@dataclass(frozen=True, slots=True)
class Cutting:
    """A partition that is cut into steps, the largest first.

    Attributes:
        session: the resolved pipeline.
        request: the run.
        partition: the partition, for people.
        limits: what a step may take.
        steps: the plan.
        folder: where temporary files go.
    """

    session: Session
    request: LaunchRequest
    partition: PartitionRun
    limits: Limits
    steps: Sequence[Step]
    folder: WorkFolder

    def results(self) -> list[list[pl.DataFrame]]:
        """Compute each step: the frames of its passes."""
        inputs = sort_into_files(self.steps, self.folder)
        if self.session.pipeline.config.NUM_WORKERS:
            reason = stays_here(self.session, self.request)
            if reason is None:
                try:
                    return self._in_workers(inputs)
                except CannotTravelError as error:
                    reason = str(error)
            self.session.pool.note(
                f"no worker can compute this pipeline, so this process does: {reason}"
            )
        return [
            compute([with_inputs(each, files) for each in step.work], step.batch)
            for step, files in zip(self.steps, inputs, strict=True)
        ]

    def _in_workers(self, inputs: Sequence[Inputs]) -> list[list[pl.DataFrame]]:
        config = self.session.pipeline.config
        workers = worker_count(config, len(self.steps), self.limits.budget + IDLE)
        threads = max(cores() // workers, 1)
        return self.session.pool.compute(
            self._jobs(inputs), workers=workers, threads=threads, folder=self.folder
        )

    def _jobs(self, inputs: Sequence[Inputs]) -> list[Job]:
        plain = replace(self.request, session=None)
        work = {id(each): each for step in self.steps for each in step.work}
        tasks = {key: pass_task(each, self.partition) for key, each in work.items()}
        of = f"{len(self.steps)} of {self.partition.key}"
        return [
            Job(
                plain,
                tuple(tasks[id(each)] for each in step.work),
                step.batch,
                f"batch {number} of {of}",
                files,
            )
            for number, (step, files) in enumerate(zip(self.steps, inputs, strict=True), start=1)
        ]


def _is_large(steps: Sequence[Step], limits: Limits) -> bool:
    return len(steps) > 1 or steps[0].bytes > limits.budget


def worker_count(config: AnalyticsConfig, steps: int, each: int) -> int:
    """Say how many workers compute at once: as many as are wished, needed, and find memory.

    Args:
        config: the pipeline's fields; a negative NUM_WORKERS is one per core.
        steps: what is to be done.
        each: bytes that one worker may take.
    """
    wished = cores() if config.NUM_WORKERS < 0 else config.NUM_WORKERS
    return max(min(wished, steps, total_memory() // each), 1)


def stays_here(session: Session, request: LaunchRequest) -> str | None:
    """Say why a request does not tell workers everything; None where it does."""
    if session.given:
        return f"{' and '.join(session.given)} was given as a function of this process"
    own = Path(request.pipeline).resolve() if request.pipeline else None
    for entry in session.host.catalog.entries:
        if entry.inline is not None and Path(entry.value).resolve() != own:
            return f"the {entry.kind} {entry.name} is an object of this process"
    return None


def _combined(
    work: PassWork, steps: Sequence[Step], results: Sequence[Sequence[pl.DataFrame]]
) -> pl.DataFrame:
    frames = [
        (step.batch.listings or (), frame)
        for step, computed in zip(steps, results, strict=True)
        for each, frame in zip(step.work, computed, strict=True)
        if each is work
    ]
    if len(frames) == 1:
        return frames[0][1]
    # Batches are runs of listings, and each is sorted by listing and bucket: put side by side in
    # the order of their listings they are sorted. To sort them again costs 14 % of a bar's CPU.
    frames.sort(key=lambda each: each[0])
    whole = pl.concat([each for _, each in frames], how="vertical_relaxed")
    return sort_output(work.resolved, whole)


class Estimate(NamedTuple):
    """What a computation would take.

    Attributes:
        rows: the rows that it reads, as far as the source tells.
        bytes: the peak of its largest batch.
        batches: in how many pieces it would be computed.
    """

    rows: int
    bytes: int
    batches: int


def estimate(session: Session, work: Sequence[PassWork]) -> Estimate:
    """Estimate from metadata alone what a partition would take."""
    steps = plan_steps(work, _limits(session.pipeline.config), exact=False)
    rows = sum(total_rows(work).values())
    return Estimate(rows, IDLE + max(step.bytes for step in steps), len(steps))


def _limits(config: AnalyticsConfig) -> Limits:
    return Limits.of(config, budget_of(config.MEMORY_PER_WORKER))
