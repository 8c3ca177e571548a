"""Does `l2` say what the last state of a bucket says?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import polars as pl
import pytest

from beaf_analytics.l2 import measures
from beaf_analytics.l2.options import L2Options

Pass = Callable[..., pl.DataFrame]

#: Bid 10.00 x 100, 9.99 x 200, 9.97 x 300; ask 10.02 x 50, 10.03 x 150, and no third level.
DEEP = {
    "BidNumOrders1": 2, "BidPrice2": 9.99, "BidQuantity2": 200, "BidNumOrders2": 3,
    "BidPrice3": 9.97, "BidQuantity3": 300, "BidNumOrders3": 5,
    "AskNumOrders1": 1, "AskPrice2": 10.03, "AskQuantity2": 150, "AskNumOrders2": 4,
}  # fmt: skip
EARLIER = (5, 9.0, 1, 9.5, 1)
LAST = (50, 10.0, 100, 10.02, 50, DEEP)

LEVELS = ["Price", "Quantity", "NumOrders", "CumQuantity", "CumOrders", "CumNotional"]
EVERYTHING = {
    "liquidity": [{"measures": LEVELS}],
    "spreads": [{"variant": ["Abs", "BPS", "Rel"]}],
    "imbalances": [{"measure": ["CumQuantity", "Orders", "CumNotional", "Quantity"]}],
}


def only(frame: pl.DataFrame) -> dict[str, Any]:
    assert frame.height == 1
    return frame.to_dicts()[0]


def test_levels_are_those_of_the_last_row(snapshot: Pass) -> None:
    row = only(snapshot([EARLIER, LAST], **EVERYTHING))
    assert [row[f"BidPrice{n}"] for n in (1, 2, 3, 4)] == [10.0, 9.99, 9.97, None]
    assert [row[f"AskPrice{n}"] for n in (1, 2, 3)] == [10.02, 10.03, None]
    assert [row[f"BidQuantity{n}"] for n in (1, 2, 3, 4)] == [100, 200, 300, None]
    assert [row[f"AskQuantity{n}"] for n in (1, 2, 3)] == [50, 150, None]
    assert [row[f"BidNumOrders{n}"] for n in (1, 2, 3)] == [2, 3, 5]
    assert [row[f"AskNumOrders{n}"] for n in (1, 2, 3)] == [1, 4, None]


def test_sums_over_levels_take_a_missing_one_as_nothing(snapshot: Pass) -> None:
    row = only(snapshot([EARLIER, LAST], **EVERYTHING))
    assert [row[f"BidCumQuantity{n}"] for n in (1, 2, 3, 10)] == [100, 300, 600, 600]
    assert [row[f"AskCumQuantity{n}"] for n in (1, 2, 3)] == [50, 200, 200]
    assert [row[f"BidCumOrders{n}"] for n in (1, 2, 3, 10)] == [2, 5, 10, 10]
    assert [row[f"AskCumOrders{n}"] for n in (1, 2, 3)] == [1, 5, 5]
    bid = [row[f"BidCumNotional{n}"] for n in (1, 2, 3, 10)]
    assert bid == pytest.approx([1000, 1000 + 1998, 2998 + 2991, 5989], rel=1e-12)
    ask = [row[f"AskCumNotional{n}"] for n in (1, 2, 3)]
    assert ask == pytest.approx([501, 501 + 1504.5, 2005.5], rel=1e-12)


def test_spreads_and_imbalances_compare_both_sides(snapshot: Pass) -> None:
    row = only(snapshot([EARLIER, LAST], **EVERYTHING))
    assert row["SpreadAbs"] == pytest.approx(0.02, rel=1e-12)
    assert row["SpreadBps"] == row["SpreadRel"] == pytest.approx(200 / 10.01, rel=1e-12)
    assert row["ImbalanceCumQuantity1"] == pytest.approx(50 / 150)
    assert row["ImbalanceCumQuantity3"] == 0.5
    assert row["ImbalanceQuantity2"] == pytest.approx(50 / 350)
    assert row["ImbalanceQuantity3"] == 1.0
    assert row["ImbalanceQuantity4"] is None  # nothing on either side
    assert row["ImbalanceOrders1"] == pytest.approx(1 / 3)
    assert row["ImbalanceOrders2"] == 0.0
    assert row["ImbalanceCumNotional2"] == pytest.approx((2998 - 2005.5) / (2998 + 2005.5))


def test_of_rows_at_one_time_the_last_by_sequence_counts(snapshot: Pass) -> None:
    rows = [(50, 10.0, 100, 10.02, 50), (50, 11.0, 7, 11.5, 5), (20, 12.0, 1, 13.0, 1)]
    row = only(snapshot(rows, spreads=[{"variant": "Abs"}]))
    assert row["SpreadAbs"] == 0.5


@pytest.mark.parametrize(("closed", "spreads"), [("right", [3.0]), ("left", [2.0, 3.0])])
def test_a_row_on_the_edge_belongs_to_the_closed_side(
    snapshot: Pass, closed: str, spreads: list[float]
) -> None:
    rows = [(50, 10.0, 1, 12.0, 1), (60, 10.0, 1, 13.0, 1)]
    found = snapshot(rows, time_bucket_closed=closed, spreads=[{"variant": "Abs"}])
    assert found["SpreadAbs"].to_list() == spreads


#: What ends the bucket → which quotes still count it, and the spread they give.
ENDS = {
    "halted": ((50, 10.0, 1, 10.5, 1, {"MarketState": "HALTED"}), "uncrossed", 0.5),
    "locked": ((50, 10.0, 1, 10.0, 1), "two_sided", 0.0),
    "crossed": ((50, 10.0, 1, 9.75, 1), "two_sided", -0.25),
}


@pytest.mark.parametrize(("last", "quotes", "spread"), ENDS.values(), ids=ENDS)
def test_a_quote_that_is_not_valid_has_no_spread_unless_it_is_asked_for(
    snapshot: Pass, last: Any, quotes: str, spread: float
) -> None:
    rows = [(5, 9.0, 1, 9.5, 1), last]
    assert only(snapshot(rows, spreads=[{"variant": "Abs"}]))["SpreadAbs"] is None
    kinds = ["valid", "uncrossed", "two_sided", "any"]
    for kind in kinds:
        row = only(snapshot(rows, spreads=[{"variant": "Abs", "quotes": kind}]))
        expected = spread if kinds.index(kind) >= kinds.index(quotes) else None
        assert row["SpreadAbs"] == expected, kind


def test_market_states_choose_the_phases(snapshot: Pass) -> None:
    rows = [(50, 10.0, 1, 10.5, 1, {"MarketState": "HALTED"})]
    for states, spread in ((["HALTED"], 0.5), (["CLOSED", "HALTED"], 0.5), ("CLOSED", None)):
        section = {"spreads": [{"variant": "Abs", "market_states": states}]}
        assert only(snapshot(rows, **section))["SpreadAbs"] == spread


def test_one_side_alone_has_its_levels_and_no_spread(snapshot: Pass) -> None:
    row = only(snapshot([EARLIER, (50, 10.0, 100, None, None)], **EVERYTHING))
    assert (row["BidPrice1"], row["AskPrice1"]) == (10.0, None)
    assert (row["BidCumQuantity2"], row["AskCumQuantity2"]) == (100, 0)
    assert row["AskCumNotional1"] == 0.0
    assert row["SpreadAbs"] is row["SpreadBps"] is row["ImbalanceCumQuantity1"] is None
    both = {"imbalances": [{"levels": 1, "quotes": "any"}]}
    sided = only(snapshot([EARLIER, (50, 10.0, 100, None, None)], **both))
    assert sided["ImbalanceCumQuantity1"] == 1.0


def test_a_book_without_any_order_holds_nothing_and_compares_to_nothing(snapshot: Pass) -> None:
    section = {
        "liquidity": [{"measures": ["Price", "CumQuantity", "CumOrders"], "levels": 1}],
        "imbalances": [{"measure": ["CumQuantity", "Orders"], "levels": 1, "quotes": "any"}],
    }
    row = only(snapshot([EARLIER, (50, None, None, None, None)], **section))
    assert row["BidPrice1"] is None
    assert (row["BidCumQuantity1"], row["BidCumOrders1"], row["AskCumOrders1"]) == (0, 0, 0)
    assert row["ImbalanceCumQuantity1"] is row["ImbalanceOrders1"] is None


def test_orders_that_a_venue_does_not_tell_are_unknown_and_not_none(snapshot: Pass) -> None:
    section = {
        "liquidity": [{"measures": "CumOrders", "levels": [1, 2]}],
        "imbalances": [{"measure": "Orders", "levels": [2]}],
    }
    row = only(snapshot([(50, 10.0, 100, 10.5, 50)], **section))
    assert row["BidCumOrders1"] is row["AskCumOrders2"] is row["ImbalanceOrders2"] is None


TRADES = pl.DataFrame(
    {
        "ListingId": [1, 1],
        "TradeTimestamp": [datetime(2025, 1, 6, 9, 0, 30), datetime(2025, 1, 6, 9, 2, 30)],
        "Size": [1.0, 1.0],
        "MarketState": ["OPENING_AUCTION", "HALTED"],
        "Classification": ["LIT_CONTINUOUS", "LIT_CONTINUOUS"],
    }
)


def with_trades(computed: Pass, **section: Any) -> pl.DataFrame:
    trades = {"market_state": False, "generic_metrics": [{"measures": "Volume"}]}
    trades |= section.pop("trade", {})
    return computed(
        ["trade", "l2"],
        [(70, 10.0, 100, 10.5, 50)],  # in the second bucket; trades are in the first and third
        tables={"trades": TRADES},
        fields={"trade_analytics": trades},
        **section,
    )


def test_before_the_first_state_nothing_is_known_and_after_it_the_state_goes_on(
    computed: Pass,
) -> None:
    found = with_trades(computed, **EVERYTHING)
    assert found["BidPrice1"].to_list() == [None, 10.0, 10.0]
    assert found["BidCumQuantity1"].to_list() == [None, 100, 100]
    assert found["AskCumNotional1"].to_list() == [None, 525.0, 525.0]
    assert found["SpreadAbs"].to_list() == [None, 0.5, 0.5]
    assert found["MarketState"].to_list() == [None, "CONTINUOUS_TRADING", "CONTINUOUS_TRADING"]


def test_the_market_state_of_the_book_stands_where_trades_have_one_too(computed: Pass) -> None:
    states = [None, "CONTINUOUS_TRADING", "CONTINUOUS_TRADING"]
    assert with_trades(computed, trade={"market_state": True})["MarketState"].to_list() == states
    trades = with_trades(computed, trade={"market_state": True}, market_state=False)
    assert trades["MarketState"].to_list() == ["OPENING_AUCTION", None, "HALTED"]


def test_nothing_configured_gives_the_columns_that_users_know(snapshot: Pass) -> None:
    names = [each.name for each in measures(L2Options())]
    sides = [
        f"{side}{word}{level}"
        for side in ("Bid", "Ask")
        for word in ("Price", "Quantity", "NumOrders", "CumQuantity", "CumOrders")
        for level in range(1, 11)
    ]
    compared = [
        f"Imbalance{word}{level}" for word in ("CumQuantity", "Orders") for level in range(1, 11)
    ]
    assert names == ["MarketState", *sides, "SpreadBps", *compared]
    # Beside these 122: ListingId, TimeBucket, MIC, Ticker and CurrencyCode make 127.
    assert len(names) == 122
    assert set(names) <= set(snapshot([LAST]).columns)


def test_a_measure_is_described() -> None:
    asked = L2Options.model_validate(EVERYTHING | {"ohlc": [{}]})
    described = {each.name: each for each in measures(asked)}
    spread = described["SpreadBps"]
    assert spread.doc == (
        "Spread between the best bid and the best ask, relative to their mid, in valid quotes, "
        "at the end of the bucket."
    )
    assert (spread.unit, spread.formula) == ("bps", "Last(1e4·(a_1 - b_1)/mid)")
    assert described["SpreadAbs"].unit == described["BidCumNotional3"].unit == "ccy"
    assert described["BidCumQuantity3"].doc == (
        "Quantity at bid levels 1 to 3, at the end of the bucket."
    )
    assert described["AskNumOrders2"].doc == (
        "Number of orders at ask level 2, at the end of the bucket."
    )
    assert described["AskNumOrders2"].unit == described["BidCumOrders1"].unit == "orders"
    assert described["BidQuantity1"].unit == described["AskCumQuantity2"].unit == "shares"
    assert {each.reaggregation for name, each in described.items() if "Mid" not in name} == {"last"}
    bars = ["MidOpen", "MidHigh", "MidLow", "MidClose"]
    assert [described[each].reaggregation for each in bars] == ["first", "max", "min", "last"]
