"""What would be written, and what would be sent, if a run were submitted now?"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import click

from beaf_bmll.config import Config
from beaf_bmll.gateway import SUBMIT_ID
from beaf_bmll.sdk import wire
from beaf_bmll.specs import describe
from beaf_bmll.staging import mounted, open_store, prepare
from beaf_core import LaunchRequest

#: Of a file in an area that cannot be reached.
_NOT_HERE = "must lie there already: `beaf job bootstrap`, in the Lab"
#: Stands where the vendor's answer will be known.
_JOB_ID = "<job id>"


def plan_of(request: LaunchRequest, config: Config, name: str | None) -> dict[str, Any]:
    """Render a submission as the object that `--dry_run --json` prints; writes and sends nothing.

    Raises:
        UsageError: the request cannot travel.
    """
    staged = prepare(request, config)
    submission = describe(request, staged, config, name=name)
    parameters = {**submission.spec.parameters, SUBMIT_ID: submission.submit_id}
    job = wire.job_payload(replace(submission.spec, parameters=parameters))
    sent = [{"method": "POST", "path": "/jobs", "json": job}]
    if submission.logs_below is not None:
        logs = f"{submission.logs_below.rstrip('/')}/{_JOB_ID}/logs"
        change = wire.payload({"log_path": logs})
        sent.append({"method": "PATCH", "path": f"/jobs/{_JOB_ID}", "json": change})
    overrides = wire.payload({"parameters": parameters})
    sent.append({"method": "POST", "path": f"/jobs/{_JOB_ID}/runs", "json": overrides})
    return {
        "submit_id": submission.submit_id,
        "about": submission.about,
        "max_concurrent_instances": submission.cap,
        "delete_job_after": submission.delete_after,
        "files": [
            {
                "path": mounted(each.place, config),
                "written": open_store(config, each.place.area) is not None,
                "text": each.text,
            }
            for each in staged.files
        ],
        "requests": sent,
    }


def tell_plan(plan: dict[str, Any]) -> None:
    """Show it to a person: scripts by their names, all else in full."""
    click.echo(f"{plan['about']}\n\nfiles")
    for each in plan["files"]:
        where = "" if each["written"] else f"  {_NOT_HERE}"
        click.echo(f"  {each['path']}  {len(each['text'].encode()):,} bytes{where}")
        if each["path"].endswith(".json"):
            click.echo(_indented(json.loads(each["text"])))
    for each in plan["requests"]:
        click.echo(f"\n{each['method']} {each['path']}")
        click.echo(_indented(each["json"]))
    click.echo("nothing was written or sent; --json prints the scripts, too", err=True)


def _indented(value: Any) -> str:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return "\n".join(f"    {line}" for line in text.splitlines())
