"""Does the module `metrics` keep its contract, and is its section enough to have it?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from beaf_analytics.custom import examples, measures
from beaf_analytics.custom.options import Metrics
from beaf_core import ConfigError, Measure, compute_frame, run_pipeline
from beaf_core.testing import check_module

PRESSURE = {
    "name": "NetBuyPressure",
    "table": "trades",
    "expr": "sum(D * Size) / sum(Size)",
    "where": 'MarketState == "CONTINUOUS_TRADING"',
    "unit": "ratio",
    "reagg": {"vw": "Volume"},
    "doc": "Signed share of the volume.",
    "tests": [{"rows": [{"D": 1, "Size": 3}, {"D": -1, "Size": 1}], "expect": 0.5}],
}
SHARES = {"name": "Shares", "table": "trades", "expr": "sum(Size)"}


def options(*metrics: dict[str, Any], **more: Any) -> Metrics:
    return Metrics.model_validate({"metrics": list(metrics), **more})


def measure(**fields: Any) -> Measure:
    (found,) = measures(options({**SHARES, **fields}))
    return found


def test_the_module_keeps_its_contract() -> None:
    check_module("metrics", options(PRESSURE, SHARES))


def test_a_metric_is_documented() -> None:
    (found,) = measures(options(PRESSURE))
    assert (found.unit, found.reaggregation) == ("ratio", "vw:Volume")
    assert found.doc == "Signed share of the volume."
    assert found.formula == ('sum(D * Size) / sum(Size) where MarketState == "CONTINUOUS_TRADING"')
    assert found.needs == {"trades": ("AggressorSide", "MarketState", "Size")}


def test_what_is_not_said_is_worked_out() -> None:
    found = measure(expr="sum(where(Size >= block,\n  Size, 0))", params={"block": 1000})
    assert found.formula == "sum(where(Size >= block, Size, 0)), block = 1000"
    assert found.doc == f"{found.formula}, over rows of trades."
    assert (found.unit, found.reaggregation) == ("shares", "sum")


@pytest.mark.parametrize(
    ("expr", "rule"),
    [
        ("sum(Size)", "sum"),
        ("count()", "sum"),
        ("duration(Size > 1)", "sum"),
        ("first(Size)", "first"),
        ("last(Size)", "last"),
        ("min(Size)", "min"),
        ("max(Size)", "max"),
        ("twa(Size)", "twa"),
        ("mean(Size)", "none"),
        ("distinct(Size)", "none"),
        ("vw(Size, Size)", "none"),
        ("sum(Size) + sum(Size)", "none"),
        ("abs(sum(Size))", "none"),
    ],
)
def test_a_plain_aggregation_says_how_buckets_combine(expr: str, rule: str) -> None:
    assert measure(expr=expr).reaggregation == rule


def test_the_same_call_twice_is_one_aggregation() -> None:
    assert len(measure(expr="sum(Size) / (1 + sum(Size))", unit="x").aggregations) == 1
    assert len(measure(expr="vw(Size, D) / (1 + vw(Size, D))", unit="x").aggregations) == 2
    assert len(measure(expr="max(Size) - min(Size)").aggregations) == 2


def test_a_prefix_stands_before_every_name() -> None:
    found = measures(options(SHARES, PRESSURE, metric_prefix="My"))
    assert [each.name for each in found] == ["MyShares", "MyNetBuyPressure"]


def test_what_is_switched_off_yields_nothing() -> None:
    assert measures(options(SHARES, ENABLED=False)) == []


# -- tests beside metrics ------------------------------------------------------------------------


def test_a_test_gives_the_code_of_a_direction() -> None:
    rows = [{"D": 1, "Size": 3}, {"D": -1, "Size": 1}, {"D": 0, "Size": 9}]
    metric = {**PRESSURE, "tests": [{"rows": rows, "expect": 0.5}]}
    (found,) = examples(options(SHARES, metric))
    assert [each["AggressorSide"] for each in found.rows["trades"]] == [1, 2, None]
    assert [each["Size"] for each in found.rows["trades"]] == [3, 1, 9]
    assert found.at == (1, "tests", 0)


def test_rows_that_do_not_say_what_where_asks_for_pass_it() -> None:
    (found,) = examples(options(PRESSURE))
    assert found.measure.columns == ("AggressorSide", "Size")


def test_rows_that_say_what_where_asks_for_are_chosen_by_it() -> None:
    rows = [{"Size": 1, "MarketState": "HALTED"}]
    (found,) = examples(options({**PRESSURE, "tests": [{"rows": rows, "expect": None}]}))
    assert found.measure.columns == ("AggressorSide", "MarketState", "Size")


def test_parts_of_where_that_say_nothing_of_the_rows_hold() -> None:
    metric = {**PRESSURE, "where": 'MarketState == "HALTED" and (Size > 1 or Price > 9)'}
    (found,) = examples(options(metric))
    assert found.measure.columns == ("AggressorSide", "Price", "Size")
    assert found.measure.formula.endswith("where (Size > 1 or Price > 9)")


# -- the section ---------------------------------------------------------------------------------


def pipeline(folder: Path, market: Path, **fields: Any) -> dict[str, Any]:
    return {
        "SOURCE": {"type": "parquet", "root": str(market)},
        "OUTPUT_TARGET": {"path_template": f"{folder}/{{pass}}.parquet"},
        "PASSES": [{"name": "bars", **fields}],
    }


def test_the_section_alone_puts_the_module_into_a_pass(tmp_path: Path, beaf_market: Path) -> None:
    given = pipeline(tmp_path, beaf_market, metrics=[SHARES])
    report = run_pipeline(given, date="2025-01-06", universe="mic=XLON")
    assert report.status == "succeeded", report.outcomes


def test_the_section_goes_with_modules_that_are_named(tmp_path: Path, beaf_market: Path) -> None:
    for modules in (["trade"], ["trade", "metrics"]):
        given = pipeline(tmp_path, beaf_market, modules=modules, metrics=[SHARES])
        report = run_pipeline(given, date="2025-01-06", universe="mic=XLON", force=True)
        assert report.status == "succeeded", report.outcomes


def test_another_test_makes_no_output_stale(tmp_path: Path, beaf_market: Path) -> None:
    found = []
    for expect in (1, 2):
        tested = {**SHARES, "tests": [{"rows": [{"Size": 1}], "expect": expect}]}
        given = pipeline(tmp_path, beaf_market, metrics=[tested])
        report = run_pipeline(given, date="2025-01-06", universe="mic=XLON")
        found.append(report.outcomes[0].status)
    assert found == ["written", "unchanged"]


def test_another_expression_makes_an_output_stale(tmp_path: Path, beaf_market: Path) -> None:
    found = []
    for expr in ("sum(Size)", "sum(Size) - 1"):
        given = pipeline(tmp_path, beaf_market, metrics=[{**SHARES, "expr": expr}])
        report = run_pipeline(given, date="2025-01-06", universe="mic=XLON")
        found.append(report.outcomes[0].status)
    assert found[0] == "written"
    assert found[1] != "unchanged"


def test_the_module_without_a_metric_is_a_fault(tmp_path: Path, beaf_market: Path) -> None:
    given = pipeline(tmp_path, beaf_market, modules=["metrics"])
    with pytest.raises(ConfigError, match='the module "metrics" yields no column'):
        run_pipeline(given, date="2025-01-06", universe="mic=XLON")


def test_two_metrics_of_one_name_are_a_fault(tmp_path: Path, beaf_market: Path) -> None:
    given = pipeline(tmp_path, beaf_market, metrics=[SHARES, SHARES])
    with pytest.raises(ConfigError, match="yields Shares more than once"):
        run_pipeline(given, date="2025-01-06", universe="mic=XLON")


def test_a_mapping_holds_what_goes_for_all_metrics() -> None:
    rows = {"ListingId": [1], "TradeTimestampNanoseconds": [1_736_154_000_000_000_001], "Size": [7]}
    found = compute_frame(
        "metrics", {"trades": pl.DataFrame(rows)},
        metrics={"metric_prefix": "My", "metrics": [SHARES]},
    )  # fmt: skip
    assert found["MyShares"].to_list() == [7]
