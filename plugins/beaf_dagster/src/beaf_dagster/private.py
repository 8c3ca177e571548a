"""Which private names of Dagster are needed, and where are they? Nowhere else are any imported.

Each is resolved when it is asked for, and a test holds each against the installed release: what has
moved is told with its name, what has changed its arguments is seen by a signature.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Name → home in dagster.
_HOMES = {
    "get_and_update_asset_status_cache_value": "dagster._core.storage.partition_status_cache",
    "get_loadable_targets": "dagster._grpc.utils",
    "location_origins_from_yaml_paths": "dagster._core.workspace.load",
}

__all__ = [
    "get_and_update_asset_status_cache_value",
    "get_loadable_targets",
    "location_origins_from_yaml_paths",
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
    from dagster._core.storage.partition_status_cache import (
        get_and_update_asset_status_cache_value,
    )
    from dagster._core.workspace.load import location_origins_from_yaml_paths
    from dagster._grpc.utils import get_loadable_targets
