"""What is read where partitions of one table had other types, which the table keeps as one?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.delta_tables import MONDAY, TUESDAY, bars, target_at
from tests.sql_desk import Desk

from beaf_core import PartitionRun, Target, UsageError
from beaf_outputs import delta, sql

TABLES = pytest.mark.parametrize("kind", ["delta", "sqlite", "duckdb"])
SECOND = timedelta(seconds=1)


def placed(kind: str, folder: Path) -> tuple[Any, Target]:
    if kind == "delta":
        return delta, target_at(folder)
    return sql, Desk(None, f"{kind}:///{folder}/tables.db").target()


def waits(value: object, dtype: pl.DataType) -> pl.LazyFrame:
    return bars().lazy().with_columns(Wait=pl.lit(value, dtype))


def read(output: Any, target: Target, partitions: Sequence[PartitionRun]) -> pl.Series:
    found: pl.LazyFrame = output.read_output(target, partitions)
    return found.collect()["Wait"]


@TABLES
@pytest.mark.parametrize(
    ("monday", "tuesday"),
    [
        ((SECOND, pl.Duration("ns")), (SECOND, pl.Duration("us"))),
        ((SECOND, pl.Duration("us")), (SECOND, pl.Duration("ns"))),
        (("a", pl.Enum(["a", "b"])), ("c", pl.Enum(["a", "c"]))),
        ((5, pl.Int64()), (SECOND, pl.Duration("us"))),
    ],
    ids=["unit", "finer-unit", "enum", "integer"],
)
def test_each_partition_comes_back_as_it_was_and_together_they_are_refused(
    kind: str,
    monday: tuple[object, pl.DataType],
    tuesday: tuple[object, pl.DataType],
    tmp_path: Path,
) -> None:
    output, target = placed(kind, tmp_path)
    for partition, column in ((MONDAY, monday), (TUESDAY, tuesday)):
        output.write_output(waits(*column), target, partition)
    for partition, (value, dtype) in ((MONDAY, monday), (TUESDAY, tuesday)):
        alone = read(output, target, [partition])
        assert (alone.dtype, alone.unique().to_list()) == (dtype, [value])
    with pytest.raises(UsageError, match=r"Wait is .* in one partition and .* in another"):
        read(output, target, [MONDAY, TUESDAY])


@TABLES
def test_a_column_of_no_type_takes_that_of_other_partitions(kind: str, tmp_path: Path) -> None:
    output, target = placed(kind, tmp_path)
    output.write_output(waits(1.5, pl.Float64()), target, MONDAY)
    output.write_output(waits(None, pl.Null()), target, TUESDAY)
    together = read(output, target, [TUESDAY, MONDAY])
    assert together.dtype == pl.Float64()
    assert sorted(together.to_list(), key=str) == [1.5] * 3 + [None] * 3
