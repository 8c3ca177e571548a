"""Are the trades what a market could have printed, written as the vendor writes them?"""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from beaf_core import TABLES, TableRequest
from beaf_simulator.columns import HORIZONS
from beaf_simulator.market import listings
from beaf_simulator.quotes import changes
from beaf_simulator.source import Config, read_table
from beaf_simulator.trades import Kind, counts

SUNDAY = date(2026, 2, 1)
# The folder of real market data beside the repository.
SHARED = Path(__file__).parents[4] / "shared/data/split3_ana/trades-plus/XSPC/2019-05-23.parquet"

LIT = pl.col("Classification") == "LIT_CONTINUOUS"
AUCTION = pl.col("Classification").str.contains("AUCTION")
OFF_BOOK = pl.col("MarketState") == "NOT_APPLICABLE"
AT = pl.col("TradeTimestampNanoseconds")


def trades(
    day: date = SUNDAY, config: Config | None = None, columns: tuple[str, ...] | None = None
) -> pl.DataFrame:
    request = TableRequest("trades", day, columns=columns)
    frame = read_table(request, config or Config()).frame
    assert frame is not None
    return frame.collect()


@pytest.fixture(scope="module")
def day() -> pl.DataFrame:
    return trades()


def test_every_column_is_one_that_the_core_knows_for_trades(day: pl.DataFrame) -> None:
    assert set(day.columns) <= set(TABLES["trades"].columns)


def test_columns_have_the_types_of_the_vendor(day: pl.DataFrame) -> None:
    mids = {
        f"{moment}TradeMid{horizon}ms{place}": pl.Float64()
        for moment in ("Pre", "Post")
        for horizon in HORIZONS
        for place in ("", "AtPrimary")
    }
    assert len(mids) == 60
    expected: dict[str, pl.DataType] = {
        "TradeDate": pl.Datetime("ms"),
        "TradeTimestamp": pl.Datetime("us"),
        "PublicationTimestamp": pl.Datetime("us"),
        "LocalTradeTimestamp": pl.Datetime("us"),
        "LocalPublicationTimestamp": pl.Datetime("us"),
        "TradeTimestampNanoseconds": pl.Datetime("ns"),
        "PublicationTimestampNanoseconds": pl.Datetime("ns"),
        "TZOffset": pl.Int32(),
        "ListingId": pl.Int64(),
        "AggressorSide": pl.Int64(),
        "BMLLSequenceNo": pl.Int64(),
        "PreTradeElapsedTimeChg": pl.Int64(),
        "Price": pl.Float64(),
        "Size": pl.Float64(),
        "TradeNotionalEUR": pl.Float64(),
        "IsBlock": pl.String(),
        "LotType": pl.String(),
        "MarketMechanism": pl.String(),
        **mids,
    }
    assert {name: day.schema[name] for name in expected} == expected


@pytest.mark.shared_data
def test_columns_have_the_types_of_real_data(day: pl.DataFrame) -> None:
    if not SHARED.exists():
        pytest.skip(f"no market data at {SHARED}")
    real = pl.read_parquet_schema(SHARED)
    differing = {name: kind for name, kind in day.schema.items() if real.get(name) != kind}
    assert differing == {}


def test_trades_stand_in_time_order_and_sequence_numbers_are_unique(day: pl.DataFrame) -> None:
    for listing in day.partition_by("ListingId"):
        assert listing["TradeTimestampNanoseconds"].is_sorted()
        assert listing["BMLLSequenceNo"].to_list() == [*range(1, listing.height + 1)]
    assert day["TradeId"].is_unique().all()


def test_only_the_sequence_orders_some_lit_trades_of_different_prices(day: pl.DataFrame) -> None:
    tied = day.filter(LIT).group_by("ListingId", AT).agg(pl.len(), pl.col("Price").n_unique())
    assert tied.filter(pl.col("len") > 1).height > 100
    assert tied.filter(pl.col("Price") > 1).height > 10


def test_vwap_lies_between_low_and_high(day: pl.DataFrame) -> None:
    price, size = pl.col("InstrumentCurrencyPrice"), pl.col("Size")
    bars = (
        day.filter(LIT)
        .group_by("ListingId", AT.dt.truncate("5m"))
        .agg(vwap=(price * size).sum() / size.sum(), low=price.min(), high=price.max())
    )
    tolerance = 1e-12 * pl.col("high")
    inside = pl.col("vwap").is_between(pl.col("low") - tolerance, pl.col("high") + tolerance)
    assert bars.height > 1000
    assert bars.select(inside.all()).item()


@pytest.mark.parametrize(
    ("ticker", "ticks_per_unit"), [("LN001", 50), ("LN002", 2), ("PA001", 20), ("PA002", 200)]
)
def test_lit_prices_are_the_doubles_nearest_to_whole_ticks(
    day: pl.DataFrame, ticker: str, ticks_per_unit: int
) -> None:
    price = day.filter(LIT, Ticker=ticker)["Price"].to_numpy()
    # Divided in numpy: polars multiplies by the reciprocal, which is not always the nearest.
    ticks = (price * ticks_per_unit).round()
    assert len(price) > 100
    assert (price == ticks / ticks_per_unit).all()
    # No coarser grid would do.
    assert (ticks % 2 == 1).any()
    assert (ticks % 5 != 0).any()


def test_sizes_are_whole_and_positive(day: pl.DataFrame) -> None:
    size = day["Size"]
    assert (size >= 1).all()
    assert (size == size.floor()).all()


def test_auctions_end_outside_continuous_trading(day: pl.DataFrame) -> None:
    states = read_table(TableRequest("marketstate", SUNDAY), Config()).frame
    assert states is not None
    starts = states.collect().pivot("MarketState", index="ListingId", values="TimestampNanoseconds")
    timed = day.join(starts, on="ListingId")
    ends = pl.coalesce("CLOSING_AUCTION", "CLOSED")
    during = AT.is_between("CONTINUOUS_TRADING", ends, closed="left")
    assert timed.filter(AUCTION & during).is_empty()
    assert timed.filter(~AUCTION & ~during).is_empty()
    opening = timed.filter(pl.col("MarketState") == "OPENING_AUCTION")
    assert opening.select(AT.is_between("OPENING_AUCTION", "CONTINUOUS_TRADING").all()).item()
    closing = timed.filter(pl.col("MarketState") == "CLOSING_AUCTION")
    assert closing.select(AT.is_between("CLOSING_AUCTION", "POST_TRADE").all()).item()


def test_an_auction_has_one_price_and_one_moment_and_bate_has_none(day: pl.DataFrame) -> None:
    ends = day.filter(AUCTION).group_by("ListingId", "Classification")
    unique = ends.agg(pl.n_unique("Price"), pl.n_unique("TradeTimestamp"), pl.first("MIC"))
    assert unique["Price"].unique().to_list() == [1]
    assert unique["TradeTimestamp"].unique().to_list() == [1]
    assert unique.group_by("MIC").len().sort("MIC").rows() == [("XLON", 16), ("XPAR", 16)]


def test_only_lit_trades_have_an_aggressor(day: pl.DataFrame) -> None:
    assert sorted(day.filter(LIT)["AggressorSide"].unique()) == [1, 2]
    assert day.filter(~LIT)["AggressorSide"].unique().to_list() == [0]


def test_buyers_pay_at_least_the_ask_and_sellers_get_at_most_the_bid(day: pl.DataFrame) -> None:
    lit = day.filter(LIT)
    bought, sold = (lit.filter(AggressorSide=side) for side in (1, 2))
    assert (bought["Price"] >= bought["BestAskPrice"]).all()
    assert (sold["Price"] <= sold["BestBidPrice"]).all()
    assert (lit["BestAskPrice"] > lit["BestBidPrice"]).all()
    # Some orders sweep beyond the best price.
    assert (bought["Price"] > bought["BestAskPrice"]).any()
    assert (sold["Price"] < sold["BestBidPrice"]).any()
    assert lit.filter(AggressorSide=1)["PricePoint"].min() == 1.0
    assert lit.filter(AggressorSide=2)["PricePoint"].max() == 0.0


def test_off_book_trades_are_agreed_between_bid_and_ask(day: pl.DataFrame) -> None:
    agreed = day.filter(OFF_BOOK)
    assert agreed["PricePoint"].unique().sort().to_list() == [0.0, 0.5, 1.0]
    assert agreed.filter(MIC="BATE").is_empty()
    venues = agreed.group_by("Classification", "MIC", "ExecutionVenue").len()
    assert sorted(venues.select("Classification", "MIC", "ExecutionVenue").rows()) == [
        ("OFF_BOOK_ON_EXCHANGE", "XLON", "XLON"),
        ("OFF_BOOK_ON_EXCHANGE", "XPAR", "XPAR"),
        ("SI_ADDRESSABLE_BELOW_LIS", "XLON", "SINT"),
        ("SI_ADDRESSABLE_BELOW_LIS", "XPAR", "SINT"),
    ]


def test_some_off_book_trades_of_shares_in_pence_are_reported_in_pounds(day: pl.DataFrame) -> None:
    pounds = day.filter(CurrencyCode="GBP")
    assert pounds.height > 100
    assert pounds.select(OFF_BOOK.all() & (pl.col("InstrumentCurrencyCode") == "GBp").all()).item()
    ratio = pounds["InstrumentCurrencyPrice"] / pounds["Price"]
    assert ratio.is_between(100 * (1 - 1e-15), 100 * (1 + 1e-15)).all()
    others = day.filter(pl.col("CurrencyCode") != "GBP")
    assert (others["Price"] == others["InstrumentCurrencyPrice"]).all()
    assert (others["CurrencyCode"] == others["InstrumentCurrencyCode"]).all()


def test_notionals_are_price_times_size_at_fixed_rates(day: pl.DataFrame) -> None:
    notional = pl.col("Price") * pl.col("Size")
    for currency, euros, dollars in (
        ("GBp", 0.0115, 0.0134),
        ("GBP", 1.15, 1.34),
        ("EUR", 1.0, 1.165),
    ):
        exact = day.filter(CurrencyCode=currency).select(
            own=(pl.col("TradeNotional") == notional).all(),
            euros=((pl.col("TradeNotionalEUR") / (notional * euros) - 1).abs() < 1e-14).all(),
            dollars=((pl.col("TradeNotionalUSD") / (notional * dollars) - 1).abs() < 1e-14).all(),
        )
        assert exact.row(0) == (True, True, True)


def test_blocks_and_lots_follow_from_notional_and_size(day: pl.DataFrame) -> None:
    block = pl.col("TradeNotionalEUR") >= 100_000
    assert day.select(((pl.col("IsBlock") == "TRUE") == block).all()).item()
    assert sorted(day["IsBlock"].unique()) == ["FALSE", "TRUE"]
    lots = dict(day.group_by("LotType").agg(pl.col("Size").unique()).iter_rows())
    assert max(lots["ODD"]) < 100
    assert all(size % 100 == 0 for size in lots["ROUND"])
    assert all(size > 100 and size % 100 for size in lots["MIXED"])


def test_flags_are_texts_as_the_vendor_spells_them(day: pl.DataFrame) -> None:
    assert sorted(day["AlgorithmicTrade"].unique()) == ["-", "H"]
    assert sorted(day["BMLLParticipantType"].unique()) == ["RETAIL", "UNKNOWN"]
    assert day["NegotiatedTrade"].unique().to_list() == ["-"]


def test_quotes_are_null_at_auctions_and_mids_null_outside_continuous(day: pl.DataFrame) -> None:
    assert day.filter(AUCTION)["BestBidPrice"].is_null().all()
    assert day.filter(~AUCTION)["BestBidPrice"].is_not_null().all()
    early = AT.dt.time() < pl.time(8, 4, 59)
    assert day.filter(~AUCTION & early)["PreTradeMid300000ms"].is_null().all()
    late = AT.dt.time() > pl.time(16, 25, 1)
    assert day.filter(~AUCTION & late)["PostTradeMid300000ms"].is_null().all()
    between = ~AUCTION & (AT.dt.time() > pl.time(8, 5, 1)) & (AT.dt.time() < pl.time(16, 24, 59))
    inner = day.filter(between)
    assert inner.select("PreTradeMid300000ms", "PostTradeMid300000ms").null_count().row(0) == (0, 0)


def test_prices_move_in_the_direction_of_the_aggressor(day: pl.DataFrame) -> None:
    sign = pl.when(pl.col("AggressorSide") == 1).then(1).otherwise(-1)
    before = (pl.col("BestBidPrice") + pl.col("BestAskPrice")) / 2
    moved = sign * (pl.col("PostTradeMid") - before)
    half_spread = sign * (pl.col("Price") - before)
    lit = day.filter(LIT).select(moved=(moved / before).mean(), paid=(half_spread / before).mean())
    moved, paid = lit.row(0)
    assert 0.1 * paid < moved < paid


def test_activity_is_higher_at_both_ends_of_the_day(day: pl.DataFrame) -> None:
    half_hour = AT.dt.truncate("30m").dt.time().alias("half_hour")
    counted = dict(day.filter(LIT).group_by(half_hour).len().iter_rows())
    noon = counted[time(12, 0)]
    assert counted[time(8, 0)] > 1.5 * noon
    assert counted[time(16, 0)] > 1.5 * noon


def test_a_quote_lasts_from_its_last_update_of_a_moment_to_the_next_change() -> None:
    """Five updates: two in one nanosecond, and one that changes nothing."""
    time = np.array([10, 20, 20, 30, 40])
    made = changes(time, np.array([7, 8, 6, 6, 6]), np.array([9, 9, 9, 9, 8]), end=50)
    assert made.time.tolist() == [10, 20, 40]
    assert (made.bid.tolist(), made.ask.tolist()) == ([7, 6, 6], [9, 9, 8])
    moments = np.array([9, 10, 11, 20, 35, 40, 49, 50])
    assert made.before(moments).tolist() == [-1, -1, 0, 0, 1, 1, 2, 2]
    assert made.at(moments).tolist() == [-1, 0, 0, 1, 1, 2, 2, 2]
    assert made.quoting(moments).tolist() == [False] + [True] * 6 + [False]


def test_trades_of_one_moment_on_two_venues_saw_the_same_best_quotes(day: pl.DataFrame) -> None:
    both = day.filter(~AUCTION).filter(InstrumentId=1_100_001).sort(AT)
    assert sorted(both["MIC"].unique()) == ["BATE", "XLON"]
    seen = both.group_by(AT).agg(pl.n_unique("MIC"), pl.n_unique("BestBidPrice", "BestAskPrice"))
    shared = seen.filter(pl.col("MIC") == 2)
    assert shared.height > 5
    assert shared.select((pl.exclude("MIC", AT.meta.output_name()) == 1).all()).row(0) == (
        True,
        True,
    )


def test_a_day_opens_where_the_day_before_closed() -> None:
    columns = ("ListingId", "Classification", "InstrumentCurrencyPrice")
    today, tomorrow = (
        trades(day, columns=columns)
        .group_by("ListingId", "Classification")
        .agg(pl.last("InstrumentCurrencyPrice"))
        for day in (date(2026, 2, 1), date(2026, 2, 2))
    )
    closes = today.filter(Classification="LIT_CLOSING_AUCTION")
    opens = tomorrow.filter(Classification="LIT_OPENING_AUCTION")
    pair = closes.join(opens, on="ListingId", suffix="Next")
    gap = pl.col("InstrumentCurrencyPriceNext") / pl.col("InstrumentCurrencyPrice") - 1
    assert pair.height == 16
    assert pair.select(gap.abs().max()).item() < 0.003


def test_the_mean_number_of_lit_trades_is_the_one_asked_for() -> None:
    config = Config(trades_per_listing=1000, listings_per_mic=500)
    lit: dict[str, int] = {}
    for listing in listings(config):
        lit[listing.mic] = (
            lit.get(listing.mic, 0) + counts(config, listing, SUNDAY)[Kind.CONTINUOUS]
        )
    mean = {mic: count / 500 for mic, count in lit.items()}
    assert mean["XLON"] == pytest.approx(1000, rel=0.05)
    assert mean["XPAR"] == pytest.approx(1000, rel=0.05)
    assert mean["BATE"] == pytest.approx(1000 / 3, rel=0.05)


def test_one_trade_a_day_is_enough_for_a_market() -> None:
    config, columns = Config(trades_per_listing=1), ("ListingId", "Classification", "Price")
    day = trades(config=config, columns=columns)
    assert day.filter(LIT).group_by("ListingId").len().height == 24
