"""Which private names of Dagster are needed, and where are they? Nowhere else are any imported.

Each is resolved when it is asked for, and a test holds each against the installed release: what has
moved is told with its name, what has changed its arguments is seen by a signature.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Name → home in dagster.
_HOMES = {
    "CODE_VERSION_TAG": "dagster._core.definitions.data_version",
    "DATA_VERSION_IS_USER_PROVIDED_TAG": "dagster._core.definitions.data_version",
    "DATA_VERSION_TAG": "dagster._core.definitions.data_version",
    "SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION": "dagster._core.definitions.source_asset",
    "get_and_update_asset_status_cache_value": "dagster._core.storage.partition_status_cache",
    "get_input_data_version_tag": "dagster._core.definitions.data_version",
    "get_input_event_pointer_tag": "dagster._core.definitions.data_version",
    "get_tags_from_multi_partition_key": "dagster._core.definitions.partitions.utils.multi",
}

__all__ = [
    "CODE_VERSION_TAG",
    "DATA_VERSION_IS_USER_PROVIDED_TAG",
    "DATA_VERSION_TAG",
    "SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION",
    "get_and_update_asset_status_cache_value",
    "get_input_data_version_tag",
    "get_input_event_pointer_tag",
    "get_tags_from_multi_partition_key",
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
        CODE_VERSION_TAG,
        DATA_VERSION_IS_USER_PROVIDED_TAG,
        DATA_VERSION_TAG,
        get_input_data_version_tag,
        get_input_event_pointer_tag,
    )
    from dagster._core.definitions.partitions.utils.multi import get_tags_from_multi_partition_key
    from dagster._core.definitions.source_asset import (
        SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION,
    )
    from dagster._core.storage.partition_status_cache import (
        get_and_update_asset_status_cache_value,
    )
