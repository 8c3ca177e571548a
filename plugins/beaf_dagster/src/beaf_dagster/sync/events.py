"""How is a partition that lies in a store told to Dagster?

What is to be told is kept as a frame, a row for each partition: a million of them fit into memory.
The data version is what a second sync compares: the fingerprint of a receipt for outputs, a digest
of the versions of its parts for inputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import dagster as dg
import polars as pl

from beaf_dagster.private import (
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
    MULTIDIMENSIONAL_PARTITION_PREFIX,
    RUNLESS_JOB_NAME,
    RUNLESS_RUN_ID,
    AssetObservationData,
    DagsterEvent,
    EventLogEntry,
    StepMaterializationData,
)

#: What is known of each partition. `first` and `second` are its keys in both dimensions, whose
#: names are sorted; rows and bytes are None where nobody knows.
PARTITIONS = pl.Schema(
    {
        "key": pl.String,
        "first": pl.String,
        "second": pl.String,
        "version": pl.String,
        "path": pl.String,
        "rows": pl.Int64,
        "bytes": pl.Int64,
    }
)

#: Metadata of events; rows as Dagster's own pages name and sum them up.
PATH, URI, ROWS, BYTES = "path", "dagster/uri", "dagster/partition_row_count", "bytes"

_INFO = 20  # logging.INFO: the level of events that Dagster records itself


class EventKind(StrEnum):
    """What Dagster is told: that a partition has been made, or that it has been seen."""

    MATERIALIZATION = "ASSET_MATERIALIZATION"
    OBSERVATION = "ASSET_OBSERVATION"

    @property
    def dagster_type(self) -> dg.DagsterEventType:
        """Dagster's own name for it."""
        return dg.DagsterEventType(self.value)


class Row(NamedTuple):
    """One row of `PARTITIONS`."""

    key: str
    first: str
    second: str
    version: str
    path: str
    rows: int | None
    bytes: int | None

    @property
    def is_url(self) -> bool:
        """Whether it lies elsewhere than on a disk."""
        return "://" in self.path

    @property
    def shape(self) -> tuple[bool, ...]:
        """What its metadata consist of: equal shapes have one template."""
        return not self.path, self.is_url, self.rows is None, self.bytes is None


@dataclass(frozen=True, slots=True)
class Telling:
    """Events of one asset.

    Attributes:
        asset: its key.
        dimensions: the names of its two dimensions, sorted.
        kind: what is told.
        at: the time of the events, in seconds since the epoch.
    """

    asset: dg.AssetKey
    dimensions: tuple[str, str]
    kind: EventKind = EventKind.MATERIALIZATION
    at: float = 0.0

    @property
    def tag_keys(self) -> dict[str, str]:
        """Column of `PARTITIONS` → the tag by which Dagster finds it again."""
        first, second = (MULTIDIMENSIONAL_PARTITION_PREFIX + each for each in self.dimensions)
        return {"version": DATA_VERSION_TAG, "first": first, "second": second}

    def tags(self, row: Row) -> dict[str, str]:
        """Give the tags of an event: its version, and both dimensions of its key."""
        found = {key: str(getattr(row, name)) for name, key in self.tag_keys.items()}
        return {**found, DATA_VERSION_IS_USER_PROVIDED_TAG: "true"}

    def entry(self, row: Row) -> EventLogEntry:
        """Make the event of a partition, as Dagster makes one that belongs to no run."""
        return EventLogEntry(  # type: ignore[no-untyped-call]  # Dagster's own
            error_info=None,
            level=_INFO,
            user_message="",
            run_id=RUNLESS_RUN_ID,
            timestamp=self.at,
            step_key=None,
            job_name=RUNLESS_JOB_NAME,
            dagster_event=DagsterEvent(
                event_type_value=self.kind.value,
                event_specific_data=self._data(row),
                job_name=RUNLESS_JOB_NAME,
            ),
        )

    def _data(self, row: Row) -> StepMaterializationData | AssetObservationData:
        if self.kind is EventKind.OBSERVATION:
            return AssetObservationData(
                dg.AssetObservation(
                    self.asset, partition=row.key, tags=self.tags(row), metadata=metadata(row)
                )
            )
        return StepMaterializationData(
            dg.AssetMaterialization(
                self.asset, partition=row.key, tags=self.tags(row), metadata=metadata(row)
            )
        )


def metadata(
    row: Row,
) -> dict[str, dg.PathMetadataValue | dg.TextMetadataValue | dg.IntMetadataValue]:
    """Give what a page shows of a partition; what nobody knows is left out."""
    counts = {ROWS: row.rows, BYTES: row.bytes}
    known = {name: dg.MetadataValue.int(each) for name, each in counts.items() if each is not None}
    if not row.path:
        return {**known}
    if row.is_url:
        return {URI: dg.MetadataValue.text(row.path), **known}
    return {PATH: dg.MetadataValue.path(row.path), **known}


def rows_of(frame: pl.DataFrame) -> Iterator[Row]:
    """Yield the partitions of a frame, a few at a time in memory."""
    for piece in frame.select(PARTITIONS.names()).iter_slices(10_000):
        yield from map(Row._make, piece.iter_rows())


def nothing() -> pl.DataFrame:
    """Return a frame of no partitions."""
    return pl.DataFrame(schema=PARTITIONS)
