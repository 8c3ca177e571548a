"""What will polars do with a pass, and what of it does not stream?

Only the physical plan tells: `explain()` shows a median as one aggregation among others, though it
drags its whole `group_by` into memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.compiler.aggregations import key_of
from beaf_core.engine.compiler.bucket import Buckets
from beaf_core.engine.compiler.compile import DayOfTable, compile_rows, compile_states
from beaf_core.engine.compiler.compute import tables_of
from beaf_core.engine.compiler.lanes import How, Lane, split_lanes

if TYPE_CHECKING:
    from beaf_core.engine.work import PassWork

_NODE = re.compile(r'^(\d+) \[label="((?:[^"\\]|\\.)*)"', re.MULTILINE)
_EDGE = re.compile(r"^(\d+) -> (\d+);", re.MULTILINE)
#: A frame that is in memory already is not brought there by the plan.
_IN_MEMORY = re.compile(r"in-memory-(?!source)")


@dataclass(frozen=True, slots=True)
class LanePlan:
    """The physical plan of one lane.

    Attributes:
        table: the table's name.
        lane: the lane's name.
        text: its nodes, one a line, the last step first, each above what it works on.
        not_streaming: the nodes that hold their input in memory.
        allowed: whether the lane declares that it does not stream.
        losing: expressions that lose nanoseconds on their way.
    """

    table: str
    lane: str
    text: str
    not_streaming: tuple[str, ...]
    allowed: bool
    losing: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether everything streams that should, and no nanosecond is lost."""
        return (self.allowed or not self.not_streaming) and not self.losing


def explain_pass(work: PassWork) -> list[LanePlan]:
    """Explain the lanes of a pass, table by table. Nothing is computed."""
    buckets = Buckets.of(work.resolved.config)
    return [
        _explain_lane(lane, table.days, buckets)
        for table in tables_of(work.plans)
        for lane in split_lanes(table.plan).lanes
    ]


def _explain_lane(lane: Lane, days: Sequence[DayOfTable], buckets: Buckets) -> LanePlan:
    if lane.how is How.STATES:
        query = compile_states(lane, days[0], buckets)  # every day's is like the first
    else:
        query = compile_rows(lane, days, buckets)
    nodes = _nodes(query.frame)
    return LanePlan(
        table=lane.table,
        lane=lane.name,
        text="\n".join(nodes.lines()),
        not_streaming=tuple(nodes.in_memory()),
        allowed=lane.how is How.FALLBACK,
        losing=tuple(_losing(lane, days[0].frame.collect_schema())),
    )


@dataclass(frozen=True, slots=True)
class _Nodes:
    labels: Mapping[str, str]
    inputs: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        fed = {each for inputs in self.inputs.values() for each in inputs}
        for root in self.labels:
            if root not in fed:
                yield from self._below(root, 0)

    def _below(self, node: str, depth: int) -> Iterator[str]:
        name, *details = self.labels[node].split("\n")
        yield f"{'  ' * depth}{name}"
        yield from (f"{'  ' * depth}    {each}" for each in details)
        for each in self.inputs.get(node, ()):
            yield from self._below(each, depth + 1)

    def in_memory(self) -> Iterator[str]:
        for label in self.labels.values():
            if _IN_MEMORY.match(label):
                yield label


def _nodes(frame: pl.LazyFrame) -> _Nodes:
    dot = frame.show_graph(engine="streaming", plan_stage="physical", raw_output=True) or ""
    labels = {node: _readable(label) for node, label in _NODE.findall(dot)}
    inputs: dict[str, list[str]] = {}
    for node, into in _EDGE.findall(dot):
        inputs.setdefault(into, []).append(node)
    return _Nodes(labels, inputs)


def _readable(label: str) -> str:
    lines = [line.strip() for line in label.replace('\\"', '"').split("\\n")]
    return "\n".join(line for line in lines if line)


def _losing(lane: Lane, schema: pl.Schema) -> Iterator[str]:
    """Find expressions in which nanoseconds silently become microseconds.

    `Datetime("ns") + pl.duration(seconds=1)` and `+ timedelta` are Datetime("us") in polars 2.1.
    """
    empty = pl.LazyFrame(schema=schema)
    whole = [
        each
        for slot in lane.slots
        for each in (slot.aggregation.of, slot.aggregation.where)
        if each is not None and not set(each.meta.root_names()) & set(lane.lookups)
    ]
    # A walk through a book has thousands of parts, most of them many times.
    parts: dict[bytes, pl.Expr] = {}
    for each in whole:
        _collect_parts(each, parts)
    yield from (str(part) for part in parts.values() if _loses(part, empty))


def _collect_parts(expression: pl.Expr, found: dict[bytes, pl.Expr]) -> None:
    key = key_of(expression)
    if key not in found:
        found[key] = expression
        for each in expression.meta.pop():
            _collect_parts(each, found)


def _loses(expression: pl.Expr, empty: pl.LazyFrame) -> bool:
    if _unit(expression, empty) not in ("us", "ms"):
        return False
    return "ns" in [_unit(each, empty) for each in expression.meta.pop()]


def _unit(expression: pl.Expr, empty: pl.LazyFrame) -> str | None:
    if not expression.meta.root_names():
        return None
    dtype = empty.select(expression.alias("unit")).collect_schema()["unit"]
    return dtype.time_unit if isinstance(dtype, pl.Datetime | pl.Duration) else None
