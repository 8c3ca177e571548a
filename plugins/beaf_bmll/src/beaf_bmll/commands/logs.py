"""`beaf job logs`: what has a run said?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from beaf_bmll.commands.options import AskedJobs, asks_for_jobs
from beaf_core import UsageError, json_option, print_json, redact_text

if TYPE_CHECKING:
    from beaf_bmll.commands.finding import Found
    from beaf_bmll.commands.service import Service
    from beaf_bmll.gateway import LogKind


@click.command("logs")
@click.argument("run_id", metavar="[ID]", required=False)
@click.option("--follow", "-f", is_flag=True, help="Go on until the run has ended.")
@click.option(
    "--kind",
    type=click.Choice(["stream", "general"]),
    default="stream",
    show_default=True,
    help="What the job said, or what was said of its machine.",
)
@asks_for_jobs
@json_option
def logs(run_id: str | None, follow: bool, kind: LogKind, jobs: AskedJobs, as_json: bool) -> None:
    """Print what a run has said, oldest first.

    ID is a job's, a run's or a submission's; without one, it is what was submitted last.
    """
    from beaf_bmll.commands.finding import find
    from beaf_bmll.commands.following import follow_run
    from beaf_bmll.commands.service import Service

    if follow and as_json:
        raise UsageError("--json prints one value, and --follow goes on", remedy="give one of them")
    service = Service.opened(jobs.config())
    found = find(run_id, service)
    if follow:
        follow_run(found, service, click.echo, kind)
        return
    lines = list(_lines(found, service, kind))
    if as_json:
        print_json(lines)
        return
    for line in lines:
        click.echo(line)


def _lines(found: Found, service: Service, kind: LogKind) -> Iterable[str]:
    from beaf_bmll.commands.log_files import kept_lines

    if found.run is None:
        return kept_lines(found, service, kind)
    return (redact_text(line.text) for line in service.gateway.logs(found.run, kind))
