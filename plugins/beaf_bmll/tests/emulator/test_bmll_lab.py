"""Does a user's code find in the stand-in what it would find in the Lab?"""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

# The vendor's package takes seconds to import: one process of the suite does it for all.
pytestmark = pytest.mark.xdist_group("bmll")

DAY = date(2026, 6, 1)
NINE = datetime(2026, 6, 1, 9, tzinfo=UTC)
TRADES = pl.DataFrame(
    {
        "MIC": ["XLON", "XLON", "XPAR"],
        "Date": [DAY, date(2026, 6, 2), DAY],
        "TradeTimestamp": pl.Series([NINE, NINE, NINE], dtype=pl.Datetime("ns", "UTC")),
        "Price": [1.0, 2.0, 3.0],
    }
)


@pytest.fixture
def lab(bmll_lab):
    import bmll2

    bmll_lab.publish("trades-plus", TRADES)
    return bmll2


def test_data_lie_where_the_vendor_puts_them(lab, bmll_lab):
    files = sorted(
        str(path.relative_to(bmll_lab.lake)) for path in bmll_lab.lake.rglob("*.parquet")
    )
    assert files == [
        "Trades-Plus/XLON/2026/06/01/trades-plus-XLON-20260601.parquet",
        "Trades-Plus/XLON/2026/06/02/trades-plus-XLON-20260602.parquet",
        "Trades-Plus/XPAR/2026/06/01/trades-plus-XPAR-20260601.parquet",
    ]


def test_a_market_s_day_is_read(lab):
    assert list(lab.get_market_data("XLON", "2026-06-01", "trades-plus")["Price"]) == [1.0]
    lazy = lab.get_market_data("XPAR", DAY, "trades-plus", df_engine="polars", lazy_load=True)
    assert isinstance(lazy, pl.LazyFrame)
    assert lazy.collect()["TradeTimestamp"].dtype == pl.Datetime("ns", "UTC")


def test_a_range_is_read_with_times_in_nanoseconds(lab):
    found = lab.get_market_data_range(
        ["XLON", "XPAR"], "trades-plus", df_engine="polars", start_date=DAY, end_date="2026-06-02"
    )
    assert sorted(found["Price"]) == [1.0, 2.0, 3.0]
    assert set(found["TradeTimestamp"]) == {int(NINE.timestamp()) * 10**9}


def test_what_is_not_there_is_empty(lab):
    assert lab.get_market_data("XXXX", DAY, "trades-plus", df_engine="polars").is_empty()
    assert lab.get_market_data("XLON", date(2026, 6, 6), "l2", df_engine="polars").is_empty()


def test_what_is_no_table_or_engine_is_an_error(lab):
    with pytest.raises(ValueError, match="no table 'trades'"):
        lab.get_market_data("XLON", DAY, "trades")
    with pytest.raises(NotImplementedError, match="polars"):
        lab.get_market_data_range("XLON", "trades-plus", start_date=DAY)


def test_files_go_to_areas_and_come_back(lab, bmll_lab, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("text")
    lab.put_file(str(tmp_path / "a.txt"), area="organisation", name="deep/b.txt")
    assert (bmll_lab.area_roots["organisation"] / "deep" / "b.txt").read_text() == "text"
    assert lab.list_files("organisation") == ["deep/b.txt"]
    assert lab.get_file("deep/b.txt", area="organisation") == str(tmp_path / "b.txt")
    assert (tmp_path / "b.txt").read_text() == "text"


def test_areas_have_a_bucket_and_a_prefix(lab):
    paths = lab.storage_paths()
    assert sorted(paths) == ["organisation", "user"]
    assert all(sorted(each) == ["bucket", "prefix"] for each in paths.values())


def test_a_machine_is_in_the_lab(job, script, bmll_emulator):
    # Without the vendor's package, whose import alone takes seconds.
    ask = "bmll2.get_credentials_for_remote_services()"
    text = f"import bmll2\nprint(*(len(each) > 5 for each in {ask}))\n"
    run = job().execute(script_path=script("job.py", text))
    ended = bmll_emulator.wait(run.id)
    assert [event.message for event in ended.stream] == ["True True True"]


@pytest.mark.soak
def test_the_vendor_s_package_works_on_a_machine(job, script, bmll_emulator):
    text = "import bmll\nprint(bmll.compute.get_job_run_parameters())\n"
    run = job(date="2026-02-01").execute(script_path=script("job.py", text))
    ended = bmll_emulator.wait(run.id, timeout=60)
    assert [event.message for event in ended.stream] == ["{'date': '2026-02-01'}"]


def test_the_stand_in_says_what_it_misses(monkeypatch):
    from beaf_bmll.testing import lab
    from beaf_core import UsageError

    monkeypatch.delenv("BMLL_EMULATED_ROOT", raising=False)
    with pytest.raises(UsageError, match="does not know its folder"):
        lab.list_files()
