"""What does the vendor have, in each of its forms? One small market, told once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from beaf_bmll.sources import Config
from beaf_bmll.testing import lab as stand_in
from beaf_core import PluginHost, TableRead, TableRequest
from beaf_core.testing import TINY_DAYS, tiny_table

DAY = date.fromisoformat(TINY_DAYS[0])
NINE = 1_736_154_000_000_000_000  # of that day, in nanoseconds since 1970
MOMENT = pl.Datetime("ns")


def moments(*nanoseconds: int) -> pl.Series:
    return pl.Series([NINE + each for each in nanoseconds]).cast(MOMENT)


def _books(**more: Any) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "TradeDate": pl.Series([DAY] * 3).cast(MOMENT),
            "EventTimestamp": moments(0, 1_000, 2_000_000),
            "TimestampNanoseconds": moments(1, 1_007, 2_000_003),
            "BidPrice1": [9.9, 9.95, 19.5],
            "BidQuantity1": [100, 250, 2**53 + 1],
            "BidNumOrders1": [1, 2, 3],
            "L2EventNo": [1, 2, 3],
            "MIC": ["XLON"] * 3,
            "ListingId": [101, 101, 102],
            **more,
        }
    )


def _l3() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "ListingId": [101, 101, 102],
            "TimestampNanoseconds": moments(1, 2, 2),
            "ReceiveTimestamp": [NINE + 5, NINE + 6, NINE + 7],
            "Side": [1, 2, 1],
            "LobAction": [2, 3, 2],
            "OrderId": ["348983101944531956", "", "7"],
            "Price": [10.0, None, 20.0],
            "Size": [100, 0, 50],
            "OrderExecuted": [False, True, False],
            "BMLLSequenceNo": [1, 2, 3],
        }
    )


def _marketstate() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "ListingId": [101, 102],
            "TimestampNanoseconds": moments(0, 0),
            "MarketState": ["CONTINUOUS_TRADING"] * 2,
            "MIC": ["XLON"] * 2,
            "BMLLSequenceNo": [1, 2],
        }
    )


def _trades() -> pl.DataFrame:
    """The tiny market's, with a block's flag, and a cancelled trade."""
    trades = tiny_table("trades", TINY_DAYS[0]).filter(pl.col("MIC") == "XLON")
    times = pl.col("TradeDate", "TradeTimestamp", "TradeTimestampNanoseconds").cast(MOMENT)
    first = pl.int_range(pl.len()) == 0
    return trades.with_columns(
        times,
        IsBlock=pl.when(first).then(pl.lit("TRUE")).otherwise(pl.lit("FALSE")),
        Size=pl.when(first).then(-pl.col("Size")).otherwise(pl.col("Size")),
    )


#: Table → what every way must answer, to the last nanosecond and type.
TRUTH: Mapping[str, Callable[[], pl.DataFrame]] = {
    "trades": _trades,
    "l2": lambda: _books(BMLLSequenceNo=[1, 2, 3], MarketState=["CONTINUOUS_TRADING"] * 3),
    "l3": _l3,
    "cbbo": _books,
    "marketstate": _marketstate,
}

_FILES = {
    "trades": "Trades-Plus/XLON/2025/01/06/trades-plus-XLON-20250106.parquet",
    "l2": "Equity/XLON/2025/01/06/XLON-20250106.parquet",
    "l3": "Equity-L3/XLON/2025/01/06/l3-XLON-20250106.parquet",
    "cbbo": "CBBO/XLON/2025/01/06/cbbo-XLON-20250106.parquet",
    "marketstate": "MarketState/XLON/2025/01/06/market-state-XLON-20250106.parquet",
}
_DATES = ("TradeDate",)


def as_files(table: str) -> pl.DataFrame:
    """Put a table as the vendor's files have it: dates in ms, event times in µs, small counts."""
    frame = TRUTH[table]()
    turned = {name: pl.col(name).cast(pl.Datetime("ms")) for name in _DATES}
    turned |= {"EventTimestamp": pl.col("EventTimestamp").cast(pl.Datetime("us"))}
    turned |= {"BidNumOrders1": pl.col("BidNumOrders1").cast(pl.Int32)}
    frame = frame.with_columns(each for name, each in turned.items() if name in frame.columns)
    books = table in {"l2", "cbbo"}
    return frame.rename({"ListingId": "BMLLObjectId"}) if books else frame


def as_api(table: str) -> pl.DataFrame:
    """Put a table as a warehouse exports it: decimals, zones, dates; some ids are texts."""
    frame = as_files(table)
    wholes = [name for name, dtype in frame.schema.items() if dtype.is_integer()]
    times = [name for name in frame.columns if "Timestamp" in name and name not in wholes]
    exported = frame.with_columns(
        pl.col(wholes).cast(pl.Decimal(38, 0)),
        pl.col(times).cast(MOMENT).dt.replace_time_zone("UTC"),
    )
    if "TradeDate" in exported.columns:
        exported = exported.with_columns(pl.col("TradeDate").cast(pl.Date))
    if "InstrumentId" in exported.columns:
        exported = exported.with_columns(pl.col("InstrumentId").cast(pl.Int64).cast(pl.String))
    return exported


def write_lake(lake: Path) -> None:
    """Write every table into a folder in the vendor's layout."""
    for table, name in _FILES.items():
        path = lake / name
        path.parent.mkdir(parents=True, exist_ok=True)
        as_files(table).write_parquet(path)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder in the vendor's layout."""
    write_lake(tmp_path / "lake")
    return tmp_path / "lake"


@dataclass
class Lab:
    """What is asked of the stand-in for bmll2, which reads a folder in the vendor's layout."""

    lake: Path
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    broken: Exception | None = None

    def get_market_data_range(self, **asked: Any) -> pl.LazyFrame:
        if self.broken is not None:
            raise self.broken
        self.asked.append((asked["markets"][0], asked["table_name"], asked["start_date"]))
        found = stand_in.get_market_data_range(**asked)
        assert isinstance(found, pl.LazyFrame)
        return found


@pytest.fixture
def lab(files: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv(stand_in.ROOT, str(files.parent))
    monkeypatch.syspath_prepend(stand_in.LAB_SITE)
    import bmll2

    around = Lab(files)
    monkeypatch.setattr(bmll2, "get_market_data_range", around.get_market_data_range)
    return around


@pytest.fixture
def read() -> Callable[..., TableRead]:
    """Ask the source as the engine does: `read(config, "trades", columns=(…))`."""
    host = PluginHost()

    def ask(config: Config, table: str, day: date = DAY, **wanted: Any) -> TableRead:
        wanted.setdefault("mics", ("XLON",))
        return host.read_table("bmll", TableRequest(table, day, **wanted), config)

    return ask
