"""Writes a partition, and kills itself before or after one of its steps; run as a program.

Arguments: the URL, the number that the rows hold, and the step; without one, it writes to the end.
It prints a line when it begins, and one with the number of its steps at the end.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import polars as pl
from tests.file_databases import FileDatabases
from tests.sql_desk import Desk, partition

from beaf_outputs.sql.drivers.duckdb import DuckdbDatabase
from beaf_outputs.sql.drivers.sqlite import SqliteDatabase

MONDAY = partition("2025-01-06")
ROWS = 4_000


def rows(value: int) -> pl.DataFrame:
    """Enough for files to grow, and for SQLite to stage."""
    return pl.DataFrame({f"x{number}": [value] * ROWS for number in range(60)})


class Clock:
    """Counts the beginnings and the ends of steps, and dies at one of them."""

    def __init__(self, last: int | None) -> None:
        self.now, self._last = 0, last

    def tick(self) -> None:
        """Count."""
        self.now += 1
        if self.now == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """Do a step between two ticks."""

        def doing(*arguments: Any, **named: Any) -> Any:
            self.tick()
            done = step(*arguments, **named)
            self.tick()
            return done

        return doing


def main() -> None:
    """Write."""
    url, value = sys.argv[1], int(sys.argv[2])
    clock = Clock(int(sys.argv[3]) if len(sys.argv) > 3 else None)
    for database in (SqliteDatabase, DuckdbDatabase):
        for name in ("run", "append", "commit"):
            setattr(database, name, clock.counted(getattr(database, name)))
    made = rows(value)
    print("ready", flush=True)
    Desk(FileDatabases(), url).write(made, MONDAY)
    print(clock.now)


if __name__ == "__main__":
    main()
