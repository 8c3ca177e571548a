"""Do the examples of modules that work on an earlier pass run as they are written?"""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
import yaml

from beaf_core import run_pipeline

PAGES = Path(__file__).parents[3] / "docs" / "modules"
#: The keys of the last pass, and how many other columns it has.
WANTED = {
    "alpha101": (["ListingId", "TimeBucket", "MIC", "Ticker", "CurrencyCode"], 3),
    "correlation": (["ListingId", "MetricX", "MetricY"], 2),
    "events": (["ListingId", "TimeBucket", "EventType"], 3),
    "generic": (["ListingId", "TimeBucket", "MIC", "Ticker", "CurrencyCode"], 7),
    "reaggregate": (["IndexId", "TimeBucket"], 3),
}


@pytest.mark.parametrize("module", WANTED)
def test_the_example_of_a_page_runs(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (PAGES / f"{module}.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    config = {"SOURCE": {"type": "simulated"}, **yaml.safe_load(example)}
    report = run_pipeline(config, date="2026-02-02", universe="mic=XLON")
    assert report.status == "succeeded", report.outcomes
    found = pl.read_parquet(report.receipts[-1].location)
    keys, measures = WANTED[module]
    assert found.columns[: len(keys)] == keys
    assert len(found.columns) == len(keys) + measures
    assert found.height > 10
    values = found.select(pl.selectors.float())
    assert values.select(pl.all().is_finite().all()).row(0) == (True,) * values.width
