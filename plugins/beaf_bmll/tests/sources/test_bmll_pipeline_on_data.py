"""Does a pipeline give the same bars whichever way BMLL's data come, on real data too?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs
import pytest
from polars.testing import assert_frame_equal

from beaf_bmll.testing import Emulator
from beaf_core import RunReport, run_pipeline

from .conftest import DAY, as_api, write_lake

_DATA = Path(__file__).parents[5] / "shared" / "data" / "bme_ana"
ACCIONA = date(2019, 5, 23)
#: Our table → its folder in the shared data, the vendor's table there, and in the Data API.
_REAL = {
    "trades": ("trades-plus", "trades-plus", "trades_plus"),
    "l2": ("l2", "l2", "l2"),
    "l3": ("l3", "l3", "l3"),
    "marketstate": ("market-state", "market-state", "market_state"),
}


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """The vendor's servers and its Lab, in one."""
    with Emulator(tmp_path / "bmll", start_machines=False) as emulator:
        for name, value in {**emulator.lab_environment, **emulator.environment}.items():
            if name != "PYTHONPATH":
                monkeypatch.setenv(name, value)
        monkeypatch.delenv("BMLL_BASE_URL", raising=False)
        monkeypatch.syspath_prepend(emulator.lab_environment["PYTHONPATH"])
        monkeypatch.chdir(tmp_path)
        yield emulator
        assert not emulator.violations


def ways(vendor: Emulator, folder: Path) -> dict[str, dict[str, str]]:
    cache = {"cache": str(folder / "cache")}
    return {
        "lab": {"via": "lab", **cache},
        "s3": {"via": "s3", "root": str(vendor.lake), **cache},
        "api": {"via": "api", **cache},
    }


def run(way: str, source: Mapping[str, str], modules: list[str], **asked: Any) -> RunReport:
    pipeline = {
        "DATASETNAME": way,
        "PASSES": [{"name": "bars", "time_bucket_seconds": 300, "modules": modules}],
        "SOURCE": {"type": "bmll", **source},
    }
    return run_pipeline(pipeline, **asked)


def bars(report: RunReport) -> pl.DataFrame:
    assert report.status == "succeeded", report
    return pl.read_parquet(report.receipts[0].location)


def test_a_run_gives_the_same_bars_whichever_way_its_data_come(
    vendor: Emulator, tmp_path: Path
) -> None:
    write_lake(vendor.lake)
    vendor.tables["trades_plus"] = as_api("trades").with_columns(Date=pl.lit(DAY))
    vendor.reference = pl.DataFrame(
        {
            "ListingId": [101, 102],
            "InstrumentId": [1, 2],
            "MIC": ["XLON"] * 2,
            "IsAlive": [True] * 2,
        }
    )
    asked = {"date": str(DAY), "universe": "mic=XLON"}
    reports = {
        way: run(way, source, ["trade"], **asked) for way, source in ways(vendor, tmp_path).items()
    }
    lab, files, api = (bars(each) for each in reports.values())
    assert files.height
    assert_frame_equal(lab, files)
    assert_frame_equal(api, files)
    queries = len(vendor.requests)
    again = run("api", ways(vendor, tmp_path)["api"], ["trade"], **asked)
    assert [each.status for each in again.outcomes] == ["unchanged"]
    assert len(vendor.requests) == queries, "nothing is asked of anybody for a second run"


@pytest.mark.shared_data
@pytest.mark.skipif(not _DATA.is_dir(), reason="no shared market data beside the repository")
def test_three_ways_give_the_bars_of_a_real_day(vendor: Emulator, tmp_path: Path) -> None:
    for folder, in_lab, in_api in _REAL.values():
        frame = pl.read_parquet(_DATA / folder / "XMAD" / f"{ACCIONA}.parquet")
        whole = frame.with_columns(MIC=pl.lit("XMAD"), Date=pl.lit(ACCIONA))
        vendor.publish(in_lab, whole)
        vendor.tables[in_api] = whole.with_columns(
            cs.datetime().cast(pl.Datetime("ns")).dt.replace_time_zone("UTC"),
            cs.integer().cast(pl.Decimal(38, 0)),
        )
    reference = pl.read_parquet(_DATA / "reference" / "XMAD" / f"{ACCIONA}.parquet")
    vendor.reference = reference.drop("Date", strict=False)
    found = {}
    for way, source in ways(vendor, tmp_path).items():
        report = run(way, source, ["trade", "l2", "l3"], date=str(ACCIONA), universe="mic=XMAD")
        found[way] = bars(report)
    assert found["s3"].height > 90
    assert_frame_equal(found["lab"], found["s3"])
    assert_frame_equal(found["api"], found["s3"])
