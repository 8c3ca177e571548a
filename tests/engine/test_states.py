"""Do states weigh by the time they hold, whatever the buckets, the order of rows and the days?"""

from __future__ import annotations

import math
import random as random_module
from collections.abc import Sequence
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import Aggregation, Kind, Measure
from beaf_core.engine.compiler.bucket import Buckets
from beaf_core.engine.compiler.combine import join_tables
from beaf_core.engine.compiler.compile import Clock, DayOfTable, TablePlan
from beaf_core.engine.compiler.execute import run_table

SECOND = 10**9
MINUTE = 60 * SECOND
DAY = date(1970, 1, 1)
BID, OPEN = pl.col("Bid"), pl.col("Open")
UNKNOWN = Clock("Time", "Sequence")
ORDERED = Clock("Time", "Sequence", ordered=True)
NEIGHBOURS = Clock("Time", "Sequence", ordered=True, adjacent=True)

Row = tuple[int, int, int, float | None, bool | None]


def measure(kind: Kind, of: pl.Expr | None = BID, where: pl.Expr | None = None) -> Measure:
    of = None if kind is Kind.DURATION and of is BID else of
    return Measure(kind.value, "l2", Aggregation(kind, of, where), "", kind, kind)


STATES = [measure(kind) for kind in Kind if kind.of_states]


def frame_of(rows: Sequence[Row]) -> pl.DataFrame:
    names = ["ListingId", "Time", "Sequence", "Bid", "Open"]
    types = [pl.Int64, pl.Int64, pl.Int64, pl.Float64, pl.Boolean]
    return pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")


def computed(
    measures: Sequence[Measure],
    rows: Sequence[Row] | pl.DataFrame,
    *,
    clock: Clock = UNKNOWN,
    buckets: Buckets = Buckets(MINUTE),  # noqa: B008 — frozen
    grid: Sequence[int] = (),
    filters: pl.Expr | None = None,
) -> dict[str, list[object]]:
    """Compute over one day; `grid` names further buckets of listing 1."""
    frame = rows if isinstance(rows, pl.DataFrame) else frame_of(rows)
    modules = {} if filters is None else {"m": filters}
    plan = TablePlan("l2", tuple(measures), modules, {each.name: "m" for each in measures})
    result = run_table(plan, [DayOfTable(DAY, frame.lazy(), clock)], buckets)
    wanted = pl.DataFrame(
        {"ListingId": [1] * len(grid), "TimeBucket": list(grid)},
        schema={"ListingId": pl.Int64, "TimeBucket": pl.Int64},
    ).with_columns(pl.lit(DAY).alias("__first_day"), pl.lit(DAY).alias("__day"))
    joined = join_tables(measures, [result], [DAY], grid=wanted if grid else None)
    return joined.drop("__day").to_dict(as_series=False)


def assert_close(found: Sequence[object], expected: Sequence[object]) -> None:
    assert [each is None for each in found] == [each is None for each in expected]
    told = [each for each in expected if each is not None]
    assert [each for each in found if each is not None] == pytest.approx(told, rel=1e-12, abs=1e-12)


# -- worked out by hand ----------------------------------------------------------------------------

BOOK: list[Row] = [
    # listing, time, sequence, bid, open
    (1, 10 * SECOND, 1, 100.0, True),
    (1, 40 * SECOND, 2, 98.0, True),
    (1, 40 * SECOND, 3, 104.0, False),  # ties with the one before, and wins
    (1, 200 * SECOND, 4, 106.0, True),  # 3 min 20 s: two buckets have passed without a row
]


@pytest.mark.parametrize("clock", [UNKNOWN, ORDERED, NEIGHBOURS])
def test_each_kind_of_state_gives_the_number_worked_out_by_hand(clock: Clock) -> None:
    found = computed(STATES, BOOK, clock=clock, grid=[2 * MINUTE])
    assert found["TimeBucket"] == [MINUTE, 2 * MINUTE, 4 * MINUTE]
    # 100 from 10 s to 40 s, 104 until 60 s; 104 throughout; 104 until 200 s, 106 until 240 s
    assert found["time_weighted"] == pytest.approx(
        [(100 * 30 + 104 * 20) / 50, 104.0, (104 * 20 + 106 * 40) / 60], rel=1e-12
    )
    assert found["duration"] == [50 * SECOND, 60 * SECOND, 60 * SECOND]
    assert found["state_first"] == [None, 104.0, 104.0]
    assert found["state_last"] == [104.0, 104.0, 106.0]
    assert found["state_min"] == [100.0, 104.0, 104.0], "98 held for no time at all"
    assert found["state_max"] == [104.0, 104.0, 106.0]


def test_a_state_that_holds_for_no_time_is_neither_highest_nor_weighed() -> None:
    rows: list[Row] = [
        (1, 10 * SECOND, 1, 100.0, True),
        (1, 30 * SECOND, 2, 900.0, True),  # ties with the next one
        (1, 30 * SECOND, 3, 101.0, True),
    ]
    found = computed(STATES, rows)
    assert found["state_max"] == [101.0]
    assert found["time_weighted"] == pytest.approx([(100 * 20 + 101 * 30) / 50], rel=1e-12)


def test_states_that_are_null_at_different_times_have_times_of_their_own() -> None:
    low = Measure(
        "low",
        "l2",
        Aggregation(Kind.TIME_WEIGHTED, pl.when(BID < 102).then(BID)),
        "",
        "",
        "",
    )
    high = Measure(
        "high",
        "l2",
        Aggregation(Kind.TIME_WEIGHTED, pl.when(BID > 102).then(BID)),
        "",
        "",
        "",
    )
    found = computed([low, high], BOOK)
    assert found["low"] == [100.0, None]
    assert found["high"] == pytest.approx([104.0, (104 * 20 + 106 * 40) / 60], rel=1e-12)


def test_a_state_that_does_not_count_has_no_weight_but_ends_the_one_before() -> None:
    while_open = [measure(Kind.TIME_WEIGHTED, BID, OPEN), measure(Kind.DURATION, None, OPEN)]
    found = computed(while_open, BOOK, grid=[2 * MINUTE])
    # open: 100 from 10 s to 40 s, nothing until 200 s, then 106
    assert found["time_weighted"] == [100.0, None, 106.0]
    assert found["duration"] == [30 * SECOND, 0, 40 * SECOND]


def test_an_unknown_value_has_no_weight_and_is_nobodys_last_state() -> None:
    rows: list[Row] = [(1, 10 * SECOND, 1, 100.0, True), (1, 30 * SECOND, 2, None, True)]
    found = computed(STATES, rows, grid=[2 * MINUTE])
    assert found["time_weighted"] == [100.0, None]
    assert found["state_last"] == [None, None]
    assert found["state_max"] == [100.0, None]


@pytest.mark.parametrize("absent", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("clock", [UNKNOWN, ORDERED, NEIGHBOURS])
def test_nan_and_infinity_are_absent_states(absent: float, clock: Clock) -> None:
    poisoned = frame_of([(*row[:3], absent if row[3] == 104.0 else row[3], row[4]) for row in BOOK])
    missing = poisoned.with_columns(pl.when(BID.is_finite()).then(BID).alias("Bid"))
    assert computed(STATES, poisoned, clock=clock) == computed(STATES, missing, clock=clock)


def test_before_the_first_state_the_book_is_unknown() -> None:
    rows: list[Row] = [(1, 2 * MINUTE + 30 * SECOND, 1, 100.0, True)]
    found = computed(STATES, rows, grid=[MINUTE])
    assert found["TimeBucket"] == [MINUTE, 3 * MINUTE]
    assert found["time_weighted"] == [None, 100.0]
    assert found["duration"] == [0, 30 * SECOND]
    assert found["state_last"] == [None, 100.0]


@pytest.mark.parametrize("clock", [UNKNOWN, ORDERED, NEIGHBOURS])
def test_a_row_on_the_left_edge_is_the_first_state_of_a_left_closed_bucket(clock: Clock) -> None:
    rows: list[Row] = [
        (1, 30 * SECOND, 1, 100.0, True),
        (1, MINUTE, 2, 101.0, True),
        (1, MINUTE, 3, 102.0, True),
        (1, 70 * SECOND, 4, 103.0, True),
    ]
    left = computed(STATES, rows, clock=clock, buckets=Buckets(MINUTE, "start", "left"))
    assert left["state_first"] == [None, 102.0]
    right = computed(STATES, rows, clock=clock)
    assert right["state_first"] == [None, 102.0], "carried in, the row stands in the bucket before"
    assert left["time_weighted"] == right["time_weighted"]
    assert left["state_last"] == [100.0, 103.0]
    assert right["state_last"] == [102.0, 103.0]


def test_a_wrong_hint_that_rows_stand_together_changes_nothing() -> None:
    two = [*BOOK, *((2, time + SECOND, s, b, o) for _, time, s, b, o in BOOK)]
    mixed = sorted(two, key=lambda row: (row[1], row[2]))
    assert computed(STATES, mixed, clock=NEIGHBOURS) == computed(STATES, mixed, clock=ORDERED)


def test_rows_that_no_module_looks_at_end_states_but_make_no_bucket() -> None:
    found = computed(STATES, BOOK, filters=pl.col("Open"))
    assert found["TimeBucket"] == [MINUTE, 4 * MINUTE]
    assert found["duration"] == [30 * SECOND, 40 * SECOND]
    closed = computed(STATES, BOOK, filters=~pl.col("Open"))
    assert closed["TimeBucket"] == [MINUTE]


def test_a_derived_measure_may_mix_states_with_counts() -> None:
    share = Measure(
        "Share",
        "l2",
        {"open": Aggregation(Kind.DURATION, where=OPEN), "n": Aggregation(Kind.COUNT)},
        "",
        "",
        "",
        post=pl.col("open") / (pl.col("n") + 1),
    )
    found = computed([share], BOOK, grid=[2 * MINUTE])
    assert found["Share"] == [30 * SECOND / 4, 0.0, 40 * SECOND / 2]


def test_a_state_goes_on_where_only_another_table_has_a_row() -> None:
    days = [DayOfTable(DAY, frame_of(BOOK).lazy(), ORDERED)]
    trade = frame_of([(1, 100 * SECOND, 1, 1.0, True)])
    states = tuple(STATES)
    count = (Measure("N", "trades", Aggregation(Kind.COUNT), "", "", ""),)
    tables = [
        run_table(TablePlan("l2", states), days, Buckets(MINUTE)),
        run_table(
            TablePlan("trades", count), [DayOfTable(DAY, trade.lazy(), ORDERED)], Buckets(MINUTE)
        ),
    ]
    found = join_tables([*states, *count], tables, [DAY])
    assert found["N"].to_list() == [0, 1, 0]
    assert found["state_last"].to_list() == [104.0, 104.0, 106.0]
    assert found["duration"].to_list() == [50 * SECOND, 60 * SECOND, 60 * SECOND]


# -- days ------------------------------------------------------------------------------------------


def test_a_bucket_across_midnight_adds_what_both_days_know_and_no_state_crosses() -> None:
    first = frame_of([(1, 10 * SECOND, 1, 100.0, True), (2, 10 * SECOND, 1, 7.0, True)])
    second = frame_of([(1, 40 * SECOND, 1, 104.0, True), (1, 150 * SECOND, 2, 106.0, True)])
    days = [
        DayOfTable(DAY, first.lazy(), ORDERED),
        DayOfTable(date(1970, 1, 2), second.lazy(), ORDERED),
    ]
    result = run_table(TablePlan("l2", tuple(STATES)), days, Buckets(MINUTE))
    found = join_tables(STATES, [result], [each.day for each in days])
    assert found["ListingId"].to_list() == [1, 1, 2]
    assert found["time_weighted"].to_list() == pytest.approx(
        [(100 * 30 + 104 * 20) / 50, (104 * 30 + 106 * 30) / 60, 7.0], rel=1e-12
    )
    assert found["duration"].to_list() == [50 * SECOND, 60 * SECOND, 50 * SECOND]
    assert found["state_first"].to_list() == [None, 104.0, None]
    assert found["state_last"].to_list() == [104.0, 106.0, 7.0]


def test_a_state_of_yesterday_does_not_reach_into_todays_buckets() -> None:
    days = [
        DayOfTable(DAY, frame_of([(1, 10 * SECOND, 1, 100.0, True)]).lazy(), ORDERED),
        DayOfTable(date(1970, 1, 2), frame_of([(1, 130 * SECOND, 1, 5.0, True)]).lazy(), ORDERED),
    ]
    result = run_table(TablePlan("l2", tuple(STATES)), days, Buckets(MINUTE))
    found = join_tables(STATES, [result], [each.day for each in days])
    assert found["time_weighted"].to_list() == [100.0, 5.0]
    assert found["state_first"].to_list() == [None, None]
    assert found["duration"].to_list() == [50 * SECOND, 50 * SECOND]


# -- laws ------------------------------------------------------------------------------------------

BOOKS = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 3]),
        st.integers(1, 900).map(lambda second: second * SECOND),
        st.one_of(st.none(), st.integers(-5, 5).map(float)),
        st.sampled_from([True, False, None]),
    ),
    min_size=1,
    max_size=40,
).map(lambda rows: [(a, t, i, b, o) for i, (a, t, b, o) in enumerate(rows)])


@settings(max_examples=25, deadline=None)
@given(BOOKS, st.floats(0.01, 1e6))
def test_a_constant_quote_has_that_constant_as_its_mean(book: list[Row], price: float) -> None:
    constant = frame_of([(*row[:3], price, row[4]) for row in book])
    found = computed([measure(Kind.TIME_WEIGHTED)], constant)
    told = [each for each in found["time_weighted"] if each is not None]
    # A listing whose only row stands on a bucket's right edge holds for no time of it.
    assert told == pytest.approx([price] * len(told), rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(BOOKS, st.integers(0, 2**32))
def test_the_order_of_rows_in_the_file_does_not_matter(book: list[Row], seed: int) -> None:
    shuffled = random_module.Random(seed).sample(book, len(book))
    ordered = sorted(book, key=lambda row: row[:3])
    expected = computed(STATES, ordered, clock=NEIGHBOURS)
    by_time = computed(STATES, sorted(book, key=lambda row: row[1:3]), clock=ORDERED)
    unordered = computed(STATES, shuffled)
    for name, column in expected.items():
        assert_close(by_time[name], column)
        assert_close(unordered[name], column)


@settings(max_examples=25, deadline=None)
@given(BOOKS)
def test_durations_over_the_buckets_of_a_dense_day_add_up_to_the_day(book: list[Row]) -> None:
    mine = [row for row in book if row[0] == 1]
    grid = [minute * MINUTE for minute in range(1, 16)]
    found = computed([measure(Kind.DURATION)], book, grid=grid)
    own = [d for a, d in zip(found["ListingId"], found["duration"], strict=True) if a == 1]
    first = min((row[1] for row in mine), default=900 * SECOND)
    assert sum(own) == 900 * SECOND - first


@settings(max_examples=25, deadline=None)
@given(BOOKS)
def test_five_minutes_are_five_dense_minutes_weighted_by_their_durations(book: list[Row]) -> None:
    book = [row for row in book if row[0] == 1]
    held = Measure("held", "l2", Aggregation(Kind.DURATION, BID), "", "", "")
    grid = [minute * MINUTE for minute in range(1, 16)]
    minutes = pl.DataFrame(computed([measure(Kind.TIME_WEIGHTED), held], book, grid=grid))
    wide = pl.DataFrame(
        computed(
            [measure(Kind.TIME_WEIGHTED), held], book, buckets=Buckets(5 * MINUTE), grid=grid[4::5]
        )
    )
    rolled = (
        minutes.with_columns((-(-pl.col("TimeBucket") // (5 * MINUTE)) * 5 * MINUTE).alias("Wide"))
        .group_by("ListingId", "Wide", maintain_order=True)
        .agg((pl.col("time_weighted") * pl.col("held")).sum().alias("sum"), pl.col("held").sum())
        .with_columns(
            pl.when(pl.col("held") > 0).then(pl.col("sum") / pl.col("held")).alias("mean")
        )
    )
    assert wide["held"].to_list() == rolled["held"].to_list()
    assert_close(wide["time_weighted"].to_list(), rolled["mean"].to_list())


@settings(max_examples=25, deadline=None)
@given(BOOKS)
def test_states_equal_those_of_plain_python(book: list[Row]) -> None:
    found = pl.DataFrame(computed(STATES, book))
    for bucket in found.to_dicts():
        expected = plain(book, bucket["ListingId"], bucket["TimeBucket"] - MINUTE)
        for name, value in expected.items():
            assert bucket[name] == (value if value is None else pytest.approx(value)), name


def plain(book: list[Row], listing: int, start: int) -> dict[str, float | None]:
    """Work a minute out row by row: each state from its time to the next one's."""
    rows = sorted((row for row in book if row[0] == listing), key=lambda row: row[1:3])
    ends = [*(row[1] for row in rows[1:]), 2**62]
    pieces = [
        (max(0, min(end, start + MINUTE) - max(row[1], start)), row[3])
        for row, end in zip(rows, ends, strict=True)
    ]
    known = [(held, bid) for held, bid in pieces if held > 0 and bid is not None]
    weight = sum(held for held, _ in known)
    before = [row[3] for row in rows if row[1] <= start]
    until = [row[3] for row in rows if row[1] <= start + MINUTE]
    return {
        "time_weighted": sum(held * bid for held, bid in known) / weight if weight else None,
        "duration": sum(held for held, _ in pieces),
        "state_first": before[-1] if before else None,
        "state_last": until[-1] if until else None,
        "state_min": min((bid for _, bid in known), default=None),
        "state_max": max((bid for _, bid in known), default=None),
    }
