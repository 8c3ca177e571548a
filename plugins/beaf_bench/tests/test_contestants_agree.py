"""Do all contestants compute the same, and is it what a plain loop computes?"""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import polars as pl
import pytest

from beaf_bench import contestants, pipeline
from beaf_bench.compare import differences
from beaf_bench.contestants import CONTESTANTS, EngineError
from beaf_bench.files import TIMES
from beaf_bench.point import normal
from beaf_bench.workloads.book import STATES
from beaf_bench.workloads.impact import HORIZONS
from beaf_bench.workloads.registry import COMPARED, WORKLOADS

MINUTE = 60_000_000_000


@cache
def rows_of(contestant, name, market):
    workload = WORKLOADS[name]
    found = CONTESTANTS[contestant](workload, market, {}).frames
    return [normal(frame, each.columns) for frame, each in zip(found, workload.passes, strict=True)]


@pytest.mark.parametrize("name", COMPARED)
def test_duckdb_agrees_with_polars_written_by_hand(name, tiny):
    for expected, found in zip(
        rows_of("hand", name, tiny), rows_of("duckdb", name, tiny), strict=True
    ):
        assert differences(expected, found) == []
        assert expected.height > 20


@pytest.mark.parametrize("name", COMPARED)
def test_the_engine_agrees_with_polars_written_by_hand(name, tiny):
    for expected, found in zip(
        rows_of("hand", name, tiny), rows_of("engine", name, tiny), strict=True
    ):
        assert differences(expected, found) == []


@pytest.mark.parametrize("name", COMPARED)
def test_every_output_says_something_somewhere(name, listed):
    for frame in rows_of("hand", name, listed):
        silent = [each.name for each in frame if each.null_count() == len(each)]
        assert silent == []


# -- plain loops: what the words mean, row by row --------------------------------------------------


def table(market, name):
    kept = pl.col("ListingId").is_in(market.universe())
    time = pl.col(TIMES[name]).to_physical().alias("now")
    rows = pl.read_parquet(market.path(name)).filter(kept).with_columns(time)
    return rows.sort("ListingId", "now", "BMLLSequenceNo").to_dicts()


def label(now):
    return -(-now // MINUTE) * MINUTE


def by_minute(rows):
    found = defaultdict(list)
    for row in rows:
        found[row["ListingId"], label(row["now"])].append(row)
    return found


def expect(frame, key, values):
    row = frame.filter(ListingId=key[0], TimeBucket=key[1]).row(0, named=True)
    for name, value in values.items():
        assert row[name] == (value if value is None else pytest.approx(value, rel=1e-9)), name


def test_bars_are_what_a_loop_over_trades_finds(tiny):
    [frame] = rows_of("engine", "W1", tiny)
    minutes = by_minute(table(tiny, "trades"))
    assert frame.height == len(minutes)
    for key, rows in list(minutes.items())[:60]:
        prices, sizes = [r["Price"] for r in rows], [r["Size"] for r in rows]
        expect(frame, key, {
            "Open": prices[0], "High": max(prices), "Low": min(prices), "Close": prices[-1],
            "Volume": sum(sizes),
            "VWAP": sum(p * s for p, s in zip(prices, sizes, strict=True)) / sum(sizes),
        })  # fmt: skip


def test_counts_and_lifetimes_are_what_a_loop_over_messages_finds(tiny):
    [frame] = rows_of("hand", "W3", tiny)
    messages = table(tiny, "l3")
    begun = {(r["ListingId"], r["OrderId"]): r["now"] for r in messages if r["LobAction"] == 2}
    minutes = by_minute(messages)
    assert frame.height == len(minutes)
    for key, rows in list(minutes.items())[:60]:
        bids = [r for r in rows if r["Side"] == 1]
        ended = [r for r in bids if r["LobAction"] == 3]
        cancelled = [r for r in ended if not r["OrderExecuted"]]
        lives = [
            r["now"] - begun[r["ListingId"], r["OldOrderId"]]
            for r in ended
            if (r["ListingId"], r["OldOrderId"]) in begun
        ]
        young = [
            r["now"] - begun[r["ListingId"], r["OldOrderId"]]
            for r in cancelled
            if (r["ListingId"], r["OldOrderId"]) in begun
        ]
        expect(frame, key, {
            "InsertCountBid": sum(r["LobAction"] == 2 for r in bids),
            "InsertVolumeBid": sum(r["Size"] for r in bids if r["LobAction"] == 2),
            "UpdateCountBid": sum(r["LobAction"] == 4 for r in bids),
            "CancelCountBid": len(cancelled),
            "CancelVolumeBid": sum(r["OldSize"] for r in cancelled),
            "ExecutionCountBid": sum(r["OrderExecuted"] for r in bids),
            "ExecutionVolumeBid": sum(r["ExecutionSize"] for r in bids),
            "AvgRestingTimeBid": sum(lives) / len(lives) if lives else None,
            "FleetingCancelCountBid": sum(each < 100_000_000 for each in young),
        })  # fmt: skip


def test_the_book_is_what_a_walk_from_state_to_state_finds(tiny):
    """Second by second would be the definition; from change to change gives the same integral."""
    [frame] = rows_of("hand", "W2", tiny)
    states = table(tiny, "l2")
    weights, sums = defaultdict(int), defaultdict(float)
    for this, after in zip(states, [*states[1:], None], strict=True):
        last = after is None or after["ListingId"] != this["ListingId"]
        end = label(this["now"]) if last else after["now"]
        if this["AskQuantity1"] == 0:
            continue
        now = this["now"]
        while now < end:  # cut where minutes end
            cut = min(end, (now // MINUTE + 1) * MINUTE)
            key = (this["ListingId"], label(cut))
            weights[key] += cut - now
            sums[key] += (cut - now) * (this["BidPrice1"] + this["AskPrice1"]) / 2
            now = cut
    assert frame.height == len(by_minute(states))
    for row in frame.iter_rows(named=True):
        key = (row["ListingId"], row["TimeBucket"])
        if weights[key]:
            assert row["MidTWA"] == pytest.approx(sums[key] / weights[key], rel=1e-12)
        else:
            assert [row[name] for name in STATES] == [None] * len(STATES)


def test_impacts_are_what_a_search_for_each_trade_finds(tiny):
    [frame] = rows_of("hand", "W6", tiny)
    books = defaultdict(list)
    for state in table(tiny, "l2"):
        if state["AskQuantity1"] > 0:
            mid = (state["BidPrice1"] + state["AskPrice1"]) / 2
            books[state["ListingId"]].append((state["now"], mid))
    minutes = by_minute(table(tiny, "trades"))
    assert frame.height == len(minutes)
    for key, rows in list(minutes.items())[:60]:
        values = {}
        for name, horizon in HORIZONS.items():
            moves = []
            for row in (each for each in rows if each["AggressorSide"] in (1, 2)):
                known = [mid for at, mid in books[key[0]] if at <= row["now"] + horizon]
                before = [mid for at, mid in books[key[0]] if at < row["now"]]
                if before:
                    sign = 1 if row["AggressorSide"] == 1 else -1
                    moves.append(2 * sign * (known[-1] - before[-1]))
            values[f"PriceImpact{name}"] = sum(moves) / len(moves) if moves else None
        row = frame.filter(ListingId=key[0], TimeBucket=key[1]).row(0, named=True)
        for name, value in values.items():
            assert row[name] == (value if value is None else pytest.approx(value, abs=1e-9)), name


def test_an_engine_that_fails_says_why_instead_of_giving_rows(listed, tmp_path):
    nowhere = {"SOURCE": {"type": "parquet", "root": str(tmp_path)}}
    with pytest.raises(EngineError, match=r"reference|missing"):
        CONTESTANTS["engine"](WORKLOADS["W1"], listed, nowhere)


def test_the_clock_runs_before_the_engine_plans(listed, monkeypatch):
    heard = []
    begin, universe = contestants._FromPlanOn.begin, pipeline.get_universe

    def get_universe(date, reference):
        heard.append("universe")
        return universe(date, reference)

    def hear(*given):
        heard.append("clock")
        begin(*given)

    monkeypatch.setattr(pipeline, "get_universe", get_universe)
    monkeypatch.setattr(contestants._FromPlanOn, "begin", hear)
    CONTESTANTS["engine"](WORKLOADS["W1"], listed, {})
    assert heard[:2] == ["clock", "universe"]


def test_what_workers_use_counts(listed):
    settings = {"MAX_ROWS_PER_TABLE": {"trades": 400}, "NUM_WORKERS": 1}
    computed = CONTESTANTS["engine"](WORKLOADS["W1"], listed, settings)
    alone = CONTESTANTS["engine"](WORKLOADS["W1"], listed, {})
    columns = WORKLOADS["W1"].passes[0].columns
    frames = [normal(each.frames[0], columns) for each in (alone, computed)]
    assert differences(*frames) == []
    assert computed.used.cpu > alone.used.cpu + 0.1  # a worker imports polars alone in 0.2 s
