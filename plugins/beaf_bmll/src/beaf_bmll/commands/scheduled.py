"""What is told of a pipeline that comes back: when, by what, and what the vendor is sent for it?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click

from beaf_bmll.cron import next_times
from beaf_bmll.gateway import SUBMIT_ID, Trigger
from beaf_bmll.installing import Plan
from beaf_bmll.sdk import wire
from beaf_bmll.staging import mounted
from beaf_bmll.submit import submit_id_of
from beaf_core import UsageError

#: So many of the next times are told.
_TIMES = 5


def facts_of(plan: Plan) -> dict[str, Any]:
    """Render a plan as the object that `--json` prints.

    Raises:
        UsageError: it would never start again.
    """
    schedule = plan.schedule
    return {
        "name": plan.name,
        "cron": schedule.cron,
        "timezone": schedule.timezone,
        "date": schedule.date or plan.request.dates.key,
        "triggers": [told_of(each) for each in plan.triggers],
        "next": _next(schedule.cron, schedule.timezone) if schedule.cron else [],
    }


def told_of(trigger: Trigger) -> str:
    """Say what starts a job."""
    if trigger.availability is None:
        return f"{trigger.cron} (UTC)"
    kind, markets = trigger.availability
    return f"{kind}={','.join(markets)}"


def sent_for(plan: Plan) -> dict[str, Any]:
    """Say what an installation would write and send.

    Raises:
        UsageError: the request cannot travel.
    """
    staged = plan.prepared()
    spec, _ = plan.marked(staged)
    marked = {**spec.parameters, SUBMIT_ID: submit_id_of(plan.name)}
    bodies = [("/jobs", wire.job_payload(replace(spec, parameters=marked)))]
    bodies += [("/jobs/<job id>/triggers", wire.trigger_payload(each)) for each in plan.triggers]
    return {
        "files": [
            {"path": mounted(each.place, plan.config), "text": each.text} for each in staged.files
        ],
        "requests": [{"method": "POST", "path": path, "json": body} for path, body in bodies],
    }


def tell(told: dict[str, Any]) -> None:
    """Show it to a person."""
    job = f": job {told['job_id']}" if "job_id" in told else ""
    click.echo(f"{told['outcome']} {told['name']}{job}")
    for name, lines in _lines(told):
        for number, line in enumerate(lines):
            click.echo(f"  {'' if number else name:<8}{line}")
    if "requests" in told:
        click.echo("nothing was written or sent; --json prints it all", err=True)


def _lines(told: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    yield "by", told["triggers"]
    yield "for", [told["date"]]
    moments = (datetime.fromisoformat(each) for each in told["next"])
    yield "next", [f"{each:%a %Y-%m-%d %H:%M (UTC%z)}" for each in moments]
    yield "file", [each["path"] for each in told.get("files", ())]
    yield "send", [f"{each['method']} {each['path']}" for each in told.get("requests", ())]


def _next(cron: str, timezone: str) -> list[str]:
    found = next_times(cron, timezone, datetime.now(UTC), _TIMES)
    if not found:
        raise UsageError(
            f'the cron "{cron}" is never due again', remedy="name a year to come, or * for any"
        )
    return [each.isoformat(timespec="minutes") for each in found]
