"""Is it told that partitions go, where a table is to hold the last one alone?"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.delta_tables import MONDAY, PARIS, TUESDAY, bars, target_at
from tests.sql_desk import Desk

from beaf_core import PartitionRun, Receipt
from beaf_outputs import delta, sql
from beaf_outputs.kept import REPLACED

TABLES = pytest.mark.parametrize("kind", ["delta", "sqlite", "duckdb"])
ALONE = {"delta_mode": "overwrite"}, {"sql_if_exists": "replace"}
ANEW = {"schema_mode": "overwrite"}, {"schema_mode": "overwrite"}


def write(
    kind: str, folder: Path, rows: pl.DataFrame, partition: PartitionRun, *options: dict[str, str]
) -> Receipt:
    of_delta, of_sql = options or ({}, {})
    if kind == "delta":
        return delta.write_output(rows.lazy(), target_at(folder, **of_delta), partition)
    target = Desk(None, f"{kind}:///{folder}/tables.db").target(**of_sql)
    return sql.write_output(rows.lazy(), target, partition)


@TABLES
def test_each_partition_of_a_run_tells_of_those_that_it_removes(kind: str, tmp_path: Path) -> None:
    told = [
        write(kind, tmp_path, bars(), partition, *ALONE).notes.get(REPLACED, 0)
        for partition in (MONDAY, TUESDAY, TUESDAY)
    ]
    assert told == [0, 1, 0]


@TABLES
def test_a_table_that_is_made_anew_tells_of_those_that_it_held(kind: str, tmp_path: Path) -> None:
    for partition in (MONDAY, TUESDAY, PARIS):
        assert REPLACED not in write(kind, tmp_path, bars(), partition).notes
    wide = bars().with_columns(More=pl.lit(1))
    assert write(kind, tmp_path, wide, MONDAY, *ANEW).notes[REPLACED] == 2
    assert REPLACED not in write(kind, tmp_path, wide, TUESDAY, *ANEW).notes
