"""How does one change of a partition get into the log of a table, exactly once?"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deltalake import CommitProperties, Schema, TableFeatures, Transaction
from deltalake.exceptions import DeltaError
from deltalake.transaction import create_table_with_add_actions

from beaf_core import ResourceError, UsageError
from beaf_outputs.added import PARTITION_KEY
from beaf_outputs.delta.files import DataFile
from beaf_outputs.delta.schema import TIMESTAMP_NTZ, agreed, needs_ntz
from beaf_outputs.delta.table import OthersCommittedError, Place, Table, application
from beaf_outputs.stores import is_on_s3
from beaf_outputs.stores.retries import PassingError, repeated_until_answered

REPEATED = "requests to the object store were repeated"
CONFLICTS = "commits were repeated since other runs wrote to the Delta table"

ATTEMPTS = 200
SECONDS = 120.0

#: After so many commits the state of a table is written as one file, so that it is read quickly:
#: a reader on S3 asks for each commit since, several times.
_CHECKPOINT_INTERVAL = "10"


@dataclass(frozen=True)
class Change:
    """What one commit does to a table.

    Attributes:
        place: the table's.
        key: the partition whose files are replaced.
        number: of the write.
        schema: the columns of the partition.
        partition_by: what its files are sorted into.
        files: what takes the place of the partition's files; nothing removes it.
        rows: in these files.
        alone: whether the files of all other partitions go, too.
        anew: whether a table of other columns takes these, and loses all else.
        add_columns: whether columns may be new or absent.
        absent: columns that the partition has, but without any value.
        keeps_schema: whether the table's columns stay as they are.
        name: of a table that is made.
        description: of a table that is made.
        properties: of a table that is made.
        stamp: the receipt's; `DeltaTable.history()` tells parts of it.
    """

    place: Place
    key: str
    number: int
    schema: Schema
    partition_by: Sequence[str]
    files: Sequence[DataFile] = ()
    rows: int = 0
    alone: bool = False
    anew: bool = False
    add_columns: bool = False
    absent: Sequence[str] = ()
    keeps_schema: bool = False
    name: str = ""
    description: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    stamp: Mapping[str, str] = field(default_factory=dict)

    def check(self, table: Table | None) -> None:
        """Check, before rows are computed, that the table would take them.

        Raises:
            UsageError: it would not.
        """
        if table is not None and not self.makes_anew(table):
            self.columns_with(table)

    def makes_anew(self, table: Table) -> bool:
        """Say whether the whole table is replaced: a strange one is, as files are.

        Of a run over several partitions, the first one replaces it, and the others find their own
        columns.
        """
        return not table.is_ours or (self.anew and not self._fits(table))

    def keeps_facts(self, table: Table) -> bool:
        """Say whether all but the columns of a table that is made anew stays as it is."""
        found = table.raw.metadata()
        return (
            table.is_ours
            and found.partition_columns == list(self.partition_by)
            and (found.name, found.description) == (self.name, self.description)
            and self.properties.items() <= found.configuration.items()
        )

    def _fits(self, table: Table) -> bool:
        try:
            self.columns_with(table)
        except UsageError:
            return False
        return True

    def columns_with(self, table: Table) -> Schema:
        """Return the columns that the table has afterwards."""
        if self.keeps_schema:
            return table.raw.schema()
        return agreed(
            table,
            self.schema,
            self.partition_by,
            absent=self.absent,
            add_columns=self.add_columns,
        )

    def has_landed(self, table: Table | None) -> bool:
        """Say whether the table is as this change leaves it."""
        if table is None:
            return False
        if not self.files:
            return self.key not in table.keys
        return table.number(self.key) == self.number

    def properties_of(self) -> CommitProperties:
        """Gather what the commit carries besides its files."""
        told = {
            "beaf.partition": self.key,
            "beaf.rows": self.rows,
            **{
                f"beaf.{name}": self.stamp[name]
                for name in ("run_id", "dataset", "pass", "fingerprint")
                if name in self.stamp
            },
        }
        mine = Transaction(application(self.key), self.number)
        # Each commit is made for the version just before it. The library would let some others come
        # between, a compaction of the same files among them, whose old rows would then stay.
        return CommitProperties(custom_metadata=told, max_commit_retries=0, app_transactions=[mine])


def landed(change: Change) -> Counter[str]:
    """Commit a change, and return what there is to tell: how often it had to be repeated, and why.

    Raises:
        UsageError: the table has got other columns meanwhile.
        LockedError: others were in the way each time.
        ResourceError: the place cannot be read or written.
    """
    told = Counter[str]()
    try:
        repeated_until_answered(
            lambda: _once(change, told),
            lambda: None,
            attempts=ATTEMPTS,
            seconds=SECONDS,
            first_pause=0.01,
            longest_pause=0.5,
        )
    except OthersCommittedError:
        raise change.place.locked(change.key) from None
    except PassingError as error:
        raise ResourceError(
            f"{change.key} cannot be committed to {change.place.location}: {error}",
            remedy="run it again once the object store answers",
        ) from None
    return told


def _once(change: Change, told: Counter[str]) -> None:
    table = change.place.table()
    if change.has_landed(table):
        return  # an earlier attempt has landed, though the answer was lost
    before = None if table is None else table.version
    anew = table is not None and change.makes_anew(table)
    schema = change.schema if table is None or anew else change.columns_with(table)
    with change.place.refusals("written"):
        try:
            if table is None or (anew and not change.keeps_facts(table)):
                _make(change, replaces=anew)
            else:
                _replace(change, table, schema, everything=anew or change.alone)
        except (DeltaError, OSError) as error:
            _sort_out(change, before, error, told)
    _flush_log(change.place, 0 if before is None else before + 1)


def _make(change: Change, *, replaces: bool) -> None:
    create_table_with_add_actions(
        change.place.uri,
        change.schema,
        [each.action() for each in change.files],
        mode="overwrite" if replaces else "error",
        partition_by=list(change.partition_by),
        name=change.name or None,
        description=change.description or None,
        configuration={"delta.checkpointInterval": _CHECKPOINT_INTERVAL, **change.properties},
        storage_options=change.place.options,
        commit_properties=change.properties_of(),
    )


def _replace(change: Change, table: Table, schema: Schema, *, everything: bool) -> None:
    if needs_ntz(schema) and TIMESTAMP_NTZ not in (table.raw.protocol().writer_features or ()):
        table.raw.alter.add_feature(
            TableFeatures.TimestampWithoutTimezone, allow_protocol_versions_increase=True
        )
        table.raw.update_incremental()
    table.raw.create_write_transaction(
        [each.action() for each in change.files],
        "overwrite",
        schema,
        list(change.partition_by),
        # By value, not by a text of SQL: no key can reach further than its own files.
        None if everything else [(PARTITION_KEY, "=", change.key)],
        commit_properties=change.properties_of(),
    )


def _sort_out(
    change: Change, before: int | None, error: DeltaError | OSError, told: Counter[str]
) -> None:
    """Say whether another attempt may help: others have committed, or the server was busy."""
    table = change.place.table()
    if change.has_landed(table):
        return
    if (None if table is None else table.version) != before:
        told[CONFLICTS] += 1
        raise OthersCommittedError from error
    if is_on_s3(change.place.location):
        from beaf_outputs.stores.refusals import passes, reason_of

        if passes(str(error)):
            told[REPEATED] += 1
            raise PassingError(reason_of(error)) from error
    if before is None and "property" in str(error) and change.properties:
        raise UsageError(
            f"OUTPUT_TARGET.delta_properties: {str(error).splitlines()[0]}",
            remedy="correct it, or leave it out; it is set where a table is made",
        ) from None
    raise error


def _flush_log(place: Place, version: int) -> None:
    """Ask the disk to keep the commit: deltalake leaves that to the operating system."""
    if is_on_s3(place.location):
        return
    log = Path(place.root, "_delta_log")
    while (entry := log / f"{version:020}.json").exists():
        _flush(entry)
        version += 1
    _flush(log)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
