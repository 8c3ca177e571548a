"""How is a report shown? Its tables on stdout; --json prints it whole."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beaf_bench.goals import Ratio
    from beaf_bench.stages import Report

#: Wide enough that no cell is cut where nobody looks at a terminal.
_PIPE_WIDTH = 160


def print_report(report: Report) -> None:
    """Print what each contestant used, then the ratios with their goals."""
    _print_table(
        "What each used (median; ± the median deviation of cpu)",
        ("workload", "layout", "contestant", "cpu ms", "±", "wall ms", "peak MB"),
        _used(report),
    )
    _print_table(
        "Ratios and goals",
        ("workload", "layout", "measure", "against", "ratio", "goal", "holds", ""),
        map(_ratio, report.ratios),
    )


def _used(report: Report) -> Iterable[Sequence[str]]:
    for (name, layout), group in report.results.items():
        for who, each in group.items():
            if each.problem or not each.cpu:
                yield name, layout, who, "–", "", "", ""
                continue
            cpu, wall = median(each.cpu) * 1000, median(each.wall) * 1000
            peak = max(each.rss) / 2**20
            deviation = f"{each.deviation:.0%}"
            yield name, layout, who, f"{cpu:.1f}", deviation, f"{wall:.1f}", f"{peak:.0f}"


def _ratio(each: Ratio) -> Sequence[str]:
    holds = {True: "yes", False: "NO", None: ""}[each.holds]
    ratio = "–" if each.ratio is None else f"{each.ratio:.2f}"
    goal = "" if each.goal is None else f"{each.goal:g}"
    remark = each.problem or ("noisy" if each.noisy else "")
    return each.workload, each.layout, each.measure, each.against, ratio, goal, holds, remark


def _print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    right = {"cpu ms", "±", "wall ms", "peak MB", "ratio", "goal"}
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    Console(width=width, highlight=False).print(table)
