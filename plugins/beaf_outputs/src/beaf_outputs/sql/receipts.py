"""How does a database keep what was written, beside the rows?

`beaf_receipts` has a row for each partition of each table of its schema, `beaf_about` what the rows
of a table mean and which dtypes they had. Both change in the transaction that changes the rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from beaf_core import PartitionRun, Target
from beaf_outputs.kept import About, Kept
from beaf_outputs.sql.drivers import Database, Row
from beaf_outputs.sql.tables import Place

RECEIPTS = "beaf_receipts"
ABOUT = "beaf_about"


@dataclass(frozen=True, slots=True)
class Entry:
    """A partition of a table, as the database tells of it.

    Attributes:
        table: its name, within the schema.
        dataset: DATASETNAME.
        pass_name: the pass.
        kept: the receipt, and the digest of what the rows mean.
        token: of the write, so that one whose end is not known can be looked for.
    """

    table: str
    dataset: str
    pass_name: str
    kept: Kept
    token: str


def receipts(schema: str | None) -> sa.Table:
    """Declare the table of receipts."""
    return sa.Table(
        RECEIPTS,
        sa.MetaData(),
        # Of table and partition, whose names may be longer than a database takes for a key.
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("pass", sa.Text, nullable=False),
        sa.Column("table", sa.Text, nullable=False),
        sa.Column("partition", sa.Text, nullable=False),
        sa.Column("universe", sa.Text, nullable=False),
        sa.Column("start_date", sa.String(10), nullable=False),
        sa.Column("end_date", sa.String(10), nullable=False),
        sa.Column("receipt", sa.Text, nullable=False),
        sa.Column("about", sa.String(64), nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        schema=schema,
    )


def about(schema: str | None) -> sa.Table:
    """Declare the table of what rows mean."""
    return sa.Table(
        ABOUT,
        sa.MetaData(),
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("table", sa.Text, nullable=False),
        sa.Column("about", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        schema=schema,
    )


def prepare(database: Database, schema: str | None) -> None:
    """Make both tables where they are not there yet; the lock is for two who do so at once."""
    missing = [each for each in _both(schema) if database.columns(each) is None]
    if not missing:
        return
    database.lock(f"{schema}.{RECEIPTS}")
    for each in missing:
        if database.columns(each) is None:
            database.run(CreateTable(each))


def are_kept(database: Database, schema: str | None) -> bool:
    """Say whether anything was ever written to the schema."""
    return all(database.columns(each) is not None for each in _both(schema))


def _both(schema: str | None) -> tuple[sa.Table, sa.Table]:
    return receipts(schema), about(schema)


def entries(database: Database, place: Place, keys: Iterable[str]) -> list[Entry]:
    """Find the receipts of some partitions of a table."""
    kept = receipts(place.schema)
    ids = [_id(place.name, key) for key in keys]
    return _entries(database, kept, kept.c.id.in_(ids))


def overlapping(
    database: Database, schema: str | None, target: Target, partition: PartitionRun
) -> list[Entry]:
    """Find the receipts of a dataset, pass and universe that hold any of the days."""
    kept = receipts(schema)
    return _entries(
        database,
        kept,
        kept.c.dataset == target.dataset,
        kept.c["pass"] == target.pass_name,
        kept.c.universe == partition.universe.spec,
        kept.c.start_date <= partition.dates.end_date,  # ISO dates sort as days do
        kept.c.end_date >= partition.dates.start_date,
    )


def of_table(database: Database, place: Place) -> list[Entry]:
    """Find all receipts of a table."""
    kept = receipts(place.schema)
    return _entries(database, kept, kept.c.table == place.name)


def _entries(
    database: Database, kept: sa.Table, *conditions: sa.ColumnElement[bool]
) -> list[Entry]:
    columns = ("table", "dataset", "pass", "receipt", "token")
    found = database.run(sa.select(*(kept.c[each] for each in columns)).where(*conditions))
    return [_entry(row) for row in found]


def _entry(row: Row) -> Entry:
    table, dataset, pass_name, text, token = row
    return Entry(table, dataset, pass_name, Kept.of_text(text), token)


def put(
    database: Database, place: Place, partition: PartitionRun, entry: Entry, *, anew: bool
) -> None:
    """Keep a receipt; `anew` where there is none of the partition yet."""
    kept = receipts(place.schema)
    values: dict[str, Any] = {
        "dataset": entry.dataset,
        "pass": entry.pass_name,
        "table": place.name,
        "partition": partition.key,
        "universe": partition.universe.spec,
        "start_date": partition.dates.start_date,
        "end_date": partition.dates.end_date,
        "receipt": entry.kept.text,
        "about": entry.kept.about,
        "token": entry.token,
    }
    identity = _id(place.name, partition.key)
    if anew:
        database.run(sa.insert(kept).values(id=identity, **values))
    else:
        database.run(sa.update(kept).where(kept.c.id == identity).values(**values))


def forget(database: Database, place: Place, key: str) -> None:
    """Remove the receipt of a partition."""
    kept = receipts(place.schema)
    database.run(sa.delete(kept).where(kept.c.id == _id(place.name, key)))


def forget_table(database: Database, place: Place) -> None:
    """Remove everything that is kept about a table."""
    for kept in _both(place.schema):
        database.run(sa.delete(kept).where(kept.c.table == place.name))


def is_told(database: Database, place: Place, digest: str) -> bool:
    """Say whether it is kept what rows of a table mean."""
    kept = about(place.schema)
    return bool(database.run(sa.select(kept.c.about).where(kept.c.id == _id(place.name, digest))))


def abouts(database: Database, place: Place, digests: Sequence[str]) -> dict[str, About]:
    """Find what the rows of a table mean, by digest."""
    kept = about(place.schema)
    ids = [_id(place.name, each) for each in digests]
    found = database.run(sa.select(kept.c.about, kept.c.text).where(kept.c.id.in_(ids)))
    return {digest: About.of_text(text) for digest, text in found}


def put_about(database: Database, place: Place, told: About) -> None:
    """Keep what rows mean."""
    row = {"table": place.name, "about": told.digest, "text": told.text}
    database.run(sa.insert(about(place.schema)).values(id=_id(place.name, told.digest), **row))


def _id(table: str, name: str) -> str:
    return hashlib.sha256(f"{table}\0{name}".encode()).hexdigest()
