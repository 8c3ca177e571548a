"""What does one contestant use for one workload? One process, one answer as JSON.

python -m beaf_bench.point '{"workload": "W1", "contestant": "hand", …}'
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl

from beaf_bench.clock import peak_memory
from beaf_bench.contestants import CONTESTANTS, EngineError
from beaf_bench.files import Market
from beaf_bench.sizes import Size
from beaf_bench.workloads.registry import WORKLOADS


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement.

    Attributes:
        workload: its name.
        contestant: who computes it.
        market: over which rows.
        warm: a handful of rows to be warm with.
        settings: more of the engine's configuration.
        repeats: how often it is computed in the process; the median counts.
    """

    workload: str
    contestant: str
    market: Market
    warm: Market
    settings: Mapping[str, Any] = field(default_factory=dict)
    repeats: int = 1

    def to_json(self) -> dict[str, Any]:
        """Render as JSON-ready values."""
        return {
            "workload": self.workload,
            "contestant": self.contestant,
            "market": _market_facts(self.market),
            "warm": _market_facts(self.warm),
            "settings": dict(self.settings),
            "repeats": self.repeats,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Point:
        """Read what `to_json` rendered."""
        markets = {name: _market(values[name]) for name in ("market", "warm")}
        return cls(**{**values, **markets})


def _market_facts(market: Market) -> dict[str, Any]:
    return {"root": str(market.root), "layout": market.layout, "size": market.size.facts()}


def _market(facts: Mapping[str, Any]) -> Market:
    return Market(Path(facts["root"]), facts["layout"], Size(**facts["size"]))


def measure(point: Point, keep: Path | None = None) -> dict[str, Any]:
    """Compute once over a handful of rows, then over those that count.

    Args:
        point: what to compute.
        keep: the folder that the rows are put into, once the clock has stopped.

    Returns:
        cpu, wall and computing in seconds and rss in bytes; or, of an engine that cannot, `error`.
    """
    compute, workload = CONTESTANTS[point.contestant], WORKLOADS[point.workload]
    try:
        compute(workload, point.warm, point.settings)
        runs = [compute(workload, point.market, point.settings) for _ in range(point.repeats)]
    except EngineError as error:
        return {"error": error.message}
    rss = peak_memory()
    if keep is not None:
        for each, frame in zip(workload.passes, runs[-1].frames, strict=False):
            normal(frame, each.columns).write_parquet(keep / f"{each.name}.parquet")
    cpu = median(each.used.cpu for each in runs)
    wall = median(each.used.wall for each in runs)
    computing = median(each.computing for each in runs)
    return {"cpu": cpu, "wall": wall, "computing": computing, "rss": rss}


def normal(frame: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """Bring a contestant's rows into the one form that is compared."""
    bucket = pl.col("TimeBucket").to_physical().cast(pl.Int64)
    return frame.select(columns).with_columns(bucket).sort("ListingId", "TimeBucket")


def main() -> None:
    """Answer one request."""
    request = json.loads(sys.argv[1])
    keep = request.pop("keep", None)
    answer = measure(Point.from_json(request), Path(keep) if keep else None)
    print(json.dumps(answer))  # the answer is what stdout is for


if __name__ == "__main__":
    main()
