"""Does a run write the measures of trades, and refuse what contradicts itself?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from beaf_core import run_pipeline
from beaf_core.testing import check_module, write_market


def run(folder: Path, section: dict[str, Any]) -> pl.DataFrame:
    report = run_pipeline(
        {
            "SOURCE": {"type": "parquet", "root": str(write_market(folder / "market"))},
            "OUTPUT_TARGET": {"path_template": f"{folder}/out.parquet"},
            "PASSES": [
                {
                    "name": "bars",
                    "modules": ["trade"],
                    "trade_analytics": section,
                    "quality_checks": {"ENABLED": True, "null_rate_max": 1, "action": "raise"},
                }
            ],
        },
        date="2025-01-06",
        universe="mic=XLON",
        force=True,
    )
    assert report.status == "succeeded", report.outcomes
    return pl.read_parquet(report.receipts[0].location)


def test_the_module_keeps_the_contract() -> None:
    check_module("trade")


def test_a_run_writes_sides_that_add_up_and_its_identities_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sides = ["Buy", "Sell", "Unknown", "Total"]
    words = ["Volume", "Count", "Notional", "VWAP", "OHLC", "TradeImbalance"]
    written = run(tmp_path, {"generic_metrics": [{"sides": sides, "measures": words}]})
    first = written.row(0, named=True)
    # 100 and 300 bought, 200 and 400 sold at 10.0, 10.2, 10.5, 10.4
    assert (first["TradeBuyVolume"], first["TradeSellVolume"]) == (400.0, 600.0)
    assert first["TradeTotalNotional"] == pytest.approx(10320, rel=1e-15)
    assert first["TradeImbalance"] == -0.2
    assert first["UnknownDirectionShare"] == 0.0
    assert first["Ticker"] == "ALFA"
