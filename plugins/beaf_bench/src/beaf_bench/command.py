"""What does `beaf bench` take, and what does it print?"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import click

# Workloads and layouts are named here once more: help must not import polars.
WORKLOADS = ("W1", "W2", "W3c", "W3", "W4", "W4q", "W5", "W6")
#: Writes instead of computations; asked for by name alone.
OUTPUTS = "outputs"
LAYOUTS = ("listing", "time", "skew")
RIVALS = ("hand", "duckdb", "decode")
TARGETS = ("parquet", "hive", "delta", "sqlite", "duckdb", "postgresql")


class Words(click.ParamType[tuple[str, ...]]):
    """A list of words from a choice, written `W1,W2`."""

    name = "words"

    def __init__(self, choices: Sequence[str]) -> None:
        self._choices = {each.casefold(): each for each in choices}

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Split, and refuse what is not among the choices."""
        if isinstance(value, tuple):
            return value
        words = [each.strip() for each in str(value).split(",") if each.strip()]
        unknown = [each for each in words if each.casefold() not in self._choices]
        if unknown or not words:
            known = ", ".join(self._choices.values())
            self.fail(f"{', '.join(unknown) or 'nothing'} is none of {known}", param, ctx)
        return tuple(dict.fromkeys(self._choices[each.casefold()] for each in words))


@click.command("bench")
@click.option(
    "--size",
    type=click.Choice(["small", "medium", "large"]),
    default="small",
    show_default=True,
    help="1, 20 or 200 million order messages, and trades and books to match.",
)
@click.option(
    "--workloads",
    type=Words((*WORKLOADS, OUTPUTS)),
    default=",".join(WORKLOADS),
    show_default=True,
    metavar="W1,W2,…",
    help="W1 bars, W2 time-weighted book, W3c counts of orders, W3 with lifetimes, W4 a hundred "
    "outputs, W4q with quantiles, W5 all at once, W6 as-of at eight horizons; outputs: a frame of "
    "forty columns to each target, against the plain call of its library.",
)
@click.option(
    "--layout",
    "layouts",
    type=Words(LAYOUTS),
    default="listing,time",
    show_default=True,
    metavar="listing,time,skew",
    help="How files are sorted; skew: by listing, one of which has half of the rows.",
)
@click.option(
    "--against",
    "rivals",
    type=Words(RIVALS),
    default=",".join(RIVALS),
    show_default=True,
    metavar="hand,duckdb,decode",
    help="The best hand-written polars, DuckDB, and pure decoding of the needed columns.",
)
@click.option(
    "--targets",
    type=Words(TARGETS),
    default=",".join(TARGETS),
    show_default=True,
    metavar="parquet,…",
    help="Where the workload outputs writes to.",
)
@click.option(
    "--reps",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="How many turns of each count; one more compares their rows.",
)
@click.option(
    "--budget_mb",
    type=click.IntRange(min=128),
    default=2048,
    show_default=True,
    help="Memory that the engine may take with skew and with ten times the rows.",
)
@click.option("--scale", is_flag=True, help="Measure ten times the rows, too.")
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    help="Threads of every contestant; all cores by default.",
)
@click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where generated data are kept; ~/.cache/beaf/bench by default.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
def bench(
    size: str,
    workloads: tuple[str, ...],
    layouts: tuple[str, ...],
    rivals: tuple[str, ...],
    targets: tuple[str, ...],
    reps: int,
    budget_mb: int,
    scale: bool,
    threads: int | None,
    cache: Path | None,
    as_json: bool,
) -> None:
    """Measure this engine against rivals, on generated data.

    Prints processor time, memory and their ratios with goals. Exits with 3 where somebody did not
    compute, or computed something else; a goal that does not hold is a figure, not a failure.
    """
    from beaf_bench.files import default_cache  # polars: half a second
    from beaf_bench.screen import print_report
    from beaf_bench.stages import Asked, run
    from beaf_core import ExitCode

    asked = Asked(
        size=size,
        workloads=workloads,
        layouts=layouts,
        rivals=rivals,
        targets=targets,
        reps=reps,
        budget=budget_mb * 2**20,
        scale=scale,
        cache=cache or default_cache(),
        threads=threads or os.cpu_count() or 1,
    )
    report = run(asked, lambda text: click.echo(text, err=True))
    if as_json:
        click.echo(json.dumps(report.to_json(), indent=2, ensure_ascii=False))
    else:
        print_report(report)
    if report.failed:
        raise SystemExit(ExitCode.PARTLY_FAILED)
