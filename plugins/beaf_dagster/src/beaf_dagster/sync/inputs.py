"""Which days of which tables has a source got, for each venue?

The version of a partition is a digest of the versions of its parts, as the source tells them: what
changes when the content does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from beaf_core import TABLES, DatePartition, Part, TableRequest, UsageError, did_you_mean
from beaf_dagster.sync.events import PARTITIONS, Row
from beaf_dagster.sync.listing import Listing

if TYPE_CHECKING:
    from beaf_dagster.pipelines import Pipeline

#: The dimensions of input tables: days × venues, `cbbo` by consolidated book.
DATE, MIC, CBBO = "date", "mic", "cbbo"

#: Tables that are no stream of a venue's day.
_WHOLE = ("reference", "membership")


@dataclass(frozen=True, slots=True, eq=False)
class InputAsset:
    """A table of a source, as Dagster knows it: external.

    Attributes:
        key: its key.
        table: the table.
        pipeline: whose source is asked.
        mics: the venues that are asked for.
    """

    key: dg.AssetKey
    table: str
    pipeline: Pipeline
    mics: Sequence[str]

    @property
    def dimensions(self) -> tuple[str, str]:
        """The names of its dimensions, sorted."""
        return (CBBO, DATE) if self.table == "cbbo" else (DATE, MIC)

    def listing(self, dates: DatePartition) -> Listing:
        """Ask for every venue and day; parts are looked up, and no rows read."""
        found = [row for day in _days(dates) for mic in self.mics for row in self._row(day, mic)]
        frame = pl.DataFrame(found, schema=PARTITIONS, orient="row")
        return Listing(self.key, None, self.dimensions, "inputs", frame, dates=dates)

    def _row(self, day: date, mic: str) -> Iterator[Row]:
        prepared = self.pipeline.ready
        request = TableRequest(
            self.table,
            day,
            mics=(mic,),
            storage_options=prepared.resolved.config.S3_STORAGE_OPTIONS,
        )
        source = prepared.resolved.require_source()
        parts = prepared.host.read_table(source, request, prepared.resolved.source_options).parts
        if parts:
            yield _row_of(self.dimensions, day, mic, parts)


def tables_named(names: Sequence[str], pipelines: Iterable[Pipeline]) -> list[str]:
    """Read what `--tables` names; `all` are those that the pipelines read.

    Raises:
        UsageError: there is no such table, or it is not kept by days and venues.
    """
    if "all" in names:
        return list(dict.fromkeys(table for each in pipelines for table in _read_by(each)))
    for name in names:
        if name not in TABLES:
            raise UsageError(
                f"there is no input table {name!r}{did_you_mean(name, TABLES)}",
                remedy=f"name some of {', '.join(each for each in TABLES if each not in _WHOLE)}",
            )
        if name in _WHOLE:
            raise UsageError(
                f"the table {name} is not kept by days and venues, so it has no such partitions",
                remedy="leave it out of --tables",
            )
    return list(dict.fromkeys(names))


def _read_by(pipeline: Pipeline) -> Iterator[str]:
    for resolved in pipeline.ready.resolved.passes:
        for module in resolved.modules:
            yield from (each for each in module.needs if each in TABLES and each not in _WHOLE)


def _days(dates: DatePartition) -> Iterator[date]:
    for number in range((dates.end - dates.start).days + 1):
        yield dates.start + timedelta(days=number)


def _row_of(dimensions: tuple[str, str], day: date, mic: str, parts: Sequence[Part]) -> Row:
    names = {DATE: day.isoformat()}
    first, second = (names.get(each, mic) for each in dimensions)
    return Row(
        f"{first}|{second}",
        first,
        second,
        version_of(parts),
        parts[0].location,
        _sum(each.rows for each in parts),
        _sum(each.bytes for each in parts),
    )


def version_of(parts: Sequence[Part]) -> str:
    """Give the data version of a table's parts, in whatever order the source tells them."""
    told = sorted(f"{each.location} {each.bytes} {each.version}" for each in parts)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:32]


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [each for each in counts if each is not None]
    return sum(known) if known else None
