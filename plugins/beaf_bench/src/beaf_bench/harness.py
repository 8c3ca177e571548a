"""How are contestants measured against each other? In turns, a fresh process for each turn.

A group of points is compared: one workload over one market. In the first round their rows are
compared, and caches of the disk fill; only then does time count, A B C A B C, so that whatever
else the machine does falls upon all of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import polars as pl

from beaf_bench.compare import differences
from beaf_bench.workloads.registry import WORKLOADS

if TYPE_CHECKING:
    from beaf_bench.point import Point

#: A ratio is noisy where the median deviation of a side exceeds this share of its median.
NOISY = 0.1
#: Whose rows are the others' measure, best first.
_REFERENCES = ("hand", "duckdb", "engine")
#: A point that takes longer has hung.
_PATIENCE = 3600


@dataclass
class Samples:
    """What a point used, turn by turn.

    Attributes:
        cpu: seconds of processor.
        wall: seconds.
        rss: most bytes held at once.
        computing: seconds without planning, where that is told apart.
        problem: why its time does not count; None where it does.
    """

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    rss: list[int] = field(default_factory=list)
    computing: list[float] = field(default_factory=list)
    problem: str | None = None

    def add(self, answer: Mapping[str, Any]) -> None:
        """Take in a turn."""
        self.cpu.append(answer["cpu"])
        self.wall.append(answer["wall"])
        self.computing.append(answer["computing"])
        self.rss.append(answer["rss"])

    @property
    def deviation(self) -> float:
        """The median absolute deviation of cpu over its median."""
        middle = median(self.cpu) if self.cpu else 0.0
        return median(abs(each - middle) for each in self.cpu) / middle if middle else 0.0

    @property
    def noisy(self) -> bool:
        """Whether the turns disagree too much to trust a ratio."""
        return self.deviation > NOISY


def compete(
    group: Mapping[str, Point],
    reps: int,
    tell: Callable[[str], None],
    threads: int,
) -> dict[str, Samples]:
    """Let the points of a group compute in turns.

    Args:
        group: label → point, all of one workload and market.
        reps: how many turns count.
        tell: hears of problems.
        threads: how many threads each of them has.
    """
    samples = {label: Samples() for label in group}
    with tempfile.TemporaryDirectory(prefix="beaf-bench-") as folder:
        _first_round(group, samples, Path(folder), threads)
    for label, each in samples.items():
        if each.problem:
            tell(f"  {group[label].workload} {label}: {each.problem}")
    for _ in range(reps):
        for label, point in group.items():
            if samples[label].problem is None:
                _take_turn(point, samples[label], threads)
    return samples


def _take_turn(point: Point, samples: Samples, threads: int) -> None:
    answer = ask(point, threads)
    if "error" in answer:
        samples.problem = answer["error"]
    else:
        samples.add(answer)


def _first_round(
    group: Mapping[str, Point], samples: Mapping[str, Samples], folder: Path, threads: int
) -> None:
    for label, point in group.items():
        place = folder / label
        place.mkdir()
        samples[label].problem = ask(point, threads, keep=place).get("error")
    # Who only decodes delivers nothing.
    delivered = [label for label in group if any((folder / label).iterdir())]
    reference = next((each for each in _REFERENCES if each in delivered), None)
    for label in delivered:
        if reference is not None and label != reference:
            told = _compare(group[label], folder / reference, folder / label)
            if told:
                samples[label].problem = f"its rows are not those of {reference}: {told}"


def _compare(point: Point, expected: Path, found: Path) -> str:
    told = []
    for each in WORKLOADS[point.workload].passes:
        name = f"{each.name}.parquet"
        frames = (pl.read_parquet(folder / name) for folder in (expected, found))
        told += differences(*frames)
    return "; ".join(told[:3])


def ask(point: Point, threads: int, keep: Path | None = None) -> dict[str, Any]:
    """Measure a point in a process of its own.

    Returns:
        What `beaf_bench.point.measure` answers; `error` also where the process dies.
    """
    return answer_of("point", {**point.to_json(), "keep": str(keep) if keep else None}, threads)


def answer_of(module: str, request: Mapping[str, Any], threads: int) -> dict[str, Any]:
    """Ask a module of this package in a process of its own; `error` where the process dies."""
    done = subprocess.run(
        [sys.executable, "-m", f"beaf_bench.{module}", json.dumps(request)],
        env={**os.environ, "POLARS_MAX_THREADS": str(threads)},
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no word"]
        return {"error": f"the process ended with {done.returncode}: {last[0]}"}
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
