"""Is every listing computed exactly once, in batches that stay within their limits?"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core.config.analytics import AnalyticsConfig, PassConfig
from beaf_core.config.resolved import ResolvedModule, ResolvedPass
from beaf_core.engine.batches.batch import Limits, add_up, in_pieces, pack, plan_steps
from beaf_core.engine.batches.memory import TableCost, costs_of, estimate_bytes, lanes_of
from beaf_core.engine.batches.rows import count_rows, is_by_listing, rows_by_listing, spread
from beaf_core.engine.compiler.compile import Clock, TablePlan
from beaf_core.engine.planning.prepare import DayPlan
from beaf_core.engine.planning.tables import TableOnDay
from beaf_core.engine.work import PassWork
from beaf_core.model.dates import DayStatus
from beaf_core.model.errors import DataInvalidError
from beaf_core.model.module import Aggregation, AnalyticsModule, Kind, Measure
from beaf_core.model.primitives import AsOf, Lifetime
from beaf_core.model.tables import Part, TableRead

DAY = date(2025, 1, 6)
COUNT = Measure("Prints", "trades", Aggregation(Kind.COUNT), "trades", "", "")
SIZES = Measure("Volume", "trades", Aggregation(Kind.SUM, pl.col("Size")), "shares", "", "")
NO_LIMIT = 10**15


def work_of(
    rows: dict[int, int],
    *,
    parts: tuple[Part, ...] | None = None,
    measures: tuple[Measure, ...] = (COUNT,),
    seconds: float = 60,
    **module: Any,
) -> PassWork:
    """Make a pass over a day of trades, with so many rows of each listing."""
    listings = sorted(rows)
    frame = pl.LazyFrame({"ListingId": [one for one in listings for _ in range(rows[one])]})
    read = TableRead(
        DayStatus.READY, frame, (Part("a", rows=sum(rows.values())),) if parts is None else parts
    )
    table = TableOnDay(TablePlan("trades", measures), read, Clock("t", None))
    universe = pl.DataFrame({"ListingId": listings}, schema={"ListingId": pl.Int64})
    declared = AnalyticsModule("own", measures=lambda _options: measures, **module)
    resolved = ResolvedPass(
        PassConfig(name="bars", time_bucket_seconds=seconds),
        (ResolvedModule(declared, None, measures),),
        (),
    )
    return PassWork(resolved, [DayPlan(DAY, DayStatus.READY, universe, (table,))])


def listings_of(steps: list[Any]) -> list[tuple[int, ...] | None]:
    return [step.batch.listings for step in steps]


SIZES_OF_LISTINGS = st.dictionaries(st.integers(1, 500), st.integers(0, 50), max_size=30)


# -- packing ---------------------------------------------------------------------------------------


@given(trades=SIZES_OF_LISTINGS, quotes=SIZES_OF_LISTINGS, cap=st.integers(1, 80))
def test_every_listing_is_in_one_batch_and_only_a_single_one_exceeds_a_cap(
    trades: dict[int, int], quotes: dict[int, int], cap: int
) -> None:
    rows = {"trades": trades, "l2": quotes}
    listings = sorted({*trades, *quotes})

    def admits(sizes: Any, _count: int) -> bool:
        return max(sizes.values()) <= cap

    batches = list(pack(listings, rows, admits))
    assert [one for batch in batches for one in batch] == listings
    assert batches == list(pack(listings, rows, admits))
    for batch in batches:
        assert len(batch) == 1 or admits(add_up(rows, batch), len(batch))
    # Greedy: no two neighbours would have fitted together.
    for before, after in pairwise(batches):
        assert not admits(add_up(rows, [*before, after[0]]), len(before) + 1)


@settings(max_examples=25, deadline=None)
@given(rows=SIZES_OF_LISTINGS.filter(bool), cap=st.integers(1, 80))
def test_a_plan_covers_the_universe_once_whatever_the_cap(rows: dict[int, int], cap: int) -> None:
    steps = plan_steps([work_of(rows)], Limits(NO_LIMIT, {"trades": cap}))
    if len(steps) == 1:
        assert listings_of(steps) == [None]
        return
    covered = [one for step in steps for one in step.batch.listings or ()]
    assert covered == sorted(rows)
    for step in steps:
        assert step.batch.rows == {"trades": sum(rows[one] for one in step.batch.listings or ())}
        assert len(step.batch.listings or ()) == 1 or step.batch.rows["trades"] <= cap


def test_what_fits_is_one_batch_and_nothing_is_read() -> None:
    def never() -> pl.DataFrame:
        raise AssertionError("a row was read")

    work = work_of({1: 5, 2: 5})
    unread = pl.LazyFrame({"ListingId": [1]}).map_batches(lambda _frame: never())
    table = work.plans[0].tables[0]
    read = TableRead(DayStatus.READY, unread, table.read.parts)
    plan = DayPlan(
        DAY, DayStatus.READY, work.plans[0].listings, (TableOnDay(table.plan, read, table.clock),)
    )
    [step] = plan_steps([PassWork(work.resolved, [plan])], Limits(NO_LIMIT, {"trades": 10}))
    assert step.batch.listings is None
    assert step.batch.rows == {"trades": 10}
    with pytest.raises((pl.exceptions.ComputeError, AssertionError)):
        plan_steps([PassWork(work.resolved, [plan])], Limits(NO_LIMIT, {"trades": 9}))


def test_a_module_that_looks_across_listings_is_never_cut() -> None:
    limits = Limits(NO_LIMIT, {"trades": 5})
    rows = {1: 5, 2: 5, 3: 5}
    whole, parted = work_of(rows, cross_sectional=True), work_of(rows)
    assert listings_of(plan_steps([whole], limits)) == [None]
    steps = plan_steps([parted, whole], limits)
    assert listings_of(steps) == [None, (1,), (2,), (3,)]
    assert [step.work for step in steps] == [(whole,), (parted,), (parted,), (parted,)]


def test_a_listing_larger_than_the_limit_is_a_batch_of_its_own() -> None:
    steps = plan_steps([work_of({1: 2, 2: 90, 3: 2, 4: 2})], Limits(NO_LIMIT, {"trades": 10}))
    assert listings_of(steps) == [(1,), (2,), (3, 4)]


def test_a_batch_knows_its_rows_and_the_budget() -> None:
    steps = plan_steps([work_of({1: 4, 2: 3, 3: 5})], Limits(NO_LIMIT, {"trades": 7}))
    assert [(dict(step.batch.rows), step.batch.budget) for step in steps] == [
        ({"trades": 7}, NO_LIMIT),
        ({"trades": 5}, NO_LIMIT),
    ]


def test_a_cap_may_call_a_table_by_its_name_in_sources() -> None:
    config = AnalyticsConfig(MAX_ROWS_PER_TABLE={"trades-plus": 5, "l2": 7})
    assert Limits.of(config, 1).caps == {"trades": 5, "l2": 7}


def test_there_is_no_cap_unless_one_is_set() -> None:
    assert Limits.of(AnalyticsConfig(), 1).caps == {}


@settings(max_examples=30, deadline=None)
@given(rows=SIZES_OF_LISTINGS.filter(bool), megabytes=st.integers(51, 60))
def test_batches_stay_within_the_budget_as_estimated(rows: dict[int, int], megabytes: int) -> None:
    thousand = {one: 1000 * count for one, count in rows.items()}
    groups = tuple((count, one, one) for one, count in sorted(thousand.items()))
    parts = (Part("a", rows=sum(thousand.values()), row_groups=groups),)
    # Medians: what is held grows with rows.
    median = Measure("Mid", "trades", Aggregation(Kind.MEDIAN, pl.col("Price")), "", "", "")
    work = work_of(thousand, parts=parts, measures=(median,))
    limits = Limits(megabytes * 10**6, {})
    steps = plan_steps([work], limits)
    for step in steps:
        assert step.bytes <= limits.budget or len(step.batch.listings or [*rows][:1]) == 1
        assert len(steps) == 1 or step.bytes == estimate_bytes(
            costs_of([work]), step.batch.rows, len(step.batch.listings or ())
        )


def test_a_cap_on_a_table_that_does_not_tell_its_rows_is_respected_all_the_same() -> None:
    for parts in ((), (Part("a"),)):
        work = work_of({1: 5, 2: 5}, parts=parts)
        assert listings_of(plan_steps([work], Limits(NO_LIMIT, {"trades": 5}))) == [(1,), (2,)]
        [step] = plan_steps([work], Limits(NO_LIMIT, {}))
        assert "trades" not in step.batch.rows  # nobody knows


MEDIAN = Measure("Mid", "trades", Aggregation(Kind.MEDIAN, pl.col("Price")), "", "", "")
LIFE = Measure(
    "Life",
    "trades",
    Aggregation(Kind.SUM, pl.col("life")),
    "",
    "",
    "",
    lookups={"life": Lifetime(pl.col("Side") == 1, pl.col("Side") == 2)},
)


def test_a_table_that_does_not_tell_its_rows_is_kept_within_the_budget_all_the_same() -> None:
    median = Measure("Mid", "trades", Aggregation(Kind.MEDIAN, pl.col("Size")), "shares", "", "")
    rows = {1: 500_000, 2: 500_000}
    groups = tuple((count, listing, listing) for listing, count in rows.items())
    told = work_of(rows, measures=(median,), parts=(Part("a", rows=10**6, row_groups=groups),))
    limits = Limits(150_000_000, {})
    assert listings_of(plan_steps([told], limits)) == [(1,), (2,)]
    untold = work_of(rows, measures=(median,), parts=())
    assert listings_of(plan_steps([untold], limits)) == [(1,), (2,)]
    # What may be sorted by time is cut at edges of buckets, by the rows of its batch.
    mixed = work_of(rows, measures=(median,), parts=(Part("a"),))
    (step,) = plan_steps([mixed], limits)
    assert step.batch.listings is None
    assert step.batch.rows == {"trades": 10**6}


def test_what_lanes_can_cut_by_time_is_not_cut_by_listing_in_files_sorted_by_time() -> None:
    rows = dict.fromkeys(range(1, 11), 10**6)

    def parts(*, by_time: bool) -> tuple[Part, ...]:
        groups = [(10**6, 1, 10) if by_time else (10**6, one, one) for one in rows]
        return (Part("a", rows=10**7, row_groups=tuple(groups)),)

    def plan(*measures: Measure, by_time: bool) -> list[Any]:
        # Made without rows: what row groups tell has to suffice, or be refused.
        work = work_of(dict.fromkeys(rows, 1), parts=parts(by_time=by_time), measures=measures)
        return plan_steps([work], Limits(10**9, {}), exact=False)

    # 10 million rows of medians take 1.5 GB, and 0.9 of lifetimes.
    assert len(plan(MEDIAN, by_time=False)) > 1
    [step] = plan(MEDIAN, by_time=True)
    assert (step.batch.listings, step.batch.rows, step.bytes) == (None, {"trades": 10**7}, 10**9)
    assert len(plan(MEDIAN, LIFE, by_time=True)) > 1


def test_what_fits_at_once_is_cut_all_the_same_where_its_pieces_are_ranges_of_its_files() -> None:
    median = Measure("Mid", "trades", Aggregation(Kind.MEDIAN, pl.col("Price")), "", "", "")
    rows = dict.fromkeys(range(1, 8), 10**6)
    limits = Limits(10**12, {})
    groups = tuple((count, one, one) for one, count in rows.items())
    parts = (Part("a", rows=7 * 10**6, row_groups=groups),)
    by_listing = work_of(rows, parts=parts, measures=(median,))
    [whole] = plan_steps([by_listing], limits)
    pieces = in_pieces(whole, limits)
    assert [each for piece in pieces for each in piece.batch.listings or ()] == [*rows]
    assert len(pieces) > 1
    assert sum(piece.batch.rows["trades"] for piece in pieces) == 7 * 10**6
    assert {piece.batch.budget for piece in pieces} == {10**12}, "no lane is cut any further"
    mixed = ((7 * 10**6 // 2, 1, 7),) * 2
    by_time = work_of(
        rows, parts=(Part("a", rows=7 * 10**6, row_groups=mixed),), measures=(median,)
    )
    [whole] = plan_steps([by_time], limits)
    assert in_pieces(whole, limits) == [whole]
    count = Measure("Rows", "trades", Aggregation(Kind.COUNT), "", "", "")
    plain = work_of(rows, parts=parts, measures=(count,))
    [whole] = plan_steps([plain], limits)
    assert in_pieces(whole, limits) == [whole], "it holds nothing that pieces could spare"


# -- rows of listings ------------------------------------------------------------------------------


def test_a_row_group_of_one_listing_tells_its_rows() -> None:
    assert spread([(10, 1, 1), (7, 1, 1), (5, 2, 2)], [1, 2, 3]) == {1: 17, 2: 5}


def test_a_row_group_of_several_listings_is_shared_out_and_loses_no_row() -> None:
    assert spread([(11, 2, 9)], [1, 2, 5, 9, 12]) == {2: 4, 5: 4, 9: 3}


def test_a_row_group_without_a_listing_of_the_universe_counts_nothing() -> None:
    assert spread([(11, 6, 8)], [1, 5, 9]) == {}


@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(1, 9), st.integers(0, 9))),
    st.sets(st.integers(1, 20)),
)
def test_sharing_out_keeps_the_sum(found: list[tuple[int, int, int]], ids: set[int]) -> None:
    groups = [(rows, low, low + more) for rows, low, more in found]
    listings = sorted(ids)
    seen = sum(rows for rows, low, high in groups if any(low <= one <= high for one in ids))
    assert sum(spread(groups, listings).values()) == seen


def test_order_by_listing_is_seen_in_ranges_that_meet_at_their_edges_only() -> None:
    assert is_by_listing([(9, 1, 3), (9, 3, 3), (9, 3, 8)])
    assert is_by_listing([(9, 5, 8), (9, 1, 5)])  # files in any order
    assert not is_by_listing([(9, 1, 8), (9, 1, 8)])
    assert is_by_listing([])


TRUE_ROWS = {1: 7, 2: 1, 3: 4}
MIXED = Part("a", rows=12, row_groups=((8, 1, 2), (4, 3, 3)))


@pytest.mark.parametrize(
    ("part", "tolerance", "found"),
    [
        # Within the tolerance: 8 rows of two listings are halved; an edge is twice in doubt.
        (MIXED, 16, {1: 4, 2: 4, 3: 4}),
        (MIXED, 15, TRUE_ROWS),
        (Part("a", rows=12, row_groups=((6, 1, 3), (6, 1, 3))), 11, TRUE_ROWS),  # by time
        (Part("a", rows=12, row_groups=((8, 1, 1), (4, 3, 3))), 0, {1: 8, 3: 4}),  # no doubt
        (Part("a", rows=12), 10**9, TRUE_ROWS),
        (Part("a"), 10**9, TRUE_ROWS),
    ],
)
def test_rows_are_counted_where_row_groups_leave_too_much_in_doubt(
    part: Part, tolerance: int, found: dict[int, int]
) -> None:
    work = work_of(TRUE_ROWS, parts=(part,))
    assert rows_by_listing([work], [1, 2, 3], {"trades": tolerance}) == {"trades": found}


def test_a_table_of_a_day_that_two_passes_read_counts_once() -> None:
    work = work_of(TRUE_ROWS)
    assert rows_by_listing([work, work], [1, 2, 3], {}) == {"trades": TRUE_ROWS}


def test_days_are_added_up() -> None:
    one, other = work_of({1: 7, 3: 4}), work_of({1: 1, 2: 5})
    later = DayPlan(
        date(2025, 1, 7), DayStatus.READY, other.plans[0].listings, other.plans[0].tables
    )
    both = PassWork(one.resolved, [one.plans[0], later])
    assert rows_by_listing([both], [1, 2, 3], {}) == {"trades": {1: 8, 2: 5, 3: 4}}
    assert listings_of(plan_steps([both], Limits(NO_LIMIT, {"trades": 8}))) == [(1,), (2,), (3,)]


@given(st.lists(st.lists(st.one_of(st.none(), st.integers(1, 4)), max_size=9), min_size=1))
def test_rows_are_counted_by_runs_as_by_groups_in_any_order(files: list[list[int | None]]) -> None:
    work = work_of({1: 1})
    [table] = work.plans[0].tables
    frames = [pl.LazyFrame({"ListingId": each}, schema={"ListingId": pl.Int64}) for each in files]
    found = []
    for groups in ([(1, 1, 1)], None):  # they stand together, as it seems; nothing is known
        read = TableRead(DayStatus.READY, pl.concat(frames), (Part("a", row_groups=groups),))
        found.append(count_rows(replace(table, read=read)))
    counted = Counter(each for file in files for each in file if each is not None)
    assert found == [counted, counted]


@pytest.mark.parametrize("kept", ["half is overwritten", "half is cut off", "nothing"])
def test_a_table_that_cannot_be_counted_is_named(tmp_path: Path, kept: str) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"ListingId": range(1000)}).write_parquet(path)
    frame = pl.scan_parquet(path)
    frame.collect_schema()
    stored = path.read_bytes()
    half = len(stored) // 2
    left = {
        "half is overwritten": b"PAR1" + bytes(half) + stored[half + 4 :],
        "half is cut off": stored[:half],
        "nothing": b"",
    }
    path.write_bytes(left[kept])
    work = work_of(TRUE_ROWS)
    table = work.plans[0].tables[0]
    read = TableRead(DayStatus.READY, frame, (Part(str(path)),))
    plan = DayPlan(
        DAY, DayStatus.READY, work.plans[0].listings, (TableOnDay(table.plan, read, table.clock),)
    )
    with pytest.raises(DataInvalidError, match=r"trades cannot be read \(in .*a\.parquet"):
        rows_by_listing([PassWork(work.resolved, [plan])], [1], {})


# -- memory ----------------------------------------------------------------------------------------


def lanes(*measures: Measure, table: str = "l3") -> set[str]:
    declared = AnalyticsModule("own", measures=lambda _options: measures)
    return lanes_of([ResolvedModule(declared, None, measures)], table)


def measured(kind: Kind, lookups: dict[str, Any] | None = None, **more: Any) -> Measure:
    of = None if kind is Kind.COUNT else pl.col("Price")
    return Measure("M", "l3", Aggregation(kind, of, **more), "", "", "", lookups=lookups or {})


def test_each_way_of_holding_rows_is_seen_once() -> None:
    assert lanes(measured(Kind.SUM), measured(Kind.COUNT)) == {"plain"}
    assert lanes(measured(Kind.MEDIAN), measured(Kind.QUANTILE, q=0.9)) == {"plain", "fallback"}
    assert lanes(measured(Kind.DISTINCT)) == {"plain", "distinct"}
    assert lanes(measured(Kind.TIME_WEIGHTED)) == {"plain", "states"}
    life = Lifetime(pl.col("Side") == 1, pl.col("Side") == 2)
    assert lanes(measured(Kind.SUM, {"Life": life})) == {"plain", "lifetimes"}
    quote = measured(Kind.SUM, {"Mid": AsOf("l2", pl.col("BidPrice1"))})
    assert lanes(quote) == lanes(quote, table="l2") == {"plain", "asof"}
    assert lanes(quote, table="trades") == {"plain"}


@given(st.integers(0, 10**8), st.integers(0, 10**8), st.integers(0, 999), st.integers(0, 999))
def test_more_rows_or_listings_never_need_less(rows: int, more: int, ids: int, others: int) -> None:
    costs = [TableCost("l3", 90, 8, 14, 1440, 262_144)]
    assert estimate_bytes(costs, {"l3": rows}, ids) <= estimate_bytes(
        costs, {"l3": rows + more}, ids + others
    )


def test_counts_are_flat_in_rows_and_lifetimes_are_not() -> None:
    plain = TableCost("l3", 2, 8, 14, 1440, 262_144)
    held = TableCost("l3", 92, 8, 14, 1440, 262_144)
    million = 10**6
    assert plain.bytes(120 * million, 500) < 2 * plain.bytes(20 * million, 500)
    assert held.bytes(120 * million, 500) > 4 * held.bytes(20 * million, 500)


def test_a_pass_needs_what_its_tables_need_together() -> None:
    rows = Counter({1: 1000})
    one, two = work_of(rows), work_of(rows, measures=(COUNT, SIZES), seconds=0.5)
    [first], [second] = costs_of([one]), costs_of([two])
    assert (first.columns, first.aggregates, first.buckets) == (3, 1, 1442)
    assert (second.columns, second.aggregates, second.buckets) == (4, 2, 172_802)
    together = estimate_bytes(costs_of([one, two]), {"trades": 1000}, 1)
    alone = [estimate_bytes([cost], {"trades": 1000}, 1) for cost in (first, second)]
    assert together == sum(alone) - estimate_bytes([], {}, 0)
