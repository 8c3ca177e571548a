"""What has been written to a table, and how does it go again?"""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from beaf_core import DatePartition, PartitionRun, Receipt, Target, UniversePartition
from beaf_outputs.added import PARTITION_KEY
from beaf_outputs.kept import Described
from beaf_outputs.sql import Config, receipts
from beaf_outputs.sql.drivers import Database, open_driver
from beaf_outputs.sql.repeat import repeated
from beaf_outputs.sql.tables import Place, bare
from beaf_outputs.sql.urls import is_database, shown


def find(target: Target, partition: PartitionRun, options: Config) -> Receipt | None:
    """Look the receipt of a partition up; None where it, or its table, is not there."""
    place = Place.of(target, options.sql_table, partition)
    driver = open_driver(options.sql_connection.get_secret_value())

    def ask() -> receipts.Entry | None:
        with driver.open(writes=False) as database:
            return _entry(database, place.within(database), partition.key)

    found, _ = repeated(ask)
    return None if found is None else _here(found.kept.receipt, target, partition)


def _entry(database: Database, place: Place, key: str) -> receipts.Entry | None:
    if not receipts.are_kept(database, place.schema):
        return None
    if database.columns(bare(place)) is None:
        return None  # somebody removed the table, and left the receipt
    return next(iter(receipts.entries(database, place, [key])), None)


def _here(receipt: Receipt, target: Target, partition: PartitionRun) -> Receipt:
    """Say where it is by the configuration of today: a server may have got another name."""
    return replace(receipt, location=target.location(partition))


def overlapping(target: Target, partition: PartitionRun, options: Config) -> list[Receipt]:
    """Look up the receipts of a table's outputs of a universe that hold any of the days."""
    place = Place.of(target, options.sql_table, partition)
    driver = open_driver(options.sql_connection.get_secret_value())

    def ask() -> list[tuple[Receipt, PartitionRun]]:
        with driver.open(writes=False) as database:
            schema = place.within(database).schema
            if not receipts.are_kept(database, schema):
                return []
            found = receipts.overlapping(database, schema, target, partition)
            of_run = [(each, _run_of(each.kept.receipt)) for each in found]
            # Where the table's name has dates in it, each is looked for in its own.
            places = {run: Place.of(target, options.sql_table, run) for _, run in of_run}
            names = {each: each.within(database).name for each in set(places.values())}
            return [
                (each.kept.receipt, run) for each, run in of_run if each.table == names[places[run]]
            ]

    found, _ = repeated(ask)
    return [_here(receipt, target, run) for receipt, run in found]


def _run_of(receipt: Receipt) -> PartitionRun:
    universe, _, dates = receipt.partition.rpartition(":")
    return PartitionRun(UniversePartition(universe), DatePartition(dates))


def remove(target: Target, receipt: Receipt, options: Config) -> bool:
    """Remove a partition's rows and receipt, in one transaction."""
    driver = open_driver(options.sql_connection.get_secret_value())
    named = Place.of(target, options.sql_table, _run_of(receipt))

    def go() -> None:
        with driver.open(writes=True) as database:
            place = named.within(database)
            database.lock(place.lock, shared=True)
            database.lock(f"{place.lock}/{receipt.partition}")
            if _entry(database, place, receipt.partition) is not None:
                table = bare(place, PARTITION_KEY)
                mine = table.c[PARTITION_KEY] == sa.literal(receipt.partition, sa.Text())
                database.run(sa.delete(table).where(mine))
                receipts.forget(database, place, receipt.partition)
            database.commit()

    repeated(go)
    return True


def described(location: str) -> Described | None:
    """Tell what a table says of itself.

    Args:
        location: as receipts report it, `postgresql://host/database#schema.table`; user and
            password may stand in it.
    """
    url, _, name = location.partition("#")
    if not name or not is_database(url):
        return None
    schema, dot, table = name.rpartition(".")
    named = Place(table, schema) if dot else Place(name)
    driver = open_driver(url)
    with driver.open(writes=False) as database:
        place = named.within(database)
        stored = database.columns(bare(place))
        if stored is None or not receipts.are_kept(database, place.schema):
            return None
        entries = receipts.of_table(database, place)
        if not entries:
            return None
        newest = max(entries, key=lambda each: each.kept.receipt.stamp.get("written_at", ""))
        about = receipts.abouts(database, place, [newest.kept.about])
    told = tuple(each.kept.receipt for each in entries)
    return Described("sql", f"{shown(url)}#{name}", told, about.get(newest.kept.about), stored)
