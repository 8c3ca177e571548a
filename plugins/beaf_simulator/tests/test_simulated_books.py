"""Do orders, levels and trades tell one story? A plain replay of the orders is the witness."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import TABLES, TableRequest
from beaf_simulator.market import listings
from beaf_simulator.quotes import grid
from beaf_simulator.sessions import FIRST_DAY, LAST_DAY
from beaf_simulator.source import Config, read_table
from beaf_simulator.trades import TradingDay

SUNDAY = date(2026, 2, 1)
SMALL = Config(listings_per_mic=4, trades_per_listing=300, orders_per_listing=500)
BID, ASK = 1, 2
EXECUTED = pl.col("OrderExecuted")

days = st.dates(date(1990, 1, 1), date(2060, 1, 1)).filter(lambda day: not SMALL.is_holiday(day))
ids = st.sampled_from([listing.listing_id for listing in listings(SMALL)])


def table(name: str, config: Config = SMALL, day: date = SUNDAY, **asked: Any) -> pl.DataFrame:
    frame = read_table(TableRequest(name, day, **asked), config).frame
    assert frame is not None
    return frame.collect()


class Replay:
    """Live orders of one listing, by side: price, arrival and size of each, the best first."""

    def __init__(self) -> None:
        self.sides: dict[int, list[tuple[float, int, str, int]]] = {BID: [], ASK: []}
        self.keys: dict[str, tuple[float, int, str, int]] = {}

    def follow(self, row: dict[str, Any]) -> dict[str, int]:
        """Apply one message, and say what its row must say of the queue."""
        side = row["Side"]
        live = self.sides[side]
        sign = -1 if side == BID else 1
        name = row["OriginalOrderId"]
        old = self.keys.pop(name, None)
        before = self.level(side, row["Price"] if old is None else sign * old[0])
        if old is not None:
            assert (row["OldPrice"], row["OldSize"]) == (sign * old[0], old[3])
            live.remove(old)
        price = row["OldPrice"] if row["Price"] is None else row["Price"]
        arrival = row["EventNo"] if old is None else old[1]
        entry = (sign * price, arrival, name, row["Size"])
        ahead = live[: bisect_left(live, entry)]
        if row["Size"]:
            insort(live, entry)
            self.keys[name] = entry
        return {
            "OldPriceLevel": before,
            "PriceLevel": self.level(side, price),
            "SizeAhead": sum(each[3] for each in ahead),
            "OrdersAhead": len(ahead),
        }

    def level(self, side: int, price: float) -> int:
        prices = sorted({each[0] for each in self.sides[side]})
        signed = -price if side == BID else price
        return prices.index(signed) + 1 if signed in prices else 0

    def levels(self, side: int) -> list[tuple[float, int, int]]:
        """List price, quantity and number of orders of each level, the best first."""
        totals: dict[float, tuple[int, int]] = {}
        for signed, _, _, size in self.sides[side]:
            quantity, orders = totals.get(signed, (0, 0))
            totals[signed] = (quantity + size, orders + 1)
        return [(abs(price), *total) for price, total in totals.items()]

    def best(self, side: int) -> float | None:
        return abs(self.sides[side][0][0]) if self.sides[side] else None


def replayed(messages: pl.DataFrame) -> Iterator[tuple[dict[str, Any], Replay, dict[str, int]]]:
    """Follow one listing's messages; yield each with the book after it."""
    book = Replay()
    for row in messages.iter_rows(named=True):
        expected = book.follow(row)
        yield row, book, expected


def level_columns(book: Replay) -> dict[str, Any]:
    """Write a book as a row of l2 does."""
    row: dict[str, Any] = {}
    for side, name in ((BID, "Bid"), (ASK, "Ask")):
        levels = book.levels(side)
        row[f"{name}LevelCount"] = len(levels)
        for place in range(1, 11):
            level = levels[place - 1] if place <= len(levels) else (None, None, None)
            for what, value in zip(("Price", "Quantity", "NumOrders"), level, strict=True):
                row[f"{name}{what}{place}"] = value
    return row


@settings(max_examples=3, deadline=None)
@given(days, ids)
def test_levels_are_the_live_orders_added_up(day: date, listing: int) -> None:
    found = table("l2", day=day, listings=(listing,))
    rows = found.iter_rows(named=True)
    for message, book, _ in replayed(table("l3", day=day, listings=(listing,))):
        if not message["EndOfEvent"]:
            continue
        row = next(rows)
        assert row["TimestampNanoseconds"] == message["TimestampNanoseconds"]
        assert row["BMLLSequenceNo"] == message["BMLLSequenceNo"]
        assert row["MarketState"] == message["MarketState"]
        expected = level_columns(book)
        assert {name: row[name] for name in expected} == expected
    assert next(rows, None) is None
    assert found["L2EventNo"].to_list() == [*range(found.height)]


@settings(max_examples=4, deadline=None)
@given(days, ids)
def test_places_in_the_queue_are_those_of_the_live_orders(day: date, listing: int) -> None:
    for message, _, expected in replayed(table("l3", day=day, listings=(listing,))):
        assert {name: message[name] for name in expected} == expected
        gone = message["LobAction"] == 3
        came = message["LobAction"] == 2
        assert message["DelOrderIndex"] == (-1 if came else expected["OrdersAhead"])
        assert message["AddOrderIndex"] == (-1 if gone else expected["OrdersAhead"])


@pytest.mark.parametrize("listing", [100_001, 200_002, 300_001])
def test_executions_meet_the_first_order_of_the_queue(listing: int) -> None:
    executed = table("l3", listings=(listing,)).filter(EXECUTED)
    assert executed.height > 50
    assert executed["OrdersAhead"].unique().to_list() == [0]
    assert executed["SizeAhead"].unique().to_list() == [0]
    assert executed["OldPriceLevel"].unique().to_list() == [1]
    assert (executed["ExecutionPrice"] == executed["OldPrice"]).all()


@settings(max_examples=4, deadline=None)
@given(days, ids)
def test_books_never_cross_and_orders_live_once(day: date, listing: int) -> None:
    lives: dict[str, int] = {}
    for message, book, _ in replayed(table("l3", day=day, listings=(listing,))):
        bid, ask = book.best(BID), book.best(ASK)
        assert bid is None or ask is None or bid < ask
        action, name = message["LobAction"], message["OriginalOrderId"]
        assert (name in lives) == (action != 2)
        assert lives.get(name) != 3
        lives[name] = action
    assert set(lives.values()) == {3}, "the book is empty after the close"


def test_messages_are_written_as_the_vendor_writes_them() -> None:
    rows = table("l3")
    came, gone, changed = (rows.filter(LobAction=action) for action in (2, 3, 4))
    assert rows.height == came.height + gone.height + changed.height
    for frame, blank, there in ((came, "Old", ""), (gone, "", "Old")):
        assert frame[f"{blank}OrderId"].unique().to_list() == [""]
        assert frame[f"{blank}Price"].null_count() == frame.height
        assert frame[f"{blank}Size"].unique().to_list() == [0]
        assert (frame[f"{there}OrderId"] == frame["OriginalOrderId"]).all()
        assert frame[f"{there}Price"].null_count() == 0
        assert (frame[f"{there}Size"] > 0).all()
        assert frame["PosChange"].all()
    assert (changed["OrderId"] == changed["OldOrderId"]).all()
    assert (changed["Price"] == changed["OldPrice"]).all()
    assert (changed["Size"] < changed["OldSize"]).all()
    assert not changed["PosChange"].any()
    codes = rows.group_by("LobAction", "OrderExecuted", "OriginalExchangeMessage").len()
    assert sorted(codes.drop("len").rows()) == [
        (2, False, "F"), (3, False, "D"), (3, True, "E"), (4, False, "U"), (4, True, "E"),
    ]  # fmt: skip
    quiet = rows.filter(~EXECUTED)
    assert quiet["ExecutionPrice"].null_count() == quiet.height
    assert quiet.select((pl.col("ExecutionSize") == 0).all()).item()
    assert quiet.select((pl.col("TradeId") == "").all()).item()
    assert (rows["Printable"] == rows["OrderExecuted"]).all()
    assert sorted(rows["MarketState"].unique()) == [
        "CLOSED",
        "CLOSING_AUCTION",
        "CONTINUOUS_TRADING",
    ]


def test_times_ascend_and_sequences_order_what_is_simultaneous() -> None:
    for name in ("l3", "l2"):
        for rows in table(name).partition_by("ListingId"):
            assert rows["TimestampNanoseconds"].is_sorted()
            assert rows["TimestampNanoseconds"].is_duplicated().any()
            assert (rows["BMLLSequenceNo"].diff().drop_nulls() > 0).all()
            assert (rows["ExchangeSequenceNo"] == rows["BMLLSequenceNo"]).all()


def test_the_day_opens_and_closes_with_one_event_each() -> None:
    rows = table("l3", listings=(100_001,))
    ends = rows.filter("EndOfEvent").group_by("TimestampNanoseconds", maintain_order=True).len()
    assert rows["TimestampNanoseconds"].value_counts()["count"].max() > 30
    assert (ends["len"][0], ends["len"][-1]) == (1, 1)
    levels = table("l2", listings=(100_001,))
    assert levels.head(1).select(pl.col("BidPrice10", "AskPrice10").is_not_null()).row(0) == (
        True,
        True,
    )
    closed = levels.tail(1)
    assert closed.select("BidLevelCount", "AskLevelCount", "BidPrice1").row(0) == (0, 0, None)
    within = levels.head(levels.height - 1)
    assert within.select("BidPrice10", "AskPrice10").null_count().row(0) == (0, 0)


@settings(max_examples=8, deadline=None)
@given(days, ids)
def test_every_lit_trade_is_one_execution_of_a_resting_order(day: date, listing: int) -> None:
    trades = table("trades", day=day, listings=(listing,)).filter(
        pl.col("Classification") == "LIT_CONTINUOUS"
    )
    executed = table("l3", day=day, listings=(listing,)).filter(EXECUTED)
    assert executed.height == trades.height
    assert executed["TradeId"].to_list() == trades["TradeId"].to_list()
    both = trades.join(executed, on="TradeId", validate="1:1")
    assert both.height == trades.height
    assert (both["TradeTimestampNanoseconds"] == both["TimestampNanoseconds"]).all()
    assert (both["InstrumentCurrencyPrice"] == both["ExecutionPrice"]).all()
    assert (both["Size"] == both["ExecutionSize"]).all()
    assert (both["AggressorSide"] + both["Side"] == 3).all()
    assert executed["ExecutionSize"].sum() == trades["Size"].sum()


def test_orders_that_sweep_take_all_of_a_price_before_they_reach_the_next() -> None:
    executed = table("l3", Config(), mics=("XLON",)).filter(EXECUTED)
    sweeps = executed.group_by("ListingId", "TimestampNanoseconds", "Side", maintain_order=True)
    told = sweeps.agg(
        prices=pl.n_unique("ExecutionPrice"),
        worse=(pl.col("ExecutionPrice").diff() * (2 * pl.col("Side") - 3) >= 0).all(),
        ended=pl.last("EndOfEvent"),
        ends=pl.sum("EndOfEvent"),
    )
    assert told.select(pl.col("worse").all(), pl.col("ended").all()).row(0) == (True, True)
    assert told["ends"].unique().to_list() == [1]
    assert told.filter(pl.col("prices") > 1).height > 150
    assert told.filter(pl.col("prices") > 2).height > 5


def test_icebergs_execute_more_than_they_show_and_are_refilled() -> None:
    rows = table("l3", Config(), mics=("XLON",))
    icebergs = rows.filter(pl.col("ExecutionSize") > pl.col("OldSize"))
    assert icebergs["LobAction"].unique().to_list() == [3]
    assert 0.02 < icebergs.height / rows.filter(EXECUTED).height < 0.15
    refills = rows.filter(LobAction=2).join_asof(
        icebergs.select(
            "ListingId", "Side", "TimestampNanoseconds",
            Price="OldPrice", Since="TimestampNanoseconds",
        ),
        on="TimestampNanoseconds",
        by=["ListingId", "Side", "Price"],
        tolerance="200us",
        check_sortedness=False,
    )  # fmt: skip
    assert refills["Since"].is_not_null().sum() > 0.1 * icebergs.height


@pytest.mark.parametrize("name", ["l3", "l2"])
def test_columns_are_those_of_the_core_and_rows_are_counted(name: str) -> None:
    answer = read_table(TableRequest(name, SUNDAY), SMALL)
    assert answer.frame is not None
    assert set(answer.frame.collect_schema()) == set(TABLES[name].columns)
    for part in answer.parts:
        mic = part.location.split("/")[-2]
        assert part.rows == table(name, mics=(mic,)).height


@pytest.mark.parametrize("day", [FIRST_DAY + timedelta(days=1), LAST_DAY])
def test_books_hold_on_the_first_and_the_last_day_of_the_market(day: date) -> None:
    levels = table("l2", day=day, listings=(100_001,))
    shown = levels.head(levels.height - 1)
    assert shown.select((pl.col("BidPrice1") < pl.col("AskPrice1")).all()).item()
    assert levels["TimestampNanoseconds"].dt.date().unique().to_list() == [day]
    executed = table("l3", day=day, listings=(100_001,)).filter(EXECUTED)
    assert executed.height > 100
    assert executed["OrdersAhead"].unique().to_list() == [0]


@settings(max_examples=4, deadline=None)
@given(days, ids)
def test_a_book_is_the_same_in_a_larger_market_and_another_tomorrow(
    day: date, listing: int
) -> None:
    larger = SMALL.model_copy(update={"listings_per_mic": 9})
    for name in ("l3", "l2"):
        own = table(name, day=day, listings=(listing,))
        assert own.equals(table(name, larger, day, mics=(), listings=(listing,)))
        tomorrow = table(name, day=day + timedelta(days=1), listings=(listing,))
        assert own.height != tomorrow.height or not own.equals(tomorrow)


@pytest.mark.parametrize(("trades", "orders"), [(1, 0), (1, 1), (9000, 10), (10, 5000)])
def test_best_prices_are_the_quotes_however_few_or_many_trades_and_orders(
    trades: int, orders: int
) -> None:
    config = Config(listings_per_mic=2, trades_per_listing=trades, orders_per_listing=orders)
    for listing in listings(config):
        quotes = TradingDay.of(config, listing, SUNDAY).quotes
        levels = table("l2", config, listings=(listing.listing_id,))
        states = levels.unique("TimestampNanoseconds", keep="last", maintain_order=True)
        open_states = states.head(states.height - 1)
        moments = open_states["TimestampNanoseconds"].to_numpy().astype(np.int64)
        assert set(quotes.time.tolist()) <= set(moments.tolist())
        per_unit = grid(config, listing).per_unit
        for name, ticks in (("BidPrice1", quotes.bid), ("AskPrice1", quotes.ask)):
            expected = ticks[quotes.at(moments)] / per_unit
            assert open_states[name].to_list() == expected.tolist()
