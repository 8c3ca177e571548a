"""How does a partition come into a table, whole or not at all?

Lock, change the table where needed, delete the partition's rows, add the new ones, keep the
receipt, commit: one transaction. Where the connection breaks, it is done again from its beginning.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl
import sqlalchemy as sa

from beaf_core import PartitionRun, Receipt, Target, UsageError
from beaf_outputs.added import PARTITION_KEY, with_added
from beaf_outputs.kept import REPLACED, About, Kept
from beaf_outputs.sql import ddl, receipts
from beaf_outputs.sql.drivers import Database, Driver, Statement, open_driver
from beaf_outputs.sql.repeat import repeated
from beaf_outputs.sql.tables import Place, check_fits, stored_columns, table

if TYPE_CHECKING:
    from beaf_outputs.sql import Config

REPEATED = "transactions were repeated, since the connection to the database broke"

_NOTHING: Mapping[str, int] = MappingProxyType({})


def write(frame: pl.LazyFrame, target: Target, partition: PartitionRun, options: Config) -> Receipt:
    """Replace a partition of a table.

    Raises:
        UsageError: the table or the columns are not what they may be.
        ResourceError: the database refuses, or does not answer.
    """
    driver = open_driver(options.sql_connection.get_secret_value())
    job = _Job.of(frame, target, partition, options, driver)
    replaced, repeats = repeated(job.once)
    return job.receipt({REPEATED: repeats, REPLACED: replaced})


@dataclass(frozen=True)
class _Job:
    driver: Driver
    target: Target
    partition: PartitionRun
    options: Config
    rows: pl.DataFrame
    about: About
    place: Place
    token: str
    nulls: tuple[str, ...]
    notes: Mapping[str, int]

    @classmethod
    def of(
        cls,
        frame: pl.LazyFrame,
        target: Target,
        partition: PartitionRun,
        options: Config,
        driver: Driver,
    ) -> _Job:
        place = Place.of(target, options.sql_table, partition)
        handed = frame.collect(engine="streaming")
        full = with_added(handed.lazy(), target, partition, key=True)
        columns = stored_columns(driver, full.collect_schema(), options.sql_timestamps)
        check_fits(driver, table(place, columns))
        typed = full.cast({name: each.dtype for name, each in columns.items()})
        # In memory, a key that is the same in all rows is one piece; streamed, it is a hundred.
        rows = typed.collect(engine="in-memory")
        notes = {each.note: 1 for each in columns.values() if each.note}
        if not driver.keeps_nan:
            rows, notes = _without_nan(rows, notes, driver)
        return cls(
            driver=driver,
            target=target,
            partition=partition,
            options=options,
            rows=rows,
            about=About(target.meaning, handed.schema),
            place=place,
            token=secrets.token_hex(16),
            nulls=tuple(ddl.null_columns(handed)),
            notes=notes,
        )

    def receipt(self, counts: Mapping[str, int] = _NOTHING) -> Receipt:
        notes = {**self.notes, **{told: count for told, count in counts.items() if count}}
        return Receipt(
            self.target.type,
            self.target.location(self.partition),
            self.rows.height,
            self.partition.key,
            dict(self.target.stamp),
            notes,
        )

    def once(self) -> int:
        """Do the transaction, alone with the table only where the table itself changes.

        Returns:
            How many other partitions it has removed.
        """
        replaced = self._attempt(alone=False)
        return (self._attempt(alone=True) or 0) if replaced is None else replaced

    def _attempt(self, *, alone: bool) -> int | None:
        """Do the transaction; None where it has to be alone with the table, and is not."""
        with self.driver.open(writes=True) as database:
            place = self.place.within(database)
            receipts.prepare(database, place.schema)
            database.lock(place.lock, shared=not alone)
            database.lock(f"{place.lock}/{self.partition.key}")
            found = next(iter(receipts.entries(database, place, [self.partition.key])), None)
            if found is not None and found.token == self.token:
                return 0  # an earlier attempt ended well, and was not told so
            self._check_is_ours(found)
            wanted = self._table(place)
            change = ddl.change(
                self.driver, wanted, database.columns(wanted), self.options, self.nulls
            )
            is_told = receipts.is_told(database, place, self.about.digest)
            if not alone and (change or not is_told):
                return None
            replaced = self._others(database, place) if change.alone else 0
            self._change(database, place, wanted, change, tell=change.alone or not is_told)
            self._replace(database, place, wanted, change, found)
            database.commit()
        return replaced

    def _others(self, database: Database, place: Place) -> int:
        """Count the other partitions of the table."""
        keys = {each.kept.receipt.partition for each in receipts.of_table(database, place)}
        return len(keys - {self.partition.key})

    def _table(self, place: Place) -> sa.Table:
        timestamps = self.options.sql_timestamps
        full = with_added(
            pl.LazyFrame(schema=self.about.schema), self.target, self.partition, key=True
        )
        return table(place, stored_columns(self.driver, full.collect_schema(), timestamps))

    def _check_is_ours(self, found: receipts.Entry | None) -> None:
        mine = (self.target.dataset, self.target.pass_name)
        if found is not None and (found.dataset, found.pass_name) != mine:
            raise UsageError(
                f"{self.target.location(self.partition)} holds {self.partition.key} of the pass "
                f"{found.pass_name} of {found.dataset}",
                remedy="give each pass a table of its own: {datasetname}_{pass} as sql_table",
            )

    def _change(
        self,
        database: Database,
        place: Place,
        wanted: sa.Table,
        change: ddl.Change,
        *,
        tell: bool,
    ) -> None:
        if change.alone:
            receipts.forget_table(database, place)
            if not change.made:
                database.run(sa.delete(wanted))
        for statement in change.statements:
            database.run(statement)
        if tell:
            receipts.put_about(database, place, self.about)
            for statement in self._comments(wanted):
                database.run(statement)

    def _comments(self, wanted: sa.Table) -> list[Statement]:
        return ddl.comments(wanted, self.target.meaning) if self.driver.has_comments else []

    def _replace(
        self,
        database: Database,
        place: Place,
        wanted: sa.Table,
        change: ddl.Change,
        found: receipts.Entry | None,
    ) -> None:
        if not change.made and not change.alone:
            key = self.partition.key
            database.run(sa.delete(wanted).where(wanted.c[PARTITION_KEY] == key))
        if self.rows.height:
            database.append(wanted, self.rows, self.options.sql_batch_size)
        for statement in ddl.indexes(self.driver, wanted) if change.made else ():
            database.run(statement)
        kept = Kept(self.receipt(), self.about.digest)
        entry = receipts.Entry(
            place.name, self.target.dataset, self.target.pass_name, kept, self.token
        )
        receipts.put(database, place, self.partition, entry, anew=found is None or change.alone)


def _without_nan(
    rows: pl.DataFrame, notes: dict[str, int], driver: Driver
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Make NaN null, as a database without it would, and tell how often."""
    floats = pl.selectors.float()
    count = sum(int(column.is_nan().sum()) for column in rows.select(floats))
    if not count:
        return rows, notes
    told = f"values NaN are kept as NULL: {driver.name} has no NaN"
    return rows.with_columns(floats.fill_nan(None)), {**notes, told: count}
