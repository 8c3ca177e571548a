"""`beaf job conformance`: do BMLL's servers answer as this plugin believes?"""

from __future__ import annotations

import click

from beaf_bmll.commands.options import AskedJobs, asks_for_jobs
from beaf_core import ExitCode, json_option, print_json, print_table


@click.command("conformance")
@asks_for_jobs
@json_option
def main(jobs: AskedJobs, as_json: bool) -> int:
    """Record how BMLL's servers answer, where we can only guess. Nothing is made or changed.

    What is printed are states, counts, names of fields and times: no data, no names, no secrets.
    The exit code is 3 where something is otherwise than this plugin believes.
    """
    from beaf_bmll.sdk import check_conformance

    seen = check_conformance(jobs.config())
    if as_json:
        print_json([each.as_row() for each in seen])
    else:
        columns = ("question", "assumed", "observed", "verdict")
        print_table("", columns, [list(each.as_row().values()) for each in seen])
    otherwise = sum(each.agrees is False for each in seen)
    if otherwise:
        click.echo(
            f"{otherwise} of {len(seen)} otherwise than believed: please report them, with this "
            "table",
            err=True,
        )
    return ExitCode.PARTLY_FAILED if otherwise else ExitCode.OK
