"""Does the source read real market data, in the layout that the predecessor's fixtures have?"""

from __future__ import annotations

import shutil
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from beaf_core import TABLES, ColumnType, DayStatus, TableRequest
from beaf_core.sources.parquet import Config, read_table

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.shared_data

TABLE_NAMES = ("trades", "l2", "l3", "marketstate", "reference")
SETS = [
    ("bme_ana", date(2019, 5, 23), ("XMAD",), {"trades": 996, "l2": 26_739, "l3": 27_245}),
    ("binance_spot", date(2024, 8, 8), ("XBNS",), {"trades": 15_863, "l2": 6_307}),
    ("split3_ana", date(2019, 5, 23), ("XSPA", "XSPB", "XSPC"), {"trades": 996, "l3": 27_245}),
]


@pytest.mark.parametrize(("name", "day", "mics", "rows"), SETS)
def test_every_table_is_found_by_its_alias_with_its_rows(
    shared_data: Path, name: str, day: date, mics: tuple[str, ...], rows: dict[str, int]
) -> None:
    config = Config(root=str(shared_data / name))
    for table, count in {**rows, "marketstate": 2 * len(mics), "reference": None}.items():
        for wanted in ((), mics):
            read = read_table(TableRequest(table, day, wanted), config)
            assert read.status is DayStatus.READY
            assert len(read.parts) == len(mics)
            assert read.frame is not None
            height = read.frame.collect().height
            assert height == sum(part.rows or 0 for part in read.parts)
            assert count in (None, height)


@pytest.mark.parametrize(("name", "day", "mics", "rows"), SETS)
def test_every_known_column_that_is_there_passes_its_check(
    shared_data: Path, name: str, day: date, mics: tuple[str, ...], rows: dict[str, int]
) -> None:
    config = Config(root=str(shared_data / name))
    for table in (*rows, "marketstate", "reference"):
        read = read_table(TableRequest(table, day, mics), config)
        assert read.frame is not None
        there = read.frame.collect_schema()
        known = tuple(column for column in there if column in TABLES[table].columns)
        assert len(known) == len(there), set(there) - set(known)
        checked = read_table(TableRequest(table, day, mics, columns=known), config)
        assert checked.frame is not None
        assert not any(dtype == pl.Null for dtype in checked.frame.collect_schema().values())


def test_the_listings_of_three_venues_are_told_apart_by_footers(shared_data: Path) -> None:
    config = Config(root=str(shared_data / "split3_ana"))
    read = read_table(TableRequest("l3", date(2019, 5, 23)), config)
    ranges = [part.listings for part in read.parts]
    assert len(set(ranges)) == 3
    assert all(each is not None and each[0] == each[1] for each in ranges)
    wanted = ranges[1][0]
    request = TableRequest("l3", date(2019, 5, 23), listings=(wanted,), columns=("ListingId",))
    frame = read_table(request, config).frame
    assert frame is not None
    assert frame.collect()["ListingId"].value_counts().rows() == [(wanted, read.parts[1].rows)]


def test_a_broker_column_that_is_null_in_one_venue_and_text_in_another_is_one_column(
    shared_data: Path, tmp_path: Path
) -> None:
    root = tmp_path / "split3"
    shutil.copytree(shared_data / "split3_ana" / "trades-plus", root / "trades-plus")
    path = root / "trades-plus" / "XSPB" / "2019-05-23.parquet"
    frame = pl.read_parquet(path).with_columns(BrokerIdBuyer=pl.lit("B"))
    frame.write_parquet(path)
    read = read_table(TableRequest("trades", date(2019, 5, 23)), Config(root=str(root)))
    assert read.frame is not None
    rows = read.frame.collect()
    assert rows.schema["BrokerIdBuyer"] == pl.String
    assert rows["BrokerIdBuyer"].count() == frame.height


def test_s3_and_the_folder_answer_alike(shared_data: Path, s3: Any) -> None:
    day, bucket = date(2019, 5, 23), s3.create_bucket("shared-ana")
    folder = shared_data / "split3_ana"
    for path in sorted(folder.rglob("*.parquet")):
        with s3.filesystem().open_output_stream(
            f"shared-ana/{path.relative_to(folder).as_posix()}"
        ) as stream:
            stream.write(path.read_bytes())
    for table in TABLE_NAMES:
        local = read_table(TableRequest(table, day), Config(root=str(folder)))
        remote = read_table(
            TableRequest(table, day, storage_options=s3.storage_options()), Config(root=bucket)
        )
        assert local.frame is not None
        assert remote.frame is not None
        assert_frame_equal(remote.frame.collect(), local.frame.collect())
        assert [(each.rows, each.bytes, each.listings) for each in remote.parts] == [
            (each.rows, each.bytes, each.listings) for each in local.parts
        ]


def test_column_types_of_the_trades_are_those_of_the_model(shared_data: Path) -> None:
    config = Config(root=str(shared_data / "bme_ana"))
    read = read_table(TableRequest("trades", date(2019, 5, 23)), config)
    assert read.frame is not None
    schema = read.frame.collect_schema()
    assert TABLES["trades"].columns["BrokerIdBuyer"] is ColumnType.TEXT
    assert schema["BrokerIdBuyer"] == pl.String  # all null in the file
    assert schema["TradeTimestampNanoseconds"] == pl.Datetime("ns")
