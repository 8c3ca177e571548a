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
    "AssetKeyTable": "dagster._core.storage.event_log.schema",
    "AssetObservationData": "dagster._core.events",
    "DATA_VERSION_IS_USER_PROVIDED_TAG": "dagster._core.definitions.data_version",
    "DATA_VERSION_TAG": "dagster._core.definitions.data_version",
    "DagsterEvent": "dagster._core.events",
    "EventLogEntry": "dagster._core.events.log",
    "EventLogStorage": "dagster._core.storage.event_log.base",
    "MULTIDIMENSIONAL_PARTITION_PREFIX": "dagster._core.storage.tags",
    "NOT_FINISHED_STATUSES": "dagster._core.storage.dagster_run",
    "RUNLESS_JOB_NAME": "dagster._core.instance.utils",
    "RUNLESS_RUN_ID": "dagster._core.instance.utils",
    "SqlEventLogStorage": "dagster._core.storage.event_log.sql_event_log",
    "SqlEventLogStorageTable": "dagster._core.storage.event_log.schema",
    "SqliteEventLogStorage": "dagster._core.storage.event_log.sqlite.sqlite_event_log",
    "StepMaterializationData": "dagster._core.events",
    "deserialize_value": "dagster._serdes",
    "get_and_update_asset_status_cache_value": "dagster._core.storage.partition_status_cache",
    "serialize_value": "dagster._serdes",
}

__all__ = [
    "DATA_VERSION_IS_USER_PROVIDED_TAG",
    "DATA_VERSION_TAG",
    "MULTIDIMENSIONAL_PARTITION_PREFIX",
    "NOT_FINISHED_STATUSES",
    "RUNLESS_JOB_NAME",
    "RUNLESS_RUN_ID",
    "AssetEventTagsTable",
    "AssetKeyTable",
    "AssetObservationData",
    "DagsterEvent",
    "EventLogEntry",
    "EventLogStorage",
    "SqlEventLogStorage",
    "SqlEventLogStorageTable",
    "SqliteEventLogStorage",
    "StepMaterializationData",
    "deserialize_value",
    "get_and_update_asset_status_cache_value",
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
    from dagster._core.definitions.data_version import (
        DATA_VERSION_IS_USER_PROVIDED_TAG,
        DATA_VERSION_TAG,
    )
    from dagster._core.events import AssetObservationData, DagsterEvent, StepMaterializationData
    from dagster._core.events.log import EventLogEntry
    from dagster._core.instance.utils import RUNLESS_JOB_NAME, RUNLESS_RUN_ID
    from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
    from dagster._core.storage.event_log.base import EventLogStorage
    from dagster._core.storage.event_log.schema import (
        AssetEventTagsTable,
        AssetKeyTable,
        SqlEventLogStorageTable,
    )
    from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
    from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
    from dagster._core.storage.partition_status_cache import (
        get_and_update_asset_status_cache_value,
    )
    from dagster._core.storage.tags import MULTIDIMENSIONAL_PARTITION_PREFIX
    from dagster._serdes import deserialize_value, serialize_value
