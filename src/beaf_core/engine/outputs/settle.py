"""Is a pass of a partition to be computed, and if not, what becomes of it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from beaf_core.engine.checks.expectations import Around
from beaf_core.engine.outputs.manifest import PassKey, now
from beaf_core.engine.outputs.meaning import meaning_of
from beaf_core.engine.outputs.receipts import facets
from beaf_core.engine.outputs.standing import Selection, Standing, stamp_of
from beaf_core.engine.planning.plans import Planner, readiness
from beaf_core.engine.planning.prepare import DayPlan, require_ready
from beaf_core.engine.planning.stages import pieces_of
from beaf_core.model.dates import DayStatus
from beaf_core.model.errors import ExitCode, PartitionFailedError
from beaf_core.model.outputs import Target
from beaf_core.model.run import PassOutcome

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass, ResolvedPipeline
    from beaf_core.engine.outputs.overlaps import Overlaps
    from beaf_core.engine.session import Session
    from beaf_core.model.outputs import Receipt
    from beaf_core.model.partition import PartitionRun
    from beaf_core.model.run import LaunchRequest


@dataclass(frozen=True, slots=True)
class Work:
    """A pass of a partition that is to be computed.

    Attributes:
        resolved: the pass.
        partition: universe × dates.
        plans: every day of it.
        targets: where rows go, stamped, each with what stands there.
    """

    resolved: ResolvedPass
    partition: PartitionRun
    plans: Sequence[DayPlan]
    targets: Sequence[tuple[Target, Standing]]

    @property
    def ready(self) -> list[DayPlan]:
        """The days that have data."""
        return [plan for plan in self.plans if plan.tables]

    @property
    def around(self) -> Around:
        """What the rows are held against."""
        return Around.of(self.resolved, self.ready)

    @property
    def left_out(self) -> str:
        """Which days were left out, and why."""
        return left_out(self.plans)

    @property
    def stale(self) -> list[Standing]:
        """What stands in the targets that are to be written."""
        return [standing for _, standing in self.targets if standing.reason]


@dataclass(frozen=True, slots=True)
class Settler:
    """Settles what needs no computing, and hands out the rest as work."""

    request: LaunchRequest
    session: Session
    planner: Planner
    selection: Selection
    overlaps: Overlaps

    def settle(self, resolved: ResolvedPass, partition: PartitionRun) -> Work | list[PassOutcome]:
        """Settle one pass of a partition.

        Raises:
            DataMissingError: a day that should be there is not.
            UsageError: what stands in a target must not be replaced unasked.
        """
        found = self.receipts(resolved, partition)
        if self.selection.leaves_alone(resolved.name, partition, found):
            self.planner.leave_alone(resolved, partition)
            return [
                PassOutcome(resolved.name, partition.key, "skipped", receipt, None)
                for receipt in found
            ]
        plans = self.planner.plans(resolved, partition)
        require_ready(plans, allow_missing=self.request.allow_missing)
        if readiness(plans) is not DayStatus.READY:
            return [without_data(resolved, partition, plans)]
        work = Work(
            resolved,
            partition,
            plans,
            [
                self._judged(target, resolved, partition, plans, receipt)
                for target, receipt in zip(resolved.targets, found, strict=True)
            ],
        )
        return work if work.stale else _as_it_stands(work)

    def receipts(self, resolved: ResolvedPass, partition: PartitionRun) -> list[Receipt | None]:
        """Find what stands in the targets of a partition.

        Raises:
            UsageError: something that must not be replaced, or counted twice, unasked.
        """
        for target in resolved.targets:
            self.overlaps.refuse(target, partition, force=self.request.force)
        return [
            self.selection.found(self.session.host, target, partition)
            for target in resolved.targets
        ]

    def planned(self, resolved: ResolvedPass, partition: PartitionRun) -> Sequence[DayPlan]:
        """Give the days of a partition, as far as they have been planned."""
        return self.planner.known(resolved, partition)

    def _judged(
        self,
        target: Target,
        resolved: ResolvedPass,
        partition: PartitionRun,
        plans: Sequence[DayPlan],
        receipt: Receipt | None,
    ) -> tuple[Target, Standing]:
        pipeline = self.session.pipeline
        mine = facets(pipeline, resolved, partition, target, plans)
        standing = self.selection.standing(resolved.name, partition, receipt, mine)
        stamp = stamp_of(self.request, target, pipeline.require_source(), mine, now())
        meaning = meaning_of(resolved, mine.digest_of("configuration"))
        return replace(target, stamp=stamp, meaning=meaning), standing


def _as_it_stands(work: Work) -> list[PassOutcome]:
    return [
        PassOutcome(
            work.resolved.name,
            work.partition.key,
            standing.status,
            standing.receipt,
            work.left_out or None,
        )
        for _, standing in work.targets
    ]


def without_data(
    resolved: ResolvedPass, partition: PartitionRun, plans: Sequence[DayPlan]
) -> PassOutcome:
    """Say why a partition is not written: closed, pending or missing."""
    status = readiness(plans).value  # a word: others write it into records of their own
    return PassOutcome(resolved.name, partition.key, status, None, left_out(plans))


def left_out(plans: Sequence[DayPlan]) -> str:
    """Say which days were left out, and why; and what else is to be heard of a day's universe."""
    return "; ".join(filter(None, map(_said_of, plans)))


def _said_of(plan: DayPlan) -> str:
    if plan.status is DayStatus.READY:
        return plan.remark
    why = f" ({plan.remark})" if plan.remark else ""
    return f"{plan.day} is {plan.status}{why}"


def blocked_by(
    pipeline: ResolvedPipeline,
    resolved: ResolvedPass,
    partition: PartitionRun,
    done: Mapping[PassKey, PassOutcome],
) -> PassOutcome | None:
    """Say which pass keeps another from being computed: it has failed, or was left unwritten."""
    for name in resolved.sources:
        for piece in pieces_of(pipeline, pipeline.pass_of(name), partition):
            source = done[name, piece.key]
            told = f'it reads the pass "{name}", which {_was(source)} for {piece.key}'
            if source.exit_code is not ExitCode.OK:
                return PassOutcome(
                    resolved.name, partition.key, "blocked", None, told, source.exit_code
                )
            if source.status == "skipped" and source.receipt is None:
                return PassOutcome(resolved.name, partition.key, "skipped", None, told)
    return None


def require_same_sources(session: Session, work: Work, done: Mapping[PassKey, PassOutcome]) -> None:
    """Check that the earlier passes still are as this run has left them.

    Their lock is let go once they are written, so that runs need not wait for each other's readers.

    Raises:
        PartitionFailedError: another run has replaced one of them.
    """
    for name in work.resolved.sources:
        source = session.pipeline.pass_of(name)
        for piece in pieces_of(session.pipeline, source, work.partition):
            mine = done[name, piece.key].receipt
            if mine is None:  # it had no data
                continue
            found = session.host.find_receipt(source.targets[0], piece)
            if found is None or found.fingerprint != mine.fingerprint:
                raise PartitionFailedError(
                    f'another run has replaced the pass "{name}" for {piece.key}, '
                    f"which {work.resolved.name} was reading",
                    remedy="run it again; runs of one dataset should agree on their passes",
                )


def _was(source: PassOutcome) -> str:
    words = {"skipped": "was skipped and has no output", "blocked": "is blocked"}
    return words.get(source.status, source.status)
