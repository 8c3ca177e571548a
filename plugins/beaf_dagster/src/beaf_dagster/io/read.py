"""What do the partitions of an asset hold, and which of them should be there and are not?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from beaf_core import (
    TABLES,
    DataMissingError,
    DatePartition,
    DayStatus,
    PartitionRun,
    TableRequest,
)
from beaf_dagster.assets.alignment import venues_of
from beaf_dagster.io.names import MISSING
from beaf_dagster.io.partitions import ALL_DAYS, WHOLE
from beaf_dagster.io.places import Place

#: Tables that tell nothing of whether a market was open.
_ALWAYS_OPEN = ("reference", "membership")


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads partitions of one asset.

    Attributes:
        place: where they are.
        runs: partition key → universe × dates.
        missing: what becomes of those that are not there: `error` or `empty`.
    """

    place: Place
    runs: Mapping[str, PartitionRun]
    missing: str

    def whole(self) -> pl.LazyFrame:
        """Read all partitions as one frame, by universe and then by date.

        Raises:
            DataMissingError: some are not there.
        """
        self._require_all()
        return self._rows(list(self.runs.values()))

    def each(self) -> dict[str, pl.LazyFrame]:
        """Read each partition by itself.

        Raises:
            DataMissingError: some are not there.
        """
        self._require_all()
        return {key: self._rows([run]) for key, run in self.runs.items()}

    def _rows(self, runs: Sequence[PartitionRun]) -> pl.LazyFrame:
        frame = self.place.host.read_output(self.place.targets[0], runs)
        return self._empty() if frame is None else frame

    def _empty(self) -> pl.LazyFrame:
        """Give a frame without rows; its columns are those of any other partition."""
        for universe in dict.fromkeys(run.universe for run in self.runs.values()):
            target = self.place.targets[0]
            found = self.place.host.list_receipts(target, PartitionRun(universe, ALL_DAYS))
            for each in found:
                run = PartitionRun(universe, DatePartition(each.partition.rpartition(":")[2]))
                frame = self.place.host.read_output(target, [run])
                if frame is not None:
                    return frame.clear()
        raise DataMissingError(
            f"{self.place.asset} has no output for {_some(self.runs)}, nor for any other dates, "
            "so the columns of an empty frame are not known",
            remedy="materialize any partition of it first",
        )

    # -- what is missing ---------------------------------------------------------------------------

    def _require_all(self) -> None:
        if self.missing == "empty":
            return
        gone = self._gone()
        lacking = [key for key in gone if not self._is_closed(self.runs[key])]
        if lacking:
            count = f"{len(lacking)} of {len(self.runs)} partitions: " if len(self.runs) > 1 else ""
            raise DataMissingError(
                f"{self.place.asset} has no output for {count}{_some(lacking)}",
                remedy=f"materialize {'it' if lacking == [WHOLE] else 'them'} first, or take what "
                f'is there: dg.AssetIn(metadata={{"{MISSING}": "empty"}})',
            )

    def _gone(self) -> list[str]:
        """List the partitions that have no receipt."""
        listed = self._listed() if len(self.runs) > 1 else set()
        target = self.place.targets[0]
        return [
            key
            for key, run in self.runs.items()
            if run.key not in listed and self.place.host.find_receipt(target, run) is None
        ]

    def _listed(self) -> set[str]:
        """List what an output knows of the days in one go; not every output can say."""
        target = self.place.targets[0]
        found: set[str] = set()
        for universe in dict.fromkeys(run.universe for run in self.runs.values()):
            dates = [run.dates for run in self.runs.values() if run.universe == universe]
            span = DatePartition(min(d.start_date for d in dates), max(d.end_date for d in dates))
            receipts = self.place.host.list_receipts(target, PartitionRun(universe, span))
            found.update(each.partition for each in receipts)
        return found

    def _is_closed(self, run: PartitionRun) -> bool:
        """Ask the source whether a partition of BEAF's lacks rows for want of a market."""
        resolved = self.place.prepared.resolved
        if not self.place.computed or resolved.source is None or run.dates == ALL_DAYS:
            return False
        tables = {
            table
            for each in resolved.passes
            for module in each.modules
            for table in module.needs
            if table in TABLES and table not in _ALWAYS_OPEN
        }
        # A venue may be closed on a day on which another one trades.
        mics = tuple(sorted(venues_of(run.universe.spec) or ()))
        statuses = {self._status(table, day, mics) for day in _days(run.dates) for table in tables}
        return statuses == {DayStatus.CLOSED}

    def _status(self, table: str, day: date, mics: tuple[str, ...]) -> DayStatus:
        resolved = self.place.prepared.resolved
        assert resolved.source is not None
        options = resolved.config.S3_STORAGE_OPTIONS
        request = TableRequest(table, day, mics=mics, storage_options=options)
        return self.place.host.read_table(resolved.source, request, resolved.source_options).status


def _days(dates: DatePartition) -> Iterable[date]:
    return (dates.start + timedelta(n) for n in range((dates.end - dates.start).days + 1))


def _some(keys: Iterable[str]) -> str:
    named = [each for each in keys if each != WHOLE]
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return ", ".join(named[:3]) + more or "itself"
