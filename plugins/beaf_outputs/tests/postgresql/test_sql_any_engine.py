"""Does a database without a driver of its own keep partitions, by SQLAlchemy alone?

PostgreSQL stands for all of them, by a driver of SQLAlchemy's and row by row.
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal
from tests.sql_desk import Desk, partition

from beaf_core import BeafError, PartitionRun, UsageError
from beaf_outputs.sql import Config, drivers, read, upkeep, write
from beaf_outputs.sql.drivers.engines import EngineDriver
from beaf_outputs.sql.urls import parsed

ROWS = pl.DataFrame({"ListingId": [1, 2], "Open": [10.0, None], "MIC": ["XLON", "XPAR"]})


@pytest.fixture
def any_desk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    url = desk.url.replace("postgresql://", "postgresql+pg8000://")

    def opened(text: str) -> EngineDriver:
        return EngineDriver(sa.make_url(text), text)

    for each in (read, upkeep, write):
        monkeypatch.setattr(each, "open_driver", opened)
    return Desk(desk.server, url)


def asked(desk: Desk, statement: str) -> list[tuple[Any, ...]]:
    return desk.server.rows(statement, url=desk.url.replace("+pg8000", ""))


def test_partitions_are_replaced_and_come_back(
    any_desk: Desk, monday: PartitionRun, tuesday: PartitionRun
) -> None:
    assert any_desk.read(monday) is None
    any_desk.write(ROWS, monday)
    any_desk.write(ROWS, tuesday)
    receipt = any_desk.write(ROWS.head(1), monday)
    assert_frame_equal(any_desk.rows(monday), ROWS.head(1))
    assert_frame_equal(any_desk.rows(tuesday), ROWS)
    assert any_desk.receipt(monday) == receipt
    assert asked(any_desk, "SELECT count(*) FROM bars") == [(3,)]
    with pytest.raises(UsageError, match="Open is text, not a number"):
        any_desk.write(ROWS.with_columns(Open=pl.lit("x")), monday)
    any_desk.write(ROWS.with_columns(New=1), monday, schema_mode="add_columns")
    assert any_desk.rows(monday)["New"].to_list() == [1, 1]


def test_types_come_back_and_what_is_no_number_is_told(
    any_desk: Desk, monday: PartitionRun
) -> None:
    rows = pl.DataFrame(
        {
            "u": pl.Series([0, 2**64 - 1, None], dtype=pl.UInt64),
            "d": pl.Series(["1.25", "-0.50", None]).cast(pl.Decimal(20, 2)),
            "t": pl.Series([1_736_154_000_000_000_000, 0, None]).cast(pl.Datetime("ns")),
            "e": pl.Series(["a", None, "b"], dtype=pl.Enum(["b", "a"])),
            "b": [b"\0", b"", None],
            "f": [True, None, False],
            "x": [float("nan"), float("inf"), None],
        }
    )
    receipt = any_desk.write(rows, monday, sql_batch_size=2)
    assert "values NaN are kept as NULL: postgresql has no NaN" in receipt.notes
    assert_frame_equal(any_desk.rows(monday), rows.with_columns(pl.col("x").fill_nan(None)))


def test_columns_whose_marks_could_be_one_stay_apart(any_desk: Desk, monday: PartitionRun) -> None:
    names = ["a b", "a.b", "a_b", "a:b", "a%b", "a(b)", 'x"; DROP TABLE bars; --']
    rows = pl.DataFrame({each: [at, -at] for at, each in enumerate(names)})
    any_desk.write(rows, monday)
    assert_frame_equal(any_desk.rows(monday), rows)


def test_writers_of_one_partition_wait_for_each_other(any_desk: Desk, monday: PartitionRun) -> None:
    any_desk.write(ROWS, monday)
    frames = [pl.DataFrame({**ROWS.to_dict(), "ListingId": [each] * 2}) for each in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(any_desk.write, frames, [monday] * 4))
    found = any_desk.rows(monday)
    assert found.height == 2
    assert found["ListingId"].n_unique() == 1
    assert asked(any_desk, "SELECT count(*) FROM bars") == [(2,)]


def test_a_server_that_is_not_there_is_told_without_the_password(monday: PartitionRun) -> None:
    text = "postgresql+pg8000://me:s3cr3t@127.0.0.1:1/none"
    with pytest.raises(BeafError) as caught, EngineDriver(parsed(text), text).open(writes=False):
        pass
    assert "127.0.0.1:1/none" in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_a_dialect_whose_package_is_absent_is_named() -> None:
    with pytest.raises(UsageError, match="needs the package MySQLdb"):
        drivers.open_driver("mysql://me@host/bars")


def test_an_unknown_kind_of_database_is_refused_with_near_matches() -> None:
    with pytest.raises(ValueError, match="did you mean"):
        Config.model_validate({"sql_connection": "sqlit:///bars.db"})


def test_without_duckdb_one_error_says_what_to_install(monday: PartitionRun) -> None:
    code = (
        "import sys; sys.modules['duckdb'] = None\n"
        "from beaf_core import UsageError\n"
        "from beaf_outputs.sql.drivers import open_driver\n"
        "try:\n"
        "    open_driver('duckdb:///bars.duckdb')\n"
        "except UsageError as error:\n"
        "    print(error)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "pip install 'beaf-outputs[duckdb]'" in told.stdout


def test_without_adbc_sqlite_takes_as_many_rows(tmp_path: Any) -> None:
    code = (
        "import sys; sys.modules['adbc_driver_sqlite'] = None\n"
        "import polars as pl\n"
        "from tests.file_databases import FileDatabases\n"
        "from tests.sql_desk import Desk, partition\n"
        "desk = Desk(FileDatabases(), sys.argv[1])\n"
        "rows = pl.DataFrame({f'x{each}': range(30_000) for each in range(9)})\n"
        "desk.write(rows, partition('2025-01-06'))\n"
        "assert desk.rows(partition('2025-01-06')).equals(rows)\n"
    )
    url = f"sqlite:///{tmp_path}/bars.db"
    done = subprocess.run(
        [sys.executable, "-c", code, url], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert partition("2025-01-06").key == "mic=XLON:2025-01-06"
