"""Do writers of one file of SQLite leave each other what they stage beside it?"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from tests.file_databases import FileDatabases, url_of
from tests.sql_desk import Desk

from beaf_core import PartitionRun, ResourceError
from beaf_outputs.sql.drivers import sqlite
from beaf_outputs.sql.drivers.sqlite_stage import affinity

ROWS = pl.DataFrame({"a": [1, 2, 3]})


@pytest.fixture
def desk(file: Path) -> Desk:
    return Desk(FileDatabases(), url_of("sqlite", file))


@pytest.fixture
def staged(file: Path) -> Path:
    return file.with_name(f".{file.name}{sqlite.STAGED}")


def test_a_writer_that_waits_in_vain_leaves_what_the_other_has_staged(
    desk: Desk, file: Path, staged: Path, monday: PartitionRun
) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        staged.write_bytes(b"of the other")
        with pytest.raises(ResourceError, match="is locked"):
            desk.write(ROWS, monday, sql_connection=f"{desk.url}?timeout=0.05")
    assert staged.read_bytes() == b"of the other"


def test_what_is_staged_is_gone_before_another_may_write(
    desk: Desk, staged: Path, monday: PartitionRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {"staged": False, "at the end": True}
    real_stage, real_commit = sqlite.stage, sqlite.SqliteDatabase.commit

    def stage(path: Path, rows: pl.DataFrame, kinds: Sequence[str], batch_size: int | None) -> None:
        real_stage(path, rows, kinds, batch_size)
        seen["staged"] = staged.exists()

    def commit(database: sqlite.SqliteDatabase) -> None:
        seen["at the end"] = staged.exists()
        real_commit(database)

    monkeypatch.setattr(sqlite, "FEW_VALUES", 0)
    monkeypatch.setattr(sqlite, "stage", stage)
    monkeypatch.setattr(sqlite.SqliteDatabase, "commit", commit)
    desk.write(ROWS, monday)
    assert seen == {"staged": True, "at the end": False}
    assert desk.rows(monday).equals(ROWS)


def test_what_a_killed_writer_staged_goes_with_the_next_write(
    desk: Desk, staged: Path, monday: PartitionRun
) -> None:
    staged.write_bytes(b"of a dead one")
    desk.write(ROWS, monday)
    assert not staged.exists()


#: Every kind of value, with what SQLite may take for something else.
MIXED = pl.DataFrame(
    {
        "at": [datetime(2025, 1, 6, 9, 0, 0, 1), None, datetime(1970, 1, 1)],
        "day": [date(2025, 1, 6), date(1, 1, 1), None],
        "digits": ["12", "1.0", "007"],
        "size": [1, None, -(2**63)],
        "large": pl.Series([1, 2**63, None], dtype=pl.UInt64),
        "price": [1.0, 2.5, None],
        "exact": pl.Series(["1.10", "2.00", None]).str.to_decimal(scale=2),
        "flag": [True, None, False],
        "bytes": [b"1", b"", None],
    }
)


def dump(file: Path) -> list[str]:
    """All that is in a file but for the tables of receipts, whose tokens differ."""
    own = ("beaf_receipts", "beaf_about")
    with closing(sqlite3.connect(file)) as opened:
        return [each for each in opened.iterdump() if not any(name in each for name in own)]


@pytest.mark.parametrize("larger", [True, False], ids=["larger than signed", "signed"])
def test_records_that_are_copied_are_those_that_are_inserted(
    desk: Desk,
    file: Path,
    monday: PartitionRun,
    tuesday: PartitionRun,
    monkeypatch: pytest.MonkeyPatch,
    larger: bool,
) -> None:
    rows = MIXED if larger else MIXED.with_columns(large=pl.lit(1, pl.UInt64))
    found = []
    for few in (0, 1_000_000):
        monkeypatch.setattr(sqlite, "FEW_VALUES", few)
        file.unlink(missing_ok=True)
        desk.write(rows, monday)
        # The columns of the table stand in another order than those of the second partition, and
        # it lacks one.
        desk.write(
            rows.select(reversed(rows.columns)).drop("flag"), tuesday, schema_mode="add_columns"
        )
        found.append(dump(file))
    staged, inserted = found
    assert len(staged) >= 1 + 2 * rows.height
    assert staged == inserted


@pytest.mark.parametrize(
    "kind",
    ["BIGINT", "INTEGER", "TEXT", "VARCHAR(9)", "CLOB", "BLOB", "UNSIGNED BLOB", "", "REAL",
     "FLOAT", "DOUBLE PRECISION", "NUMERIC", "TIMESTAMP", "DATE", "BOOLEAN",
     "DECIMAL_TEXT(9, 2)", "POINT"],
)  # fmt: skip
def test_a_column_prefers_what_its_declared_type_makes_sqlite_prefer(kind: str) -> None:
    given = ["12", "1.50", 3, 4.0, "x", b"1", None]
    with closing(sqlite3.connect(":memory:")) as opened:
        opened.execute(f"CREATE TABLE t (declared {kind}, alike {affinity(kind)})")
        opened.executemany("INSERT INTO t VALUES (?, ?)", [(each, each) for each in given])
        rows = opened.execute(
            "SELECT declared, typeof(declared), alike, typeof(alike) FROM t"
        ).fetchall()
    assert [row[:2] for row in rows] == [row[2:] for row in rows]
