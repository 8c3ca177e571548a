"""`beaf pipeline plan`: what would a run do, and why?"""

from __future__ import annotations

import shlex
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from beaf_core.cli.group import BeafCommand
from beaf_core.cli.options import AskedPipeline, asks_for_pipeline, chooses_run, json_option
from beaf_core.cli.screen import (
    counted,
    narrate,
    print_json,
    print_table,
    short_path,
    tell_notes,
)
from beaf_core.model.errors import ExitCode

if TYPE_CHECKING:
    from beaf_core.engine.compiler.explain import LanePlan
    from beaf_core.engine.planning.forecast import Forecast
    from beaf_core.model.run import LaunchRequest, RunChoices

_GB = 1_000_000_000


@click.command("plan", cls=BeafCommand)
@asks_for_pipeline
@chooses_run
@click.option(
    "--explain",
    is_flag=True,
    help="Show what polars does with each table, and what does not stream.",
)
@json_option
def plan(asked: AskedPipeline, choices: RunChoices, explain: bool, as_json: bool) -> int:
    """List what a run would write, and why. Reads no data, writes nothing."""
    from beaf_core.engine.planning.forecast import forecast
    from beaf_core.run import request_of

    prepared = asked.prepare()
    tell_notes(prepared)
    request = request_of(prepared, choices)
    found = forecast(request)
    explained = list(_explained(request)) if explain else []
    if as_json:
        lanes = {"plans": [_lane_facts(*each) for each in explained]} if explain else {}
        print_json({"passes": [each.to_json() for each in found], **lanes})
    else:
        _print(found)
        for each in explained:
            _print_lane(*each)
        _tell(found, asked, choices)
    return _exit_code(found)


def _explained(request: LaunchRequest) -> Iterator[tuple[str, LanePlan]]:
    from beaf_core.engine.compiler.explain import explain_pass
    from beaf_core.engine.planning.forecast import first_work

    for work in first_work(request):
        for lane in explain_pass(work):
            yield work.resolved.name, lane


def _lane_facts(name: str, lane: LanePlan) -> dict[str, Any]:
    return {
        "pass": name,
        "table": lane.table,
        "lane": lane.lane,
        "plan": lane.text,
        "not_streaming": list(lane.not_streaming),
        "allowed": lane.allowed,
        "losing": list(lane.losing),
    }


def _print_lane(name: str, lane: LanePlan) -> None:
    click.echo(f"{name} · {lane.table} · {lane.lane}")
    click.echo(textwrap.indent(lane.text, "  "))
    for node in lane.not_streaming:
        why = "as its measures need" if lane.allowed else "though nothing declares it"
        click.echo(f"  not streamed, {why}: {' '.join(node.split())}")
    for each in lane.losing:
        click.echo(f"  loses nanoseconds: {each}")
    click.echo()


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


def _tell(found: Sequence[Forecast], asked: AskedPipeline, choices: RunChoices) -> None:
    """Sum up, and say the next command."""
    kinds = Counter(each.status for each in found)
    summary = ", ".join(f"{number:,} {status}" for status, number in kinds.items())
    narrate(f"{counted(len(found), 'partition', 'partitions')}: {summary}")
    if not any(each.runs for each in found) and _exit_code(found) is ExitCode.OK:
        narrate("nothing would be written; --force writes all the same")
        return
    if not any(each.runs for each in found):
        for remedy in dict.fromkeys(each.remedy for each in found if each.remedy):
            narrate(f"  → {remedy}")
        return
    for name, locations in _places(found).items():
        more = f" and {len(locations) - 1:,} more" if len(locations) > 1 else ""
        narrate(f"{name} → {short_path(locations[0])}{more}")
    narrate(f"next: {shlex.join(_next(asked, choices))}")


def _places(found: Sequence[Forecast]) -> dict[str, list[str]]:
    """List where each pass would write; a table holds all of its partitions."""
    places: dict[str, dict[str, None]] = {}
    for each in found:
        if each.runs:
            places.setdefault(each.pass_name, {}).update(dict.fromkeys(each.locations))
    return {name: list(locations) for name, locations in places.items()}


def _next(asked: AskedPipeline, choices: RunChoices) -> list[str]:
    words = ["beaf", "pipeline", "run", *asked.as_typed()]
    words += ["--force"] if choices.force else []
    words += ["--allow_missing"] if choices.allow_missing else []
    words += ["--allow_empty"] if choices.allow_empty else []
    words += ["--only", ",".join(choices.only)] if choices.only else []
    return words + (["--passes", ",".join(choices.passes)] if choices.passes else [])


def _exit_code(found: Sequence[Forecast]) -> ExitCode:
    """4 if data is missing; else the code of the first that would be refused."""
    codes = [each.exit_code for each in found if each.exit_code is not ExitCode.OK]
    if ExitCode.DATA_MISSING in codes:
        return ExitCode.DATA_MISSING
    return codes[0] if codes else ExitCode.OK
