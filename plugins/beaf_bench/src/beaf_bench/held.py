"""How does a benchmark get at an output's rows, without a disk in between?

The output `held` keeps what the engine hands it in the memory of this process. Nothing else reads
it; outputs that last are beaf-outputs'.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from beaf_bench.clock import read_clock
from beaf_core import PartitionRun, Receipt, Target, hookimpl

if TYPE_CHECKING:
    import polars as pl


class Shelf:
    """Holds frames by the name of their pass.

    Attributes:
        frames: pass → its rows.
        last: the clock when the last of them was in hand.
    """

    def __init__(self) -> None:
        self.frames: dict[str, pl.DataFrame] = {}
        self.last = read_clock()

    def clear(self) -> None:
        """Forget everything."""
        self.frames.clear()

    @hookimpl
    def write_output(self, frame: pl.LazyFrame, target: Target, partition: PartitionRun) -> Receipt:
        """Keep the rows of a partition, in memory."""
        rows = frame.collect(engine="streaming")
        self.frames[target.pass_name] = rows
        self.last = read_clock()
        location = target.location(partition)
        return Receipt(target.type, location, rows.height, partition.key, dict(target.stamp))

    @hookimpl
    def read_output(
        self, target: Target, partitions: Sequence[PartitionRun]
    ) -> pl.LazyFrame | None:
        """Return what this process holds of a pass."""
        held = self.frames.get(target.pass_name)
        return None if held is None else held.lazy()

    @hookimpl
    def find_receipt(self, target: Target, partition: PartitionRun) -> Receipt | None:
        """Find nothing: every run computes."""
        return None


shelf = Shelf()
