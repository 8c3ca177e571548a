"""`beaf plugins`: what is installed, does it work, and how is a new one begun?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from beaf_core.cli.group import BeafGroup
from beaf_core.cli.options import json_option
from beaf_core.cli.screen import narrate, print_json, print_table
from beaf_core.model.errors import BeafError, ExitCode
from beaf_core.plugins.catalog import Catalog, PluginEntry
from beaf_core.plugins.kinds import KINDS
from beaf_core.plugins.needs import lacking


@click.group("plugins", cls=BeafGroup)
def plugins() -> None:
    """List, check and start plugins."""


@plugins.command("list")
@click.option("--kind", type=click.Choice(KINDS), help="Only this kind.")
@json_option
def list_plugins(kind: str | None, as_json: bool) -> None:
    """List the installed plugins from their metadata; none is imported."""
    catalog = Catalog.installed()
    rows = [_row(catalog, entry) for entry in catalog.entries if kind in (None, entry.kind)]
    _print(rows, as_json)


@plugins.command("check")
@click.option("--kind", type=click.Choice(KINDS), help="Only this kind.")
@json_option
def check_plugins(kind: str | None, as_json: bool) -> int:
    """Load every plugin, and report those that do not work."""
    from beaf_core.plugins.host import PluginHost

    host = PluginHost()
    rows = []
    for entry in host.catalog.entries:
        if kind not in (None, entry.kind):
            continue
        row = _row(host.catalog, entry)
        if row["status"] == "installed":
            try:
                host.check(entry)
                lacks = lacking(host.load(entry.kind, entry.name))
                row |= {"status": "incomplete", "lacks": lacks} if lacks else {"status": "works"}
            except BeafError as error:
                row |= {"status": "broken", "problem": str(error)}
        elif row["status"] == "conflict":
            row["problem"] = _conflict(host.catalog, entry)
        rows.append(row)
    _print(rows, as_json)
    found = [row["problem"] for row in rows if "problem" in row]
    problems = dict.fromkeys([*found, *host.catalog.unreadable])  # a conflict is told once
    for problem in problems:
        narrate(f"error: {problem}")
    for row in rows:
        for each in row.get("lacks", ()):
            narrate(f'note: the {row["kind"]} "{row["name"]}" cannot work yet: {each}')
    return ExitCode.USAGE if problems else ExitCode.OK


@plugins.command("new")
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What it plugs into.")
@click.option("--folder", default=".", show_default=True, help="Where to write it.")
@json_option
def new_plugin(name: str, kind: str, folder: str, as_json: bool) -> None:
    """Write a package with a working plugin and its tests, to start from."""
    from beaf_core.plugins.scaffold import scaffold

    written = scaffold(name, kind, Path(folder))
    if as_json:
        print_json([str(path) for path in written])
        return
    for path in written:
        click.echo(path)
    home = written[0].parent
    narrate(f"next: pip install -e {_as_folder(home)} && beaf plugins list")


def _as_folder(home: Path) -> str:
    # pip takes a bare word for the name of a distribution.
    return str(home) if home.is_absolute() else f"./{home}"


def _row(catalog: Catalog, entry: PluginEntry) -> dict[str, Any]:
    offered = catalog.of_kind(entry.kind).get(entry.name, [])
    status = "conflict" if len(offered) > 1 else "installed"
    return {
        "kind": entry.kind,
        "name": entry.name,
        "distribution": entry.distribution,
        "version": entry.version,
        "value": entry.value,
        "status": "disabled" if entry.disabled else status,
    }


def _conflict(catalog: Catalog, entry: PluginEntry) -> str:
    try:
        catalog.find(entry.kind, entry.name)
    except BeafError as error:
        return str(error)
    return ""


def _print(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    columns = ("kind", "name", "distribution", "version", "status", "value")
    print_table("", columns, [[row[column] for column in columns] for row in rows])
