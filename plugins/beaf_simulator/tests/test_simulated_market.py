"""Is the market's structure right: listings, indices, states?"""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest

from beaf_core import TableRequest
from beaf_simulator.market import isin_check_digit
from beaf_simulator.source import Config, read_table

SUNDAY = date(2026, 2, 1)


def table(name: str, config: Config | None = None) -> pl.DataFrame:
    frame = read_table(TableRequest(name, SUNDAY), config or Config()).frame
    assert frame is not None
    return frame.collect()


def test_each_venue_has_the_number_of_listings_asked_for() -> None:
    for number in (1, 2, 7):
        counted = table("reference", Config(listings_per_mic=number)).group_by("MIC").len()
        assert dict(counted.iter_rows()) == {"XLON": number, "XPAR": number, "BATE": number}


def test_listing_ids_are_unique_and_none_is_an_instrument_id() -> None:
    listings = table("reference", Config(listings_per_mic=1000))
    assert listings["ListingId"].is_unique().all()
    assert not set(listings["ListingId"]) & set(listings["InstrumentId"])


def test_a_listing_keeps_its_row_when_the_market_grows() -> None:
    small, large = (table("reference", Config(listings_per_mic=n)) for n in (3, 30))
    assert large.join(small, on="ListingId", how="semi").equals(small)


def test_bate_carries_instruments_of_both_primary_venues() -> None:
    listings = table("reference")
    primary = listings.filter("IsPrimary").select(
        "InstrumentId", "ISIN", "CurrencyCode", OPOL="MIC"
    )
    secondary = listings.filter(MIC="BATE")
    assert not secondary["IsPrimary"].any()
    shared = secondary.join(primary, on=["InstrumentId", "ISIN", "CurrencyCode", "OPOL"])
    assert shared.height == secondary.height == 8
    assert sorted(secondary["OPOL"].unique()) == ["XLON", "XPAR"]


def test_the_check_digit_is_that_of_a_real_isin() -> None:
    # Vodafone's, as in the vendor's reference table, and Apple's.
    assert isin_check_digit("GB00BH4HKS3") == "9"
    assert isin_check_digit("US037833100") == "5"


def test_indices_are_of_primary_listings_and_stoxx_leaves_some_out() -> None:
    listings = table("reference")
    members = table("membership").join(listings, on="ListingId")
    assert members["IsPrimary"].all()
    counted = members.group_by("Index", "MIC").len().sort("Index", "MIC").rows()
    assert counted == [("STOXX600", "XLON", 6), ("STOXX600", "XPAR", 6), ("bezacp", "XPAR", 8)]


@pytest.mark.parametrize(
    ("name", "dtypes"),
    [
        (
            "reference",
            {
                "ListingId": pl.Int64,
                "InstrumentId": pl.Int64,
                "CurrencyCode": pl.String,
                "Description": pl.String,
                "DisplayName": pl.String,
                "ISIN": pl.String,
                "InstrumentType": pl.String,
                "IsAlive": pl.Boolean,
                "IsPrimary": pl.Boolean,
                "MIC": pl.String,
                "OPOL": pl.String,
                "OperatingMic": pl.String,
                "SegmentCode": pl.String,
                "Ticker": pl.String,
                "Date": pl.Datetime("ms"),
            },
        ),
        ("membership", {"Date": pl.Datetime("ms"), "Index": pl.String, "ListingId": pl.Int64}),
        (
            "marketstate",
            {
                "TimestampNanoseconds": pl.Datetime("ns"),
                "MarketState": pl.String,
                "MIC": pl.String,
                "ExchangeMarketState": pl.String,
                "ListingId": pl.Int64,
                "InstrumentId": pl.Int64,
                "ExchangeSequenceNo": pl.Int64,
                "BMLLSequenceNo": pl.Int64,
                "BMLLSequenceSource": pl.Int64,
            },
        ),
    ],
)
def test_columns_have_the_types_of_the_vendor(name: str, dtypes: dict[str, pl.DataType]) -> None:
    assert table(name).schema == dtypes


def test_a_primary_listing_passes_through_five_states_and_bate_trades_continuously_only() -> None:
    states = table("marketstate")
    minute = pl.col("TimestampNanoseconds").dt.truncate("1m").dt.time().cast(pl.String)
    told = states.with_columns(minute.str.slice(0, 5).alias("minute"))

    def of(listing: int) -> list[tuple[str, str]]:
        return told.filter(ListingId=listing).select("minute", "MarketState").rows()

    assert of(100_001) == [
        ("07:50", "OPENING_AUCTION"),
        ("08:00", "CONTINUOUS_TRADING"),
        ("16:30", "CLOSING_AUCTION"),
        ("16:35", "POST_TRADE"),
        ("17:15", "CLOSED"),
    ]
    assert of(300_001) == [("08:00", "CONTINUOUS_TRADING"), ("16:30", "CLOSED")]
    late = (pl.col("TimestampNanoseconds") - pl.col("TimestampNanoseconds").dt.truncate("1m")).dt
    assert states.select(late.total_milliseconds().is_between(5, 50).all()).item()
    assert states["TimestampNanoseconds"].dt.date().unique().to_list() == [SUNDAY]


def test_reference_is_dated() -> None:
    assert table("reference")["Date"].unique().to_list() == [datetime(2026, 2, 1)]
