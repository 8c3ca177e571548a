"""Are hostile names only names to SQLite and DuckDB, and is a table one, however it is spelled?"""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.sql_desk import Desk, partition

from beaf_core import ColumnMeaning, Meaning, PartitionRun, UsageError
from beaf_outputs.sql import list_receipts, remove_output

HOSTILE = [
    'bars"; DROP TABLE precious; --',
    "bars'; DROP TABLE precious; --",
    "a b",
    "..",
    "%s %(x)s :x $1 {y} ?",
    "Größe ☃ 表",
    "nothing",
    "qualify",
    "back\\slash\nnew line",
    "[brackets] `ticks` #hash",
    "n" * 200,
]
ROWS = pl.DataFrame({"a": [1]})


@pytest.fixture(autouse=True)
def precious(desk: Desk) -> None:
    desk.run("CREATE TABLE precious (x INTEGER)", "INSERT INTO precious VALUES (1)")


@pytest.mark.parametrize("name", [each for each in HOSTILE if "." not in each])
def test_a_hostile_table_is_only_a_name(desk: Desk, monday: PartitionRun, name: str) -> None:
    escaped = name.replace("{", "{{").replace("}", "}}")
    receipt = desk.write(ROWS, monday, sql_table=escaped)
    assert receipt.location.endswith(f"#{name}")
    assert_frame_equal(desk.rows(monday, sql_table=escaped), ROWS)
    quoted = name.replace('"', '""')
    assert desk.ask(f'SELECT a FROM "{quoted}"') == [(1,)]
    assert desk.ask("SELECT x FROM precious") == [(1,)]
    assert remove_output(desk.target(sql_table=escaped), receipt)
    assert desk.read(monday, sql_table=escaped) is None


@pytest.mark.parametrize("times", [1, 20_000], ids=["few rows", "many rows"])
def test_hostile_columns_are_only_names(desk: Desk, monday: PartitionRun, times: int) -> None:
    rows = pl.DataFrame({each: [float(at)] * times for at, each in enumerate(HOSTILE)})
    meaning = Meaning(tuple(ColumnMeaning(each, doc=each) for each in HOSTILE), {"a'b": 'c"d'})
    desk.write(rows.select(HOSTILE[0]), monday)
    desk.write(rows, monday, schema_mode="add_columns", meaning=meaning)
    assert_frame_equal(desk.rows(monday), rows)
    assert desk.ask("SELECT x FROM precious") == [(1,)]


def test_hostile_universes_are_only_values(desk: Desk) -> None:
    runs = [partition("2025-01-06", f"mic={each}") for each in HOSTILE]
    receipts = [desk.write(pl.DataFrame({"a": [at]}), each) for at, each in enumerate(runs)]
    for at, (run, receipt) in enumerate(zip(runs, receipts, strict=True)):
        assert desk.rows(run)["a"].to_list() == [at]
        assert list_receipts(desk.target(), run) == [receipt]
    assert desk.ask("SELECT x FROM precious") == [(1,)]


def test_names_that_only_marks_of_values_could_confuse_stay_apart(
    desk: Desk, monday: PartitionRun
) -> None:
    rows = pl.DataFrame({each: [at] for at, each in enumerate(["a b", "a.b", "a_b", "a:b", "a%b"])})
    desk.write(rows, monday)
    assert_frame_equal(desk.rows(monday), rows)


def test_a_table_is_the_same_one_in_capitals(
    desk: Desk, monday: PartitionRun, tuesday: PartitionRun
) -> None:
    desk.write(ROWS, monday, sql_table="bars")
    desk.write(ROWS, tuesday, sql_table="BARS")
    assert desk.ask("SELECT count(*) FROM bars") == [(2,)]
    assert_frame_equal(desk.rows(monday, sql_table="Bars"), ROWS)
    with pytest.raises(UsageError, match="of the pass bars of tiny"):
        desk.write(ROWS, monday, sql_table="BARS", dataset="Tiny")


def test_what_overlaps_in_a_table_is_found_in_any_spelling_of_it(
    desk: Desk, monday: PartitionRun
) -> None:
    receipt = desk.write(ROWS, monday, sql_table="bars")
    target = desk.target(sql_table="BARS")
    (found,) = list_receipts(target, monday)
    assert found.partition == receipt.partition
    assert remove_output(target, found)
    assert desk.ask("SELECT count(*) FROM bars") == [(0,)]


def test_columns_that_differ_in_case_alone_are_refused(desk: Desk, monday: PartitionRun) -> None:
    with pytest.raises(UsageError, match="the columns Open and open are one"):
        desk.write(pl.DataFrame({"Open": [1], "open": [2]}), monday)
