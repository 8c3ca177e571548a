"""Which day is a row of, where `partition_columns` asks for it?"""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest
from polars._typing import TimeUnit

from beaf_core import DatePartition, Meaning, PartitionRun, Target, UniversePartition
from beaf_outputs.added import with_added

MIDNIGHT = datetime(2025, 1, 7)
WEEK = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-06", "2025-01-10"))


@pytest.mark.parametrize("unit", ["ns", "us", "ms"])
@pytest.mark.parametrize(("anchor", "day"), [("end", 6), ("start", 7)])
def test_a_bucket_that_ends_at_midnight_is_of_the_day_before_in_any_unit(
    unit: TimeUnit, anchor: str, day: int
) -> None:
    meaning = Meaning(facts={"time_bucket_anchor": anchor})
    target = Target("delta", "tiny", "bars", "bars", partition_columns=("Date",), meaning=meaning)
    rows = pl.LazyFrame({"TimeBucket": [MIDNIGHT]}, {"TimeBucket": pl.Datetime(unit)})
    full = with_added(rows, target, WEEK, key=False).collect()
    assert full["Date"].to_list() == [date(2025, 1, day)]
    assert full["TimeBucket"].dtype == pl.Datetime(unit)
