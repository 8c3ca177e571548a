"""What is there of an asset, and what was found that is no partition of it?"""

from __future__ import annotations

from dataclasses import dataclass, field

import dagster as dg
import polars as pl

from beaf_dagster.sync.events import nothing


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
        whole: whether all there is has been listed: only then can a partition be missing.
    """

    asset: dg.AssetKey
    definition: dg.PartitionsDefinition[str] | None
    dimensions: tuple[str, str]
    what: str
    partitions: pl.DataFrame = field(default_factory=nothing)
    notes: tuple[str, ...] = ()
    whole: bool = True
