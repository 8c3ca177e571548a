"""Which prints are put together into one aggressive order, and what is counted of it?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from pydantic import ValidationError

from beaf_analytics.aggressive import identities, measures
from beaf_analytics.aggressive.options import AggressiveOptions
from beaf_core import AnalyticsModule, BeafError, Context, Measure, compute_frame
from beaf_core.testing import check_module

START = int((datetime(2025, 1, 6, 9, 0, 1) - datetime(1970, 1, 1)).total_seconds()) * 10**9
MINUTE = 60 * 10**9
DELTA = 10_000
BUY, SELL = 1, 2
LIT = "LIT_CONTINUOUS"

WORDS = ["OrderCount", "OrderVolume", "AvgOrderSize", "AvgOrderDuration", "AvgOrderExecutions",
    "SweepDepth", "SweepShare", "SweepVolumeShare"]  # fmt: skip
NAMES = ["AggressiveOrderCount", "AggressiveOrderVolume", "AvgAggressiveOrderSize",
    "AvgAggressiveOrderDuration", "AvgAggressiveOrderExecutions", "SweepDepth", "SweepShare",
    "SweepVolumeShare"]  # fmt: skip
EVERYTHING = {"metrics": [{"measures": WORDS}]}

#: Time in nanoseconds after the start, aggressor, price, size.
Print = tuple[Any, ...]


def trades(prints: Sequence[Print], **columns: Any) -> pl.DataFrame:
    """Lay prints out as a table, the last first: only time and sequence tell their order."""
    frame = pl.DataFrame(
        {
            "ListingId": 1,
            "TradeTimestampNanoseconds": [START + at for at, *_ in prints],
            "BMLLSequenceNo": range(1, len(prints) + 1),
            "AggressorSide": pl.Series([each[1] for each in prints], dtype=pl.Int64),
            "InstrumentCurrencyPrice": pl.Series([each[2] for each in prints], dtype=pl.Float64),
            "Size": pl.Series([each[3] for each in prints], dtype=pl.Float64),
            "Classification": LIT,
            **columns,
        }
    )
    return frame.reverse()


def rows(prints: Sequence[Print], **section: Any) -> list[dict[str, Any]]:
    asked = {**EVERYTHING, **section}
    found = compute_frame(
        "aggressive_trades", {"trades": trades(prints)}, aggressive_trades_analytics=asked
    )
    return found.to_dicts()


def row(prints: Sequence[Print], **section: Any) -> dict[str, Any]:
    (only,) = rows(prints, **section)
    return only


def count(prints: Sequence[Print], **section: Any) -> int:
    found: int = row(prints, **section)["AggressiveOrderCount"]
    return found


def orders(frame: pl.DataFrame, *columns: str, **section: Any) -> list[tuple[Any, ...]]:
    """List columns of the aggressive orders themselves, in the order of time."""

    def listed(context: Context, _options: object) -> pl.LazyFrame:
        found = context.tables["aggressive_trades"].sort("ListingId", "BMLLSequenceNo")
        facts = pl.struct(pl.col(each) for each in columns)
        return found.group_by("ListingId", "TimeBucket").agg(Facts=facts)

    reader = AnalyticsModule(
        "reader",
        measures=lambda _options: [Measure("Facts", "aggressive_trades", None, "", "", "")],
        compute=listed,
        reads=lambda _options: {"aggressive_trades": ("BMLLSequenceNo", *columns)},
    )
    table = "l3" if section.get("table") == "l3" else "trades"
    asked = {"aggressive_trades_analytics": {**EVERYTHING, **section}}
    found = compute_frame(["aggressive_trades", reader], {table: frame}, **asked)
    return [tuple(each.values()) for facts in found["Facts"] for each in facts]


def test_the_module_keeps_the_contract() -> None:
    check_module("aggressive_trades")
    check_module("aggressive_trades", {**EVERYTHING, "classifications": "all"})
    check_module("aggressive_trades", {"table": "l3"})


# Buys: 100 + 300 at 10.0, 10.1, 10.2 in 7 ns (4 prints, 3 prices); 50; sells: 200 + 40 at 9.9.
SWEEP: list[Print] = [
    (0, BUY, 10.0, 100.0),
    (3, BUY, 10.1, 60.0),
    (3, BUY, 10.1, 90.0),
    (7, BUY, 10.2, 150.0),
    (MINUTE // 2, BUY, 10.3, 50.0),
    (MINUTE // 2 + 8, SELL, 9.9, 200.0),
    (MINUTE // 2 + 9, SELL, 9.9, 40.0),
]


def test_prints_that_follow_each_other_closely_are_one_order() -> None:
    found = row(SWEEP)
    assert [found[name] for name in NAMES] == [
        3, 690.0, 230.0, (7 + 0 + 1) / 3, 7 / 3, 5 / 3, 1 / 3, 400 / 690
    ]  # fmt: skip
    assert [found[f"{name}Buy"] for name in NAMES] == [
        2, 450.0, 225.0, 3.5, 2.5, 2.0, 0.5, 400 / 450
    ]  # fmt: skip
    assert [found[f"{name}Sell"] for name in NAMES] == [1, 240.0, 240.0, 1.0, 2.0, 1.0, 0.0, 0.0]


def test_an_order_has_the_facts_of_its_prints() -> None:
    first, second, third = orders(
        trades(SWEEP),
        "TradeTimestampNanoseconds", "AggressorSide", "Size", "Duration", "MinPrice", "MaxPrice",
        "NumExecutions", "NumLevels", "Classification",
    )  # fmt: skip
    assert first == (START, BUY, 400.0, 7, 10.0, 10.2, 4, 3, LIT)
    assert second == (START + MINUTE // 2, BUY, 50.0, 0, 10.3, 10.3, 1, 1, LIT)
    assert third == (START + MINUTE // 2 + 8, SELL, 240.0, 1, 9.9, 9.9, 2, 1, LIT)
    prices = orders(trades(SWEEP), "InstrumentCurrencyPrice", "PriceDiff")
    vwap = (1000 + 10.1 * 150 + 10.2 * 150) / 400
    assert [each[0] for each in prices] == pytest.approx([vwap, 10.3, 9.9], rel=1e-15)
    assert [each[1] for each in prices] == [10.2 - 10.0, 0.0, 0.0]


@pytest.mark.parametrize(("gap", "number"), [(0, 1), (DELTA, 1), (DELTA + 1, 2)])
def test_the_longest_time_between_two_prints_is_counted_from_the_one_before(
    gap: int, number: int
) -> None:
    chain: list[Print] = [(each * gap, BUY, 10.0, 1.0) for each in range(4)]
    assert count(chain) == (1 if number == 1 else 4)
    assert count(chain[:2]) == number


@pytest.mark.parametrize(("seconds", "number"), [(0.0, 2), (4e-9, 2), (5e-9, 1), (1.0, 1)])
def test_the_longest_time_is_that_of_the_option(seconds: float, number: int) -> None:
    assert count([(0, SELL, 10.0, 1.0), (5, SELL, 10.0, 1.0)], deltat=seconds) == number


def test_the_longest_time_is_in_seconds() -> None:
    prints: list[Print] = [(each * (10**9 + 1), SELL, 10.0, 1.0) for each in range(2)]
    assert count(prints, deltat=1) == 2
    assert count([(0, SELL, 10.0, 1.0), (10**9, SELL, 10.0, 1.0)], deltat=1) == 1


def test_two_prices_are_a_sweep_and_fractions_of_a_share_an_order() -> None:
    found = row([(0, SELL, 10.0, 0.2), (1, SELL, 9.9, 0.3)])
    assert (found["SweepShare"], found["SweepDepth"]) == (1.0, 2.0)
    assert found["AggressiveOrderVolume"] == 0.5


def test_a_print_of_the_other_side_ends_an_order() -> None:
    found = row([(0, BUY, 10.0, 1.0), (0, SELL, 10.0, 2.0), (0, BUY, 10.0, 4.0)])
    assert (found["AggressiveOrderCountBuy"], found["AggressiveOrderCountSell"]) == (2, 1)


def test_a_print_that_belongs_to_no_order_ends_none() -> None:
    nan, infinite = float("nan"), float("inf")
    odd: list[Print] = [
        (1, 0, 10.0, 2.0),
        (1, None, 10.0, 2.0),
        (1, BUY, 10.0, -2.0),
        (1, BUY, 10.0, 0.0),
        (1, SELL, None, 2.0),
        (1, SELL, nan, 2.0),
        (1, SELL, infinite, 2.0),
        (1, SELL, 10.0, None),
        (1, SELL, 10.0, nan),
        (1, SELL, 10.0, infinite),
    ]
    found = row([(0, BUY, 10.0, 1.0), *odd, (2, BUY, 10.0, 4.0)])
    assert (found["AggressiveOrderCount"], found["AggressiveOrderVolume"]) == (1, 5.0)
    assert found["AvgAggressiveOrderExecutions"] == 2.0
    assert rows(odd) == []


def test_only_prints_of_the_classifications_count() -> None:
    prints: list[Print] = [(0, BUY, 10.0, 1.0), (1, SELL, 10.0, 2.0), (2, BUY, 10.0, 4.0)]
    kinds = [LIT, "OFF_BOOK_ON_EXCHANGE", LIT]
    frame = trades(prints, Classification=kinds)
    assert orders(frame, "Size") == [(5.0,)]
    assert orders(frame, "Size", classifications="all") == [(1.0,), (2.0,), (4.0,)]
    assert orders(frame, "Size", classifications="OFF_BOOK_ON_EXCHANGE") == [(2.0,)]
    bare = frame.drop("Classification")
    assert orders(bare, "Size", classifications="all") == [(1.0,), (2.0,), (4.0,)]


def test_listings_that_trade_at_one_time_have_orders_of_their_own() -> None:
    prints: list[Print] = [(each // 2, BUY, 10.0 + each, 1.0 + each) for each in range(6)]
    frame = trades(prints, ListingId=[1, 2] * 3)
    assert orders(frame, "ListingId", "Size") == [(1, 1.0 + 3 + 5), (2, 2.0 + 4 + 6)]


def test_orders_of_one_side_of_two_listings_are_not_one() -> None:
    frame = trades([(0, BUY, 10.0, 1.0), (1, BUY, 10.0, 2.0)], ListingId=[1, 2])
    assert orders(frame, "Size") == [(1.0,), (2.0,)]


@pytest.mark.parametrize(("least", "number"), [(0, 3), (50, 3), (50.5, 2), (240, 2), (400, 1)])
def test_only_orders_of_a_certain_size_count(least: float, number: int) -> None:
    assert count(SWEEP, execution_size=least) == number


def test_an_order_counts_in_the_bucket_of_its_first_print() -> None:
    edge = MINUTE - 10**9  # the bucket that ends there holds it
    prints: list[Print] = [(edge, BUY, 10.0, 1.0), (edge + 1, BUY, 10.0, 2.0)]
    later: list[Print] = [(edge + 5 * DELTA, SELL, 10.0, 4.0)]
    first, second = rows([*prints, *later])
    assert (first["TimeBucket"].minute, first["AggressiveOrderVolume"]) == (1, 3.0)
    assert (second["TimeBucket"].minute, second["AggressiveOrderVolume"]) == (2, 4.0)


def test_a_side_without_orders_has_no_size_and_no_share() -> None:
    found = row(SWEEP[:4])
    assert [found[f"{name}Sell"] for name in NAMES] == [0, 0.0, *[None] * 6]


# -- in the layout of trades -----------------------------------------------------------------------


def test_what_holds_before_is_of_the_first_print_and_what_holds_after_of_the_last() -> None:
    prints: list[Print] = [(0, BUY, 10.0, 100.0), (1, BUY, 10.2, 300.0)]
    frame = trades(
        prints,
        PreTradeMid1ms=[9.9, 9.8],
        PostTradeMid1ms=[10.1, 10.3],
        OrderRemainingQty=[7.0, 5.0],
        BBORemainingQtyAtVenue=[70.0, 50.0],
        TradeNotional=[1000.0, 3060.0],
        TradeNotionalEUR=[1100.0, 3366.0],
        Price=[1000.0, 1020.0],
        MarketState=["CONTINUOUS_TRADING", "HALTED"],
        BestBidPrice=[9.7, 9.9],
        BestAskPrice=[10.0, 10.2],
        BestBidPriceAtVenue=[9.5, 9.9],
        BestAskPriceAtVenue=[10.0, 10.2],
        PricePoint=[1.0, 1.0],
    )
    names = ["PreTradeMid1ms", "PostTradeMid1ms", "OrderRemainingQty", "BBORemainingQtyAtVenue",
        "TradeNotional", "TradeNotionalEUR", "Price", "MarketState", "BestBidPrice"]  # fmt: skip
    (found,) = orders(frame, *names)
    assert found == (9.9, 10.3, 5.0, 50.0, 4060.0, 4466.0, 1015.0, "CONTINUOUS_TRADING", 9.7)
    (points,) = orders(frame, "PricePoint", "PricePointAtVenue")
    # At 10.15 on average: the ask that it met was 10.0, 0.3 above the bid.
    assert points == (pytest.approx(0.45 / 0.3), pytest.approx(0.65 / 0.5))


@pytest.mark.parametrize("quote", [(10.0, 10.0), (10.1, 10.0), (None, 10.0), (9.9, None)])
def test_an_order_has_no_place_between_quotes_that_are_locked_crossed_or_lacking(
    quote: Any,
) -> None:
    bid, ask = (pl.Series([each], dtype=pl.Float64) for each in quote)
    frame = trades([(0, BUY, 10.0, 1.0)], BestBidPrice=bid, BestAskPrice=ask)
    assert orders(frame, "PricePoint") == [(None,)]


def test_the_module_trade_reads_orders_like_trades() -> None:
    found = compute_frame(
        ["aggressive_trades", "trade"],
        {"trades": trades(SWEEP)},
        module_inputs={"trade": {"trades": "aggressive_trades"}},
        trade_analytics={
            "market_state": False,
            "generic_metrics": [
                {"sides": ["Total", "Buy"], "measures": ["Count", "Volume", "Notional"]}
            ],
        },
    )
    (only,) = found.to_dicts()
    assert (only["TradeTotalCount"], only["TradeBuyCount"]) == (3, 2)
    assert (only["TradeTotalVolume"], only["TradeBuyVolume"]) == (690.0, 450.0)
    bought = 1000 + 10.1 * 150 + 10.2 * 150 + 10.3 * 50
    assert only["TradeBuyNotional"] == pytest.approx(bought, rel=1e-14)


def test_a_day_of_many_orders_is_put_together_as_a_small_one() -> None:
    number = 100_000
    frame = pl.DataFrame({"place": range(3 * number)}).select(
        ListingId=pl.lit(1),
        TradeTimestampNanoseconds=START + pl.col("place") // 3 * 2 * DELTA,
        BMLLSequenceNo=pl.col("place"),
        AggressorSide=pl.lit(BUY),
        InstrumentCurrencyPrice=10.0 + pl.col("place") % 3,
        Size=1.0 + pl.col("place") % 3,
        Classification=pl.lit(LIT),
        PreTradeMid1ms=pl.col("place").cast(pl.Float64),
        PostTradeMid1ms=pl.col("place").cast(pl.Float64),
    )
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=3)
    found = orders(shuffled, "PreTradeMid1ms", "PostTradeMid1ms", "Size")
    assert found == [(3.0 * each, 3.0 * each + 2, 6.0) for each in range(number)]


# -- executions of the order book ------------------------------------------------------------------


def executions(rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    """Lay executions out: time, resting side, price, size, state."""
    return pl.DataFrame(
        {
            "ListingId": 1,
            "TimestampNanoseconds": [START + each[0] for each in rows],
            "BMLLSequenceNo": range(1, len(rows) + 1),
            "Side": [each[1] for each in rows],
            "OrderExecuted": [each[3] > 0 for each in rows],
            "ExecutionPrice": [each[2] for each in rows],
            "ExecutionSize": [each[3] for each in rows],
            "MarketState": [each[4] for each in rows],
            "OldSize": [each[3] + 1 for each in rows],
        }
    ).reverse()


ON = "CONTINUOUS_TRADING"


def test_executions_of_the_book_make_orders_too() -> None:
    frame = executions(
        [
            (0, 2, 10.0, 100, ON),
            (DELTA, 2, 10.1, 300, ON),
            (DELTA + 1, 2, 10.5, 0, ON),
            (DELTA + 2, 1, 9.9, 30, ON),
            (2 * DELTA, 1, 9.8, 10, ON),
            (5 * DELTA, 1, 9.8, 7, ON),
            (5 * DELTA + 1, 1, 9.8, 5, "CLOSING_AUCTION"),
        ]
    )
    names = ["TradeTimestampNanoseconds", "AggressorSide", "Size", "NumLevels", "Duration",
        "Classification", "OldSize"]  # fmt: skip
    assert orders(frame, *names, table="l3") == [
        (START, BUY, 400.0, 2, DELTA, LIT, 101),
        (START + DELTA + 2, SELL, 40.0, 2, DELTA - 2, LIT, 31),
        (START + 5 * DELTA, SELL, 7.0, 1, 0, LIT, 8),
    ]
    (first, *_) = orders(
        frame, "InstrumentCurrencyPrice", "Price", "TradeNotional", "MarketState", table="l3"
    )
    assert first == (4030 / 400, 4030 / 400, 4030.0, ON)


# -- options ---------------------------------------------------------------------------------------


def test_what_is_asked_for_is_what_is_named() -> None:
    section = {
        "metric_prefix": "My",
        "metrics": [
            {"sides": "Sell", "measures": "SweepDepth"},
            {"sides": ["Buy", "Total"], "measures": "OrderCount",
             "output_name_pattern": "Agg{measures}{sides}"},
        ],
    }  # fmt: skip
    found = row(SWEEP, **section)
    names = [each for each in found if each not in ("ListingId", "TimeBucket", "MIC")]
    assert names == ["MySweepDepthSell", "MyAggOrderCountBuy", "MyAggOrderCount"]
    assert [found[each] for each in names] == [1.0, 2, 3]
    unasked = [each.name for each in measures(AggressiveOptions())]
    assert unasked == [
        f"{name}{side}"
        for side in ("", "Buy", "Sell")
        for name in (*NAMES[:3], "SweepDepth", "SweepShare")
    ]


def test_market_states_leave_out_other_phases() -> None:
    frame = trades(SWEEP[3:6], MarketState=["HALTED", ON, ON])
    metric = {"sides": ["Total", "Buy"], "measures": "OrderVolume", "market_states": ON}
    found = compute_frame(
        "aggressive_trades", {"trades": frame}, aggressive_trades_analytics={"metrics": [metric]}
    )
    assert found["AggressiveOrderVolume"].to_list() == [250.0]
    assert found["AggressiveOrderVolumeBuy"].to_list() == [50.0]


def test_means_of_long_buckets_are_weighted_by_what_they_are_means_over() -> None:
    rules = {
        each.name: each.reaggregation
        for each in measures(AggressiveOptions.model_validate(EVERYTHING))
    }
    assert rules["AggressiveOrderCountBuy"] == rules["AggressiveOrderVolume"] == "sum"
    assert rules["SweepDepthBuy"] == rules["SweepShareBuy"] == "vw:AggressiveOrderCountBuy"
    assert rules["AvgAggressiveOrderSize"] == "vw:AggressiveOrderCount"
    assert rules["SweepVolumeShareSell"] == "vw:AggressiveOrderVolumeSell"


def test_buys_and_sells_are_all_orders_and_each_run_checks_it() -> None:
    (number, volume) = identities(AggressiveOptions())
    name = "AggressiveOrderCount"
    assert number.name == f"{name}Buy + {name}Sell = {name}"
    frame = pl.DataFrame({"AggressiveOrderVolume": [3.0, 3.0, 3.0]}).with_columns(
        AggressiveOrderVolumeBuy=pl.Series([1.0, 1.0, 1.0]),
        AggressiveOrderVolumeSell=pl.Series([2.0, 1.9, 2.1]),
    )
    assert frame.select(volume.holds).to_series().to_list() == [True, False, False]
    some = AggressiveOptions.model_validate({"metrics": [{"sides": "Buy", "measures": WORDS}]})
    assert identities(some) == []
    other = AggressiveOptions.model_validate({"metrics": [{"measures": "SweepDepth"}]})
    assert identities(other) == identities(AggressiveOptions(ENABLED=False)) == []


def test_a_module_that_is_switched_off_yields_nothing() -> None:
    assert measures(AggressiveOptions(ENABLED=False)) == []
    with pytest.raises(BeafError, match="yields no column"):
        compute_frame(
            "aggressive_trades",
            {"trades": trades(SWEEP)},
            aggressive_trades_analytics={"ENABLED": False},
        )


@pytest.mark.parametrize(
    "section",
    [
        {"metrics": [{"measures": ["Depth"]}]},
        {"metrics": [{"sides": ["Bid"]}]},
        {"deltat": -1e-9},
        {"execution_size": -1},
        {"table": "l2"},
        {"delta": 1},
    ],
)
def test_options_that_mean_nothing_are_refused(section: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AggressiveOptions.model_validate(section)


# -- the page ------------------------------------------------------------------------------


def test_the_examples_of_the_page_work() -> None:
    frame = trades(SWEEP[:4], MarketState=ON)
    page = Path(__file__).resolve().parents[4] / "docs" / "modules" / "aggressive_trades.md"
    examples = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert examples
    for example in examples:
        (fields,) = yaml.safe_load(example)["PASSES"]
        del fields["name"]
        found = compute_frame(fields.pop("modules"), {"trades": frame}, **fields)
        assert found.height == 1
