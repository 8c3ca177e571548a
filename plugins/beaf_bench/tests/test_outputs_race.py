"""Is the same frame written on both sides, and is what cannot be measured told as such?"""

from __future__ import annotations

import json
import sqlite3

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner

from beaf_bench.command import TARGETS, bench
from beaf_bench.harness import Samples
from beaf_bench.outputs import race as racing
from beaf_bench.outputs.frame import ROWS, frame
from beaf_bench.outputs.plain import CALLS, WRITERS
from beaf_bench.outputs.point import PARTITION, measure, target, writer
from beaf_bench.outputs.race import ratio_of
from beaf_core import PluginHost

FILES = ("parquet", "hive", "delta", "sqlite", "duckdb")


@pytest.fixture(scope="module")
def tiny(cache):
    return frame("tiny", cache, lambda _text: None)


def test_the_frame_is_made_once_and_has_forty_columns_of_every_kind(tiny, cache):
    rows = pl.read_ipc(tiny)
    assert rows.shape == (ROWS["tiny"], 40)
    assert rows.schema["TimeBucket"] == pl.Datetime("ns")
    assert rows["ListingId"].n_unique() == 4
    assert rows.select("ListingId", "TimeBucket").is_unique().all()
    assert rows["Ratio1"].null_count() > 0
    made = tiny.stat().st_mtime_ns
    assert frame("tiny", cache, lambda _text: None).stat().st_mtime_ns == made


@pytest.mark.parametrize("name", FILES)
def test_both_sides_write_all_rows(name, tiny, tmp_path):
    rows = pl.read_ipc(tiny)
    receipt = writer(name, "beaf", f"{tmp_path}/beaf")(rows)
    assert receipt.rows == rows.height
    back = PluginHost().read_output(target(name, f"{tmp_path}/beaf"), [PARTITION])
    assert back.collect().sort("ListingId", "TimeBucket").equals(rows)
    writer(name, "plain", f"{tmp_path}/plain")(rows)
    assert count(name, f"{tmp_path}/plain") == rows.height


def count(name, place):
    if name == "sqlite":
        asked = sqlite3.connect(f"{place}/rows.db").execute("SELECT count(*) FROM rows")
        return asked.fetchone()[0]
    if name == "duckdb":
        asked = duckdb.connect(f"{place}/rows.db").execute("SELECT count(*) FROM rows")
        return asked.fetchone()[0]
    found = pl.scan_delta(place) if name == "delta" else pl.scan_parquet(f"{place}/**/*.parquet")
    return found.select(pl.len()).collect().item()


def test_every_target_has_a_plain_call():
    assert CALLS.keys() == WRITERS.keys() == racing._NEEDS.keys() == set(TARGETS)


def test_a_write_is_measured(tiny, tmp_path):
    used = measure("parquet", "beaf", str(tiny), str(tiny), str(tmp_path), 0)
    assert used["cpu"] > 0
    assert (tmp_path / "counts/rows.parquet").is_file()


def test_a_ratio_is_that_of_medians_with_a_goal():
    ours, plain = Samples([2.0, 2.2, 9.0]), Samples([2.0, 2.0, 2.0])
    assert ratio_of("delta", "write_deltalake", ours, plain).ratio == pytest.approx(1.1)
    assert ratio_of("delta", "write_deltalake", ours, plain).holds
    broken = ratio_of("delta", "write_deltalake", Samples(problem="it died"), plain)
    assert (broken.ratio, broken.holds, broken.problem) == (None, False, "it died")


def test_the_command_measures_each_target_and_says_what_is_absent(monkeypatch, cache):
    monkeypatch.setitem(ROWS, "small", 2_000)
    monkeypatch.setitem(racing._NEEDS, "delta", ("a_package_that_nobody_has",))
    asked = ["--workloads", "outputs", "--targets", "parquet,delta"]
    asked += ["--reps", "1", "--json", "--cache", str(cache)]
    done = CliRunner().invoke(bench, asked)
    assert done.exit_code == 0, done.output
    parquet, delta = json.loads(done.stdout)["ratios"]
    assert parquet["workload"] == "parquet"
    assert parquet["ratio"] > 0
    assert parquet["goal"] == 1.1
    assert "a_package_that_nobody_has is not installed" in delta["problem"]
