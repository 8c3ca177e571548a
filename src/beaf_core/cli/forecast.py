"""`beaf pipeline plan`: what would a run do, and why?"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from beaf_core.cli.group import BeafCommand
from beaf_core.cli.options import Asked, asks_for_pipeline, chooses_run, json_option
from beaf_core.cli.screen import counted, narrate, print_json, print_table, tell_notes
from beaf_core.model.errors import ExitCode

if TYPE_CHECKING:
    from beaf_core.engine.forecast import Forecast
    from beaf_core.model.run import RunChoices

_GB = 1_000_000_000


@click.command("plan", cls=BeafCommand)
@asks_for_pipeline
@chooses_run
@json_option
def plan(asked: Asked, choices: RunChoices, as_json: bool) -> int:
    """List what a run would write, and why. Reads no data, writes nothing."""
    from beaf_core.engine.forecast import forecast
    from beaf_core.run import request_of

    prepared = asked.prepare()
    tell_notes(prepared)
    found = forecast(request_of(prepared, choices))
    if as_json:
        print_json({"passes": [each.to_json() for each in found]})
    else:
        _print(found)
        _tell(found, asked, choices)
    return _exit_code(found)


def _print(found: Sequence[Forecast]) -> None:
    rows = [
        (
            each.pass_name,
            each.partition,
            f"{each.status}: {each.reason}" if each.reason else each.status,
            None if each.rows_in is None else f"{each.rows_in:,}",
            None if each.memory is None else f"{each.memory / _GB:.2f} GB",
            None if each.batches is None else f"{each.batches:,}",
        )
        for each in found
    ]
    names = ("pass", "partition", "why", "rows in", "memory", "batches")
    # A column of which nothing is known would only take room.
    kept = [i for i in range(len(names)) if i < 3 or any(row[i] for row in rows)]
    print_table(
        "",
        [names[i] for i in kept],
        [[row[i] for i in kept] for row in rows],
        right=[names[i] for i in kept if i > 2],
    )


def _tell(found: Sequence[Forecast], asked: Asked, choices: RunChoices) -> None:
    """Sum up, and say the next command."""
    kinds = Counter(each.status for each in found)
    summary = ", ".join(f"{number:,} {status}" for status, number in kinds.items())
    narrate(f"{counted(len(found), 'partition', 'partitions')}: {summary}")
    if not any(each.runs for each in found) and _exit_code(found) is ExitCode.OK:
        narrate("nothing would be written; --force writes all the same")
        return
    narrate(f"next: {shlex.join(_next(asked, choices))}")


def _next(asked: Asked, choices: RunChoices) -> list[str]:
    words = ["beaf", "pipeline", "run", *asked.as_typed()]
    words += ["--force"] if choices.force else []
    words += ["--allow_missing"] if choices.allow_missing else []
    return words + (["--only", ",".join(choices.only)] if choices.only else [])


def _exit_code(found: Sequence[Forecast]) -> ExitCode:
    """4 if data is missing; else the code of the first that would be refused."""
    codes = [each.exit_code for each in found if each.exit_code is not ExitCode.OK]
    if ExitCode.DATA_MISSING in codes:
        return ExitCode.DATA_MISSING
    return codes[0] if codes else ExitCode.OK
