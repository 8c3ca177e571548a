"""Which private names of Dagster are needed, and where are they? Nowhere else are any imported.

Each is resolved when it is asked for, and a test holds each against the installed release: what has
moved is told with its name, what has changed its arguments is seen by a signature.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Name → home in dagster.
_HOMES = {
    "AssetEventTagsTable": "dagster._core.storage.event_log.schema",
    "AssetGraphSubset": "dagster._core.definitions.assets.graph.asset_graph_subset",
    "AssetKeyTable": "dagster._core.storage.event_log.schema",
    "AssetObservationData": "dagster._core.events",
    "CODE_VERSION_TAG": "dagster._core.definitions.data_version",
    "CheckRunHealthResult": "dagster._core.launcher",
    "CodeLocation": "dagster._core.remote_representation.code_location",
    "ConfigurableClass": "dagster._serdes",
    "ConfigurableClassData": "dagster._serdes",
    "DATA_VERSION_IS_USER_PROVIDED_TAG": "dagster._core.definitions.data_version",
    "DATA_VERSION_TAG": "dagster._core.definitions.data_version",
    "DagsterEvent": "dagster._core.events",
    "EventLogEntry": "dagster._core.events.log",
    "EventLogStorage": "dagster._core.storage.event_log.base",
    "ExecuteRunArgs": "dagster._grpc.types",
    "InstanceRef": "dagster._core.instance",
    "JobSubsetSelector": "dagster._core.definitions.selector",
    "LaunchRunContext": "dagster._core.launcher",
    "MAX_RUNTIME_SECONDS_TAG": "dagster._core.storage.tags",
    "MULTIDIMENSIONAL_PARTITION_PREFIX": "dagster._core.storage.tags",
    "ModuleTarget": "dagster._core.workspace.load_target",
    "NOT_FINISHED_STATUSES": "dagster._core.storage.dagster_run",
    "PartitionBackfill": "dagster._core.execution.backfill",
    "RUNLESS_JOB_NAME": "dagster._core.instance.utils",
    "RUNLESS_RUN_ID": "dagster._core.instance.utils",
    "RemoteJob": "dagster._core.remote_representation.external",
    "RemoteRepository": "dagster._core.remote_representation.external",
    "ResumeRunArgs": "dagster._grpc.types",
    "ResumeRunContext": "dagster._core.launcher",
    "RunLauncher": "dagster._core.launcher",
    "SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION": "dagster._core.definitions.source_asset",
    "SqlEventLogStorage": "dagster._core.storage.event_log.sql_event_log",
    "SqlEventLogStorageTable": "dagster._core.storage.event_log.schema",
    "SqliteEventLogStorage": "dagster._core.storage.event_log.sqlite.sqlite_event_log",
    "StepMaterializationData": "dagster._core.events",
    "WorkerStatus": "dagster._core.launcher",
    "WorkspaceFileTarget": "dagster._core.workspace.load_target",
    "WorkspaceProcessContext": "dagster._core.workspace.context",
    "WorkspaceRequestContext": "dagster._core.workspace.context",
    "api_cli": "dagster._cli.api",
    "deserialize_value": "dagster._serdes",
    "get_and_update_asset_status_cache_value": "dagster._core.storage.partition_status_cache",
    "get_input_data_version_tag": "dagster._core.definitions.data_version",
    "get_input_event_pointer_tag": "dagster._core.definitions.data_version",
    "get_loadable_targets": "dagster._grpc.utils",
    "get_tags_from_multi_partition_key": "dagster._core.definitions.partitions.utils.multi",
    "location_origins_from_yaml_paths": "dagster._core.workspace.load",
    "make_new_backfill_id": "dagster._core.utils",
    "serialize_value": "dagster._serdes",
}

__all__ = [
    "CODE_VERSION_TAG",
    "DATA_VERSION_IS_USER_PROVIDED_TAG",
    "DATA_VERSION_TAG",
    "MAX_RUNTIME_SECONDS_TAG",
    "MULTIDIMENSIONAL_PARTITION_PREFIX",
    "NOT_FINISHED_STATUSES",
    "RUNLESS_JOB_NAME",
    "RUNLESS_RUN_ID",
    "SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION",
    "AssetEventTagsTable",
    "AssetGraphSubset",
    "AssetKeyTable",
    "AssetObservationData",
    "CheckRunHealthResult",
    "CodeLocation",
    "ConfigurableClass",
    "ConfigurableClassData",
    "DagsterEvent",
    "EventLogEntry",
    "EventLogStorage",
    "ExecuteRunArgs",
    "InstanceRef",
    "JobSubsetSelector",
    "LaunchRunContext",
    "ModuleTarget",
    "PartitionBackfill",
    "RemoteJob",
    "RemoteRepository",
    "ResumeRunArgs",
    "ResumeRunContext",
    "RunLauncher",
    "SqlEventLogStorage",
    "SqlEventLogStorageTable",
    "SqliteEventLogStorage",
    "StepMaterializationData",
    "WorkerStatus",
    "WorkspaceFileTarget",
    "WorkspaceProcessContext",
    "WorkspaceRequestContext",
    "api_cli",
    "deserialize_value",
    "get_and_update_asset_status_cache_value",
    "get_input_data_version_tag",
    "get_input_event_pointer_tag",
    "get_loadable_targets",
    "get_tags_from_multi_partition_key",
    "location_origins_from_yaml_paths",
    "make_new_backfill_id",
    "serialize_value",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'beaf_dagster.private' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)


if TYPE_CHECKING:
    from dagster._cli.api import api_cli
    from dagster._core.definitions.assets.graph.asset_graph_subset import AssetGraphSubset
    from dagster._core.definitions.data_version import (
        CODE_VERSION_TAG,
        DATA_VERSION_IS_USER_PROVIDED_TAG,
        DATA_VERSION_TAG,
        get_input_data_version_tag,
        get_input_event_pointer_tag,
    )
    from dagster._core.definitions.partitions.utils.multi import get_tags_from_multi_partition_key
    from dagster._core.definitions.selector import JobSubsetSelector
    from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION
    from dagster._core.events import AssetObservationData, DagsterEvent, StepMaterializationData
    from dagster._core.events.log import EventLogEntry
    from dagster._core.execution.backfill import PartitionBackfill
    from dagster._core.instance import InstanceRef
    from dagster._core.instance.utils import RUNLESS_JOB_NAME, RUNLESS_RUN_ID
    from dagster._core.launcher import (
        CheckRunHealthResult,
        LaunchRunContext,
        ResumeRunContext,
        RunLauncher,
        WorkerStatus,
    )
    from dagster._core.remote_representation.code_location import CodeLocation
    from dagster._core.remote_representation.external import RemoteJob, RemoteRepository
    from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
    from dagster._core.storage.event_log.base import EventLogStorage
    from dagster._core.storage.event_log.schema import (
        AssetEventTagsTable,
        AssetKeyTable,
        SqlEventLogStorageTable,
    )
    from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
    from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
    from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value
    from dagster._core.storage.tags import (
        MAX_RUNTIME_SECONDS_TAG,
        MULTIDIMENSIONAL_PARTITION_PREFIX,
    )
    from dagster._core.utils import make_new_backfill_id
    from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
    from dagster._core.workspace.load import location_origins_from_yaml_paths
    from dagster._core.workspace.load_target import ModuleTarget, WorkspaceFileTarget
    from dagster._grpc.types import ExecuteRunArgs, ResumeRunArgs
    from dagster._grpc.utils import get_loadable_targets
    from dagster._serdes import (
        ConfigurableClass,
        ConfigurableClassData,
        deserialize_value,
        serialize_value,
    )
