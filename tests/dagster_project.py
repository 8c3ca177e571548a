"""Which project do tests of Dagster load? Small pipelines over a market known by hand.

The market is `beaf_core.testing.market`: two days, three listings; its docstring has the bars.
"""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from beaf_core.testing.market import write_market

BARS = """
DATASETNAME: tiny_bars
UNIVERSE: mic=XLON
PASSES:
  - {name: bars, time_bucket_seconds: 60, modules: [trade]}
"""

# A pipeline with universes, whose second pass reads the first.
TWO = '''"""Bars, and the last close of each hour."""

from beaf_universes import MICUniverse

UNIVERSES = [MICUniverse(["XLON", "XPAR"])]

USER_CONFIG = {
    "DATASETNAME": "tiny_two",
    "PASSES": [
        {"name": "bars", "time_bucket_seconds": 60, "modules": ["trade"]},
        {
            "name": "hours",
            "time_bucket_seconds": 3600,
            "source_pass": "bars",
            "modules": ["generic"],
            "generic_analytics": {"aggregations": {"Close": "last", "Volume": "sum"}},
        },
    ],
}
'''


@cache
def _market() -> TemporaryDirectory[str]:
    """Write the market once in a process: to copy it is ten times as fast."""
    folder: TemporaryDirectory[str] = TemporaryDirectory()
    write_market(folder.name)
    return folder


def write_project(folder: Path, name: str = "pipes") -> Path:
    """Write a folder of pipelines, `bars.yaml` and `two.py`, and return it."""
    pipes = folder / name
    pipes.mkdir(parents=True)
    shutil.copytree(_market().name, folder / "market")
    (folder / "beaf.yaml").write_text("SOURCE: {type: parquet, root: market}\n")
    (pipes / "bars.yaml").write_text(BARS)
    (pipes / "two.py").write_text(TWO)
    return pipes
