"""Is the tiny market what its documentation says, worked out by hand?"""

from __future__ import annotations

import inspect
from datetime import datetime, timedelta

import polars as pl
import pytest

from beaf_core import TABLES, AbsentDayError, PluginHost, UsageError
from beaf_core.testing import (
    TINY_DAYS,
    TINY_MICS,
    market,
    tiny_bars,
    tiny_reference,
    tiny_table,
    write_market,
)
from beaf_core.testing.pipeline import bars_of

MINUTE = timedelta(seconds=60)


def bar_end(time: datetime) -> datetime:
    """(start, end], labelled at the end."""
    floor = time.replace(second=0, microsecond=0)
    return floor if floor == time else floor + MINUTE


def test_the_hand_worked_bars_follow_from_the_trades_one_by_one():
    bars = {}
    trades = tiny_table("trades").sort("TradeTimestamp", "BMLLSequenceNo")
    for trade in trades.iter_rows(named=True):
        if trade["Classification"] != "LIT_CONTINUOUS":
            continue
        key = (trade["ListingId"], bar_end(trade["TradeTimestamp"]))
        bars.setdefault(key, []).append((trade["Price"], trade["Size"]))
    for row in tiny_bars().iter_rows(named=True):
        trades_of_bar = bars.pop((row["ListingId"], row["TimeBucket"]))
        prices = [price for price, _ in trades_of_bar]
        assert (row["Open"], row["Close"]) == (prices[0], prices[-1])
        assert (row["High"], row["Low"]) == (max(prices), min(prices))
        assert row["Count"] == len(prices)
        assert row["Volume"] == sum(size for _, size in trades_of_bar)
        assert row["Notional"] == sum(price * size for price, size in trades_of_bar)
    assert not bars


def test_the_table_in_the_documentation_is_the_hand_worked_frame():
    lines = [line for line in inspect.getdoc(market).splitlines() if line.startswith("| ")][1:]
    told = [tuple(float(cell) for cell in line.split("|")[3:-1]) for line in lines]
    columns = ["Count", "Open", "High", "Low", "Close", "Volume", "Notional"]
    bars = tiny_bars().sort(pl.col("TimeBucket").dt.date(), "ListingId", "TimeBucket")
    assert told == bars.select(columns).cast(pl.Float64).rows()


def test_the_engine_computes_the_hand_worked_bars():
    trade = PluginHost().analytics_module("trade")
    metrics = [{"sides": "Total", "measures": ["OHLC", "Volume", "Notional", "Count"]}]
    found = bars_of(trade, {"generic_metrics": metrics})
    names = {f"TradeTotal{name}": name for name in ("Volume", "Notional", "Count")}
    wanted = tiny_bars()
    bars = found.rename(names).select(wanted.columns).cast(wanted.schema)
    assert bars.sort("ListingId", "TimeBucket").equals(wanted)


def test_every_column_is_of_the_type_that_the_table_declares():
    from beaf_core.testing.sources import _check_columns

    for table in ("reference", "membership", "trades", "marketstate"):
        _check_columns(table, tiny_table(table).schema)
        extra = tiny_table(table).columns - TABLES[table].columns.keys()
        assert set(extra) <= {"Sector"}


def test_trades_of_one_time_are_stored_against_their_sequence():
    trades = tiny_table("trades", TINY_DAYS[0])
    ties = trades.filter(pl.struct("ListingId", "TradeTimestamp").is_duplicated())
    assert ties["BMLLSequenceNo"].to_list() == [3, 2, 2, 1]


def test_days_and_venues_part_the_whole():
    for table in ("reference", "trades", "marketstate", "membership"):
        parts = [tiny_table(table, day, mic) for day in TINY_DAYS for mic in TINY_MICS]
        assert sum(each.height for each in parts) == tiny_table(table).height
        assert all(each.height for each in parts)


def test_a_day_outside_the_market_is_empty_with_the_same_columns():
    empty = tiny_table("trades", "2025-01-08")
    assert empty.is_empty()
    assert empty.schema == tiny_table("trades").schema


@pytest.mark.parametrize(
    ("constraints", "listings"),
    [
        ({}, [101, 102, 201]),
        ({"MIC": "XLON"}, [101, 102]),
        ({"MIC": "XLON", "Sector": "Energy"}, [101]),
        ({"Index": "TINY"}, [101, 201]),
        ({"Index": "TINY", "MIC": "XPAR"}, [201]),
        ({"IsPrimary": False}, [201]),
        ({"MIC": "XNYS"}, []),
        ({"MIC": None}, []),
    ],
)
def test_the_reference_answers_every_constraint(constraints, listings):
    frame = tiny_reference(TINY_DAYS[0], **constraints)
    assert frame["ListingId"].to_list() == listings


def test_the_reference_refuses_an_unknown_column_and_an_unknown_day():
    with pytest.raises(UsageError, match='no column Sectr — did you mean "Sector"'):
        tiny_reference(TINY_DAYS[0], Sectr="Energy")
    with pytest.raises(UsageError, match='no column Sectr — did you mean "Sector"'):
        tiny_reference.values(TINY_DAYS[0], "Sectr")
    with pytest.raises(AbsentDayError, match="2025-01-08"):
        tiny_reference("2025-01-08")
    with pytest.raises(AbsentDayError, match="2025-01-08"):
        tiny_reference.values("2025-01-08", "Index")


def test_the_written_market_is_laid_out_as_the_parquet_source_reads_it(tmp_path):
    write_market(tmp_path)
    path = tmp_path / "trades" / "XLON" / "2025-01-06.parquet"
    assert pl.read_parquet(path).equals(tiny_table("trades", "2025-01-06", "XLON"))
    assert len(list(tmp_path.rglob("*.parquet"))) == 16
