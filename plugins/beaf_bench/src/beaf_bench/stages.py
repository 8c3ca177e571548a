"""Which points are measured for what a person asks?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from beaf_bench.command import OUTPUTS
from beaf_bench.files import Market, market
from beaf_bench.goals import Ratio, all_ratios, failed
from beaf_bench.harness import Samples, answer_of, compete
from beaf_bench.machine import machine
from beaf_bench.outputs.race import race
from beaf_bench.point import Point
from beaf_bench.sizes import SIZES, Size

Tell = Callable[[str], None]
TENFOLD = "listing×10"
#: So many batches are measured against none, in the run's own process.
_BATCHES = 5
#: A tiny partition takes milliseconds, so that many turns in one process are cheap.
_TINY_TURNS = 30


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asks for.

    Attributes:
        size: a name of `SIZES`.
        workloads: their names.
        layouts: `listing`, `time`, `skew`.
        rivals: `hand`, `duckdb`, `decode`.
        targets: where the workload `outputs` writes to.
        reps: how many turns count.
        budget: bytes that the engine may take with skew and ten times the rows.
        scale: whether ten times the rows are measured, too.
        cache: where generated data are kept.
        threads: how many threads every contestant has.
    """

    size: str
    workloads: Sequence[str]
    layouts: Sequence[str]
    rivals: Sequence[str]
    targets: Sequence[str]
    reps: int
    budget: int
    scale: bool
    cache: Path
    threads: int

    @property
    def settings(self) -> Mapping[str, Any]:
        """The engine's configuration where its memory is watched: one worker has all of it."""
        return {"MEMORY_PER_WORKER": self.budget / 1e9, "NUM_WORKERS": 1}


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it.

    Attributes:
        ratios: every figure with its goal.
        results: (workload, layout) → contestant → what it used.
        machine: where it was measured.
    """

    ratios: Sequence[Ratio]
    results: Mapping[tuple[str, str], Mapping[str, Samples]]
    machine: Mapping[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether somebody did not compute, or computed something else."""
        return failed(self.results)

    def to_json(self) -> dict[str, Any]:
        """Render as JSON-ready values."""
        return {
            "ratios": [each.to_json() for each in self.ratios],
            "machine": dict(self.machine),
            "points": [
                {"workload": name, "layout": layout, "contestant": who, **_facts(each)}
                for (name, layout), group in self.results.items()
                for who, each in group.items()
            ],
        }


def _facts(samples: Samples) -> dict[str, Any]:
    return {
        "cpu": samples.cpu,
        "wall": samples.wall,
        "rss": samples.rss,
        "problem": samples.problem,
    }


def run(asked: Asked, tell: Tell) -> Report:
    """Measure everything that is asked for.

    Args:
        asked: what.
        tell: hears how it goes on.
    """
    if OUTPUTS in asked.workloads:
        rest = tuple(each for each in asked.workloads if each != OUTPUTS)
        results, ratios = race(asked, tell)
        others = run(replace(asked, workloads=rest), tell) if rest else Report((), {})
        return Report(
            [*others.ratios, *ratios], {**others.results, **results}, machine(asked.threads)
        )
    results = {}
    for (name, layout), group in groups(asked, tell):
        tell(f"{name} {layout}: {', '.join(group)} …")
        results[name, layout] = found = compete(group, asked.reps, tell, asked.threads)
        tell("  " + ", ".join(f"{who} {_told(each)}" for who, each in found.items()))
    ratios = [*all_ratios(results, asked.budget), *_nodes(asked, tell)]
    return Report(ratios, results, machine(asked.threads))


def _nodes(asked: Asked, tell: Tell) -> Iterator[Ratio]:
    """Count what does not stream in the plans that the engine runs; the data matter not."""
    rows = market(SIZES["tiny"], "listing", asked.cache, tell)
    for name in asked.workloads:
        point = Point(name, "engine", rows, rows)
        answer = answer_of("nodes", point.to_json(), asked.threads)
        yield Ratio(
            *(name, "listing", "nodes", "undeclared"),
            ratio=answer.get("undeclared"),
            goal=0,
            problem=answer.get("error"),
        )


def _told(samples: Samples) -> str:
    return "–" if samples.problem else f"{median(samples.cpu):.3f} s"


def groups(asked: Asked, tell: Tell) -> Iterator[tuple[tuple[str, str], dict[str, Point]]]:
    """Yield the points that compete with each other, workload by workload.

    Markets are made before they are needed, and not before: the largest take minutes.
    """
    size = SIZES[asked.size]
    for layout in asked.layouts:
        rows = market(size, layout, asked.cache, tell)
        settings = asked.settings if layout == "skew" else {}
        for name in asked.workloads:
            group = _contestants(asked, name, rows, settings, tell)
            if layout == "listing":
                group["batched"] = replace(group["engine"], settings=_in_batches(size))
            yield (name, layout), group
    thousand = market(SIZES["thousand"], "listing", asked.cache, tell)
    yield (
        ("tiny", "listing"),
        {"engine": Point("tiny", "engine", thousand, thousand, {}, _TINY_TURNS)},
    )
    if asked.scale:
        rows = market(size.times(10), "listing", asked.cache, tell)
        for name in asked.workloads:
            warm = market(SIZES["tiny"], "listing", asked.cache, tell)
            yield (name, TENFOLD), {"engine": Point(name, "engine", rows, warm, asked.settings)}


def _in_batches(size: Size) -> Mapping[str, Any]:
    caps = {table: -(-rows // _BATCHES) for table, rows in size.rows().items()}
    return {"MAX_ROWS_PER_TABLE": caps, "NUM_WORKERS": 0}


def _contestants(
    asked: Asked, name: str, rows: Market, settings: Mapping[str, Any], tell: Tell
) -> dict[str, Point]:
    warm = market(SIZES["tiny"], rows.layout, asked.cache, tell)
    return {
        who: Point(name, who, rows, warm, settings if who == "engine" else {})
        for who in ("engine", *asked.rivals)
    }
