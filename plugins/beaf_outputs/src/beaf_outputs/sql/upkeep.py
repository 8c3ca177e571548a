"""What has been written to a table, and how does it go again?"""

from __future__ import annotations

import sqlalchemy as sa

from beaf_core import PartitionRun, Receipt, Target, UsageError
from beaf_outputs.added import PARTITION_KEY
from beaf_outputs.kept import Described
from beaf_outputs.sql import Config, receipts
from beaf_outputs.sql.drivers import Database, open_driver
from beaf_outputs.sql.repeat import repeated
from beaf_outputs.sql.tables import Place, bare


def find(target: Target, partition: PartitionRun, options: Config) -> Receipt | None:
    """Look the receipt of a partition up; None where it, or its table, is not there."""
    place = Place.of(target, options.sql_table, partition)
    driver = open_driver(options.sql_connection.get_secret_value())

    def ask() -> Receipt | None:
        with driver.open(writes=False) as database:
            found = _entry(database, place.within(database), partition.key)
        return None if found is None else found.kept.receipt

    return repeated(ask)[0]


def _entry(database: Database, place: Place, key: str) -> receipts.Entry | None:
    if not receipts.are_kept(database, place.schema):
        return None
    if database.columns(bare(place)) is None:
        return None  # somebody removed the table, and left the receipt
    return next(iter(receipts.entries(database, place, [key])), None)


def overlapping(target: Target, partition: PartitionRun, options: Config) -> list[Receipt]:
    """Look up the receipts of outputs that hold any of the days."""
    place = Place.of(target, options.sql_table, partition)
    driver = open_driver(options.sql_connection.get_secret_value())
    dated = any(f"{{{each}}}" in options.sql_table for each in ("start_date", "end_date"))

    def ask() -> list[receipts.Entry]:
        with driver.open(writes=False) as database:
            schema = place.within(database).schema
            if not receipts.are_kept(database, schema):
                return []
            return receipts.overlapping(database, schema, target, partition)

    found, _ = repeated(ask)
    return [each.kept.receipt for each in found if dated or each.table == place.name]


def remove(target: Target, receipt: Receipt, options: Config) -> bool:
    """Remove a partition's rows and receipt, in one transaction."""
    driver = open_driver(options.sql_connection.get_secret_value())
    place = _place_of(receipt, options)

    def go() -> None:
        with driver.open(writes=True) as database:
            there = place.within(database)
            database.lock(there.lock, shared=True)
            database.lock(f"{there.lock}/{receipt.partition}")
            if _entry(database, there, receipt.partition) is not None:
                table = bare(there, PARTITION_KEY)
                mine = table.c[PARTITION_KEY] == receipt.partition
                database.run(sa.delete(table).where(mine))
                receipts.forget(database, there, receipt.partition)
            database.commit()

    repeated(go)
    return True


def _place_of(receipt: Receipt, options: Config) -> Place:
    url, _, _ = options.location_template.replace("{{", "{").replace("}}", "}").partition("#")
    if not receipt.location.startswith(f"{url}#"):
        raise UsageError(
            f"{receipt.location} is not in the database {url}",
            remedy="set sql_connection to the database that it is in",
        )
    table = receipt.location.removeprefix(f"{url}#")
    schema, dot, name = table.partition(".") if "." in options.sql_table else ("", "", table)
    return Place(name, schema) if dot else Place(table)


def described(location: str) -> Described | None:
    """Tell what a table says of itself; None where the location is no database's."""
    return None
