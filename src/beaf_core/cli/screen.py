"""How are answers shown? Data on stdout, narration on stderr, colour only on a terminal."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

    from beaf_core.model.run import PassOutcome
    from beaf_core.prepare import PreparedPipeline

#: Wide enough that no cell is cut where nobody looks at a terminal.
_PIPE_WIDTH = 240

#: What a table puts between two columns.
_GUTTER = 3


def console(*, error: bool = False) -> Console:
    """Open a console on stdout or stderr."""
    from rich.console import Console  # 60 ms

    stream = sys.stderr if error else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH

    class PipeConsole(Console):
        def on_broken_pipe(self) -> None:
            # rich would leave with 1 here, whatever the command has to say.
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    return PipeConsole(file=stream, width=width, highlight=False, soft_wrap=not stream.isatty())


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """Print what somebody may stop reading (`… | head`); the command's own end still counts."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 — till the end


def narrate(text: str) -> None:
    """Tell a person how things go, apart from the data."""
    click.echo(text, err=True)


def tell_notes(prepared: PreparedPipeline) -> None:
    """Tell what a person should hear once of a configuration."""
    for note in prepared.resolved.notes:
        narrate(f"note: {note}")


def counted(number: int, one: str, many: str) -> str:
    """Render a number with its noun."""
    return f"{number:,} {one if number == 1 else many}"


def print_json(value: object) -> None:
    """Print one JSON value."""
    click.echo(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: Sequence[str] = (),
) -> None:
    """Print rows under headings; the columns in `right` are aligned there."""
    from rich import box
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", justify="right" if column in right else "left")
    for row in rows:
        table.add_row(*("" if cell is None else _literal(cell) for cell in row))
    console().print(table)


def _literal(cell: object) -> str:
    from rich.markup import escape

    return escape(str(cell))


def print_frame(title: str, frame: pl.DataFrame, *, last: Sequence[str] = ()) -> None:
    """Print the rows of a frame, as many columns as the terminal is wide.

    Args:
        title: what stands above it.
        frame: the rows.
        last: columns that matter least, shown where there is room.
    """
    out = console()
    names = sorted(frame.columns, key=lambda name: name in last)
    cells = {name: [_shown(value) for value in frame[name].to_list()] for name in names}
    shown: list[str] = []
    room = out.width
    for name in names:
        room -= max(len(name), *map(len, cells[name]), 1) + _GUTTER
        if room < 0:
            break
        shown.append(name)
    numbers = [name for name in shown if frame.schema[name].is_numeric()]
    rows = zip(*(cells[name] for name in shown), strict=True)
    print_table(title, shown, rows, right=numbers)
    hidden = [name for name in names if name not in shown]
    if hidden:
        narrate(f"  … and {', '.join(hidden)}")


def short_path(path: str) -> str:
    """Render a path relative to the working folder, where it lies below it."""
    folder = Path.cwd()
    return str(Path(path).relative_to(folder)) if Path(path).is_relative_to(folder) else path


def _shown(value: object) -> str:
    if value is None:
        return "·"
    if isinstance(value, float):
        return f"{value:,.8g}" if abs(value) < 1e8 else f"{value:,.0f}"
    return str(value)


class ProgressLines:
    """Tells of each outcome: a bar on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None

    def begin(self, total: int) -> None:
        """Start the bar, where there is somebody to see it."""
        if not sys.stderr.isatty():
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

        self._bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console(error=True),
            transient=True,
        )
        self._bar.start()
        self._task = self._bar.add_task("", total=total)

    def advance(self, outcome: PassOutcome) -> None:
        """Tell of one outcome."""
        if self._bar is not None:
            self._bar.advance(self._task)
        else:
            narrate(f"{outcome.pass_name} {outcome.partition}: {outcome.status}")

    def end(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
