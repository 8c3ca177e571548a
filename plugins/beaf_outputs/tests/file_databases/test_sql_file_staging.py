"""Do writers of one file of SQLite leave each other what they stage beside it?"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from tests.file_databases import FileDatabases, url_of
from tests.sql_desk import Desk

from beaf_core import PartitionRun, ResourceError
from beaf_outputs.sql.drivers import sqlite

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
    real_stage, real_commit = sqlite._stage, sqlite.SqliteDatabase.commit

    def stage(path: Path, rows: pl.DataFrame, batch_size: int | None) -> None:
        real_stage(path, rows, batch_size)
        seen["staged"] = staged.exists()

    def commit(database: sqlite.SqliteDatabase) -> None:
        seen["at the end"] = staged.exists()
        real_commit(database)

    monkeypatch.setattr(sqlite, "FEW_VALUES", 0)
    monkeypatch.setattr(sqlite, "_stage", stage)
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
