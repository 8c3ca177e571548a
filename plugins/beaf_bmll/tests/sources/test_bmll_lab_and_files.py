"""Do the Lab and the vendor's files answer the same, lazily, and say what is not there?"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from beaf_bmll import sources
from beaf_bmll.errors import BMLLError
from beaf_bmll.sources import Config
from beaf_core import DataInvalidError, DayStatus, TableRead, TableRequest, UsageError, hookimpl
from beaf_core.testing import check_source

from .conftest import DAY, TRUTH, Lab

Read = Callable[..., TableRead]

LAB = Config(via="lab")


def rows(found: TableRead) -> pl.DataFrame:
    assert found.frame is not None
    return found.frame.collect()


@pytest.mark.parametrize("table", TRUTH)
def test_the_lab_answers_in_our_names_and_types(lab: Lab, read: Read, table: str) -> None:
    found = read(LAB, table)
    assert found.status is DayStatus.READY
    assert_frame_equal(rows(found), TRUTH[table](), check_column_order=False)


@pytest.mark.parametrize("table", TRUTH)
def test_the_vendors_files_answer_the_same(files: Path, read: Read, table: str) -> None:
    found = read(Config(via="s3", root=str(files)), table)
    assert found.status is DayStatus.READY
    assert_frame_equal(rows(found), TRUTH[table](), check_column_order=False)


@pytest.mark.parametrize("via", ["lab", "s3"])
def test_the_source_keeps_its_contract(lab: Lab, files: Path, via: str) -> None:
    root = str(files) if via == "s3" else None
    # The venue is named by the engine; asked without one, the source would ask for all of them.
    check_source(_Only("XLON"), Config(via=via, root=root), tables=["trades", "l2", "l3"])


class _Only:
    """The source, asked for one venue."""

    Config = Config

    def __init__(self, mic: str) -> None:
        self._mic = mic

    @hookimpl
    def read_table(self, request: TableRequest, config: Config) -> TableRead:
        return sources.read_table(replace(request, mics=request.mics or (self._mic,)), config)


def test_what_is_pushed_down_reaches_the_scan_of_the_lab(lab: Lab, read: Read) -> None:
    found = read(LAB, "trades", listings=(101,), columns=("ListingId", "Price"))
    assert found.frame is not None
    plan = found.frame.explain()
    scan = plan[plan.index("Parquet SCAN") :]
    assert 'col("ListingId")' in scan[scan.index("SELECTION") :]
    assert "PROJECT 2/" in scan
    assert set(rows(found)["ListingId"]) == {101}


def test_rows_are_counted_and_cancelled_trades_are_among_them(lab: Lab, read: Read) -> None:
    found = read(LAB, "trades")
    (part,) = found.parts
    truth = TRUTH["trades"]()
    assert (part.location, part.rows) == (f"bmll2:trades-plus/XLON/{DAY}", truth.height)
    assert part.version is None, "bmll2 tells no version, so nothing may pass for unchanged"
    assert rows(found).filter(pl.col("Size") < 0).height == 1


def test_files_tell_versions_sizes_and_the_listings_inside(files: Path, read: Read) -> None:
    (part,) = read(Config(via="s3", root=str(files)), "l2").parts
    assert (part.rows, part.listings) == (3, (101, 102))
    assert part.version
    assert part.bytes


TODAY = datetime.now(UTC).date()


@pytest.mark.parametrize(
    ("day", "status"),
    [
        (date(2025, 1, 4), DayStatus.CLOSED),  # a Saturday
        (date(2025, 1, 7), DayStatus.MISSING),
        (TODAY, DayStatus.PENDING),
        (TODAY + timedelta(days=1), DayStatus.PENDING),
    ],
)
def test_an_empty_frame_is_a_day_that_is_not_there(
    lab: Lab, read: Read, day: date, status: DayStatus
) -> None:
    found = read(LAB, "trades", day)
    assert (found.status, found.frame) == (status, None)
    assert found.absent[0].startswith(f"bmll2:trades-plus/XLON/{day} (no rows: ")


def test_a_venue_that_is_not_there_is_named_beside_one_that_is(lab: Lab, read: Read) -> None:
    found = read(LAB, "trades", mics=("XLON", "XXXX"))
    assert found.status is DayStatus.MISSING
    assert [each.split(" ")[0] for each in found.absent] == [f"bmll2:trades-plus/XXXX/{DAY}"]
    assert rows(found).height == TRUTH["trades"]().height


def test_venues_whose_files_differ_become_one_table(lab: Lab, read: Read) -> None:
    path = lab.lake / "Trades-Plus/XPAR/2025/01/06/trades-plus-XPAR-20250106.parquet"
    path.parent.mkdir(parents=True)
    pl.DataFrame(
        {"ListingId": [201], "TradeTimestampNanoseconds": [7], "Size": [5], "Extra": ["x"]}
    ).write_parquet(path)
    found = rows(read(LAB, "trades", mics=("XLON", "XPAR")))
    assert found.schema["Size"] == pl.Float64
    assert found.filter(ListingId=201).select("Size", "Price", "Extra").row(0) == (5.0, None, "x")
    assert found.filter(ListingId=101)["Extra"].null_count() > 0


def test_a_column_that_is_not_there_is_named_with_a_near_one(lab: Lab, read: Read) -> None:
    with pytest.raises(DataInvalidError, match='Prise — did you mean "Price"') as caught:
        read(LAB, "trades", columns=("ListingId", "Prise"))
    assert f"bmll2:trades-plus/XLON/{DAY}" in str(caught.value)


def test_a_table_may_bear_another_name(lab: Lab, read: Read) -> None:
    read(Config(tables={"imbalance": "l2"}), "imbalance")
    assert lab.asked == [("XLON", "l2", str(DAY))]


def test_what_bmll2_raises_is_told_with_what_was_asked(lab: Lab, read: Read) -> None:
    lab.broken = RuntimeError("no cluster")
    with pytest.raises(BMLLError, match=r"bmll2:trades-plus/XLON.*RuntimeError: no cluster"):
        read(LAB, "trades")


def test_away_from_the_lab_the_way_there_is_told(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "bmll2", raising=False)
    with pytest.raises(UsageError, match="no bmll2") as caught:
        read(LAB, "trades")
    assert "SOURCE.via to api" in str(caught.value)
    with pytest.raises(UsageError, match="nothing says where") as caught:
        read(Config(via="s3"), "trades")
    assert "SOURCE.root" in str(caught.value)


def test_a_table_that_nobody_knows_is_missing(read: Read) -> None:
    found = read(LAB, "weather")
    assert found.status is DayStatus.MISSING
    assert "no weather" in found.absent[0]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"root": "/data"}, "root belongs to via: s3"),
        ({"via": "ftp"}, "'lab', 's3' or 'api'"),
        ({"tables": {"trade": "x"}}, 'did you mean "trades"'),
        ({"token": "x"}, "Extra inputs"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Config.model_validate({"type": "bmll", **options})
