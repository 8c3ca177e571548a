"""Does `file=listings.csv` list exactly what the file names for the day, and refuse nonsense?"""

from __future__ import annotations

import logging
import os
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import BeafError, DataInvalidError, Reference, ResourceError, UsageError
from beaf_core.testing import check_universe, tiny_reference
from beaf_universes import file

from .conftest import SIMULATED_DAY

MONDAY, TUESDAY = "2025-01-06", "2025-01-07"


def ids(folder: Path, name: str = "listings.csv", day: str = MONDAY) -> list[int]:
    found = file.get_universe(day, name, tiny_reference, folder)
    return found["ListingId"].sort().to_list()


def written(folder: Path, text: str, name: str = "listings.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# -- what a file can say -----------------------------------------------------------------------


# 101 ALFA XLON and 201 ALFA XPAR share an ISIN; 102 is BETA on XLON.
@pytest.mark.parametrize(
    ("text", "listings"),
    [
        ("ListingId\n101\n201\n", [101, 201]),
        ("ISIN\nGB0000000101\n", [101, 201]),
        ("Ticker\nBETA\n", [102]),
        ("ISIN,MIC\nGB0000000101,XPAR\n", [201]),
        ("Ticker,MIC\nALFA,XLON\nBETA,XLON\n", [101, 102]),
        ("Ticker,ISIN\nALFA,GB0000000101\n", [101, 201]),
        ("ListingId,MIC\n101,XLON\n", [101]),
        # All that a row gives must match; what it leaves open does not matter.
        ("ISIN,Ticker,MIC\nGB0000000101,,XPAR\n,BETA,\n", [102, 201]),
        ("ListingId,ISIN\n102,\n,GB0000000101\n", [101, 102, 201]),
        # A ListingId says which one; the rest describes it.
        ("ListingId,Ticker,DisplayName\n101,FORMERLY,Alfa\n", [101]),
        # As people and spreadsheets write it.
        ("\ufefflisting_id;\n".replace(";", "") + "101\n", [101]),
        ("listing id , mic\r\n 101 , XLON \r\n\r\n102,XLON\r\n,\r\n", [101, 102]),
        ('Ticker,Weight\n"BETA",0.5\n', [102]),
        ("ISIN,RIC,ListingName,IssueDate\nGB0000000102,BETA.L,Beta,1999-01-01\n", [102]),
        ("ListingId,StartDate,From\n102,,London\n", [102]),
    ],
)
def test_rows_name_listings(tmp_path: Path, text: str, listings: list[int]) -> None:
    written(tmp_path, text)
    assert ids(tmp_path) == listings


@pytest.mark.parametrize(
    ("text", "monday", "tuesday"),
    [
        ("ListingId,Date\n101,2025-01-06\n102,2025-01-06\n102,2025-01-07\n", [101, 102], [102]),
        ("ListingId,StartDate\n101,2025-01-07\n102,\n", [102], [101, 102]),
        ("ListingId,EndDate\n101,2025-01-06\n102,2025-01-07\n", [101, 102], [102]),
        (
            "ListingId,StartDate,EndDate\n"
            "101,2024-01-01,2025-01-06\n"
            "102,2025-01-07,2025-01-07\n"
            "201,,\n",
            [101, 201],
            [102, 201],
        ),
        # One listing may come again: its periods do not meet.
        ("ListingId,StartDate,EndDate\n101,,2025-01-06\n101,2025-01-07,\n", [101], [101]),
        ("ListingId,Date\n101,2025-01-06T00:00:00.000\n102,2025-01-07 00:00:00\n", [101], [102]),
    ],
)
def test_rows_count_on_their_days(
    tmp_path: Path, text: str, monday: list[int], tuesday: list[int]
) -> None:
    written(tmp_path, text)
    assert (ids(tmp_path), ids(tmp_path, day=TUESDAY)) == (monday, tuesday)


def test_parquet_says_the_same_with_types_of_its_own(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "ListingId": pl.Series([101.0, 102.0, None], dtype=pl.Float64),
            "ISIN": pl.Series([None, None, "GB0000000101"], dtype=pl.Categorical),
            "MIC": [None, "XLON", "XPAR"],
            "StartDate": [datetime(2025, 1, 7), None, datetime(2025, 1, 6, 12)],
            "EndDate": [None, date(2025, 1, 6), date(2025, 1, 7)],
        }
    )
    frame.write_parquet(tmp_path / "listings.parquet")
    assert ids(tmp_path, "listings.parquet") == [102, 201]
    assert ids(tmp_path, "listings.parquet", TUESDAY) == [101, 201]


def test_what_the_reference_table_knows_can_be_written_and_read_again(tmp_path: Path) -> None:
    tiny_reference(MONDAY, MIC="XLON").write_csv(tmp_path / "listings.csv")
    tiny_reference(MONDAY, MIC="XLON").write_parquet(tmp_path / "listings.parquet")
    for name in ("listings.csv", "listings.parquet"):
        assert ids(tmp_path, name) == [101, 102]


def test_the_attributes_are_those_of_the_reference_table(tmp_path: Path) -> None:
    written(tmp_path, "ListingId,Ticker\n102,WRONG\n101,\n")
    found = file.get_universe(MONDAY, "listings.csv", tiny_reference, tmp_path)
    assert found.sort("ListingId").equals(tiny_reference(MONDAY, MIC="XLON").sort("ListingId"))


def test_a_path_is_relative_to_the_projects_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    (project / "lists").mkdir(parents=True)
    elsewhere.mkdir()
    written(project / "lists", "ListingId\n101\n")
    monkeypatch.chdir(elsewhere)
    for spelled in ("lists/listings.csv", str(project / "lists" / "listings.csv")):
        assert ids(project, spelled) == [101]
    assert ids(elsewhere, "../project/lists/listings.csv") == [101]


def test_it_keeps_the_contract_on_both_markets(
    tmp_path: Path, simulated: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the project's folder, where nobody names another
    written(tmp_path, "ISIN\nGB0000000101\n")
    check_universe("file", "listings.csv")
    written(tmp_path, "Ticker,MIC\nLN001,XLON\nPA002,XPAR\n")
    check_universe("file", "listings.csv", reference=simulated, day=SIMULATED_DAY)


_ROWS = st.lists(st.sampled_from([101, 102, 201]), unique=True, min_size=1)


@settings(max_examples=25, deadline=None)
@given(listings=_ROWS, keys=st.sampled_from([("ListingId",), ("Ticker", "MIC"), ("ISIN", "MIC")]))
def test_any_choice_of_listings_is_found_by_whatever_names_them(
    tmp_path_factory: pytest.TempPathFactory, listings: list[int], keys: tuple[str, ...]
) -> None:
    folder = tmp_path_factory.mktemp("lists")
    everything = tiny_reference(MONDAY)
    chosen = everything.filter(pl.col("ListingId").is_in(listings)).select(keys)
    chosen.write_csv(folder / "listings.csv")
    assert ids(folder) == sorted(listings)


# -- what it does not find ---------------------------------------------------------------------


def test_rows_that_no_listing_answers_are_told_and_the_others_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path, "Ticker,MIC\nALFA,XLON\nGAMA,XLON\nBETA,XPAR\n")
    with caplog.at_level(logging.WARNING, "beaf"):
        assert ids(tmp_path) == [101]
    assert str(path) in caplog.text
    told = "line 3 (Ticker=GAMA, MIC=XLON), line 4 (Ticker=BETA, MIC=XPAR) name no listing on"
    assert told in caplog.text
    assert "line 2" not in caplog.text


def test_what_is_so_on_many_days_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written(tmp_path, "ListingId,EndDate\n101,\n7,\n8,2025-01-06\n")
    for day in (MONDAY, MONDAY, TUESDAY, TUESDAY):
        assert ids(tmp_path, day=day) == [101]
    told = [each.partition("listings.csv: ")[2].partition(" on ")[0] for each in caplog.messages]
    assert told == [
        "line 3 (ListingId=7), line 4 (ListingId=8) name no listing",
        "line 3 (ListingId=7) names no listing",
    ]


def test_a_listing_on_another_venue_than_the_file_says_is_not_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written(tmp_path, "ListingId,MIC\n101,XPAR\n102,XLON\n")
    assert ids(tmp_path) == [102]
    assert "line 2 (ListingId=101, MIC=XPAR) names no listing on 2025-01-06" in caplog.text


def test_a_day_that_the_file_does_not_name_has_no_listing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written(tmp_path, "ListingId,Date\n101,2025-01-06\n102,2024-12-31\n")
    found = file.get_universe(TUESDAY, "listings.csv", tiny_reference, tmp_path)
    assert found.is_empty()
    assert {"ListingId", "MIC"} <= set(found.columns)
    told = "rows for days from 2024-12-31 to 2025-01-06, and none that counts on 2025-01-07"
    assert told in caplog.text


def test_days_without_an_end_are_told_as_they_are(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written(tmp_path, "ListingId,StartDate,EndDate\n101,2024-01-01,2024-12-31\n102,,2024-06-30\n")
    assert ids(tmp_path) == []
    assert "it has rows for days to 2024-12-31, and none that counts" in caplog.text


def test_a_day_that_the_source_does_not_have_is_the_sources_to_tell(tmp_path: Path) -> None:
    written(tmp_path, "ListingId,Date\n101,2025-01-06\n")
    with pytest.raises(BeafError, match="the tiny market has no reference on 2025-01-05"):
        ids(tmp_path, day="2025-01-05")


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be read as CSV"),
        ("ListingId\n", "names no listing"),
        ("ListingId\n\n\n", "names no listing"),
        ("Symbol,Weight\nALFA,1\n", "no column names listings; its columns: Symbol, Weight"),
        ("MIC\nXLON\n", "no column names listings"),
        ("Date\n2025-01-06\n", "no column names listings"),
        ("ISN,Ticker\n1,ALFA\n", 'the column "ISN" means nothing — did you mean "ISIN"?'),
        ("Ticker,Start\nALFA,2025-01-06\n", 'did you mean "StartDate"?'),
        ("Ticker,Valid To\nALFA,2025-01-06\n", 'did you mean "EndDate"?'),
        ("ListingId,listing_id\n101,101\n", "has the column ListingId twice"),
        ("ListingId,ListingId\n101,101\n", "has the column ListingId twice"),
        ("ListingId,Date,EndDate\n101,2025-01-06,\n", "both Date and a period"),
        ("ListingId\n101\nALFA\nx\n", "line 3: ListingId is 'ALFA', not a whole number (and 1"),
        ("ListingId\n101.5\n", "line 2: ListingId is '101.5'"),
        ("ListingId,Date\n101,06/01/2025\n", "Date is '06/01/2025', not a day, YYYY-MM-DD"),
        ("ListingId,Date\n101,2025-02-30\n", "Date is '2025-02-30'"),
        ("ListingId,Date\n101,2025-01-06 09:00\n", "Date is '2025-01-06 09:00'"),
        ("ListingId,StartDate,EndDate\n101,2025-01-07,2025-01-06\n", "line 2 ends before it"),
        ("ListingId,Date\n101,2025-01-06\n102,\n", "line 3 has no Date"),
        ("ISIN,MIC\nGB0000000101,XLON\n,XPAR\n", "line 3 names no listing"),
        ("ListingId,MIC\n101,XLON,XPAR\n", "cannot be read as CSV"),
        ("ListingId\n101\n101\n", "line 2 and line 3 name the same listing 101 on 2025-01-06"),
        ("Ticker,MIC\nALFA,\nALFA,XPAR\n", "line 2 and line 3 name the same listing 201"),
        ("ListingId,ISIN\n101,\n,GB0000000101\n", "name the same listing 101"),
        (
            "ListingId,StartDate,EndDate\n101,,2025-01-06\n101,2025-01-06,\n",
            "name the same listing 101",
        ),
        ("ListingId\n101\n102\n102\n101\n", "(and 1 more listings are named twice)"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_place(
    tmp_path: Path, text: str, words: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(DataInvalidError) as told:
        ids(tmp_path)
    assert words in told.value.message
    assert str(path) in told.value.message
    assert told.value.remedy


def test_a_semicolon_is_told_to_be_none_of_ours(tmp_path: Path) -> None:
    written(tmp_path, "ListingId;MIC\n101;XLON\n")
    with pytest.raises(DataInvalidError, match="no comma in its header 'ListingId;MIC'") as told:
        ids(tmp_path)
    assert "with commas between its columns" in str(told.value.remedy)


def test_a_file_that_is_not_there_is_told_with_the_place_looked_at(tmp_path: Path) -> None:
    written(tmp_path, "ListingId\n101\n")
    with pytest.raises(UsageError) as told:
        ids(tmp_path, "listing.csv")
    assert f"{tmp_path / 'listing.csv'}" in told.value.message
    assert 'did you mean "listings.csv"?' in told.value.message
    assert "folder of beaf.yaml" in str(told.value.remedy)
    with pytest.raises(UsageError, match="there is no file"):
        ids(tmp_path, "nowhere/listings.csv")


@pytest.mark.parametrize("name", ["listings", "listings.txt", "listings.xlsx"])
def test_another_kind_of_file_is_refused(tmp_path: Path, name: str) -> None:
    written(tmp_path, "ListingId\n101\n", name)
    with pytest.raises(UsageError, match=r"neither a \.csv nor a \.parquet file"):
        ids(tmp_path, name)


def test_a_folder_and_an_address_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        ids(tmp_path, "folder.csv")
    with pytest.raises(UsageError, match="is an address"):
        ids(tmp_path, "s3://bucket/listings.csv")
    with pytest.raises(UsageError, match=r"needs a value.*\n.*file=listings\.csv"):
        file.get_universe(MONDAY, None, tiny_reference, tmp_path)


@pytest.mark.parametrize("name", ["listings.csv", "listings.parquet"])
def test_bytes_that_are_neither_text_nor_parquet_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"ISIN\n\xff\xfe\x00\xe9\n")
    with pytest.raises(DataInvalidError, match="cannot be read as"):
        ids(tmp_path, name)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_told_so(tmp_path: Path) -> None:
    written(tmp_path, "ListingId\n101\n").chmod(0)
    with pytest.raises(ResourceError, match="may not be read"):
        ids(tmp_path)


def test_a_parquet_file_of_odd_types_is_refused(tmp_path: Path) -> None:
    frame = pl.DataFrame({"ListingId": [101.5, 102.0]})
    frame.write_parquet(tmp_path / "listings.parquet")
    with pytest.raises(DataInvalidError, match=r"row 1: ListingId is 101\.5"):
        ids(tmp_path, "listings.parquet")
    pl.DataFrame({"ISIN": [["GB0000000101"]]}).write_parquet(tmp_path / "listings.parquet")
    with pytest.raises(DataInvalidError, match="ISIN"):
        ids(tmp_path, "listings.parquet")
