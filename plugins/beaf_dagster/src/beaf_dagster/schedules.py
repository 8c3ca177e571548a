"""Which schedules does a pipeline have? One for each of its SCHEDULES that is enabled.

Annotations are not postponed here: Dagster looks at the type of `context` itself.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg

from beaf_core import BeafError, ScheduleConfig, SchedulePartitionSelector, UsageError
from beaf_dagster.assets.jobs import build_jobs
from beaf_dagster.assets.translator import BeafDagsterTranslator
from beaf_dagster.partitions.definition import partitions_of
from beaf_dagster.partitions.keys import DATE, UNIVERSE
from beaf_dagster.partitions.universes import first_universe
from beaf_dagster.pipelines import Package, Pipeline, Pipelines, as_pipelines
from beaf_dagster.selectors import Asker, Dimensions

log = logging.getLogger("beaf.dagster")


def build_schedules(
    pkg: Pipelines = "demo",
    partitions_def: dg.PartitionsDefinition[str] | None = None,
    universe_dim: str = UNIVERSE,
    date_dim: str = DATE,
    split_passes: bool = False,
    *,
    translator: BeafDagsterTranslator | None = None,
) -> list[dg.ScheduleDefinition]:
    """Make a schedule of each enabled item of SCHEDULES.

    It is called `<group>__<name>`, targets the pipeline's job, and runs from the start: who wrote
    `enabled: true` wants that. Its runs bear the tags of the job and `beaf/schedule`. Where none of
    its partitions can be computed at a tick, it skips the tick and says why.

    Args:
        pkg: as `build_assets` takes it; so are the next four.
        partitions_def: the partitions of all pipelines; each pipeline's own, if None.
        universe_dim: how the dimension of universes is called.
        date_dim: how the dimension of dates is called.
        split_passes: whether each pass is an asset.
        translator: names schedules and jobs.

    Raises:
        UsageError: there is no such package, no pipeline in it, or `partitions_def` has other
            dimensions.
    """
    chosen = translator or BeafDagsterTranslator()
    pipelines = _with_jobs(as_pipelines(pkg), chosen)
    jobs = {each.name: each for each in build_jobs(pipelines, split_passes, chosen)}
    found: list[dg.ScheduleDefinition] = []
    for each in pipelines:
        definition = partitions_def or _own_partitions(each, universe_dim, date_dim)
        if definition is None:
            continue
        place = Dimensions.of(definition, universe_dim, date_dim)
        job = jobs[chosen.get_job_name(each)]
        found += [_Schedule(each, item, job, place).defined(chosen) for item in _enabled(each)]
    return found


def build_schedules_for_module(
    module: Package,
    partitions_def: dg.PartitionsDefinition[str] | None = None,
    universe_dim: str = UNIVERSE,
    date_dim: str = DATE,
    split_passes: bool = False,
    *,
    translator: BeafDagsterTranslator | None = None,
) -> list[dg.ScheduleDefinition]:
    """Make the schedules of one module; `build_schedules` takes modules, too."""
    return build_schedules(
        module, partitions_def, universe_dim, date_dim, split_passes, translator=translator
    )


def _with_jobs(pipelines: list[Pipeline], translator: BeafDagsterTranslator) -> list[Pipeline]:
    """Keep the pipelines that can be loaded, have schedules, and a job of their own."""
    first: dict[str, Pipeline] = {}
    for each in pipelines:
        first.setdefault(translator.get_job_name(each), each)
    kept = []
    for each in pipelines:
        if each.fault is not None or not _enabled(each):
            continue
        owner = first[translator.get_job_name(each)]
        if owner is each:
            kept.append(each)
        else:
            log.error("%s has no schedules: its job would be that of %s", each.path, owner.path)
    return kept


def _enabled(pipeline: Pipeline) -> list[ScheduleConfig]:
    return [each for each in pipeline.config.SCHEDULES if each.enabled]


def _own_partitions(
    pipeline: Pipeline, universe_dim: str, date_dim: str
) -> dg.PartitionsDefinition[str] | None:
    try:
        return partitions_of(pipeline, universe_dim, date_dim)
    except BeafError as fault:  # of its universes: its asset tells it, too
        log.error("%s has no schedules: %s", pipeline.path, fault)
        return None


@dataclass(frozen=True, slots=True)
class _Schedule:
    pipeline: Pipeline
    item: ScheduleConfig
    job: Any
    place: Dimensions

    def defined(self, translator: BeafDagsterTranslator) -> dg.ScheduleDefinition:
        """Make the schedule; what is known to be wrong with it is told now, not at each tick."""
        selectors = self.item.partitions or [SchedulePartitionSelector()]
        name = translator.get_schedule_name(self.pipeline, self.item.name)
        for fault in self._faults(selectors):
            log.error("the schedule %s of %s skips its ticks: %s", name, self.pipeline.path, fault)

        @dg.schedule(
            name=name,
            job=self.job,
            cron_schedule=self.item.cron,
            execution_timezone=self.item.timezone,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description=self._description(selectors),
        )
        def schedule(
            context: dg.ScheduleEvaluationContext,
        ) -> dg.SkipReason | list[dg.RunRequest]:
            return self._requests(context, name, selectors)

        return schedule

    def _faults(self, selectors: list[SchedulePartitionSelector]) -> Iterator[UsageError]:
        for each in selectors:
            try:
                self.place.check_universe(each.universe or self._first)
            except UsageError as fault:
                yield fault

    def _requests(
        self,
        context: dg.ScheduleEvaluationContext,
        name: str,
        selectors: list[SchedulePartitionSelector],
    ) -> dg.SkipReason | list[dg.RunRequest]:
        tick = context.scheduled_execution_time
        asker = Asker(
            self.place, self.item.timezone, self._first, self.pipeline.config.EXCLUDE_WEEKENDS
        )
        # Elsewhere none is needed, nor is there one in a test.
        instance = context.instance if self.place.is_dynamic else None
        keys: dict[str, None] = {}
        reasons: list[str] = []
        for each in selectors:
            found, faults = asker.keys(each, tick, instance)
            keys |= dict.fromkeys(found)
            reasons += [f"{each.date}: {fault}" for fault in faults]
        if not keys:
            return dg.SkipReason("\n".join(reasons))
        for reason in reasons:
            context.log.warning(f"not requested: {reason}")
        # With the tick in it, a later tick may ask for the same partition again.
        return [
            dg.RunRequest(
                run_key=f"{name}:{tick.isoformat()}:{key}",
                partition_key=key,
                tags={"beaf/schedule": name},
            )
            for key in keys
        ]

    @property
    def _first(self) -> str:
        return self.place.first_universe(first_universe(self.pipeline))

    def _description(self, selectors: list[SchedulePartitionSelector]) -> str:
        asked = ", ".join(f"{each.date} of {each.universe or self._first}" for each in selectors)
        return f"Materializes {asked}, as SCHEDULES of {self.pipeline.path.name} says."
