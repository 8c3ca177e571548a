"""Does a pass still have the columns that its readers rely on?"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from beaf_core.engine.files import replace_text
from beaf_core.model.errors import ResourceError, UsageError
from beaf_core.model.faults import Fault

if TYPE_CHECKING:
    from beaf_core.config.analytics import AnalyticsConfig

Mode = Literal["off", "warn", "raise", "update"]
#: Column → dtype, in the order of the output; None where no run has told the dtype yet.
Columns = Mapping[str, str | None]


@dataclass(frozen=True)
class SchemaLock:
    """The columns that passes had, in a file that people read and keep under version control.

    A pass that the file does not know is written into it, in every mode but `off`. The order of
    columns is kept for reading, and is no difference. A column whose table was allowed to be
    missing has no dtype, and neither changes the file nor differs from it.

    Passes and partitions of one run, and runs beside each other, take turns at the file.
    """

    mode: Mode
    path: Path
    _turn: Lock = field(default_factory=Lock, repr=False, compare=False)

    @classmethod
    def of(cls, config: AnalyticsConfig) -> SchemaLock:
        """Open the configured lock.

        Raises:
            UsageError: the file is damaged.
        """
        lock = cls(config.SCHEMA_LOCK_MODE, Path(config.SCHEMA_LOCK_PATH or "."))
        if lock.mode != "off":
            read_lock(lock.path)
        return lock

    def check(self, name: str, schema: Mapping[str, pl.DataType]) -> list[str]:
        """Hold the columns of a pass against the file, before anything of them is written.

        Args:
            name: the pass.
            schema: its columns.

        Returns:
            What differs, or what became of the file, for a person to hear.

        Raises:
            UsageError: the columns differ and the mode is `raise`, or the file is damaged.
            ResourceError: the file cannot be written.
        """
        if self.mode == "off":
            return []
        found = {column: dtype_name(dtype) for column, dtype in schema.items()}
        with self._turn, _one_process_at_a_time(self.path):
            passes = read_lock(self.path)
            known = passes.get(name)
            changes = [] if known is None else differences(known, found)
            if changes and self.mode == "raise":
                raise self._refusal(name, changes)
            if not changes or self.mode == "update":
                self._keep(passes, name, found)
        if not changes:
            return []
        done = "is updated" if self.mode == "update" else "differs"
        return [f"the schema lock of {name} {done}: {', '.join(changes)}"]

    def _keep(self, passes: dict[str, Columns], name: str, found: Columns) -> None:
        known = passes.get(name, {})
        # What is known stays known when a table is missing for a day.
        columns = {column: dtype or known.get(column) for column, dtype in found.items()}
        if name not in passes or columns != known:
            write_lock(self.path, {**passes, name: columns})

    def _refusal(self, name: str, changes: list[str]) -> UsageError:
        told = f"the columns of pass {name} are not those of the schema lock {self.path}: "
        told += ", ".join(changes)
        return UsageError(
            told,
            remedy="mend the pipeline, or accept the change by one run with "
            "--set SCHEMA_LOCK_MODE=update",
        ).having([Fault("schema", told)])


def differences(known: Columns, found: Columns) -> list[str]:
    """Show what differs: `+column dtype`, `−column`, `column: old → new`."""
    added = [f"+{name} {found[name] or 'of unknown dtype'}" for name in found if name not in known]
    removed = [f"−{name}" for name in known if name not in found]
    changed = [
        f"{name}: {known[name]} → {dtype}"
        for name, dtype in found.items()
        if dtype and known.get(name) and known[name] != dtype
    ]
    return [*added, *removed, *changed]


def dtype_name(dtype: pl.DataType) -> str | None:
    """Name a dtype shortly, and the same in every version of polars; None for no dtype at all."""
    match dtype:
        case pl.Null():
            return None
        case pl.Datetime():
            zone = f", {dtype.time_zone}" if dtype.time_zone else ""
            return f"Datetime({dtype.time_unit}{zone})"
        case pl.Duration():
            return f"Duration({dtype.time_unit})"
        case pl.List():
            return f"List({dtype_name(pl.Series([], dtype=dtype.inner).dtype) or 'Null'})"
        case pl.Categorical() | pl.Enum():
            return type(dtype).__name__
    return str(dtype)


# -- the file ----------------------------------------------------------------------------------


def read_lock(path: Path) -> dict[str, Columns]:
    """Read a lock file; one that is not there locks nothing.

    Raises:
        UsageError: it is damaged, or cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path, str(error)) from None
    try:
        passes = json.loads(text)
    except ValueError as error:
        raise _damaged(path, str(error)) from None
    if not _is_lock(passes):
        raise _damaged(path, "it is not an object of passes with their columns and dtypes")
    return dict(passes)


def _is_lock(passes: Any) -> bool:
    return isinstance(passes, dict) and all(
        isinstance(columns, dict) and all(isinstance(each, str | None) for each in columns.values())
        for columns in passes.values()
    )


def _damaged(path: Path, reason: str) -> UsageError:
    return UsageError(
        f"the schema lock {path} cannot be read: {reason}",
        remedy="restore it, or remove it: the next run writes the columns that it finds",
    )


def write_lock(path: Path, passes: Mapping[str, Columns]) -> None:
    """Write a lock file, whole or not at all.

    Raises:
        ResourceError: the folder cannot be written.
    """
    try:
        replace_text(path, json.dumps(passes, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> ResourceError:
    return ResourceError(
        f"the schema lock {path} cannot be written: {error.strerror or error}",
        remedy="make its folder writable, make room, or move it with SCHEMA_LOCK_PATH",
    )


@contextmanager
def _one_process_at_a_time(path: Path) -> Iterator[None]:
    """Wait for other runs at the same file.

    Its folder is locked, so that no further file lies beside it; the lock ends with the process.
    """
    try:
        import fcntl
    except ImportError:  # not on Windows: runs beside each other may forget a new pass there
        yield
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = os.open(path.parent, os.O_RDONLY)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
