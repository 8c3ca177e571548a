"""`beaf job run`: how does a person run a pipeline on one of BMLL's machines?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from beaf_bmll.commands.options import AskedMachine, asks_for_machine, request_for
from beaf_core import (
    AskedPipeline,
    ExitCode,
    RunChoices,
    UsageError,
    asks_for_pipeline,
    chooses_run,
    json_option,
    print_json,
)

if TYPE_CHECKING:
    from beaf_bmll.commands.finding import Found
    from beaf_bmll.commands.service import Service
    from beaf_bmll.commands.standing import Standing
    from beaf_bmll.config import Config
    from beaf_bmll.launched import BMLLRun
    from beaf_core import LaunchRequest


@click.command(
    "run",
    epilog="Try: beaf job run --pipeline demo/01_ohlcv_bars.py --date 2026-02-01 "
    "--instance_size 64 --follow; --dry_run shows what it would do.",
)
@asks_for_pipeline
@chooses_run
@asks_for_machine
@click.option("--wait", is_flag=True, help="Wait for the end.")
@click.option("--follow", "-f", is_flag=True, help="Print its log as it comes, and wait.")
@click.option(
    "--dry_run", is_flag=True, help="Print what would be written and sent; touch nothing."
)
@json_option
def run(
    asked: AskedPipeline,
    choices: RunChoices,
    machine: AskedMachine,
    wait: bool,
    follow: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Run a pipeline on a machine of BMLL's, once, now.

    Prints the job's and the run's id. With --wait or --follow the exit code tells how it went: 0
    succeeded, 3 failed, 5 its hours were over, 130 cancelled. Who stops waiting (Ctrl-C) does not
    stop the run.
    """
    if dry_run and (wait or follow):
        raise UsageError("--dry_run starts nothing to wait for", remedy="leave --wait out")
    request, config = request_for(asked, choices, machine)
    if dry_run:
        _tell_plan(request, config, machine.name, as_json=as_json)
        return ExitCode.OK
    return _run(request, config, machine.name, wait=wait, follow=follow, as_json=as_json)


def _run(
    request: LaunchRequest,
    config: Config,
    name: str | None,
    *,
    wait: bool,
    follow: bool,
    as_json: bool,
) -> int:
    from beaf_bmll.commands.finding import find
    from beaf_bmll.commands.service import Service
    from beaf_bmll.commands.standing import standing_of

    service = Service.opened(config)
    run_id = _submitted(request, name, service)
    found = find(run_id, service)
    if not as_json:
        click.echo(f"job {found.job_id}\nrun {found.run_id}")
        click.echo(f"next: beaf job status {run_id}; beaf job logs {run_id} --follow", err=True)
    standing = (
        _waited(run_id, service, follow=follow, quiet=as_json)
        if wait or follow
        else standing_of(found, service)
    )
    ended = wait or follow
    _tell(run_id, standing, service, as_json=as_json, ended=ended)
    if ended:
        _run_of(found, service).clean_up()
    return standing.exit_code if ended else ExitCode.OK


def _run_of(found: Found, service: Service) -> BMLLRun:
    from beaf_bmll.commands.standing import launched_of

    run = launched_of(found, service)
    assert run  # it has just been submitted
    return run


def _submitted(request: LaunchRequest, name: str | None, service: Service) -> str:
    """Submit a request, and tell what else happened."""
    from beaf_bmll.specs import submission_of
    from beaf_bmll.staging import open_store
    from beaf_bmll.submit import Submitter

    if open_store(service.config, service.config.area) is None:
        click.echo(
            "note: no storage area can be reached from here: the job needs scripts that "
            "`beaf job bootstrap` has put there, in the Lab",
            err=True,
        )
    submission = submission_of(request, service.config, name=name, gateway=service.gateway)
    submitter = Submitter(service.gateway, service.config, service.folder, words=service.words)
    done = submitter.submit(submission)
    for note in done.notes:
        click.echo(f"note: {note}", err=True)
    return done.run_id


def _waited(run_id: str, service: Service, *, follow: bool, quiet: bool) -> Standing:
    from beaf_bmll.commands.finding import find
    from beaf_bmll.commands.following import follow_run, wait_for

    found = find(run_id, service)
    try:
        standing = (
            follow_run(found, service, lambda line: click.echo(line, err=quiet))
            if follow
            else wait_for(found, service)
        )
    except KeyboardInterrupt:
        click.echo(f"the run goes on; `beaf job cancel {run_id}` ends it", err=True)
        raise
    return standing


def _tell(run_id: str, standing: Standing, service: Service, *, as_json: bool, ended: bool) -> None:
    from beaf_bmll.commands.finding import find
    from beaf_bmll.commands.status import facts, tell_outcome

    told = facts(find(run_id, service), standing, service)
    if as_json:
        print_json(told)
    elif ended:
        tell_outcome(told)


def _tell_plan(request: LaunchRequest, config: Config, name: str | None, *, as_json: bool) -> None:
    from beaf_bmll.commands.plan import plan_of, tell_plan

    plan: dict[str, Any] = plan_of(request, config, name)
    if as_json:
        print_json(plan)
    else:
        tell_plan(plan)
