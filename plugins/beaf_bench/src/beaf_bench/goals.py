"""Which ratios are asked for, and which goals do they hold?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from statistics import median
from typing import TYPE_CHECKING, Any

from beaf_bench.workloads.registry import WORKLOADS

if TYPE_CHECKING:
    from beaf_bench.harness import Samples

HAND, DUCKDB, DUCKDB_MEAN = 1.05, 1.0, 0.8
PARTS, BATCHED, TIME_LAYOUT, TENFOLD = 1.05, 1.05, 1.25, 10.5
TINY_SECONDS = 0.020

#: (workload, layout) → contestant → what it used.
Results = Mapping[tuple[str, str], Mapping[str, "Samples"]]


@dataclass(frozen=True, slots=True)
class Ratio:
    """One figure and its goal.

    Attributes:
        workload: a name, or `all`.
        layout: of the data; `listing×10` has ten times the rows.
        measure: `cpu`, `wall`, `peak_memory` or `nodes`.
        against: what it is divided by.
        ratio: the figure; None where it could not be had.
        goal: what it should not exceed; None where there is no goal.
        noisy: whether it rests on turns that disagree.
        problem: why there is no figure.
    """

    workload: str
    layout: str
    measure: str
    against: str
    ratio: float | None
    goal: float | None = None
    noisy: bool = False
    problem: str | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the goal holds; None where there is none."""
        if self.goal is None:
            return None
        return self.ratio is not None and self.ratio <= self.goal

    def to_json(self) -> dict[str, Any]:
        """Render as JSON-ready values."""
        facts: dict[str, Any] = {
            "workload": self.workload,
            "layout": self.layout,
            "measure": self.measure,
            "against": self.against,
            "ratio": None if self.ratio is None else round(self.ratio, 4),
            "goal": self.goal,
            "holds": self.holds,
            "noisy": self.noisy,
        }
        return facts | ({"problem": self.problem} if self.problem else {})


def all_ratios(results: Results, budget: int) -> list[Ratio]:
    """Work out every ratio that the results allow."""
    return [
        *_against_rivals(results),
        *_geometric_means(results),
        *_parts(results),
        *_layouts(results),
        *_variants(results),
        *_tenfold(results),
        *_memory(results, budget),
        *_tiny(results),
    ]


def _cpu(
    key: tuple[str, str], against: str, upper: Samples, lower: Samples, goal: float | None
) -> Ratio:
    problem = upper.problem or lower.problem
    if problem:
        return Ratio(*key, "cpu", against, None, goal, problem=problem)
    ratio = median(upper.cpu) / median(lower.cpu)
    return Ratio(*key, "cpu", against, ratio, goal, upper.noisy or lower.noisy)


def _against_rivals(results: Results) -> Iterator[Ratio]:
    for key, group in results.items():
        goals = {"hand": HAND, "duckdb": DUCKDB, "decode": _decode_goal(key[0])}
        for rival, goal in goals.items():
            if rival in group and "engine" in group:
                yield _cpu(key, rival, group["engine"], group[rival], goal)


def _decode_goal(workload: str) -> float | None:
    return WORKLOADS[workload].decode_goal


def _geometric_means(results: Results) -> Iterator[Ratio]:
    ratios = [each for each in _against_rivals(results) if each.against == "duckdb"]
    for layout in dict.fromkeys(each.layout for each in ratios):
        mine = [each for each in ratios if each.layout == layout]
        found = [each.ratio for each in mine if each.ratio is not None]
        missing = len(mine) - len(found)
        yield Ratio(
            "all",
            layout,
            "cpu",
            "duckdb, geometric mean",
            prod(found) ** (1 / len(found)) if found and not missing else None,
            DUCKDB_MEAN,
            any(each.noisy for each in mine),
            f"{missing} of {len(mine)} workloads have no ratio" if missing else None,
        )


def _parts(results: Results) -> Iterator[Ratio]:
    for (name, layout), group in results.items():
        parts = [results.get((part, layout), {}).get("engine") for part in WORKLOADS[name].parts]
        there = [part for part in parts if part is not None]
        whole = group.get("engine")
        if whole is None or not parts or len(there) < len(parts):
            continue
        problem = next(filter(None, (each.problem for each in (whole, *there))), None)
        ratio = None if problem else median(whole.cpu) / sum(median(part.cpu) for part in there)
        noisy = any(each.noisy for each in (whole, *there) if each.cpu)
        yield Ratio(name, layout, "cpu", "sum of its parts", ratio, PARTS, noisy, problem)


def _layouts(results: Results) -> Iterator[Ratio]:
    for (name, layout), group in results.items():
        other = results.get((name, "listing"), {}).get("engine")
        if layout == "time" and other is not None and "engine" in group:
            yield _cpu((name, layout), "listing layout", group["engine"], other, TIME_LAYOUT)


def _variants(results: Results) -> Iterator[Ratio]:
    for key, group in results.items():
        if "batched" in group and "engine" in group:
            yield _cpu(key, "unbatched", group["batched"], group["engine"], BATCHED)


def _tenfold(results: Results) -> Iterator[Ratio]:
    for (name, layout), group in results.items():
        once = results.get((name, "listing"), {}).get("engine")
        if layout == "listing×10" and once is not None:
            yield _cpu((name, layout), "a tenth of the rows", group["engine"], once, TENFOLD)


def _memory(results: Results, budget: int) -> Iterator[Ratio]:
    for key, group in results.items():
        if key[1] not in ("listing×10", "skew") or "engine" not in group:
            continue
        engine = group["engine"]
        ratio = None if engine.problem else max(engine.rss) / budget
        yield Ratio(*key, "peak_memory", "budget", ratio, 1.0, problem=engine.problem)


def _tiny(results: Results) -> Iterator[Ratio]:
    for key, group in results.items():
        if key[0] == "tiny":
            engine = group["engine"]
            limit = f"{TINY_SECONDS * 1000:.0f} ms"
            for against, seconds, goal in (
                (f"{limit}, computation", engine.computing, 1.0),
                (f"{limit}, with planning", engine.wall, None),
            ):
                ratio = None if engine.problem else median(seconds) / TINY_SECONDS
                yield Ratio(*key, "wall", against, ratio, goal, engine.noisy, engine.problem)


def failed(results: Results) -> bool:
    """Say whether somebody did not compute, or computed something else."""
    groups: Iterable[Mapping[str, Samples]] = results.values()
    return any(each.problem for group in groups for each in group.values())
