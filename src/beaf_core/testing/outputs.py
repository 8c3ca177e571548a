"""Does an output keep its contract: what is written reads back, and replaces itself only?"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from beaf_core import (
    BeafError,
    DatePartition,
    PartitionRun,
    Receipt,
    Target,
    UniversePartition,
)
from beaf_core.testing.market import TINY_DAYS, assert_same_rows
from beaf_core.testing.subject import Subject, subject

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_STAMP = {"run_id": "tested", "fingerprint": "0123abcd"}
_SINGLE = "{datasetname}/{pass}/{universe}/{start_date}_{end_date}"
_SHARED = "{datasetname}/{pass}"


def check_output(
    plugin: object,
    folder: Path | str,
    options: object = None,
    *,
    path_template: str | None = None,
    name: str | None = None,
    partition_columns: Sequence[str] = (),
    storage_options: Mapping[str, str] | None = None,
) -> None:
    """Check an output: what is written reads back, and replaces its own partition only.

    Args:
        plugin: the name of an installed output, or the object itself.
        folder: an empty place to write to; it comes before `path_template`.
        options: its options, as they would stand in OUTPUT_TARGET.
        path_template: where partitions go; by default a place for each, or one for all of them
            where the output says that its places are shared.
        name: the name to address an object by.
        partition_columns: the columns that partition a dataset.
        storage_options: options for object stores.

    Raises:
        AssertionError: the contract is broken; the message says how.
        PluginError: an answer was refused at the border.
    """
    tested = subject("output", plugin, name)
    given = tested.options(options)
    shared = bool(partition_columns) or bool(getattr(given, "shared", False))
    template = path_template or (_SHARED if shared else _SINGLE)
    target = Target(
        tested.name,
        "tiny",
        "bars",
        getattr(given, "location_template", None) or f"{folder}/{template}",
        given,
        tuple(partition_columns),
        storage_options or {},
        stamp=_STAMP,
        shared=shared,
    )
    output = _Output(tested, target)
    monday, tuesday = (_partition(day) for day in TINY_DAYS)
    output.holds_nothing(monday)
    first = output.write(_bars(1.0), monday)
    output.holds(_bars(1.0), first, monday)
    output.holds_nothing(tuesday)
    other = output.write(_bars(2.0), tuesday)
    output.holds(_bars(1.0), first, monday)
    again = output.write(_bars(3.0).head(2), monday)
    output.holds(_bars(3.0).head(2), again, monday)
    output.holds(_bars(2.0), other, tuesday)
    _check_reading_both(output, monday, tuesday)
    _check_failure_keeps_the_old(output, _bars(2.0), other, tuesday)
    output.holds(_bars(1.0).clear(), output.write(_bars(1.0).clear(), monday), monday)


# -- areas ---------------------------------------------------------------------------------


def check_area(plugin: object, *, name: str | None = None) -> None:
    """Check an area: a bucket and a prefix, the same ones when asked again.

    Args:
        plugin: the name of an installed area, or the object itself.
        name: the name to address an object by.

    Raises:
        AssertionError: the contract is broken; the message says how.
        PluginError: an answer was refused at the border.
    """
    tested = subject("area", plugin, name)
    found = tested.host.storage_area(tested.name)
    again = tested.host.storage_area(tested.name)
    assert again == found, f"asked again, {tested.name} is {again}, no longer {found}"


# -- outputs -------------------------------------------------------------------------------


class _Output:
    def __init__(self, tested: Subject, target: Target) -> None:
        self._host, self._target = tested.host, target

    def write(self, rows: pl.DataFrame, partition: PartitionRun) -> Receipt:
        receipt = self._host.write_output(rows.lazy(), self._target, partition)
        assert receipt.rows == rows.height, (
            f"the receipt counts {receipt.rows} rows; {rows.height} were written"
        )
        assert receipt.output == self._target.type, (
            f'the receipt names the output "{receipt.output}", not "{self._target.type}"'
        )
        return receipt

    def read(self, *partitions: PartitionRun) -> pl.DataFrame | None:
        frame = self._host.read_output(self._target, list(partitions))
        return None if frame is None else frame.collect()

    def holds(self, rows: pl.DataFrame, receipt: Receipt, partition: PartitionRun) -> None:
        key, back = partition.key, self.read(partition)
        assert back is not None, f"{key} was written, yet read_output answers None"
        lost = [name for name in rows.columns if name not in back.columns]
        assert not lost, f"{key} comes back without {', '.join(lost)}"
        same = back.select(rows.columns).cast(rows.schema)  # stores may widen types
        assert_same_rows(same, rows, f"{key} reads back other rows than were written")
        found = self._host.find_receipt(self._target, partition)
        assert found == receipt, f"find_receipt answers {found} for {key}, not {receipt}"

    def holds_nothing(self, partition: PartitionRun) -> None:
        key = partition.key
        assert self.read(partition) is None, f"read_output answers rows for {key}, never written"
        found = self._host.find_receipt(self._target, partition)
        assert found is None, f"find_receipt answers {found} for {key}, never written"


def _check_reading_both(output: _Output, monday: PartitionRun, tuesday: PartitionRun) -> None:
    both = output.read(monday, tuesday)
    assert both is not None, "two written partitions, asked for together, answer None"
    assert both.height == 5, f"two partitions of 2 and 3 rows read back as {both.height}"
    never = _partition("2025-01-08")
    one = output.read(monday, never)
    assert one is not None, "a written partition beside one that is not: read_output answers None"
    assert one.height == 2, f"a partition of 2 rows and an unwritten one read as {one.height}"


def _check_failure_keeps_the_old(
    output: _Output, rows: pl.DataFrame, receipt: Receipt, partition: PartitionRun
) -> None:
    def fail(_frame: pl.DataFrame) -> pl.DataFrame:
        raise RuntimeError("the computation fails on purpose")

    failing = rows.lazy().map_batches(fail, schema=rows.schema)
    try:
        output._host.write_output(failing, output._target, partition)
    except BeafError:
        output.holds(rows, receipt, partition)
        return
    raise AssertionError("the rows could not be computed, yet write_output gave a receipt")


def _partition(day: str) -> PartitionRun:
    return PartitionRun(UniversePartition("mic", "XLON"), DatePartition(day))


def _bars(scale: float) -> pl.DataFrame:
    """Three rows with what outputs get wrong: a null, an empty text, a large integer."""
    return pl.DataFrame(
        {
            "ListingId": [101, 101, 102],
            "TimeBucket": [datetime(2025, 1, 6, 9, minute) for minute in (1, 2, 1)],
            "MIC": ["XLON", "XLON", "XLON"],
            "MarketState": ["CONTINUOUS_TRADING", "", None],
            "Close": [10.4 * scale, None, 20.0 * scale],
            "Volume": [1000, 100, 2**53 + 1],
        }
    ).with_columns(pl.col("TimeBucket").cast(pl.Datetime("ns")))
