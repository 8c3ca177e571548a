"""By when is an asset to be computed anew?"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from beaf_dagster.pipelines import Pipeline

#: Hours that a scheduled run has; fewer than the second number would call runs late that go on.
_GRACE, _SHORTEST = 6, 2
#: Where clocks are put back, the hours until the deadline are one more.
_SUMMER_TIME = timedelta(hours=1)


def freshness_of(pipeline: Pipeline) -> dg.FreshnessPolicy | None:
    """Give the deadline that a pipeline's first enabled schedule sets; None where there is none.

    - A schedule of one time of day (`0 2 * * 1-5`): late where nothing was materialized
      from then on for six hours, or until the end of the day, if that is sooner.
    - One that comes round all day (`*/15 * * * *`, `0 */4 * * *`): late where nothing was
      materialized from one tick to the next.
    - Others set no deadline: it would call assets late that are not.

    Dagster looks at the newest materialization of any partition.
    """
    schedules = [each for each in pipeline.config.SCHEDULES if each.enabled]
    return deadline(schedules[0].cron, schedules[0].timezone) if schedules else None


def deadline(cron: str, timezone: str) -> dg.FreshnessPolicy | None:
    """Read the deadline out of a cron expression; None where it sets none."""
    fields = cron.split()
    if len(fields) != 5:
        return None
    if fields[0].isdecimal() and fields[1].isdecimal():
        return _hours_later(fields, timezone)
    period = _period(fields)
    return None if period is None else dg.FreshnessPolicy.cron(cron, period, timezone)


def _hours_later(fields: list[str], timezone: str) -> dg.FreshnessPolicy | None:
    minute, hour, *days = fields
    every_day = days == ["*", "*", "*"]
    grace = _GRACE if every_day else min(_GRACE, 23 - int(hour))
    if grace < _SHORTEST:
        return None
    later = " ".join([minute, str((int(hour) + grace) % 24), *days])
    return dg.FreshnessPolicy.cron(later, timedelta(hours=grace) + _SUMMER_TIME, timezone)


def _period(fields: list[str]) -> timedelta | None:
    """Give the time between two ticks of what comes round all day, every day."""
    minute, hour, *days = fields
    if days != ["*", "*", "*"]:
        return None
    if hour == "*" and not minute.isdecimal():
        minutes = _step(minute, 60)
        return timedelta(minutes=minutes) if minutes else None
    hours = _step(hour, 24) if minute.isdecimal() else None
    return timedelta(hours=hours) if hours else None


def _step(field: str, round_of: int) -> int | None:
    """Read `*` or `*/15`; None where steps do not divide the round, or for anything else."""
    star, _, step = field.partition("/")
    count = int(step) if step.isdecimal() else 1 if not step else 0
    return count if star == "*" and count and round_of % count == 0 else None
