"""Does a filter by values keep their rows and no others, however many values there are?"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from beaf_core import is_one_of


@pytest.mark.parametrize("count", [0, 1, 2, 99, 100, 101, 250])
def test_rows_of_the_values_are_kept_and_no_others(tmp_path: Path, count: int) -> None:
    path = tmp_path / "rows.parquet"
    pl.DataFrame({"Id": [*range(300), None]}).write_parquet(path, row_group_size=50)
    values = range(20, 20 + count)
    kept = pl.scan_parquet(path).filter(is_one_of(pl.col("Id"), values))
    assert kept.collect(engine="streaming")["Id"].to_list() == list(values)
