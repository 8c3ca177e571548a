"""`beaf dagster doctor`: what is printed of the checks of an instance?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from beaf_core import ExitCode, UsageError
from beaf_dagster.commands import options
from beaf_dagster.doctor.findings import Finding
from beaf_dagster.homes.home import existing_home


@click.command("doctor")
@options.HOME
@click.option("--workspace", "-w", help="A workspace.yaml; that of DAGSTER_HOME by default.")
@click.option(
    "--pipeline",
    "-p",
    "pipelines",
    multiple=True,
    help="Look at these pipelines instead of a workspace.",
)
@options.JSON
def doctor(
    dagster_home: str | None, workspace: str | None, pipelines: Sequence[str], as_json: bool
) -> int:
    """Check an instance: storage, schema, daemon, what is installed, what it loads."""
    home = existing_home(dagster_home)
    if pipelines and workspace:
        raise UsageError(
            "--pipeline and --workspace name two sets of definitions", remedy="give one of them"
        )
    findings = list(_look(home, workspace, pipelines))
    if as_json:
        click.echo(json.dumps([asdict(each) for each in findings], indent=2, ensure_ascii=False))
    else:
        _print(findings)
    failed = sum(each.state == "fail" for each in findings)
    if failed:
        click.echo(f"{failed} of {len(findings)} to mend", err=True)
    return ExitCode.PARTLY_FAILED if failed else ExitCode.OK


def _look(home: Path, workspace: str | None, pipelines: Sequence[str]) -> Iterator[Finding]:
    from beaf_dagster.doctor.installed import check_installed
    from beaf_dagster.doctor.instance import check_instance

    yield from check_installed()
    yield from check_instance(home)
    yield from _look_at_definitions(home, workspace, pipelines)


def _look_at_definitions(
    home: Path, workspace: str | None, pipelines: Sequence[str]
) -> Iterator[Finding]:
    from beaf_dagster.build import build_definitions
    from beaf_dagster.doctor.locations import check_definitions, check_workspace

    file = Path(workspace) if workspace else home / "workspace.yaml"
    if workspace and not file.is_file():
        raise UsageError(f"there is no workspace {workspace}", remedy="name a workspace.yaml")
    if file.is_file() and not pipelines:
        yield from check_workspace(file)
        return
    definitions = build_definitions(list(pipelines) or None, allow_large_partitions=True)
    yield from check_definitions(definitions, "pipelines")


def _print(findings: Sequence[Finding]) -> None:
    width = max(len(each.subject) for each in findings)
    for each in findings:
        below = "\n" + " " * (width + 8)
        told = each.text.replace("\n", below)
        click.echo(f"{each.state:<4}  {each.subject:<{width}}  {told}")
        if each.remedy:
            click.echo(f"{below[1:]}→ {each.remedy}")
