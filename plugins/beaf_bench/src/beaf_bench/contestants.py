"""Who computes a workload, and what counts as the computation?

For everybody the clock runs from a process that has imported everything, and computed the same
workload over a handful of rows, to the rows in hand: planning (reference, footers, query plans)
and computing count; starting a process, imports and writing do not.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from beaf_bench.clock import Reading, children_cpu, read_clock
from beaf_bench.held import shelf
from beaf_bench.market import DAY
from beaf_bench.pipeline import configuration, write_pipeline
from beaf_bench.workloads.base import Tables
from beaf_core import BeafError, ExitCode, run_pipeline

if TYPE_CHECKING:
    from beaf_bench.files import Market
    from beaf_bench.workloads.base import Workload
    from beaf_core import RunReport

Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Computed:
    """What a contestant made, and what it used.

    Attributes:
        frames: one per pass; none where it only decodes.
        used: from planning to the rows in hand.
        computing: seconds of it, without planning and checks, where that is told apart.
    """

    frames: list[pl.DataFrame]
    used: Reading
    computing: float = 0.0


class EngineError(BeafError):
    """The engine did not compute a workload."""


class _FromPlanOn:
    """Hears when the engine begins with the first partition: configuration is resolved."""

    def __init__(self) -> None:
        self.began: Reading | None = None

    def begin(self, total: int) -> None:
        """Start the clock."""
        self.began = self.began or read_clock()

    def advance(self, outcome: object) -> None:
        """Say nothing."""


def by_engine(workload: Workload, market: Market, settings: Settings) -> Computed:
    """Run the workload as a pipeline, up to the rows that the output is handed.

    Raises:
        EngineError: a pass failed.
    """
    hears, before = _FromPlanOn(), children_cpu()
    shelf.clear()
    with tempfile.TemporaryDirectory(prefix="beaf-bench-") as folder:
        config = configuration(workload, market, settings)
        report = run_pipeline(
            write_pipeline(Path(folder), config), date=DAY, progress=hears, force=True
        )
        _check(report)
        computing = _computing(report)
    assert hears.began is not None
    frames = [shelf.frames[each.name] for each in workload.passes]
    used = shelf.last.since(hears.began)
    # Workers are not warm: their start counts.
    whole = Reading(used.cpu + children_cpu() - before, used.wall)
    return Computed(frames, whole, computing)


def _computing(report: RunReport) -> float:
    """Add up the seconds of the steps in which the run computed, as its manifest tells."""
    steps = json.loads(Path(report.manifest).read_text(encoding="utf-8"))["timings"]
    return sum(float(each["seconds"]) for each in steps if each["step"] == "compute")


def _check(report: RunReport) -> None:
    if report.exit_code is not ExitCode.OK:
        wrong = [each for each in report.outcomes if each.exit_code is not ExitCode.OK]
        told = {(each.message or each.status).splitlines()[0] for each in wrong}
        raise EngineError("; ".join(sorted(told)))


def by_hand(workload: Workload, market: Market, _settings: Settings) -> Computed:
    """Run the hand-written polars."""
    assert workload.hand is not None
    began = read_clock()
    frames = workload.hand(Tables(market, market.universe()))
    return Computed(frames, read_clock().since(began))


def by_duckdb(workload: Workload, market: Market, _settings: Settings) -> Computed:
    """Run the SQL, with as many threads as polars has."""
    import duckdb

    threads = os.environ.get("POLARS_MAX_THREADS") or str(os.cpu_count())
    # Rows need no order of the file: every query says what it wants.
    options: dict[str, Any] = {"threads": threads, "preserve_insertion_order": "false"}
    with duckdb.connect(config=options) as connection:
        began = read_clock()
        listings = pl.DataFrame({"ListingId": market.universe()}).to_arrow()
        connection.register("universe", listings)
        for table in ("trades", "l2", "l3"):
            connection.execute(
                f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{market.path(table)}') "
                "WHERE ListingId IN (SELECT ListingId FROM universe)"
            )
        steps, asked = workload.statements()
        for each in steps:
            connection.execute(each)
        found = [connection.sql(each).to_arrow_table() for each in asked]
        used = read_clock().since(began)
    return Computed([_frame(each) for each in found], used)


def _frame(table: Any) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def by_decoding(workload: Workload, market: Market, _settings: Settings) -> Computed:
    """Decode exactly the columns that the outputs depend on, and throw them away."""
    began = read_clock()
    for table, columns in workload.needed_columns().items():
        rows = pl.scan_parquet(market.path(table)).select(columns)
        rows.sink_batches(lambda _batch: None, engine="streaming")
    return Computed([], read_clock().since(began))


CONTESTANTS: Mapping[str, Callable[[Workload, Market, Settings], Computed]] = {
    "engine": by_engine,
    "hand": by_hand,
    "duckdb": by_duckdb,
    "decode": by_decoding,
}
