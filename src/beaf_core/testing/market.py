"""Which market is small enough to be checked by hand?

Three listings on two venues, two days, thirteen trades. Bars of 60 s, `(start, end]` labelled at
their end, of the prints whose Classification is LIT_CONTINUOUS:

| listing | bar end | trades | open | high | low | close | volume | notional |
|---|---|---|---|---|---|---|---|---|
| 101 ALFA XLON | Mon 09:01 | 4 | 10.0 | 10.5 | 10.0 | 10.4 | 1000 | 10320 |
| 101 ALFA XLON | Mon 09:02 | 1 | 10.6 | 10.6 | 10.6 | 10.6 | 100 | 1060 |
| 102 BETA XLON | Mon 09:01 | 1 | 20.0 | 20.0 | 20.0 | 20.0 | 50 | 1000 |
| 102 BETA XLON | Mon 09:05 | 1 | 21.0 | 21.0 | 21.0 | 21.0 | 150 | 3150 |
| 201 ALFA XPAR | Mon 09:01 | 2 | 12.0 | 12.5 | 12.0 | 12.5 | 40 | 495 |
| 101 ALFA XLON | Tue 09:01 | 1 | 11.0 | 11.0 | 11.0 | 11.0 | 500 | 5500 |
| 102 BETA XLON | Tue 09:10 | 1 | 22.0 | 22.0 | 22.0 | 22.0 | 70 | 1540 |
| 201 ALFA XPAR | Tue 09:01 | 1 | 13.0 | 13.0 | 13.0 | 13.0 | 20 | 260 |

It holds what goes wrong in practice: a trade exactly on a bar's edge (09:01:00 belongs to the bar
that ends there), trades of one time whose order only the sequence tells (stored the wrong way
round), a print off the book, a bar of one trade, and bars without any.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from beaf_core import (
    TABLES,
    AbsentDayError,
    ColumnType,
    DayStatus,
    UsageError,
    alternatives,
    did_you_mean,
)

TINY_DAYS = ("2025-01-06", "2025-01-07")  # a Monday and a Tuesday
TINY_MICS = ("XLON", "XPAR")

_LISTINGS = pl.DataFrame(
    {
        "ListingId": [101, 102, 201],
        "InstrumentId": [1, 2, 1],
        "Ticker": ["ALFA", "BETA", "ALFA"],
        "MIC": ["XLON", "XLON", "XPAR"],
        "OPOL": ["XLON", "XLON", "XLON"],
        "CurrencyCode": ["GBP", "GBP", "EUR"],
        "ISIN": ["GB0000000101", "GB0000000102", "GB0000000101"],
        "DisplayName": ["Alfa plc", "Beta plc", "Alfa plc"],
        "Sector": ["Energy", "Telecoms", "Energy"],
        "IsPrimary": [True, True, False],
        "IsAlive": [True, True, True],
    }
)

_INDEX = "Index"
_MEMBERSHIP = pl.DataFrame(
    {_INDEX: ["TINY", "TINY", "TINYUK"], "ListingId": [101, 201, 102]},
)

_LIT, _OFF = "LIT_CONTINUOUS", "OFF_BOOK_ON_EXCHANGE"

# listing, time, sequence, aggressor (1 buys, 2 sells, 0 unknown), price, size, classification
_TRADES: tuple[tuple[Any, ...], ...] = (
    (101, "2025-01-06 09:00:10", 1, 1, 10.0, 100, _LIT),
    (101, "2025-01-06 09:00:20", 3, 1, 10.2, 300, _LIT),
    (101, "2025-01-06 09:00:20", 2, 2, 10.5, 200, _LIT),
    (101, "2025-01-06 09:01:00", 4, 2, 10.4, 400, _LIT),
    (101, "2025-01-06 09:01:30", 5, 1, 10.6, 100, _LIT),
    (101, "2025-01-06 09:01:40", 6, 0, 11.0, 1000, _OFF),
    (102, "2025-01-06 09:00:30", 7, 1, 20.0, 50, _LIT),
    (102, "2025-01-06 09:05:00", 8, 2, 21.0, 150, _LIT),
    (201, "2025-01-06 09:00:05", 2, 1, 12.5, 30, _LIT),
    (201, "2025-01-06 09:00:05", 1, 1, 12.0, 10, _LIT),
    (101, "2025-01-07 09:00:01", 1, 2, 11.0, 500, _LIT),
    (102, "2025-01-07 09:10:00", 2, 1, 22.0, 70, _LIT),
    (201, "2025-01-07 09:00:59", 1, 2, 13.0, 20, _LIT),
)

_STATES = (
    ("08:50:00", "OPENING_AUCTION"),
    ("09:00:00", "CONTINUOUS_TRADING"),
    ("16:30:00", "CLOSING_AUCTION"),
    ("16:35:00", "CLOSED"),
)

_EUR = pl.when(pl.col("CurrencyCode") == "GBP").then(1.2).otherwise(1.0)  # per unit of currency
_USD = pl.when(pl.col("CurrencyCode") == "GBP").then(1.25).otherwise(1.05)


def tiny_table(table: str, day: str | None = None, mic: str | None = None) -> pl.DataFrame:
    """Return a table of the market, whole or of one day or venue.

    Args:
        table: reference, membership, trades or marketstate.
        day: one of `TINY_DAYS`; None for both.
        mic: one of `TINY_MICS`; None for both.

    Raises:
        KeyError: the market has no such table.
    """
    frame = pl.concat(
        [_TABLES[table](each) for each in TINY_DAYS if day is None or str(day) == each]
        or [_TABLES[table](TINY_DAYS[0]).clear()]
    )
    if mic is None:
        return frame
    there = _LISTINGS.filter(pl.col("MIC") == mic).select("ListingId")
    return frame.join(there, on="ListingId", how="semi", maintain_order="left")


class TinyReference:
    """The market's reference, as a source answers it to a universe."""

    def __call__(self, date: Any, **constraints: object) -> pl.DataFrame:
        """Answer the listings that match: `tiny_reference("2025-01-06", MIC="XLON")`.

        Args:
            date: one of `TINY_DAYS`.
            constraints: column → value, or several of which one is to match; `Index` is answered
                from the membership table.

        Raises:
            AbsentDayError: a day that the market does not have.
            UsageError: a constraint on a column that the reference table does not have.
        """
        frame = _known_on(date)
        for column, wanted in constraints.items():
            frame = _constrained(frame, column, alternatives(wanted))
        return frame

    def values(self, date: Any, column: str) -> list[str]:
        """List what a column holds, as text: each value once, sorted, nulls left out.

        Raises:
            AbsentDayError, UsageError: as for a constraint.
        """
        listings = _known_on(date)
        frame = _MEMBERSHIP if column == _INDEX else listings
        _check_column(frame, column)
        return frame[column].drop_nulls().cast(pl.String).unique().sort().to_list()


#: The market's reference: `tiny_reference("2025-01-06", MIC=["XLON", "XPAR"])`.
tiny_reference = TinyReference()


def _known_on(date: Any) -> pl.DataFrame:
    if str(date) not in TINY_DAYS:
        raise AbsentDayError(f"the tiny market has no reference on {date}", DayStatus.MISSING)
    return tiny_table("reference", str(date))


def _constrained(frame: pl.DataFrame, column: str, values: tuple[object, ...]) -> pl.DataFrame:
    if column == _INDEX:
        members = _MEMBERSHIP.filter(_is_one(_INDEX, values))
        return frame.join(members, on="ListingId", how="semi", maintain_order="left")
    _check_column(frame, column)
    return frame.filter(_is_one(column, values))


def _check_column(frame: pl.DataFrame, column: str) -> None:
    if column not in frame.columns:
        hint = did_you_mean(column, frame.columns)
        raise UsageError(f"the reference table has no column {column}{hint}")


def _is_one(column: str, values: tuple[object, ...]) -> pl.Expr:
    return pl.any_horizontal(pl.lit(False), *(pl.col(column) == pl.lit(each) for each in values))


def tiny_bars() -> pl.DataFrame:
    """Return the bars of the module's docstring: worked out by hand, not computed."""
    rows = [
        (101, datetime(2025, 1, 6, 9, 1), 10.0, 10.5, 10.0, 10.4, 1000.0, 10320.0, 4),
        (101, datetime(2025, 1, 6, 9, 2), 10.6, 10.6, 10.6, 10.6, 100.0, 1060.0, 1),
        (101, datetime(2025, 1, 7, 9, 1), 11.0, 11.0, 11.0, 11.0, 500.0, 5500.0, 1),
        (102, datetime(2025, 1, 6, 9, 1), 20.0, 20.0, 20.0, 20.0, 50.0, 1000.0, 1),
        (102, datetime(2025, 1, 6, 9, 5), 21.0, 21.0, 21.0, 21.0, 150.0, 3150.0, 1),
        (102, datetime(2025, 1, 7, 9, 10), 22.0, 22.0, 22.0, 22.0, 70.0, 1540.0, 1),
        (201, datetime(2025, 1, 6, 9, 1), 12.0, 12.5, 12.0, 12.5, 40.0, 495.0, 2),
        (201, datetime(2025, 1, 7, 9, 1), 13.0, 13.0, 13.0, 13.0, 20.0, 260.0, 1),
    ]
    names = ["ListingId", "TimeBucket", "Open", "High", "Low", "Close"]
    names += ["Volume", "Notional", "Count"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(
        pl.col("TimeBucket").cast(pl.Datetime("ns"))
    )


def write_market(folder: Path | str, *, every_column: bool = False) -> Path:
    """Write the market as the source `parquet` reads it: `{table}/{mic}/{date}.parquet`.

    Args:
        folder: where the tables' folders go.
        every_column: also write the columns that a table may have and this market has not, null.

    Returns:
        The folder, for `SOURCE: {type: parquet, root: …}`.
    """
    for table in _TABLES:
        for mic in TINY_MICS:
            place = Path(folder) / table / mic
            place.mkdir(parents=True, exist_ok=True)
            for day in TINY_DAYS:
                rows = tiny_table(table, day, mic)
                rows = with_every_column(table, rows) if every_column else rows
                rows.write_parquet(place / f"{day}.parquet")
    return Path(folder)


def with_every_column(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Add the columns that a table may have and these rows have not, null."""
    known = TABLES[table].columns
    lacking = sorted(known.keys() - set(rows.columns))
    return rows.with_columns(pl.lit(None, _DTYPES[known[name]]).alias(name) for name in lacking)


_DTYPES: dict[ColumnType, pl.DataType] = {
    ColumnType.INTEGER: pl.Int64(),
    ColumnType.NUMBER: pl.Float64(),
    ColumnType.TEXT: pl.String(),
    ColumnType.FLAG: pl.Boolean(),
    ColumnType.TIMESTAMP: pl.Datetime("ns"),
}


def assert_same_rows(found: pl.DataFrame, wanted: pl.DataFrame, message: str) -> None:
    """Assert that two frames hold the same rows, in any order."""
    order = wanted.columns
    assert found.columns == order, f"{message}: columns {found.columns}, not {order}"
    same = found.sort(order).equals(wanted.sort(order))
    assert same, f"{message}\nfound {found}\nwanted {wanted}"


def _dated(frame: pl.DataFrame, day: str, column: str = "Date") -> pl.DataFrame:
    value = pl.lit(date.fromisoformat(day)).cast(pl.Datetime("ms"))
    return frame.select(value.alias(column), pl.all())


def _reference_on(day: str) -> pl.DataFrame:
    return _dated(_LISTINGS, day)


def _membership_on(day: str) -> pl.DataFrame:
    return _dated(_MEMBERSHIP, day)


def _trades_on(day: str) -> pl.DataFrame:
    names = ["ListingId", "Time", "BMLLSequenceNo", "AggressorSide", "Price", "Size"]
    rows = [row for row in _TRADES if row[1].startswith(day)]
    trades = pl.DataFrame(rows, schema=[*names, "Classification"], orient="row")
    described = trades.join(
        _LISTINGS.select("ListingId", "InstrumentId", "Ticker", "MIC", "OPOL", "CurrencyCode"),
        on="ListingId",
        maintain_order="left",
    )
    lit = pl.col("Classification") == _LIT
    notional = pl.col("Price") * pl.col("Size")
    columns = described.with_columns(
        pl.col("Time").str.to_datetime(time_unit="us").alias("TradeTimestamp"),
        pl.col("Time").str.to_datetime(time_unit="ns").alias("TradeTimestampNanoseconds"),
        pl.col("Size").cast(pl.Float64),
        pl.format("{}-{}", "ListingId", "BMLLSequenceNo").alias("TradeId"),
        pl.col("Price").alias("InstrumentCurrencyPrice"),
        pl.col("CurrencyCode").alias("InstrumentCurrencyCode"),
        pl.when(lit).then(pl.lit("LIT")).otherwise(pl.lit("OTC")).alias("BMLLTradeType"),
        pl.when(lit)
        .then(pl.lit("CONTINUOUS_TRADING"))
        .otherwise(pl.lit("NOT_APPLICABLE"))
        .alias("MarketState"),
        # Buys lift the ask, sells hit the bid; off the book there is no point between the two.
        pl.when(lit).then((pl.col("AggressorSide") == 1).cast(pl.Float64)).alias("PricePoint"),
        notional.alias("TradeNotional"),
        (notional * _EUR).alias("TradeNotionalEUR"),
        (notional * _USD).alias("TradeNotionalUSD"),
    )
    return _dated(columns.drop("Time"), day, "TradeDate")


def _states_on(day: str) -> pl.DataFrame:
    states = pl.DataFrame(
        {
            "TimestampNanoseconds": [f"{day} {time}" for time, _ in _STATES],
            "MarketState": [state for _, state in _STATES],
            "BMLLSequenceNo": range(1, len(_STATES) + 1),
        }
    ).with_columns(pl.col("TimestampNanoseconds").str.to_datetime(time_unit="ns"))
    return _LISTINGS.select("ListingId", "InstrumentId", "MIC").join(states, how="cross")


_TABLES = {
    "reference": _reference_on,
    "membership": _membership_on,
    "trades": _trades_on,
    "marketstate": _states_on,
}
