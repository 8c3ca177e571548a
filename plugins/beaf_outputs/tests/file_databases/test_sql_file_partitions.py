"""Do tables of SQLite and DuckDB keep each partition once, beside the others, with its receipt?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.sql_desk import Desk

from beaf_core import ColumnMeaning, DatePartition, Meaning, PartitionRun, UsageError
from beaf_core.testing import check_output
from beaf_outputs.sql import describe, list_receipts, read_output, remove_output

ROWS = pl.DataFrame({"ListingId": [1, 2], "Open": [10.0, None], "MIC": ["XLON", "XPAR"]})
OTHER = ROWS.with_columns(Open=pl.lit(7.0))


def many(rows: int = 30_000) -> pl.DataFrame:
    """More than is inserted row by row."""
    counted = pl.DataFrame({"ListingId": range(rows)})
    return counted.with_columns((pl.col("ListingId") * each).alias(f"x{each}") for each in range(9))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sql_table": "{pass}_{universe}_{start_date}"},
        {"sql_batch_size": 1, "sql_timestamps": "int64", "schema_mode": "add_columns"},
        *(
            pytest.param(each, marks=pytest.mark.soak)
            for each in (
                {"sql_timestamps": "int64"},
                {"sql_table": "main.{datasetname} {pass}"},
                {"sql_batch_size": None},
                {"sql_batch_size": 1},
                {"schema_mode": "add_columns"},
                {"schema_mode": "overwrite"},
            )
        ),
    ],
    ids=str,
)
def test_the_output_keeps_the_contract(desk: Desk, tmp_path: Path, options: dict[str, Any]) -> None:
    check_output("sql", tmp_path, options={"sql_connection": desk.url, **options})


def test_to_ask_makes_no_file(desk: Desk, file: Path, monday: PartitionRun) -> None:
    assert desk.read(monday) is None
    assert desk.receipt(monday) is None
    assert list_receipts(desk.target(), monday) == []
    assert not file.exists()


def test_the_folder_of_a_file_is_made(desk: Desk, monday: PartitionRun, tmp_path: Path) -> None:
    url = desk.url.replace("market.db", "some/where/market.db")
    desk.write(ROWS, monday, sql_connection=url)
    assert (tmp_path / "some" / "where" / "market.db").is_file()


def test_a_rewrite_replaces_its_partition_and_no_other(
    desk: Desk, monday: PartitionRun, tuesday: PartitionRun
) -> None:
    desk.write(ROWS, monday)
    desk.write(ROWS, tuesday)
    desk.write(OTHER.head(1), monday)
    assert_frame_equal(desk.rows(monday), OTHER.head(1))
    assert_frame_equal(desk.rows(tuesday), ROWS)
    assert desk.ask("SELECT count(*) FROM bars") == [(3,)]
    assert desk.ask("SELECT count(*) FROM beaf_receipts") == [(2,)]


def test_many_rows_come_back_and_a_rerun_is_equal(
    desk: Desk, file: Path, monday: PartitionRun
) -> None:
    rows = many()
    first = desk.write(rows, monday)
    assert desk.write(rows, monday) == first
    assert_frame_equal(desk.rows(monday), rows)
    assert desk.ask("SELECT count(*), sum(x8) FROM bars") == [(rows.height, rows["x8"].sum())]
    left = {each.name for each in file.parent.iterdir() if not each.name.startswith(file.name)}
    assert left <= {f".{file.name}.lock"}, "nothing remains of what was staged"


def test_rows_of_columns_in_another_order_find_their_columns(
    desk: Desk, monday: PartitionRun, tuesday: PartitionRun
) -> None:
    rows = many()
    desk.write(rows, monday)
    turned = rows.select(reversed(rows.columns))
    desk.write(turned, tuesday)
    assert_frame_equal(desk.rows(monday), rows)
    assert_frame_equal(desk.rows(tuesday), turned)


def test_a_query_takes_no_more_than_is_asked_for(desk: Desk, monday: PartitionRun) -> None:
    rows = many()
    desk.write(rows, monday)
    found = read_output(desk.target(), [monday])
    assert found is not None
    few = found.filter(pl.col("ListingId").is_between(5, 9)).select("x3")
    assert "PROJECT" in few.explain()
    assert few.collect()["x3"].to_list() == [15, 18, 21, 24, 27]
    assert found.head(3).collect().height == 3
    assert found.select(pl.len()).collect().item() == rows.height


def test_the_rows_of_an_output_may_be_made_of_another_one_in_the_same_file(
    desk: Desk, monday: PartitionRun
) -> None:
    desk.write(many(), monday)
    found = read_output(desk.target(), [monday])
    assert found is not None
    doubled = found.with_columns(pl.col("x1") * 2)
    coarser = desk.target(sql_table="coarser")
    from beaf_outputs.sql import write_output

    write_output(doubled, coarser, monday)
    assert_frame_equal(desk.rows(monday, sql_table="coarser"), doubled.collect())


def test_replace_leaves_this_partition_alone(
    desk: Desk, monday: PartitionRun, tuesday: PartitionRun
) -> None:
    desk.write(ROWS, monday)
    desk.write(OTHER, tuesday, sql_if_exists="replace")
    assert desk.read(monday) is None
    assert desk.receipt(monday) is None
    assert_frame_equal(desk.rows(tuesday), OTHER)
    assert desk.ask("SELECT count(*) FROM bars") == [(2,)]


def test_a_table_that_is_there_is_refused_where_it_may_not_be(
    desk: Desk, monday: PartitionRun, tuesday: PartitionRun
) -> None:
    desk.write(ROWS, monday)
    with pytest.raises(UsageError, match="is there already"):
        desk.write(ROWS, tuesday, sql_if_exists="fail")
    desk.run("CREATE TABLE theirs (a INTEGER)", "INSERT INTO theirs VALUES (1)")
    with pytest.raises(UsageError, match="BEAF has not made it"):
        desk.write(ROWS, monday, sql_table="theirs", sql_if_exists="replace")
    assert desk.ask("SELECT * FROM theirs") == [(1,)]


def test_other_columns_are_refused_added_or_make_the_table_anew(
    desk: Desk, monday: PartitionRun, tuesday: PartitionRun
) -> None:
    desk.write(ROWS, monday)
    wider = ROWS.drop("MIC").with_columns(Close=pl.lit(1.5))
    with pytest.raises(UsageError, match="Close is new; MIC is no longer there"):
        desk.write(wider, tuesday)
    desk.write(wider, tuesday, schema_mode="add_columns")
    assert_frame_equal(desk.rows(monday), ROWS)
    assert_frame_equal(desk.rows(tuesday), wider)
    mistyped = ROWS.with_columns(Open=pl.lit("much"))
    with pytest.raises(UsageError, match="Open is "):
        desk.write(mistyped, tuesday, schema_mode="add_columns")
    desk.write(mistyped, tuesday, schema_mode="overwrite")
    assert desk.read(monday) is None
    assert_frame_equal(desk.rows(tuesday), mistyped)


def test_receipts_are_listed_and_removed_with_their_rows(
    desk: Desk, monday: PartitionRun, tuesday: PartitionRun
) -> None:
    first, second = desk.write(ROWS, monday), desk.write(OTHER, tuesday)
    week = PartitionRun(monday.universe, DatePartition("2025-01-06", "2025-01-10"))
    assert list_receipts(desk.target(), week) == [first, second]
    assert remove_output(desk.target(), first)
    assert remove_output(desk.target(), first), "that it is gone already is fine"
    assert list_receipts(desk.target(), week) == [second]
    assert desk.read(monday) is None
    assert desk.ask("SELECT count(*) FROM bars") == [(2,)]


def test_a_table_tells_what_its_columns_mean(desk: Desk, monday: PartitionRun) -> None:
    told = Meaning((ColumnMeaning("Open", "EUR", 'The first price; it\'s "quoted".'),), {"a": "b"})
    receipt = desk.write(ROWS, monday, meaning=told)
    found = describe(receipt.location)
    assert found is not None
    assert found.receipts == (receipt,)
    assert found.about is not None
    assert found.about.meaning == told


def test_duckdb_keeps_the_meaning_in_its_own_comments(tmp_path: Path, monday: PartitionRun) -> None:
    from tests.file_databases import FileDatabases

    desk = Desk(FileDatabases(), f"duckdb:///{tmp_path}/market.db")
    told = Meaning((ColumnMeaning("Open", "EUR", "It's the first price."),), {"width": "60"})
    desk.write(ROWS, monday, meaning=told)
    asked = "SELECT comment FROM duckdb_columns() WHERE column_name = 'Open'"
    assert desk.ask(asked) == [("It's the first price. [EUR]",)]
    asked = "SELECT comment FROM duckdb_tables() WHERE table_name = 'bars'"
    assert desk.ask(asked) == [("width: 60",)]
