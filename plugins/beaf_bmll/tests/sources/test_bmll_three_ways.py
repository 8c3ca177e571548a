"""Do the Lab, the files and the Data API answer one day alike, and is a day downloaded once?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from beaf_bmll.errors import BMLLError
from beaf_bmll.sdk import LockedSession
from beaf_bmll.sources import Config
from beaf_bmll.sources.service import Query, Service
from beaf_bmll.testing import Emulator
from beaf_core import DataInvalidError, DayStatus, ResourceError, TableRead, UsageError
from beaf_core.testing import check_source

from .conftest import DAY, TRUTH, as_api, write_lake

Read = Callable[..., TableRead]

IN_API = {"trades": "trades_plus", "marketstate": "market_state"}
#: What a test may ask for of every table.
COLUMNS = {table: tuple(make().columns) for table, make in TRUTH.items()}


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The vendor's servers and its lake, with one day of one venue."""
    with Emulator(tmp_path_factory.mktemp("bmll"), start_machines=False) as emulator:
        write_lake(emulator.lake)
        for table in TRUTH:
            frame = as_api(table).with_columns(MIC=pl.lit("XLON"), Date=pl.lit(DAY))
            emulator.tables[IN_API.get(table, table)] = frame
        yield emulator
        assert not emulator.violations


@pytest.fixture
def vendor(around: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    for name, value in around.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("BMLL_BASE_URL", raising=False)
    around.requests.clear()
    return around


@pytest.fixture
def api(tmp_path: Path) -> Config:
    return Config(via="api", cache=str(tmp_path / "cache"), max_wait_seconds=20)


def rows(found: TableRead) -> pl.DataFrame:
    assert found.frame is not None
    return found.frame.collect()


def asked(vendor: Emulator, method: str, route: str) -> int:
    return sum(each.method == method and each.route == route for each in vendor.requests)


QUERY = ("POST", "/apiv2/data/{table}")
FILE = ("GET", "/files/{id}")
#: A program that asks for a day, and waits for it.
WAITING = """
import sys
from datetime import date

from beaf_bmll.sources import Config
from beaf_core import PluginHost, TableRequest

cache, day = sys.argv[1:]
config = Config(via="api", cache=cache, max_wait_seconds=20)
asked = TableRequest("trades", date.fromisoformat(day), mics=("XLON",), columns=("Price",))
PluginHost().read_table("bmll", asked, config)
"""


@pytest.mark.parametrize("table", TRUTH)
def test_three_ways_answer_one_day_alike(
    vendor: Emulator, read: Read, api: Config, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in vendor.lab_environment.items():
        if name.startswith("BMLL_EMULATED"):
            monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(vendor.lab_environment["PYTHONPATH"])
    ways = [Config(via="lab"), Config(via="s3", root=str(vendor.lake)), api]
    lab, files, downloaded = (rows(read(way, table, columns=COLUMNS[table])) for way in ways)
    assert_frame_equal(lab, files)
    assert_frame_equal(downloaded, files)
    assert_frame_equal(files, TRUTH[table]())


def test_a_day_is_downloaded_once_by_whoever_asks(
    vendor: Emulator, read: Read, api: Config
) -> None:
    def ask(_: int) -> pl.DataFrame:
        return rows(read(api, "trades", columns=("ListingId", "Price")))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert all(each.equals(answers[0]) for each in answers)
    assert (asked(vendor, *QUERY), asked(vendor, *FILE)) == (1, 1)
    assert rows(read(api, "trades", columns=("Price", "ListingId"))).columns == [
        "Price",
        "ListingId",
    ]
    assert asked(vendor, *QUERY) == 1


def test_other_columns_and_other_listings_are_other_questions(
    vendor: Emulator, read: Read, api: Config
) -> None:
    some = rows(read(api, "trades", columns=("Price",), listings=(101,)))
    assert some.height == TRUTH["trades"]().filter(ListingId=101).height
    assert rows(read(api, "trades", columns=("Price",))).height == TRUTH["trades"]().height
    read(api, "trades", columns=("Size",), listings=(101,))
    assert asked(vendor, *QUERY) == 3


def test_many_listings_are_not_named_to_the_server(
    vendor: Emulator, read: Read, api: Config
) -> None:
    many = tuple(range(100, 2000))
    first = rows(read(api, "trades", columns=("ListingId",), listings=many))
    other = rows(read(api, "trades", columns=("ListingId",), listings=many[1:]))
    assert set(first["ListingId"]) == set(other["ListingId"]) == {101, 102}
    assert asked(vendor, *QUERY) == 1


def test_a_downloaded_day_tells_rows_versions_and_keeps_them(
    vendor: Emulator, read: Read, api: Config
) -> None:
    first, again = (read(api, "l2", columns=("BidPrice1",)) for _ in range(2))
    (part,) = first.parts
    assert (part.rows, part.listings) == (3, (101, 102))
    assert part.version
    assert first.parts == again.parts


def test_what_is_kept_is_nobody_elses_business(
    vendor: Emulator, read: Read, api: Config, tmp_path: Path
) -> None:
    read(api, "trades", columns=("Price",))
    kept = [each for each in (tmp_path / "cache").rglob("*") if each.is_file()]
    assert {each.suffix for each in kept} == {".parquet", ".json", ".lock"}
    assert {each.stat().st_mode & 0o777 for each in kept} == {0o600}
    told = b"".join(each.read_bytes() for each in kept)
    for secret in (vendor.user, vendor.key_path.read_text().splitlines()[1], "Bearer"):
        assert secret.encode() not in told


def test_without_columns_the_source_tells_what_there_is_and_downloads_when_it_is_read(
    vendor: Emulator, read: Read, api: Config
) -> None:
    found = read(api, "trades")
    assert found.frame is not None
    assert set(COLUMNS["trades"]) <= set(found.frame.collect_schema())
    (part,) = found.parts
    assert part.rows == TRUTH["trades"]().height, "the servers' estimate"
    assert part.bytes
    assert asked(vendor, *QUERY) == 0
    dear = found.frame.filter(pl.col("Price") > 15).select("ListingId").collect()
    assert set(dear["ListingId"]) == {102}
    assert asked(vendor, *QUERY) == 1


def test_the_data_api_keeps_the_contract_of_sources(vendor: Emulator, api: Config) -> None:
    vendor.reference = pl.DataFrame({"ListingId": [101], "InstrumentId": [1], "MIC": ["XLON"]})
    check_source("bmll", api, tables=["trades", "l2"], absent_day="2025-01-08")


@pytest.mark.parametrize(
    ("day", "status"),
    [
        (date(2025, 1, 4), DayStatus.CLOSED),
        (date(2025, 1, 8), DayStatus.MISSING),
        (datetime.now(UTC).date(), DayStatus.PENDING),
    ],
)
def test_a_day_without_rows_is_no_download_and_no_file(
    vendor: Emulator, read: Read, api: Config, tmp_path: Path, day: date, status: DayStatus
) -> None:
    found = read(api, "trades", day, columns=("Price",))
    assert (found.status, found.frame) == (status, None)
    assert found.absent[0].startswith(f"trades_plus of XLON on {day} (Data API): no rows: ")
    assert asked(vendor, *QUERY) == 0
    assert not list((tmp_path / "cache").rglob("*.parquet"))


def test_what_is_not_there_of_a_table_is_named_before_anything_is_asked(
    vendor: Emulator, read: Read, api: Config
) -> None:
    with pytest.raises(DataInvalidError, match='Prise — did you mean "Price"'):
        read(api, "trades", columns=("Prise",))
    with pytest.raises(UsageError, match="no table imbalance") as caught:
        read(api, "imbalance", columns=("MIC",))
    assert "trades_plus" in str(caught.value)
    assert asked(vendor, *QUERY) == 0


def test_a_day_that_weighs_too_much_is_refused_before_it_is_asked_for(
    vendor: Emulator, read: Read, tmp_path: Path
) -> None:
    light = Config(via="api", cache=str(tmp_path / "cache"), max_download_gb=1e-9)
    with pytest.raises(ResourceError, match="max_download_gb"):
        read(light, "trades", columns=("Price",))
    assert asked(vendor, *QUERY) == 0


def test_a_busy_service_is_asked_again(vendor: Emulator, read: Read, api: Config) -> None:
    vendor.market.rejections = 2
    assert rows(read(api, "trades", columns=("Price",))).height
    assert asked(vendor, *QUERY) == 3


def test_a_service_that_cannot_estimate_is_asked_all_the_same(
    vendor: Emulator, read: Read, api: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = Service._ask

    def of_old(self: Service, method: str, service: str, path: str, *rest: Any, **what: Any) -> Any:
        if path.endswith("/estimate"):
            raise BMLLError("BMLL answered 404", status=404)
        return ask(self, method, service, path, *rest, **what)

    monkeypatch.setattr(Service, "_ask", of_old)
    assert rows(read(api, "trades", columns=("Price",))).height


def test_an_answer_that_cannot_be_read_is_told_as_such(
    vendor: Emulator, read: Read, api: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LockedSession, "read", lambda self, call: {"unheard": "of"})
    with pytest.raises(BMLLError, match=r"the answer to .*apiv2.* cannot be read"):
        read(api, "trades", columns=("Price",))
    with pytest.raises(BMLLError, match=r"the answer to .*reference.* cannot be read"):
        Service(api).reference(DAY, Query("Listing"))


def test_a_service_that_stays_busy_is_given_up(
    vendor: Emulator, read: Read, tmp_path: Path
) -> None:
    vendor.market.rejections = 10**6
    hurried = Config(via="api", cache=str(tmp_path / "cache"), max_wait_seconds=0.3)
    try:
        with pytest.raises(BMLLError, match="too busy"):
            read(hurried, "trades", columns=("Price",))
    finally:
        vendor.market.rejections = 0


def test_ctrl_c_ends_the_wait_for_a_busy_service(vendor: Emulator, tmp_path: Path) -> None:
    vendor.market.rejections = 10**6
    # In a process of its own: a Ctrl-C breaks off what polars does in any thread of a process.
    waiting = subprocess.Popen(
        [sys.executable, "-c", WAITING, str(tmp_path / "cache"), str(DAY)],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 30
        while vendor.market.rejections == 10**6 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert vendor.market.rejections < 10**6, "nobody has asked"
        began = time.monotonic()
        waiting.send_signal(signal.SIGINT)
        said = waiting.communicate(timeout=10)[1]
    finally:
        waiting.kill()
        vendor.market.rejections = 0
    assert "KeyboardInterrupt" in said
    assert time.monotonic() - began < 5, "api.max_wait_seconds is 20"


def test_one_venue_that_fails_ends_the_wait_for_the_others(
    vendor: Emulator, read: Read, api: Config
) -> None:
    vendor.tables["l3"] = pl.concat(
        [vendor.tables["l3"], vendor.tables["l3"].with_columns(MIC=pl.lit("XPAR"))]
    )
    vendor.faults.add("GET", "/files/*", "500")
    vendor.market.rejections = 10**6
    try:
        release = threading.Timer(0.5, lambda: setattr(vendor.market, "rejections", 0))
        release.start()
        began = time.monotonic()
        with pytest.raises(BMLLError, match=r"cannot be downloaded|given up"):
            read(api, "l3", mics=("XLON", "XPAR"), columns=("Price",))
    finally:
        vendor.market.rejections = 0
        vendor.faults.clear()
    assert time.monotonic() - began < 5


def test_a_query_that_takes_too_long_is_ended_and_leaves_nothing(
    vendor: Emulator, read: Read, tmp_path: Path
) -> None:
    hurried = Config(via="api", cache=str(tmp_path / "cache"), max_wait_seconds=0.0001)
    with pytest.raises(BMLLError, match="not answered a query in time"):
        read(hurried, "trades", columns=("Price",))
    assert asked(vendor, "DELETE", "/apiv2/data/{table}") == 1
    assert not list((tmp_path / "cache").rglob("*.part*"))


@pytest.mark.parametrize("kind", ["500", "reset", "html"])
def test_a_download_that_breaks_leaves_nothing_and_tells_no_link(
    vendor: Emulator, read: Read, api: Config, tmp_path: Path, kind: Any
) -> None:
    vendor.faults.add("GET", "/files/*", kind)
    with pytest.raises(BMLLError, match="cannot be downloaded") as caught:
        read(api, "trades", columns=("Price",))
    assert "://" not in str(caught.value)
    assert not list((tmp_path / "cache").rglob("*.part*"))
    assert rows(read(api, "trades", columns=("Price",))).height, "the next one is whole"


def test_a_store_that_falls_silent_is_not_waited_for_for_ever(
    vendor: Emulator, read: Read, tmp_path: Path
) -> None:
    vendor.faults.add("GET", "/files/*", "stall", seconds=5)
    hurried = Config(via="api", cache=str(tmp_path / "cache"), http_timeout=0.5)
    with pytest.raises(BMLLError, match="cannot be downloaded: ReadTimeout"):
        read(hurried, "trades", columns=("Price",))


def test_what_a_killed_process_left_is_swept_away(
    vendor: Emulator, read: Read, api: Config, tmp_path: Path
) -> None:
    read(api, "trades", columns=("Price",))
    (path,) = (tmp_path / "cache").rglob("*.parquet")
    left = path.with_name(f".{path.name}.0123.raw.part")
    left.write_bytes(b"half")
    os.utime(path, (0, 0))  # given before its day was over: to be asked for again
    assert rows(read(api, "trades", columns=("Price",))).height
    assert not left.exists()
    assert asked(vendor, *QUERY) == 2
