"""Which nodes of the plans that the engine runs hold their input in memory?

Watched, not asked: every query that the process runs streaming shows its physical plan first.

python -m beaf_bench.nodes '{"workload": "W1", …}'
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl

from beaf_bench.contestants import EngineError, by_engine
from beaf_bench.point import Point
from beaf_bench.workloads.registry import WORKLOADS

if TYPE_CHECKING:
    from beaf_bench.workloads.base import Workload

#: A frame that is in memory already is not brought there by the plan.
_IN_MEMORY = re.compile(r'label="(in-memory-(?!source)[^\\"]*)')
_RUNNING = ("collect", "sink_parquet", "sink_ipc", "sink_batches")


def undeclared(workload: Workload, found: Sequence[str]) -> int:
    """Count the nodes that no quantile accounts for: each table of quantiles has one."""
    declared = {
        (each.name, measure.table)
        for each in workload.passes
        for measure in each.measures()
        for aggregation in measure.aggregations.values()
        if not aggregation.kind.streams
    }
    return max(0, len(found) - len(declared))


@contextmanager
def watched() -> Iterator[list[str]]:
    """Collect the in-memory nodes of all streaming queries that run inside."""
    found: list[str] = []

    def look(frames: Sequence[pl.LazyFrame], options: dict[str, Any]) -> None:
        if options.get("engine") == "streaming":
            found.extend(node for frame in frames for node in in_memory_nodes(frame))

    kept = {name: getattr(pl.LazyFrame, name) for name in _RUNNING}
    collect_all = pl.collect_all

    def watch(run: Callable[..., Any]) -> Callable[..., Any]:
        def running(frame: pl.LazyFrame, *arguments: Any, **options: Any) -> Any:
            look([frame], options)
            return run(frame, *arguments, **options)

        return running

    def running_all(frames: Any, **options: Any) -> Any:
        listed = list(frames)
        look(listed, options)
        return collect_all(listed, **options)

    for name, run in kept.items():
        setattr(pl.LazyFrame, name, watch(run))
    pl.collect_all = running_all  # type: ignore[assignment]  # put back below
    try:
        yield found
    finally:
        for name, run in kept.items():
            setattr(pl.LazyFrame, name, run)
        pl.collect_all = collect_all


def in_memory_nodes(frame: pl.LazyFrame) -> list[str]:
    """Read the nodes that do not stream off a query's physical plan."""
    graph = frame.show_graph(engine="streaming", plan_stage="physical", raw_output=True, show=False)
    return _IN_MEMORY.findall(graph or "")


def main() -> None:
    """Answer one request."""
    point = Point.from_json(json.loads(sys.argv[1]))
    workload = WORKLOADS[point.workload]
    try:
        with watched() as found:
            by_engine(workload, point.market, point.settings)
    except EngineError as error:
        print(json.dumps({"error": error.message}))
        return
    print(json.dumps({"nodes": found, "undeclared": undeclared(workload, found)}))


if __name__ == "__main__":
    main()
