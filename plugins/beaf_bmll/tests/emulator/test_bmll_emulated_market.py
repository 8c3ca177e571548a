"""Does the vendor's own package find listings, availability and data in the emulator?"""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

# The vendor's package takes seconds to import: one process of the suite does it for all.
pytestmark = pytest.mark.xdist_group("bmll")

DAY = "2026-06-01"  # a Monday
LISTINGS = pl.DataFrame(
    {
        "ListingId": [11, 12, 21],
        "InstrumentId": [1, 1, 2],
        "MIC": ["XLON", "BATE", "XLON"],
        "OPOL": ["XLON", "XLON", "XLON"],
        "Ticker": ["ALFA", "ALFA", "BETA"],
        "Sector": ["Energy", None, "Telecoms"],
        "IsAlive": [True, True, False],
    }
)
TRADES = pl.DataFrame(
    {
        "MIC": ["XLON", "XLON", "BATE", "XLON"],
        "Date": [DAY, DAY, DAY, "2026-06-02"],
        "ListingId": [11, 21, 12, 11],
        "TradeTimestamp": [
            datetime(2026, 6, 1, 8, tzinfo=UTC),
            datetime(2026, 6, 1, 9, tzinfo=UTC),
            datetime(2026, 6, 1, 9, tzinfo=UTC),
            datetime(2026, 6, 2, 8, tzinfo=UTC),
        ],
        "Price": [1.5, 2.5, 3.5, 4.5],
    }
)


@pytest.fixture
def reference(bmll_emulator):
    import bmll.reference

    bmll_emulator.reference = LISTINGS
    bmll_emulator.market.membership = pl.DataFrame(
        {"Index": ["BIG", "BIG", "SMALL"], "ListingId": [11, 12, 21]}
    )
    return bmll.reference


@pytest.fixture
def data(bmll_emulator):
    import bmll.data

    bmll_emulator.publish("trades-plus", TRADES)
    # A client of its own: the package's remembers tables for as long as its process lives.
    return bmll.data.ApiV2Client(init_wait=0.01)


def ids(frame) -> list[int]:
    return sorted(frame["ListingId"])


@pytest.mark.parametrize(
    ("constraint", "found"),
    [
        ({}, [11, 12, 21]),
        ({"MIC": "XLON"}, [11, 21]),
        ({"MIC": ["XLON", "BATE"]}, [11, 12, 21]),
        ({"MIC": "XLON", "IsAlive": True}, [11]),
        ({"Index": "BIG"}, [11, 12]),
        ({"Index": "NONE"}, []),
        ({"object_ids": [12, 99]}, [12]),
        ({"MIC": "XXXX"}, []),
        ({"schema": "Future"}, []),
    ],
)
def test_listings_are_found_by_exact_constraints(reference, constraint, found):
    assert ids(reference.query(DAY, object_type="Listing", **constraint)) == found


def test_an_instrument_brings_its_listings_on_all_venues(reference):
    assert ids(reference.query(DAY, object_type="Instrument", MIC="BATE")) == [11, 12]
    assert ids(reference.query(DAY, object_type="Instrument", object_ids=[2])) == [21]


def test_values_come_back_as_they_were_given(reference):
    frame = reference.query(DAY, object_type="Listing", MIC="XLON")
    assert list(frame["IsAlive"]) == [True, False]
    assert frame["IsAlive"].dtype == bool
    assert list(frame["Sector"]) == ["Energy", "Telecoms"]
    bats = reference.query(DAY, object_type="Listing", MIC="BATE")
    assert list(bats["Sector"]) == [None]


def test_truth_and_nothing_are_words_on_the_wire(reference):
    import bmll

    asked = {"objectType": "Listing", "startDate": DAY, "endDate": DAY, "token": None}
    body = asked | {"schema": "Equity", "MIC": ["BATE"]}
    answer = bmll.DEFAULT_SESSION.execute("post", "reference", "/query", json=body)
    (row,) = (dict(zip(answer["columns"], each, strict=True)) for each in answer["data"])
    told = [row[name] for name in ("IsAlive", "Sector", "Date", "ListingId")]
    assert told == ["True", "None", DAY, 12]


def test_pages_of_reference_data_are_one_answer(reference, bmll_emulator):
    bmll_emulator.market.page_size = 2
    assert ids(reference.query(DAY, "2026-06-02", object_type="Listing")) == [
        11,
        11,
        12,
        12,
        21,
        21,
    ]
    pages = [each for each in bmll_emulator.requests if each.route == "/reference/query"]
    assert len(pages) == 3


def test_listings_of_a_day_are_of_that_day(reference, bmll_emulator):
    later = LISTINGS.filter(pl.col("MIC") == "BATE").with_columns(Date=pl.lit("2026-06-02"))
    bmll_emulator.reference = pl.concat([LISTINGS.with_columns(Date=pl.lit(DAY)), later])
    assert ids(reference.query(DAY, object_type="Listing")) == [11, 12, 21]
    assert ids(reference.query("2026-06-02", object_type="Listing")) == [12]


def test_a_constraint_on_no_field_is_refused(reference):
    with pytest.raises(Exception, match="no field Mic"):
        reference.query(DAY, object_type="Listing", Mic="XLON")


def test_no_day_is_the_business_day_before(reference, bmll_emulator):
    year = bmll_emulator.clock.now().year + 1
    bmll_emulator.clock.advance(to=datetime(year, 6, 1, 9, tzinfo=UTC))
    (day,) = set(reference.available_markets()["Date"])
    before = {n: datetime(year, 5, n) for n in (28, 29, 30, 31)}
    assert day in before.values()
    assert day.isoweekday() <= 5
    assert not any(each.isoweekday() <= 5 for each in before.values() if each > day)


def test_markets_are_those_of_listings_and_some_more(reference):
    markets = reference.available_markets(DAY)
    assert {"XLON", "BATE", "XPAR"} <= set(markets["MIC"])
    assert set(markets["Schema"]) == {"Equity"}
    assert markets["IsAlive"].all()


def test_what_has_arrived_is_available(reference, bmll_emulator):
    bmll_emulator.make_available("l3", "XLON", day=datetime(2026, 6, 1).date())
    old = reference.availability(["XLON", "XPAR"], DAY)
    assert {mic: each["ready"] for mic, each in old.items()} == {"XLON": True, "XPAR": False}
    bmll_emulator.make_available("MarketDataTrades", "XPAR", day=datetime(2026, 6, 1).date())
    new = reference.availability(["XPAR"], DAY, data_set="MarketDataTrades", use_v2_api=True)
    assert [each["ready"] for each in new["XPAR"]] == [True]


def test_funds_are_answered_as_the_package_reads_them(reference, bmll_emulator):
    assert reference.etf_data(ISIN="IE0000000001").empty
    assert bmll_emulator.requests[-1].keys is not None


def test_tables_and_their_fields_are_described(data):
    (row,) = data.list_tables().to_dict("records")
    assert (row["Table"], row["RequiredFilters"]) == ("trades_plus", ["MIC"])
    assert row["DefaultTimestampField"] == "TradeTimestamp"
    assert list(data.describe_table("trades_plus")["FieldName"]) == TRADES.columns


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_rows_are_found_by_filters_days_and_columns(data, engine):
    found = data.query(
        "trades_plus",
        start_date=DAY,
        columns=["ListingId", "Price"],
        df_engine=engine,
        MIC=["XLON", "BATE"],
        ListingId=[11, 12],
    )
    assert sorted(found["Price"]) == [1.5, 3.5]
    assert list(found.columns) == ["ListingId", "Price"]


def test_rows_are_found_by_a_window_of_time(data):
    found = data.query(
        "trades_plus",
        start_date=DAY,
        end_date="2026-06-02",
        start_timestamp="2026-06-01T08:00:00",
        end_timestamp="2026-06-01T09:00:00",
        MIC="XLON",
    )
    assert list(found["Price"]) == [1.5]


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv", "rows.json"])
def test_rows_are_written_to_a_file(data, tmp_path, name):
    path = data.query("trades_plus", start_date=DAY, MIC="BATE", output_path=tmp_path / name)
    read = {".parquet": pl.read_parquet, ".csv": pl.read_csv, ".json": pl.read_json}
    assert list(read[(tmp_path / name).suffix](path)["Price"]) == [3.5]


def test_a_query_is_estimated(data):
    told = data.query("trades_plus", start_date=DAY, MIC="XLON", estimate=True)
    assert told["estimatedRows"] == 2
    assert told["estimatedBytes"] > 0
    assert told["outputFormat"] == "parquet"


def test_a_busy_service_is_asked_again(data, bmll_emulator):
    bmll_emulator.market.rejections = 1
    assert len(data.query("trades_plus", start_date=DAY, MIC="XLON")) == 2
    asked = [each for each in bmll_emulator.requests if each.route == "/apiv2/data/{table}"]
    assert [each.method for each in asked].count("POST") == 2


def test_a_query_is_cancelled(data, bmll_emulator):
    import bmll

    session = bmll.DEFAULT_SESSION
    asked = session.execute("post", "apiv2", "/data/trades_plus", json={"filters": {"MIC": "XLON"}})
    session.execute("delete", "apiv2", "/data/trades_plus", params=asked)
    told = session.execute("get", "apiv2", "/data/trades_plus", params=asked)
    assert told["status"] == "CANCELLED"
