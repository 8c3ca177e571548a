"""What does a workload consist of, and what do its contestants share?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from beaf_bench.files import TIMES, Market
from beaf_core import PluginHost

if TYPE_CHECKING:
    from beaf_core import Measure

LISTING, BUCKET = "ListingId", "TimeBucket"
KEYS = (LISTING, BUCKET)
SECOND = 1_000_000_000
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND

#: Module → its options, as a pass spells them.
Sections = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class BenchPass:
    """One output of a workload.

    Attributes:
        name: the pass's name.
        seconds: the width of its buckets.
        modules: the modules that the engine is asked for, each with its options.
    """

    name: str
    seconds: int
    modules: Sections

    def measures(self) -> Sequence[Measure]:
        """List the measures that the modules declare."""
        host = PluginHost()
        found: list[Measure] = []
        for name, section in self.modules.items():
            module = host.analytics_module(name)
            assert module.Config is not None
            found += module.measures(module.Config.model_validate(section))
        return found

    def as_configured(self) -> dict[str, Any]:
        """Write it as a pipeline does."""
        host = PluginHost()
        sections = {
            host.analytics_module(name).config_key: dict(section)
            for name, section in self.modules.items()
        }
        return {
            "name": self.name,
            "time_bucket_seconds": self.seconds,
            "modules": list(self.modules),
            **sections,
        }

    @property
    def columns(self) -> list[str]:
        """The columns that every contestant has to deliver."""
        return [*KEYS, *(each.name for each in self.measures())]


@dataclass(frozen=True, slots=True)
class Workload:
    """A computation that engine, rivals and decoding are compared in.

    Attributes:
        name: W1, W2, …
        title: what it is, in a few words.
        passes: its outputs, in the order in which every contestant returns them.
        hand: the best polars that we can write by hand: one frame per pass; None: not compared.
        sql: statements for DuckDB; the last ones, one per pass, select its rows.
        decode_goal: the engine's CPU over that of decoding the needed columns; None: no goal.
        parts: workloads that it does at once; it is compared with their sum.
    """

    name: str
    title: str
    passes: tuple[BenchPass, ...]
    hand: Callable[[Tables], list[pl.DataFrame]] | None = None
    sql: Sequence[str] = ()
    decode_goal: float | None = None
    parts: tuple[str, ...] = ()

    def statements(self) -> tuple[Sequence[str], Sequence[str]]:
        """Return the statements that prepare, and those that select the rows of each pass."""
        first = len(self.sql) - len(self.passes)
        return self.sql[:first], self.sql[first:]

    def needed_columns(self) -> dict[str, list[str]]:
        """List exactly the columns that the outputs depend on, by table."""
        needed: dict[str, set[str]] = {}
        for each in self.passes:
            for measure in each.measures():
                for table, columns in measure.needs.items():
                    mine = needed.setdefault(table, {LISTING, TIMES[table]})
                    mine.update(columns)
        return {table: sorted(columns) for table, columns in needed.items()}


@dataclass(frozen=True)
class Tables:
    """A market as hand-written polars sees it: the rows of the universe.

    Attributes:
        market: the files.
        universe: the listings that count.
    """

    market: Market
    universe: Sequence[int] = field(default_factory=tuple)

    def path(self, table: str) -> Path:
        """Return a table's file."""
        return self.market.path(table)

    def rows(self, table: str) -> pl.LazyFrame:
        """Scan a table, for the listings of the universe."""
        return pl.scan_parquet(self.path(table)).filter(pl.col(LISTING).is_in(self.universe))


def time_of(table: str) -> pl.Expr:
    """Return a row's time in nanoseconds."""
    return pl.col(TIMES[table]).to_physical()


def bucket(time: pl.Expr, width: int) -> pl.Expr:
    """Label a time with the end of its bucket `(start, end]`."""
    return (time - 1) // width * width + width


def sql_bucket(table: str, width: int) -> str:
    """Label a row with the end of its bucket, in SQL."""
    return f"((epoch_ns({TIMES[table]}) - 1) // {width} * {width} + {width})"
