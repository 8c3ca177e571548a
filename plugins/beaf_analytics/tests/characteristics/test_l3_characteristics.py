"""Do characteristics of order messages tell what is in the data?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, get_args

import polars as pl
import pytest
from pydantic import ValidationError

from beaf_analytics.characteristics.l3 import (
    BUILDERS,
    DEFAULT,
    L3CharacteristicsOptions,
    catalogue,
    measures,
    provides,
)
from beaf_analytics.characteristics.l3_columns import BOOKS, Column
from beaf_core import compute_frame
from beaf_core.testing import check_module

NINE = datetime(2025, 1, 6, 9)

#: A message that says nothing that a characteristic would tell of.
PLAIN: dict[str, Any] = {
    "ListingId": 1, "Side": 1, "LobAction": 2, "OrderId": "A", "OldOrderId": "",
    "Price": 10.0, "Size": 5, "OldPrice": None, "OldSize": 0, "OrderExecuted": False,
    "ExecutionSize": 0, "TradeId": "", "OldPriceLevel": 0, "SizeAhead": 0, "OrdersAhead": 0,
    "EndOfEvent": True, "MarketState": "HALTED", "ReceiveTimestamp": None,
}  # fmt: skip
TYPES = {
    "Side": pl.Int64, "Price": pl.Float64, "OldPrice": pl.Float64, "ReceiveTimestamp": pl.Int64,
    "TimestampNanoseconds": pl.Datetime("ns"), "OldPriceLevel": pl.Int64, "TradeId": pl.String,
    "SizeAhead": pl.Int64, "OrdersAhead": pl.Int64, "EventNo": pl.Int64,
}  # fmt: skip
FILL = {"LobAction": 3, "OrderExecuted": True, "ExecutionSize": 3, "OldPriceLevel": 1}
CHANGE = {"LobAction": 4, "OldPrice": 10.0, "OldSize": 4}


def messages(*rows: dict[str, Any]) -> pl.DataFrame:
    """Make messages of given seconds after nine, numbered as they stand."""
    told = []
    for number, row in enumerate(rows, start=1):
        numbers = dict.fromkeys(("EventNo", "ExchangeSequenceNo", "BMLLSequenceNo"), number)
        time = NINE + timedelta(seconds=row.get("at", number))
        rest = {key: value for key, value in row.items() if key != "at"}
        told.append(PLAIN | numbers | {"TimestampNanoseconds": time} | rest)
    return pl.DataFrame(told, schema_overrides=TYPES)


def told(frame: pl.DataFrame, *columns: str, **tables: pl.DataFrame) -> list[dict[str, Any]]:
    """Compute the columns, or all that are there unasked."""
    section = {"columns": list(columns)} if columns else {}
    found = compute_frame(
        "l3_characteristics", {"l3": frame, **tables}, l3_characteristics_analytics=section
    )
    return found.drop("ListingId", "TimeBucket", "MIC").to_dicts()


def test_the_module_keeps_the_contract() -> None:
    found = [each.name for options in catalogue() for each in measures(options)]
    assert set(found) == set(BUILDERS) == set(get_args(Column))
    check_module("l3_characteristics")
    check_module("l3_characteristics", {"columns": list(BUILDERS), "metric_prefix": "Q"})


def test_a_plain_message_has_nothing_to_tell() -> None:
    [row] = told(messages({}, {}))
    assert list(row) == DEFAULT
    true = {name for name in DEFAULT if name.endswith(("Decreasing", "Increasing", "Consistent"))}
    counts = {"L3EventCount": 2, "L3ExecutionCount": 0}
    counts |= {"L3UnknownSideCount": 0, "L3OutOfOrderCount": 0}
    assert row == {name: counts.get(name, name in true) for name in DEFAULT}


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ({"ExecutionSize": 1}, {"L3HasExecution", "L3ExecutionCount"}),
        ({"OrderExecuted": True}, {"L3HasOrderExecuted"}),
        ({"MarketState": "CONTINUOUS_TRADING"}, {"L3HasContinuousTrading"}),
        ({"MarketState": "OPENING_AUCTION"}, {"L3HasOpeningAuction"}),
        ({"MarketState": "CLOSING_AUCTION"}, {"L3HasClosingAuction"}),
        ({"MarketState": "INTRADAY_AUCTION"}, {"L3HasIntradayAuction"}),
        (
            {"MarketState": "POST_TRADE", "ExecutionSize": 1},
            {"L3HasPostTradeExecution", "L3HasExecution", "L3ExecutionCount"},
        ),
        (
            {"MarketState": "CLOSED", **FILL},
            {"L3HasExecution", "L3ExecutionCount", "L3HasOrderExecuted"},
        ),
        (
            {"MarketState": "PRE_OPEN", **FILL},
            {"L3HasPreOpenExecution", "L3HasExecution", "L3ExecutionCount", "L3HasOrderExecuted"},
        ),
        ({"EndOfEvent": False}, {"L3HasMultiRowEvent"}),
        ({"TradeId": "7"}, {"L3HasTradeId"}),
        ({"TradeId": None}, set()),
        ({"ReceiveTimestamp": 0}, {"L3HasReceiveTimestamp"}),
        # Updates are 4; an insert (2) is none, nor is a remove (3).
        (CHANGE, {"L3HasUpdates"}),
        ({"LobAction": 3}, set()),
        ({**CHANGE, "OldSize": 5}, {"L3HasUpdates", "L3HasNoOpUpdate"}),
        ({**CHANGE, "OldSize": 5, "OldPrice": 10.1}, {"L3HasUpdates"}),
        (
            {**CHANGE, "OldSize": 5, "OrderExecuted": True},
            {"L3HasUpdates", "L3HasOrderExecuted"},
        ),
        (
            {"OrderExecuted": True, "OldPriceLevel": 2},
            {"L3HasOrderExecuted", "L3ExecutedNotAtTopOfBook"},
        ),
        ({"OldPriceLevel": 2}, set()),
        (
            {"OrderExecuted": True, "OrdersAhead": 1, "SizeAhead": 5},
            {"L3HasOrderExecuted", "L3ExecutedWithOrdersAhead"},
        ),
        ({"OrdersAhead": 1, "SizeAhead": 5}, set()),
        ({"OrdersAhead": 1}, {"L3SizeAheadOrdersAheadConsistent"}),
        ({"SizeAhead": 1}, {"L3SizeAheadOrdersAheadConsistent"}),
        ({"SizeAhead": 1, "OrdersAhead": None}, set()),
        ({"Side": 0}, {"L3UnknownSideCount"}),
        ({"Side": 3}, {"L3UnknownSideCount"}),
        ({"Side": None}, {"L3UnknownSideCount"}),
        ({"Side": 2}, set()),
    ],
)
def test_one_message_among_others_is_told_of(row: dict[str, Any], columns: set[str]) -> None:
    [plain], [found] = told(messages({}, {}, {})), told(messages({}, row, {}))
    assert {name for name in plain if found[name] != plain[name]} == columns
    assert {found[name] for name in columns if name.endswith("Count")} <= {1}


def test_every_bucket_tells_of_its_own_messages() -> None:
    rows = messages(FILL, {"at": 60.0, **FILL}, {"at": 60.5}, {"at": 120.5, **FILL})
    found = told(rows, "L3EventCount", "L3ExecutionCount", "L3HasExecution")
    assert [tuple(row.values()) for row in found] == [(2, 2, True), (1, 0, False), (1, 1, True)]


def test_of_a_bucket_without_a_message_nothing_is_known() -> None:
    columns = ["L3EventCount", "L3HasUpdates", "L3SizeAheadOrdersAheadConsistent"]
    trades = pl.DataFrame(
        {
            "ListingId": [1],
            "TradeTimestamp": [NINE + timedelta(seconds=90)],
            "Size": [1.0],
            "Classification": ["LIT_CONTINUOUS"],
        }
    )
    found = compute_frame(
        ["l3_characteristics", "trade"],
        {"l3": messages(CHANGE), "trades": trades},
        l3_characteristics_analytics={"columns": [*columns, "L3EventNoNonDecreasing"]},
        trade_analytics={"market_state": False, "generic_metrics": [{"measures": "Volume"}]},
    ).select(*columns, "L3EventNoNonDecreasing")
    assert found.rows() == [(1, True, True, True), (0, None, None, None)]


# -- the order of rows -----------------------------------------------------------------------------

ORDER = [
    "L3EventTimestampNonDecreasing", "L3EventTimestampStrictlyIncreasing",
    "L3EventNoNonDecreasing", "L3EventNoStrictlyIncreasing",
    "L3ExchangeSequenceNoNonDecreasing", "L3ExchangeSequenceNoStrictlyIncreasing",
    "L3BMLLSequenceNoNonDecreasing", "L3BMLLSequenceNoStrictlyIncreasing",
]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "broken"),
    [
        ({}, set()),
        ({"at": 1}, {1}),
        ({"at": 0.5}, {0, 1}),
        ({"EventNo": 1}, {3}),
        ({"EventNo": 0}, {2, 3}),
        ({"ExchangeSequenceNo": 1}, {5}),
        ({"ExchangeSequenceNo": 0}, {4, 5}),
        ({"BMLLSequenceNo": 1}, {7}),
        ({"BMLLSequenceNo": 0}, {6, 7}),
        ({"EventNo": None}, set()),
    ],
)
def test_each_number_is_held_against_that_of_the_row_before(
    row: dict[str, Any], broken: set[int]
) -> None:
    [found] = told(messages({}, row), *ORDER)
    assert {ORDER.index(name) for name, holds in found.items() if not holds} == broken


def test_the_row_before_may_be_of_an_earlier_bucket_but_not_of_another_listing() -> None:
    rows = messages(
        {"at": 70}, {"at": 65, "ListingId": 2}, {"at": 50}, {"at": 80, "ListingId": 2}, {"at": 130}
    )
    found = told(rows, "L3EventTimestampNonDecreasing", "L3OutOfOrderCount")
    # Listing 1 goes from 70 back to 50; listing 2 goes on.
    assert [tuple(row.values()) for row in found] == [(False, 1), (True, 0), (True, 0), (True, 0)]


def test_rows_at_one_time_are_not_out_of_order() -> None:
    assert told(messages({"at": 1}, {"at": 1}, {"at": 0.9}), "L3OutOfOrderCount") == [
        {"L3OutOfOrderCount": 1}
    ]


def test_nothing_is_read_but_what_the_columns_need() -> None:
    [table] = provides(L3CharacteristicsOptions(columns=["L3EventNoNonDecreasing"]))
    assert table.needs == {"l3": ("TimestampNanoseconds", "EventNo")}
    assert provides(L3CharacteristicsOptions(columns=["L3EventCount"])) == ()
    assert provides(L3CharacteristicsOptions(ENABLED=False)) == ()
    little = messages({}).select("ListingId", "TimestampNanoseconds", "LobAction")
    assert told(little, "L3HasUpdates") == [{"L3HasUpdates": False}]


# -- what needs more than the documented columns ---------------------------------------------------


def test_tables_and_ids_are_only_needed_where_they_are_asked_for() -> None:
    unasked = measures(L3CharacteristicsOptions())
    assert {table for each in unasked for table in each.needs} == {"l3", "l3_steps"}
    assert not any(each.lookups for each in unasked)
    assert set(BUILDERS) - set(DEFAULT) == {*BOOKS, "L3OrphanCancelCount"}


def test_a_cancellation_without_an_insert_is_an_orphan() -> None:
    rows = messages(
        {"OrderId": "A"},
        {"OrderId": "", "OldOrderId": "A", "LobAction": 3},
        {"OrderId": "", "OldOrderId": "A", "LobAction": 3},
        {"OrderId": "", "OldOrderId": "B", "LobAction": 3},
        {"OrderId": "", "OldOrderId": "C", **FILL},
        {"OrderId": "", "OldOrderId": "D", "LobAction": 3},
        {"OrderId": "D"},
    )
    # The first cancels A; so does the second, again, under an id that an insert has begun.
    assert told(rows, "L3OrphanCancelCount") == [{"L3OrphanCancelCount": 2}]


def quotes(*rows: tuple[float, float | None, float | None, str]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "ListingId": 1,
            "TimestampNanoseconds": [NINE + timedelta(seconds=row[0]) for row in rows],
            "BMLLSequenceNo": range(len(rows)),
            "BidPrice1": [row[1] for row in rows],
            "AskPrice1": [row[2] for row in rows],
            "MarketState": [row[3] for row in rows],
        },
        schema_overrides={
            "TimestampNanoseconds": pl.Datetime("ns"), "BidPrice1": pl.Float64,
            "AskPrice1": pl.Float64, "ListingId": pl.Int64,
        },
    )  # fmt: skip


TRADING, HALTED = "CONTINUOUS_TRADING", "HALTED"


@pytest.mark.parametrize(
    ("bid", "ask", "state", "columns"),
    [
        (9.9, 10.0, TRADING, set()),
        (10.0, 10.0, TRADING, {"L3HasLockedBook", "L3HasLockedBookContinuous"}),
        (10.0, 10.0, HALTED, {"L3HasLockedBook", "L3HasLockedBookNonContinuous"}),
        (10.1, 10.0, TRADING, {"L3HasCrossedBook", "L3HasCrossedBookContinuous"}),
        (10.1, 10.0, HALTED, {"L3HasCrossedBook", "L3HasCrossedBookNonContinuous"}),
        # One side, or none, is no book that is locked.
        (0.0, 0.0, TRADING, set()),
        (10.0, None, TRADING, set()),
        (10.0, 0.0, TRADING, set()),
    ],
)
def test_locked_and_crossed_books_are_told_by_phase(
    bid: float, ask: float | None, state: str, columns: set[str]
) -> None:
    book = quotes((1, 9.9, 10.1, TRADING), (2, bid, ask, state), (3, 9.9, 10.1, TRADING))
    [row] = told(messages({}), *BOOKS, l2=book)
    assert {name for name, found in row.items() if found} == columns


def test_a_book_is_locked_while_it_stays_so_and_not_between_rows_of_one_time() -> None:
    held = quotes((1, 10.0, 10.0, TRADING), (70, 9.9, 10.0, TRADING))
    rows = messages({"at": 1}, {"at": 80}, {"at": 130})
    found = told(rows, "L3EventCount", "L3HasLockedBook", l2=held)
    assert [row["L3HasLockedBook"] for row in found] == [True, True, False]
    passing = quotes((1, 10.0, 10.0, TRADING), (1, 9.9, 10.0, TRADING))
    assert told(messages({}), "L3HasLockedBook", l2=passing) == [{"L3HasLockedBook": False}]
    number = pl.duration(nanoseconds=pl.col("BMLLSequenceNo"), time_unit="ns")
    briefly = passing.with_columns(pl.col("TimestampNanoseconds") + number)
    assert told(messages({}), "L3HasLockedBook", l2=briefly) == [{"L3HasLockedBook": True}]


# -- options ---------------------------------------------------------------------------------------


def test_options_choose_and_name_columns() -> None:
    options = L3CharacteristicsOptions(columns=["L3HasUpdates"], metric_prefix="q_")
    assert [each.name for each in measures(options)] == ["q_L3HasUpdates"]
    assert measures(L3CharacteristicsOptions(ENABLED=False)) == []


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"columns": "L3HasUpdate"}, "'L3EventCount', 'L3ExecutionCount'"),
        ({"columns": []}, "at least 1"),
        ({"sides": "Bid"}, "Extra inputs"),
    ],
)
def test_what_is_not_offered_is_refused(section: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        L3CharacteristicsOptions.model_validate(section)


def test_counts_add_up_and_what_holds_for_all_holds_for_the_whole() -> None:
    rules = {each.name: each.reaggregation for each in measures(L3CharacteristicsOptions())}
    assert {name for name, rule in rules.items() if rule == "sum"} == {
        "L3EventCount", "L3ExecutionCount", "L3UnknownSideCount", "L3OutOfOrderCount"
    }  # fmt: skip
    assert {name for name, rule in rules.items() if rule == "min"} == {
        "L3SizeAheadOrdersAheadConsistent", *ORDER
    }  # fmt: skip
    assert set(rules.values()) == {"sum", "min", "max"}
    book = measures(L3CharacteristicsOptions(columns=["L3HasLockedBook", "L3OrphanCancelCount"]))
    assert [each.reaggregation for each in book] == ["max", "sum"]
