"""What do tests of sources share? A day of trades, a way to write it, and an S3 server."""

from __future__ import annotations

import importlib.util
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from beaf_core import TableRequest
from beaf_core.sources.parquet import Config, read_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from beaf_core import TableRead

DAY = date(2026, 1, 2)  # a Friday
NOON = datetime(2026, 1, 2, 12)


def trades(mic: str = "XLON", listings: tuple[int, ...] = (1, 2), per_listing: int = 5) -> Any:
    """Rows sorted by listing and time."""
    rows = [
        {
            "ListingId": listing,
            "MIC": mic,
            "TradeTimestampNanoseconds": NOON + timedelta(seconds=second),
            "BMLLSequenceNo": second,
            "Price": 100.0 + second,
            "Size": 10.0 * listing,
            "MarketState": "CONTINUOUS_TRADING",
        }
        for listing in listings
        for second in range(per_listing)
    ]
    return pl.DataFrame(rows, schema_overrides={"TradeTimestampNanoseconds": pl.Datetime("ns")})


class Market:
    """A root that a test fills with files and reads through the source."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, path: str, frame: pl.DataFrame | None = None, **options: Any) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        (trades() if frame is None else frame).write_parquet(target, **options)
        return target

    def config(self, **options: Any) -> Config:
        return Config(type="parquet", root=str(self.root), **options)

    def read(
        self, table: str = "trades", options: dict[str, Any] | None = None, **request: Any
    ) -> TableRead:
        asked = TableRequest(table, request.pop("day", DAY), **request)
        return read_table(asked, self.config(**(options or {})))

    def rows(self, table: str = "trades", **request: Any) -> pl.DataFrame:
        frame = self.read(table, **request).frame
        assert frame is not None
        return frame.collect(engine="streaming")


@pytest.fixture
def market(tmp_path: Path) -> Market:
    return Market(tmp_path)


@pytest.fixture
def day_of_trades() -> Callable[..., pl.DataFrame]:
    return trades


@pytest.fixture(scope="session")
def s3_tools() -> Any:
    """The module tests/s3.py, which no path leads to."""
    name = "beaf_tests_s3"
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[1] / "s3.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def s3(s3_tools: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with s3_tools.running_s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server
