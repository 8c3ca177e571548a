"""Which partitions does Dagster request by itself? Those of the latest days, once each."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg

from beaf_core import BatchFrequency
from beaf_dagster.partitions.definition import frequency_of

if TYPE_CHECKING:
    from beaf_dagster.pipelines import Pipeline

#: The sensor that asks for what conditions request.
AUTOMATION_SENSOR = "beaf_automation"

log = logging.getLogger("beaf.dagster")


def latest_days(days: int | None) -> dg.AutomationCondition[Any]:
    """Request what is missing of the latest days, and again what has newer inputs.

    A partition is requested once when it is missing, and once more for each update of its inputs;
    not before all of these are there, nor while it is being computed. One that fails or is
    cancelled is not requested again until an input is newer: a schedule or a person may.

    Args:
        days: whole windows of the last so many days count, and the newest window always (a month
            is longer than a week); None is the newest window alone.

    A definition without windows of time has no latest days: all its partitions count.
    """
    within = dg.AutomationCondition.in_latest_time_window()
    if days is not None:
        # Alone, a span that is shorter than a window would hold none.
        within |= dg.AutomationCondition.in_latest_time_window(timedelta(days=days))
    # The window stands first wherever partitions are weighed: `newly_true` and `since` look at
    # every partition since the first day otherwise, 3 s for each asset of 800,000.
    missing = (within & dg.AutomationCondition.missing()).newly_true()
    outdated = within & dg.AutomationCondition.any_deps_updated()
    # Not `since_last_handled`: it takes what was missing before the first tick as handled.
    handled = dg.AutomationCondition.newly_requested() | dg.AutomationCondition.newly_updated()
    return (
        within
        & (missing | outdated).since(handled)
        & ~dg.AutomationCondition.any_deps_missing()
        & ~dg.AutomationCondition.any_deps_in_progress()
        & ~dg.AutomationCondition.in_progress()
    ).with_label("newest window" if days is None else f"latest {days} days")


def automation_condition_of(pipeline: Pipeline) -> dg.AutomationCondition[Any] | None:
    """Give the condition of a pipeline's assets; None where AUTO_MATERIALIZE_ENABLED is false."""
    config = pipeline.config
    if not config.AUTO_MATERIALIZE_ENABLED:
        return None
    if frequency_of(pipeline) is BatchFrequency.TWO_WEEKS:
        # Their keys are texts to Dagster: a condition on the latest would hold for all of them.
        log.error(
            "%s: AUTO_MATERIALIZE_ENABLED has no effect with BATCH_FREQ 2W, whose windows Dagster "
            "cannot order; use SCHEDULES, or another BATCH_FREQ",
            pipeline.path,
        )
        return None
    return latest_days(config.AUTO_MATERIALIZE_LATEST_DAYS)


def build_automation_sensor(
    target: dg.AssetSelection | None = None,
    *,
    name: str = AUTOMATION_SENSOR,
    run_tags: Mapping[str, str] | None = None,
    running: bool = False,
    minimum_interval_seconds: int | None = None,
) -> dg.AutomationConditionSensorDefinition:
    """Make the sensor that evaluates conditions, and launches what they request.

    Args:
        target: the assets that it watches; all, if None.
        name: its name.
        run_tags: tags of the runs that it launches, such as `bmll/instance_size`, beside
            `beaf/sensor`.
        running: whether it is on from the start. Off by default, as all sensors of Dagster are:
            a person turns it on in the UI, once.
        minimum_interval_seconds: how often it looks; Dagster's default is 30.
    """
    status = dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED
    return dg.AutomationConditionSensorDefinition(
        name=name,
        target=target or dg.AssetSelection.all(),
        run_tags={"beaf/sensor": name, **(run_tags or {})},
        default_status=status,
        minimum_interval_seconds=minimum_interval_seconds,
        description="Requests missing and outdated partitions of the latest days.",
    )
