"""What would a run do with each pass of each partition, and why? Reads no data, writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from beaf_core.engine.batches.pool import Estimate, estimate
from beaf_core.engine.outputs.manifest import PassKey
from beaf_core.engine.outputs.overlaps import Overlaps
from beaf_core.engine.outputs.settle import Settler, Work
from beaf_core.engine.outputs.standing import Selection
from beaf_core.engine.planning.plans import Planner
from beaf_core.engine.planning.stages import Stage, check_locations, pieces_of, stages_of
from beaf_core.engine.session import open_session
from beaf_core.engine.work import PassWork
from beaf_core.model.errors import BeafError, DataMissingError, ExitCode
from beaf_core.model.partition import PartitionRun, parse_universe_spec

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass
    from beaf_core.engine.planning.prepare import DayPlan
    from beaf_core.engine.session import Session
    from beaf_core.model.run import LaunchRequest, PassOutcome

#: What would be written.
NEW, STALE, FORCED = "new", "stale", "forced"
#: What could not be.
MISSING, REFUSED, BLOCKED = "missing", "refused", "blocked"


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would become of one pass of one partition.

    Attributes:
        pass_name: the pass.
        partition: the partition's key.
        status: `new`, `stale` or `forced`: it would run; `up to date`, `skipped`, `closed`,
            `pending`: it need not, or cannot yet; `missing`, `refused`, `blocked`: it would fail.
        reason: why.
        rows_in: the rows that would be read, as far as the source tells.
        memory: the estimated peak, in bytes.
        batches: in how many pieces it would be computed.
        exit_code: what the failure would mean for the shell.
        stands: whether there is an output, where it is skipped.
        remedy: what to do, where it would fail.
        locations: where its rows go, or would go: the main output first.
    """

    pass_name: str
    partition: str
    status: str
    reason: str | None = None
    rows_in: int | None = None
    memory: int | None = None
    batches: int | None = None
    exit_code: ExitCode = ExitCode.OK
    stands: bool = True
    remedy: str | None = None
    locations: tuple[str, ...] = ()

    @property
    def runs(self) -> bool:
        """Whether it would be computed."""
        return self.status in {NEW, STALE, FORCED}

    def to_json(self) -> dict[str, Any]:
        """Render as the line of `--json` that a caller reads."""
        return {
            "pass": self.pass_name,
            "partition": self.partition,
            "status": self.status,
            "runs": self.runs,
            "reason": self.reason,
            "rows_in": self.rows_in,
            "memory": self.memory,
            "batches": self.batches,
            "locations": list(self.locations),
        }


def forecast(request: LaunchRequest) -> list[Forecast]:
    """Foretell a run, from metadata alone.

    Raises:
        UsageError: the run would be refused as a whole.
    """
    session = request.session or open_session(request)
    whole = PartitionRun(parse_universe_spec(request.selector), request.dates)
    stages = stages_of(session.pipeline, whole.universe, whole.dates, request.passes)
    check_locations(stages)
    seer = _Seer(request, session, whole)
    return [each for stage in stages for each in seer.look_at(stage)]


def first_work(request: LaunchRequest) -> Iterator[PassWork]:
    """Yield what each pass computes in its first partition that has data, to be explained.

    A pass of which no partition can be planned, as where an earlier one is still to be written,
    is left out.
    """
    session = request.session or open_session(request)
    planner, done = Planner(session, request), set()
    universe = parse_universe_spec(request.selector)
    for stage in stages_of(session.pipeline, universe, request.dates, request.passes):
        planner.forget_before(stage.horizon)
        for resolved in stage.passes:
            if resolved.name in done:
                continue
            ready = _ready(planner, resolved, stage.partition)
            if ready:
                done.add(resolved.name)
                yield PassWork(resolved, ready)


def _ready(planner: Planner, resolved: ResolvedPass, partition: PartitionRun) -> list[DayPlan]:
    try:
        return [each for each in planner.plans(resolved, partition) if each.tables]
    except BeafError:
        return []  # the forecast tells why


class _Seer:
    def __init__(self, request: LaunchRequest, session: Session, whole: PartitionRun) -> None:
        self.session = session
        config = session.pipeline.config
        self.selection = Selection.of(request, skip_existing=config.SKIP_EXISTING_OUTPUT)
        planner, overlaps = Planner(session, request), Overlaps(session.host, whole)
        self.settler = Settler(request, session, planner, self.selection, overlaps)
        self.seen: dict[PassKey, Forecast] = {}

    def look_at(self, stage: Stage) -> list[Forecast]:
        """Foretell the passes of a stage."""
        self.settler.planner.forget_before(stage.horizon)
        return [self.look(each, stage.partition) for each in stage.passes]

    def look(self, resolved: ResolvedPass, partition: PartitionRun) -> Forecast:
        """Foretell one pass of a partition, after those that it reads."""
        try:
            found = self._waiting(resolved, partition) or self._settled(resolved, partition)
        except BeafError as error:
            status = MISSING if isinstance(error, DataMissingError) else REFUSED
            found = self._told(resolved, partition, status, error.message, error.exit_code)
            found = replace(found, remedy=error.remedy)
        locations = tuple(each.location(partition) for each in resolved.targets)
        found = replace(found, locations=locations)
        self.seen[resolved.name, partition.key] = found
        return found

    def _told(
        self,
        resolved: ResolvedPass,
        partition: PartitionRun,
        status: str,
        reason: str | None,
        code: ExitCode = ExitCode.OK,
    ) -> Forecast:
        return Forecast(resolved.name, partition.key, status, reason, exit_code=code)

    def _waiting(self, resolved: ResolvedPass, partition: PartitionRun) -> Forecast | None:
        """Judge a pass whose sources are still to be written, so that it cannot be planned."""
        sources = self._sources(resolved, partition)
        for each in sources:
            if each.exit_code is not ExitCode.OK:
                reason = f'the earlier pass "{each.pass_name}" is {each.status}'
                return self._told(resolved, partition, BLOCKED, reason, each.exit_code)
        if any(each.status == "skipped" and not each.stands for each in sources):
            reason = "an earlier pass is skipped, and has no output"
            skipped = self._told(resolved, partition, "skipped", reason)
            return replace(skipped, stands=False)
        waits = next((each for each in sources if each.runs), None)
        if waits is None:
            return None
        found = self.settler.receipts(resolved, partition)
        if self.selection.leaves_alone(resolved.name, partition, found):
            self.settler.planner.leave_alone(resolved, partition)
            skipped = self._told(resolved, partition, "skipped", None)
            return replace(skipped, stands=found[0] is not None)
        after = f'the earlier pass "{waits.pass_name}" is to be written'
        if self.selection.force:
            return self._told(resolved, partition, FORCED, after)
        status = STALE if all(found) else NEW
        return self._told(resolved, partition, status, after)

    def _sources(self, resolved: ResolvedPass, partition: PartitionRun) -> list[Forecast]:
        pipeline = self.session.pipeline
        return [
            self.seen[name, piece.key]
            for name in resolved.sources
            for piece in pieces_of(pipeline, pipeline.pass_of(name), partition)
        ]

    def _settled(self, resolved: ResolvedPass, partition: PartitionRun) -> Forecast:
        settled = self.settler.settle(resolved, partition)
        if isinstance(settled, Work):
            return self._of_work(settled)
        return self._of_outcome(resolved, partition, settled)

    def _of_work(self, work: Work) -> Forecast:
        status, _, reason = work.stale[0].reason.partition(": ")
        size = self._size(work)
        told = "; ".join(filter(None, [reason, work.left_out])) or None
        return Forecast(
            work.resolved.name,
            work.partition.key,
            status,
            told,
            size.rows,
            size.bytes,
            size.batches,
        )

    def _size(self, work: Work) -> Estimate:
        return estimate(self.session, [PassWork(work.resolved, work.ready)])

    def _of_outcome(
        self, resolved: ResolvedPass, partition: PartitionRun, outcomes: Sequence[PassOutcome]
    ) -> Forecast:
        status = "up to date" if outcomes[0].status == "unchanged" else outcomes[0].status
        found = self._told(resolved, partition, status, outcomes[0].message)
        return replace(found, stands=outcomes[0].receipt is not None)
