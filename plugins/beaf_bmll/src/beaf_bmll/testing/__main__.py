"""`python -m beaf_bmll.testing`: how does somebody type `beaf job run` where there is no BMLL?"""

from __future__ import annotations

import shlex
import signal
import sys
import tempfile
from pathlib import Path

import click

from beaf_bmll.testing.emulator import Emulator

#: Where the Lab has a user's projects, too.
_PROJECT = "intraday-metrics"


def variables_of(emulator: Emulator) -> dict[str, str]:
    """Name what leads a shell to these servers: a login, and where the areas are mounted."""
    project = emulator.area_roots["user"] / _PROJECT
    project.mkdir(exist_ok=True)
    jobs = {
        "lab_org_id": emulator.lab_org_id,
        "project_root": str(project),
        "poll_seconds": "0.5",
        **{f"area_roots__{area}": str(root) for area, root in emulator.area_roots.items()},
    }
    return emulator.environment | {
        f"BEAF__BMLL_JOBS__{name}": value for name, value in jobs.items()
    }


@click.command("python -m beaf_bmll.testing")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
def main(folder: Path | None) -> None:
    """Emulate BMLL's servers on this machine until Ctrl-C, and print what leads a shell to them.

    Areas, logs and the key lie in FOLDER, a new one by default. Paste the lines into another shell,
    and copy pipelines into the folder that the last line enters: `beaf job run` runs them.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # machines end with the servers
    root = folder or Path(tempfile.mkdtemp(prefix="bmll-"))
    with Emulator(root) as emulator:
        for name, value in variables_of(emulator).items():
            click.echo(f"export {name}={shlex.quote(value)}")
        click.echo('cd "$BEAF__BMLL_JOBS__project_root"')
        sys.stdout.flush()
        click.echo("paste these into another shell; Ctrl-C ends the servers", err=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            click.echo("ended", err=True)
        for each in emulator.violations:
            click.echo(f"against the contract: {each}", err=True)


if __name__ == "__main__":
    main()
