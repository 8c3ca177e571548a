"""How are partitions of a table read, no more of them than is asked for?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import sqlalchemy as sa
from polars.io.plugins import register_io_source

from beaf_core import PartitionRun, Target
from beaf_outputs.added import PARTITION_KEY
from beaf_outputs.kept import About, restored
from beaf_outputs.sql import receipts
from beaf_outputs.sql.drivers import Driver, open_driver
from beaf_outputs.sql.repeat import repeated
from beaf_outputs.sql.tables import Place, bare

if TYPE_CHECKING:
    from beaf_outputs.sql import Config


def read(
    target: Target, partitions: Sequence[PartitionRun], options: Config
) -> pl.LazyFrame | None:
    """Query partitions lazily; None where none of them has been written."""
    driver = open_driver(options.sql_connection.get_secret_value())
    asked: dict[Place, list[str]] = {}
    for each in partitions:
        asked.setdefault(Place.of(target, options.sql_table, each), []).append(each.key)
    found, _ = repeated(lambda: _pieces(driver, asked, options.sql_batch_size))
    frames = [each.lazy() for each in found]
    if len(frames) < 2:
        return frames[0] if frames else None
    # Partitions of different configurations: what one lacks is null.
    return pl.concat(frames, how="diagonal_relaxed")


@dataclass(frozen=True)
class _Piece:
    """Partitions of one table whose rows mean the same."""

    driver: Driver
    place: Place
    keys: tuple[str, ...]
    about: About
    stored: tuple[str, ...]
    batch_size: int | None

    def lazy(self) -> pl.LazyFrame:
        return register_io_source(self._frames, schema=self.about.schema, is_pure=True)

    def _frames(
        self,
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        schema = self.about.schema
        names = list(schema) if with_columns is None else with_columns
        wanted = pl.Schema({name: schema[name] for name in names})
        left = n_rows
        with self.driver.open(writes=False) as database:
            for frame in database.frames(self._query(names), self.batch_size):
                rows = restored(frame.lazy(), wanted).collect()
                rows = rows if predicate is None else rows.filter(predicate)
                rows = rows if left is None else rows.head(left)
                yield rows
                if left is not None:
                    left -= rows.height
                    if not left:
                        return

    def _query(self, names: Sequence[str]) -> sa.Select[tuple[object, ...]]:
        there = [name for name in names if name in self.stored]
        table = bare(self.place, PARTITION_KEY, *there)
        mine = table.c[PARTITION_KEY].in_(self.keys)
        return sa.select(*(table.c[name] for name in there)).where(mine)


def _pieces(driver: Driver, asked: dict[Place, list[str]], batch_size: int | None) -> list[_Piece]:
    pieces = []
    with driver.open(writes=False) as database:
        for named, keys in asked.items():
            place = named.within(database)
            if not receipts.are_kept(database, place.schema):
                continue
            stored = database.columns(bare(place))
            if stored is None:
                continue
            entries = receipts.entries(database, place, keys)
            by_about: dict[str, list[str]] = {}
            for each in entries:
                by_about.setdefault(each.kept.about, []).append(each.kept.receipt.partition)
            abouts = receipts.abouts(database, place, list(by_about))
            pieces += [
                _Piece(driver, place, tuple(same), abouts[digest], tuple(stored), batch_size)
                for digest, same in by_about.items()
            ]
    return pieces
