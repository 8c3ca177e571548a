"""Are names that look like SQL quoted, or refused, and never carried out?"""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from tests.sql_desk import Desk, partition

from beaf_core import ColumnMeaning, Meaning, PartitionRun, UsageError
from beaf_outputs.sql import list_receipts, remove_output

HOSTILE = [
    'bars"; DROP TABLE precious; --',
    "bars'; DROP TABLE precious; --",
    "a b",
    "..",
    "a..b",
    "%s %(x)s :x $1 {y} ?",
    "Größe ☃ 表",
    "select",
    "back\\slash",
    "new\nline",
    "#hash",
    "[brackets] `ticks`",
]


@pytest.fixture(autouse=True)
def precious(desk: Desk) -> None:
    desk.run("CREATE TABLE precious (x int)", "INSERT INTO precious VALUES (1)")


def some(*without: str) -> list[object]:
    """The most hostile names, and in a soak all of them."""
    chosen = [each for each in HOSTILE if not any(part in each for part in without)]
    return [*chosen[:2], *(pytest.param(each, marks=pytest.mark.soak) for each in chosen[2:])]


def escaped(name: str) -> str:
    return name.replace("{", "{{").replace("}", "}}")


@pytest.mark.parametrize("name", some("."))
def test_a_hostile_table_is_only_a_name(desk: Desk, monday: PartitionRun, name: str) -> None:
    rows = pl.DataFrame({"a": [1]})
    receipt = desk.write(rows, monday, sql_table=escaped(name))
    assert receipt.location.endswith(f"#{name}")
    assert_frame_equal(desk.rows(monday, sql_table=escaped(name)), rows)
    assert desk.ask("SELECT count(*) FROM pg_tables WHERE tablename = $1", name) == [(1,)]
    assert desk.ask("SELECT x FROM precious") == [(1,)]
    assert remove_output(desk.target(sql_table=escaped(name)), receipt)
    assert desk.read(monday, sql_table=escaped(name)) is None


@pytest.mark.parametrize("name", some(".."))
def test_a_hostile_dataset_is_only_a_name(desk: Desk, monday: PartitionRun, name: str) -> None:
    rows = pl.DataFrame({"a": [1]})
    options = {"dataset": name, "sql_table": "{datasetname}_{pass}"}
    desk.write(rows, monday, **options)
    assert_frame_equal(desk.rows(monday, **options), rows)
    assert desk.ask("SELECT x FROM precious") == [(1,)]


def test_two_dots_as_a_dataset_are_refused(desk: Desk, monday: PartitionRun) -> None:
    with pytest.raises(UsageError, match="cannot be part of"):
        desk.write(pl.DataFrame({"a": [1]}), monday, dataset="..", sql_table="{datasetname}_x")


@pytest.mark.parametrize("name", some())
def test_a_hostile_column_is_only_a_name(desk: Desk, monday: PartitionRun, name: str) -> None:
    rows = pl.DataFrame({name: [1.5, 2.5], "b": [1, 2]})
    meaning = Meaning((ColumnMeaning(name, doc=name),), {name: name})
    desk.write(rows.select("b"), monday)
    desk.write(rows, monday, schema_mode="add_columns", meaning=meaning)
    assert_frame_equal(desk.rows(monday), rows)
    assert desk.ask("SELECT x FROM precious") == [(1,)]
    sql = "SELECT col_description(attrelid, attnum) FROM pg_attribute WHERE attname = $1"
    assert desk.ask(sql, name) == [(name,)]


@pytest.mark.parametrize("name", some())
def test_a_hostile_universe_is_only_a_value(desk: Desk, name: str) -> None:
    rows = pl.DataFrame({"a": [1]})
    hostile, other = partition("2025-01-06", f"mic={name}"), partition("2025-01-06")
    desk.write(rows, other)
    receipt = desk.write(rows, hostile)
    assert_frame_equal(desk.rows(hostile), rows)
    assert list_receipts(desk.target(), hostile) == [receipt]
    assert remove_output(desk.target(), receipt)
    assert desk.read(hostile) is None
    assert_frame_equal(desk.rows(other), rows)
    assert desk.ask("SELECT x FROM precious") == [(1,)]


def test_a_universe_of_200_characters_is_only_a_value(desk: Desk) -> None:
    long = partition("2025-01-06", "mic=" + "x" * 200)
    desk.write(pl.DataFrame({"a": [1]}), long)
    assert desk.rows(long).height == 1


@pytest.mark.parametrize("what", ["table", "column", "schema"])
def test_a_name_that_would_be_cut_short_is_refused(
    desk: Desk, monday: PartitionRun, what: str
) -> None:
    # 62 letters, but 64 bytes.
    name = "é" * 2 + "x" * 60
    rows = pl.DataFrame({name if what == "column" else "a": [1]})
    table = {"table": name, "schema": f"{name}.bars"}.get(what, "bars")
    with pytest.raises(UsageError, match=f"the {what} {name} is 64 bytes long"):
        desk.write(rows, monday, sql_table=table)
    fits = {"table": name[1:], "schema": "public.bars"}.get(what, "bars")
    desk.write(rows.rename({column: column[1:] or "a" for column in rows.columns}), monday,
               sql_table=fits)  # fmt: skip


def test_names_that_differ_in_case_alone_are_two(desk: Desk, monday: PartitionRun) -> None:
    rows = pl.DataFrame({"open": [1], "Open": [2], "OPEN": [3]})
    desk.write(rows, monday)
    assert_frame_equal(desk.rows(monday), rows)


def test_a_column_of_the_name_that_partitions_need_is_refused(
    desk: Desk, monday: PartitionRun
) -> None:
    with pytest.raises(UsageError, match="PartitionKey"):
        desk.write(pl.DataFrame({"PartitionKey": [1]}), monday)


@pytest.mark.parametrize("name", ["ctid"])
def test_a_column_that_postgresql_keeps_for_itself_is_told(
    desk: Desk, monday: PartitionRun, name: str
) -> None:
    with pytest.raises(UsageError, match=f'"{name}" conflicts with a system column'):
        desk.write(pl.DataFrame({name: [1]}), monday)


@pytest.mark.parametrize("name", ["beaf_receipts", "beaf_about"])
def test_the_tables_of_receipts_are_no_place_for_rows(
    desk: Desk, monday: PartitionRun, name: str
) -> None:
    with pytest.raises(UsageError, match=name):
        desk.write(pl.DataFrame({"a": [1]}), monday, sql_table=name)


NAMES = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1, max_size=15
)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(names=st.lists(NAMES, min_size=1, max_size=12, unique=True), universe=NAMES)
@example(names=['"', "'", "\\", "%", ":a", "$1", "{", "]"], universe="'); --")
def test_any_name_is_only_a_name(desk: Desk, names: list[str], universe: str) -> None:
    rows = pl.DataFrame({name: [1.0] for name in names if name != "PartitionKey"})
    where = partition("2025-01-06", f"u={universe}")
    desk.write(rows, where, schema_mode="overwrite")
    assert_frame_equal(desk.rows(where), rows)
