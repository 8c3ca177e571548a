"""Does a table of PostgreSQL keep each partition once, beside the others, with its receipt?"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pydantic import ValidationError
from tests.postgres import PostgresServer
from tests.sql_desk import Desk

from beaf_core import (
    DatePartition,
    PartitionRun,
    UniversePartition,
    UsageError,
)
from beaf_core.testing import check_output
from beaf_outputs.sql import list_receipts, remove_output

ROWS = pl.DataFrame({"ListingId": [1, 2], "Open": [10.0, None], "MIC": ["XLON", "XPAR"]})
OTHER = ROWS.with_columns(Open=pl.lit(7.0))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sql_timestamps": "int64"},
        {"sql_table": "a b.{datasetname}.{pass}".replace("{datasetname}.", "")},
        {"sql_table": "{pass}_{universe}_{start_date}"},
        {"sql_batch_size": 1, "schema_mode": "add_columns"},
        pytest.param({"sql_batch_size": None}, marks=pytest.mark.soak),
        pytest.param({"schema_mode": "overwrite"}, marks=pytest.mark.soak),
    ],
    ids=str,
)
def test_the_output_keeps_the_contract(
    desk: Desk, tmp_path: Path, options: dict[str, object]
) -> None:
    desk.run('CREATE SCHEMA "a b"')
    check_output("sql", tmp_path, options={"sql_connection": desk.url, **options})


def test_rows_bear_their_partition_and_the_table_has_an_index_on_it(
    desk: Desk, monday: PartitionRun
) -> None:
    desk.write(ROWS, monday)
    assert desk.ask('SELECT DISTINCT "PartitionKey" FROM bars') == [(monday.key,)]
    plan = desk.ask("SELECT indexdef FROM pg_indexes WHERE tablename = 'bars'")
    assert [each for (each,) in plan if '("PartitionKey")' in each]


def test_a_rewrite_replaces_its_partition_and_no_other(
    desk: Desk, monday: PartitionRun, tuesday: PartitionRun
) -> None:
    desk.write(ROWS, monday)
    desk.write(ROWS, tuesday)
    desk.write(OTHER.head(1), monday)
    assert_frame_equal(desk.rows(monday), OTHER.head(1))
    assert_frame_equal(desk.rows(tuesday), ROWS)
    assert desk.ask("SELECT count(*) FROM bars") == [(3,)]


def test_universes_that_overlap_do_not_touch_each_other(desk: Desk) -> None:
    day = DatePartition("2025-01-06")
    one = PartitionRun(UniversePartition("mic", "XLON"), day)
    both = PartitionRun(UniversePartition("mic=XLON+index=STOXX600"), day)
    desk.write(ROWS, one)
    desk.write(OTHER, both)
    assert_frame_equal(desk.rows(one), ROWS)
    assert_frame_equal(desk.rows(both), OTHER)


def test_the_place_that_is_reported_is_the_place_that_is_written(
    desk: Desk, postgres: PostgresServer, monday: PartitionRun
) -> None:
    receipt = desk.write(ROWS, monday, sql_table="public.{datasetname}_{pass}")
    database = desk.url.rpartition("/")[2]
    assert receipt.location == f"postgresql://127.0.0.1:{postgres.port}/{database}#public.tiny_bars"
    assert desk.ask("SELECT count(*) FROM public.tiny_bars") == [(2,)]


def test_a_table_is_one_table_however_its_schema_is_spelled(
    desk: Desk, monday: PartitionRun
) -> None:
    desk.write(ROWS, monday, sql_table="public.bars")
    desk.write(OTHER, monday, sql_table="bars")
    assert desk.ask("SELECT count(*) FROM bars") == [(2,)]
    assert desk.ask("SELECT count(*) FROM beaf_receipts") == [(1,)]
    assert_frame_equal(desk.rows(monday, sql_table="public.bars"), OTHER)


def test_a_dot_in_the_datasets_name_does_not_name_a_schema(
    desk: Desk, monday: PartitionRun
) -> None:
    desk.write(ROWS, monday, sql_table="public.{datasetname}_{pass}", dataset="v1.2")
    assert desk.ask('SELECT count(*) FROM public."v1.2_bars"') == [(2,)]


def test_receipts_are_listed_by_universe_and_days(desk: Desk) -> None:
    universe = UniversePartition("mic", "XLON")
    week = PartitionRun(universe, DatePartition("2025-01-06", "2025-01-10"))
    later = PartitionRun(universe, DatePartition("2025-01-13"))
    other = PartitionRun(UniversePartition("mic", "XPAR"), DatePartition("2025-01-08"))
    receipts = {each: desk.write(ROWS, each) for each in (week, later, other)}
    desk.write(ROWS, week, sql_table="elsewhere")
    asked = PartitionRun(universe, DatePartition("2025-01-10", "2025-01-12"))
    assert list_receipts(desk.target(), asked) == [receipts[week]]
    asked = PartitionRun(universe, DatePartition("2025-01-11", "2025-01-13"))
    assert list_receipts(desk.target(), asked) == [receipts[later]]


def test_receipts_are_listed_also_where_each_day_has_its_table(
    desk: Desk, monday: PartitionRun, tuesday: PartitionRun
) -> None:
    dated = {"sql_table": "{pass}_{start_date}"}
    written = [desk.write(ROWS, each, **dated) for each in (monday, tuesday)]
    both = PartitionRun(monday.universe, DatePartition("2025-01-06", "2025-01-07"))
    found = list_receipts(desk.target(**dated), both)
    assert sorted(each.location for each in found) == [each.location for each in written]
    both_days = desk.read(monday, tuesday, **dated)
    assert both_days is not None
    assert both_days.height == 4


def test_nothing_is_listed_in_an_empty_database(desk: Desk, monday: PartitionRun) -> None:
    assert list_receipts(desk.target(), monday) == []


def test_what_is_removed_is_gone_with_its_receipt_and_alone(
    desk: Desk, monday: PartitionRun, tuesday: PartitionRun
) -> None:
    first = desk.write(ROWS, monday)
    desk.write(OTHER, tuesday)
    assert remove_output(desk.target(), first) is True
    assert desk.read(monday) is None
    assert desk.receipt(monday) is None
    assert_frame_equal(desk.rows(tuesday), OTHER)
    assert desk.ask("SELECT count(*) FROM bars") == [(2,)]
    assert remove_output(desk.target(), first) is True, "gone already is fine"


def test_a_table_that_somebody_dropped_was_not_written(desk: Desk, monday: PartitionRun) -> None:
    desk.write(ROWS, monday)
    desk.run("DROP TABLE bars")
    assert desk.receipt(monday) is None
    assert desk.read(monday) is None
    desk.write(OTHER, monday)
    assert_frame_equal(desk.rows(monday), OTHER)
    assert desk.ask("SELECT count(*) FROM bars") == [(2,)]


def test_one_table_for_two_passes_is_refused_where_they_would_replace_each_other(
    desk: Desk, monday: PartitionRun
) -> None:
    desk.write(ROWS, monday)
    with pytest.raises(UsageError, match="of the pass bars of tiny") as caught:
        desk.write(OTHER, monday, pass_name="hourly")
    assert "{datasetname}_{pass}" in str(caught.value)
    assert_frame_equal(desk.rows(monday), ROWS)


def test_dates_and_dagster_keys_are_added_where_they_are_asked_for_and_never_read(
    desk: Desk, monday: PartitionRun
) -> None:
    columns = ("Date", "$dagsterpartitionkey")
    desk.write(ROWS, monday, partition_columns=columns)
    found = desk.ask('SELECT DISTINCT "Date"::text, "$dagsterpartitionkey" FROM bars')
    assert found == [("2025-01-06", "2025-01-06|XLON")]
    assert_frame_equal(desk.rows(monday, partition_columns=columns), ROWS)


def test_a_table_that_is_not_ours_is_left_alone(desk: Desk, monday: PartitionRun) -> None:
    desk.run("CREATE TABLE bars (id int)", "INSERT INTO bars VALUES (1)")
    for mode in ("append", "replace"):
        with pytest.raises(UsageError, match="BEAF has not made it"):
            desk.write(ROWS, monday, sql_if_exists=mode, schema_mode="overwrite")
    assert desk.ask("SELECT * FROM bars") == [(1,)]


def test_a_view_of_that_name_is_left_alone(desk: Desk, monday: PartitionRun) -> None:
    desk.run("CREATE VIEW bars AS SELECT 1 AS x")
    with pytest.raises(UsageError, match="already exists"):
        desk.write(ROWS, monday)
    assert desk.ask("SELECT * FROM bars") == [(1,)]


def test_a_schema_that_is_not_there_is_told(desk: Desk, monday: PartitionRun) -> None:
    with pytest.raises(UsageError, match='schema "nowhere" does not exist') as caught:
        desk.write(ROWS, monday, sql_table="nowhere.bars")
    assert "create the schema" in str(caught.value)
    assert desk.read(monday, sql_table="nowhere.bars") is None


@pytest.mark.parametrize("name", ["a.b.c", ".bars", "bars.", "a..b", ""])
def test_a_name_that_is_no_table_is_refused_with_the_configuration(desk: Desk, name: str) -> None:
    with pytest.raises(ValidationError, match="sql_table"):
        desk.target(sql_table=name)


@pytest.mark.parametrize("name", ["{pass", "{nothing}", "{}", "{pass.x}"])
def test_a_name_that_cannot_be_filled_in_is_refused(
    desk: Desk, monday: PartitionRun, name: str
) -> None:
    with pytest.raises(UsageError, match="cannot be filled in"):
        desk.write(ROWS, monday, sql_table=name)
    assert desk.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]
