"""Does a row find the last state at or before its time, of its own listing and no other?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core.engine.primitives.asof import MAX_LISTINGS, States, attach_asof
from beaf_core.engine.primitives.listing_index import ListingIndex
from beaf_core.model.primitives import AsOf

DAY = date(2026, 2, 2)
MIDNIGHT = int(np.datetime64(DAY, "ns").astype(np.int64))
SECOND = 10**9
MID = (pl.col("Bid") + pl.col("Ask")) / 2


def states_of(rows: Sequence[tuple[object, ...]], *, ordered: bool = False) -> States:
    """Build states from (listing, seconds, sequence, bid, ask)."""
    names = ["ListingId", "__time", "__sequence", "Bid", "Ask"]
    types = [pl.Int64, pl.Int64, pl.Int64, pl.Float64, pl.Float64]
    frame = pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")
    return States(frame.with_columns(pl.col("__time") * SECOND + MIDNIGHT).lazy(), ordered)


def rows_of(rows: Sequence[tuple[int, float]]) -> pl.LazyFrame:
    """Build rows from (listing, seconds), numbered in their order."""
    frame = pl.DataFrame(rows, schema={"ListingId": pl.Int64, "__time": pl.Float64}, orient="row")
    time = (pl.col("__time") * SECOND).cast(pl.Int64) + MIDNIGHT
    return frame.with_columns(time).with_row_index("Row").lazy()


def found(
    rows: pl.LazyFrame,
    lookups: Mapping[str, AsOf],
    states: States,
    listings: Sequence[int] = (1, 2),
) -> dict[str, list[object]]:
    attached = attach_asof(rows, lookups, {"l2": states}, listings, DAY)
    frame = attached.collect(engine="streaming").sort("Row")
    assert frame["Row"].to_list() == list(range(frame.height))
    return frame.select(list(lookups)).to_dict(as_series=False)


QUOTES = states_of(
    [
        # listing, seconds, sequence, bid, ask; the two at 20 tie, and stand the wrong way round
        (1, 10, 1, 9.0, 11.0),
        (1, 20, 3, 19.0, 21.0),
        (1, 20, 2, 99.0, 101.0),
        (1, 30, 4, None, 31.0),
        (2, 15, 5, 4.0, 6.0),
    ]
)


def test_the_prevailing_state_is_the_last_at_or_before_the_row() -> None:
    rows = rows_of([(1, 9), (1, 10), (1, 19.999), (1, 20), (1, 31), (2, 14), (2, 1000), (1, 20)])
    mids = found(rows, {"Mid": AsOf("l2", MID)}, QUOTES)["Mid"]
    assert mids == [None, 10.0, 10.0, 20.0, None, None, 5.0, 20.0]


def test_a_strict_look_leaves_out_states_of_the_same_nanosecond() -> None:
    rows = rows_of([(1, 10), (1, 10.000000001), (1, 20), (2, 15)])
    mids = found(rows, {"Mid": AsOf("l2", MID, strict=True)}, QUOTES)["Mid"]
    assert mids == [None, 10.0, 10.0, None]


def test_a_horizon_looks_ahead_or_back_from_the_rows_own_time() -> None:
    rows = rows_of([(1, 12), (2, 9)])
    lookups = {
        "Now": AsOf("l2", MID),
        "Later": AsOf("l2", MID, horizon=8 * SECOND),
        "JustBefore": AsOf("l2", MID, horizon=8 * SECOND, strict=True),
        "Ask": AsOf("l2", pl.col("Ask"), horizon=8 * SECOND),
        "Earlier": AsOf("l2", MID, horizon=-2 * SECOND),
    }
    assert found(rows, lookups, QUOTES) == {
        "Now": [10.0, None],
        "Later": [20.0, 5.0],
        "JustBefore": [10.0, 5.0],
        "Ask": [21.0, 6.0],
        "Earlier": [10.0, None],
    }


def test_a_condition_says_which_states_can_be_found() -> None:
    valid = pl.col("Bid").is_not_null() & (pl.col("Bid") < 90)
    rows = rows_of([(1, 25), (1, 35)])
    lookups = {"Valid": AsOf("l2", MID, where=valid), "Any": AsOf("l2", MID)}
    assert found(rows, lookups, QUOTES) == {"Valid": [20.0, 20.0], "Any": [20.0, None]}


def test_a_value_that_cannot_be_computed_is_absent() -> None:
    zero = pl.col("Ask") - pl.col("Ask")
    lookups = {"X": AsOf("l2", zero / zero), "Y": AsOf("l2", pl.col("Bid") / zero)}
    assert found(rows_of([(1, 12)]), lookups, QUOTES) == {"X": [None], "Y": [None]}


def test_states_that_stand_in_order_are_taken_in_that_order() -> None:
    # The sequence is not looked at: the source says that 101 is the later one.
    ordered = States(QUOTES.frame, ordered=True)
    assert found(rows_of([(1, 20)]), {"Mid": AsOf("l2", MID)}, ordered)["Mid"] == [100.0]


def test_without_a_sequence_the_last_to_stand_in_the_table_is_found() -> None:
    plain = States(QUOTES.frame.drop("__sequence"))
    assert found(rows_of([(1, 20)]), {"Mid": AsOf("l2", MID)}, plain)["Mid"] == [100.0]


def test_a_sequence_may_be_text_or_unknown() -> None:
    texts = States(QUOTES.frame.with_columns(pl.col("__sequence").cast(pl.String)))
    assert found(rows_of([(1, 20)]), {"Mid": AsOf("l2", MID)}, texts)["Mid"] == [20.0]
    # The later one gets -7, the other none: what is unknown comes first.
    unknown = pl.when(pl.col("__sequence") == 3).then(-7).alias("__sequence")
    holes = States(QUOTES.frame.with_columns(unknown))
    assert found(rows_of([(1, 20)]), {"Mid": AsOf("l2", MID)}, holes)["Mid"] == [20.0]


def test_many_states_and_rows_of_one_time_stay_in_their_order() -> None:
    count = 300_000
    number = pl.int_range(count)
    many = pl.select(ListingId=number % 3 + 1, __time=MIDNIGHT + number // 9, N=number)
    rows = many.select("ListingId", "__time", Row="N").lazy()
    lookups = {"N": AsOf("l2", pl.col("N"))}
    frame = attach_asof(rows, lookups, {"l2": States(many.lazy(), True)}, (1, 2, 3), DAY).collect()
    last = many.with_columns(pl.col("N").last().over("ListingId", "__time"))["N"]
    assert frame.sort("Row")["N"].equals(last)
    own = frame.filter(pl.col("ListingId") == 2)["Row"]
    assert own.equals(own.sort()), "the rows of a listing"


def test_states_of_other_listings_and_without_a_time_are_never_found() -> None:
    timeless = pl.when(pl.col("__time") != MIDNIGHT + 10 * SECOND).then("__time").alias("__time")
    quotes = States(QUOTES.frame.with_columns(timeless))
    rows = rows_of([(1, 19), (2, 19), (3, 19)])
    assert found(rows, {"Mid": AsOf("l2", MID)}, quotes, listings=[1, 3])["Mid"] == [None] * 3


def test_a_listing_without_states_does_not_find_those_of_the_one_before() -> None:
    rows = rows_of([(1, 50), (2, 50), (3, 50), (3, 0)])
    assert found(rows, {"Ask": AsOf("l2", pl.col("Ask"))}, QUOTES, [1, 2, 3])["Ask"] == [
        31.0,
        6.0,
        None,
        None,
    ]


def test_times_outside_the_calendar_day_are_told_apart() -> None:
    week = 7 * 86_400
    quotes = states_of(
        [(1, -week, 1, 1.0, 1.0), (1, -week + 1, 2, 2.0, 2.0), (1, week // 2, 3, 3.0, 3.0)]
    )
    rows = rows_of([(1, -week - 1), (1, -week), (1, -week + 1), (1, week // 2)])
    assert found(rows, {"Bid": AsOf("l2", pl.col("Bid"))}, quotes)["Bid"] == [None, 1.0, 2.0, 3.0]


def test_no_time_and_no_horizon_reaches_into_another_listing() -> None:
    extreme = [-(2**63), -1, 0, 2**63 - 1]
    frame = pl.DataFrame(
        {
            "ListingId": [i for i in (1, 2, 3) for _ in extreme],
            "__time": extreme * 3,
            "Id": [i for i in (1, 2, 3) for _ in extreme],
        }
    )
    rows = frame.select("ListingId", "__time").with_row_index("Row").lazy()
    lookups = {
        f"Id{strict}{h}": AsOf("l2", pl.col("Id"), horizon=h, strict=strict)
        for h in (-(2**55), -1, 0, 1, 2**55)
        for strict in (False, True)
    }
    got = found(rows, lookups, States(frame.lazy()), (1, 2, 3))
    own = frame["ListingId"].to_list()
    assert got["IdFalse0"] == own, "a time outside the days of a key counts as at their edge"
    for column in got.values():
        assert all(each in (None, mine) for each, mine in zip(column, own, strict=True))


def test_more_listings_than_a_key_tells_apart_are_all_answered() -> None:
    ids = list(range(7, 7 + 3 * (MAX_LISTINGS + 100), 3))
    quotes = pl.DataFrame({"ListingId": ids, "__time": MIDNIGHT, "Id": ids}).lazy()
    rows = pl.DataFrame({"ListingId": ids, "__time": MIDNIGHT + 1}).with_row_index("Row").lazy()
    assert found(rows, {"Id": AsOf("l2", pl.col("Id"))}, States(quotes), ids)["Id"] == ids


def test_rows_of_a_listing_keep_their_order_and_their_other_columns() -> None:
    rows = pl.LazyFrame(
        {
            "ListingId": [2, 1, 2, 1, 2],
            "__time": [MIDNIGHT + i * SECOND for i in (1, 10, 15, 20, 15)],
            "Size": [1.0, 2.0, 3.0, 4.0, 5.0],
        }
    )
    frame = attach_asof(rows, {"Mid": AsOf("l2", MID)}, {"l2": QUOTES}, (1, 2), DAY).collect()
    assert frame.columns == ["ListingId", "__time", "Size", "Mid"]
    assert frame.filter(pl.col("ListingId") == 2)["Size"].to_list() == [1.0, 3.0, 5.0]


def test_lookups_at_many_horizons_share_one_sort_of_the_states_and_all_of_it_streams() -> None:
    values = {"Mid": MID, "Ask": pl.col("Ask")}
    lookups = {
        f"{name}{h}": AsOf("l2", value, horizon=h * SECOND)
        for name, value in values.items()
        for h in range(4)
    }
    plan = attach_asof(rows_of([(1, 1)]), lookups, {"l2": QUOTES}, (1, 2), DAY)
    graph = plan.show_graph(engine="streaming", plan_stage="physical", raw_output=True)
    assert graph is not None
    assert graph.count('[label="asof-join') == 4
    assert graph.count('[label="sort') == 2, "the rows once, the states once"
    assert 'fillcolor="0.0 ' not in graph, "no node is painted as one that falls back to memory"


# -- against a loop ------------------------------------------------------------------------

LISTINGS = st.lists(
    st.one_of(st.integers(-5, 5), st.integers(-(2**40), 2**40)), min_size=1, max_size=6, unique=True
)


@st.composite
def markets(draw: st.DrawFn) -> tuple[list[int], list[tuple[int, int]], list[tuple[int, ...]]]:
    ids = draw(LISTINGS)
    times = st.integers(0, 12)
    rows = draw(st.lists(st.tuples(st.sampled_from(ids), times), max_size=25))
    quotes = draw(st.lists(st.tuples(st.sampled_from(ids), times, st.integers(0, 3)), max_size=40))
    order = draw(st.permutations(range(len(quotes))))
    return ids, rows, [(*quote, n) for quote, n in zip(quotes, order, strict=True)]


def looked_up(
    row: tuple[int, int], quotes: list[tuple[int, ...]], horizon: int, strict: bool, valid: bool
) -> int | None:
    """Find the value by looking at every state."""
    until = row[1] + horizon - strict
    seen = [
        (t, n, v) for i, t, v, n in quotes if i == row[0] and t <= until and not (valid and not v)
    ]
    return max(seen)[2] if seen else None


@given(markets(), st.integers(-3, 5), st.booleans(), st.booleans())
@settings(max_examples=40, deadline=None)
def test_what_is_found_equals_a_loop_over_all_states(
    market: tuple[list[int], list[tuple[int, int]], list[tuple[int, ...]]],
    horizon: int,
    strict: bool,
    ordered: bool,
) -> None:
    ids, rows, quotes = market
    names = ["ListingId", "__time", "Value", "__sequence"]
    frame = pl.DataFrame(quotes, schema=dict.fromkeys(names, pl.Int64), orient="row")
    frame = frame.sort("__time", "__sequence") if ordered else frame
    states = States(frame.with_columns(pl.col("__time") + MIDNIGHT).lazy(), ordered)
    table = pl.DataFrame(rows, schema=dict.fromkeys(names[:2], pl.Int64), orient="row")
    table = table.with_columns(pl.col("__time") + MIDNIGHT).with_row_index("Row")
    value = pl.col("Value")
    lookups = {
        "All": AsOf("l2", value, None, horizon, strict),
        "Valid": AsOf("l2", value, value > 0, horizon, strict),
        "Twice": AsOf("l2", value * 2, value > 0, horizon, strict),
    }
    got = found(table.lazy(), lookups, states, ids)
    assert got["All"] == [looked_up(row, quotes, horizon, strict, False) for row in rows]
    valid = [looked_up(row, quotes, horizon, strict, True) for row in rows]
    assert got["Valid"] == valid
    assert got["Twice"] == [None if each is None else 2 * each for each in valid]


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=60, unique=True))
@settings(max_examples=30, deadline=None)
def test_listings_are_numbered_from_zero_in_the_order_of_their_ids(ids: list[int]) -> None:
    ids = sorted(ids)
    frame = pl.DataFrame({"ListingId": ids})
    numbers = frame.select(ListingIndex(ids).of(pl.col("ListingId"))).to_series()
    assert numbers.to_list() == list(range(len(ids)))


def test_thousands_of_scattered_listings_are_numbered_too() -> None:
    ids = np.unique(np.random.default_rng(7).integers(10**6, 10**9, 5_000)).tolist()
    frame = pl.DataFrame({"ListingId": ids})
    numbers = frame.select(ListingIndex(ids).of(pl.col("ListingId"))).to_series()
    assert numbers.to_list() == list(range(len(ids)))


# -- real order flow -----------------------------------------------------------------------


@pytest.mark.shared_data
def test_mids_behind_real_trades_equal_a_binary_search_by_numpy(shared_data: Path) -> None:
    def table(name: str, *columns: str) -> pl.DataFrame:
        path = shared_data / "bme_ana" / name / "XMAD" / "2019-05-23.parquet"
        frame = pl.read_parquet(path, columns=["ListingId", "BMLLSequenceNo", *columns])
        time = next(name for name in columns if "Timestamp" in name)
        return frame.with_columns(pl.col(time).cast(pl.Int64).alias("__time"))

    quotes = table("l2", "TimestampNanoseconds", "BidPrice1", "AskPrice1")
    quotes = quotes.rename({"BMLLSequenceNo": "__sequence"})
    trades = table("trades-plus", "TradeTimestampNanoseconds").with_row_index("Row")
    mid = (pl.col("BidPrice1") + pl.col("AskPrice1")) / 2
    horizons = [0, 500_000_000, SECOND, 60 * SECOND, 1800 * SECOND]
    lookups = {f"m{h}": AsOf("l2", mid, horizon=h) for h in horizons}
    lookups |= {"before": AsOf("l2", mid, strict=True)}
    shuffled = States(quotes.sample(fraction=1, shuffle=True, seed=3).lazy())
    day, ids = date(2019, 5, 23), quotes["ListingId"].unique().to_list()
    got = attach_asof(trades.lazy(), lookups, {"l2": shuffled}, ids, day).collect().sort("Row")

    ordered = quotes.sort("__time", "__sequence")
    times, mids = ordered["__time"].to_numpy(), ordered.select(mid).to_series().to_list()
    assert got.height == 996

    def wanted(offset: int, side: str) -> list[float | None]:
        at = np.searchsorted(times, trades["__time"].to_numpy() + offset, side=side)
        return [mids[i - 1] if i else None for i in at]

    for horizon in horizons:
        assert got[f"m{horizon}"].to_list() == wanted(horizon, "right")
    assert got["before"].to_list() == wanted(0, "left")
    assert got["m0"].null_count() == 0
    assert got["m0"].to_list() != got["before"].to_list()
