"""Does a dense pass have a row for each whole bucket of its grid, and fill it by its rule?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import (
    AnalyticsModule,
    ConfigError,
    DayStatus,
    DenseGrid,
    ExitCode,
    PassConfig,
    RunReport,
    TableRead,
    run_pipeline,
)
from beaf_core.config.resolved import ResolvedModule, ResolvedPass
from beaf_core.engine.compiler.compile import Clock, TablePlan
from beaf_core.engine.compiler.compute import compute
from beaf_core.engine.planning.prepare import DayPlan
from beaf_core.engine.planning.tables import TableOnDay
from beaf_core.engine.primitives.timeline import buckets_of, grid_keys
from beaf_core.engine.work import Batch, PassWork
from beaf_core.model.primitives import time_of_day
from beaf_core.testing.market import tiny_bars, write_market

MONDAY, TUESDAY = "2025-01-06", "2025-01-07"
DAY = date(2025, 1, 6)
MIDNIGHT = int(datetime(2025, 1, 6, tzinfo=UTC).timestamp()) * 10**9
HOUR = 3600 * 10**9

Anchor = Literal["end", "start"]
Closed = Literal["right", "left"]
anchors = st.sampled_from(["end", "start"])
edges = st.sampled_from(["right", "left"])


def config(seconds: float, anchor: Anchor = "end", closed: Closed = "right") -> PassConfig:
    return PassConfig(
        name="bars",
        time_bucket_seconds=seconds,
        time_bucket_anchor=anchor,
        time_bucket_closed=closed,
    )


def label(instant: int, width: int, anchor: Anchor, closed: Closed) -> int:
    """Work a bucket's label out for one nanosecond, the slow way."""
    start = next(
        start
        for start in range((instant // width - 1) * width, instant + 1, width)
        if (
            start <= instant < start + width
            if closed == "left"
            else start < instant <= start + width
        )
    )
    return start + width if anchor == "end" else start


def instants(begin: int, end: int, closed: Closed) -> range:
    return range(begin, end) if closed == "left" else range(begin + 1, end + 1)


# -- the grid is the set of buckets of all instants ------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 2), st.integers(-40, 60), st.integers(0, 50)), max_size=5),
    st.integers(1, 20),
    anchors,
    edges,
)
def test_the_buckets_of_spans_are_those_of_all_their_nanoseconds(
    spans: list[tuple[int, int, int]], width: int, anchor: Anchor, closed: Closed
) -> None:
    frame = pl.DataFrame(
        [(listing, begin, begin + length, DAY) for listing, begin, length in spans],
        schema={"ListingId": pl.Int64, "__begin": pl.Int64, "__end": pl.Int64, "__day": pl.Date},
        orient="row",
    )
    found = buckets_of(frame, config(width / 1e9, anchor, closed))
    wanted = {
        (listing, label(instant, width, anchor, closed))
        for listing, begin, length in spans
        for instant in instants(begin, begin + length, closed)
    }
    assert found.select("ListingId", "TimeBucket").rows() == sorted(wanted)


def resolved(grid: DenseGrid, pass_config: PassConfig) -> ResolvedPass:
    module = AnalyticsModule("dense", lambda _options: ())
    return ResolvedPass(pass_config, (ResolvedModule(module, None, grid=grid),), ())


def day_plan(
    states: Sequence[tuple[int, int, int, str]] | None,
    listings: Sequence[int] = (1, 2),
    day: date = DAY,
) -> DayPlan:
    """Plan a day with the states (listing, nanoseconds since midnight, sequence, state)."""
    universe = pl.DataFrame({"ListingId": listings}, schema={"ListingId": pl.Int64})
    if states is None:
        return DayPlan(day, DayStatus.READY, universe)
    midnight = MIDNIGHT + (day - DAY).days * 24 * HOUR
    names = ["ListingId", "Time", "Sequence", "MarketState"]
    frame = pl.DataFrame(states, schema=names, orient="row", infer_schema_length=None)
    frame = frame.with_columns(
        pl.col("ListingId", "Time", "Sequence").cast(pl.Int64),
        pl.col("MarketState").cast(pl.String),
    ).with_columns(pl.col("Time") + midnight)
    table = TableOnDay(
        TablePlan("marketstate", ()),
        TableRead(DayStatus.READY, frame.lazy()),
        Clock("Time", "Sequence"),
    )
    return DayPlan(day, DayStatus.READY, universe, (table,))


SESSIONS = DenseGrid("adaptative")
STATES = ["CONTINUOUS_TRADING", "CLOSED", "HALTED"]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 80), st.sampled_from(STATES)), max_size=8),
    st.integers(1, 20),
    anchors,
    edges,
    st.randoms(),
)
def test_the_grid_is_the_set_of_buckets_of_all_nanoseconds_of_the_sessions(
    states: list[tuple[int, int, str]], width: int, anchor: Anchor, closed: Closed, random: Any
) -> None:
    told = [(at, number, listing, state) for number, (listing, at, state) in enumerate(states)]
    # Sessions that nothing ends are ended here, so that they are small enough to enumerate.
    told += [(100, 99, listing, "CLOSED") for listing in (1, 2, 3)]
    wanted = {
        (listing, label(MIDNIGHT + each, width, anchor, closed))
        for listing in (1, 2)  # listing 3 is not of the universe
        for first, then in pairwise(sorted(each for each in told if each[2] == listing))
        if first[3] == "CONTINUOUS_TRADING"
        for each in instants(first[0], then[0], closed)
    }
    rows = [(listing, at, number, state) for at, number, listing, state in told]
    random.shuffle(rows)
    plan = day_plan(rows)
    found = grid_keys(resolved(SESSIONS, config(width / 1e9, anchor, closed)), [plan])
    assert found is not None
    assert found.select("ListingId", "TimeBucket").rows() == sorted(wanted)
    assert set(found["__day"]) <= {DAY}


def hours(grid: DenseGrid, plans: Sequence[DayPlan], **more: Any) -> dict[int, list[str]]:
    """Return the grid of each listing, as hours and minutes; those of the next day with a +."""
    found = grid_keys(resolved(grid, config(**{"seconds": 3600, **more})), plans)
    assert found is not None
    days = (pl.col("TimeBucket") - MIDNIGHT) // (24 * HOUR)
    times = pl.from_epoch("TimeBucket", time_unit="ns").dt.strftime("%H:%M")
    shown = found.select("ListingId", at=times + pl.lit("+").repeat_by(days).list.join(""))
    return {
        key: group["at"].to_list()
        for (key,), group in shown.group_by("ListingId", maintain_order=True)
    }


def test_a_lunch_break_leaves_a_gap_and_a_listing_without_a_session_has_no_row() -> None:
    plan = day_plan(
        [
            (1, 9 * HOUR, 1, "CONTINUOUS_TRADING"),
            (1, 11 * HOUR + HOUR // 2, 2, "HALTED"),
            (1, 13 * HOUR, 3, "CONTINUOUS_TRADING"),
            (1, 15 * HOUR, 4, "CLOSED"),
            (2, 9 * HOUR, 5, "OPENING_AUCTION"),
        ]
    )
    grid = {1: ["10:00", "11:00", "12:00", "14:00", "15:00"]}
    assert hours(SESSIONS, [plan]) == grid
    starts = {1: ["09:00", "10:00", "11:00", "13:00", "14:00"]}
    assert hours(SESSIONS, [plan], anchor="start") == starts
    assert hours(SESSIONS, [plan], anchor="start", closed="left") == starts


def test_states_of_one_time_are_ordered_by_their_sequence() -> None:
    plan = day_plan(
        [
            (1, 9 * HOUR, 2, "CONTINUOUS_TRADING"),
            (1, 9 * HOUR, 1, "CLOSED"),
            (1, 11 * HOUR, 3, "CONTINUOUS_TRADING"),
            (1, 11 * HOUR, 4, "CLOSED"),
        ]
    )
    assert hours(SESSIONS, [plan]) == {1: ["10:00", "11:00"]}


def test_a_session_that_nothing_ends_lasts_until_midnight() -> None:
    plan = day_plan([(1, 21 * HOUR + 1, 1, "CONTINUOUS_TRADING")])
    assert hours(SESSIONS, [plan]) == {1: ["22:00", "23:00", "00:00+"]}


def uniform(begin: str, end: str) -> DenseGrid:
    return DenseGrid("uniform", (begin, end))


@pytest.mark.parametrize(
    ("interval", "more", "grid"),
    [
        (("08:00", "10:00"), {}, ["09:00", "10:00"]),
        (("08:00", "10:00"), {"closed": "left"}, ["09:00", "10:00"]),
        (("08:00", "10:00"), {"anchor": "start"}, ["08:00", "09:00"]),
        (("08:30", "10:00:01"), {}, ["09:00", "10:00", "11:00"]),
        (("08:10", "08:20"), {}, ["09:00"]),
        (("22:00", "01:00"), {}, ["23:00", "00:00+", "01:00+"]),
        (("22:00", "24:00"), {}, ["23:00", "00:00+"]),
        (("08:00", "09:30"), {"seconds": 2700}, ["08:15", "09:00", "09:45"]),
    ],
)
def test_an_interval_is_the_whole_buckets_that_it_meets(
    interval: tuple[str, str], more: dict[str, Any], grid: list[str]
) -> None:
    found = hours(uniform(*interval), [day_plan(None)], **more)
    assert found == {1: grid, 2: grid}


def test_minutes_from_eight_to_half_past_four_are_labelled_0801_to_1630() -> None:
    grid = hours(uniform("08:00", "16:30"), [day_plan(None, [1])], seconds=60)[1]
    assert (grid[0], grid[-1], len(grid)) == ("08:01", "16:30", 510)


def test_an_interval_that_ends_where_it_starts_is_a_whole_day() -> None:
    assert len(hours(uniform("08:00", "08:00"), [day_plan(None, [1])])[1]) == 24


def test_each_day_has_its_own_universe_and_a_shared_bucket_belongs_to_the_later_day() -> None:
    plans = [day_plan(None, [1, 2]), day_plan(None, [2, 3], DAY + timedelta(days=1))]
    # 22:00 to 02:30, and 01:30 to … of the next day, would share 02:00 and 03:00
    found = grid_keys(resolved(uniform("01:30", "02:30"), config(86400)), plans)
    assert found is not None
    assert found.select("ListingId", "__day").rows() == [
        (1, DAY),
        (2, DAY),
        (2, DAY + timedelta(days=1)),
        (3, DAY + timedelta(days=1)),
    ]
    overnight = grid_keys(resolved(uniform("23:30", "00:30"), config(86400)), plans)
    assert overnight is not None
    assert not overnight.select("ListingId", "TimeBucket").is_duplicated().any()
    shared = MIDNIGHT + 48 * HOUR  # the end of Tuesday, which both nights meet
    tuesday = DAY + timedelta(days=1)
    assert overnight.filter(TimeBucket=shared)["__day"].to_list() == [DAY, tuesday, tuesday]


@pytest.mark.parametrize("text", ["8:00", "08:60", "24:01", "25:00", "0800", "noon", "08:00 "])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no time of day"):
        time_of_day(text)
    with pytest.raises(ValueError, match="no time of day"):
        DenseGrid("uniform", ("08:00", text))


def test_an_interval_goes_with_uniform_only() -> None:
    for mode, interval in (("uniform", None), ("adaptative", ("08:00", "09:00"))):
        with pytest.raises(ValueError, match="goes with `uniform`"):
            DenseGrid(mode, interval)


# -- in a run --------------------------------------------------------------------------------------

DENSE = "PASSES.bars.modules=[dense, trade]"
RENAMED = {
    "TradeTotalVolume": "Volume",
    "TradeTotalNotional": "Notional",
    "TradeTotalCount": "Count",
}


def run(pipeline_file: Path, *sets: str, **more: Any) -> RunReport:
    asked = {"date": MONDAY, "universe": "mic=XLON", **more}
    return run_pipeline(pipeline_file, sets=[DENSE, *sets], **asked)


def rows_of(report: RunReport) -> pl.DataFrame:
    assert report.exit_code is ExitCode.OK, report.outcomes
    return pl.read_parquet(report.receipts[0].location).rename(RENAMED, strict=False)


def at(*times: str, day: str = MONDAY) -> list[datetime]:
    return [datetime.fromisoformat(f"{day} {each}") for each in times]


def test_a_dense_pass_has_every_minute_of_the_session_and_the_bars_in_their_places(
    pipeline_file: Path,
) -> None:
    frame = rows_of(run(pipeline_file))
    minutes = [datetime(2025, 1, 6, 9) + timedelta(minutes=each) for each in range(1, 451)]
    assert frame["ListingId"].to_list() == [101] * 450 + [102] * 450
    assert frame["TimeBucket"].to_list() == minutes * 2
    assert frame["MIC"].unique().to_list() == ["XLON"]
    bars = tiny_bars().filter(
        pl.col("ListingId").is_in([101, 102]), pl.col("TimeBucket").dt.day() == 6
    )
    found = frame.select(bars.columns)
    assert found.filter(pl.col("Count") > 0).equals(bars.sort("ListingId", "TimeBucket"))
    empty = frame.filter(pl.col("Count") == 0)
    assert empty["Volume"].unique().to_list() == empty["Notional"].unique().to_list() == [0.0]
    assert empty.select("Open", "High", "Low", "Close", "MarketState").null_count().row(0) == (
        (896,) * 5
    )


@pytest.mark.parametrize(
    ("seconds", "anchor", "closed", "first", "last"),
    [
        (3600, "end", "right", "10:00", "17:00"),
        (3600, "start", "right", "09:00", "16:00"),
        (3600, "end", "left", "10:00", "17:00"),
        (3600, "start", "left", "09:00", "16:00"),
        (60, "end", "left", "09:01", "16:30"),
        (60, "start", "left", "09:00", "16:29"),
        (420, "end", "right", "09:07", "16:35"),  # 09:00 is a multiple of 7 minutes, 16:30 not
    ],
)
def test_the_grid_meets_the_buckets_of_trades_at_any_width_anchor_and_edge(
    pipeline_file: Path, seconds: int, anchor: str, closed: str, first: str, last: str
) -> None:
    """A grid that began ten minutes early had hours at 07:50, which no trade ever met."""
    sets = [f"PASSES.bars.time_bucket_seconds={seconds}"]
    sets += [f"PASSES.bars.time_bucket_anchor={anchor}", f"PASSES.bars.time_bucket_closed={closed}"]
    sparse = rows_of(run(pipeline_file, *sets, "PASSES.bars.modules=[trade]"))
    dense = rows_of(run(pipeline_file, *sets))
    assert dense.filter(pl.col("Count") > 0).equals(sparse)
    for _, group in dense.group_by("ListingId"):
        times = group["TimeBucket"]
        assert [times.min(), times.max()] == at(first, last)
        assert times.diff().drop_nulls().unique().to_list() == [timedelta(seconds=seconds)]


def test_days_of_a_partition_have_a_grid_each(pipeline_file: Path) -> None:
    days = {"date": None, "start_date": MONDAY, "end_date": TUESDAY}
    frame = rows_of(run(pipeline_file, **days))
    assert frame.height == 2 * 2 * 450
    assert frame.group_by("ListingId", pl.col("TimeBucket").dt.date()).len()["len"].to_list() == (
        [450] * 4
    )
    assert frame["Volume"].sum() == tiny_bars().filter(pl.col("ListingId") < 200)["Volume"].sum()


def test_what_happens_outside_an_interval_has_no_row(pipeline_file: Path) -> None:
    grid = "PASSES.bars.dense_analytics={mode: uniform, time_interval: [09:01, 09:05]}"
    frame = rows_of(run(pipeline_file, grid))
    assert frame.filter(ListingId=101)["Volume"].to_list() == [100, 0, 0, 0]
    assert frame.filter(ListingId=102)["Volume"].to_list() == [0, 0, 0, 150]
    assert frame["TimeBucket"].unique().sort().to_list() == at("09:02", "09:03", "09:04", "09:05")


def test_a_uniform_timeline_needs_no_states(pipeline_file: Path, tmp_path: Path) -> None:
    market = write_market(tmp_path / "market")
    for path in market.glob("marketstate/*/*.parquet"):
        path.unlink()
    source = f"SOURCE.root={market}"
    grid = "PASSES.bars.dense_analytics={mode: uniform, time_interval: ['09:00', '10:00']}"
    assert rows_of(run(pipeline_file, source, grid)).height == 120
    missing = run(pipeline_file, source)
    assert missing.exit_code is ExitCode.DATA_MISSING
    assert "marketstate" in str(missing.outcomes[0].message)
    left_out = run(pipeline_file, source, allow_missing=True)
    assert [each.status for each in left_out.outcomes] == ["missing"]


def test_a_day_of_which_only_the_states_are_there_is_left_out(
    pipeline_file: Path, tmp_path: Path
) -> None:
    market = write_market(tmp_path / "market")
    (market / "trades" / "XLON" / f"{MONDAY}.parquet").unlink()
    left_out = run(pipeline_file, f"SOURCE.root={market}", allow_missing=True)
    assert [each.status for each in left_out.outcomes] == ["missing"]


def test_a_changed_session_or_timeline_makes_the_output_stale(
    pipeline_file: Path, tmp_path: Path
) -> None:
    market = write_market(tmp_path / "market")
    source = f"SOURCE.root={market}"
    assert run(pipeline_file, source).outcomes[0].status == "written"
    assert run(pipeline_file, source).outcomes[0].status == "unchanged"
    path = market / "marketstate" / "XLON" / f"{MONDAY}.parquet"
    early = pl.col("TimestampNanoseconds") - pl.duration(hours=1)
    pl.read_parquet(path).with_columns(early).write_parquet(path)
    assert rows_of(run(pipeline_file, source))["TimeBucket"].min() == at("08:01")[0]
    assert run(pipeline_file, source, "DEFAULT_FFILL=true").outcomes[0].status == "written"


def test_states_without_a_time_are_refused(pipeline_file: Path, tmp_path: Path) -> None:
    market = write_market(tmp_path / "market")
    path = market / "marketstate" / "XLON" / f"{MONDAY}.parquet"
    nothing = pl.lit(None, pl.Datetime("ns")).alias("TimestampNanoseconds")
    pl.read_parquet(path).with_columns(nothing).write_parquet(path)
    report = run(pipeline_file, f"SOURCE.root={market}")
    assert report.exit_code is ExitCode.DATA_MISSING
    assert "marketstate has rows without an event time" in str(report.outcomes[0].message)


def test_two_timelines_of_one_pass_are_refused(pipeline_file: Path) -> None:
    path = pipeline_file.with_name("own.py")
    path.write_text(
        "from beaf_core import AnalyticsModule, DenseGrid\n"
        "clock = AnalyticsModule('clock', lambda _: (),\n"
        "    grid=lambda _: DenseGrid('uniform', ('08:00', '16:30')))\n"
        "USER_CONFIG = {'PASSES': [{'name': 'bars', 'modules': ['dense', 'clock', 'trade']}]}\n"
    )
    with pytest.raises(ConfigError, match='"dense" and "clock" both give the pass a timeline'):
        run_pipeline(path, date=MONDAY, universe="mic=XLON")


# -- what empty buckets hold -----------------------------------------------------------------------

FILLS = """
import polars as pl
from beaf_core import Aggregation, Kind, Measure
def measure(name, kind, fill=None, table='trades', column='Price'):
    of = None if kind is Kind.COUNT else pl.col(column)
    return Measure(name, table, Aggregation(kind, of), 'x', '', '', fill=fill)
A = measure('Count', Kind.COUNT)
B = measure('CountNone', Kind.COUNT, 'none')
C = measure('Max', Kind.MAX)
D = measure('MaxZero', Kind.MAX, 'zero')
E = measure('MaxLast', Kind.MAX, 'last')
F = measure('MaxNone', Kind.MAX, 'none')
G = measure('SumLast', Kind.SUM, 'last')
H = measure('WordLast', Kind.LAST, 'last', column='MIC')
USER_CONFIG = {
    'PASSES': [{
        'name': 'bars', 'modules': ['dense', 'custom'], 'time_bucket_seconds': 3600,
        'dense_analytics': {'mode': 'uniform', 'time_interval': ['08:00', '12:00']},
    }],
}
"""


def filled(pipeline_file: Path, *sets: str, text: str = FILLS, **more: Any) -> dict[str, list[Any]]:
    path = pipeline_file.with_name("own.py")
    path.write_text(text)
    asked = {"date": MONDAY, "universe": "mic=XLON", **more}
    frame = rows_of(run_pipeline(path, sets=list(sets), **asked)).filter(ListingId=101)
    return frame.drop("ListingId", "MIC", "Ticker", "CurrencyCode").to_dict(as_series=False)


def test_each_measure_is_filled_by_its_own_rule(pipeline_file: Path) -> None:
    # All prints of listing 101 lie between 09:00 and 10:00: six, at 11.0 at most.
    found = filled(pipeline_file)
    assert found.pop("TimeBucket") == at("09:00", "10:00", "11:00", "12:00")
    assert found == {
        "Count": [0, 6, 0, 0],
        "CountNone": [None, 6, None, None],
        "Max": [None, 11.0, None, None],
        "MaxZero": [0.0, 11.0, 0.0, 0.0],
        "MaxLast": [None, 11.0, 11.0, 11.0],
        "MaxNone": [None, 11.0, None, None],
        "SumLast": [None, 62.7, 62.7, 62.7],
        "WordLast": [None, "XLON", "XLON", "XLON"],
    }


def test_the_default_carries_what_is_no_sum_and_has_no_rule(pipeline_file: Path) -> None:
    plain, carried = filled(pipeline_file), filled(pipeline_file, "DEFAULT_FFILL=true")
    assert carried.pop("Max") == [None, 11.0, 11.0, 11.0]
    plain.pop("Max")
    assert carried == plain


def test_nothing_is_carried_into_another_day_or_listing(pipeline_file: Path) -> None:
    days = {"date": None, "start_date": MONDAY, "end_date": TUESDAY}
    found = filled(pipeline_file, **days)
    assert found["MaxLast"] == [None, 11.0, 11.0, 11.0, None, 11.0, 11.0, 11.0]
    both = run_pipeline(pipeline_file.with_name("own.py"), universe="mic=XLON", **days)
    other = rows_of(both).filter(ListingId=102)
    assert other["MaxLast"].to_list() == [None, 21.0, 21.0, 21.0, None, 22.0, 22.0, 22.0]


SPARSE = (
    FILLS.replace("['dense', 'custom']", "['custom']")
    .replace("'dense_analytics'", "'x'")
    .replace("        'x': {'mode': 'uniform', 'time_interval': ['08:00', '12:00']},\n", "")
    + "I = measure('States', Kind.COUNT, table='marketstate')\n"
)


def test_a_sparse_pass_keeps_its_rows_and_fills_them_only_by_default(pipeline_file: Path) -> None:
    # States begin at 08:50 and 09:00, in the hour to 09:00, and at 16:30 and 16:35.
    found = filled(pipeline_file, text=SPARSE)
    assert found["TimeBucket"] == at("09:00", "10:00", "17:00")
    assert found["Max"] == found["MaxLast"] == [None, 11.0, None]
    carried = filled(pipeline_file, "DEFAULT_FFILL=true", text=SPARSE)
    assert carried["TimeBucket"] == found["TimeBucket"]
    assert carried["Max"] == [None, 11.0, 11.0]
    for name in ("MaxLast", "MaxZero", "MaxNone"):
        assert carried[name] == [None, 11.0, None], "a rule of its own is for dense timelines"
    assert carried["Count"] == [0, 6, 0]


def test_a_sparse_day_without_a_table_is_unknown_not_zero(
    pipeline_file: Path, tmp_path: Path
) -> None:
    market = write_market(tmp_path / "market")
    (market / "trades" / "XLON" / f"{TUESDAY}.parquet").unlink()
    days = {"date": None, "start_date": MONDAY, "end_date": TUESDAY, "allow_missing": True}
    found = filled(pipeline_file, f"SOURCE.root={market}", text=SPARSE, **days)
    assert found["Count"] == [0, 6, 0, None, None]
    assert found["States"] == [2, 0, 2, 2, 2]


def test_a_day_without_a_table_is_unknown_not_zero(pipeline_file: Path, tmp_path: Path) -> None:
    market = write_market(tmp_path / "market")
    (market / "trades" / "XLON" / f"{TUESDAY}.parquet").unlink()
    text = FILLS + "I = measure('States', Kind.COUNT, table='marketstate')\n"
    found = filled(
        pipeline_file,
        f"SOURCE.root={market}",
        text=text,
        date=None,
        start_date=MONDAY,
        end_date=TUESDAY,
        allow_missing=True,
    )
    assert found["Count"][:4] == [0, 6, 0, 0]
    assert found["Count"][4:] == [None] * 4
    assert found["States"] == [2, 0, 0, 0, 2, 0, 0, 0]


STATES_OF_PRICES = """
import polars as pl
from beaf_core import Aggregation, Kind, Measure
def price(name, kind):
    return Measure(name, 'trades', Aggregation(kind, pl.col('Price')), 'x', '', '')
A = price('Mean', Kind.TIME_WEIGHTED)
B = price('First', Kind.STATE_FIRST)
C = price('Last', Kind.STATE_LAST)
D = Measure('Held', 'trades', Aggregation(Kind.DURATION), 'ns', '', '', fill='none')
E = Measure('Count', 'trades', Aggregation(Kind.COUNT), 'trades', '', '')
USER_CONFIG = {
    'PASSES': [{
        'name': 'bars', 'modules': ['dense', 'custom'],
        'dense_analytics': {'mode': 'uniform', 'time_interval': ['08:59', '09:04']},
    }],
}
"""


def test_states_go_on_in_the_empty_buckets_of_a_timeline(pipeline_file: Path) -> None:
    # Prices of listing 101 as states: 10.0 from 09:00:10, 10.2 from :20 (10.5 comes before it in
    # sequence, and holds no time), 10.4 from 09:01:00, 10.6 from :30, 11.0 from :40.
    found = filled(pipeline_file, text=STATES_OF_PRICES)
    assert found["TimeBucket"] == at("09:00", "09:01", "09:02", "09:03", "09:04")
    assert found["Count"] == [0, 4, 2, 0, 0]
    assert found["First"] == [None, None, 10.4, 11.0, 11.0]
    assert found["Last"] == [None, 10.4, 11.0, 11.0, 11.0]
    seconds = [0, 50, 60, 60, 60]
    assert found["Held"] == [each * 10**9 for each in seconds]
    first = (10.0 * 10 + 10.2 * 40) / 50
    second = (10.4 * 30 + 10.6 * 10 + 11.0 * 20) / 60
    assert found["Mean"] == [None, pytest.approx(first), pytest.approx(second), 11.0, 11.0]


def test_batches_of_listings_have_the_rows_of_the_whole(
    pipeline_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[PassWork]] = []

    def listened(work: Sequence[PassWork], batch: Batch) -> list[pl.DataFrame]:
        asked.append(work)
        return compute(work, batch)

    monkeypatch.setattr("beaf_core.engine.batches.pool.compute", listened)
    days = {"date": None, "start_date": MONDAY, "end_date": TUESDAY}
    run(pipeline_file, "DEFAULT_FFILL=true", **days)
    [work] = asked
    [whole] = compute(work)
    batches = [compute(work, Batch((listing,)))[0] for listing in (101, 102)]
    assert pl.concat(batches).equals(whole)
    assert whole.height == 1800
