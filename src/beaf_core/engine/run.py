"""How does a request become outputs? Universe, plan, compute, check, write, report."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from beaf_core.config.redact import mask_of, redact
from beaf_core.engine.compile import LISTING
from beaf_core.engine.compute import compute
from beaf_core.engine.expectations import Around
from beaf_core.engine.prepare import DayPlan, Preparer, require_ready
from beaf_core.engine.quality import check_quality
from beaf_core.engine.receipts import (
    fingerprint,
    make_folder,
    now,
    outcome_facts,
    versions,
    write_manifest,
)
from beaf_core.engine.schema_lock import SchemaLock
from beaf_core.engine.session import Session, open_session
from beaf_core.engine.work import PassWork
from beaf_core.model.dates import DayStatus, cut_range
from beaf_core.model.errors import (
    BeafError,
    ExitCode,
    UsageError,
)
from beaf_core.model.partition import (
    DatePartition,
    PartitionRun,
    UniversePartition,
    parse_universe_spec,
)
from beaf_core.model.run import LaunchRequest, PassOutcome, RunReport, Target, summarise
from beaf_core.model.tables import worst_status
from beaf_core.plugins.inline import DEFAULT_UNIVERSE

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass


def execute_request(request: LaunchRequest) -> RunReport:
    """Carry out a run in this process.

    Every partition stands for itself: one that fails leaves the others, and what it replaced,
    whole. The manifest is written in any case.
    """
    session = request.session or open_session(request)
    run = _Run(request, session)
    started = now()
    outcomes: list[PassOutcome] = []
    code = ExitCode.BUG
    make_folder(run.folder)  # a run that could not be told of must not write
    try:
        outcomes.extend(run.outcomes())
        code = summarise(outcomes)
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
        raise
    except BeafError as error:
        code = error.exit_code
        raise
    finally:
        manifest = run.write_manifest(started, outcomes, code)
    return RunReport(request.run_id, manifest, tuple(outcomes), code)


@dataclass
class _Run:
    """One run: its request, its session, and what it noticed on the way."""

    request: LaunchRequest
    session: Session
    days: list[dict[str, Any]] = field(default_factory=list)
    timings: list[dict[str, Any]] = field(default_factory=list)

    def outcomes(self) -> Iterator[PassOutcome]:
        """Run every pass of every partition, in order."""
        work = list(self._work())
        check_locations(work)
        _ = self.schema_lock  # a damaged one is told once, before anything is computed
        self.session.progress.begin(len(work))
        for resolved, partition in work:
            for outcome in self._guarded(resolved, partition):
                self.session.progress.advance(outcome)
                yield outcome

    @cached_property
    def schema_lock(self) -> SchemaLock:
        """What the columns of passes are held against."""
        return SchemaLock.of(self.session.pipeline.config)

    def _work(self) -> Iterator[tuple[ResolvedPass, PartitionRun]]:
        config = self.session.pipeline.config
        universe = parse_universe_spec(self.request.selector)
        dates = self.request.dates
        for resolved in self.session.pipeline.passes:
            frequency = resolved.config.batch_freq or config.BATCH_FREQ
            for start, end in cut_range(dates.start, dates.end, frequency):
                partition = DatePartition(start.isoformat(), end.isoformat())
                yield resolved, PartitionRun(universe, partition)

    def _guarded(self, resolved: ResolvedPass, partition: PartitionRun) -> list[PassOutcome]:
        """Run one partition; what a person can put right becomes its outcome."""
        started = time.perf_counter()
        try:
            return self._partition(resolved, partition)
        except Exception as error:  # noqa: BLE001 — a fault of ours, too, is one partition's
            return [self._failed(resolved, partition, error)]
        finally:
            seconds = round(time.perf_counter() - started, 3)
            self.timings.append(
                {"pass": resolved.name, "partition": partition.key, "seconds": seconds}
            )

    def _failed(
        self, resolved: ResolvedPass, partition: PartitionRun, error: Exception
    ) -> PassOutcome:
        told, code = f"this is a bug in BEAF: {type(error).__name__}: {error}", ExitCode.BUG
        if isinstance(error, BeafError):
            told, code = str(error), error.exit_code
        # A plugin's message may quote what it was given, secrets included.
        mask = mask_of(self.request.config, os.environ)
        trace = mask("".join(traceback.format_exception(error)))
        return PassOutcome(
            resolved.name, partition.key, "failed", None, mask(told), code, traceback=trace
        )

    def _partition(self, resolved: ResolvedPass, partition: PartitionRun) -> list[PassOutcome]:
        plans = self._plan(resolved, partition)
        require_ready(plans, allow_missing=self.request.allow_missing)
        ready = [plan for plan in plans if plan.tables]
        if not ready or any(_is_half_there(plan) for plan in plans):
            status = worst_status(plan.status for plan in plans)
            status = DayStatus.CLOSED if status is DayStatus.READY else status
            return [PassOutcome(resolved.name, partition.key, status, None, _left_out(plans))]
        targets = [self._stamped(target, resolved, partition, plans) for target in resolved.targets]
        stale = [target for target in targets if not self._stands(target, partition)]
        frame, warnings = self._compute(resolved, ready) if stale else (None, [])
        message = "; ".join(filter(None, [_left_out(plans), *warnings])) or None
        return [
            self._publish(target, partition, frame if target in stale else None, message)
            for target in targets
        ]

    def _plan(self, resolved: ResolvedPass, partition: PartitionRun) -> list[DayPlan]:
        preparer = Preparer(self.session.host, self.session.pipeline)
        dates = self.request.dates
        days = preparer.days(partition, whole_request_is_one_day=dates.start_date == dates.end_date)
        universe = self._universe()
        plans = [preparer.day_plan(resolved, universe, day) for day in days]
        self.days += [_day_facts(resolved, plan) for plan in plans]
        return plans

    def _universe(self) -> UniversePartition:
        return parse_universe_spec(self.request.universe or DEFAULT_UNIVERSE)

    def _compute(
        self, resolved: ResolvedPass, plans: Sequence[DayPlan]
    ) -> tuple[pl.DataFrame, list[str]]:
        [frame] = compute([PassWork(resolved, plans)])
        config = self.session.pipeline.config
        checks = resolved.config.quality_checks
        checks = checks if checks and checks.ENABLED else config.QUALITY_CHECKS
        around = Around(_listings(plans))
        faults = check_quality(resolved, checks, frame, around)
        if frame.is_empty() and not faults:
            faults = ["no row matches, so the output is empty"]
        return frame, [*faults, *self.schema_lock.check(resolved.name, frame.schema)]

    # -- outputs -------------------------------------------------------------------------------

    def _stamped(
        self,
        target: Target,
        resolved: ResolvedPass,
        partition: PartitionRun,
        plans: Sequence[DayPlan],
    ) -> Target:
        return target.stamped(
            run_id=self.request.run_id,
            fingerprint=fingerprint(self.session.pipeline, resolved, partition, target, plans),
            source=self.session.pipeline.require_source(),
            written_at=now(),
        )

    def _stands(self, target: Target, partition: PartitionRun) -> bool:
        """Say whether the target holds exactly this already, so that nothing need be done."""
        if self.request.force:
            return False
        receipt = self.session.host.find_receipt(target, partition)
        if receipt is not None and receipt.partition != partition.key:
            raise UsageError(
                f"{receipt.location} holds another partition, {receipt.partition}",
                remedy="put {universe}, {start_date} and {end_date} into path_template, "
                "or replace it with --force",
            )
        return receipt is not None and receipt.fingerprint == target.stamp["fingerprint"]

    def _publish(
        self,
        target: Target,
        partition: PartitionRun,
        frame: pl.DataFrame | None,
        message: str | None,
    ) -> PassOutcome:
        if frame is None:
            receipt = self.session.host.find_receipt(target, partition)
            return PassOutcome(target.pass_name, partition.key, "unchanged", receipt, message)
        receipt = self.session.host.write_output(frame.lazy(), target, partition)
        return PassOutcome(target.pass_name, partition.key, "written", receipt, message)

    # -- manifest ------------------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """Where the run's manifest goes."""
        return Path(self.request.project, ".beaf", "runs", self.request.run_id)

    def write_manifest(self, started: str, outcomes: Sequence[PassOutcome], code: ExitCode) -> str:
        """Write what was asked, what was found, and what became of it."""
        manifest = {
            "run_id": self.request.run_id,
            "started": started,
            "finished": now(),
            "exit_code": int(code),
            "versions": versions(),
            "pipeline": self.request.pipeline,
            "universe": self.request.universe,
            "dates": self.request.dates.key,
            "config": redact(dict(self.request.config)),
            "notes": list(self.session.pipeline.notes),
            "days": self.days,
            "timings": self.timings,
            "outcomes": [outcome_facts(each) for each in outcomes],
        }
        return write_manifest(self.folder, manifest)


def check_locations(work: Sequence[tuple[ResolvedPass, PartitionRun]]) -> None:
    """Refuse a run of which one output would replace another.

    Raises:
        UsageError: two outputs with one location.
    """
    taken: dict[tuple[str, str], str] = {}
    for resolved, partition in work:
        for number, target in enumerate(resolved.targets):
            location = target.location(partition)
            mine = f"{resolved.name} {partition.key}" + (f" (extra {number})" if number else "")
            other = taken.setdefault((target.type, location), mine)
            if other != mine:
                raise UsageError(
                    f"{other} and {mine} would both be written to {location}",
                    remedy="put {pass}, {universe}, {start_date} and {end_date} into path_template",
                )


def _is_half_there(plan: DayPlan) -> bool:
    """Say whether a day has some of its data, and the rest is still to come."""
    return plan.status is DayStatus.PENDING and bool(plan.tables)


def _listings(plans: Sequence[DayPlan]) -> list[int]:
    """List the ids of the universe on all days."""
    return sorted({each for plan in plans for each in plan.listings[LISTING]})


def _left_out(plans: Sequence[DayPlan]) -> str:
    """Say which days were left out, and why."""
    left = [plan for plan in plans if plan.status is not DayStatus.READY]
    return "; ".join(f"{plan.day} is {plan.status}" for plan in left)


def _day_facts(resolved: ResolvedPass, plan: DayPlan) -> dict[str, Any]:
    parts = [part for read in plan.reads for part in read.parts]
    rows = [part.rows for part in parts if part.rows is not None]
    return {
        "pass": resolved.name,
        "day": plan.day.isoformat(),
        "status": plan.status,
        "listings": plan.listings.height,
        "rows_in": sum(rows) if len(rows) == len(parts) else None,
        "parts": [part.location for part in parts],
        "absent": list(plan.absent),
    }
