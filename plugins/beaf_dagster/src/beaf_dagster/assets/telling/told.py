"""Which outcomes of runs are an asset's, and which pass is it told by?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from beaf_core import DatePartition, PartitionRun, parse_universe_spec

if TYPE_CHECKING:
    from beaf_core import PassOutcome, RunReport
    from beaf_core.config.resolved import ResolvedPass
    from beaf_dagster.pipelines import Pipeline


@dataclass(frozen=True)
class Told:
    """What became of an asset's partitions.

    Attributes:
        pipeline: what was run.
        resolved: the pass that the asset is told by: its own, or the pipeline's last.
        reports: one per partition.
        outcomes: of all passes and outputs of the asset.
        main: of the pass that the asset is told by and its main output, one per partition.
    """

    pipeline: Pipeline
    resolved: ResolvedPass
    reports: Sequence[RunReport]
    outcomes: Sequence[PassOutcome]
    main: Sequence[PassOutcome]

    @classmethod
    def of(cls, pipeline: Pipeline, pass_name: str | None, reports: Sequence[RunReport]) -> Told:
        """Select an asset's outcomes."""
        resolved = told_pass(pipeline, pass_name)
        outcomes = outcomes_of(pass_name, reports)
        main: dict[str, PassOutcome] = {}
        for each in outcomes:  # of one pass and partition, the main output comes first
            if each.pass_name == resolved.name:
                main.setdefault(each.partition, each)
        return cls(pipeline, resolved, reports, outcomes, list(main.values()))

    @property
    def newest(self) -> PassOutcome | None:
        """The last partition that stands."""
        return next((each for each in reversed(self.main) if each.receipt), None)


def told_pass(pipeline: Pipeline, pass_name: str | None) -> ResolvedPass:
    """Give the pass that an asset is told by: its own, or the last one of the pipeline."""
    resolved = pipeline.ready.resolved
    return resolved.pass_of(pass_name) if pass_name else resolved.passes[-1]


def outcomes_of(pass_name: str | None, reports: Sequence[RunReport]) -> list[PassOutcome]:
    """Select the outcomes of one pass, or of all."""
    return [
        each
        for report in reports
        for each in report.outcomes
        if pass_name in (None, each.pass_name)
    ]


def partition_of(outcome: PassOutcome) -> PartitionRun:
    """Read the partition of an outcome."""
    universe, _, dates = outcome.partition.rpartition(":")
    return PartitionRun(parse_universe_spec(universe), DatePartition(dates))
