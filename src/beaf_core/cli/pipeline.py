"""`beaf pipeline`: run, check and look at pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from beaf_core.cli.forecast import plan
from beaf_core.cli.group import BeafGroup, debug_wanted
from beaf_core.cli.options import AskedPipeline, asks_for_pipeline, chooses_run, json_option
from beaf_core.cli.screen import (
    ProgressLines,
    counted,
    narrate,
    print_frame,
    print_json,
    print_table,
    reader_may_leave,
    short_path,
    tell_notes,
)
from beaf_core.model.errors import BeafError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from beaf_core.model.run import PassOutcome, RunChoices, RunReport
    from beaf_core.prepare import PreparedPipeline

#: Columns that say what the reader of a sample knows already.
_SEEN_ELSEWHERE = ("MIC", "CurrencyCode", "MarketState")


@click.group("pipeline", cls=BeafGroup)
def pipeline() -> None:
    """Run, check and look at pipelines."""


pipeline.add_command(plan)


@pipeline.command("run")
@asks_for_pipeline
@chooses_run
@click.option(
    "--sample", default=5, show_default=True, help="Rows to show of each pass; 0 for none."
)
@json_option
def run(
    asked: AskedPipeline,
    choices: RunChoices,
    sample: int,
    as_json: bool,
) -> int:
    """Run a pipeline, and print what was written."""
    from beaf_core.run import launch

    progress = ProgressLines()
    try:
        prepared = asked.prepare()
        tell_notes(prepared)
        report = launch(prepared, choices, progress=progress)
    except BeafError as error:
        if as_json:
            print_json(_failure(error))
        raise
    finally:
        progress.end()
    with reader_may_leave():
        if as_json:
            print_json(report.to_json())
        else:
            _print_report(report)
            _print_samples(prepared, report, sample)
    _tell_outcomes(report)
    return report.exit_code


@pipeline.command("validate")
@asks_for_pipeline
@json_option
def validate(
    asked: AskedPipeline,
    as_json: bool,
) -> int:
    """Check a pipeline's configuration, and try its metrics' examples. Reads no data."""
    try:
        prepared = asked.prepare()
        examples = _tried(prepared)
    except BeafError as error:
        if as_json:
            print_json({"valid": False, "problems": _problems(error)})
        raise
    if as_json:
        notes = list(prepared.resolved.notes)
        print_json({"valid": True, "problems": [], "notes": notes, "examples": examples})
        return ExitCode.OK
    tell_notes(prepared)
    passes = prepared.resolved.passes
    columns = sum(len(each.measures) for each in passes)
    click.echo(
        f"{asked.path} is valid: {counted(len(passes), 'pass', 'passes')}, "
        + counted(columns, "measure", "measures")
        + (f"; {counted(examples, 'example', 'examples')} came out as expected" if examples else "")
    )
    return ExitCode.OK


def _tried(prepared: PreparedPipeline) -> int:
    """Try the examples of all modules, and return how many there are.

    Raises:
        ConfigError: some do not come out as expected.
    """
    from beaf_core.config.errors import ConfigError
    from beaf_core.engine.examples import try_examples

    tried = list(try_examples(prepared.resolved, prepared.host))
    failed = [each for each in tried if each.fault is not None]
    if failed:
        raise ConfigError([each.problem(prepared.loaded.tree) for each in failed])
    return len(tried)


@pipeline.command("show")
@asks_for_pipeline
@json_option
def show(
    asked: AskedPipeline,
    as_json: bool,
) -> None:
    """Print the resolved configuration, and where each value came from."""
    from beaf_core.config.show import as_lines, as_values

    prepared = asked.prepare()
    if as_json:
        print_json(as_values(prepared.loaded.tree, prepared.resolved))
        return
    tell_notes(prepared)
    for line in as_lines(prepared.loaded.tree, prepared.resolved):
        click.echo(line)


def _failure(error: BeafError) -> dict[str, Any]:
    return {
        "status": "failed",
        "run_id": None,
        "manifest": None,
        "receipts": [],
        "error": {
            "type": type(error).__name__,
            "message": error.message,
            "remedy": error.remedy,
            "exit_code": int(error.exit_code),
        },
    }


def _problems(error: BeafError) -> list[dict[str, Any]]:
    from beaf_core.config.errors import ConfigError

    if not isinstance(error, ConfigError):
        return [{"path": "", "message": error.message, "place": None, "remedy": error.remedy}]
    return [
        {
            "path": each.path,
            "message": each.message,
            "place": str(each.place) if each.place else None,
            "remedy": each.remedy,
        }
        for each in error.problems
    ]


def _print_report(report: RunReport) -> None:
    rows = [
        (
            each.pass_name,
            each.partition,
            each.status,
            f"{each.receipt.rows:,}" if each.receipt else "",
            short_path(each.receipt.location) if each.receipt else "",
        )
        for each in report.outcomes
    ]
    columns = ("pass", "partition", "status", "rows", "location")
    print_table("", columns, rows, right=["rows"])


def _print_samples(prepared: PreparedPipeline, report: RunReport, rows: int) -> None:
    """Show the first rows of the first partition of each pass."""
    shown: set[str] = set()
    for outcome in report.outcomes:
        if rows > 0 and outcome.receipt is not None and outcome.pass_name not in shown:
            shown.add(outcome.pass_name)
            try:
                _print_sample(prepared, outcome, rows)
            except BeafError as error:  # the rows are written, and the run is not the worse for it
                narrate(f"note: no rows of {outcome.pass_name} are shown: {error}")


def _print_sample(prepared: PreparedPipeline, outcome: PassOutcome, rows: int) -> None:
    from beaf_core.model.partition import DatePartition, PartitionRun, parse_universe_spec

    universe, _, dates = outcome.partition.rpartition(":")
    partition = PartitionRun(parse_universe_spec(universe), DatePartition(dates, dates))
    resolved = next(each for each in prepared.resolved.passes if each.name == outcome.pass_name)
    frame = prepared.host.read_output(resolved.targets[0], [partition])
    if frame is not None:
        title = f"{outcome.pass_name} · {outcome.partition}"
        print_frame(title, frame.head(rows).collect(), last=_SEEN_ELSEWHERE)


def _messages(outcomes: Iterable[PassOutcome]) -> list[str]:
    """Word what went wrong, once for all partitions of a pass that say the same."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for each in outcomes:
        failed = each.exit_code is not ExitCode.OK
        if failed or each.message:
            key = ("error" if failed else "warning", each.pass_name, each.message or "")
            alike.setdefault(key, []).append(each.partition)
    return [
        f"{kind}: {name} {partitions[0]}"
        + (f" and {len(partitions) - 1} more" if len(partitions) > 1 else "")
        + f": {message}"
        for (kind, name, message), partitions in alike.items()
    ]


def _tell_outcomes(report: RunReport) -> None:
    for each in report.outcomes:
        if each.traceback and debug_wanted():
            narrate(each.traceback)
    for line in _messages(report.outcomes):
        narrate(line)
    for note in report.notes:
        narrate(f"note: {note}")
    if report.outcomes and all(each.status == "unchanged" for each in report.outcomes):
        narrate("nothing has changed since the last run; --force writes all the same")
    narrate(f"manifest: {short_path(report.manifest)}")
