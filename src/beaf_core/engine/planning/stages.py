"""In which order is a request worked off, and what is worked off together?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import accumulate, groupby
from typing import TYPE_CHECKING

from beaf_core.config.inputs import order_of
from beaf_core.model.dates import cut_range
from beaf_core.model.errors import UsageError
from beaf_core.model.partition import DatePartition, PartitionRun, UniversePartition
from beaf_core.plugins.errors import did_you_mean

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass, ResolvedPipeline


@dataclass(frozen=True, slots=True)
class Stage:
    """Passes of one partition of which none reads another.

    Attributes:
        partition: universe × dates.
        passes: the passes.
        horizon: no later stage, nor this one, looks at a day before it.
    """

    partition: PartitionRun
    passes: tuple[ResolvedPass, ...]
    horizon: date = date.min


def stages_of(
    pipeline: ResolvedPipeline,
    universe: UniversePartition,
    dates: DatePartition,
    names: Sequence[str] = (),
) -> list[Stage]:
    """Cut a request into stages, in an order in which every pass follows those that it reads.

    A reader's partition is made of whole ones of its sources, so these end no later than it does;
    where they end on the same day, the depth of the passes decides.

    Args:
        pipeline: whose passes.
        universe: of the request.
        dates: of the request.
        names: these passes, and those that they read, alone; all of them where it is empty.

    Raises:
        UsageError: a name that no pass has.
    """
    depth = order_of({each.name: each.sources for each in pipeline.passes})
    work = [
        (piece, depth[resolved.name], resolved)
        for resolved in passes_of(pipeline, names)
        for piece in pieces_of(pipeline, resolved, PartitionRun(universe, dates))
    ]
    # Stable, so that passes of a stage stand as they were written.
    work.sort(key=lambda each: (each[0].dates.end, each[1], each[0].dates.start))
    stages = list(_together(work))
    starts = [each.partition.dates.start for each in stages]
    horizons = reversed(list(accumulate(reversed(starts), min)))
    return [replace(each, horizon=horizon) for each, horizon in zip(stages, horizons, strict=True)]


def passes_of(pipeline: ResolvedPipeline, names: Sequence[str] = ()) -> list[ResolvedPass]:
    """Select passes and all that they read, as they stand in the pipeline; all where none is named.

    Raises:
        UsageError: a name that no pass has.
    """
    known = {each.name: each for each in pipeline.passes}
    wanted, found = list(names or known), set[str]()
    while wanted:
        name = wanted.pop()
        if name not in known:
            raise UsageError(
                f'the pipeline has no pass "{name}"{did_you_mean(name, known)}',
                remedy=f"its passes are {', '.join(known)}",
            )
        if name not in found:
            found.add(name)
            wanted += known[name].sources
    return [each for each in pipeline.passes if each.name in found]


def _together(work: list[tuple[PartitionRun, int, ResolvedPass]]) -> Iterator[Stage]:
    for (partition, _), found in groupby(work, key=lambda each: (each[0], each[1])):
        yield Stage(partition, tuple(resolved for _, _, resolved in found))


def pieces_of(
    pipeline: ResolvedPipeline, resolved: ResolvedPass, whole: PartitionRun
) -> list[PartitionRun]:
    """Cut a partition, or a request, into the partitions of one pass."""
    cut = cut_range(whole.dates.start, whole.dates.end, pipeline.frequency_of(resolved))
    return [
        PartitionRun(whole.universe, DatePartition(start.isoformat(), end.isoformat()))
        for start, end in cut
    ]


def check_locations(stages: Sequence[Stage]) -> None:
    """Refuse a run of which one output would replace another.

    Raises:
        UsageError: two outputs with one location.
    """
    taken: dict[tuple[str, str], str] = {}
    for stage in stages:
        for resolved in stage.passes:
            for number, target in enumerate(resolved.targets):
                location = target.location(stage.partition)
                extra = f" (extra {number})" if number else ""
                # A table holds every partition of its pass, and no other pass.
                key = "" if target.shared else f" {stage.partition.key}"
                mine = f"{resolved.name}{key}{extra}"
                other = taken.setdefault((target.type, location), mine)
                if other != mine:
                    raise UsageError(
                        f"{other} and {mine} would both be written to {location}",
                        remedy="put {pass}, {universe}, {start_date} and {end_date} "
                        "into path_template"
                        if not target.shared
                        else "give each pass a place of its own: put {pass} into path_template, "
                        "or into the table's name",
                    )
