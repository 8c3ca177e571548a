"""Are prints and calls of auctions told apart, summed and compared as defined?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import log, sqrt
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from beaf_analytics import auction
from beaf_analytics.auction import calls
from beaf_analytics.auction.kinds import CODES, calls_of, prints_of
from beaf_analytics.auction.options import AuctionOptions
from beaf_core import compute_frame, run_pipeline
from beaf_core.testing import check_module

EIGHT = datetime(2025, 1, 6, 8)

#: Second after 8:00, price, size, classification, and perhaps the state and the trade type.
Print = tuple[Any, ...]
#: Second after 8:00, state, indicative price, paired, surplus, its side.
Message = tuple[float, str, float | None, float | None, float | None, int | None]

OPENING, CLOSING = "OPENING_AUCTION", "CLOSING_AUCTION"


def moments(seconds: Sequence[float]) -> pl.Series:
    return pl.Series([EIGHT + timedelta(seconds=each) for each in seconds]).cast(pl.Datetime("ns"))


def trades(*prints: Print) -> pl.DataFrame:
    rows = [(*each, *("CONTINUOUS_TRADING", "LIT")[len(each) - 4 :]) for each in prints]
    seconds, prices, sizes, classes, states, types = zip(*rows, strict=True)
    return pl.DataFrame(
        {
            "ListingId": 1,
            "TradeTimestampNanoseconds": moments(seconds),
            "BMLLSequenceNo": range(len(rows)),
            "InstrumentCurrencyPrice": prices,
            "Size": sizes,
            "Classification": classes,
            "MarketState": states,
            "BMLLTradeType": types,
        },
        schema_overrides={"InstrumentCurrencyPrice": pl.Float64, "Size": pl.Float64},
    )


def imbalance(*messages: Message) -> pl.DataFrame:
    seconds, states, prices, paired, surplus, sides = zip(*messages, strict=True)
    return pl.DataFrame(
        {
            "ListingId": 1,
            "TimestampNanoseconds": moments(seconds),
            "BMLLSequenceNo": range(len(messages)),
            "MarketState": states,
            "IndicativeUncrossingPrice": prices,
            "PairedQuantity": paired,
            "ImbalanceQuantity": surplus,
            "ImbalanceSide": sides,
        },
        schema_overrides={
            "IndicativeUncrossingPrice": pl.Float64,
            "PairedQuantity": pl.Float64,
            "ImbalanceQuantity": pl.Float64,
            "ImbalanceSide": pl.Int64,
        },
    )


def minutes(
    given: dict[str, pl.DataFrame], *metrics: dict[str, Any], **section: Any
) -> dict[int, dict[str, Any]]:
    """Compute minutes, by the minute after 8:00 at which they end."""
    if metrics:
        section["metrics"] = list(metrics)
    frame = compute_frame("auction", given, auction_analytics=section)
    return {
        round((row["TimeBucket"] - EIGHT).total_seconds() / 60): row
        for row in frame.iter_rows(named=True)
    }


def test_the_module_keeps_its_contract() -> None:
    check_module(auction)
    check_module(auction, {"tables": ["trades", "imbalance", "l2"]})
    asked = {"measures": ["Share", "IndicativeDeviation"], "kinds": ["Total"], "before": [0, 60]}
    check_module(auction, {"metrics": [asked]})


DAY = trades(
    (5, 100.0, 300, "LIT_OPENING_AUCTION", OPENING),
    (5, 100.0, 200, "LIT_OPENING_AUCTION", OPENING),
    (20, 101.0, 50, "LIT_CONTINUOUS"),
    (30, 99.0, 1000, "OFF_BOOK_ON_EXCHANGE", "NOT_APPLICABLE", "OTC"),
    (90, 102.0, 70, "LIT_CONTINUOUS"),
    (185, 103.0, 10, "LIT_CLOSING_AUCTION", "POST_TRADE"),
    (185, 103.0, 40, "LIT_CLOSING_AUCTION", "POST_TRADE"),
)


def test_the_prints_of_an_auction_have_one_price_and_sum_up() -> None:
    found = minutes({"trades": DAY})
    assert sorted(found) == [1, 4], "a minute without an auction has no row"
    first, last = found[1], found[4]
    assert first["AuctionPriceOpen"] == 100
    assert first["AuctionVolumeOpen"] == 500
    assert first["AuctionNotionalOpen"] == 50_000
    assert first["AuctionTradeCountOpen"] == 2
    assert (last["AuctionPriceClose"], last["AuctionVolumeClose"]) == (103, 50)
    assert (last["AuctionNotionalClose"], last["AuctionTradeCountClose"]) == (5150, 2)
    for row, kinds in ((first, ("Close", "Intraday")), (last, ("Open", "Unscheduled"))):
        for kind in kinds:
            assert row[f"AuctionPrice{kind}"] is None, "no price where nothing uncrossed"
            assert row[f"AuctionVolume{kind}"] == 0
            assert row[f"AuctionNotional{kind}"] == 0
            assert row[f"AuctionTradeCount{kind}"] == 0


def test_a_share_is_of_the_lit_volume_of_the_bucket_or_of_all() -> None:
    lit = {"measures": "Share", "kinds": ["Open", "Total"]}
    every = {**lit, "denominator": "all", "output_name_pattern": "{kinds}{measures}OfAll"}
    found = minutes({"trades": DAY}, lit, every)
    assert found[1]["AuctionShareOpen"] == 500 / 550
    assert found[1]["AuctionShareTotal"] == 500 / 550
    assert found[1]["OpenShareOfAll"] == 500 / 1550
    assert (found[2]["AuctionShareOpen"], found[2]["OpenShareOfAll"]) == (0, 0)
    assert (found[4]["AuctionShareTotal"], found[4]["AuctionShareOpen"]) == (1, 0)


def test_a_price_is_held_against_the_average_of_all_that_is_compared() -> None:
    asked = {"measures": "ToVWAP", "kinds": ["Open", "Close"]}
    every = {**asked, "denominator": "all", "output_name_pattern": "{measures}{kinds}OfAll"}
    row = minutes({"trades": DAY}, asked, every)[1]
    lit = (500 * 100 + 50 * 101) / 550
    whole = (500 * 100 + 50 * 101 + 1000 * 99) / 1550
    assert row["AuctionToVWAPOpen"] == pytest.approx(10_000 * (100 - lit) / lit, rel=1e-12)
    assert row["ToVWAPOpenOfAll"] == pytest.approx(10_000 * (100 - whole) / whole, rel=1e-12)
    assert row["AuctionToVWAPClose"] is None, "nothing uncrossed"
    unpriced = trades((5, 100.0, 10, "LIT_OPENING_AUCTION"), (6, None, 90, "LIT_CONTINUOUS"))
    assert minutes({"trades": unpriced}, asked)[1]["AuctionToVWAPOpen"] == 0
    undone = trades((5, 100.0, 10, "LIT_OPENING_AUCTION"), (6, 90.0, -10, "LIT_CONTINUOUS"))
    assert minutes({"trades": undone}, asked)[1]["AuctionToVWAPOpen"] is None, "no volume is left"


def test_of_several_uncrossings_the_price_of_the_last_is_held_against_the_average() -> None:
    table = trades((20, 100.0, 10, "LIT_INTRADAY_AUCTION"), (5, 90.0, 30, "LIT_INTRADAY_AUCTION"))
    row = minutes({"trades": table}, {"measures": "ToVWAP", "kinds": "Intraday"})[1]
    average = (10 * 100 + 30 * 90) / 40
    expected = 10_000 * (100 - average) / average
    assert row["AuctionToVWAPIntraday"] == pytest.approx(expected, rel=1e-12)


def test_without_volume_there_is_no_share() -> None:
    dark = trades((5, 1.0, 9, "DARK", "NOT_APPLICABLE", "DARK"))
    assert minutes({"trades": dark}, {"measures": "Share", "kinds": "Open"})[1][
        "AuctionShareOpen"
    ] is None  # fmt: skip
    # A type that is not known is not lit; but prints of auctions count whatever their type.
    unknown = trades((5, 1.0, 9, "OTHER", "UNKNOWN", None), (6, 1.0, 3, "LIT_OPENING_AUCTION"))
    assert minutes({"trades": unknown}, {"measures": "Share", "kinds": "Open"})[1][
        "AuctionShareOpen"
    ] == 1  # fmt: skip
    nameless = trades((5, 1.0, 9, "LIT_OPENING_AUCTION", OPENING, None))
    assert minutes({"trades": nameless}, {"measures": "Share", "kinds": "Open"})[1][
        "AuctionShareOpen"
    ] == 1  # fmt: skip


def test_a_cancellation_takes_volume_back_and_makes_no_price() -> None:
    table = trades(
        (5, 100.0, 300, "LIT_OPENING_AUCTION"),
        (6, 90.0, -100, "LIT_OPENING_AUCTION"),
        (7, 80.0, 0, "LIT_OPENING_AUCTION"),
    )
    row = minutes({"trades": table})[1]
    assert (row["AuctionPriceOpen"], row["AuctionVolumeOpen"]) == (100, 200)
    assert (row["AuctionTradeCountOpen"], row["AuctionNotionalOpen"]) == (1, 21_000)


def test_of_several_uncrossings_of_a_kind_the_last_has_the_price() -> None:
    table = trades(
        (50, 100.0, 1, "LIT_UNSCHEDULED_AUCTION"),
        (10, 90.0, 2, "LIT_UNSCHEDULED_AUCTION"),
        (60, 110.0, 4, "LIT_UNSCHEDULED_AUCTION"),
        (61, 120.0, 8, "LIT_UNSCHEDULED_AUCTION"),
    )
    found = minutes({"trades": table})
    # The uncrossing at the full minute is the last of the minute that ends there.
    assert found[1]["AuctionPriceUnscheduled"] == 110
    assert found[1]["AuctionVolumeUnscheduled"] == 7
    assert found[2]["AuctionVolumeUnscheduled"] == 8


def test_fractions_of_a_share_and_of_a_unit_of_currency_count() -> None:
    table = trades((5, 0.25, 0.5, "LIT_OPENING_AUCTION"))
    row = minutes({"trades": table})[1]
    assert (row["AuctionPriceOpen"], row["AuctionTradeCountOpen"]) == (0.25, 1)
    call = imbalance((5, OPENING, 0.5, 0.25, 0.25, 2))
    told = minutes({"imbalance": call}, tables="imbalance")[1]
    assert told["AuctionIndicativePriceLastOpen"] == 0.5
    assert told["AuctionImbalanceRatioOpen"] == -0.5


def test_an_uncrossing_has_one_time_however_many_prints_it_has() -> None:
    table = trades(
        (5, 1.0, 1, "LIT_PERIODIC_AUCTION"),
        (5, 1.0, 2, "LIT_PERIODIC_AUCTION"),
        (9, 1.0, 3, "LIT_PERIODIC_AUCTION"),
        (9, 1.0, 4, "LIT_CLOSING_AUCTION"),
        (9.5, 1.0, -1, "LIT_PERIODIC_AUCTION"),
    )
    asked = {"measures": ["UncrossCount", "UncrossTime"], "kinds": ["OnDemand", "Close", "Open"]}
    # Whatever the unit of the file.
    stored = pl.col("TradeTimestampNanoseconds")
    for frame in (table, table.with_columns(stored.cast(pl.Datetime("us")))):
        row = minutes({"trades": frame}, asked)[1]
        assert (row["AuctionUncrossCountOnDemand"], row["AuctionUncrossCountClose"]) == (2, 1)
        assert (row["AuctionUncrossCountOpen"], row["AuctionUncrossTimeOpen"]) == (0, None)
        assert row["AuctionUncrossTimeOnDemand"] == moments([9]).cast(pl.Int64)[0]


CODED = [
    ("LIT_OPENING_AUCTION", "CONTINUOUS_TRADING", "Open"),
    ("LIT_CLOSING_AUCTION", "POST_TRADE", "Close"),
    ("LIT_INTRADAY_AUCTION", "CONTINUOUS_TRADING", "Intraday"),
    ("LIT_UNSCHEDULED_AUCTION", "CONTINUOUS_TRADING", "Unscheduled"),
    ("LIT_VOLATILITY_AUCTION", "CONTINUOUS_TRADING", "Unscheduled"),
    ("LIT_PERIODIC_AUCTION", "CONTINUOUS_TRADING", "OnDemand"),
    ("LIT_AUCTION_ON_DEMAND", "CONTINUOUS_TRADING", "OnDemand"),
    # Its Classification names none: its state does.
    ("LIT_AUCTION", "OPENING_AUCTION", "Open"),
    ("LIT_AUCTION", "CLOSING_AUCTION", "Close"),
    ("LIT_AUCTION", "INTRADAY_AUCTION", "Intraday"),
    ("LIT_AUCTION", "UNSCHEDULED_AUCTION", "Unscheduled"),
    ("LIT_AUCTION", "AUCTION_ON_DEMAND", "OnDemand"),
    ("LIT_AUCTION", "CONTINUOUS_TRADING", None),
    ("LIT_AUCTION", None, None),
    # What it names counts, whatever the state is already.
    ("LIT_OPENING_AUCTION", "CLOSING_AUCTION", "Open"),
    # No auction, whatever the state.
    ("LIT_CONTINUOUS", "OPENING_AUCTION", None),
    (None, "OPENING_AUCTION", None),
]


@pytest.mark.parametrize(("classification", "state", "kind"), CODED)
def test_each_print_is_of_one_kind_or_none(
    classification: str | None, state: str | None, kind: str | None
) -> None:
    schema = {"Classification": pl.String, "MarketState": pl.String}
    row = pl.DataFrame([(classification, state)], schema=schema, orient="row")
    found = [each for each in CODES if row.filter(prints_of(each)).height]
    assert found == ([kind] if kind else [])
    is_auction = classification is not None and "AUCTION" in classification
    assert row.filter(prints_of("Total")).height == is_auction


def test_each_state_of_a_call_is_of_one_kind() -> None:
    states = [state for each in CODES.values() for state in each.states]
    rows = pl.DataFrame({"MarketState": [*states, "CONTINUOUS_TRADING", None]})
    for kind, codes in CODES.items():
        assert rows.filter(calls_of(kind))["MarketState"].to_list() == list(codes.states)
    assert rows.filter(calls_of("Total"))["MarketState"].to_list() == states


CALL = imbalance(
    (-30, OPENING, 100.0, 500, 100, 1),
    (-20, OPENING, 102.0, 600, 300, 2),
    (-20, OPENING, None, 700, 100, 2),
    (10, OPENING, 101.0, 900, 0, None),
    (90, CLOSING, 99.0, 50, 150, 1),
)
WORDS = ("PairedQuantity", "ImbalanceQuantity", "ImbalanceSide", "ImbalanceRatio")


def test_the_last_message_of_a_call_in_the_bucket_counts() -> None:
    found = minutes({"imbalance": CALL}, tables="imbalance")
    assert sorted(found) == [0, 1, 2]
    assert [found[0][f"Auction{word}Open"] for word in WORDS] == [700, 100, 2, -100 / 800]
    # The last message with a price had 102.
    assert found[0]["AuctionIndicativePriceLastOpen"] == 102
    assert found[1]["AuctionIndicativePriceLastOpen"] == 101
    assert [found[1][f"Auction{word}Open"] for word in WORDS] == [900, 0, None, 0]
    assert [found[2][f"Auction{word}Close"] for word in WORDS] == [50, 150, 1, 150 / 200]
    assert found[2]["AuctionIndicativePriceLastOpen"] is None
    assert found[0]["AuctionPairedQuantityClose"] is None


@pytest.mark.parametrize(
    ("paired", "surplus", "side", "ratio"),
    [
        (300, 100, 1, 0.25),
        (300, 100, 2, -0.25),
        (300, -100, 2, -0.25),  # a feed that has the sign already
        (300, 0, 0, 0.0),
        (0, 100, 1, 1.0),
        (0, 0, None, None),  # nothing is there
        (300, 100, None, None),  # nor is it known which side
        (300, 100, 0, None),
        (None, 100, 1, None),
    ],
)
def test_the_ratio_has_the_sign_of_the_side(
    paired: float | None, surplus: float, side: int | None, ratio: float | None
) -> None:
    table = imbalance((5, CLOSING, 10.0, paired, surplus, side))
    row = minutes({"imbalance": table}, tables=["imbalance"])[1]
    assert row["AuctionImbalanceRatioClose"] == ratio
    assert row["AuctionImbalanceQuantityClose"] == abs(surplus)


def test_the_moves_of_the_indicative_price_are_those_within_a_call() -> None:
    table = imbalance(
        (1, OPENING, 100.0, 1, 1, 1),
        (5, CLOSING, 110.0, 1, 1, 1),
        (10, CLOSING, 121.0, 1, 1, 1),
        (20, CLOSING, 0.0, 1, 1, 1),  # no price
        (30, CLOSING, 133.1, 1, 1, 1),
        (40, CLOSING, 266.2, 1, 1, 1),
        (70, CLOSING, 266.2, 1, 1, 1),  # its move is from the message of the minute before
        (80, CLOSING, 532.4, 1, 1, 1),
    )
    for rows in (table, table.reverse()):
        found = minutes({"imbalance": rows}, tables="imbalance")
        moves = [log(1.1), log(1.1), log(2)]
        mean = sum(moves) / 3
        std = sqrt(sum((each - mean) ** 2 for each in moves) / 2)
        assert found[1]["AuctionIndicativeVolatilityClose"] == pytest.approx(std, rel=1e-9)
        assert found[1]["AuctionIndicativeVolatilityOpen"] is None
        second = abs(log(2)) / sqrt(2)
        assert found[2]["AuctionIndicativeVolatilityClose"] == pytest.approx(second, rel=1e-9)


def test_the_moves_stand_in_the_order_that_the_table_is_said_to_have() -> None:
    table = imbalance(*((at, CLOSING, 100.0 + at, 1, 1, 1) for at in (3, 1, 2, 2)))
    moves = calls.moves()
    made = moves.build({"imbalance": table.lazy()}).collect()
    assert moves.ordered
    assert made["BMLLSequenceNo"].to_list() == [1, 2, 3, 0]


def test_the_moves_of_several_listings_are_kept_apart() -> None:
    one = imbalance((5, CLOSING, 100.0, 1, 1, 1), (7, CLOSING, 110.0, 1, 1, 1))
    other = one.with_columns(ListingId=pl.lit(2), IndicativeUncrossingPrice=pl.lit(7.0))
    both = pl.concat([one, other]).sort("TimestampNanoseconds")
    metric = {"measures": "IndicativeVolatility", "kinds": "Close"}
    frame = compute_frame("auction", {"imbalance": both}, auction_analytics={"metrics": [metric]})
    # One move each.
    assert frame["AuctionIndicativeVolatilityClose"].to_list() == [None, None]


def test_the_indicative_price_is_held_against_that_of_the_uncrossing() -> None:
    tables = {
        "trades": trades(
            (25, 70.0, 10, "LIT_CLOSING_AUCTION"),
            (60, 103.0, 10, "LIT_CLOSING_AUCTION"),
            (60, 103.0, 10, "LIT_CLOSING_AUCTION"),
        ),
        "imbalance": imbalance(
            (5, OPENING, 50.0, 1, 1, 1),
            (21, CLOSING, 60.0, 1, 1, 1),
            (30, CLOSING, 100.0, 1, 1, 1),
            (50, CLOSING, 102.0, 1, 1, 1),
            (55, CLOSING, 0.0, 1, 1, 1),
            (60, CLOSING, 103.0, 1, 1, 1),  # told with the uncrossing, not before it
        ),
    }
    asked = {"measures": "IndicativeDeviation", "kinds": "Close", "before": [0, 10, 50]}
    row = minutes(tables, asked)[1]
    assert row["AuctionIndicativeDeviationClose"] == pytest.approx(log(102 / 103), rel=1e-12)
    # Strictly before: 50 s is not before 60 s - 10 s.
    assert row["AuctionIndicativeDeviation10sClose"] == pytest.approx(log(100 / 103), rel=1e-12)
    assert row["AuctionIndicativeDeviation50sClose"] is None, "the call had not begun"


def test_before_is_kept_to_the_nanosecond() -> None:
    told = imbalance((10, CLOSING, 100.0, 1, 1, 1), (20, CLOSING, 102.0, 1, 1, 1))
    five = pl.duration(nanoseconds=5, time_unit="ns")
    late = told.with_columns(pl.col("TimestampNanoseconds") - five)
    printed = trades((30, 103.0, 10, "LIT_CLOSING_AUCTION"))
    asked = {"measures": "IndicativeDeviation", "kinds": "Close", "before": 10}
    for messages, price in ((told, 100), (late, 102)):
        row = minutes({"trades": printed, "imbalance": messages}, asked)[1]
        found = row["AuctionIndicativeDeviation10sClose"]
        assert found == pytest.approx(log(price / 103), rel=1e-12)


def test_before_may_be_less_than_a_second() -> None:
    messages = imbalance((59.4, CLOSING, 100.0, 1, 1, 1), (59.7, CLOSING, 102.0, 1, 1, 1))
    tables = {"trades": trades((60, 103.0, 10, "LIT_CLOSING_AUCTION")), "imbalance": messages}
    row = minutes(tables, {"measures": "IndicativeDeviation", "kinds": "Close", "before": 0.5})[1]
    found = row["AuctionIndicativeDeviation0.5sClose"]
    assert found == pytest.approx(log(100 / 103), rel=1e-12)


def test_the_return_is_from_the_last_valid_middle_of_continuous_trading() -> None:
    states = ["CONTINUOUS_TRADING", "CONTINUOUS_TRADING", "CLOSING_AUCTION", "CONTINUOUS_TRADING"]
    book = pl.DataFrame(
        {
            "ListingId": 1,
            "TimestampNanoseconds": moments([10, 20, 30, 40]),
            "BMLLSequenceNo": [1, 2, 3, 4],
            "BidPrice1": [98.0, 100.0, 90.0, 99.0],
            "AskPrice1": [100.0, 99.0, 91.0, 101.0],
            "MarketState": states,
        }
    )
    first, last = (15, 90.0, 10, "LIT_CLOSING_AUCTION"), (40, 103.0, 10, "LIT_CLOSING_AUCTION")
    tables = {"trades": trades(first, last), "l2": book}
    row = minutes(tables, {"measures": "Return", "kinds": ["Close", "Open"]})[1]
    # The book of 20 s is crossed, that of 30 s is of the call, that of 40 s is not before.
    assert row["AuctionReturnClose"] == pytest.approx(log(103 / 99), rel=1e-12)
    assert row["AuctionReturnOpen"] is None
    call = {"measures": "Return", "kinds": "Close", "quotes": "uncrossed"}
    assert minutes(tables, call)[1]["AuctionReturnClose"] == pytest.approx(log(103 / 90.5))
    # Without a valid book before it, as at the open, there is none.
    early = {**tables, "trades": trades((10, 103.0, 10, "LIT_CLOSING_AUCTION"))}
    assert minutes(early, {"measures": "Return", "kinds": "Close"})[1]["AuctionReturnClose"] is None


def test_only_rows_in_the_states_that_are_asked_for_count() -> None:
    asked = {"measures": ["Volume", "Share"], "market_states": "OPENING_AUCTION", "kinds": "Open"}
    table = trades(
        (5, 100.0, 300, "LIT_OPENING_AUCTION", OPENING), (6, 100.0, 200, "LIT_OPENING_AUCTION")
    )
    row = minutes({"trades": table}, asked)[1]
    assert (row["AuctionVolumeOpen"], row["AuctionShareOpen"]) == (300, 1)


def test_a_prefix_and_a_pattern_name_columns() -> None:
    named = {"measures": "Price", "kinds": "Open", "output_name_pattern": "{kinds}Auction"}
    row = minutes({"trades": DAY}, named, metric_prefix="X")[1]
    assert row["XOpenAuction"] == 100


def test_the_auctions_of_a_simulated_day_are_all_of_its_auction_prints(tmp_path: Path) -> None:
    kinds = ["Open", "Close", "Intraday", "Unscheduled", "Total"]
    metric = {"measures": ["Price", "Volume", "TradeCount"], "kinds": kinds}
    report = run_pipeline(
        {
            "SOURCE": {"type": "simulated"},
            "OUTPUT_TARGET": {"path_template": f"{tmp_path}/auctions.parquet"},
            "PASSES": [
                {
                    "name": "day",
                    "modules": ["auction"],
                    "time_bucket_seconds": 86_400,
                    "auction_analytics": {"metrics": [metric]},
                }
            ],
        },
        date="2026-02-02",
        universe="mic=XLON",
    )
    frame = pl.read_parquet(report.receipts[0].location)
    assert frame.height == 8
    opened, closed = frame["AuctionVolumeOpen"], frame["AuctionVolumeClose"]
    assert (opened > 0).all()
    assert (closed > 0).all()
    assert (opened + closed == frame["AuctionVolumeTotal"]).all()
    assert frame["AuctionTradeCountIntraday"].to_list() == [0] * 8
    assert frame["AuctionPriceClose"].equals(frame["AuctionPriceTotal"], check_names=False)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"metrics": []}, "metrics"),
        ({"metrics": [{"measures": "Gap"}]}, "IndicativeDeviation"),
        ({"metrics": [{"measures": "Price", "kinds": "Opening"}]}, "Unscheduled"),
        ({"metrics": [{"measures": "Price", "kinds": []}]}, "kinds"),
        ({"metrics": [{"measures": "Price", "before": 5}]}, "`before` is of IndicativeDev"),
        (
            {"metrics": [{"measures": "Price", "denominator": "all"}]},
            "`denominator` is of Share and",
        ),
        ({"metrics": [{"measures": "Price", "quotes": "any"}]}, "`quotes` is of Return"),
        ({"metrics": [{"measures": "IndicativeDeviation", "before": -1}]}, "greater than"),
        ({"tables": "trades", "metrics": [{"measures": "ImbalanceSide"}]}, "needs imbalance"),
        ({"tables": "l2"}, "cannot be told from l2 alone"),
        ({"tables": []}, "tables"),
        ({"kinds": "Open"}, "Extra inputs"),
    ],
)
def test_other_options_are_refused(section: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        AuctionOptions.model_validate(section)


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        (None, ["Price", "Volume", "Notional", "TradeCount"]),
        (["imbalance"], ["IndicativePriceLast", *WORDS, "IndicativeVolatility"]),
        (["trades", "l2"], ["Price", "Volume", "Notional", "TradeCount", "Return"]),
    ],
)
def test_what_the_tables_can_tell_is_computed(tables: list[str] | None, words: list[str]) -> None:
    options = AuctionOptions.model_validate({} if tables is None else {"tables": tables})
    kinds = ["Open", "Close", "Intraday", "Unscheduled"]
    names = [each.name for each in auction.measures(options)]
    assert names == [f"Auction{word}{kind}" for word in words for kind in kinds]
    assert auction.measures(options.model_copy(update={"ENABLED": False})) == []
