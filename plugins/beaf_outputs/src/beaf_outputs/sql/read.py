"""How are partitions of a table read, no more of them than is asked for?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa
from polars.io.plugins import register_io_source

from beaf_core import PartitionRun, Target
from beaf_outputs.added import PARTITION_KEY
from beaf_outputs.kept import About, concatenated, restored
from beaf_outputs.sql import receipts
from beaf_outputs.sql.drivers import Database, Driver, open_driver
from beaf_outputs.sql.predicates import condition
from beaf_outputs.sql.repeat import repeated
from beaf_outputs.sql.stored import Stored
from beaf_outputs.sql.tables import Place, bare

if TYPE_CHECKING:
    from beaf_outputs.sql import Config


def read(
    target: Target, partitions: Sequence[PartitionRun], options: Config
) -> pl.LazyFrame | None:
    """Query partitions once rows are asked for; None where none of them has been written."""
    driver = open_driver(options.sql_connection.get_secret_value())
    asked: dict[Place, list[str]] = {}
    for each in partitions:
        asked.setdefault(Place.of(target, options.sql_table, each), []).append(each.key)

    def ask() -> list[_Piece]:
        with driver.open(writes=False) as database:
            places = [(place.within(database), keys) for place, keys in asked.items()]
            return [
                each
                for place, keys in places
                for each in _pieces(driver, database, place, keys, options.sql_batch_size)
            ]

    return concatenated([each.lazy() for each in repeated(ask)[0]])


def _pieces(
    driver: Driver, database: Database, place: Place, keys: Sequence[str], batch_size: int | None
) -> list[_Piece]:
    if not receipts.are_kept(database, place.schema):
        return []
    stored = database.columns(bare(place))
    if stored is None:
        return []
    by_about: dict[str, list[str]] = {}
    for each in receipts.entries(database, place, keys):
        by_about.setdefault(each.kept.about, []).append(each.kept.receipt.partition)
    abouts = receipts.abouts(database, place, list(by_about))
    return [
        _Piece(driver, place, tuple(same), abouts[digest], stored, batch_size)
        for digest, same in by_about.items()
    ]


@dataclass(frozen=True)
class _Piece:
    """Partitions of one table whose rows mean the same.

    Attributes:
        driver: how to reach it.
        place: the table.
        keys: of the partitions.
        about: the columns and dtypes that the rows had.
        stored: the columns of the table, with the database's names of their types.
        batch_size: how many rows are asked for at a time.
    """

    driver: Driver
    place: Place
    keys: tuple[str, ...]
    about: About
    stored: Mapping[str, str]
    batch_size: int | None

    def lazy(self) -> pl.LazyFrame:
        """Make a frame that queries the table whenever it is collected."""
        return register_io_source(
            self._frames,
            schema=self.about.schema,
            explain_name=f"{self.driver.name} {self.place.name}",
        )

    def _frames(
        self,
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        _batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        schema = self.about.schema
        asked = list(schema) if with_columns is None else with_columns
        needed = [] if predicate is None else predicate.meta.root_names()
        names = [name for name in schema if name in {*asked, *needed}]
        limit = n_rows if predicate is None else None
        with self.driver.open(writes=False) as database:
            left = n_rows
            for frame in database.frames(self._query(names, predicate, limit), self.batch_size):
                wanted = pl.Schema({name: schema[name] for name in names})
                rows = restored(frame.lazy(), wanted).collect()
                rows = rows if predicate is None else rows.filter(predicate)
                rows = rows if left is None else rows.head(left)
                left = None if left is None else left - rows.height
                yield rows.select(asked)
                if left == 0:
                    return

    def _query(
        self, names: Sequence[str], predicate: pl.Expr | None, limit: int | None
    ) -> sa.Select[Any]:
        there = [name for name in names if name in self.stored]
        table = bare(self.place, PARTITION_KEY, *there)
        key = table.c[PARTITION_KEY]
        # Rows of no column cannot be told apart from no rows.
        query = sa.select(*([table.c[name] for name in there] or [key]))
        query = query.where(key.in_(sa.literal(each, sa.Text()) for each in self.keys))
        if predicate is not None:
            schema, keeps_nan = self.about.schema, self.driver.keeps_nan
            found = condition(predicate, schema, self._comparable, keeps_nan=keeps_nan)
            query = query if found is None else query.where(found)
        return query if limit is None else query.limit(limit)

    @cached_property
    def _comparable(self) -> dict[str, Stored]:
        """How those columns are kept of which that can be told from the table."""
        found: dict[str, Stored] = {}
        for name, dtype in self.about.schema.items():
            for timestamps in ("us", "int64"):
                kept = self.driver.stored(dtype, timestamps)
                if self.stored.get(name) == self.driver.type_name(kept.type):
                    found[name] = kept
        return found
