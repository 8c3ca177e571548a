"""Is a partition in a file whole whatever happens: a kill, a second writer, a damaged file?"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import polars as pl
import pytest
from tests.file_databases import FileDatabases, url_of
from tests.outputs.crew import Crew, Writer
from tests.sql_desk import Desk

from beaf_core import BeafError, ExitCode, PartitionRun
from beaf_outputs.sql.drivers import duckdb as duckdb_driver

ROOT = Path(__file__).parents[4]
STEPS = Path(__file__).with_name("steps.py")
ROWS = 4_000  # of steps.py


def start(crew: Crew, url: str, value: int, step: int | None = None, **more: int) -> Writer:
    arguments = [url, str(value), *([str(step)] if step else [])]
    return crew.start("run_program", path=str(STEPS), arguments=arguments, **more)


def check_whole(desk: Desk, run: PartitionRun, *values: int) -> int:
    """Read as everybody does, and see all rows of one writer, each once."""
    found = desk.rows(run)
    assert found.height == ROWS
    assert found["x0"].n_unique() == 1
    assert found["x59"].equals(found["x0"].alias("x59"))
    value = int(found["x0"][0])
    assert value in values
    receipt = desk.receipt(run)
    assert receipt is not None
    assert receipt.rows == ROWS
    assert desk.ask("SELECT count(*), count(DISTINCT x0) FROM bars") == [(ROWS, 1)]
    return value


@pytest.fixture
def written(desk: Desk, monday: PartitionRun, crew: Crew) -> Desk:
    first = start(crew, desk.url, 1).wait()
    assert first.code == 0, first.said
    check_whole(desk, monday, 1)
    assert int(first.said.split()[-1]) > 10
    return desk


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_a_kill_at_a_step_leaves_the_old_or_the_new_and_a_rerun_heals(
    written: Desk, monday: PartitionRun, crew: Crew, tmp_path: Path, every: bool
) -> None:
    last = int(start(crew, written.url, 2).wait().said.split()[-1])
    check_whole(written, monday, 2)
    seen = set()
    early = range(1, last - 1) if every else (last // 2,)
    for step in (*early, last - 1, last):
        dying = start(crew, written.url, 3 + step, step).wait()
        assert dying.code == -signal.SIGKILL, dying.said
        seen.add(check_whole(written, monday, 2, *range(3, 4 + last)))
    assert 2 in seen, "before the commit, the old one stays"
    assert 3 + last in seen, "after it, the new one is there"
    assert start(crew, written.url, 1).wait().code == 0
    check_whole(written, monday, 1)
    left = {each.name for each in tmp_path.iterdir()}
    assert left <= {"market.db", "market.db.wal", ".market.db.lock"}


def begun(crew: Crew, url: str, value: int) -> Writer:
    """Start a writer, and wait until it has its rows."""
    writer = start(crew, url, value)
    deadline = time.monotonic() + 60
    while not (writer.log.exists() and writer.log.read_text().startswith("ready\n")):
        assert time.monotonic() < deadline, "a writer has not begun"
        time.sleep(0.001)
    return writer


def kills(crew: Crew, desk: Desk, run: PartitionRun, count: int) -> int:
    """Kill writers at random moments of their work; how many of them had done it."""
    first = begun(crew, desk.url, 1)
    since = time.monotonic()
    first.wait()
    needed = time.monotonic() - since
    done, old, chance = 0, 1, random.Random(count)
    for value in range(2, count + 2):
        writer = begun(crew, desk.url, value)
        time.sleep(chance.random() * needed)
        writer.kill()
        writer.wait()
        now = check_whole(desk, run, old, value)
        done, old = done + (now == value), now
    return done


@pytest.mark.soak
def test_kills_at_random_moments_lose_and_double_nothing(
    written: Desk, monday: PartitionRun, crew: Crew
) -> None:
    assert 0 <= kills(crew, written, monday, 2) <= 2, "each is checked to be old or new, whole"


@pytest.mark.soak
def test_two_hundred_kills_lose_and_double_nothing(
    written: Desk, monday: PartitionRun, crew: Crew
) -> None:
    done = kills(crew, written, monday, 200)
    assert 0 < done < 200, "some died before, some after their work"


@pytest.mark.soak
def test_writers_of_several_processes_wait_for_each_other(kind: str, tmp_path: Path) -> None:
    url = url_of(kind, tmp_path / "market.db")
    code = (
        "import sys, polars as pl\n"
        "from tests.sql_desk import Desk, partition\n"
        "from tests.file_databases import FileDatabases\n"
        "for day in range(1, 4):\n"
        "    run = partition(f'2025-01-0{day}', 'mic=' + sys.argv[2])\n"
        "    Desk(FileDatabases(), sys.argv[1]).write(pl.DataFrame({'x': [day] * 5}), run)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "POLARS_MAX_THREADS": "1"}
    writers = [
        subprocess.Popen([sys.executable, "-c", code, url, f"M{number}"], env=environment)
        for number in range(3)
    ]
    assert [each.wait(timeout=120) for each in writers] == [0] * 3
    desk = Desk(FileDatabases(), url)
    assert desk.ask('SELECT count(*), count(DISTINCT "PartitionKey") FROM bars') == [(45, 9)]
    assert desk.ask("SELECT count(*) FROM beaf_receipts") == [(9,)]


@pytest.mark.soak
def test_of_two_writers_of_one_partition_one_wins_whole(
    written: Desk, monday: PartitionRun, crew: Crew
) -> None:
    writers = [start(crew, written.url, value) for value in (5, 6)]
    assert [each.wait(120).code for each in writers] == [0, 0]
    check_whole(written, monday, 5, 6)


def test_who_holds_a_file_of_sqlite_is_waited_for_no_longer_than_the_url_says(
    tmp_path: Path, monday: PartitionRun
) -> None:
    desk = Desk(FileDatabases(), f"sqlite:///{tmp_path}/market.db?timeout=0.3")
    desk.write(pl.DataFrame({"x": [1]}), monday)
    holder = sqlite3.connect(tmp_path / "market.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()
    with pytest.raises(BeafError, match="is locked") as caught:
        desk.write(pl.DataFrame({"x": [2]}), monday)
    assert time.monotonic() - begun < 10
    assert "timeout=" in str(caught.value)
    assert desk.rows(monday)["x"].to_list() == [1], "readers need not wait"
    holder.execute("ROLLBACK")
    desk.write(pl.DataFrame({"x": [2]}), monday)
    holder.close()


def test_who_holds_a_file_of_duckdb_is_waited_for_and_then_named(
    tmp_path: Path, monday: PartitionRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "market.db"
    desk = Desk(FileDatabases(), f"duckdb:///{file}")
    desk.write(pl.DataFrame({"x": [1]}), monday)
    code = (
        f"import duckdb, time; held = duckdb.connect({str(file)!r});"
        "print('open', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "open\n"
    monkeypatch.setattr(duckdb_driver, "WAIT_SECONDS", 0.3)
    with pytest.raises(BeafError, match=f"PID {holder.pid}") as caught:
        desk.write(pl.DataFrame({"x": [2]}), monday)
    assert "end the process" in str(caught.value)
    holder.kill()
    holder.wait()
    desk.write(pl.DataFrame({"x": [2]}), monday)
    assert desk.rows(monday)["x"].to_list() == [2]


def test_a_connection_of_ones_own_to_duckdb_that_may_only_read_is_named(
    tmp_path: Path, monday: PartitionRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(FileDatabases(), f"duckdb:///{tmp_path}/market.db")
    desk.write(pl.DataFrame({"x": [1]}), monday)
    own = duckdb.connect(str(tmp_path / "market.db"), read_only=True)
    monkeypatch.setattr(duckdb_driver, "WAIT_SECONDS", 0.3)
    with pytest.raises(BeafError, match="close the connection"):
        desk.write(pl.DataFrame({"x": [2]}), monday)
    own.close()
    desk.write(pl.DataFrame({"x": [2]}), monday)


@pytest.mark.parametrize("content", [b"no database, but a text of some length" * 99, b"x"])
def test_a_file_that_is_no_database_is_refused_and_stays(
    desk: Desk, file: Path, monday: PartitionRun, content: bytes
) -> None:
    file.write_bytes(content)
    with pytest.raises(BeafError, match=r"not a (database|valid DuckDB)") as caught:
        desk.write(pl.DataFrame({"x": [1]}), monday)
    assert "another file" in str(caught.value)
    with pytest.raises(BeafError, match=r"not a (database|valid DuckDB)"):
        desk.read(monday)
    assert file.read_bytes() == content


def test_a_damaged_file_is_told(desk: Desk, file: Path, monday: PartitionRun) -> None:
    desk.write(pl.DataFrame({"x": range(50_000)}), monday)
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(BeafError):
        desk.rows(monday)
    with pytest.raises(BeafError):
        desk.write(pl.DataFrame({"x": range(50_000)}), monday)


def test_a_folder_that_cannot_be_written_is_told(kind: str, monday: PartitionRun) -> None:
    desk = Desk(FileDatabases(), f"{kind}:////proc/nowhere/market.db")
    with pytest.raises(BeafError) as caught:
        desk.write(pl.DataFrame({"x": [1]}), monday)
    assert "writable" in str(caught.value)


def test_a_full_disk_leaves_the_old_partition(
    written: Desk, monday: PartitionRun, crew: Crew
) -> None:
    # A limit on the size of files stands for the disk.
    full = start(crew, written.url, 9, limit=600_000).wait()
    check_whole(written, monday, 1)
    assert full.code == ExitCode.RESOURCES, full.said
    assert "Traceback" not in full.said
