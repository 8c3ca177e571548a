"""Do correlations equal what is worked out by hand, over the rows in which both have a value?"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_analytics import correlation
from beaf_core import ConfigError, SourcePass, compute_frame, run_pipeline
from beaf_core.model.errors import ModuleFaultError
from beaf_core.testing import check_module, write_market

NINE = datetime(2025, 1, 6, 9)

#: Listing, minute, A, B, C, state.
ROWS = [
    (1, 1, 1.0, 2.0, 7.0, "OPEN"),
    (1, 2, 2.0, 4.0, None, "OPEN"),
    (1, 3, 3.0, 9.0, 5.0, "HALT"),
    (1, 4, None, 1.0, 5.0, "OPEN"),
    (2, 1, 1.0, 5.0, 3.0, "OPEN"),
    (2, 2, 2.0, 5.0, 1.0, "OPEN"),
    (3, 1, 4.0, 6.0, 8.0, "OPEN"),
]


def rows(*given: tuple[Any, ...]) -> pl.DataFrame:
    frame = pl.DataFrame(
        list(given),
        schema={"ListingId": pl.Int64, "minute": pl.Int64, "A": pl.Float64, "B": pl.Float64,
                "C": pl.Float64, "State": pl.String},
        orient="row",
    )  # fmt: skip
    moment = pl.lit(NINE) + pl.duration(minutes="minute")
    return frame.select("ListingId", moment.alias("TimeBucket"), "A", "B", "C", "State")


SOURCE = rows(*ROWS)
LISTINGS = pl.DataFrame(
    {"ListingId": [1, 2, 3], "MIC": ["XLON", "XPAR", "XPAR"], "Sector": ["a", "b", None]}
)


def computed(source: pl.DataFrame = SOURCE, **section: Any) -> pl.DataFrame:
    return compute_frame(
        "correlation", {}, source=source, listings=LISTINGS, correlation_analytics=section
    )


def faults(**section: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        computed(**section)
    return str(caught.value)


#: A and B of listing 1: deviations (-1, 0, 1) and (-3, -1, 4): 7 / √(2 · 26).
AB = 7 / 52**0.5


def test_the_module_keeps_its_contract() -> None:
    check_module(correlation, {"columns": ["A", "B"]})
    check_module(correlation, {"columns": ["A", "B"], "output_format": "matrix"})


def test_rows_and_the_matrix_can_be_looked_up() -> None:
    offered = [correlation.CorrelationOptions(), *correlation.analytics_module().catalogue()]
    found = [(each.name, each.formula[:9]) for one in offered for each in correlation.measures(one)]
    formula = "Σ (x - x̄)"[:9]
    assert found == [
        ("Corr", formula), ("N", "#(x and y"), ("metrics", "columns"), ("corr_matrix", formula)
    ]  # fmt: skip


def test_each_pair_of_numbers_has_a_row_in_each_listing() -> None:
    found = computed()
    assert found.columns == ["ListingId", "MetricX", "MetricY", "Corr", "N"]
    assert found.rows() == [
        (1, "A", "B", pytest.approx(AB), 3),
        (1, "A", "C", pytest.approx(-1.0), 2),
        (1, "B", "C", pytest.approx(corr([2, 9, 1], [7, 5, 5])), 3),
        (2, "A", "B", None, 2),  # B stands still
        (2, "A", "C", pytest.approx(-1.0), 2),
        (2, "B", "C", None, 2),
        (3, "A", "B", None, 1),
        (3, "A", "C", None, 1),
        (3, "B", "C", None, 1),
    ]


def corr(x: list[float], y: list[float]) -> float:
    a, b = (np.asarray(each) - np.mean(each) for each in (x, y))
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def test_a_pair_stands_in_the_order_of_the_columns() -> None:
    found = computed(columns=["C", "A"], metric_prefix="X")
    assert found.columns == ["ListingId", "MetricX", "MetricY", "XCorr", "XN"]
    assert found.rows()[0] == (1, "C", "A", pytest.approx(-1.0), 2)


def test_ranks_are_correlated_where_both_have_a_value() -> None:
    found = computed(method="spearman")
    # Ranks of A and B: (1, 2, 3) and (1, 2, 3); of B and C: (2, 3, 1) and (3, 1.5, 1.5).
    assert found["Corr"].to_list()[:3] == pytest.approx([1.0, -1.0, corr([2, 3, 1], [3, 1.5, 1.5])])


@pytest.mark.parametrize(
    ("groups", "keys", "counts"),
    [
        ([], [()], [6]),
        (["MIC"], [("XLON",), ("XPAR",)], [3, 3]),
        (["Sector"], [("a",), ("b",)], [3, 2]),
        (["State", "MIC"], [("HALT", "XLON"), ("OPEN", "XLON"), ("OPEN", "XPAR")], [1, 2, 3]),
        (["TradeDate"], [(NINE.date(),)], [6]),
    ],
)
def test_groups_are_columns_of_the_universe_or_the_source_pass_or_none(
    groups: list[str], keys: list[tuple[object, ...]], counts: list[int]
) -> None:
    found = computed(columns=["A", "B"], group_by=groups)
    assert found.columns == [*groups, "MetricX", "MetricY", "Corr", "N"]
    assert [row[: len(groups)] for row in found.rows()] == keys
    assert found["N"].to_list() == counts


def test_across_listings_all_rows_count() -> None:
    a, b = [1, 2, 3, 1, 2, 4], [2, 4, 9, 5, 5, 6]
    assert computed(columns=["A", "B"], group_by=[])["Corr"].item() == pytest.approx(corr(a, b))


def test_across_a_bucket_listings_are_correlated() -> None:
    found = computed(columns=["A", "B"], group_by=["TimeBucket"])
    assert found["N"].to_list() == [3, 2, 1, 0]
    assert found["Corr"].to_list()[0] == pytest.approx(corr([1, 1, 4], [2, 5, 6]))


def test_a_matrix_holds_every_pair_both_ways() -> None:
    found = computed(output_format="matrix", metric_prefix="M")
    assert found.columns == ["ListingId", "Mmetrics", "Mcorr_matrix"]
    assert found["Mmetrics"].to_list() == [["A", "B", "C"]] * 3
    first, second, third = found["Mcorr_matrix"].to_list()
    bc = corr([2, 9, 1], [7, 5, 5])
    assert first == [
        pytest.approx([1, AB, -1]), pytest.approx([AB, 1, bc]), pytest.approx([-1, bc, 1])
    ]  # fmt: skip
    assert second[1] == [None, None, None]
    assert second[0] == [1.0, None, pytest.approx(-1.0)]
    assert third == [[None] * 3] * 3


def test_a_matrix_over_everything_is_one_row() -> None:
    found = computed(output_format="matrix", group_by=[], columns=["A", "B"], method="spearman")
    assert found.columns == ["Method", "metrics", "corr_matrix"]
    assert found["Method"].to_list() == ["spearman"]
    matrix = found["corr_matrix"].item().to_list()
    ranks = corr([1.5, 3.5, 5, 1.5, 3.5, 6], [1, 2, 6, 3.5, 3.5, 5])
    assert matrix == [pytest.approx([1, ranks]), pytest.approx([ranks, 1])]


def test_a_matrix_of_listings_and_buckets_stands_beside_their_venue() -> None:
    found = computed(output_format="matrix", group_by=["ListingId", "TimeBucket"])
    assert found.columns == ["ListingId", "TimeBucket", "MIC", "metrics", "corr_matrix"]
    assert found.height == len(ROWS)


def test_what_hardly_moves_at_a_high_level_is_told_from_what_stands_still() -> None:
    level = 1e9
    moving = rows(*((1, m, level + m * 1e-3, float(m), level, "") for m in range(1, 6)))
    found = computed(moving)
    assert found["Corr"].to_list()[0] == pytest.approx(1.0, abs=1e-3)
    assert found["Corr"].to_list()[1:] == [None, None]


def test_a_column_of_tenths_stands_still_however_their_mean_is_rounded() -> None:
    for count in range(2, 40):
        still = rows(*((1, m, 0.1, float(m), 0.1, "") for m in range(1, count + 1)))
        assert computed(still)["Corr"].to_list() == [None, None, None]


def test_a_straight_line_is_one_and_no_more() -> None:
    # Rounded as they come, these are 1.0000000000000002 and its contrary.
    line = rows(*((1, m, x, 0.3 * x, -0.3 * x, "") for m, x in enumerate((9.5, 0.0, 6.0))))
    assert computed(line)["Corr"].to_list() == [1.0, -1.0, -1.0]


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"columns": ["A"]}, "correlation needs two columns, and has A"),
        ({"columns": ["A", "A"]}, "correlation needs two columns, and has A"),
        ({"columns": ["A", "B"], "group_by": ["B"]}, "and has A"),
        ({"columns": []}, "correlation needs two columns, and has none"),
        ({"columns": ["A", "b"]}, 'reads the column "b"'),
        ({"method": "kendall"}, "'pearson' or 'spearman'"),
        ({"output_format": "list"}, "'rows' or 'matrix'"),
        ({"ENABLED": False}, "not ENABLED"),
        ({"metrics": []}, "metrics"),
    ],
)
def test_what_cannot_be_computed_is_refused(section: dict[str, Any], words: str) -> None:
    assert words in faults(**section)


def test_texts_and_unknown_groups_are_told() -> None:
    with pytest.raises(ModuleFaultError, match="works on numbers, and State is String"):
        computed(columns=["A", "State"])
    with pytest.raises(ModuleFaultError, match="group_by names Sektor"):
        computed(group_by=["Sektor"])


def test_all_numbers_but_the_groups_are_taken_by_default() -> None:
    measures = tuple(
        correlation._measure(name, unit, "x")
        for name, unit in (("A", "ccy"), ("S", "state"), ("B", ""), ("C", "bps"))
    )
    known = SourcePass("bars", ("ListingId", "TimeBucket"), measures, 60, 60)
    options = correlation.CorrelationOptions(group_by=["C", "S"])
    found = correlation.from_source(options, known)
    assert found.columns == ["A", "B"]
    assert correlation.reads(found) == {"source": ("A", "B", "C", "S")}


def test_a_pipeline_writes_pairs_of_all_its_bars_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    market = write_market(tmp_path / "market", every_column=True)
    config = {
        "SOURCE": {"type": "parquet", "root": str(market)},
        "PASSES": [
            {"name": "bars", "modules": ["trade"]},
            {"name": "pairs", "modules": ["correlation"], "source_pass": "bars"},
        ],
    }
    dates = {"start_date": "2025-01-06", "end_date": "2025-01-07", "universe": "mic=XLON"}
    report = run_pipeline(config, **dates)
    assert report.status == "succeeded", report.outcomes
    found = pl.read_parquet(report.receipts[-1].location)
    assert found["ListingId"].unique().sort().to_list() == [101, 102]
    assert {*found["MetricX"], *found["MetricY"]} == {
        "VWAP", "VolumeWeightedPricePlacement", "Volume", "Open", "High", "Low", "Close"
    }  # fmt: skip
    assert found.height == 2 * 21
    # Three bars each: two on Monday, one on Tuesday.
    assert found.filter(MetricX="Volume", MetricY="Close")["N"].to_list() == [3, 3]
    assert run_pipeline(config, **dates).outcomes[-1].status == "unchanged"


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(*[st.none() | st.integers(-4, 4).map(float)] * 3), min_size=1, max_size=12),
    st.sampled_from(["pearson", "spearman"]),
)
def test_correlations_equal_those_of_pandas(
    values: list[tuple[float | None, ...]], method: Any
) -> None:
    source = rows(*((1, minute, *each, "") for minute, each in enumerate(values)))
    found = computed(source, method=method)
    frame = pd.DataFrame({name: source[name].to_list() for name in "ABC"}, dtype=float)
    for x, y, value, count in found.drop("ListingId").rows():
        both = frame[[x, y]].dropna()
        assert count == len(both)
        ranked = both.rank() if method == "spearman" else both
        wanted = None if len(both) < 2 or (both.nunique() < 2).any() else corr(*ranked.T.to_numpy())
        assert value == (None if wanted is None else pytest.approx(wanted, abs=1e-9))
