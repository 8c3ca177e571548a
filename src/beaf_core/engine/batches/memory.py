"""How much memory does a computation take, and how much is there?

The figures were measured: peak resident memory of polars 2.1, streaming, over generated tables of
5 and 20 million rows in both layouts, a fresh process each, less what the imports take. Per row,
between the two sizes; two threads:

| what | MB at 5M rows | MB at 20M rows | bytes per row |
|---|---|---|---|
| scan of 4 columns | 80 | 85 | 0 |
| 9 sums and maxima, by minute | 160 | 190 | 0–2 |
| first and last in no known order | 230 | 235 | 0–2 |
| 2 medians | 600 | 2050 | 106 |
| number of distinct texts | 375 | 1360 | 72 |
| lifetimes of orders (join), mean and maximum | 410 | 1450 | 76 |
| 2 time-weighted states (window) | 400 | 1400 | 72 |
| as-of, per row of the table looked up in | 230 | 460 | 16–33 |
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from beaf_core.model.errors import UsageError
from beaf_core.model.module import Kind, Measure
from beaf_core.model.primitives import AsOf, Lifetime

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedModule
    from beaf_core.engine.work import PassWork

GB = 10**9
#: What a worker takes before it has read a row: interpreter, polars, pydantic, plugins; 115 MB
#: measured with beaf-analytics.
IDLE = 130 * 10**6
#: Bytes per row that each lane holds at its peak, beyond what every scan takes. Rounded upwards:
#: fallbacks of a hundred outputs were measured at 150, seven time-weighted measures at 140.
PER_ROW: Mapping[str, int] = {
    "plain": 2,
    "fallback": 150,
    "distinct": 80,
    "states": 160,
    "lifetimes": 90,
    "asof": 40,
    "computed": 150,
}
#: Lanes that are cut at edges of buckets where a batch exceeds its budget.
CUT_BY_TIME = ("fallback", "distinct", "states")
#: What a streaming query takes however few columns it reads.
STREAM = 50 * 10**6
#: Row groups that a scan has in memory at once: 11 measured at 20 and at 40 columns.
ROW_GROUPS_AHEAD = 12
#: Where a source does not say how large they are; polars' default.
ROW_GROUP = 262_144
BYTES_PER_VALUE = 8
#: An output row, per thread that aggregates, and again when tables are joined: 390 bytes measured
#: for 9 aggregations.
PER_GROUP, PER_AGGREGATE = 100, 50
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class TableCost:
    """What one pass holds in memory of one table.

    Attributes:
        table: the table.
        per_row: bytes per row, beyond the scan.
        columns: how many columns are read.
        aggregates: how many numbers a group has.
        buckets: the most groups that a listing can have.
        row_group: the rows of the largest row group.
        by_time: how many of the bytes per row belong to lanes that can be cut by time.
    """

    table: str
    per_row: int
    columns: int
    aggregates: int
    buckets: int
    row_group: int
    by_time: int = 0

    def bytes(self, rows: int, listings: int) -> int:
        """Estimate the peak over that many rows of that many listings."""
        scanned = min(rows, ROW_GROUPS_AHEAD * self.row_group)
        groups = min(rows, listings * self.buckets)
        return (
            rows * self.per_row
            + scanned * self.columns * BYTES_PER_VALUE
            + groups * (PER_GROUP + PER_AGGREGATE * self.aggregates)
        )


def estimate_bytes(costs: Sequence[TableCost], rows: Mapping[str, int], listings: int) -> int:
    """Estimate the peak of a computation, beyond an idle process.

    The tables of a pass may be computed at the same time, so that their peaks are added.
    """
    return STREAM + sum(cost.bytes(rows.get(cost.table, 0), listings) for cost in costs)


def costs_of(work: Sequence[PassWork]) -> list[TableCost]:
    """Say what each pass of a computation holds of each table."""
    return [cost for each in work for cost in _costs_of_pass(each)]


def _costs_of_pass(work: PassWork) -> Iterator[TableCost]:
    modules = work.resolved.modules
    needed = _columns(modules)
    # The buckets at both ends of a day may reach into the next one.
    per_day = int(SECONDS_PER_DAY / work.resolved.config.time_bucket_seconds) + 2
    for table in dict.fromkeys(each.plan.table for plan in work.plans for each in plan.tables):
        own = [measure for measure in work.resolved.measures if measure.table == table]
        lanes = lanes_of(modules, table)
        yield TableCost(
            table=table,
            per_row=sum(PER_ROW[lane] for lane in lanes),
            columns=len(needed.get(table, ())) + 3,  # listing, time, sequence
            aggregates=sum(len(each.aggregations) or 1 for each in own),
            buckets=per_day * len(work.plans),
            row_group=_largest_row_group(work, table),
            by_time=sum(PER_ROW[lane] for lane in lanes if lane in CUT_BY_TIME),
        )


def lanes_of(modules: Sequence[ResolvedModule], table: str) -> set[str]:
    """Name the ways in which the modules of a pass hold rows of a table."""
    lanes = {"plain"}
    for module in modules:
        lanes |= {lane for each in module.measures for lane in _lanes_of(each, table)}
        if table in module.reads or any(table in each.needs for each in module.provides):
            lanes.add("computed")
    return lanes


def _lanes_of(measure: Measure, table: str) -> Iterator[str]:
    if measure.table == table:
        for each in measure.aggregations.values():
            if each.kind.of_states:
                yield "states"
            elif not each.kind.streams:
                yield "fallback"
            elif each.kind is Kind.DISTINCT:
                yield "distinct"
    for lookup in measure.lookups.values():
        if isinstance(lookup, Lifetime) and measure.table == table:
            yield "lifetimes"
        elif isinstance(lookup, AsOf) and table in (measure.table, lookup.table):
            yield "asof"


def _columns(modules: Sequence[ResolvedModule]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for module in modules:
        needs = [each.needs for each in module.measures]
        needs += [each.needs for each in module.provides]
        for needed in [*needs, module.reads]:
            for table, columns in needed.items():
                found.setdefault(table, set()).update(columns)
    return found


def _largest_row_group(work: PassWork, table: str) -> int:
    groups = [
        group[0]
        for plan in work.plans
        for each in plan.tables
        if each.plan.table == table
        for part in each.read.parts
        for group in part.row_groups or ()
    ]
    return max(groups, default=ROW_GROUP)


# -- budgets ---------------------------------------------------------------------------------------


def budget_of(gigabytes: float) -> int:
    """Return the bytes that a computation may take within MEMORY_PER_WORKER, or the machine's.

    Raises:
        UsageError: a worker could not even start in so little.
    """
    whole = min(int(gigabytes * GB), total_memory())
    if whole <= IDLE + STREAM:
        raise UsageError(
            f"MEMORY_PER_WORKER is {gigabytes:g} GB, and a worker that does nothing takes "
            f"{(IDLE + STREAM) / GB:g}",
            remedy="set MEMORY_PER_WORKER to 0.5 or more",
        )
    return whole - IDLE


def total_memory() -> int:
    """Return the bytes of memory that this process can ever have: the machine's, or its cgroup's.

    Where nothing tells, as much as one likes.
    """
    try:
        machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        machine = sys.maxsize
    limits = [_number(Path(place)) for place in _CGROUP_LIMITS]
    return min([machine, *(each for each in limits if each)])


#: cgroup 2 as containers see it, and cgroup 1.
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # no such limit, or `max`
        return None


# -- this process ----------------------------------------------------------------------------------


def resident() -> int:
    """Return the bytes of memory that this process holds; the most so far where nobody tells."""
    return _status("VmRSS") or _peak_by_resource()


def peak_resident() -> int:
    """Return the most memory that this process has held, in bytes."""
    # Linux keeps the parent's peak in ru_maxrss across an exec; its own counter starts anew.
    return _status("VmHWM") or _peak_by_resource()


def _status(name: str) -> int | None:
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:  # not Linux
        return None
    found = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return int(found[0]) * 1024 if found else None


def _peak_by_resource() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
