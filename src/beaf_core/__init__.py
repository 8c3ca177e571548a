"""What may a stranger import? Every public name of BEAF, imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Name → home. `import beaf_core` must cost nothing: polars alone is half a second.
_HOMES = {
    "AbsentDayError": "model.errors",
    "Aggregation": "model.module",
    "AnalyticsConfig": "config.analytics",
    "AnalyticsModule": "model.module",
    "AskedPipeline": "cli.options",
    "AsOf": "model.primitives",
    "BatchFrequency": "model.dates",
    "BeafError": "model.errors",
    "BeafGroup": "cli.group",
    "Catalog": "plugins.catalog",
    "ColumnMeaning": "model.outputs",
    "CartProdUniverse": "universes",
    "ColumnType": "model.tables",
    "CommandRequest": "model.command",
    "ConfigError": "config.errors",
    "ConfigPath": "config.paths",
    "Context": "model.primitives",
    "CustomUniverse": "universes",
    "DataInvalidError": "model.errors",
    "DataMissingError": "model.errors",
    "DatePartition": "model.partition",
    "DayStatus": "model.dates",
    "DenseGrid": "model.primitives",
    "Example": "model.module",
    "ExitCode": "model.errors",
    "Fault": "model.faults",
    "FileUrl": "config.paths",
    "FinishedRun": "engine.finished",
    "Identity": "model.primitives",
    "Kind": "model.module",
    "LaunchRequest": "model.run",
    "LaunchedRun": "model.run",
    "LazyCommand": "cli.group",
    "Lifetime": "model.primitives",
    "LockedError": "model.errors",
    "Lookup": "model.primitives",
    "Meaning": "model.outputs",
    "Measure": "model.module",
    "OutputTarget": "config.analytics",
    "Part": "model.tables",
    "PartitionRun": "model.partition",
    "PassConfig": "config.analytics",
    "PassOutcome": "model.run",
    "PluginEntry": "plugins.catalog",
    "PluginError": "plugins.errors",
    "PluginHost": "plugins.host",
    "Progress": "engine.session",
    "ProvidedTable": "model.primitives",
    "Receipt": "model.outputs",
    "Reference": "model.universe",
    "ResourceError": "model.errors",
    "RunChoices": "model.run",
    "RunFailedError": "run",
    "RESERVED": "model.module",
    "RunReport": "model.run",
    "ScheduleConfig": "config.analytics",
    "SchedulePartitionSelector": "config.analytics",
    "SourcePass": "model.primitives",
    "StorageArea": "model.outputs",
    "TABLES": "model.tables",
    "TableRead": "model.tables",
    "TableRequest": "model.tables",
    "TableSchema": "model.tables",
    "Target": "model.outputs",
    "TextFaultError": "model.errors",
    "Universe": "model.universe",
    "UniversePartition": "model.partition",
    "UsageError": "model.errors",
    "absent_day_status": "model.dates",
    "alternatives": "model.membership",
    "asks_for_pipeline": "cli.options",
    "build_partition_runs": "model.partition",
    "build_universe_partitions": "universes",
    "chooses_run": "cli.options",
    "compute_frame": "engine.frames",
    "cut_range": "model.dates",
    "did_you_mean": "plugins.errors",
    "dtype_name": "engine.checks.schema_lock",
    "execute_request": "engine.run",
    "hookimpl": "plugins.markers",
    "is_one_of": "model.membership",
    "json_option": "cli.options",
    "meaning_of": "engine.outputs.meaning",
    "measure": "plugins.declare",
    "parse_universe_spec": "model.partition",
    "pass_digest": "engine.outputs.receipts",
    "prepare_pipeline": "prepare",
    "print_json": "cli.screen",
    "print_table": "cli.screen",
    "redact": "config.redact",
    "redact_text": "config.redact",
    "request_of": "run",
    "run_partition": "run",
    "run_pipeline": "run",
    "source_values": "universes",
    "universe_getter": "universes",
    "worst_status": "model.tables",
}

__all__ = [
    "RESERVED",
    "TABLES",
    "AbsentDayError",
    "Aggregation",
    "AnalyticsConfig",
    "AnalyticsModule",
    "AsOf",
    "AskedPipeline",
    "BatchFrequency",
    "BeafError",
    "BeafGroup",
    "CartProdUniverse",
    "Catalog",
    "ColumnMeaning",
    "ColumnType",
    "CommandRequest",
    "ConfigError",
    "ConfigPath",
    "Context",
    "CustomUniverse",
    "DataInvalidError",
    "DataMissingError",
    "DatePartition",
    "DayStatus",
    "DenseGrid",
    "Example",
    "ExitCode",
    "Fault",
    "FileUrl",
    "FinishedRun",
    "Identity",
    "Kind",
    "LaunchRequest",
    "LaunchedRun",
    "LazyCommand",
    "Lifetime",
    "LockedError",
    "Lookup",
    "Meaning",
    "Measure",
    "OutputTarget",
    "Part",
    "PartitionRun",
    "PassConfig",
    "PassOutcome",
    "PluginEntry",
    "PluginError",
    "PluginHost",
    "Progress",
    "ProvidedTable",
    "Receipt",
    "Reference",
    "ResourceError",
    "RunChoices",
    "RunFailedError",
    "RunReport",
    "ScheduleConfig",
    "SchedulePartitionSelector",
    "SourcePass",
    "StorageArea",
    "TableRead",
    "TableRequest",
    "TableSchema",
    "Target",
    "TextFaultError",
    "Universe",
    "UniversePartition",
    "UsageError",
    "__version__",
    "absent_day_status",
    "alternatives",
    "asks_for_pipeline",
    "build_partition_runs",
    "build_universe_partitions",
    "chooses_run",
    "compute_frame",
    "cut_range",
    "did_you_mean",
    "dtype_name",
    "execute_request",
    "hookimpl",
    "is_one_of",
    "json_option",
    "meaning_of",
    "measure",
    "parse_universe_spec",
    "pass_digest",
    "prepare_pipeline",
    "print_json",
    "print_table",
    "redact",
    "redact_text",
    "request_of",
    "run_partition",
    "run_pipeline",
    "source_values",
    "universe_getter",
    "worst_status",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'beaf_core' has no attribute {name!r}")
    value = getattr(import_module(f"beaf_core.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)


if TYPE_CHECKING:
    from beaf_core.cli.group import BeafGroup, LazyCommand
    from beaf_core.cli.options import AskedPipeline, asks_for_pipeline, chooses_run, json_option
    from beaf_core.cli.screen import print_json, print_table
    from beaf_core.config.analytics import (
        AnalyticsConfig,
        OutputTarget,
        PassConfig,
        ScheduleConfig,
        SchedulePartitionSelector,
    )
    from beaf_core.config.errors import ConfigError
    from beaf_core.config.paths import ConfigPath, FileUrl
    from beaf_core.config.redact import redact, redact_text
    from beaf_core.engine.checks.schema_lock import dtype_name
    from beaf_core.engine.finished import FinishedRun
    from beaf_core.engine.frames import compute_frame
    from beaf_core.engine.outputs.meaning import meaning_of
    from beaf_core.engine.outputs.receipts import pass_digest
    from beaf_core.engine.run import execute_request
    from beaf_core.engine.session import Progress
    from beaf_core.model.command import CommandRequest
    from beaf_core.model.dates import BatchFrequency, DayStatus, absent_day_status, cut_range
    from beaf_core.model.errors import (
        AbsentDayError,
        BeafError,
        DataInvalidError,
        DataMissingError,
        ExitCode,
        LockedError,
        ResourceError,
        TextFaultError,
        UsageError,
    )
    from beaf_core.model.faults import Fault
    from beaf_core.model.membership import alternatives, is_one_of
    from beaf_core.model.module import (
        RESERVED,
        Aggregation,
        AnalyticsModule,
        Example,
        Kind,
        Measure,
    )
    from beaf_core.model.outputs import ColumnMeaning, Meaning, Receipt, StorageArea, Target
    from beaf_core.model.partition import (
        DatePartition,
        PartitionRun,
        UniversePartition,
        build_partition_runs,
        parse_universe_spec,
    )
    from beaf_core.model.primitives import (
        AsOf,
        Context,
        DenseGrid,
        Identity,
        Lifetime,
        Lookup,
        ProvidedTable,
        SourcePass,
    )
    from beaf_core.model.run import (
        LaunchedRun,
        LaunchRequest,
        PassOutcome,
        RunChoices,
        RunReport,
    )
    from beaf_core.model.tables import (
        TABLES,
        ColumnType,
        Part,
        TableRead,
        TableRequest,
        TableSchema,
        worst_status,
    )
    from beaf_core.model.universe import Reference, Universe
    from beaf_core.plugins.catalog import Catalog, PluginEntry
    from beaf_core.plugins.declare import measure
    from beaf_core.plugins.errors import PluginError, did_you_mean
    from beaf_core.plugins.host import PluginHost
    from beaf_core.plugins.markers import hookimpl
    from beaf_core.prepare import prepare_pipeline
    from beaf_core.run import RunFailedError, request_of, run_partition, run_pipeline
    from beaf_core.universes import (
        CartProdUniverse,
        CustomUniverse,
        build_universe_partitions,
        source_values,
        universe_getter,
    )
