"""Do trades, the venues' books and the best of all venues agree, and auctions with their calls?"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from beaf_core import TABLES, TableRequest
from beaf_simulator.source import Config, read_table

SUNDAY = date(2026, 2, 1)
CONFIG = Config(listings_per_mic=4, trades_per_listing=600, orders_per_listing=800)
AT = "TimestampNanoseconds"
SIDES = ("Bid", "Ask")


def table(name: str, **asked: Any) -> pl.DataFrame:
    frame = read_table(TableRequest(name, SUNDAY, **asked), CONFIG).frame
    assert frame is not None
    return frame.collect()


def last_of_each_moment(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.unique([AT, "ListingId"], keep="last", maintain_order=True)


@pytest.fixture(scope="module")
def trades() -> pl.DataFrame:
    on_book = table("trades").filter(pl.col("BestBidPrice").is_not_null())
    return on_book.sort("TradeTimestampNanoseconds", maintain_order=True)


@pytest.fixture(scope="module")
def own_quotes() -> pl.DataFrame:
    return last_of_each_moment(table("l2")).sort(AT, maintain_order=True)


@pytest.fixture(scope="module")
def common_quotes() -> pl.DataFrame:
    instruments = table("reference").select("ListingId", "InstrumentId")
    return table("cbbo").join(instruments, on="ListingId").sort(AT)


def before(trades: pl.DataFrame, quotes: pl.DataFrame, by: str) -> pl.DataFrame:
    """Find the state strictly before each trade."""
    sizes = {f"{side}Size": f"{side}Quantity1" for side in SIDES}
    shown = quotes.select(by, "BidPrice1", "AskPrice1", Moment=AT, **sizes)
    return trades.join_asof(
        shown, left_on="TradeTimestampNanoseconds", right_on="Moment", by=by,
        allow_exact_matches=False, check_sortedness=False,
    )  # fmt: skip


def at(trades: pl.DataFrame, quotes: pl.DataFrame, milliseconds: int) -> pl.DataFrame:
    """Find the mid of all venues some time after each trade, changes of the moment included."""
    moment = pl.col("TradeTimestampNanoseconds").cast(pl.Int64) + milliseconds * 1_000_000
    shown = quotes.select(
        "InstrumentId", Moment=AT, Mid=(pl.col("BidPrice1") + pl.col("AskPrice1")) / 2
    )
    return trades.with_columns(moment.cast(pl.Datetime("ns")).alias("Moment")).join_asof(
        shown, on="Moment", by="InstrumentId", check_sortedness=False
    )


def test_trades_saw_the_quotes_of_their_venue_that_stood_before_them(
    trades: pl.DataFrame, own_quotes: pl.DataFrame
) -> None:
    seen = before(trades, own_quotes, "ListingId")
    assert seen.height > 5000
    for side in SIDES:
        assert (seen[f"Best{side}PriceAtVenue"] == seen[f"{side}Price1"]).all()
        assert (seen[f"Best{side}SizeAtVenue"] == seen[f"{side}Size"]).all()


def test_trades_saw_the_best_quotes_of_all_venues_that_stood_before_them(
    trades: pl.DataFrame, common_quotes: pl.DataFrame
) -> None:
    seen = before(trades, common_quotes, "InstrumentId")
    for side in SIDES:
        assert (seen[f"Best{side}Price"] == seen[f"{side}Price1"]).all()
        assert (seen[f"Best{side}PriceAtPrimary"] == seen[f"{side}Price1"]).all()
        assert (seen[f"Best{side}Size"] == seen[f"{side}Size"]).all()
        assert (seen[f"Best{side}Venue"] == seen["OPOL"]).all()
    for place, bid, ask in (
        ("", "BestBidPrice", "BestAskPrice"),
        ("AtVenue", "BestBidPriceAtVenue", "BestAskPriceAtVenue"),
    ):
        exact = (seen["InstrumentCurrencyPrice"] - seen[bid]) / (seen[ask] - seen[bid])
        assert (seen[f"PricePoint{place}"] - exact).abs().max() < 1e-9
    assert (seen["PricePoint"] != seen["PricePointAtVenue"]).any()


def test_trades_saw_the_sizes_that_stood_at_the_primary_venue(
    trades: pl.DataFrame, own_quotes: pl.DataFrame
) -> None:
    listings = table("reference").filter("IsPrimary").select("ListingId", "InstrumentId")
    primary = own_quotes.join(listings, on="ListingId")
    seen = before(trades.filter(MIC="BATE"), primary, "InstrumentId")
    assert seen.height > 200
    for side in SIDES:
        assert (seen[f"Best{side}SizeAtPrimary"] == seen[f"{side}Size"]).all()
        assert (seen[f"Best{side}Size"] > seen[f"{side}Size"]).any()


@pytest.mark.parametrize("milliseconds", [-60000, -500, -1, 0, 1, 500, 60000])
def test_mids_are_those_of_all_venues_at_or_before_the_moment(
    trades: pl.DataFrame, common_quotes: pl.DataFrame, milliseconds: int
) -> None:
    moment = "Pre" if milliseconds < 0 else "Post"
    name = f"{moment}TradeMid{abs(milliseconds)}ms" if milliseconds else "PostTradeMid"
    seen = at(trades, common_quotes, milliseconds)
    both = seen.drop_nulls([name])
    assert both.height > 0.9 * seen.height
    assert ((both[name] - both["Mid"]).abs() < 1e-9).all()
    assert seen.filter(pl.col(name).is_null())["Mid"].null_count() == seen[name].null_count()


def test_a_quote_lasts_until_the_best_of_all_venues_changes(
    trades: pl.DataFrame, common_quotes: pl.DataFrame
) -> None:
    """The time since the last change and the time to the next meet at changes of a best price."""
    change = common_quotes.filter(
        pl.any_horizontal(
            pl.col("BidPrice1", "AskPrice1").ne_missing(
                pl.col("BidPrice1", "AskPrice1").shift().over("InstrumentId")
            )
        )
    )
    moments = set(change.select("InstrumentId", pl.col(AT).cast(pl.Int64)).rows())
    time = pl.col("TradeTimestampNanoseconds").cast(pl.Int64)
    since = trades.select("InstrumentId", time - pl.col("PreTradeElapsedTimeChg"))
    until = trades.select("InstrumentId", time + pl.col("PostTradeElapsedTimeChg")).drop_nulls()
    assert set(since.rows()) <= moments
    assert set(until.rows()) <= moments


def merged(rows: dict[str, dict[str, Any]], side: str) -> list[tuple[float, int, int]]:
    """Add the levels of some venues up by price; ten at most, the best first."""
    totals: dict[float, tuple[int, int]] = {}
    for row in rows.values():
        for place in range(1, 11):
            price = row[f"{side}Price{place}"]
            if price is not None:
                quantity, orders = totals.get(price, (0, 0))
                totals[price] = (
                    quantity + row[f"{side}Quantity{place}"],
                    orders + row[f"{side}NumOrders{place}"],
                )
    return [(price, *totals[price]) for price in sorted(totals, reverse=side == "Bid")]


@pytest.mark.parametrize("instrument", [1_100_001, 1_200_002, 1_100_004])
def test_the_best_of_all_venues_is_their_books_added_up_as_of_each_change(instrument: int) -> None:
    ids = table("reference").filter(InstrumentId=instrument)["ListingId"].to_list()
    whole = pl.col(AT).cast(pl.Int64)
    books = table("l2", listings=tuple(ids)).with_columns(whole).sort(AT, "MIC", "BMLLSequenceNo")
    rows = table("cbbo", listings=tuple(ids)).with_columns(whole).iter_rows(named=True)
    common = {row[AT]: row for row in rows}
    assert len(common) == books[AT].n_unique()
    shown: dict[str, dict[str, Any]] = {}
    rows = books.iter_rows(named=True)
    following = next(rows)
    while following is not None:
        moment = following[AT]
        while following is not None and following[AT] == moment:
            shown[following["MIC"]] = following
            following = next(rows, None)
        for side in SIDES:
            expected = merged(shown, side)
            for place in range(1, 11):
                level = expected[place - 1] if place <= len(expected) else (None, None, None)
                names = (f"{side}{what}{place}" for what in ("Price", "Quantity", "NumOrders"))
                assert tuple(common[moment][name] for name in names) == level


def test_a_secondary_venue_is_sometimes_behind_and_the_primary_never() -> None:
    common = table("cbbo", mics=("XLON",)).select("ListingId", AT, "BidPrice1", "AskPrice1")
    own = last_of_each_moment(table("l2", mics=("XLON", "BATE"))).with_columns(
        Home=pl.when(pl.col("ListingId") > 300_000)
        .then(pl.col("Ticker").str.slice(2, 3).cast(pl.Int64) + 100_000)
        .otherwise("ListingId")
    )
    london = own.filter(~pl.col("Ticker").str.starts_with("PA"))
    both = london.join(common, left_on=["Home", AT], right_on=["ListingId", AT], suffix="Best")
    for side in SIDES:
        at_best = both[f"{side}Price1"] == both[f"{side}Price1Best"]
        share = dict(
            both.with_columns(at_best=at_best).group_by("MIC").agg(pl.mean("at_best")).rows()
        )
        assert share["XLON"] == 1
        assert 0.5 < share["BATE"] < 0.9


def test_the_best_of_all_venues_is_told_at_the_primary_listing() -> None:
    rows = table("cbbo")
    assert sorted(rows["MIC"].unique()) == ["XLON", "XPAR"]
    assert table("cbbo", mics=("BATE",)).is_empty()
    assert set(rows.columns) == set(TABLES["cbbo"].columns) - {"MarketState"}
    for listing in rows.partition_by("ListingId"):
        assert (listing[AT].diff().drop_nulls().dt.total_nanoseconds() > 0).all()
        assert listing["L2EventNo"].to_list() == [*range(listing.height)]
    crossed = rows.filter(pl.col("BidPrice1") >= pl.col("AskPrice1"))
    assert crossed.is_empty()


def test_calls_lead_to_the_price_and_the_volume_of_the_auction() -> None:
    rows = table("imbalance")
    assert set(rows.columns) == set(TABLES["imbalance"].columns)
    last = rows.group_by("ListingId", "MarketState", maintain_order=True).last()
    prints = (
        table("trades")
        .filter(pl.col("Classification").str.contains("AUCTION"))
        .group_by("ListingId", "MarketState")
        .agg(
            pl.first("InstrumentCurrencyPrice"), pl.sum("Size"),
            pl.first("TradeTimestampNanoseconds"),
        )
    )  # fmt: skip
    both = last.join(prints, on=["ListingId", "MarketState"], validate="1:1")
    assert both.height == prints.height == 16
    assert (both["IndicativeUncrossingPrice"] == both["InstrumentCurrencyPrice"]).all()
    assert (both["PairedQuantity"] == both["Size"]).all()
    assert (both[AT] < both["TradeTimestampNanoseconds"]).all()


def test_calls_are_told_of_while_they_last() -> None:
    rows = table("imbalance")
    states = table("marketstate").select("ListingId", "MarketState", Begins=AT)
    inside = rows.join(states, on=["ListingId", "MarketState"], how="left", validate="m:1")
    assert (inside[AT] >= inside["Begins"]).all()
    for call in rows.partition_by("ListingId", "MarketState"):
        assert call.height == 60
        assert call[AT].is_sorted()
        assert (call["PairedQuantity"].diff().drop_nulls() >= 0).all()
        assert call["IndicativeUncrossingPrice"].n_unique() > 5
    assert sorted(rows["ImbalanceSide"].unique()) == [1, 2]
    assert (rows["ImbalanceQuantity"] > 0).all()
    codes = rows.select("MarketState", "ExchangeAuctionType").unique().sort("MarketState").rows()
    assert codes == [("CLOSING_AUCTION", "C"), ("OPENING_AUCTION", "O")]
    for listing in rows.partition_by("ListingId"):
        assert listing["BMLLSequenceNo"].to_list() == [*range(1, 121)]
