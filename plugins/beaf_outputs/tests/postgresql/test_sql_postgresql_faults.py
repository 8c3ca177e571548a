"""What is left of a partition when PostgreSQL, or the way to it, breaks in the middle?"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import polars as pl
import pytest
import stamina
from adbc_driver_postgresql import dbapi
from polars.testing import assert_frame_equal
from sqlalchemy import make_url
from tests.postgres import PostgresServer, running_postgres_server
from tests.severing import Decide, Severing, severing
from tests.sql_desk import Desk, partition

from beaf_core import ExitCode, PartitionRun, Receipt, ResourceError
from beaf_outputs.sql import read_output

OLD = pl.DataFrame({"ListingId": [1, 2, 3], "Open": [1.0, 2.0, 3.0]})
NEW = pl.DataFrame({"ListingId": list(range(2000)), "Open": [5.0] * 2000})
ADDED = NEW.with_columns(Close=pl.lit(6.0))
REPEATED = "transactions were repeated, since the connection to the database broke"


def port_of(desk: Desk) -> int:
    port = make_url(desk.url).port
    assert port is not None
    return port


def through(desk: Desk, relay: Severing) -> Desk:
    return replace(desk, url=re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{relay.port}", desk.url))


@pytest.fixture
def single_attempt() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1):
        yield


def holds_whole(desk: Desk, where: PartitionRun, *choices: pl.DataFrame) -> int:
    """Say which of some frames a partition is, rows and receipt; it must be one of them."""
    found, receipt = desk.rows(where), desk.receipt(where)
    # A table has no order of its rows.
    rows = found.sort(found.columns)
    fits = [at for at, each in enumerate(choices) if rows.equals(each)]
    assert fits, f"neither of {len(choices)} partitions, but {found}"
    assert receipt is not None
    assert receipt.rows == found.height
    [(count,)] = desk.ask('SELECT count(*) FROM bars WHERE "PartitionKey" = $1', where.key)
    assert count == found.height
    return fits[0]


def cut_at(number: int) -> Decide:
    """Cut where a client sends its n-th piece; to the server that is a client that was killed."""
    return lambda at, _: "before" if at == number else None


def pieces_of(desk: Desk, rows: pl.DataFrame, where: PartitionRun, **options: str) -> int:
    """Count the pieces in which a write reaches the server."""
    with severing(port_of(desk), cut_at(0)) as relay:
        through(desk, relay).write(rows, where, **options)
    return relay.sent


def is_cut(desk: Desk, number: int, write: Callable[[Desk], object]) -> bool:
    with severing(port_of(desk), cut_at(number)) as relay, suppress(ResourceError):
        write(through(desk, relay))
    return relay.cuts == 1


def left_by_cuts(desk: Desk, rows: pl.DataFrame, every: int, **options: str) -> list[int]:
    """Cut a write at every n-th piece; whether the old partition or the new one was left."""
    monday, tuesday = partition("2025-01-06"), partition("2025-01-07")
    desk.write(OLD, tuesday)
    desk.write(OLD, monday)
    count = pieces_of(desk, rows, monday, **options)
    left = []
    for number in range(1, count, every):
        desk.write(OLD, monday, schema_mode="overwrite")
        desk.write(OLD, tuesday)
        assert is_cut(desk, number, lambda there: there.write(rows, monday, **options))
        left.append(holds_whole(desk, monday, OLD, rows))
        assert holds_whole(desk, tuesday, OLD) == 0
        desk.write(rows, monday, **options)
        assert holds_whole(desk, monday, OLD, rows) == 1, "a rerun heals"
    return left


@pytest.mark.usefixtures("single_attempt")
def test_a_write_that_is_cut_off_leaves_the_old_partition_or_the_new_one(desk: Desk) -> None:
    left = left_by_cuts(desk, NEW, every=13)
    assert len(left) >= 3
    assert left[0] == 0


@pytest.mark.soak
@pytest.mark.usefixtures("single_attempt")
def test_a_write_that_is_cut_off_at_any_piece_leaves_one_of_both(desk: Desk) -> None:
    left = left_by_cuts(desk, NEW, every=1)
    # Not every cut hurts: a connection's good-bye may be lost.
    assert left[0] == 0
    assert left.count(0) > len(left) / 2


@pytest.mark.soak
@pytest.mark.usefixtures("single_attempt")
def test_a_change_of_columns_that_is_cut_off_leaves_one_of_both(desk: Desk) -> None:
    left = left_by_cuts(desk, ADDED, every=1, schema_mode="add_columns")
    # Not every cut hurts: a connection's good-bye may be lost.
    assert left[0] == 0
    assert left.count(0) > len(left) / 2


@pytest.mark.parametrize(
    "every", [pytest.param(20, id="sample"), pytest.param(1, id="all", marks=pytest.mark.soak)]
)
@pytest.mark.usefixtures("single_attempt")
def test_a_first_write_that_is_cut_off_leaves_nothing_or_everything(
    postgres: PostgresServer, desk: Desk, monday: PartitionRun, every: int
) -> None:
    count = pieces_of(desk, NEW, monday)
    for number in range(2, count, every):
        postgres.emptied(desk.url)
        assert is_cut(desk, number, lambda there: there.write(NEW, monday))
        if desk.receipt(monday) is None:
            assert desk.read(monday) is None
        else:
            assert holds_whole(desk, monday, NEW) == 0
        desk.write(NEW, monday)
        assert holds_whole(desk, monday, NEW) == 0


def is_commit(piece: bytes) -> bool:
    return b"COMMIT\0" in piece  # and not READ COMMITTED


def once(verdict: str) -> Callable[[int, bytes], str | None]:
    """Cut the first connection that says COMMIT."""
    said: list[str] = []

    def decide(_: int, piece: bytes) -> str | None:
        if not is_commit(piece) or said:
            return None
        said.append(verdict)
        return verdict

    return decide


@pytest.mark.parametrize(
    ("verdict", "mode"),
    [
        ("before", "append"),
        ("after", "fail"),
        pytest.param("after", "replace", marks=pytest.mark.soak),
        pytest.param("after", "append", marks=pytest.mark.soak),
        pytest.param("before", "fail", marks=pytest.mark.soak),
    ],
)
def test_where_nobody_knows_whether_a_commit_came_through_it_is_looked_up(
    desk: Desk, monday: PartitionRun, verdict: str, mode: str
) -> None:
    with severing(port_of(desk), once(verdict)) as relay:
        receipt = through(desk, relay).write(NEW, monday, sql_if_exists=mode)
    assert relay.cuts == 1
    assert receipt.notes[REPEATED] == 1
    assert holds_whole(desk, monday, NEW) == 0
    [(transactions,)] = desk.ask("SELECT count(DISTINCT xmin::text) FROM bars")
    assert transactions == 1
    [(token_row, rows_row)] = desk.ask(
        "SELECT (SELECT max(xmin::text) FROM beaf_receipts), (SELECT max(xmin::text) FROM bars)"
    )
    assert token_row == rows_row, "receipt and rows are of one transaction"


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    with running_postgres_server() as server:
        yield server


def held_up(desk: Desk, write: Callable[[], Receipt], meanwhile: Callable[[], None]) -> Receipt:
    """Do something while a write waits for the table."""
    answers: list[Receipt] = []
    thread = threading.Thread(target=lambda: answers.append(write()))
    with dbapi.connect(desk.url) as holder, holder.cursor() as cursor:
        cursor.execute("LOCK TABLE bars IN EXCLUSIVE MODE")
        thread.start()
        _wait_for_waiting(desk)
        meanwhile()
    thread.join(60)
    [receipt] = answers
    return receipt


def _wait_for_waiting(desk: Desk) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if desk.ask(waiting) != [(0,)]:
            return
        time.sleep(0.05)
    raise AssertionError("the write does not wait for the table")


@pytest.mark.parametrize("at_once", [True, pytest.param(False, marks=pytest.mark.soak)])
def test_a_restart_of_the_server_in_the_middle_is_waited_for(
    own_server: PostgresServer, monday: PartitionRun, tuesday: PartitionRun, at_once: bool
) -> None:
    desk = Desk(own_server, own_server.create_database())
    desk.write(OLD, monday)
    desk.write(OLD, tuesday)
    with severing(own_server.port, lambda *_: None):
        receipt = held_up(
            desk,
            lambda: desk.write(NEW, monday),
            lambda: own_server.restart(at_once=at_once),
        )
    assert receipt.notes[REPEATED] >= 1
    assert holds_whole(desk, monday, OLD, NEW) == 1
    assert_frame_equal(desk.rows(tuesday), OLD)


def test_a_connection_that_the_server_ends_is_opened_again(
    desk: Desk, monday: PartitionRun
) -> None:
    desk.write(OLD, monday)
    end = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
        "AND application_name = 'beaf'"
    )
    receipt = held_up(desk, lambda: desk.write(NEW, monday), lambda: desk.run(end))
    assert receipt.notes == {REPEATED: 1}
    assert holds_whole(desk, monday, OLD, NEW) == 1


def test_a_server_that_ends_while_it_is_read_is_told(desk: Desk, monday: PartitionRun) -> None:
    desk.write(pl.DataFrame({"t": ["x" * 1000] * 20_000}), monday)
    pieces: list[int] = []

    def decide(_: int, piece: bytes) -> str | None:
        if b"TO STDOUT" in piece and b"PartitionKey" in piece:
            pieces.append(len(piece))
            return "after"
        return None

    with severing(port_of(desk), decide) as relay:
        found = read_output(through(desk, relay).target(), [monday])
        assert found is not None
        with pytest.raises(ResourceError, match="PostgreSQL at") as caught:
            found.collect()
    assert pieces
    assert caught.value.exit_code == ExitCode.RESOURCES


@pytest.mark.usefixtures("single_attempt")
def test_a_server_that_is_not_there_is_told_without_the_password(monday: PartitionRun) -> None:
    with severing(1, lambda *_: None) as relay:
        port = relay.port
    url = f"postgresql://me:hunter2@127.0.0.1:{port}/db"
    for ask in (Desk.receipt, Desk.read, lambda desk, where: desk.write(OLD, where)):
        with pytest.raises(ResourceError) as caught:
            ask(Desk(None, url), monday)
        assert "Connection refused" in str(caught.value)
        assert f"postgresql://127.0.0.1:{port}/db" in str(caught.value)
        assert "see whether the server runs" in str(caught.value)
        assert "hunter2" not in str(caught.value)
        assert caught.value.exit_code == ExitCode.RESOURCES


def test_a_server_that_is_back_soon_is_waited_for(
    own_server: PostgresServer, monday: PartitionRun
) -> None:
    desk = Desk(own_server, own_server.create_database())
    own_server.stop()
    back = threading.Timer(1.0, own_server.start)
    back.start()
    receipt = desk.write(OLD, monday)
    back.join()
    assert receipt.notes[REPEATED] >= 1
    assert_frame_equal(desk.rows(monday), OLD)


def test_what_will_not_pass_is_not_tried_again(
    postgres: PostgresServer, desk: Desk, monday: PartitionRun
) -> None:
    wrong = replace(desk, url=postgres.url(password="hunter2"))
    began = time.monotonic()
    with pytest.raises(ResourceError, match="password authentication failed") as caught:
        wrong.write(OLD, monday)
    assert "hunter2" not in str(caught.value)
    assert "correct sql_connection" in str(caught.value)
    with pytest.raises(ResourceError, match='database "nowhere" does not exist'):
        replace(desk, url=postgres.url("nowhere")).write(OLD, monday)
    assert time.monotonic() - began < 5


def test_a_right_that_is_lacking_is_told(
    postgres: PostgresServer, desk: Desk, monday: PartitionRun
) -> None:
    postgres.run("DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN PASSWORD 'readers'")
    database = desk.url.rpartition("/")[2]
    reader = replace(desk, url=postgres.url(database, "reader", "readers"))
    with pytest.raises(ResourceError, match="permission denied") as caught:
        reader.write(OLD, monday)
    assert "grant the user" in str(caught.value)
    desk.write(OLD, monday)
    desk.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    assert_frame_equal(reader.rows(monday), OLD)
    with pytest.raises(ResourceError, match="permission denied"):
        reader.write(NEW, monday)
    assert_frame_equal(desk.rows(monday), OLD)


def test_a_writer_that_waited_sees_what_was_written_meanwhile_whatever_the_servers_default(
    desk: Desk, monday: PartitionRun
) -> None:
    name = desk.url.rpartition("/")[2]
    desk.run(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    desk.write(OLD, monday)
    held_up(desk, lambda: desk.write(NEW, monday), lambda: time.sleep(0.1))
    assert holds_whole(desk, monday, OLD, NEW) == 1
