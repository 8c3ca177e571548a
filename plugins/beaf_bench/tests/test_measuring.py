"""Does a time count only where the rows are right, and do ratios say what was measured?"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import polars as pl
import pytest
from click.testing import CliRunner

from beaf_bench import stages
from beaf_bench.command import LAYOUTS, RIVALS, WORKLOADS, bench
from beaf_bench.compare import differences
from beaf_bench.goals import all_ratios
from beaf_bench.harness import Samples, compete
from beaf_bench.nodes import undeclared, watched
from beaf_bench.point import Point
from beaf_bench.sizes import LAYOUTS as ALL_LAYOUTS
from beaf_bench.sizes import OFFERED, SIZES
from beaf_bench.workloads.bars import PRICED
from beaf_bench.workloads.registry import COMPARED
from beaf_bench.workloads.registry import WORKLOADS as BY_NAME
from beaf_core.testing import check_command

KEYS = {"ListingId": [1, 1, 2], "TimeBucket": [60, 120, 60]}
GIGABYTE = 2**30


def frame(**columns):
    return pl.DataFrame({**KEYS, **columns})


# -- rows ------------------------------------------------------------------------------------------


def test_sums_in_another_order_are_the_same():
    assert differences(frame(V=[0.1, 3.0, 1e9]), frame(V=[0.1 + 1e-16, 3.0, 1e9 + 1e-6])) == []


@pytest.mark.parametrize(
    "found",
    [
        frame(V=[1.0, 2.0, 3.00000001]),
        frame(V=[1.0, 2.0, None]),
        frame(V=[1.0, 2.0, float("nan")]),
        frame(V=[1.0, 2.0, float("inf")]),
        frame(V=["1", "2", "3"]),
        frame(V=[1.0, 2.0, 3.0])[:2],
        frame(W=[1.0, 2.0, 3.0]),
    ],
    ids=["a little off", "null", "NaN", "infinite", "text", "a row less", "another name"],
)
def test_a_wrong_value_is_told(found):
    assert differences(frame(V=[1.0, 2.0, 3.0]), found) != []


def test_counts_are_compared_exactly_whatever_their_type():
    large = 10**15
    assert differences(frame(N=[1, 2, large]), frame(N=[1.0, 2.0, float(large)])) == []
    assert differences(frame(N=[1, 2, large]), frame(N=[1, 2, large + 1])) != []
    assert differences(frame(N=[1, 2, large]), frame(N=[1.0, 2.0, large + 0.125])) != []


def test_a_bucket_that_is_shifted_is_told():
    moved = frame(V=[1.0, 2.0, 3.0]).with_columns(pl.Series("TimeBucket", [60, 180, 60]))
    assert "TimeBucket differs in 1 rows" in differences(frame(V=[1.0, 2.0, 3.0]), moved)[0]


@pytest.fixture
def tampered(listed, tmp_path):
    """The same market, but for one price of one trade."""
    shutil.copytree(listed.root, tmp_path / "market")
    other = replace(listed, root=tmp_path / "market")
    trades = pl.read_parquet(other.path("trades"))
    alive = (trades["ListingId"] == listed.universe()[0]).arg_max()
    raised = pl.when(pl.int_range(pl.len()) == alive).then(pl.col(PRICED) * 2)
    trades.with_columns(raised.otherwise(pl.col(PRICED))).write_parquet(other.path("trades"))
    return other


def test_no_time_counts_for_rows_that_are_not_those_of_the_others(listed, tampered):
    heard: list[str] = []
    group = {
        "engine": Point("W1", "engine", tampered, listed),
        "hand": Point("W1", "hand", listed, listed),
        "decode": Point("W1", "decode", listed, listed),
    }
    samples = compete(group, reps=1, tell=heard.append, threads=1)
    assert "its rows are not those of hand" in samples["engine"].problem
    assert "differs in 1 rows" in samples["engine"].problem
    assert samples["engine"].cpu == []
    assert len(samples["hand"].cpu) == len(samples["decode"].cpu) == 1
    assert any("W1 engine" in each for each in heard)
    ratios = {each.against: each for each in all_ratios({("W1", "listing"): samples}, GIGABYTE)}
    assert ratios["hand"].ratio is None
    assert ratios["hand"].holds is False


def test_a_point_whose_process_dies_is_a_problem_not_a_time(listed, tmp_path):
    empty = replace(listed, root=tmp_path)
    group = {"hand": Point("W1", "hand", empty, empty)}
    samples = compete(group, reps=2, tell=lambda _text: None, threads=1)
    assert "the process ended with 1" in samples["hand"].problem


# -- ratios ----------------------------------------------------------------------------------------


def took(*cpu, rss=GIGABYTE // 2):
    return Samples(list(cpu), list(cpu), [rss] * len(cpu))


def ratio(results, workload, against):
    found = all_ratios(results, GIGABYTE)
    [mine] = [each for each in found if (each.workload, each.against) == (workload, against)]
    return mine


def test_a_ratio_is_that_of_medians_and_its_goal_includes_the_edge():
    group = {"engine": took(2.1, 2.0, 9.0), "hand": took(2.0, 1.0, 3.0)}
    found = ratio({("W1", "listing"): group}, "W1", "hand")
    assert found.ratio == pytest.approx(1.05)
    assert (found.goal, found.measure, found.layout) == (1.05, "cpu", "listing")
    just = ratio({("W1", "listing"): {"engine": took(1.0), "duckdb": took(1.0)}}, "W1", "duckdb")
    assert just.holds
    over = ratio({("W1", "listing"): {"engine": took(1.01), "duckdb": took(1.0)}}, "W1", "duckdb")
    assert over.holds is False


def test_turns_that_disagree_make_a_ratio_noisy():
    calm, wild = took(1.0, 1.01, 1.02), took(1.0, 1.3, 0.7)
    assert not ratio({("W1", "time"): {"engine": calm, "hand": calm}}, "W1", "hand").noisy
    assert ratio({("W1", "time"): {"engine": calm, "hand": wild}}, "W1", "hand").noisy


def test_the_geometric_mean_needs_every_workload():
    results = {
        ("W1", "listing"): {"engine": took(1.0), "duckdb": took(2.0)},
        ("W2", "listing"): {"engine": took(1.0), "duckdb": took(8.0)},
    }
    assert ratio(results, "all", "duckdb, geometric mean").ratio == pytest.approx(0.25)
    results["W2", "listing"]["engine"].problem = "it did not compute"
    mean = ratio(results, "all", "duckdb, geometric mean")
    assert mean.ratio is None
    assert mean.holds is False


def test_everything_is_held_against_the_sum_of_its_parts():
    seconds = {"W1": 1.0, "W2": 2.0, "W3": 3.0, "W4": 4.0, "W5": 9.0}
    results = {(name, "listing"): {"engine": took(each)} for name, each in seconds.items()}
    assert ratio(results, "W5", "sum of its parts").ratio == pytest.approx(0.9)


def test_ten_times_the_rows_and_skew_are_held_against_the_budget():
    results = {
        ("W3", "listing"): {"engine": took(1.0)},
        ("W3", "listing×10"): {"engine": took(11.0)},
    }
    assert ratio(results, "W3", "a tenth of the rows").ratio == pytest.approx(11.0)
    assert ratio(results, "W3", "a tenth of the rows").holds is False
    assert ratio(results, "W3", "budget").ratio == pytest.approx(0.5)
    skew = {("W3", "skew"): {"engine": took(1.0, rss=2 * GIGABYTE)}}
    assert ratio(skew, "W3", "budget").holds is False


def test_the_time_layout_is_held_against_the_listing_layout():
    results = {
        ("W2", "listing"): {"engine": took(1.0)},
        ("W2", "time"): {"engine": took(1.2)},
    }
    assert ratio(results, "W2", "listing layout").ratio == pytest.approx(1.2)


# -- plans -----------------------------------------------------------------------------------------


def test_a_median_is_seen_to_hold_its_rows_in_memory_and_a_sum_is_not(listed):
    groups = pl.scan_parquet(listed.path("trades")).group_by("ListingId")
    with watched() as found:
        groups.agg(pl.col("Size").sum()).collect(engine="streaming")
        assert found == []
        groups.agg(pl.col("Size").median()).collect(engine="streaming")
        assert len(found) == 1
        pl.collect_all([groups.agg(pl.col("Size").mode())], engine="streaming")
        assert len(found) == 2


def test_only_tables_that_declare_quantiles_may_hold_rows_in_memory():
    two = ["in-memory-map", "in-memory-map"]
    assert undeclared(BY_NAME["W4q"], two) == 0
    assert undeclared(BY_NAME["W4q"], [*two, "in-memory-join"]) == 1
    assert undeclared(BY_NAME["W4"], two) == 2


# -- the command -----------------------------------------------------------------------------------


def test_the_command_keeps_its_contract_and_names_what_there_is():
    check_command("bench")
    assert list(WORKLOADS) == COMPARED
    assert LAYOUTS == ALL_LAYOUTS
    assert set(OFFERED) < set(SIZES)
    assert set(RIVALS) == {"hand", "duckdb", "decode"}


@pytest.mark.soak
def test_json_is_one_object_of_ratios_and_machine(monkeypatch, cache):
    monkeypatch.setitem(stages.SIZES, "small", SIZES["tiny"])
    asked = ["--workloads", "w1", "--reps", "1", "--layout", "listing", "--threads", "1"]
    done = CliRunner().invoke(bench, [*asked, "--cache", str(cache), "--json"])
    printed = json.loads(done.stdout)
    assert {"ratios", "machine"} <= set(printed)
    keys = ["workload", "layout", "measure", "against", "ratio", "goal", "holds", "noisy"]
    for each in printed["ratios"]:
        assert [key for key in each if key != "problem"] == keys
    mine = {each["against"]: each for each in printed["ratios"] if each["workload"] == "W1"}
    assert set(mine) == {"hand", "duckdb", "decode", "unbatched", "undeclared"}
    assert all(each["ratio"] > 0 for each in mine.values() if each["measure"] == "cpu")
    assert mine["undeclared"]["ratio"] == 0
    assert mine["undeclared"]["holds"] is True
    assert mine["decode"]["goal"] == 2.7
    assert printed["machine"]["threads"] == 1
    assert "W1 listing" in done.stderr


@pytest.mark.parametrize("option", ["--workloads=W9", "--layout=heap", "--against=pandas"])
def test_a_word_that_nobody_knows_is_refused_with_those_that_are_known(option):
    done = CliRunner().invoke(bench, [option])
    assert done.exit_code == 2
    assert "is none of" in done.stderr
