"""Do columns arrive under BEAF's names and in usable types, or with an error that helps?"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from beaf_core import DataInvalidError

PATH = "trades/XLON/2026-01-02.parquet"
OTHER = "trades/XPAR/2026-01-02.parquet"
NOON = datetime(2026, 1, 2, 12)


def one_row(**columns: Any) -> pl.DataFrame:
    """One trade of listing 1; a value, a Series or an expression per column."""
    return pl.DataFrame({"ListingId": [1]}).with_columns(**columns)


def test_only_the_columns_asked_for_arrive_in_that_order(market: Any) -> None:
    market.put(PATH)
    rows = market.rows(columns=("Price", "ListingId"))
    assert rows.columns == ["Price", "ListingId"]


def test_a_column_asked_for_twice_arrives_once(market: Any) -> None:
    market.put(PATH)
    assert market.rows(columns=("Price", "Price")).columns == ["Price"]


def test_a_mapped_column_arrives_under_our_name(market: Any, day_of_trades: Any) -> None:
    market.put(PATH, day_of_trades().rename({"Price": "px", "ListingId": "id"}))
    options = {"columns": {"trades": {"Price": "px", "ListingId": "id"}}}
    expected = day_of_trades().filter(pl.col("ListingId") == 2)
    assert market.rows(options=options, listings=(2,)).equals(expected)
    some = market.rows(options=options, listings=(2,), columns=("Price", "ListingId"))
    assert some.equals(expected.select("Price", "ListingId"))


def test_a_mapping_hides_the_files_own_column_of_that_name(market: Any) -> None:
    market.put(PATH, one_row(Price=1.0, adjusted=2.0))
    rows = market.rows(options={"columns": {"trades": {"Price": "adjusted"}}})
    assert rows.to_dict(as_series=False) == {"ListingId": [1], "Price": [2.0]}


def test_two_columns_may_be_swapped_by_mappings(market: Any) -> None:
    market.put(PATH, one_row(Price=1.0, Size=2.0))
    rows = market.rows(options={"columns": {"trades": {"Price": "Size", "Size": "Price"}}})
    assert rows.select("Price", "Size").row(0) == (2.0, 1.0)


def test_one_column_may_answer_for_two(market: Any) -> None:
    market.put(PATH, one_row(px=1.0))
    options = {"columns": {"trades": {"Price": "px", "InstrumentCurrencyPrice": "px"}}}
    assert market.rows(options=options).columns == ["ListingId", "Price", "InstrumentCurrencyPrice"]


def test_a_missing_column_is_named_with_its_file_and_the_remedy(market: Any) -> None:
    path = market.put(PATH, one_row(Pricee=1.0))
    with pytest.raises(DataInvalidError) as caught:
        market.read(columns=("ListingId", "Price"))
    text = str(caught.value)
    assert str(path) in text
    assert "table trades" in text
    assert 'column Price is missing — did you mean "Pricee"?' in text
    assert "the file has ListingId, Pricee" in text
    assert "SOURCE.columns.trades.Price: <the file's name>" in text


def test_all_problems_of_a_file_come_at_once(market: Any) -> None:
    market.put(PATH, one_row(Size=pl.lit("ten")))
    with pytest.raises(DataInvalidError) as caught:
        market.read(columns=("ListingId", "Price", "Size"))
    assert "column Price is missing" in str(caught.value)
    assert "column Size is mistyped: expected number (integer, float or decimal), found String" in (
        str(caught.value)
    )


def test_columns_nobody_asked_for_are_not_checked(market: Any) -> None:
    market.put(PATH, one_row(Price=1.0, Size=pl.lit("ten")))
    assert market.rows(columns=("ListingId", "Price")).height == 1
    assert market.rows().height == 1


@pytest.mark.parametrize("columns", [None, ("Price",)])
def test_a_mapping_to_a_column_that_no_file_has_is_an_error(market: Any, columns: Any) -> None:
    market.put(PATH, one_row(px=1.0))
    with pytest.raises(DataInvalidError, match=r'Price \(in the file: pxx\).*did you mean "px"'):
        market.read(options={"columns": {"trades": {"Price": "pxx"}}}, columns=columns)


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("ListingId", pl.lit(1.0), "integer, found Float64"),
        ("BMLLSequenceNo", pl.lit(1.5), "integer, found Float64"),
        ("BMLLSequenceNo", pl.lit(True), "integer, found Boolean"),
        ("Price", pl.lit("1"), "number .*, found String"),
        ("Price", pl.lit(True), "number .*, found Boolean"),
        ("MIC", pl.lit(1), "text, found Int32"),
        ("TradeTimestamp", pl.lit("12:00"), "timestamp .*, found String"),
        ("TradeTimestamp", pl.lit(1.0), "timestamp .*, found Float64"),
        ("TradeTimestamp", pl.lit(1, dtype=pl.Int32), "timestamp .*, found Int32"),
    ],
)
def test_a_mistyped_column_says_what_is_expected(
    market: Any, column: str, value: Any, expected: str
) -> None:
    market.put(PATH, one_row(**{column: value}))
    with pytest.raises(DataInvalidError, match=f"{column} is mistyped: expected {expected}"):
        market.read(columns=(column,))


def test_a_flag_must_be_boolean(market: Any) -> None:
    market.put("l3/XLON/2026-01-02.parquet", one_row(Printable=1))
    with pytest.raises(DataInvalidError, match=r"flag \(Boolean\), found Int32"):
        market.read("l3", columns=("Printable",))


@pytest.mark.parametrize(
    ("column", "value", "dtype"),
    [
        ("Price", pl.Series([1], dtype=pl.Int32), pl.Int32()),
        ("Price", pl.Series([1.0], dtype=pl.Float32), pl.Float32()),
        ("Price", pl.Series([Decimal("1.00")]), pl.Float64()),
        ("Price", pl.Series([None]), pl.Float64()),
        ("MIC", pl.Series(["XLON"], dtype=pl.Categorical), pl.String()),
        ("MIC", pl.Series(["XLON"], dtype=pl.Enum(["XLON"])), pl.String()),
        ("MIC", pl.Series([None]), pl.String()),
        ("AggressorSide", pl.Series([1], dtype=pl.UInt8), pl.UInt8()),
        ("AggressorSide", pl.Series([None]), pl.Int64()),
        ("TradeDate", pl.Series([date(2026, 1, 2)]), pl.Date()),
        ("TradeTimestamp", pl.Series([1], dtype=pl.Int64), pl.Int64()),
        ("TradeTimestamp", pl.Series([NOON], dtype=pl.Datetime("us")), pl.Datetime("us")),
        ("TradeTimestamp", pl.Series([None]), pl.Datetime("ns")),
        ("unknown", pl.Series([None]), pl.Null()),
    ],
)
def test_a_column_of_its_family_is_taken_as_it_is_or_plainer(
    market: Any, column: str, value: pl.Series, dtype: pl.DataType
) -> None:
    market.put(PATH, one_row(**{column: value}))
    for columns in (None, (column,)):
        read = market.read(columns=columns)
        assert read.frame.collect_schema()[column] == dtype
        assert read.frame.collect().schema[column] == dtype


@pytest.mark.parametrize(
    ("zone", "offset"), [("UTC", 0), ("Europe/Madrid", 1), ("America/New_York", -5), ("+02:00", 2)]
)
def test_times_with_a_zone_become_naive_utc(market: Any, zone: str, offset: int) -> None:
    aware = NOON.replace(tzinfo=timezone(timedelta(hours=offset))).astimezone(UTC)
    series = pl.Series([aware]).dt.convert_time_zone(zone if zone != "+02:00" else "Etc/GMT-2")
    market.put(PATH, one_row(TradeTimestamp=series))
    rows = market.rows(columns=("TradeTimestamp",))
    assert rows.schema["TradeTimestamp"] == pl.Datetime("us")
    assert rows.item() == NOON - timedelta(hours=offset)


def test_column_order_may_differ_between_files(market: Any, day_of_trades: Any) -> None:
    market.put(PATH)
    other = day_of_trades("XPAR", (3,))
    market.put(OTHER, other.select(reversed(other.columns)))
    read = market.read()
    assert read.frame.explain().count("Parquet SCAN") == 1
    assert read.frame.collect().equals(pl.concat([day_of_trades(), other]))


def test_an_all_null_column_in_one_file_takes_the_dtype_of_the_other(market: Any) -> None:
    market.put(PATH, one_row(BrokerIdBuyer=pl.Series([None]), Price=1.0, BlockSize=None))
    market.put(OTHER, one_row(BrokerIdBuyer=pl.lit("A"), Price=2.0, BlockSize=3))
    rows = market.rows()
    assert rows["BrokerIdBuyer"].to_list() == [None, "A"]
    assert rows["BlockSize"].to_list() == [None, 3]
    assert market.rows(columns=("Price",))["Price"].to_list() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("column", "first", "second", "dtype"),
    [
        ("Size", pl.Series([1]), pl.Series([1.5]), pl.Float64()),
        ("Size", pl.Series([Decimal("1.5")]), pl.Series([1]), pl.Float64()),
        ("Size", pl.Series([1], dtype=pl.Int32), pl.Series([1]), pl.Int64()),
        ("ListingId", pl.Series([1], dtype=pl.UInt64), pl.Series([1]), pl.Int64()),
        ("MIC", pl.Series(["a"], dtype=pl.Categorical), pl.Series(["b"]), pl.String()),
        (
            "MIC",
            pl.Series(["a"], dtype=pl.Enum(["a"])),
            pl.Series(["b"], dtype=pl.Enum(["b"])),
            pl.String(),
        ),
        (
            "TradeTimestamp",
            pl.Series([NOON], dtype=pl.Datetime("us")),
            pl.Series([NOON], dtype=pl.Datetime("ns", "UTC")),
            pl.Datetime("ns"),
        ),
        (
            "TradeTimestamp",
            pl.Series([NOON], dtype=pl.Datetime("us")),
            pl.Series([NOON], dtype=pl.Datetime("ns")).cast(pl.Int64),
            pl.Datetime("ns"),
        ),
        ("TradeDate", pl.Series([date(2026, 1, 2)]), pl.Series([NOON]), pl.Datetime("ns")),
        ("foreign", pl.Series([1]), pl.Series([None]), pl.Int64()),
        ("foreign", pl.Series([1]), pl.Series([1.5]), pl.Float64()),
    ],
)
def test_files_of_one_request_may_store_a_column_differently(
    market: Any, column: str, first: pl.Series, second: pl.Series, dtype: pl.DataType
) -> None:
    market.put(PATH, one_row(**{column: first}))
    market.put(OTHER, one_row(**{column: second}))
    for columns in (None, (column,)):
        rows = market.rows(columns=columns)
        assert rows.schema[column] == dtype
        assert rows.height == 2
    if column == "TradeTimestamp":
        assert rows[column].to_list() == [NOON, NOON]


def test_a_column_that_only_one_file_has_is_null_in_the_other(market: Any) -> None:
    market.put(PATH, one_row(Price=1.0))
    market.put(OTHER, one_row(Ticker=pl.lit("A")))
    rows = market.rows()
    assert rows.to_dict(as_series=False) == {
        "ListingId": [1, 1],
        "Price": [1.0, None],
        "Ticker": [None, "A"],
    }
    with pytest.raises(DataInvalidError, match=r"XPAR.*\n  column Price is missing"):
        market.read(columns=("Price",))


def test_an_irreconcilable_column_stops_only_those_who_ask_for_it(market: Any) -> None:
    market.put(PATH, one_row(foreign=1, Price=1.0))
    market.put(OTHER, one_row(foreign=pl.lit("A"), Price=2.0))
    assert market.rows()["foreign"].to_list() == ["1", "A"]
    assert market.rows(columns=("Price",)).height == 2
    with pytest.raises(DataInvalidError, match=r"disagree on the column foreign:\n.*XLON.*Int32"):
        market.read(columns=("foreign",))


def test_files_alike_in_the_columns_asked_for_are_one_scan(market: Any) -> None:
    market.put(PATH, one_row(Price=1.0, BrokerIdBuyer=pl.Series([None])))
    market.put(OTHER, one_row(BrokerIdBuyer=pl.lit("A"), Price=2.0, more=1))
    frame = market.read(columns=("Price",)).frame
    assert frame.explain().count("Parquet SCAN") == 1
    assert "UNION" not in frame.explain()
    assert frame.collect()["Price"].to_list() == [1.0, 2.0]
