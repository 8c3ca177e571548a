"""Whatever is written, rewritten and removed: does a dataset hold exactly what it should?"""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import DatePartition, PartitionRun, Target, UniversePartition
from beaf_outputs.parquet import (
    Config,
    find_receipt,
    list_receipts,
    read_output,
    remove_output,
    write_output,
)

PARTITIONS = [
    PartitionRun(UniversePartition(name, value), DatePartition(day))
    for name, value in (("mic", "XLON"), ("index", "STOXX600"), ("custom", None))
    for day in ("2025-01-06", "2025-01-07")
]
VALUES = st.sampled_from(["XLON", "XPAR", "a/b", "a%2Fb", "", "=", ".", None])
ROWS = st.lists(st.tuples(VALUES, st.integers(0, 9)), max_size=6)
#: A partition, and its new rows; None: it is removed.
STEPS = st.lists(
    st.tuples(st.integers(0, len(PARTITIONS) - 1), st.one_of(st.none(), ROWS)), max_size=8
)


def frame_of(rows: list[tuple[str | None, int]]) -> pl.DataFrame:
    return pl.DataFrame(rows, {"MIC": pl.String, "N": pl.Int64}, orient="row")


def in_sight(root: Path) -> list[tuple[str | None, int]]:
    files = [each for each in root.rglob("*.parquet") if "_beaf" not in each.parts]
    return [row for each in files for row in pl.read_parquet(each).rows()]


def in_order(rows: list[tuple[str | None, int]]) -> list[tuple[str | None, int]]:
    return sorted(rows, key=lambda row: (row[0] is None, row[0] or "", row[1]))


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_a_dataset_holds_what_was_last_written_of_each_partition_and_nothing_else(
    steps: list[tuple[int, list[tuple[str | None, int]] | None]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = Target("parquet", "d", "p", f"{folder}/{{pass}}", Config(), ("MIC",), shared=True)
        model: dict[int, list[tuple[str | None, int]]] = {}
        for number, rows in steps:
            partition = PARTITIONS[number]
            if rows is not None:
                write_output(frame_of(rows).lazy(), target, partition)
                model[number] = rows
            elif model.pop(number, None) is not None:
                receipt = find_receipt(target, partition)
                assert receipt is not None
                assert remove_output(target, receipt)
        check(target, Path(folder, "p"), model)


def check(target: Target, root: Path, model: dict[int, list[tuple[str | None, int]]]) -> None:
    everything = [row for rows in model.values() for row in rows]
    assert in_order(in_sight(root)) == in_order(everything)
    assert list(root.rglob("*.staged")) == []
    for number, partition in enumerate(PARTITIONS):
        found, receipt = read_output(target, [partition]), find_receipt(target, partition)
        if number not in model:
            assert (found, receipt) == (None, None)
            continue
        assert found is not None
        assert receipt is not None
        assert receipt.rows == len(model[number])
        assert in_order(found.collect().rows()) == in_order(model[number])
        assert receipt in list_receipts(target, partition)
    together = read_output(target, PARTITIONS)
    assert in_order(together.collect().rows() if together is not None else []) == in_order(
        everything
    )
