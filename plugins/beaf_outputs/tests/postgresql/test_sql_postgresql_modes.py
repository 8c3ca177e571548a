"""What happens to a table whose columns are not those of the pass, or that is to be replaced?"""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.sql_desk import Desk

from beaf_core import ColumnMeaning, Meaning, PartitionRun, UsageError
from beaf_outputs.sql import describe

ROWS = pl.DataFrame({"ListingId": [1, 2], "Open": [10.0, 20.0]})
MORE = ROWS.with_columns(Close=pl.lit(11.0))
FEWER = ROWS.select("ListingId")
OTHER_TYPE = ROWS.with_columns(pl.col("Open").cast(pl.String))


def tables(desk: Desk) -> list[str]:
    found = desk.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return sorted(name for (name,) in found)


@pytest.mark.parametrize(
    ("rows", "told", "remedy"),
    [
        (MORE, "Close is new", "schema_mode: add_columns"),
        (FEWER, "Open is no longer there", "schema_mode: add_columns"),
        (OTHER_TYPE, "Open is text, not double precision", "schema_mode: overwrite"),
    ],
    ids=["more", "fewer", "other type"],
)
def test_strictly_other_columns_are_refused_by_name(
    desk: Desk,
    monday: PartitionRun,
    tuesday: PartitionRun,
    rows: pl.DataFrame,
    told: str,
    remedy: str,
) -> None:
    desk.write(ROWS, monday)
    for each in (monday, tuesday):
        with pytest.raises(UsageError, match=told) as caught:
            desk.write(rows, each)
        assert remedy in str(caught.value)
    assert_frame_equal(desk.rows(monday), ROWS)
    assert desk.read(tuesday) is None


def test_the_order_of_columns_does_not_matter(
    desk: Desk, monday: PartitionRun, tuesday: PartitionRun
) -> None:
    desk.write(MORE, monday)
    turned = MORE.select(reversed(MORE.columns))
    desk.write(turned, tuesday)
    assert_frame_equal(desk.rows(tuesday), turned)
    assert_frame_equal(desk.rows(monday), MORE)


def test_a_column_without_a_value_fits_any_type(
    desk: Desk, monday: PartitionRun, tuesday: PartitionRun
) -> None:
    desk.write(ROWS, monday)
    empty = ROWS.with_columns(Open=pl.lit(None, pl.Null))
    desk.write(empty, tuesday)
    assert_frame_equal(desk.rows(tuesday), empty)
    assert desk.types()["Open"] == "double precision"


def test_added_columns_are_null_elsewhere_and_absent_ones_are_null(
    desk: Desk, monday: PartitionRun, tuesday: PartitionRun
) -> None:
    desk.write(ROWS, monday)
    desk.write(MORE.drop("Open"), tuesday, schema_mode="add_columns")
    assert desk.ask('SELECT count("Open"), count("Close"), count(*) FROM bars') == [(2, 2, 4)]
    assert_frame_equal(desk.rows(monday), ROWS)
    assert_frame_equal(desk.rows(tuesday), MORE.drop("Open"))
    both = desk.rows(monday, tuesday)
    assert both.columns == ["ListingId", "Open", "Close"]
    assert both["Close"].to_list() == [None, None, 11.0, 11.0]


def test_adding_columns_does_not_change_types(desk: Desk, monday: PartitionRun) -> None:
    desk.write(ROWS, monday)
    with pytest.raises(UsageError, match="Open is text, not double precision"):
        desk.write(OTHER_TYPE, monday, schema_mode="add_columns")
    assert_frame_equal(desk.rows(monday), ROWS)


def test_overwriting_makes_the_table_anew_where_the_columns_differ_and_only_there(
    desk: Desk, monday: PartitionRun, tuesday: PartitionRun
) -> None:
    desk.write(ROWS, monday, schema_mode="overwrite")
    desk.write(ROWS, tuesday, schema_mode="overwrite")
    assert desk.rows(monday, tuesday).height == 4
    desk.write(OTHER_TYPE, tuesday, schema_mode="overwrite")
    assert desk.read(monday) is None
    assert desk.receipt(monday) is None
    assert_frame_equal(desk.rows(tuesday), OTHER_TYPE)
    assert desk.types()["Open"] == "text"


@pytest.mark.parametrize("rows", [ROWS, MORE, OTHER_TYPE], ids=["same", "more", "other type"])
def test_after_replace_the_table_holds_this_partition_alone(
    desk: Desk, monday: PartitionRun, tuesday: PartitionRun, rows: pl.DataFrame
) -> None:
    desk.write(ROWS, monday)
    desk.write(ROWS, monday, sql_table="another")
    desk.write(rows, tuesday, sql_if_exists="replace")
    assert desk.read(monday) is None
    assert desk.receipt(monday) is None
    assert_frame_equal(desk.rows(tuesday), rows)
    assert desk.ask("SELECT count(*) FROM bars") == [(2,)]
    assert desk.receipt(monday, sql_table="another") is not None, "other tables stay"


def test_fail_refuses_a_table_that_is_there(
    desk: Desk, monday: PartitionRun, tuesday: PartitionRun
) -> None:
    desk.write(ROWS, monday, sql_if_exists="fail")
    with pytest.raises(UsageError, match=r"the table public\.bars is there already") as caught:
        desk.write(ROWS, tuesday, sql_if_exists="fail")
    assert "sql_table" in str(caught.value)
    assert_frame_equal(desk.rows(monday), ROWS)


def test_a_failed_change_of_columns_leaves_the_table_as_it_was(
    desk: Desk, monday: PartitionRun, tuesday: PartitionRun
) -> None:
    desk.write(ROWS.with_columns(MIC=pl.lit("XLON")), monday)
    bad = ROWS.with_columns(MIC=pl.lit("a\0b"), New=pl.lit(1))
    for mode in ({"schema_mode": "add_columns"}, {"sql_if_exists": "replace"}):
        with pytest.raises(UsageError, match="zero character"):
            desk.write(bad, tuesday, **mode)
        assert "New" not in desk.types()
        assert desk.rows(monday).height == 2


def test_a_view_upon_the_table_is_told_before_the_table_is_made_anew(
    desk: Desk, monday: PartitionRun
) -> None:
    desk.write(ROWS, monday)
    desk.run('CREATE VIEW seen AS SELECT "Open" FROM bars')
    with pytest.raises(UsageError, match="depend on it") as caught:
        desk.write(OTHER_TYPE, monday, schema_mode="overwrite")
    assert "views" in str(caught.value)
    assert_frame_equal(desk.rows(monday), ROWS)
    desk.write(MORE, monday, schema_mode="add_columns")


MEANING = Meaning(
    (ColumnMeaning("Open", "quote currency", "The first price, it's \\ 100 %.", "first(Price)"),),
    {"time_bucket_seconds": "60", "configuration": "abc"},
)


def test_columns_and_table_bear_their_meaning_as_comments(desk: Desk, monday: PartitionRun) -> None:
    desk.write(ROWS, monday, meaning=MEANING)
    told = dict(
        desk.ask(
            "SELECT attname, col_description(attrelid, attnum) FROM pg_attribute "
            "WHERE attrelid = 'bars'::regclass AND attnum > 0"
        )
    )
    assert told["Open"] == "The first price, it's \\ 100 %. [quote currency] first(Price)"
    assert told["ListingId"] is None
    [(table,)] = desk.ask("SELECT obj_description('bars'::regclass)")
    assert table == "time_bucket_seconds: 60; configuration: abc"


def test_comments_follow_a_new_meaning(desk: Desk, monday: PartitionRun) -> None:
    desk.write(ROWS, monday, meaning=MEANING)
    desk.write(ROWS, monday, meaning=Meaning((ColumnMeaning("Open", doc="Another."),)))
    sql = "SELECT col_description('bars'::regclass, 2)"
    assert desk.ask(sql) == [("Another.",)]


def test_a_table_describes_itself(desk: Desk, monday: PartitionRun, tuesday: PartitionRun) -> None:
    receipts = [desk.write(ROWS, each, meaning=MEANING) for each in (monday, tuesday)]
    found = describe(f"{desk.url}#bars")
    assert found is not None
    assert found.kind == "sql"
    assert found.location == receipts[0].location
    assert sorted(found.receipts, key=lambda each: each.partition) == receipts
    assert found.about is not None
    assert found.about.meaning == MEANING
    assert found.about.schema == ROWS.schema
    assert found.stored == {
        "ListingId": "bigint",
        "Open": "double precision",
        "PartitionKey": "text",
    }
    assert describe(f"{desk.url}#nothing") is None
    assert describe("s3://bucket/key#part") is None
    assert describe("data/bars.parquet") is None


def test_only_two_tables_are_added_to_a_schema(desk: Desk, monday: PartitionRun) -> None:
    desk.write(ROWS, monday)
    assert tables(desk) == ["bars", "beaf_about", "beaf_receipts"]
