"""`beaf dagster scheduler`: how does a daemon run elsewhere, now and then, apart from the page?"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from beaf_core import CommandRequest, PluginHost, UsageError, prepare_pipeline
from beaf_dagster.commands import options
from beaf_dagster.homes.home import VARIABLE as HOME
from beaf_dagster.homes.home import existing_home

if TYPE_CHECKING:
    from beaf_dagster.launcher.installed import Scheduler

NAME = "dagster_scheduler"
_NAMES = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")

_ALONE = (
    ", so it launches no run that is queued from workspace.yaml: leave --pipeline out for those"
)

_PIPELINE = click.option("--pipeline", "-p", help="The pipeline that the daemon loads.")
_WORKSPACE = click.option(
    "--workspace", "-w", help="The workspace.yaml that it loads; that of DAGSTER_HOME by default."
)
_HOURS = click.option(
    "--max_runtime_hours",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="How long the daemon runs each time.",
)


@click.group("scheduler")
def scheduler() -> None:
    """Install, look after and remove a daemon that a launcher runs now and then."""


@scheduler.command("install")
@_PIPELINE
@_WORKSPACE
@click.option("--name", default=NAME, show_default=True, help="What it is called.")
@click.option(
    "--interval_hours",
    type=click.IntRange(0, 24),
    default=4,
    show_default=True,
    help="How often it starts; 0 starts it once, now.",
)
@click.option("--instance_size", help="How large a machine the launcher takes, if it takes any.")
@click.option("--conda_env", help="The environment on that machine.")
@options.HOME
@_HOURS
@click.option("--cron_timezone", help="In which the hours are counted; UTC by default.")
@click.option("--overwrite_existing", is_flag=True, help="Replace one of that name.")
@click.option(
    "--launcher", help="Where it runs; LAUNCHER of the pipeline, or of beaf.yaml, by default."
)
@options.JSON
def install(
    pipeline: str | None,
    workspace: str | None,
    name: str,
    interval_hours: int,
    instance_size: str | None,
    conda_env: str | None,
    dagster_home: str | None,
    max_runtime_hours: float,
    cron_timezone: str | None,
    overwrite_existing: bool,
    launcher: str | None,
    as_json: bool,
) -> None:
    """Let a launcher run Dagster's daemon every few hours: schedules and queued runs need it."""
    from beaf_dagster.launcher.installed import Scheduler
    from beaf_dagster.launcher.options import configured_options, hours_of, launcher_options
    from beaf_dagster.launcher.serving import refuse_second_daemon, serving_args

    home = existing_home(dagster_home)
    _check(name, cron_timezone)
    file = _file(pipeline)
    definitions = _definitions(home, workspace, file)
    if file is not None and (home / "workspace.yaml").is_file():
        click.echo(f"note: the daemon loads {file.name} alone{_ALONE}", err=True)
    chosen = launcher or prepare_pipeline(file or {}, needs_passes=False).resolved.config.LAUNCHER
    host = PluginHost()
    words = {"instance_size": instance_size, "conda_env": conda_env}
    given = {option: value for option, value in words.items() if value is not None}
    hours, served = hours_of(host, chosen, max_runtime_hours)
    configured = configured_options(host, chosen, file)
    filled, unknown = launcher_options(host, chosen, given | hours, configured)
    before = _before(home, name, overwrite=overwrite_existing)
    schedule = _cron(interval_hours)
    if before is None or before.status(host) != "running":
        refuse_second_daemon(home)
    elif schedule is None:  # one that holds a schedule is stopped once the new one is taken
        before.end(host)
        refuse_second_daemon(home)
    run_id = name if schedule else f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    args = serving_args(home, definitions, file, served)
    variables = (HOME, *_variables_of(home))
    zone = (cron_timezone or "UTC") if schedule else None
    request = CommandRequest(
        run_id, args, str(Path.cwd()), variables, schedule, zone, overwrite_existing
    )
    try:
        launched = host.launch_run(chosen, request, filled)
    except UsageError as error:
        more = "; --interval_hours 0 runs it once, now" if schedule else ""
        raise UsageError(error.message, remedy=f"{error.remedy}{more}") from error
    if before is not None and before.ref != launched.ref:
        before.stop(host)
    for option in unknown:
        if option in given:
            click.echo(f"note: the launcher {chosen} has no {option}: it has no effect", err=True)
    written = Scheduler(
        name,
        chosen,
        launched.ref,
        given | hours,
        definitions,
        str(file) if file else None,
        schedule,
        zone,
        max_runtime_hours,
        datetime.now(UTC).isoformat(timespec="seconds"),
    )
    written.write(home)
    _tell(written, host, "installed", as_json=as_json)


@scheduler.command("uninstall")
@click.option("--name", help=f"Which one; {NAME} by default.")
@_PIPELINE
@_WORKSPACE
@options.HOME
@options.JSON
def uninstall(
    name: str | None,
    pipeline: str | None,
    workspace: str | None,
    dagster_home: str | None,
    as_json: bool,
) -> None:
    """Stop a daemon, and forget when it was to start."""
    from beaf_dagster.launcher.installed import installed, installed_as

    home, host = existing_home(dagster_home), PluginHost()
    if name is None and (pipeline or workspace):
        wanted = str(Path(pipeline or workspace or "").resolve())
        found = [each for each in installed(home) if wanted in (each.pipeline, *each.definitions)]
        if not found:
            raise UsageError(
                f"no scheduler loads {wanted}", remedy="see `beaf dagster scheduler status`"
            )
    else:
        found = [installed_as(home, name or NAME)]
    for each in found:
        if not each.stop(host):
            click.echo(f"note: the launcher {each.launcher} knows {each.ref} no more", err=True)
        each.forget(home)
        if not as_json:
            _tell(each, host, "uninstalled", as_json=False)
    if as_json:
        click.echo(json.dumps({"uninstalled": [each.name for each in found]}, indent=2))


@scheduler.command("status")
@options.HOME
@options.JSON
def status(dagster_home: str | None, as_json: bool) -> None:
    """List the daemons that are installed, and say whether one is alive."""
    from beaf_dagster.launcher.daemons import is_live, seconds_since_heartbeat
    from beaf_dagster.launcher.installed import installed
    from beaf_dagster.sync.instance import opened_instance

    home, host = existing_home(dagster_home), PluginHost()
    found = installed(home)
    with opened_instance(str(home)) as instance:
        live, since = is_live(instance), seconds_since_heartbeat(instance)
    if as_json:
        told: dict[str, Any] = {"daemon_is_live": live, "seconds_since_heartbeat": since}
        click.echo(
            json.dumps(told | {"schedulers": [each.to_json(host) for each in found]}, indent=2)
        )
        return
    for each in found:
        _tell(each, host, each.status(host), as_json=False)
    beaten = (
        "there is no heartbeat" if since is None else f"the last heartbeat is {since:.0f} s old"
    )
    click.echo(f"a daemon is {'alive' if live else 'not alive'}: {beaten}", err=True)


@scheduler.command("serve", hidden=True)
@_PIPELINE
@_WORKSPACE
@options.HOME
@_HOURS
def serve(
    pipeline: str | None, workspace: str | None, dagster_home: str | None, max_runtime_hours: float
) -> None:
    """Run the daemon for some hours: what `install` lets a launcher do."""
    from beaf_dagster.launcher.serving import refuse_second_daemon
    from beaf_dagster.launcher.serving import serve as served

    home = existing_home(dagster_home)
    file = _file(pipeline)
    definitions = _definitions(home, workspace, file)
    refuse_second_daemon(home)
    sys.exit(served(home, definitions, str(file) if file else None, max_runtime_hours * 3600))


def _check(name: str, timezone: str | None) -> None:
    if not _NAMES.fullmatch(name):
        raise UsageError(
            f"a scheduler cannot be called {name!r}", remedy="use letters, digits, _ . and -"
        )
    try:
        ZoneInfo(timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(
            f"there is no time zone {timezone}", remedy="write --cron_timezone Europe/London"
        ) from error


def _file(pipeline: str | None) -> Path | None:
    if pipeline is None:
        return None
    path = Path(pipeline)
    if not path.is_file():
        raise UsageError(f"there is no pipeline {pipeline}", remedy="name its file")
    return path.resolve()


def _definitions(home: Path, workspace: str | None, pipeline: Path | None) -> list[str]:
    if pipeline is not None and workspace is not None:
        raise UsageError(
            "--pipeline and --workspace name two sets of definitions", remedy="give one of them"
        )
    if pipeline is not None:
        return ["-m", "beaf_dagster.definitions"]
    path = Path(workspace) if workspace else home / "workspace.yaml"
    if not path.is_file():
        raise UsageError(
            f"there is no workspace {path}",
            remedy="give --pipeline FILE or --workspace FILE; `beaf dagster setup` writes one",
        )
    return ["-w", str(path.resolve())]


def _before(home: Path, name: str, *, overwrite: bool) -> Scheduler | None:
    from beaf_dagster.launcher.installed import installed

    before = next((each for each in installed(home) if each.name == name), None)
    if before is not None and not overwrite:
        raise UsageError(
            f"a scheduler {name} is installed already, since {before.installed_at}",
            remedy="give --overwrite_existing, or another --name",
        )
    return before


def _cron(interval_hours: int) -> str | None:
    if interval_hours == 0:
        return None
    return "0 0 * * *" if interval_hours == 24 else f"0 */{interval_hours} * * *"


def _variables_of(home: Path) -> list[str]:
    """Name the variables that `dagster.yaml` speaks of: a launcher brings their values."""
    from beaf_dagster.launcher.worker import variables_of
    from beaf_dagster.sync.instance import opened_instance

    with opened_instance(str(home)) as instance:
        return list(variables_of(instance.get_ref()))


def _tell(each: Scheduler, host: PluginHost, word: str, *, as_json: bool) -> None:
    if as_json:
        told: Mapping[str, Any] = {**each.to_json(host), "outcome": word}
        click.echo(json.dumps(told, indent=2))
        return
    when = f"{each.schedule} {each.timezone}" if each.schedule else "once"
    click.echo(f"{word} {each.name} by {each.launcher}, {when}, {each.max_runtime_hours:g} h")
