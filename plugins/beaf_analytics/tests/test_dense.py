"""Does the module `dense` give a pass the timeline that its options ask for?"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from beaf_analytics import dense
from beaf_analytics.dense import DenseOptions
from beaf_core import DenseGrid, RunReport, run_pipeline
from beaf_core.testing import check_module

MONDAY = "2026-02-02"


def test_the_module_keeps_its_contract() -> None:
    check_module(dense)
    check_module(dense, {"mode": "uniform", "time_interval": ["08:00", "16:30"]})


@pytest.mark.parametrize(
    ("section", "grid"),
    [
        ({}, DenseGrid("adaptative")),
        ({"mode": "adaptive"}, DenseGrid("adaptative")),
        ({"time_interval": ["08:00", "16:30"]}, DenseGrid("adaptative")),
        (
            {"mode": "uniform", "time_interval": ["22:00", "02:00:30"]},
            DenseGrid("uniform", ("22:00", "02:00:30")),
        ),
        ({"symbol_cols": ["ListingId"]}, DenseGrid("adaptative")),
        ({"ENABLED": False}, None),
    ],
)
def test_options_become_a_timeline(section: dict[str, Any], grid: DenseGrid | None) -> None:
    assert dense.grid(DenseOptions.model_validate(section)) == grid


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"mode": "uniform"}, "needs time_interval"),
        ({"time_interval": ["8", "16:30"]}, "'8' is no time of day such as 08:00"),
        ({"time_interval": ["08:00"]}, "time_interval"),
        ({"mode": "sparse"}, "'adaptative' or 'uniform'"),
        ({"symbol_cols": "Ticker"}, r"can only be \[ListingId\]"),
        ({"metric": "x"}, "Extra inputs"),
    ],
)
def test_other_options_are_refused(section: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        DenseOptions.model_validate(section)


def run(folder: Path, modules: list[str], **inside: Any) -> RunReport:
    return run_pipeline(
        {
            "SOURCE": {"type": "simulated"},
            "OUTPUT_TARGET": {"path_template": f"{folder}/{len(modules)}.parquet"},
            "PASSES": [{"name": "bars", "modules": modules, **inside}],
        },
        date=MONDAY,
        universe="mic=XLON",
    )


# The simulated market opens and closes some milliseconds after 08:00 and 16:30.
@pytest.mark.parametrize(
    ("inside", "first", "last", "count"),
    [
        ({"time_bucket_seconds": 60}, "08:01", "16:31", 511),
        ({"time_bucket_seconds": 3600}, "09:00", "17:00", 9),
        ({"time_bucket_seconds": 3600, "time_bucket_anchor": "start"}, "08:00", "16:00", 9),
        ({"time_bucket_seconds": 60, "time_bucket_closed": "left"}, "08:01", "16:31", 511),
    ],
)
def test_the_simulated_sessions_become_whole_buckets_that_trades_meet(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    inside: dict[str, Any],
    first: str,
    last: str,
    count: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    trades = pl.read_parquet(run(tmp_path, ["trade"], **inside).receipts[0].location)
    rows = pl.read_parquet(run(tmp_path, ["dense", "trade"], **inside).receipts[0].location)
    ids = trades["ListingId"].unique()
    for listing in ids:
        times = rows.filter(ListingId=listing)["TimeBucket"]
        start, end = (datetime.fromisoformat(f"{MONDAY} {each}") for each in (first, last))
        step = timedelta(seconds=inside["time_bucket_seconds"])
        assert times.to_list() == [start + number * step for number in range(count)]
        assert times[-1] == end
    assert rows.height == len(ids) * count
    assert rows.filter(pl.col("Volume") > 0).equals(trades)
