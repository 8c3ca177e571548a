"""How are jobs and runs written over the wire?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from beaf_bmll.testing.guesses import Guesses
from beaf_bmll.testing.jobs import RUNNING, Job, LogEvent, Run, Trigger


def tell_job(job: Job, guesses: Guesses) -> dict[str, Any]:
    """Write a job."""
    return job.settings | {
        "jobId": job.id,
        "computeType": "instance",
        "active": job.active,
        "userUuid": job.user,
        "createdTs": tell_time(job.created, guesses),
        "updatedTs": tell_time(job.updated, guesses),
        "triggers": [tell_trigger(each) for each in job.triggers.values()],
    }


def tell_trigger(trigger: Trigger) -> dict[str, Any]:
    """Write a trigger."""
    return {"jobTriggerId": trigger.id, "name": trigger.name, "trigger": dict(trigger.cause)}


def tell_run(run: Run, guesses: Guesses) -> dict[str, Any]:
    """Write a run; what it has not, it does not tell."""
    maybe = {
        "jobId": run.job_id if guesses.runs_tell_their_job else None,
        "terminationReason": run.termination_reason,
        "terminationUser": run.termination_user,
    }
    return run.settings | {
        "jobRunId": run.id,
        "computeType": "instance",
        "states": [[name, tell_time(when, guesses)] for name, when in run.states],
        "jobRunReason": run.reason,
        "vcpuHours": _hours(run),
        # Guess: what is told of the machine; the package names these two keys only.
        "attributes": {"instanceType": "emulated", "amiId": "emulated"},
        **{key: value for key, value in maybe.items() if value is not None},
    }


def tell_event(event: LogEvent, guesses: Guesses) -> dict[str, Any]:
    """Write an event of a log."""
    # Guess: events have these two keys, as those of the cloud's log service.
    when: object = int(event.at.timestamp() * 1000)
    if guesses.log_times_as_text:
        when = tell_time(event.at, guesses)
    return {"timestamp": when, "message": event.message}


def tell_time(when: datetime, guesses: Guesses) -> str:
    """Write a time in UTC, always as long: the vendor's package sorts them as text."""
    return when.replace(tzinfo=None).isoformat(timespec="microseconds") + guesses.offset


def _hours(run: Run) -> float:
    began = run.since(RUNNING)
    return 0.0 if began is None else (run.states[-1][1] - began) / timedelta(hours=1)
