"""Outputs that replace exactly one partition, whole or not at all.

Public names, imported when they are asked for: what lies in a target, by a listing alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_STANDING = "beaf_outputs.standing"

__all__ = ["OutputFile", "is_one_file_each", "output_files", "read_receipts"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'beaf_outputs' has no attribute {name!r}")
    return getattr(import_module(_STANDING), name)


def __dir__() -> list[str]:
    return list(__all__)


if TYPE_CHECKING:
    from beaf_outputs.standing import OutputFile, is_one_file_each, output_files, read_receipts
