"""`beaf dagster ui`: how is the web page started, without a daemon?"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import click

from beaf_core import UsageError
from beaf_dagster.commands import options
from beaf_dagster.homes.home import VARIABLE as HOME_VARIABLE
from beaf_dagster.homes.home import existing_home

#: As in `beaf_dagster.locate`, which imports more than help should.
PIPELINES_VARIABLE = "BEAF_PIPELINES"


@click.command("ui")
@click.option(
    "--pipeline",
    "-p",
    "pipelines",
    multiple=True,
    help="A pipeline's file, a folder or a package; may be given several times.",
)
@click.option("--workspace", "-w", help="A workspace.yaml; that of DAGSTER_HOME by default.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", default=3000, show_default=True, type=click.IntRange(1, 65535), help="Its port."
)
@options.HOME
def ui(
    pipelines: Sequence[str], workspace: str | None, host: str, port: int, dagster_home: str | None
) -> None:
    """Start Dagster's web page. It starts no daemon: schedules and queued runs need one."""
    home = existing_home(dagster_home)
    if pipelines and workspace:
        raise UsageError(
            "--pipeline and --workspace name two sets of definitions", remedy="give one of them"
        )
    shown = _pipelines(pipelines)
    definitions = _definitions(home, workspace, named=bool(shown))
    _check_webserver()
    _check_free(host, port)
    if not _is_loopback(host):
        click.echo(
            f"warning: {host} is open to everyone who reaches this machine, "
            "and Dagster's page asks nobody who they are",
            err=True,
        )
    click.echo(f"http://{host}:{port} shows {' '.join(shown or definitions)} of {home}", err=True)
    _become(
        ["-m", "dagster_webserver", "--host", host, "--port", str(port), *definitions],
        {HOME_VARIABLE: str(home)}
        | ({PIPELINES_VARIABLE: os.pathsep.join(shown)} if shown else {}),
    )


def _pipelines(named: Sequence[str]) -> list[str]:
    """Write paths from the root on: the page's processes may stand elsewhere."""
    shown = []
    for each in named:
        path = Path(each)
        if not path.exists() and (path.suffix in (".py", ".yaml", ".yml") or os.sep in each):
            raise UsageError(
                f"there is no pipeline {each} below {Path.cwd()}", remedy="name its file or folder"
            )
        shown.append(str(path.resolve()) if path.exists() else each)
    return shown


def _definitions(home: Path, workspace: str | None, *, named: bool) -> list[str]:
    if workspace is not None and not Path(workspace).is_file():
        raise UsageError(
            f"there is no workspace {workspace}",
            remedy="name a workspace.yaml; `beaf dagster setup` writes one",
        )
    own = home / "workspace.yaml"
    if workspace is None and not named and own.is_file():
        workspace = str(own)
    return ["-w", workspace] if workspace else ["-m", "beaf_dagster.definitions"]


def _check_webserver() -> None:
    if find_spec("dagster_webserver") is None:
        raise UsageError(
            "Dagster's web page is not installed", remedy="pip install 'beaf-dagster[ui]'"
        )


def _check_free(host: str, port: int) -> None:
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise UsageError(
            f"there is no host {host}: {error.strerror}", remedy="--host 127.0.0.1"
        ) from error
    with socket.socket(address[0], socket.SOCK_STREAM) as probe:
        # As servers do: what has closed a moment ago is no reason to refuse.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address[4])
        except OSError as error:
            what = (
                "is taken"
                if error.errno == errno.EADDRINUSE
                else f"cannot be had: {error.strerror}"
            )
            raise UsageError(
                f"port {port} of {host} {what}", remedy="give another one: --port 3001"
            ) from error


def _is_loopback(host: str) -> bool:
    found = {each[4][0] for each in socket.getaddrinfo(host, None)}
    return all(ipaddress.ip_address(each).is_loopback for each in found)


def _become(arguments: Sequence[str], environment: dict[str, str]) -> None:
    """Go on as this Python with other arguments: signals then reach the page itself."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(  # noqa: S606 — no shell is what is wanted
        sys.executable, [sys.executable, *arguments], os.environ | environment
    )
