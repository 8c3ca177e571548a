"""`beaf job doctor`: what have broken submissions left, and can it be put right?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from beaf_bmll.commands.options import AskedJobs, asks_for_jobs
from beaf_core import ExitCode, json_option, print_json

if TYPE_CHECKING:
    from beaf_bmll.submit import Finding


@click.command("doctor")
@asks_for_jobs
@click.option("--fix", is_flag=True, help="Put right what can be.")
@json_option
def doctor(jobs: AskedJobs, fix: bool, as_json: bool) -> int:
    """Compare what was submitted from here with what there is, and say what is amiss.

    Nothing is changed without --fix. A job with a run that has not ended is never deleted. The exit
    code is 3 where something is left to do.
    """
    from beaf_bmll.commands.service import Service
    from beaf_bmll.submit import Doctor

    service = Service.opened(jobs.config())
    known = Doctor(service.gateway, service.config, service.folder, words=service.words)
    found = known.repair() if fix else known.diagnose()
    if as_json:
        print_json([each.to_json() for each in found])
    else:
        _print(found)
    left = sum(each.done is not True for each in found)
    if left:
        hint = "" if fix else "; --fix does what can be done"
        click.echo(f"{left} of {len(found)} to put right{hint}", err=True)
    return ExitCode.PARTLY_FAILED if left else ExitCode.OK


def _print(found: Sequence[Finding]) -> None:
    if not found:
        click.echo("all is well: every submission has one run, and nothing is left over")
    for each in found:
        click.echo(f"{each.kind}: {each.message}")
        told = {None: "→", True: "done:", False: "not done:"}[each.done]
        click.echo(f"  {told} {each.remedy}" + (f" ({each.fault})" if each.fault else ""))
