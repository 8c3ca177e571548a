"""Are columns that are looked up as good as a table's own, from a pipeline's file to its output?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from beaf_core import (
    Aggregation,
    AnalyticsModule,
    AsOf,
    Kind,
    Lifetime,
    Measure,
    RunReport,
    compute_frame,
    run_pipeline,
)
from beaf_core.engine.compiler.bucket import Buckets
from beaf_core.engine.compiler.combine import join_tables
from beaf_core.engine.compiler.compile import Clock, DayOfTable, TablePlan
from beaf_core.engine.compiler.execute import run_table
from beaf_core.engine.compiler.lanes import split_lanes

MONDAY, TUESDAY = date(2025, 1, 6), date(2025, 1, 7)
#: Two moments of one minute.
AT = [datetime(2025, 1, 6, 9, 0, 10), datetime(2025, 1, 6, 9, 0, 20)]

# -- from a pipeline's file to its output -------------------------------------------------------

PIPELINE = '''
"""What do trades do to the mid, and how long do orders rest?"""

import polars as pl

from beaf_core import Aggregation, AnalyticsModule, AsOf, Kind, Lifetime, Measure

SECOND = 10**9
MID = (pl.col("BidPrice1") + pl.col("AskPrice1")) / 2
SIGN = 3 - 2 * pl.col("AggressorSide")  # 1 for a buyer, -1 for a seller


def impact(seconds):
    return Measure(
        name=f"Impact{seconds}s",
        table="trades",
        value=Aggregation(Kind.SUM, 2 * SIGN * (pl.col(f"After{seconds}") - pl.col("Before"))),
        lookups={
            "Before": AsOf("l2", MID, strict=True),
            f"After{seconds}": AsOf("l2", MID, horizon=seconds * SECOND),
        },
        unit="ccy",
        doc="How far the mid goes with the trades of the bucket.",
        formula="sum of 2 D (mid(t+h) - mid(t-))",
    )


insert, remove = pl.col("LobAction") == 2, pl.col("LobAction") == 3

MEASURES = [
    impact(0),
    impact(10),
    Measure(
        name="RestingTime",
        table="l3",
        value=Aggregation(Kind.MEAN, pl.col("Life")),
        lookups={"Life": Lifetime(insert, remove)},
        unit="ns",
        doc="Mean time that the orders removed in the bucket had rested.",
        formula="mean of end - begin",
    ),
    Measure(
        name="Removals",
        table="l3",
        value=Aggregation(Kind.COUNT, where=remove),
        unit="orders",
        doc="Orders removed.",
        formula="number of removals",
    ),
]

effects = AnalyticsModule(name="effects", measures=lambda options: MEASURES, doc="Effects.")


def get_universe(date):
    return pl.DataFrame({"ListingId": [101, 102], "MIC": "XLON"})


USER_CONFIG = {
    "DATASETNAME": "effects",
    "SOURCE": {"type": "parquet", "root": "market"},
    "PASSES": [{"name": "bars", "time_bucket_seconds": 60, "modules": ["effects"]}],
    "OUTPUT_TARGET": {"type": "parquet"},
}
'''

# Mids of 101 on Monday: 100 from 09:00:00, 101 from 09:00:30, 103 from 09:00:35.
QUOTES = [
    (101, "2025-01-06 09:00:00", 1, 99.0, 101.0),
    (101, "2025-01-06 09:00:30", 2, 100.0, 102.0),
    (101, "2025-01-06 09:00:35", 3, 102.0, 104.0),
    (102, "2025-01-06 09:00:20", 4, 49.0, 51.0),
    (101, "2025-01-07 09:00:40", 5, 199.0, 201.0),
]
TRADES = [
    (101, "2025-01-06 09:00:30", 1, 1),  # buy, from 100 to 101 at once, to 103 after 10 s
    (101, "2025-01-06 09:00:40", 2, 2),  # sale, at 103 and staying there
    (102, "2025-01-06 09:00:10", 3, 1),  # before the first quote of its own listing
    (102, "2025-01-06 09:00:30", 4, 1),  # at 50 and staying there
    (101, "2025-01-07 09:00:30", 5, 1),  # Monday's quotes are not Tuesday's
]
ORDERS = [
    (101, "2025-01-06 09:00:05", 1, 2, "a", ""),
    (101, "2025-01-06 09:00:10", 2, 2, "b", ""),
    (102, "2025-01-06 09:00:12", 3, 2, "a", ""),
    (101, "2025-01-06 09:00:50", 4, 3, "", "a"),  # after 45 s
    (102, "2025-01-06 09:00:57", 5, 3, "", "a"),  # after 45 s, of another listing
    (101, "2025-01-06 09:00:59", 6, 3, "", "x"),  # rested from before the data
    (101, "2025-01-06 09:01:10", 7, 3, "", "b"),  # after 60 s, in the next bucket
    (101, "2025-01-07 09:00:10", 8, 3, "", "b"),  # another day's order
]


def write_market(root: Path) -> None:
    schemas = {
        "l2": (QUOTES, ["TimestampNanoseconds", "BMLLSequenceNo", "BidPrice1", "AskPrice1"]),
        "trades": (TRADES, ["TradeTimestampNanoseconds", "BMLLSequenceNo", "AggressorSide"]),
        "l3": (
            ORDERS,
            ["TimestampNanoseconds", "BMLLSequenceNo", "LobAction", "OrderId", "OldOrderId"],
        ),
    }
    for table, (rows, names) in schemas.items():
        frame = pl.DataFrame(rows, schema=["ListingId", *names], orient="row")
        frame = frame.with_columns(pl.col(names[0]).str.to_datetime(time_unit="ns"))
        for day in (MONDAY, TUESDAY):
            path = root / table / "XLON" / f"{day}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            frame.filter(pl.col(names[0]).dt.date() == day).write_parquet(path)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_market(tmp_path / "market")
    path = tmp_path / "effects.py"
    path.write_text(PIPELINE, encoding="utf-8")
    return path


def rows_of(report: RunReport) -> list[tuple[object, ...]]:
    assert report.status == "succeeded", report
    frame = pl.read_parquet(report.receipts[0].location).sort("ListingId", "TimeBucket")
    names = ["ListingId", "TimeBucket", "Impact0s", "Impact10s", "RestingTime", "Removals"]
    return frame.select(names).rows()


def test_impacts_and_resting_times_of_a_pipelines_own_module_are_those_worked_out_by_hand(
    project: Path,
) -> None:
    report = run_pipeline(project, start_date=str(MONDAY), end_date=str(TUESDAY))
    # 101: the buyer 2 (101-100) = 2 and 2 (103-100) = 6, the seller -2 (103-103) = 0. 102: nothing
    # is known of the first trade, and the second moves nothing.
    assert rows_of(report) == [
        (101, datetime(2025, 1, 6, 9, 1), 2.0, 6.0, 45e9, 2),
        (101, datetime(2025, 1, 6, 9, 2), 0.0, 0.0, 60e9, 1),
        (101, datetime(2025, 1, 7, 9, 1), 0.0, 0.0, None, 1),
        (102, datetime(2025, 1, 6, 9, 1), 0.0, 0.0, 45e9, 1),
    ]


def test_a_table_that_is_only_looked_up_in_makes_no_buckets_of_its_own(project: Path) -> None:
    later = pl.read_parquet(project.parent / "market" / "l2" / "XLON" / f"{MONDAY}.parquet")
    moved = later.with_columns(pl.col("TimestampNanoseconds").dt.offset_by("1h"))
    path = project.parent / "market" / "l2" / "XLON" / f"{MONDAY}.parquet"
    pl.concat([later, moved]).write_parquet(path)
    report = run_pipeline(project, date=str(MONDAY))
    assert [row[1] for row in rows_of(report)] == [
        datetime(2025, 1, 6, 9, 1),
        datetime(2025, 1, 6, 9, 2),
        datetime(2025, 1, 6, 9, 1),
    ]


# -- lanes --------------------------------------------------------------------------------------

INSERT, REMOVE = pl.col("Action") == 2, pl.col("Action") == 3
LIFE = {"Life": Lifetime(INSERT, REMOVE, "Id", "OldId")}
MINUTE = 60 * 10**9
START = int(datetime(2025, 1, 6, 9).timestamp()) * 10**9


def measure(
    name: str, each: Aggregation, lookups: Mapping[str, AsOf | Lifetime] = LIFE, table: str = "l3"
) -> Measure:
    return Measure(name, table, each, "x", name, name, lookups=dict(lookups))


def book(rows: Sequence[tuple[int, int, int, int, str]]) -> pl.DataFrame:
    """Build an l3 table from (listing, seconds, sequence, action, id)."""
    names = ["ListingId", "Time", "Seq", "Action", "Id"]
    frame = pl.DataFrame(rows, schema=names, orient="row")
    return frame.with_columns(pl.col("Time") * 10**9 + START, pl.col("Id").alias("OldId"))


def computed(
    measures: Sequence[Measure],
    frame: pl.DataFrame,
    *,
    rows: pl.Expr | None = None,
    ordered: bool = False,
    others: Mapping[str, pl.DataFrame] | None = None,
) -> dict[str, list[object]]:
    clock = Clock("Time", "Seq", ordered=ordered)
    ids = [1, 2]
    looked_in = {
        name: DayOfTable(MONDAY, other.lazy(), clock, None, ids)
        for name, other in (others or {}).items()
    }
    day = DayOfTable(MONDAY, frame.lazy(), clock, None, ids, looked_in)
    plan = TablePlan(
        measures[0].table,
        tuple(measures),
        {} if rows is None else {"m": rows},
        {each.name: "m" for each in measures},
    )
    table = run_table(plan, [day], Buckets(MINUTE))
    joined = join_tables(measures, [table], [MONDAY]).sort("ListingId", "TimeBucket")
    return joined.select([each.name for each in measures]).to_dict(as_series=False)


BOOK = book(
    [
        (1, 1, 1, 2, "a"),
        (1, 11, 2, 3, "a"),
        (1, 20, 3, 2, "b"),
        (1, 60, 4, 3, "b"),
        (1, 70, 5, 2, "c"),
        (2, 130, 6, 2, "a"),
    ]
)


def test_a_bucket_in_which_no_order_ends_is_there_all_the_same() -> None:
    life = measure("Life", Aggregation(Kind.MEAN, pl.col("Life")))
    assert computed([life], BOOK) == {"Life": [25e9, None, None]}
    count = measure("Rows", Aggregation(Kind.COUNT), {})
    # With the rows counted in a lane of their own, the join leaves out all but the ends.
    lanes = {lane.name: lane.sparse for lane in split_lanes(_plan([life, count])).lanes}
    assert lanes == {"lifetimes": True, "plain": False}
    assert computed([life, count], BOOK) == {"Life": [25e9, None, None], "Rows": [4, 1, 1]}


@pytest.mark.parametrize("ids", [{}, {"a": "7", "b": "8", "c": "9"}])
@pytest.mark.parametrize("ordered", [True, False])
def test_ids_may_be_numbers_in_text_or_any_text(ids: dict[str, str], ordered: bool) -> None:
    life = measure("Life", Aggregation(Kind.MEAN, pl.col("Life")))
    named = BOOK.with_columns(pl.col("Id", "OldId").replace(ids))
    assert computed([life], named, ordered=ordered) == {"Life": [25e9, None, None]}


def test_a_lane_that_looks_at_other_rows_does_not_tell_of_those_buckets() -> None:
    life = measure("Life", Aggregation(Kind.MEAN, pl.col("Life")))
    count = measure("Rows", Aggregation(Kind.COUNT), {})
    few = {"few": pl.col("Seq") == 1}
    plan = TablePlan("l3", (life, count), few, {"Life": "all", "Rows": "few"})
    assert not any(lane.sparse for lane in split_lanes(plan).lanes)
    same = TablePlan("l3", (life, count), few, {"Life": "few", "Rows": "few"})
    assert any(lane.sparse for lane in split_lanes(same).lanes)


FOUND = {"Mid": AsOf("l2", pl.col("Bid"), horizon=5)}
BY_SIZE = measure("BySize", Aggregation(Kind.SUM, pl.col("Mid") * pl.col("Size")), FOUND)
VOLUME = measure("Volume", Aggregation(Kind.SUM, pl.col("Size")), {})


def test_what_needs_no_look_up_rides_along_where_its_columns_are_read_anyway() -> None:
    together = split_lanes(_plan([BY_SIZE, VOLUME]))
    assert [lane.name for lane in together.lanes] == ["asof"]
    assert {*together.inputs} == {"BySize", "Volume"}
    further = measure("Dearest", Aggregation(Kind.MAX, pl.col("Price")), {})
    apart = split_lanes(_plan([BY_SIZE, VOLUME, further]))
    assert [lane.name for lane in apart.lanes] == ["asof", "plain"]


def test_what_rides_along_is_summed_over_all_rows_found_or_not() -> None:
    trades = pl.DataFrame({"ListingId": [1, 1], "TradeTimestamp": AT, "Size": [3.0, 4.0]})
    book = pl.DataFrame({"ListingId": [1], "EventTimestamp": AT[1:], "Bid": [10.0]})
    of_trades = [replace(each, table="trades") for each in (BY_SIZE, VOLUME)]
    module = AnalyticsModule("tested", measures=lambda _options: of_trades)
    found = compute_frame(module, {"trades": trades, "l2": book})
    assert found.select("BySize", "Volume").rows() == [(40.0, 7.0)]


def _plan(measures: Sequence[Measure]) -> TablePlan:
    return TablePlan("l3", tuple(measures), {}, {each.name: "m" for each in measures})


def test_measures_may_call_different_look_ups_by_one_name() -> None:
    at_begin = Lifetime(INSERT, REMOVE, "Id", "OldId", at="begin")
    mean = Aggregation(Kind.MEAN, pl.col("Life"))
    found = computed([measure("AtEnd", mean), measure("AtBegin", mean, {"Life": at_begin})], BOOK)
    # Order a lives from 1 s to 11 s, b from 20 s to 60 s: the minute of the end, or of the begin.
    assert found == {"AtEnd": [25e9, None, None], "AtBegin": [25e9, None, None]}
    late = BOOK.with_columns(
        Time=pl.when(pl.col("Seq") == 4).then(START + 61 * 10**9).otherwise("Time")
    )
    found = computed([measure("AtEnd", mean), measure("AtBegin", mean, {"Life": at_begin})], late)
    assert found == {"AtEnd": [10e9, 41e9, None], "AtBegin": [25.5e9, None, None]}


def test_an_expression_may_take_the_rows_without_a_lifetime() -> None:
    of = pl.col("Life").fill_null(7)
    both = [
        measure("Filled", Aggregation(Kind.SUM, of)),
        measure("Rows", Aggregation(Kind.COUNT), {}),
    ]
    assert computed(both, BOOK)["Filled"] == [50 * 10**9 + 14, 7, 7]


def test_an_order_may_begin_outside_the_rows_that_a_module_looks_at() -> None:
    life = measure("Life", Aggregation(Kind.SUM, pl.col("Life")))
    late = pl.col("Seq") >= 4
    assert computed([life], BOOK, rows=late) == {"Life": [40 * 10**9, 0, 0]}


@pytest.mark.parametrize("ordered", [True, False])
def test_an_id_that_is_used_again_gives_each_end_one_lifetime(ordered: bool) -> None:
    again = book([(1, 1, 1, 2, "a"), (1, 5, 2, 3, "a"), (1, 6, 3, 2, "a"), (1, 9, 4, 3, "a")])
    measures = [
        measure("Sum", Aggregation(Kind.SUM, pl.col("Life"))),
        measure("Ends", Aggregation(Kind.COUNT, pl.col("Life"))),
        measure("Rows", Aggregation(Kind.COUNT), {}),
    ]
    found = computed(measures, again, ordered=ordered)
    assert found == {"Sum": [7 * 10**9], "Ends": [2], "Rows": [4]}


@pytest.mark.parametrize("ordered", [True, False])
def test_first_and_last_follow_the_order_of_rows_behind_a_look_up(ordered: bool) -> None:
    count = 200_000
    row = pl.int_range(count)
    frame = pl.select(
        ListingId=row * 0 + 1,
        Time=START + 1 + row // 4,  # four rows of one time
        Seq=row,
        Action=2 + row % 2,
        Id=(row // 2).cast(pl.String),
    ).with_columns(pl.col("Id").alias("OldId"))
    value = pl.col("Life") + pl.col("Seq")
    found = computed(
        [
            measure("First", Aggregation(Kind.FIRST, value)),
            measure("Last", Aggregation(Kind.LAST, value)),
        ],
        frame if ordered else frame.sample(fraction=1, shuffle=True, seed=1),
        ordered=ordered,
    )
    assert found == {"First": [1], "Last": [count - 1]}


QUOTED = pl.DataFrame(
    {
        "ListingId": [1, 1, 2],
        "Time": [START, START + 15 * 10**9, START],
        "Seq": [1, 2, 1],
        "Mid": [10.0, math.inf, 20.0],
    }
)


def test_both_kinds_of_look_up_may_stand_in_one_expression() -> None:
    mid, high = AsOf("l2", pl.col("Mid")), AsOf("l2", pl.col("Mid"), where=pl.col("Mid") > 5)
    lookups = {**LIFE, "Mid": mid, "High": high}
    measures = [
        measure(name, Aggregation(Kind.SUM, pl.col("Life") * pl.col(name)), lookups)
        for name in ("Mid", "High")
    ]
    found = computed(measures, BOOK, others={"l2": QUOTED})
    # The second state is infinite, which is no value: so the order that ends at 60 has none, and
    # as nothing is above 5, the state before it is the last that is.
    assert found == {"Mid": [100e9, 0.0, 0.0], "High": [500e9, 0.0, 0.0]}


def test_in_a_table_that_is_not_there_nothing_is_found() -> None:
    mid = {"Mid": AsOf("l2", pl.col("Mid"))}
    measures = [
        measure("Mean", Aggregation(Kind.MEAN, pl.col("Mid")), mid),
        measure("Rows", Aggregation(Kind.COUNT), {}),
    ]
    assert computed(measures, BOOK) == {"Mean": [None] * 3, "Rows": [4, 1, 1]}


def test_states_may_be_looked_up_too() -> None:
    """A quote held against another table's mid, by the time that it holds."""
    quotes = pl.DataFrame(
        {
            "ListingId": [1, 1, 1],
            "Time": [START + each * 10**9 for each in (10, 30, 40)],
            "Seq": [1, 2, 3],
            "Bid": [9.0, 11.0, 12.0],
        }
    )
    other = QUOTED.with_columns(pl.Series("Mid", [10.0, 12.0, 0.0]))
    gap = measure(
        "Gap",
        Aggregation(Kind.TIME_WEIGHTED, pl.col("Mid") - pl.col("Bid")),
        {"Mid": AsOf("cbbo", pl.col("Mid"))},
        "l2",
    )
    for ordered in (True, False):
        found = computed([gap], quotes, ordered=ordered, others={"cbbo": other})
        # 1 for 20 s, 1 for 10 s, 0 for the last 20 s.
        assert found == {"Gap": [30 / 50]}
