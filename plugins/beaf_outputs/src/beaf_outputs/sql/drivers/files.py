"""What do databases share that are one file each?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL

from beaf_core import ResourceError, UsageError
from beaf_outputs.sql.urls import without_secrets


class Spelled(sa.types.UserDefinedType[Any]):
    """A column's type, as the database spells it."""

    cache_ok = True

    def __init__(self, spelling: str) -> None:
        self.spelling = spelling

    def get_col_spec(self, **_: object) -> str:
        """Render it."""
        return self.spelling


def file_of(url: URL) -> Path:
    """Find the file that a URL names.

    Raises:
        UsageError: it names none, but a database in memory or a place elsewhere.
    """
    name, kind = url.database or "", url.get_backend_name()
    if not name or name.startswith(":memory:") or url.host or name.startswith(("file:", "md:")):
        raise UsageError(
            f"sql_connection: {without_secrets(url)} names no file",
            remedy=f"write {kind}:///folder/file.db, or {kind}:////folder/file.db from the root",
        )
    return Path(name).resolve()


def make_folder(path: Path) -> None:
    """Make the folder that a file is to be in.

    Raises:
        ResourceError: it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResourceError(
            f"{path.parent} cannot be made: {error.strerror or error}",
            remedy="make the folder above it writable, or name another file in sql_connection",
        ) from None


def same_but_for_case(name: str, known: Iterable[str]) -> str:
    """Find a name among those that are known, as these databases do: case counts beyond ASCII only.

    Where none is it, it is new, and spelled as it is.
    """
    folded = name.encode().lower()
    return next((each for each in known if each.encode().lower() == folded), name)
