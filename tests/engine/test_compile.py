"""Does the compiler give the numbers that the declarations say, in one streaming aggregation?"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import Aggregation, Kind, Measure, PassConfig
from beaf_core.engine.compiler.bucket import Buckets
from beaf_core.engine.compiler.combine import join_tables
from beaf_core.engine.compiler.compile import Clock, DayOfTable, TablePlan, compile_rows
from beaf_core.engine.compiler.execute import run_table
from beaf_core.engine.compiler.lanes import split_lanes

PRICE, SIZE, SIDE = pl.col("Price"), pl.col("Size"), pl.col("Side")
MINUTE = 60 * 10**9
OF_ROWS = [kind for kind in Kind if not kind.of_states]
DAY = date(2026, 2, 1)
CLOCK = Clock("Time", "Sequence")


def measure(
    name: str, kind: Kind, of: pl.Expr | None = None, where: pl.Expr | None = None
) -> Measure:
    q = 0.25 if kind is Kind.QUANTILE else None
    return Measure(name, "trades", Aggregation(kind, of, where, q), "ccy", name, name)


def frame_of(rows: Sequence[tuple[int, int, int, float | None, float, int]]) -> pl.DataFrame:
    names = ["ListingId", "Time", "Sequence", "Price", "Size", "Side"]
    types = [pl.Int64, pl.Int64, pl.Int64, pl.Float64, pl.Float64, pl.Int64]
    return pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")


BUCKETS = Buckets.of(PassConfig(name="bars", time_bucket_seconds=60))


def plan_of(measures: Sequence[Measure], rows: pl.Expr | None = None) -> TablePlan:
    filters = {} if rows is None else {"m": rows}
    return TablePlan("trades", tuple(measures), filters, {each.name: "m" for each in measures})


def finished(plan: TablePlan, *days: DayOfTable) -> pl.DataFrame:
    result = run_table(plan, days, BUCKETS)
    joined = join_tables(plan.measures, [result], [each.day for each in days])
    return joined.sort("ListingId", "TimeBucket")


def computed(
    measures: Sequence[Measure],
    frame: pl.DataFrame,
    *,
    clock: Clock = CLOCK,
    rows: pl.Expr | None = None,
    listings: Sequence[int] | None = None,
) -> dict[str, list[object]]:
    day = DayOfTable(DAY, frame.lazy(), clock, listings)
    found = finished(plan_of(measures, rows), day)
    return found.select([each.name for each in measures]).to_dict(as_series=False)


def queries(
    measures: Sequence[Measure], frame: pl.DataFrame, clock: Clock = CLOCK
) -> dict[str, pl.LazyFrame]:
    """Lane → its query."""
    day = DayOfTable(DAY, frame.lazy(), clock)
    lanes = split_lanes(plan_of(measures)).lanes
    return {each.name: compile_rows(each, [day], BUCKETS).frame for each in lanes}


ROWS = frame_of(
    [
        # listing, time, sequence, price, size, side; the last two of the first minute tie
        (1, 10, 1, 10.0, 1.0, 1),
        (1, 20, 3, 14.0, 2.0, 2),
        (1, 20, 2, 12.0, 3.0, 1),
        (1, MINUTE + 1, 4, 20.0, 4.0, 2),
        (2, 30, 5, 5.0, 5.0, 1),
    ]
)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.SUM, [36.0, 20.0, 5.0]),
        (Kind.MIN, [10.0, 20.0, 5.0]),
        (Kind.MAX, [14.0, 20.0, 5.0]),
        (Kind.MEAN, [12.0, 20.0, 5.0]),
        (Kind.STD, [2.0, None, None]),
        (Kind.FIRST, [10.0, 20.0, 5.0]),
        (Kind.LAST, [14.0, 20.0, 5.0]),  # sequence 3 comes after 2, wherever it stands
        (Kind.MEDIAN, [12.0, 20.0, 5.0]),
        (Kind.QUANTILE, [11.0, 20.0, 5.0]),  # a quarter: half way between 10 and 12
        (Kind.DISTINCT, [3, 1, 1]),
    ],
)
def test_each_kind_gives_the_number_worked_out_by_hand(
    kind: Kind, expected: list[float | None]
) -> None:
    assert computed([measure("X", kind, PRICE)], ROWS)["X"] == expected


def test_counts_are_of_rows_of_conditions_and_of_values() -> None:
    holes = ROWS.with_columns(pl.when(PRICE != 12.0).then(PRICE).alias("Price"))
    found = computed(
        [
            measure("Rows", Kind.COUNT),
            measure("Buys", Kind.COUNT, where=SIDE == 1),
            measure("Prices", Kind.COUNT, PRICE),
        ],
        holes,
    )
    assert found == {"Rows": [3, 1, 1], "Buys": [2, 0, 1], "Prices": [2, 1, 1]}


def test_a_condition_leaves_rows_out_and_an_empty_group_is_zero_or_null() -> None:
    sells = SIDE == 2
    found = computed(
        [measure(k, k, PRICE, sells) for k in (Kind.SUM, Kind.FIRST, Kind.LAST, Kind.MAX)], ROWS
    )
    assert found["sum"] == [14.0, 20.0, 0.0]
    assert found["first"] == found["last"] == found["max"] == [14.0, 20.0, None]


def test_nan_never_gets_through() -> None:
    poisoned = ROWS.with_columns(
        pl.when(PRICE == 12.0).then(math.nan).otherwise(PRICE).alias("Price")
    )
    found = computed([measure(k, k, PRICE) for k in OF_ROWS if k is not Kind.COUNT], poisoned)
    assert found["sum"] == [24.0, 20.0, 5.0]
    assert found["max"] == [14.0, 20.0, 5.0]
    assert found["mean"] == [12.0, 20.0, 5.0]
    assert found["distinct"] == [2, 1, 1]
    assert not any(
        isinstance(value, float) and math.isnan(value) for each in found.values() for value in each
    )


def test_a_derived_measure_is_evaluated_on_its_named_inputs() -> None:
    vwap = Measure(
        "VWAP",
        "trades",
        {"n": Aggregation(Kind.SUM, PRICE * SIZE), "v": Aggregation(Kind.SUM, SIZE)},
        "ccy",
        "",
        "",
        post=pl.col("n") / pl.col("v"),
    )
    # (10 + 28 + 36) / 6, 80 / 4, 25 / 5
    assert computed([vwap], ROWS)["VWAP"] == [pytest.approx(74 / 6), 20.0, 5.0]


def test_equal_aggregations_are_computed_once() -> None:
    volume = measure("Volume", Kind.SUM, SIZE)
    again = measure("Shares", Kind.SUM, pl.col("Size"))
    split = split_lanes(plan_of([volume, again]))
    assert split.inputs["Volume"]["Volume"] == split.inputs["Shares"]["Shares"]
    assert [len(lane.slots) for lane in split.lanes] == [1]


def test_only_the_listings_of_the_universe_are_aggregated() -> None:
    day = DayOfTable(DAY, ROWS.lazy(), CLOCK, listings=[2])
    assert finished(plan_of([measure("N", Kind.COUNT)]), day)["ListingId"].to_list() == [2]


def test_a_module_without_matching_rows_has_no_bucket() -> None:
    found = computed([measure("N", Kind.COUNT)], ROWS, rows=SIDE == 2)
    assert found["N"] == [1, 1]  # listing 2 has buys only


def test_modules_with_different_rows_share_one_aggregation() -> None:
    plan = TablePlan(
        "trades",
        (measure("Buys", Kind.COUNT), measure("All", Kind.COUNT)),
        {"buys": SIDE == 1},
        {"Buys": "buys", "All": "everything"},
    )
    found = finished(plan, DayOfTable(DAY, ROWS.lazy(), CLOCK))
    assert found["Buys"].to_list() == [2, 0, 1]
    assert found["All"].to_list() == [3, 1, 1]


def test_a_bucket_across_two_trade_dates_is_one_row() -> None:
    plan = TablePlan("trades", (measure("Close", Kind.LAST, PRICE),), {}, {"Close": "m"})
    first = DayOfTable(date(1970, 1, 1), ROWS.lazy(), CLOCK, [1])
    late = frame_of([(1, 50, 9, 99.0, 1.0, 1)])
    second = DayOfTable(date(1970, 1, 2), late.lazy(), CLOCK, [1])
    found = finished(plan, first, second)
    assert found["Close"].to_list() == [99.0, 20.0]


# -- the physical plan ---------------------------------------------------------------------------


def physical_plan(frame: pl.LazyFrame) -> str:
    return str(frame.show_graph(engine="streaming", plan_stage="physical", raw_output=True) or "")


def falls_back(plan: str) -> bool:
    # The plan's legend always speaks of the in-memory engine; only a node's label counts.
    return re.search(r'label="in-memory-(?!source)', plan) is not None


STREAMING = [kind for kind in OF_ROWS if kind.streams]


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("where", [None, SIDE == 2])
def test_every_native_kind_streams(ordered: bool, where: pl.Expr | None) -> None:
    measures = [measure(kind, kind, PRICE, where) for kind in STREAMING]
    found = queries(measures, ROWS, Clock("Time", "Sequence", ordered=ordered))
    assert list(found) == ["plain"]
    plan = physical_plan(found["plain"])
    assert "group-by" in plan
    assert not falls_back(plan)


def test_a_median_runs_apart_and_leaves_the_rest_streaming() -> None:
    found = queries(
        [measure("Median", Kind.MEDIAN, PRICE), measure("Volume", Kind.SUM, SIZE)], ROWS
    )
    assert not falls_back(physical_plan(found["plain"]))
    assert falls_back(physical_plan(found["fallback"])), "the lint can see a node that falls back"


def test_a_derived_measure_may_mix_what_streams_with_what_does_not() -> None:
    skew = Measure(
        "Skew",
        "trades",
        {"mean": Aggregation(Kind.MEAN, PRICE), "median": Aggregation(Kind.MEDIAN, PRICE)},
        "ccy",
        "",
        "",
        post=pl.col("mean") - pl.col("median"),
    )
    assert computed([skew], ROWS)["Skew"] == [0.0, 0.0, 0.0]


def test_there_is_one_aggregation_whatever_the_number_of_measures() -> None:
    measures = [
        measure(f"{kind}{side}", kind, PRICE, side == SIDE) for kind in STREAMING for side in (1, 2)
    ]
    labels = re.findall(r'label="([^"\\]*)', physical_plan(queries(measures, ROWS)["plain"]))
    assert sum(label.startswith("group-by") for label in labels) == 1


# -- laws ------------------------------------------------------------------------------------------

TRADES = st.lists(
    st.tuples(
        st.sampled_from([1, 2]),
        st.integers(1, 5 * MINUTE // 10**9).map(lambda second: second * 10**9),
        st.integers(1, 10**6).map(lambda cents: cents / 100),
        st.integers(1, 10**6).map(float),
        st.sampled_from([0, 1, 2]),
    ),
    min_size=1,
    max_size=60,
)
BAR = [measure(k, k, PRICE) for k in (Kind.FIRST, Kind.MAX, Kind.MIN, Kind.LAST)] + [
    measure("volume", Kind.SUM, SIZE),
    measure("count", Kind.COUNT),
]


@settings(max_examples=25, deadline=None)
@given(TRADES, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter_where_a_sequence_breaks_ties(
    trades: list[tuple[int, int, float, float, int]], random: object
) -> None:
    rows = [(a, t, i, p, s, d) for i, (a, t, p, s, d) in enumerate(trades)]
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert computed(BAR, frame_of(rows)) == computed(BAR, frame_of(shuffled))


@settings(max_examples=25, deadline=None)
@given(TRADES)
def test_bars_equal_those_of_plain_python(
    trades: list[tuple[int, int, float, float, int]],
) -> None:
    rows = [(a, t, i, p, s, d) for i, (a, t, p, s, d) in enumerate(trades)]
    groups: dict[tuple[int, int], list[tuple[int, int, float, float]]] = {}
    for listing, time, sequence, price, size, _ in rows:
        groups.setdefault((listing, -(-time // MINUTE)), []).append((time, sequence, price, size))
    bars = [sorted(groups[key]) for key in sorted(groups)]
    found = computed(BAR, frame_of(rows))
    assert found["first"] == [bar[0][2] for bar in bars]
    assert found["last"] == [bar[-1][2] for bar in bars]
    assert found["max"] == [max(p for _, _, p, _ in bar) for bar in bars]
    assert found["min"] == [min(p for _, _, p, _ in bar) for bar in bars]
    assert found["volume"] == [sum(s for *_, s in bar) for bar in bars]
    assert found["count"] == [len(bar) for bar in bars]


def test_a_sum_of_small_integers_does_not_overflow() -> None:
    largest = 2**31 - 1
    rows = [(1, each, each, None, float(largest), 0) for each in range(1, 4)]
    for dtype in (pl.Int32, pl.UInt32):
        frame = frame_of(rows).with_columns(pl.col("Size").cast(dtype))
        asked = [
            measure("All", Kind.SUM, SIZE),
            measure("Mean", Kind.MEAN, SIZE),
        ]
        found = computed(asked, frame)
        assert found["All"] == [3 * largest]
        assert found["Mean"] == [largest]


@pytest.mark.parametrize("dtype", [pl.Int64, pl.Float64, pl.Float32, pl.Int8])
def test_a_mean_is_the_same_whether_or_not_a_sum_is_asked_for(dtype: type[pl.DataType]) -> None:
    rows = [(1, 1, 1, None, 2.0, 0), (1, 2, 2, None, 5.0, 0), (2, 1, 3, None, 7.0, 1)]
    frame = frame_of(rows).with_columns(pl.col("Size").cast(dtype))
    mean = measure("Mean", Kind.MEAN, SIZE, SIDE == 0)
    alone = computed([mean], frame)
    beside = computed([measure("Sum", Kind.SUM, SIZE, SIDE == 0), mean], frame)
    assert alone["Mean"] == [3.5, None]
    assert beside["Mean"] == alone["Mean"]
