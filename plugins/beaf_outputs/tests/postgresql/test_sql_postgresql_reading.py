"""Does PostgreSQL send only what is asked for, and is that what polars would have chosen?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from tests.postgres import PostgresServer
from tests.sql_desk import Desk, partition

from beaf_core import PartitionRun
from beaf_outputs.sql import read_output

NS = pl.Datetime("ns")
START = dt.datetime(2025, 1, 6, 9)
LATER = pl.lit(START + dt.timedelta(minutes=1))
ROWS = pl.DataFrame(
    {
        "ListingId": [1, 1, 2, 2, None],
        "TimeBucket": [START + dt.timedelta(minutes=each) for each in range(5)],
        "MIC": ["XLON", "XPAR", "XLON", None, "it's"],
        "State": ["b", "a", "b", None, "a"],
        "Close": [1.0, float("nan"), None, float("inf"), -2.5],
        "Small": [0.1, 0.2, None, 0.3, 0.4],
        "Count": [0, 1, 2**63, 2**64 - 1, None],
        "Day": [dt.date(2025, 1, each) for each in range(6, 11)],
        "Flag": [True, False, None, True, False],
        "Zoned": [START + dt.timedelta(minutes=each) for each in range(5)],
    },
    schema_overrides={
        "TimeBucket": NS,
        "State": pl.Enum(["b", "a"]),
        "Small": pl.Float32,
        "Count": pl.UInt64,
        "Zoned": NS,
    },
).with_columns(pl.col("Zoned").dt.replace_time_zone("Asia/Tokyo"))


@pytest.fixture
def statements(desk: Desk, postgres: PostgresServer) -> Callable[[], list[str]]:
    """What the server was asked for since the last time, by COPY."""
    name = desk.url.rpartition("/")[2]
    postgres.run(f"ALTER DATABASE {name} SET log_statement = 'all'")
    log = postgres.log
    seen = log.stat().st_size

    def read() -> list[str]:
        nonlocal seen
        with log.open("rb") as file:
            file.seek(seen)
            text = file.read().decode()
            seen = file.tell()
        asked = [" ".join(each.split()) for each in text.split("LOG:")]
        return [each for each in asked if "COPY (" in each and '"PartitionKey" IN' in each]

    return read


@pytest.fixture
def lazy(desk: Desk, monday: PartitionRun, tuesday: PartitionRun) -> pl.LazyFrame:
    desk.write(ROWS, monday)
    desk.write(ROWS.head(1), tuesday)
    found = read_output(desk.target(), [monday])
    assert found is not None
    return found


def test_rows_are_asked_for_when_they_are_collected_and_not_before(
    lazy: pl.LazyFrame, statements: Callable[[], list[str]]
) -> None:
    lazy.collect_schema()
    assert statements() == []
    lazy.collect()
    assert len(statements()) == 1


def test_columns_that_are_not_asked_for_are_not_sent(
    lazy: pl.LazyFrame, statements: Callable[[], list[str]]
) -> None:
    found = lazy.filter(pl.col("Small") > 0.15).select("MIC").collect()
    assert_frame_equal(found, ROWS.filter(pl.col("Small") > 0.15).select("MIC"))
    [asked] = statements()
    assert '"MIC"' in asked
    assert '"Small"' in asked
    assert "TimeBucket" not in asked


def test_one_partition_is_found_among_many_by_the_index(desk: Desk, lazy: pl.LazyFrame) -> None:
    for day in range(1, 5):
        desk.write(pl.concat([ROWS] * 2000), partition(f"2025-02-{day:02}"))
    desk.run("ANALYZE bars")
    sql = "SELECT idx_scan FROM pg_stat_user_indexes WHERE relname = 'bars'"
    [(before,)] = desk.ask(sql)
    assert lazy.collect().height == 5
    [(after,)] = desk.ask(sql)
    assert after == before + 1


PUSHED = {
    "moments": (pl.col("TimeBucket") >= START + dt.timedelta(minutes=2), '"TimeBucket" >='),
    "between": (
        pl.col("TimeBucket").is_between(START, START + dt.timedelta(minutes=2)),
        '"TimeBucket" <=',
    ),
    "zoned": (
        pl.col("Zoned")
        < pl.lit(START + dt.timedelta(minutes=1)).dt.replace_time_zone("Asia/Tokyo"),
        '"Zoned" <=',
    ),
    "texts": (pl.col("MIC").is_in(["XLON", "it's"]), '"MIC" IN'),
    "text": (pl.col("MIC") == "it's", '"MIC" ='),
    "enum": (pl.col("State") == "a", '"State" ='),
    "integer": (pl.col("ListingId") > 1, '"ListingId" >='),
    "mirrored": (pl.lit(1) < pl.col("ListingId"), '"ListingId" >='),
    "unsigned": (pl.col("Count") >= 2, '"Count" >='),
    "float": (pl.col("Close") > 0.5, '"Close" >='),
    "day": (pl.col("Day") == dt.date(2025, 1, 7), '"Day" ='),
    "null": (pl.col("MIC").is_null(), '"MIC" IS NULL'),
    "not null": (pl.col("MIC").is_not_null(), '"MIC" IS NOT NULL'),
    "either": ((pl.col("MIC") == "XPAR") | (pl.col("ListingId") == 2), " OR "),
    "half of both": ((pl.col("MIC") == "XLON") & pl.col("Flag").not_(), '"MIC" ='),
}


@pytest.mark.parametrize("name", PUSHED)
def test_what_postgresql_can_check_it_checks(
    lazy: pl.LazyFrame, statements: Callable[[], list[str]], name: str
) -> None:
    predicate, sql = PUSHED[name]
    found = lazy.filter(predicate).collect()
    assert_frame_equal(found, ROWS.filter(predicate))
    assert found.height < ROWS.height, "a predicate that tells nothing apart"
    [asked] = statements()
    assert sql in asked.partition("WHERE")[2]
    assert "it's" not in asked, "values are bound, not written into statements"


LEFT = {
    "order of texts": pl.col("MIC") < "XM",
    "order of enums": pl.col("State") > "b",
    "narrow floats": pl.col("Small") > 0.2,
    "negation": ~pl.col("MIC").is_in(["XLON"]),
    "unlike": pl.col("MIC") != "XLON",
    "day of a moment": pl.col("TimeBucket").dt.minute() == 2,
    "either with one unknown": (pl.col("MIC") == "XPAR") | pl.col("Flag"),
    "null among values": pl.col("MIC").is_in(["XLON", None]),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_it_would_check_otherwise_is_left_to_polars(
    lazy: pl.LazyFrame, statements: Callable[[], list[str]], name: str
) -> None:
    assert_frame_equal(lazy.filter(LEFT[name]).collect(), ROWS.filter(LEFT[name]))
    [asked] = statements()
    assert " AND " not in asked.partition("WHERE")[2]


def test_no_more_rows_are_asked_for_than_are_wanted(
    lazy: pl.LazyFrame, statements: Callable[[], list[str]]
) -> None:
    assert lazy.head(2).collect().height == 2
    assert "LIMIT" in statements()[0]
    some = pl.col("ListingId") >= 1
    assert_frame_equal(lazy.filter(some).head(3).collect(), ROWS.filter(some).head(3))


def test_rows_are_counted_without_a_column(lazy: pl.LazyFrame) -> None:
    assert lazy.select(pl.len()).collect().item() == 5
    assert lazy.filter(pl.col("MIC") == "XLON").select(pl.len()).collect().item() == 2


def test_both_engines_of_polars_read_the_same(lazy: pl.LazyFrame) -> None:
    one = lazy.filter(pl.col("ListingId") == 1).collect(engine="streaming")
    assert_frame_equal(one, ROWS.filter(pl.col("ListingId") == 1))


def test_many_rows_are_not_held_before_the_first_is_given(desk: Desk, monday: PartitionRun) -> None:
    rows = pl.DataFrame({"n": range(200_000), "text": ["x" * 100] * 200_000})
    desk.write(rows, monday)
    found = read_output(desk.target(), [monday])
    assert found is not None
    sizes: list[int] = []
    found.sink_batches(lambda batch: sizes.append(batch.height), engine="streaming")
    assert sum(sizes) == 200_000
    assert max(sizes) < 150_000


NUMBERS = st.one_of(st.integers(-5, 5), st.floats(width=32), st.sampled_from([2**53 + 1, 1.5]))
MOMENTS = st.builds(
    lambda minutes, micros: START + dt.timedelta(minutes=minutes, microseconds=micros),
    st.integers(-1, 6),
    st.sampled_from([0, 1, -1]),
)
COMPARED = st.sampled_from(["__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"])


def compared(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[pl.Expr]:
    return st.builds(lambda op, value: getattr(pl.col(name), op)(value), COMPARED, values)


LEAVES = st.one_of(
    compared("ListingId", NUMBERS),
    compared("Close", NUMBERS),
    compared("Small", NUMBERS),
    compared("Count", st.integers(0, 2**64 - 1)),
    compared("TimeBucket", MOMENTS),
    compared("Day", st.dates(dt.date(2025, 1, 5), dt.date(2025, 1, 11))),
    compared("MIC", st.sampled_from(["XLON", "XPAR", "A", ""])),
    compared("State", st.sampled_from(["a", "b"])),
    st.lists(st.sampled_from(["XLON", "it's", "?"]), max_size=3).map(pl.col("MIC").is_in),
    st.lists(st.integers(0, 3), max_size=3).map(pl.col("ListingId").is_in),
    st.sampled_from([pl.col(each).is_null() for each in ("MIC", "Close", "Flag")]),
    st.sampled_from([pl.col("Flag"), ~pl.col("Flag")]),
)
PREDICATES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda one, two: one & two, inner, inner),
        st.builds(lambda one, two: one | two, inner, inner),
        inner.map(lambda one: ~one),
    ),
    max_leaves=4,
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(predicate=PREDICATES)
def test_any_predicate_chooses_the_rows_that_polars_chooses(
    lazy: pl.LazyFrame, predicate: pl.Expr
) -> None:
    assert_frame_equal(lazy.filter(predicate).collect(), ROWS.filter(predicate))
