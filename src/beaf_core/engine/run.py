"""How does a request become outputs? Universe, plan, compute, check, write, report."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import ParamSpec, TypeVar

import polars as pl

from beaf_core.config.redact import mask_of
from beaf_core.config.resolved import ResolvedPass
from beaf_core.engine.batches.pool import compute_in_batches
from beaf_core.engine.checks.quality import check_quality
from beaf_core.engine.checks.schema_lock import SchemaLock
from beaf_core.engine.outputs.locks import locked, publishing
from beaf_core.engine.outputs.manifest import (
    PassKey,
    Record,
    make_folder,
    runs_folder,
    write_manifest,
)
from beaf_core.engine.outputs.overlaps import Overlaps
from beaf_core.engine.outputs.settle import Settler, Work, blocked_by, require_same_sources
from beaf_core.engine.outputs.standing import Selection, Standing
from beaf_core.engine.planning.plans import Planner
from beaf_core.engine.planning.stages import Stage, check_locations, stages_of
from beaf_core.engine.session import Progress, Session, Silence, open_session
from beaf_core.engine.unreadable import Panic
from beaf_core.engine.work import PassWork
from beaf_core.model.command import CommandRequest
from beaf_core.model.errors import BeafError, BlockedError, ExitCode, LockedError, UsageError
from beaf_core.model.faults import Fault, faults_text
from beaf_core.model.outputs import Target
from beaf_core.model.partition import PartitionRun, parse_universe_spec
from beaf_core.model.run import LaunchRequest, PassOutcome, RunReport, notes_of, summarise

Answer = TypeVar("Answer")
Given = ParamSpec("Given")


def execute_request(
    request: LaunchRequest | CommandRequest, progress: Progress | None = None
) -> RunReport:
    """Carry out a run in this process.

    Every partition stands for itself: one that fails leaves the others, and what it replaced,
    whole. The manifest is written in any case.

    Args:
        request: the run.
        progress: hears of each outcome, where the request has come from another process.

    Raises:
        UsageError: it is a command, which needs a process of its own.
    """
    if isinstance(request, CommandRequest):
        raise UsageError(
            f"the launcher runs pipelines, and cannot start the command {request.args[0]}",
            remedy="choose a launcher that starts commands, such as local",
        )
    session = request.session or replace(open_session(request), progress=progress or Silence())
    folder = runs_folder(request.project) / request.run_id
    make_folder(folder)  # a run that could not be told of must not write
    record = Record(request, session.pipeline)
    code = ExitCode.BUG
    try:
        record.outcomes.extend(_Run(request, session, record).outcomes())
        code = summarise(record.outcomes)
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
        raise
    except BeafError as error:
        code = error.exit_code
        raise
    finally:
        session.pool.close()
        record.notes += session.pool.notes
        record.notes += notes_of(record.outcomes)
        manifest = write_manifest(folder, record.facts(code))
    return RunReport(request.run_id, manifest, tuple(record.outcomes), code)


class _Run:
    """One run: its request, its session, and what became of each partition so far."""

    def __init__(self, request: LaunchRequest, session: Session, record: Record) -> None:
        self.request, self.session, self.record = request, session, record
        self.whole = PartitionRun(parse_universe_spec(request.selector), request.dates)
        self.schema_lock = SchemaLock.of(session.pipeline.config)
        self.overlaps = Overlaps(session.host, self.whole)
        config = session.pipeline.config
        selection = Selection.of(request, skip_existing=config.SKIP_EXISTING_OUTPUT)
        planner = Planner(session, request)
        self.settler = Settler(request, session, planner, selection, self.overlaps)
        self.done: dict[PassKey, PassOutcome] = {}

    def outcomes(self) -> Iterator[PassOutcome]:
        """Work off every stage, in order."""
        universe, dates = self.whole.universe, self.whole.dates
        stages = stages_of(self.session.pipeline, universe, dates, self.request.passes)
        check_locations(stages)
        self.session.progress.begin(sum(len(each.passes) for each in stages))
        for stage in stages:
            self.settler.planner.forget_before(stage.horizon)
            for resolved, found in self._stage(stage):
                self.done[resolved.name, stage.partition.key] = found[0]  # of the main target
                failed = [each for each in found if each.exit_code is not ExitCode.OK]
                self.session.progress.advance([*failed, *found][0])
                yield from found

    # -- a stage -------------------------------------------------------------------------------

    def _stage(self, stage: Stage) -> list[tuple[ResolvedPass, list[PassOutcome]]]:
        """Settle, compute together, check and write the passes of one partition."""
        found: dict[str, list[PassOutcome]] = {}
        work: list[Work] = []
        with ExitStack() as locks:
            # In one order everywhere, so that two runs never wait for each other.
            for resolved in sorted(stage.passes, key=lambda each: each.name):
                settled = self._settled(resolved, stage.partition, locks)
                if isinstance(settled, Work):
                    work.append(settled)
                else:
                    found[resolved.name] = settled
            for each, frame in zip(work, self._computed(work, stage.partition), strict=True):
                found[each.resolved.name] = self._published(each, frame)
        return [(each, found[each.name]) for each in stage.passes]

    def _settled(
        self, resolved: ResolvedPass, partition: PartitionRun, locks: ExitStack
    ) -> Work | list[PassOutcome]:
        blocked = blocked_by(self.session.pipeline, resolved, partition, self.done)
        if blocked is not None:
            return [blocked]
        try:
            locks.enter_context(locked(self.request, resolved.targets[0], partition))
        except LockedError as error:
            if self.request.on_lock == "skip":
                return [PassOutcome(resolved.name, partition.key, "skipped", None, error.message)]
            return [self._failed(resolved, partition, error)]
        with self.record.step("plan", [resolved.name], partition):
            settled = self._guarded(resolved, partition, self.settler.settle, resolved, partition)
        self.record.days(resolved, self.settler.planned(resolved, partition))
        return [settled] if isinstance(settled, PassOutcome) else settled

    # -- compute -------------------------------------------------------------------------------

    def _computed(
        self, work: Sequence[Work], partition: PartitionRun
    ) -> list[pl.DataFrame | PassOutcome]:
        """Compute passes together; where that fails, each by itself, to see whose fault it is."""
        if not work:
            return []
        with self.record.step("compute", [each.resolved.name for each in work], partition):
            together = self._guarded(work[0].resolved, partition, self._frames, work)
            if not isinstance(together, PassOutcome):
                return list(together)
            if len(work) == 1:
                return [together]
            return [self._guarded(each.resolved, partition, self._frame, each) for each in work]

    def _frame(self, work: Work) -> pl.DataFrame:
        return self._frames([work])[0]

    def _frames(self, work: Sequence[Work]) -> list[pl.DataFrame]:
        passes = [PassWork(each.resolved, each.ready) for each in work]
        return compute_in_batches(self.session, self.request, passes, work[0].partition)

    # -- check and write -----------------------------------------------------------------------

    def _published(self, work: Work, frame: pl.DataFrame | PassOutcome) -> list[PassOutcome]:
        if isinstance(frame, PassOutcome):
            return [frame]
        resolved, partition = work.resolved, work.partition
        checked = self._guarded(resolved, partition, self._checked, work, frame)
        if isinstance(checked, PassOutcome):
            return [checked]
        with self.record.step("write", [resolved.name], partition):
            return [
                self._guarded(
                    resolved, partition, self._publish, target, standing, work, frame, checked
                )
                for target, standing in work.targets
            ]

    def _checked(self, work: Work, frame: pl.DataFrame) -> list[Fault]:
        """Check a frame; what is wrong with it, and no reason to refuse it, is told."""
        require_same_sources(self.session, work, self.done)
        checks = work.resolved.config.quality_checks
        if checks is None or not checks.ENABLED:
            checks = self.session.pipeline.config.QUALITY_CHECKS
        faults = check_quality(work.resolved, checks, frame, work.around)
        if frame.is_empty() and not faults:
            faults = [Fault("rows", "no row matches, so the output is empty")]
        changes = self.schema_lock.check(work.resolved.name, frame.schema)
        return [*faults, *(Fault("schema", each) for each in changes)]

    def _publish(
        self,
        target: Target,
        standing: Standing,
        work: Work,
        frame: pl.DataFrame,
        faults: Sequence[Fault],
    ) -> PassOutcome:
        name, partition = target.pass_name, work.partition
        told = [work.left_out, *map(str, faults)]
        target = target.stamped(faults=faults_text(faults)) if faults else target
        if not standing.reason:
            return PassOutcome(
                name, partition.key, standing.status, standing.receipt, work.left_out or None
            )
        with publishing(self.request, target, partition, self.overlaps):
            others = self.overlaps.refuse(target, partition, force=self.request.force)
            receipt = self.session.host.write_output(frame.lazy(), target, partition)
            told = [*told, self.overlaps.replace(target, partition, others)]
        message = "; ".join(filter(None, told)) or None
        return PassOutcome(name, partition.key, "written", receipt, message)

    # -- faults --------------------------------------------------------------------------------

    def _guarded(
        self,
        resolved: ResolvedPass,
        partition: PartitionRun,
        step: Callable[Given, Answer],
        *given: Given.args,
        **named: Given.kwargs,
    ) -> Answer | PassOutcome:
        """Do a step; what goes wrong in it is one partition's outcome."""
        try:
            return step(*given, **named)
        except (Exception, Panic) as error:  # noqa: BLE001 — ours, too, is one partition's
            return self._failed(resolved, partition, error)

    def _failed(
        self, resolved: ResolvedPass, partition: PartitionRun, error: BaseException
    ) -> PassOutcome:
        told, code = f"this is a bug in BEAF: {type(error).__name__}: {error}", ExitCode.BUG
        faults: Sequence[Fault] = ()
        if isinstance(error, BeafError):
            told, code, faults = str(error), error.exit_code, error.faults
        # A plugin's message may quote what it was given, secrets included.
        mask = mask_of(self.request.config, os.environ)
        trace = mask("".join(traceback.format_exception(error)))
        status = "blocked" if isinstance(error, BlockedError) else "failed"
        refused = tuple(replace(each, text=mask(each.text)) for each in faults)
        return PassOutcome(
            resolved.name,
            partition.key,
            status,
            message=mask(told),
            exit_code=code,
            traceback=trace,
            refused=refused,
        )
