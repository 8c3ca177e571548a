"""What does a Delta table hold at one version: which files are a partition's, and is it ours?"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from beaf_core import LockedError, ResourceError, UsageError
from beaf_outputs.added import PARTITION_KEY
from beaf_outputs.stores import Store, is_on_s3, open_store
from beaf_outputs.stores.local import told
from beaf_outputs.stores.retries import PassingError

#: What application transactions of ours begin with, and among the metadata of `PartitionKey` the
#: mark of tables that BEAF has made; its value is the number of the layout.
MARK = "beaf"
LAYOUT = "1"

#: Where receipts are, and what rows mean. What begins with an underscore is no data of a table.
FOLDER = "_beaf"

#: How names of our data files begin; the number of the write follows.
PREFIX = "beaf-"
_NUMBER = rf"(?:^|/){PREFIX}(\d+)-\d+\.parquet$"

_KEY = f"partition.{PARTITION_KEY}"

# What deltalake does not find again in the name of a folder: it decodes it once too often, or
# refuses it.
_UNFIT_FOLDERS = re.compile(r"%[0-9A-Fa-f]{2}|[\x00-\x1f\x7f]")

_PAUSES = (0.01, 0.05, 0.25)
#: Seconds after which a server that does not answer is not asked once more.
_PATIENCE = 10.0

# Reads are repeated by the object store's client itself; these bound how often and how long.
_RETRIES = {"max_retries": "5", "retry_timeout": "45s"}


class OthersCommittedError(PassingError):
    """Others have changed the same rows, or the table's columns, since they were looked at."""


@dataclass(frozen=True)
class Place:
    """Where a table is, or may be.

    Attributes:
        location: a folder, or `s3://bucket/prefix`, as configured.
        storage_options: for S3.
    """

    location: str
    storage_options: Mapping[str, str] = field(repr=False)

    @cached_property
    def store(self) -> Store:
        """The files of the table."""
        return open_store(self.location, self.storage_options)

    @property
    def root(self) -> str:
        """The location in full, without a slash at its end."""
        if _UNFIT_FOLDERS.search(self.location):
            raise UsageError(
                f"a Delta table cannot be kept in {self.location!r}",
                remedy="choose a DATASETNAME and a path_template without control characters, "
                "and without a % before two digits",
            )
        if is_on_s3(self.location):
            return self.location.rstrip("/")
        assert self.store  # another scheme is refused
        return os.path.abspath(self.location)  # noqa: PTH100 — links stay as they are

    @property
    def uri(self) -> str:
        """The location as deltalake takes it: of a plain path, it decodes what looks encoded."""
        return self.root if is_on_s3(self.location) else Path(self.root).as_uri()

    @property
    def options(self) -> dict[str, str]:
        """The storage options as deltalake takes them."""
        if not is_on_s3(self.location):
            return {}
        from beaf_outputs.stores.s3 import object_store_options

        return {**_RETRIES, **object_store_options(self.storage_options)}

    def table(self) -> Table | None:
        """Load the newest version; None where there is no table."""
        with self.refusals("read"):
            if not is_on_s3(self.location) and not Path(self.root, "_delta_log").is_dir():
                return None  # asked first, since deltalake makes the folder that it looks into
            began = time.monotonic()
            for pause in _PAUSES:
                # Who lists a folder while others write to it may see a commit and not the one
                # before; and of answers that break off, deltalake asks for few again.
                try:
                    return self._loaded()
                except (DeltaError, OSError):
                    if time.monotonic() - began > _PATIENCE:
                        raise
                time.sleep(pause)
            return self._loaded()

    def _loaded(self) -> Table | None:
        try:
            return Table(DeltaTable(self.uri, storage_options=self.options))
        except TableNotFoundError:
            return None

    def own_table(self) -> Table | None:
        """Load the newest version; None where nothing is.

        Raises:
            UsageError: something stands there that BEAF has not written.
        """
        table = self.table()
        if table is None and not self._has_strange_files():
            return None
        if table is None or not table.is_ours:
            what = "a Delta table" if table else "a folder with files"
            raise UsageError(
                f"{self.location} is there already, {what} that BEAF has not written",
                remedy="move it, change OUTPUT_TARGET.path_template, or replace it with --force",
            )
        return table

    def _has_strange_files(self) -> bool:
        if not is_on_s3(self.location) and Path(self.root).is_file():
            return True
        # A writer that was killed leaves files of ours, and no table.
        return any(
            not each.startswith(("_", ".")) and not each.rpartition("/")[2].startswith(PREFIX)
            for each in self.store.names("")
        )

    @contextmanager
    def refusals(self, done: str) -> Iterator[None]:
        """Tell in a person's words why a table cannot be read or written."""
        try:
            yield
        except TableNotFoundError:
            raise
        except (DeltaError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise told(error, self.location, done) from None
            raise ResourceError(
                f"{self.location} cannot be {done}: {self._reason(error)}",
                remedy="check that the place can be reached and written, and has room",
            ) from None

    def locked(self, what: str) -> LockedError:
        """Say that others were in the way each time."""
        return LockedError(
            f"{what} could not be committed to {self.location}: "
            "each time, another run had changed the same rows or the columns meanwhile",
            remedy="run it again once the other runs are done",
        )

    def _reason(self, error: Exception) -> str:
        if is_on_s3(self.location):
            from beaf_outputs.stores.refusals import reason_of

            return reason_of(error)
        return str(error).strip().splitlines()[0]


@dataclass(frozen=True)
class Table:
    """A Delta table at one version."""

    raw: DeltaTable

    @property
    def version(self) -> int:
        """The version that was loaded."""
        return self.raw.version()

    @cached_property
    def is_ours(self) -> bool:
        """Whether BEAF has made it."""
        fields = self.raw.schema().fields
        marked = any(each.name == PARTITION_KEY and MARK in each.metadata for each in fields)
        return marked or any(self._numbers.values())  # others may have lost the mark

    def number(self, key: str) -> int | None:
        """Give the number of the newest write of a partition; None where it has no files."""
        if key not in self._numbers:
            return None
        # Files that others have written anew do not tell; the transaction does, but every question
        # for it reads the log since its last checkpoint.
        return self._numbers[key] or self.raw.transaction_version(application(key))

    def rows(self, key: str) -> int | None:
        """Count the rows of a partition; None where the log does not tell."""
        return self._rows.get(key, 0)

    @cached_property
    def _numbers(self) -> dict[str, int | None]:
        """The numbers of writes by the names of files: None where these do not agree on one."""
        number = pl.col("path").str.extract(_NUMBER).cast(pl.Int64, strict=False)
        return {
            key: numbers[0] if len(numbers) == 1 else None
            for key, numbers in self._by_key(number.unique())
        }

    @cached_property
    def _rows(self) -> dict[str, int | None]:
        counts = pl.col("num_records")
        return dict(self._by_key(pl.when(counts.null_count() == 0).then(counts.sum())))

    def _by_key(self, told: pl.Expr) -> Iterator[tuple[str, Any]]:
        known = self.files.filter(pl.col(_KEY).is_not_null())
        yield from known.group_by(_KEY).agg(told.alias("told")).iter_rows()

    @cached_property
    def files(self) -> pl.DataFrame:
        """The files of the newest version: path, size_bytes, num_records, `partition.…`."""
        found = pl.DataFrame(self.raw.get_add_actions(flatten=True))
        for name, dtype in {"num_records": pl.Int64, _KEY: pl.String}.items():
            if name not in found.columns:
                found = found.with_columns(pl.lit(None, dtype).alias(name))
        return found

    def files_of(self, keys: Iterable[str]) -> pl.DataFrame:
        """The files of some partitions, in the order in which their rows were written."""
        return self.files.filter(pl.col(_KEY).is_in(list(keys))).sort("path")

    @property
    def keys(self) -> list[str]:
        """The keys of the partitions that have files."""
        return sorted(self._numbers)

    @property
    def partition_columns(self) -> list[str]:
        """The columns that the table is partitioned by."""
        return self.raw.metadata().partition_columns

    @property
    def schema(self) -> pl.Schema:
        """The columns as polars reads them."""
        return pl.Schema(self.raw.schema())


def application(key: str) -> str:
    """Name the application transaction of a partition."""
    return f"{MARK}:{key}"
