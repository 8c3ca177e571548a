"""What do several processes write to one table at once?

Each waits for a file, so that all begin together: `sql_writers.py URL GO FIRST LAST VALUE
[OPTION=…]`, run by one of a crew, writes the days FIRST to LAST of 2025, each with rows that hold
VALUE.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from tests.outputs.crew import Crew, Writer

ROWS = 50
_FIRST_DAY = date(2025, 1, 1)


def rows_of(number: int, value: int) -> pl.DataFrame:
    return pl.DataFrame({"Day": [number] * ROWS, "Row": range(ROWS), "Value": [value] * ROWS})


def day_of(number: int) -> str:
    return (_FIRST_DAY + timedelta(days=number)).isoformat()


def started(
    crew: Crew, url: str, go: Path, days: Sequence[tuple[int, int]], *options: str
) -> list[Writer]:
    """Start a writer for each range of days, its number being its value; they wait for the file."""
    return [
        crew.start(
            "run_program",
            path=__file__,
            arguments=[url, str(go), str(first), str(last), str(value), *options],
        )
        for value, (first, last) in enumerate(days)
    ]


def finished(writers: Sequence[Writer], go: Path, seconds: float) -> None:
    """Let them begin, and wait until all have ended well."""
    go.touch()
    deadline = time.monotonic() + seconds
    ended = [each.wait(max(1.0, deadline - time.monotonic())) for each in writers]
    assert [each.code for each in ended] == [0] * len(writers), [each.said for each in ended]


def _write(url: str, go: str, first: str, last: str, value: str, *options: str) -> None:
    from beaf_outputs.sql import write  # what takes time to import, before the start
    from tests.sql_desk import Desk, partition

    assert write is not None
    while not Path(go).exists():
        time.sleep(0.01)
    given = dict(each.split("=") for each in options)
    desk = Desk(None, url)
    for number in range(int(first), int(last) + 1):
        desk.write(rows_of(number, int(value)), partition(day_of(number)), **given)


if __name__ == "__main__":
    _write(*sys.argv[1:])
