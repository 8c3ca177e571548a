"""What do several processes write to one table at once?

Each waits for a file, so that all begin together: `python -m tests.sql_writers URL GO FIRST LAST
VALUE [OPTION=…]` writes the days FIRST to LAST of 2025, each with rows that hold VALUE.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import polars as pl

ROWS = 50
ROOT = Path(__file__).parents[1]
_FIRST_DAY = date(2025, 1, 1)


def rows_of(number: int, value: int) -> pl.DataFrame:
    return pl.DataFrame({"Day": [number] * ROWS, "Row": range(ROWS), "Value": [value] * ROWS})


def day_of(number: int) -> str:
    return (_FIRST_DAY + timedelta(days=number)).isoformat()


def started(
    url: str, go: Path, days: Sequence[tuple[int, int]], *options: str
) -> list[subprocess.Popen[bytes]]:
    """Start a writer for each range of days, its number being its value; they wait for the file."""
    environment = {**os.environ, "POLARS_MAX_THREADS": "1"}
    return [
        subprocess.Popen(
            [sys.executable, "-m", "tests.sql_writers", url, str(go), str(first), str(last),
             str(value), *options],
            cwd=ROOT, env=environment, stderr=subprocess.PIPE,
        )
        for value, (first, last) in enumerate(days)
    ]  # fmt: skip


def finished(writers: Sequence[subprocess.Popen[bytes]], go: Path, seconds: float) -> None:
    """Let them begin, and wait until all have ended well."""
    go.touch()
    deadline = time.monotonic() + seconds
    try:
        for each in writers:
            _, told = each.communicate(timeout=max(1.0, deadline - time.monotonic()))
            assert each.returncode == 0, told.decode()
    finally:
        for each in writers:
            if each.poll() is None:
                each.kill()


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
