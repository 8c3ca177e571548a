"""What do the tests of Delta tables share: a target, partitions, rows, and a look into the log."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from beaf_core import DatePartition, Meaning, PartitionRun, Receipt, Target, UniversePartition
from beaf_outputs import delta
from beaf_outputs.delta import Config

MONDAY = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-06"))
TUESDAY = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-07"))
PARIS = PartitionRun(UniversePartition("mic", "XPAR"), DatePartition("2025-01-06"))


def target_at(
    root: Path | str,
    *,
    partition_columns: Sequence[str] = (),
    storage_options: Mapping[str, str] | None = None,
    meaning: Meaning | None = None,
    stamp: Mapping[str, str] | None = None,
    dataset: str = "tiny",
    **options: Any,
) -> Target:
    return Target(
        "delta",
        dataset,
        "bars",
        f"{root}/{{datasetname}}/{{pass}}",
        Config(**options),
        tuple(partition_columns),
        storage_options or {},
        stamp={"fingerprint": "f1", "run_id": "r1"} if stamp is None else stamp,
        shared=True,
        meaning=meaning or Meaning(),
    )


def bars(scale: float = 1, rows: int = 3) -> pl.DataFrame:
    """Rows as passes yield them, sorted by listing and time."""
    first = datetime(2025, 1, 6, 9, 1)
    return pl.DataFrame(
        {
            "ListingId": [100 + each // 2 for each in range(rows)],
            "TimeBucket": [first + timedelta(minutes=each) for each in range(rows)],
            "MIC": ["XLON" if each % 2 else "BATE" for each in range(rows)],
            "Close": [float(scale * (each + 1)) for each in range(rows)],
        },
        schema_overrides={"TimeBucket": pl.Datetime("ns")},
    )


def write(
    rows: pl.DataFrame | pl.LazyFrame, target: Target, partition: PartitionRun = MONDAY
) -> Receipt:
    return delta.write_output(rows.lazy(), target, partition)


def read(target: Target, *partitions: PartitionRun) -> pl.DataFrame:
    found = delta.read_output(target, list(partitions or (MONDAY,)))
    assert found is not None
    return found.collect()


def table_of(target: Target) -> Path:
    return Path(target.location(MONDAY))


def log_of(target: Target) -> list[list[dict[str, Any]]]:
    """The actions of all commits."""
    entries = sorted((table_of(target) / "_delta_log").glob("*.json"))
    return [[json.loads(line) for line in each.read_text().splitlines()] for each in entries]


def of_kind(actions: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each[kind] for each in actions if kind in each]
