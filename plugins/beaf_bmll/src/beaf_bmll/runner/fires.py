"""For which time of its schedule has a machine started, and for which day does it work?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from beaf_bmll.cron import day_of, due_key, guard
from beaf_bmll.runner.entry import Ending, Job, take_lease
from beaf_core import CommandRequest, DatePartition, LaunchRequest


def fire_of(schedule: Mapping[str, Any], job: Job, now: datetime) -> datetime | Ending:
    """Find the moment that this start serves; an ending, where there is nothing to do.

    What data starts, as it arrives, serves the moment at which it starts.
    """
    if schedule["cron"] is None:
        return now
    since = schedule["since"] and datetime.fromisoformat(schedule["since"])
    served = {each.stem for each in job.home.glob("*.lease")}
    verdict = guard(schedule["cron"], schedule["timezone"], now, since=since, served=served)
    if verdict.due is None:
        return Ending("skipped", 0, verdict.reason)
    if not take_lease(job.home / f"{due_key(verdict.due)}.lease", job.run_id):
        return Ending("skipped", 0, "another run does what was due")
    return verdict.due


def at_fire(
    request: LaunchRequest | CommandRequest, schedule: Mapping[str, Any], due: datetime
) -> LaunchRequest | CommandRequest:
    """Give the request of one time: a name of its own, and the day that its words stand for."""
    named = replace(request, run_id=f"{request.run_id}-{due_key(due)}")
    if isinstance(named, CommandRequest) or schedule["date"] is None:
        return named
    day = day_of(schedule["date"], due, schedule["timezone"])
    config = {**named.config, "START_DATE": day, "END_DATE": day}
    return replace(named, dates=DatePartition(day, day), config=config)


def utc_now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)
