"""`beaf job install` and `uninstall`: how does a pipeline come back by itself, and stop?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from beaf_bmll.commands.options import (
    AskedJobs,
    AskedMachine,
    asks_for_jobs,
    asks_for_machine,
    request_for,
)
from beaf_core import (
    AskedPipeline,
    RunChoices,
    UsageError,
    asks_for_pipeline,
    chooses_run,
    did_you_mean,
    json_option,
    print_json,
)

if TYPE_CHECKING:
    from beaf_bmll.commands.starts import Start
    from beaf_bmll.config import Config
    from beaf_bmll.gateway import Job
    from beaf_bmll.installing import Plan
    from beaf_core import LaunchRequest

#: Stands in a request whose day is known only when it is due.
_ANY_DAY = "2000-01-03"


@click.command(
    "install",
    epilog="Try: beaf job install --pipeline demo/01_ohlcv_bars.py --cron '0 6 * * MON-FRI' "
    "--timezone Europe/London --name nightly",
)
@asks_for_pipeline
@chooses_run
@asks_for_machine
@click.option("--cron", help='When: five fields, or six of BMLL: "0 6 ? * MON-FRI *".')
@click.option("--timezone", help="In which the cron is meant: Europe/London; UTC by default.")
@click.option("--when", help="Once data are there: l3=XLON,XPAR, or MarketDataTrades=XLON.")
@click.option("--schedule", help="Take cron, zone, days and universe from SCHEDULES by this name.")
@click.option(
    "--on_name_conflict",
    type=click.Choice(["fail", "reuse", "overwrite"]),
    help="Where another job has that name; BMLL_JOBS.on_name_conflict by default.",
)
@click.option(
    "--dry_run", is_flag=True, help="Print what would be written and sent; touch nothing."
)
@json_option
def install(
    asked: AskedPipeline,
    choices: RunChoices,
    machine: AskedMachine,
    cron: str | None,
    timezone: str | None,
    when: str | None,
    schedule: str | None,
    on_name_conflict: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Run a pipeline on BMLL's machines on a schedule, or whenever data have arrived.

    --date is a day as seen when it is due: today, yesterday (by default), -3d for days ago, or -1bd
    for business days ago. Asked twice, nothing changes.
    """
    from beaf_bmll.commands.scheduled import tell

    starts = _starts(asked, cron, timezone, when, schedule)
    # Whatever cannot be installed is told before anything is.
    plans = [_with(_plan(each, choices, machine), on_name_conflict) for each in starts]
    told = [_done(each, dry_run=dry_run) for each in plans]
    if as_json:
        print_json(told if schedule else told[0])
        return
    for each in told:
        tell(each)


@click.command("uninstall")
@click.argument("name", required=False)
@asks_for_jobs
@click.option("--universe", help="Of the pipeline, where no name was given when it was installed.")
@json_option
def uninstall(name: str | None, jobs: AskedJobs, universe: str | None, as_json: bool) -> None:
    """Take a schedule away: it starts no more, what runs of it is ended, and its job is deleted.

    NAME is what `beaf job install` or `list` prints; without one, that of --pipeline.
    """
    from beaf_bmll.installing import installed, is_called
    from beaf_bmll.schedules import Schedules
    from beaf_bmll.sdk import connect

    config, word = jobs.config(), name or _name_for(jobs, universe)
    gateway = connect(config)
    known = list(installed(gateway))
    found = [each for each in known if is_called(each, word)]
    if not found:
        raise _no_such(word, known)
    schedules = Schedules(gateway, config)
    schedules.remove(found)
    for note in schedules.notes:
        click.echo(f"note: {note}", err=True)
    if as_json:
        print_json({"uninstalled": [{"job_id": each.id, "name": each.name} for each in found]})
        return
    for each in found:
        click.echo(f"uninstalled {each.name}: job {each.id}")


# -- what is asked ---------------------------------------------------------------------------------


def _starts(
    asked: AskedPipeline,
    cron: str | None,
    timezone: str | None,
    when: str | None,
    schedule: str | None,
) -> list[Start]:
    from beaf_bmll.commands.starts import Start, starts_of

    if schedule is None:
        return [Start(asked, cron, timezone, when)]
    if cron or timezone or when:
        raise UsageError(
            f"--schedule {schedule} says when it starts",
            remedy="leave --cron, --timezone and --when out, or --schedule",
        )
    return starts_of(asked, schedule)


def _plan(start: Start, choices: RunChoices, machine: AskedMachine) -> Plan:
    from beaf_bmll.installing import Plan, cron_triggers, data_trigger, schedule_of

    word, request, config = _request(start.asked, choices, machine)
    clock = start.timezone or config.cron_timezone
    schedule = schedule_of(start.cron, clock, word)
    triggers = (
        cron_triggers(start.cron, clock, config)
        if start.cron
        else (data_trigger(str(start.when), config),)
    )
    _warn(config)
    name = start.named(machine.name, _name_of(request, config))
    # Each run is named after the schedule, and the time that it serves.
    return Plan(name, replace(request, run_id=name), schedule, triggers, config)


def _with(plan: Plan, on_name_conflict: str | None) -> Plan:
    if on_name_conflict is None:
        return plan
    chosen = plan.config.model_copy(update={"on_name_conflict": on_name_conflict})
    return replace(plan, config=chosen)


def _request(
    asked: AskedPipeline, choices: RunChoices, machine: AskedMachine
) -> tuple[str | None, LaunchRequest, Config]:
    """Describe what is run each time, and the word for its day, where that is known only then."""
    from beaf_bmll.cron import is_relative

    word = asked.date
    if word is None and asked.start_date is None and asked.end_date is None:
        word = "yesterday"
    if word is None or not is_relative(word):
        if word is not None:
            _check_day(word)
        return None, *request_for(asked, choices, machine)
    return word, *request_for(replace(asked, date=_ANY_DAY), choices, machine)


def _check_day(word: str) -> None:
    try:
        date.fromisoformat(word)
    except ValueError:
        raise UsageError(
            f"--date: {word!r} is no day",
            remedy="write yesterday, today, -3d, -1bd for a business day ago, or YYYY-MM-DD",
        ) from None


def _name_of(request: LaunchRequest, config: Config) -> str:
    from beaf_bmll.specs import name_of

    return name_of(replace(request, schedule="each time"), config)


def _name_for(jobs: AskedJobs, universe: str | None) -> str:
    if jobs.path is None:
        raise UsageError(
            "which schedule is to go?",
            remedy="give its name, as `beaf job list` prints it, or --pipeline",
        )
    asked = AskedPipeline(jobs.path, _ANY_DAY, None, None, universe, jobs.sets)
    return _name_of(*request_for(asked, RunChoices(), AskedMachine()))


def _warn(config: Config) -> None:
    if config.max_concurrent_instances is not None:
        click.echo(
            "note: max_concurrent_instances holds for what is started from here; what BMLL starts "
            "by itself is not counted first",
            err=True,
        )


def _no_such(word: str, known: list[Job]) -> UsageError:
    names = sorted({each.name for each in known})
    return UsageError(
        f"no schedule is called {word}{did_you_mean(word, names)}",
        remedy=f"installed: {', '.join(names)}" if names else "none is installed",
    )


def _done(plan: Plan, *, dry_run: bool) -> dict[str, Any]:
    """Install a plan, or say what that would be, as the object that `--json` prints."""
    from beaf_bmll.commands.scheduled import facts_of, sent_for

    told = facts_of(plan)
    if dry_run:
        return told | {"outcome": "not installed", **sent_for(plan)}
    outcome, job_id = _installed(plan)
    return told | {"outcome": outcome, "job_id": job_id}


def _installed(plan: Plan) -> tuple[str, str]:
    """Install a plan: what came of it, and which job it is."""
    from beaf_bmll.installing import install as make
    from beaf_bmll.sdk import connect

    made = make(plan, connect(plan.config))
    for note in made.notes:
        click.echo(f"note: {note}", err=True)
    return made.outcome, made.job.id
