"""How is a workload written as a pipeline, so that the engine runs it as anybody's?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from beaf_bench.files import Market
    from beaf_bench.workloads.base import Workload
    from beaf_core import Reference

_FILE = '''"""What does the benchmark ask of the engine?"""

from beaf_bench.pipeline import get_universe

USER_CONFIG = {config!r}
'''


def get_universe(date: str, reference: Reference) -> pl.DataFrame:
    """Return the listings that are alive."""
    return reference(date).filter("IsAlive")


def configuration(
    workload: Workload, market: Market, settings: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Configure a run of a workload over generated data.

    Args:
        workload: whose passes run.
        market: where the rows are.
        settings: more of the configuration, such as MEMORY_PER_WORKER.
    """
    return {
        "DATASETNAME": "bench",
        # A listing's rows are sorted, and the source is told so: footers prove it only where no
        # listing spans two row groups. Hand-written queries know it, too.
        "SOURCE": {"type": "parquet", "root": str(market.root), "order": market.order()},
        "PASSES": [each.as_configured() for each in workload.passes],
        "OUTPUT_TARGET": {"type": "held", "path_template": "{pass}"},
        **(settings or {}),
    }


def write_pipeline(folder: Path, config: Mapping[str, Any]) -> Path:
    """Write a pipeline's file: what one is, so that other processes can read it, too."""
    path = folder / "bench_pipeline.py"
    path.write_text(_FILE.format(config=dict(config)), encoding="utf-8")
    return path
