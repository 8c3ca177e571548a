"""How do tests of `beaf dagster sync` type it, in a project whose outputs they write themselves?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from beaf_core import (
    DatePartition,
    PartitionRun,
    UniversePartition,
    build_partition_runs,
    prepare_pipeline,
)
from beaf_dagster.commands import dagster
from beaf_outputs import parquet
from tests.event_logs import events_of, instance_of

BARS = dg.AssetKey(["pipes", "bars"])
TWO = dg.AssetKey(["pipes", "two"])
DAYS = ("2025-01-06", "2025-01-07")


class Project:
    """A project with its home, and the commands that a person types in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.pipes = folder / "pipes"
        self.home = folder / "home"
        self._capsys = capsys

    def beaf_dagster(self, *arguments: str) -> Any:
        """Run a command of `beaf dagster`; its exit code, or None."""
        self._capsys.readouterr()
        return dagster.main(list(arguments), standalone_mode=False)

    def sync(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """Run a sync; what became of each asset."""
        self.code = self.beaf_dagster("sync", "-p", str(self.pipes), "--json", *arguments)
        screen = self._capsys.readouterr()
        self.said, told = screen.err, json.loads(screen.out)
        return {each["asset"]: each for each in told["assets"]}

    def events(self, asset: dg.AssetKey) -> int:
        """Count the events of an asset."""
        with instance_of(self.home) as instance:
            return len(events_of(instance, asset))

    def write(self, pipeline: str, runs: list[PartitionRun], fingerprint: str = "f1") -> list[str]:
        """Write outputs of every pass, as a run does."""
        found = []
        for resolved in prepare_pipeline(self.pipes / pipeline).resolved.passes:
            for run in runs:
                stamp = f"{fingerprint}-{resolved.name}-{run.key}"
                target = resolved.targets[0].stamped(fingerprint=stamp, run_id="r", dataset="d")
                frame = pl.LazyFrame({"ListingId": [101], "Close": [1.5]})
                found.append(parquet.write_output(frame, target, run).location)
        return found


def runs_of(*mics: str, days: tuple[str, ...] = DAYS) -> list[PartitionRun]:
    universes = [UniversePartition("mic", each) for each in mics]
    return build_partition_runs(universes, [DatePartition(each) for each in days])
