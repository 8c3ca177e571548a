"""`beaf job status`: how does a run stand, and where are its logs and outputs?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from beaf_bmll.commands.options import AskedJobs, asks_for_jobs
from beaf_core import json_option, print_json, print_table

if TYPE_CHECKING:
    from beaf_bmll.commands.finding import Found
    from beaf_bmll.commands.service import Service
    from beaf_bmll.commands.standing import Standing


@click.command("status")
@click.argument("run_id", metavar="[ID]", required=False)
@asks_for_jobs
@json_option
def status(run_id: str | None, jobs: AskedJobs, as_json: bool) -> None:
    """Say how a run stands, and what it has written.

    ID is a job's, a run's or a submission's; without one, it is what was submitted last.
    """
    from beaf_bmll.commands.finding import find
    from beaf_bmll.commands.service import Service
    from beaf_bmll.commands.standing import standing_of

    service = Service.opened(jobs.config())
    found = find(run_id, service)
    standing = standing_of(found, service)
    told = facts(found, standing, service)
    if as_json:
        print_json(told)
    else:
        tell(told)


def facts(found: Found, standing: Standing, service: Service) -> dict[str, Any]:
    """Render all that is known of a run as the object that `--json` prints."""
    entry, run = found.entry, found.run
    word = standing.word
    return {
        "status": standing.status,
        "exit_code": None if standing.goes_on else int(standing.exit_code),
        "message": standing.message,
        "job_id": found.job_id,
        "run_id": found.run_id,
        "submit_id": found.submit_id,
        "name": entry.name if entry else None,
        "about": entry.about if entry else None,
        "state": run.state if run else None,
        "states": [[name, at.isoformat()] for name, at in run.states] if run else [],
        "instance_size": run.instance_size if run else None,
        "conda_env": run.conda_env if run else None,
        "max_runtime_hours": run.max_runtime_hours if run else None,
        "started": word.started if word else None,
        "ended": word.ended if word else None,
        "log_area": run.log_area if run else entry.log_area if entry else None,
        "log_path": run.log_path if run else entry.log_path if entry else None,
        "receipts": _receipts(found, service),
    }


def _receipts(found: Found, service: Service) -> list[dict[str, Any]]:
    """Read what a pipeline's report says of its outputs."""
    from beaf_bmll.commands.standing import launched_of

    run = launched_of(found, service)
    report = run.report() if run else None
    receipts: list[dict[str, Any]] = report.to_json()["receipts"] if report else []
    return receipts


def tell(told: dict[str, Any]) -> None:
    """Show it to a person."""
    machine = (
        f"{told['instance_size']} GB, {told['conda_env']}, at most {told['max_runtime_hours']} h"
        if told["instance_size"]
        else None
    )
    states = ", ".join(f"{name} {at[11:19]}" for name, at in told["states"])
    lines = {
        "status": told["status"],
        "job": told["job_id"],
        "run": told["run_id"],
        "submission": told["submit_id"],
        "name": told["name"],
        "about": told["about"],
        "machine": machine,
        "states (UTC)": states,
        "logs": f"{told['log_area']}:{told['log_path']}" if told["log_path"] else None,
    }
    for name, value in lines.items():
        if value:
            click.echo(f"{name:<14}{value}")
    tell_outcome(told, with_status=False)


def tell_outcome(told: dict[str, Any], *, with_status: bool = True) -> None:
    """Show how a run has ended, and what it has written."""
    if with_status:
        click.echo(told["status"])
    if told["message"]:
        click.echo(told["message"], err=True)
    if told["receipts"]:
        columns = ("pass", "partition", "status", "rows", "location")
        rows = [[each[column] for column in columns] for each in told["receipts"]]
        print_table("", columns, rows, right=["rows"])
