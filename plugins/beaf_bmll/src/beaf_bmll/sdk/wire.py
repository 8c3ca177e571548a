"""Which of the vendor's words on the wire stands for which of ours?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from beaf_bmll.gateway import Bootstrap, Job, JobRun, JobSpec, Trigger

Raw = Mapping[str, Any]

#: States of a run that has not ended, as the vendor's client lists them.
# Guess: every other state is an end.
ACTIVE_STATES = ("requested", "provisioning", "configuring", "running")

_NAMES = {
    "name": "name",
    "script_area": "scriptArea",
    "script_path": "scriptPath",
    "parameters": "scriptParameters",
    "instance_size": "instanceSize",
    "conda_env": "condaEnv",
    "max_runtime_hours": "maxRuntimeHours",
    "log_area": "logArea",
    "log_path": "logPath",
    "visibility": "visibility",
    "bootstraps": "bootstraps",
    "notifications": "notifications",
}


def job_payload(spec: JobSpec) -> dict[str, Any]:
    """Write a job that is to be made."""
    return payload({field.name: getattr(spec, field.name) for field in fields(spec)})


def payload(given: Mapping[str, Any]) -> dict[str, Any]:
    """Write fields of JobSpec, some or all.

    Raises:
        TypeError: a name that JobSpec has not; the vendor's client would make it a parameter.
    """
    if unknown := given.keys() - _NAMES.keys():
        raise TypeError(f"JobSpec has no {', '.join(sorted(unknown))}")
    return {_NAMES[name]: _written(name, value) for name, value in given.items()}


def trigger_payload(trigger: Trigger) -> dict[str, Any]:
    """Write a trigger that is to be added."""
    if trigger.availability is None:
        return {"name": trigger.name, "cron": trigger.cron}
    kind, mics = trigger.availability
    return {"name": trigger.name, "availability": {kind: {"mic": sorted(set(mics))}}}


def is_instance(raw: Raw) -> bool:
    """Say whether a job or run is of one machine, as ours are, and not of a cluster."""
    return bool(raw["computeType"] == "instance")


def job_of(raw: Raw) -> Job:
    """Read a job."""
    return Job(
        id=str(raw["jobId"]),
        name=raw["name"],
        active=bool(raw["active"]),
        parameters=_parameters(raw),
        instance_size=int(raw["instanceSize"]),
        conda_env=raw["condaEnv"],
        max_runtime_hours=int(raw["maxRuntimeHours"]),
        log_area=raw["logArea"],
        log_path=raw["logPath"],
        created=time_of(raw["createdTs"]),
        triggers=tuple(_trigger_of(each) for each in raw.get("triggers") or ()),
    )


def run_of(raw: Raw, job_id: str | None = None, *, active: bool | None = None) -> JobRun:
    """Read a run.

    Args:
        raw: as it came.
        job_id: whose it is, where that is known from the question.
        active: whether it has not ended, where that is known from the question.
    """
    states = sorted(((s, time_of(at)) for s, at in raw["states"]), key=lambda each: each[1])
    newest = states[-1][0] if states else ACTIVE_STATES[0]
    return JobRun(
        id=str(raw["jobRunId"]),
        # Guess: a run that is listed among all jobs' runs may not tell whose it is.
        job_id=job_id or str(raw.get("jobId") or ""),
        active=newest in ACTIVE_STATES if active is None else active,
        states=tuple(states),
        parameters=_parameters(raw),
        instance_size=int(raw["instanceSize"]),
        conda_env=raw["condaEnv"],
        max_runtime_hours=int(raw["maxRuntimeHours"]),
        log_area=raw["logArea"],
        log_path=raw["logPath"],
        termination_reason=raw.get("terminationReason"),
    )


def time_of(text: str) -> datetime:
    """Read a time."""
    at = datetime.fromisoformat(text)
    # Guess: one without an offset is of UTC.
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _written(name: str, value: Any) -> Any:
    if name == "bootstraps":
        return [_bootstrap(each, order) for order, each in enumerate(value)]
    if name == "notifications":
        return _notifications(value)
    return dict(value) if name == "parameters" else value


def _bootstrap(script: Bootstrap, order: int) -> dict[str, Any]:
    # Guess: they run in the order of their numbers, and those count from 0.
    return {
        "area": script.area,
        "path": script.path,
        "name": script.name,
        "order": order,
        "args": list(script.args),
    }


def _notifications(asked: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Turn addresses by event into events by address."""
    events: dict[str, list[str]] = {}
    for event, addresses in asked.items():
        for address in addresses:
            events.setdefault(address, []).append(event)
    return [{"email": address, "on": on} for address, on in events.items()]


def _parameters(raw: Raw) -> Mapping[str, Any]:
    """Read parameters; the vendor's client knows them as an object and as its text."""
    given = raw.get("scriptParameters") or {}
    read = json.loads(given) if isinstance(given, str) else given
    return dict(read)


def _trigger_of(raw: Raw) -> Trigger:
    said, name, known_as = raw["trigger"], raw["name"], str(raw["jobTriggerId"])
    if "cron" in said:
        return Trigger(name, cron=said["cron"], id=known_as)
    ((kind, asked),) = said["availability"].items()
    return Trigger(name, availability=(kind, tuple(asked["mic"])), id=known_as)
