"""What does each pass need of each partition: of the source, and of the passes that it reads?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.compiler.keys import LISTING
from beaf_core.engine.planning.earlier import EarlierPass, Piece
from beaf_core.engine.planning.prepare import DayPlan, Preparer
from beaf_core.engine.planning.stages import pieces_of
from beaf_core.model.dates import DayStatus
from beaf_core.model.errors import BlockedError
from beaf_core.model.partition import PartitionRun, parse_universe_spec
from beaf_core.model.primitives import PASS_PREFIX
from beaf_core.model.tables import worst_status
from beaf_core.plugins.inline import DEFAULT_UNIVERSE

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass
    from beaf_core.engine.session import Session
    from beaf_core.model.run import LaunchRequest


class Planner:
    """Plans passes of partitions from metadata alone; each is planned once.

    A pass that reads another is planned from that one's receipts, so once it is written.
    """

    def __init__(self, session: Session, request: LaunchRequest) -> None:
        self._host, self._pipeline = session.host, session.pipeline
        self._preparer = Preparer(session.host, session.pipeline, request.allow_empty)
        self._universe = parse_universe_spec(request.universe or DEFAULT_UNIVERSE)
        self._one_day = request.dates.start_date == request.dates.end_date
        self._plans: dict[tuple[str, str], tuple[date, list[DayPlan]]] = {}
        self._left_alone: set[tuple[str, str]] = set()

    def leave_alone(self, resolved: ResolvedPass, partition: PartitionRun) -> None:
        """Take a partition's output as it stands, whatever its input has become."""
        self._left_alone.add((resolved.name, partition.key))

    def known(self, resolved: ResolvedPass, partition: PartitionRun) -> Sequence[DayPlan]:
        """Return the days of a partition that has been planned already; none otherwise."""
        _, plans = self._plans.get((resolved.name, partition.key), (None, ()))
        return plans

    def forget_before(self, day: date) -> None:
        """Let go of partitions that end before a day, since nobody will ask for them again.

        A plan holds the listings of its days: 1 MB a day for ten thousand of them.
        """
        self._plans = {key: found for key, found in self._plans.items() if found[0] >= day}
        self._preparer.forget_before(day)

    def plans(self, resolved: ResolvedPass, partition: PartitionRun) -> list[DayPlan]:
        """Plan every day of a partition.

        Raises:
            BlockedError: a pass that is read has no output.
            EmptyUniverseError: the selector names no listing, and is not allowed to.
            DataInvalidError: a column is missing or mistyped.
        """
        key = (resolved.name, partition.key)
        if key not in self._plans:
            self._plans[key] = (partition.dates.end, self._planned(resolved, partition))
        return self._plans[key][1]

    def _planned(self, resolved: ResolvedPass, partition: PartitionRun) -> list[DayPlan]:
        earlier = {
            f"{PASS_PREFIX}{name}": self._earlier(resolved, self._pipeline.pass_of(name), partition)
            for name in resolved.sources
        }
        plans = [
            self._preparer.day_plan(resolved, self._universe, day, earlier)
            for day in self._days(partition)
        ]
        return _sharing_listings(plans, earlier)

    def _days(self, partition: PartitionRun) -> list[date]:
        return self._preparer.days(partition, whole_request_is_one_day=self._one_day)

    def _earlier(
        self, reader: ResolvedPass, source: ResolvedPass, partition: PartitionRun
    ) -> EarlierPass:
        """Find what an earlier pass has written inside a partition, and nowhere else."""
        pieces: list[Piece] = []
        statuses: dict[date, DayStatus] = {}
        for piece in pieces_of(self._pipeline, source, partition):
            found = self._statuses(source, piece)
            statuses |= found
            days = tuple(day for day, status in found.items() if status is DayStatus.READY)
            if days:
                pieces.append(self._piece(reader, source, piece, days))
        return EarlierPass(source.config, pieces, statuses)

    def _statuses(self, source: ResolvedPass, piece: PartitionRun) -> dict[date, DayStatus]:
        if (source.name, piece.key) in self._left_alone:
            return dict.fromkeys(self._days(piece), DayStatus.READY)
        plans = self.plans(source, piece)
        whole = readiness(plans)
        if whole is not DayStatus.READY:
            return {
                each.day: whole if each.status is DayStatus.READY else each.status for each in plans
            }
        return {each.day: DayStatus.READY if each.tables else each.status for each in plans}

    def _piece(
        self,
        reader: ResolvedPass,
        source: ResolvedPass,
        piece: PartitionRun,
        days: tuple[date, ...],
    ) -> Piece:
        receipt = self._host.find_receipt(source.targets[0], piece)
        rows = self._host.read_output(source.targets[0], [piece])
        if receipt is None or rows is None:
            raise BlockedError(
                f'the pass "{source.name}", which "{reader.name}" reads, '
                f"has no output for {piece.key}",
                remedy="run that pass first, without --only",
            )
        return Piece(receipt, days, rows)


def readiness(plans: Sequence[DayPlan]) -> DayStatus:
    """Say whether a partition can be computed, and if not, why.

    Days without data are left out; but a day of which a part is still to come makes it wait.
    """
    if any(each.tables for each in plans) and not any(map(_is_half_there, plans)):
        return DayStatus.READY
    status = worst_status(each.status for each in plans)
    return DayStatus.CLOSED if status is DayStatus.READY else status


def _is_half_there(plan: DayPlan) -> bool:
    return plan.status is DayStatus.PENDING and bool(plan.tables)


def _sharing_listings(plans: list[DayPlan], earlier: Mapping[str, EarlierPass]) -> list[DayPlan]:
    """Let a pass that reads passes alone know each listing on every day.

    Whose rows they are has been decided where they were made; a bucket across midnight may lie on
    a day on which its listing is not in the universe yet, and must not be lost for that.
    """
    tables = [table.plan.table for plan in plans for table in plan.tables]
    if not tables or not earlier.keys() >= set(tables):
        return plans
    known = [plan.listings for plan in plans if plan.tables]
    everyone = pl.concat(known, how="diagonal_relaxed").unique(LISTING, maintain_order=True)
    return [
        replace(plan, listings=_completed(plan.listings, everyone)) if plan.tables else plan
        for plan in plans
    ]


def _completed(own: pl.DataFrame, everyone: pl.DataFrame) -> pl.DataFrame:
    others = everyone.join(own, on=LISTING, how="anti")
    if others.is_empty():
        return own
    return pl.concat([own, others], how="diagonal_relaxed").sort(LISTING)
