"""The stand-in under the vendor's name: whoever puts this folder on the path has a Lab."""

from beaf_bmll.testing.lab import (
    get_credentials_for_remote_services,
    get_file,
    get_market_data,
    get_market_data_range,
    list_files,
    put_file,
    storage_paths,
)

__all__ = [
    "get_credentials_for_remote_services",
    "get_file",
    "get_market_data",
    "get_market_data_range",
    "list_files",
    "put_file",
    "storage_paths",
]
