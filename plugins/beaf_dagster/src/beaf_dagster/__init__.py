"""Dagster for BEAF: pipelines as partitioned assets. Public names, imported when asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Name → home. `import beaf_dagster` must cost nothing: dagster alone is two seconds.
_HOMES = {
    "BeafDagsterTranslator": "beaf_dagster.assets.translator",
    "BeafRunLauncher": "beaf_dagster.launcher",
    "CartProdUniverse": "beaf_core",
    "CustomUniverse": "beaf_core",
    "DatePartition": "beaf_core",
    "IndexUniverse": "beaf_universes",
    "MICUniverse": "beaf_universes",
    "OPOLUniverse": "beaf_universes",
    "OutputTargetIOManager": "beaf_dagster.io_manager",
    "PartitionRun": "beaf_core",
    "UniversePartition": "beaf_core",
    "add_universes": "beaf_dagster.partitions.definition",
    "build_assets": "beaf_dagster.assets.build",
    "build_assets_for_module": "beaf_dagster.assets.build",
    "build_automation_sensor": "beaf_dagster.automation",
    "build_date_partitions": "beaf_dagster.partitions.dates",
    "build_definitions": "beaf_dagster.build",
    "build_input_source_assets": "beaf_dagster.assets.inputs",
    "build_jobs": "beaf_dagster.assets.jobs",
    "build_materialization_checks": "beaf_dagster.checks",
    "build_partition_runs": "beaf_core",
    "build_partitions": "beaf_dagster.partitions.definition",
    "build_schedules": "beaf_dagster.schedules",
    "build_schedules_for_module": "beaf_dagster.schedules",
    "build_universe_partitions": "beaf_core",
    "default_universes": "beaf_universes",
    "get_and_update_asset_status_cache_value": "beaf_dagster.sync.status",
    "io_metadata": "beaf_dagster.io.names",
    "latest_days": "beaf_dagster.automation",
    "output_target_io_manager": "beaf_dagster.io_manager",
    "parse_universe_spec": "beaf_core",
    "partition_budget": "beaf_dagster.partitions.budget",
    "partition_key": "beaf_dagster.partitions.keys",
    "partition_run": "beaf_dagster.partitions.keys",
    "partition_runs": "beaf_dagster.partitions.keys",
    "run_partition": "beaf_core",
    "wipe_asset_cached_status": "beaf_dagster.sync.status",
    "with_default_io": "beaf_dagster.io_manager",
}

__all__ = [
    "BeafDagsterTranslator",
    "BeafRunLauncher",
    "CartProdUniverse",
    "CustomUniverse",
    "DatePartition",
    "IndexUniverse",
    "MICUniverse",
    "OPOLUniverse",
    "OutputTargetIOManager",
    "PartitionRun",
    "UniversePartition",
    "__version__",
    "add_universes",
    "build_assets",
    "build_assets_for_module",
    "build_automation_sensor",
    "build_date_partitions",
    "build_definitions",
    "build_input_source_assets",
    "build_jobs",
    "build_materialization_checks",
    "build_partition_runs",
    "build_partitions",
    "build_schedules",
    "build_schedules_for_module",
    "build_universe_partitions",
    "default_universes",
    "get_and_update_asset_status_cache_value",
    "io_metadata",
    "latest_days",
    "output_target_io_manager",
    "parse_universe_spec",
    "partition_budget",
    "partition_key",
    "partition_run",
    "partition_runs",
    "run_partition",
    "wipe_asset_cached_status",
    "with_default_io",
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
    from beaf_dagster.assets.build import build_assets, build_assets_for_module
    from beaf_dagster.assets.inputs import build_input_source_assets
    from beaf_dagster.assets.jobs import build_jobs
    from beaf_dagster.assets.translator import BeafDagsterTranslator
    from beaf_dagster.automation import build_automation_sensor, latest_days
    from beaf_dagster.build import build_definitions
    from beaf_dagster.checks import build_materialization_checks
    from beaf_dagster.io.names import io_metadata
    from beaf_dagster.io_manager import (
        OutputTargetIOManager,
        output_target_io_manager,
        with_default_io,
    )
    from beaf_dagster.launcher import BeafRunLauncher
    from beaf_dagster.partitions.budget import partition_budget
    from beaf_dagster.partitions.dates import build_date_partitions
    from beaf_dagster.partitions.definition import add_universes, build_partitions
    from beaf_dagster.partitions.keys import partition_key, partition_run, partition_runs
    from beaf_dagster.schedules import build_schedules, build_schedules_for_module
    from beaf_dagster.sync.status import (
        get_and_update_asset_status_cache_value,
        wipe_asset_cached_status,
    )
    from beaf_universes import (
        IndexUniverse,
        MICUniverse,
        OPOLUniverse,
        default_universes,
    )
