"""What is there of an asset, and what was found that is no partition of it?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from beaf_dagster.partitions.keys import DATE
from beaf_dagster.sync.events import nothing

if TYPE_CHECKING:
    from beaf_core import DatePartition


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies in the stores, for one asset.

    Attributes:
        asset: its key.
        definition: its partitions, if they are known: only then can they be counted.
        dimensions: the names of its dimensions, sorted.
        what: `outputs` or `inputs`.
        partitions: a frame of `PARTITIONS`.
        notes: what was found and is no partition, or could not be told; a person hears of it.
        whole: whether all there is has been listed, of `dates` if they are given: only then can a
            partition have vanished.
        dates: the days that were asked for; None for all.
    """

    asset: dg.AssetKey
    definition: dg.PartitionsDefinition[str] | None
    dimensions: tuple[str, str]
    what: str
    partitions: pl.DataFrame = field(default_factory=nothing)
    notes: tuple[str, ...] = ()
    whole: bool = True
    dates: DatePartition | None = None

    def expected(self, recorded: pl.DataFrame) -> pl.DataFrame:
        """Select what has been asked for, of partitions that are recorded.

        Args:
            recorded: has the column `key`.
        """
        if not self.whole:
            return recorded.clear()
        if self.dates is None:
            return recorded
        # The key of a window begins with its first day, and ISO dates sort as days do.
        place = self.dimensions.index(DATE)
        day = pl.col("key").str.split("|").list.get(place, null_on_oob=True).str.head(10)
        first, last = pl.lit(self.dates.start_date), pl.lit(self.dates.end_date)
        return recorded.filter(day.is_between(first, last))
