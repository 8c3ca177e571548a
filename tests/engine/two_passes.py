"""Which pipeline has a second pass that can be worked out by hand?"""

from __future__ import annotations

from pathlib import Path

#: Pass `bars`: volume and prints per minute. Pass `hours`: of the bars of each hour, how many there
#: are, their volume, and that of the last one.
PIPELINE = '''"""Bars of a minute, and what an hour of them comes to."""

import polars as pl

from beaf_core import Aggregation, AnalyticsModule, Kind, Measure

SIZE, VOLUME = pl.col("Size"), pl.col("Volume")


def measure(name, table, value, **more):
    return Measure(name, table, value, "shares", name, name, **more)


BARS = AnalyticsModule(
    "minutes",
    lambda options: [
        measure("Volume", "trades", Aggregation(Kind.SUM, SIZE)),
        measure("Prints", "trades", Aggregation(Kind.COUNT)),
    ],
)
HOURS = AnalyticsModule(
    "hours",
    lambda options: [
        measure("Bars", "source", Aggregation(Kind.COUNT)),
        measure("HourVolume", "source", Aggregation(Kind.SUM, VOLUME)),
        measure("LastVolume", "source", Aggregation(Kind.LAST, VOLUME)),
    ],
)

USER_CONFIG = {
    "DATASETNAME": "tiny",
    "PASSES": [
        {"name": "bars", "time_bucket_seconds": 60},
        {"name": "hours", "time_bucket_seconds": 3600, "source_pass": "bars"},
    ],
}


def get_pipeline(pass_config):
    return [BARS] if pass_config.name == "bars" else [HOURS]
'''


def write_two_passes(folder: Path) -> Path:
    """Write the pipeline beside a project's beaf.yaml."""
    path = folder / "two_passes.py"
    path.write_text(PIPELINE, encoding="utf-8")
    return path
