"""`beaf dagster setup`: how does a Dagster home come to be?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import click

from beaf_dagster.commands import options
from beaf_dagster.homes.files import FIRST_DAY, PASSWORD_VARIABLE, Asked, SetFile, set_up
from beaf_dagster.homes.home import new_home

FREQUENCIES = ("D", "W", "2W", "M", "Q", "A")


@click.command("setup")
@click.option(
    "--dagster_home",
    help="The folder of the instance; DAGSTER_HOME, else /home/bmll/user/my-dagster where that "
    "can be, else ~/.beaf/dagster.",
)
@click.option(
    "--pipelines",
    multiple=True,
    help="A folder, file or package; several times for several. By default, those of the project "
    "in the working directory.",
)
@click.option(
    "--postgres_url",
    help="Keep events in PostgreSQL: postgresql://user@host:5432/database. A password in it is not "
    f"kept; Dagster reads it from {PASSWORD_VARIABLE}.",
)
@click.option(
    "--batch_freq",
    type=click.Choice(FREQUENCIES),
    help="How dates are cut into partitions; by default as each pipeline says.",
)
@click.option(
    "--start_date", default=FIRST_DAY, show_default=True, help="The first day of partitions."
)
@click.option("--dry_run", is_flag=True, help="Say what would be written.")
@options.JSON
def setup(
    dagster_home: str | None,
    pipelines: Sequence[str],
    postgres_url: str | None,
    batch_freq: str | None,
    start_date: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write an instance, a workspace and definitions; what is there already is kept."""
    home = new_home(dagster_home)
    places, venues = _pipelines(pipelines)
    asked = Asked(places, venues, postgres_url, batch_freq, _day(start_date))
    done = set_up(home, asked, dry_run=dry_run)
    if as_json:
        files = [{"path": str(each.path), "state": each.state} for each in done]
        click.echo(json.dumps({"dagster_home": str(home), "dry_run": dry_run, "files": files}))
    else:
        _print(done, dry_run)
    _tell_next(home, postgres_url, asked.pipelines)


def _day(text: str) -> str:
    from beaf_core import DatePartition

    return DatePartition(text).start_date


def _pipelines(named: Sequence[str]) -> tuple[list[str], list[str]]:
    """Name pipelines so that every process finds them, and list the venues of their sources.

    Raises:
        UsageError: there is no such pipeline.
    """
    from beaf_dagster.homes.venues import known_venues
    from beaf_dagster.locate import project_folders
    from beaf_dagster.pipelines import find_pipelines

    packages = list(named) or [str(each) for each in project_folders(Path.cwd())]
    venues = known_venues(found for each in packages for found in find_pipelines(each))
    places = [str(Path(each).resolve()) if Path(each).exists() else each for each in packages]
    return places, venues


def _print(done: Sequence[SetFile], dry_run: bool) -> None:
    words = {
        "written": "would write" if dry_run else "wrote",
        "kept": "kept",
        "differs": "kept, though it says other than asked",
    }
    for each in done:
        click.echo(f"{words[each.state]} {each.path}")


def _tell_next(home: Path, postgres_url: str | None, pipelines: Sequence[str]) -> None:
    lines = (
        []
        if pipelines
        else ["no pipelines here: set BEAF_PIPELINES, or name them with --pipelines"]
    )
    if postgres_url is None:
        lines += [
            "events are kept in SQLite, which is for one machine; "
            "for more, remove dagster.yaml and give --postgres_url"
        ]
    elif urlsplit(postgres_url).password:
        lines += [f"the password is not kept: export {PASSWORD_VARIABLE} where Dagster runs"]
    else:
        lines += [f"export {PASSWORD_VARIABLE} where Dagster runs"]
    lines += [
        "next:",
        f"  export DAGSTER_HOME={home}",
        "  beaf dagster ui                                  # the web page",
        f"  dagster-daemon run -w {home / 'workspace.yaml'}  # schedules, queued runs",
    ]
    for each in lines:
        click.echo(each, err=True)
