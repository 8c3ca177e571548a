"""`beaf job list`: which jobs are there, and what runs?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import click

from beaf_bmll.commands.options import AskedJobs, asks_for_jobs
from beaf_core import json_option, print_json, print_table

if TYPE_CHECKING:
    from beaf_bmll.commands.service import Service
    from beaf_bmll.gateway import Job, JobRun, Trigger
    from beaf_bmll.submit import Entry

#: What a job is that waits for a time, or for data.
SCHEDULED = "scheduled"


@dataclass(frozen=True, slots=True)
class Line:
    """A job of ours, or a run of one.

    Attributes:
        status: the vendor's state of a run that goes on; `scheduled`; how the last run has ended.
        goes_on: whether a machine works on it.
        when: what starts it, where it comes back.
    """

    job_id: str | None
    run_id: str | None
    status: str
    goes_on: bool
    name: str
    since: datetime
    instance_size: int | None
    when: tuple[str, ...]
    about: str
    submit_id: str | None


@click.command("list")
@click.option("--all", "everything", is_flag=True, help="Also what has ended.")
@asks_for_jobs
@json_option
def list_jobs(everything: bool, jobs: AskedJobs, as_json: bool) -> None:
    """List what runs, and what is to come back; newest first."""
    from beaf_bmll.commands.service import Service

    lines = [
        each
        for each in lines_of(Service.opened(jobs.config()))
        if everything or each.goes_on or each.status == SCHEDULED
    ]
    lines.sort(key=lambda each: (each.goes_on, each.since), reverse=True)
    if as_json:
        print_json([asdict(each) | {"since": each.since.isoformat()} for each in lines])
        return
    if not lines:
        click.echo("nothing runs, and nothing is scheduled; --all lists what has ended", err=True)
        return
    print_table(
        "",
        ("job", "run", "status", "since (UTC)", "GB", "name", "starts (UTC)", "submission"),
        [
            (
                each.job_id,
                each.run_id,
                each.status,
                f"{each.since:%Y-%m-%d %H:%M}",
                each.instance_size,
                each.name,
                ", ".join(each.when),
                (each.submit_id or "")[:8],
            )
            for each in lines
        ],
        right=["GB"],
    )


def lines_of(service: Service) -> Iterator[Line]:
    """Bring together what the vendor lists, and what the ledger knows."""
    entries = {each.submit_id: each for each in service.ledger.entries()}
    known_runs = {each.run_id: each.submit_id for each in entries.values() if each.run_id}
    running: dict[str, list[JobRun]] = {}
    for run in service.gateway.active_runs():
        submit_id = run.submit_id or known_runs.get(run.id)
        if submit_id:
            running.setdefault(submit_id, []).append(run)
    jobs = {each.submit_id: each for each in service.gateway.jobs() if each.submit_id}
    for submit_id in dict.fromkeys([*jobs, *entries, *running]):
        entry, job = entries.get(submit_id), jobs.get(submit_id)
        yield from _lines(submit_id, job, entry, running.get(submit_id, ()), service)


def _lines(
    submit_id: str,
    job: Job | None,
    entry: Entry | None,
    runs: Sequence[JobRun],
    service: Service,
) -> Iterator[Line]:
    name = job.name if job else entry.name if entry else ""
    when = tuple(map(_said, job.triggers)) if job else ()
    about = entry.about if entry else ""
    for run in runs:
        job_id = run.job_id or (job.id if job else None)
        since = run.states[0][1] if run.states else _since(job, entry)
        yield Line(
            job_id, run.id, run.state, True, name, since, run.instance_size, when, about, submit_id
        )
    if not runs or when:
        status = SCHEDULED if when else _ended(submit_id, entry, service)
        size = job.instance_size if job else None
        job_id = job.id if job else entry.job_id if entry else None
        run_id = entry.run_id if entry and not when else None
        yield Line(
            job_id, run_id, status, False, name, _since(job, entry), size, when, about, submit_id
        )


def _since(job: Job | None, entry: Entry | None) -> datetime:
    times = (entry.begun if entry else None, job.created if job else None)
    return next(at for at in times if at is not None)


def _ended(submit_id: str, entry: Entry | None, service: Service) -> str:
    if entry and entry.outcome:
        return entry.outcome
    return service.words.status(submit_id) or (entry.step if entry else "ended")


def _said(trigger: Trigger) -> str:
    if trigger.availability:
        kind, mics = trigger.availability
        return f"{kind}={','.join(mics)}"
    return trigger.cron or trigger.name
