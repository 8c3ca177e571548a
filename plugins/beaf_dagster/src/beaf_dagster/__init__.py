"""Dagster for BEAF: pipelines as partitioned assets. Public names, imported when asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Name → home. `import beaf_dagster` must cost nothing: dagster alone is two seconds.
_HOMES = {
    "BeafDagsterTranslator": "beaf_dagster.assets.translator",
    "CartProdUniverse": "beaf_core",
    "CustomUniverse": "beaf_core",
    "DatePartition": "beaf_core",
    "IndexUniverse": "beaf_universes",
    "MICUniverse": "beaf_universes",
    "OPOLUniverse": "beaf_universes",
    "PartitionRun": "beaf_core",
    "UniversePartition": "beaf_core",
    "build_assets": "beaf_dagster.assets.build",
    "build_definitions": "beaf_dagster.build",
    "build_materialization_checks": "beaf_dagster.checks",
    "build_partition_runs": "beaf_core",
    "build_universe_partitions": "beaf_core",
    "default_universes": "beaf_universes",
    "parse_universe_spec": "beaf_core",
    "run_partition": "beaf_core",
}

__all__ = [
    "BeafDagsterTranslator",
    "CartProdUniverse",
    "CustomUniverse",
    "DatePartition",
    "IndexUniverse",
    "MICUniverse",
    "OPOLUniverse",
    "PartitionRun",
    "UniversePartition",
    "__version__",
    "build_assets",
    "build_definitions",
    "build_materialization_checks",
    "build_partition_runs",
    "build_universe_partitions",
    "default_universes",
    "parse_universe_spec",
    "run_partition",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'beaf_dagster' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)


if TYPE_CHECKING:
    from beaf_core import (
        CartProdUniverse,
        CustomUniverse,
        DatePartition,
        PartitionRun,
        UniversePartition,
        build_partition_runs,
        build_universe_partitions,
        parse_universe_spec,
        run_partition,
    )
    from beaf_dagster.assets.build import build_assets
    from beaf_dagster.assets.translator import BeafDagsterTranslator
    from beaf_dagster.build import build_definitions
    from beaf_dagster.checks import build_materialization_checks
    from beaf_universes import (
        IndexUniverse,
        MICUniverse,
        OPOLUniverse,
        default_universes,
    )
