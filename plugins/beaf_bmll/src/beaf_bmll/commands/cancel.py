"""`beaf job cancel`: how is a run ended?"""

from __future__ import annotations

import click

from beaf_bmll.commands.options import AskedJobs, asks_for_jobs
from beaf_core import UsageError, json_option, print_json


@click.command("cancel")
@click.argument("run_id", metavar="ID")
@asks_for_jobs
@json_option
def cancel(run_id: str, jobs: AskedJobs, as_json: bool) -> None:
    """End a run, and wait until it has ended; one that has ended already stays as it is.

    ID is a job's, a run's or a submission's. What the run has written stays: outputs are whole.
    """
    from beaf_bmll.commands.finding import find
    from beaf_bmll.commands.service import Service
    from beaf_bmll.commands.standing import launched_of, standing_of

    service = Service.opened(jobs.config())
    found = find(run_id, service)
    run = launched_of(found, service)
    if run is None:
        raise UsageError(
            f"{run_id} has no run of ours that could be ended", remedy="see `beaf job status`"
        )
    was_active = run.ended() is None
    run.stop()
    standing = standing_of(find(found.run_id, service), service)
    told = {"run_id": found.run_id, "job_id": found.job_id, "status": standing.status}
    if as_json:
        print_json({**told, "was_active": was_active})
    else:
        how = "" if was_active else "had ended already: "
        click.echo(f"{found.run_id} {how}{standing.status}")
