"""What has to be written, so that the event log knows what is there?"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from beaf_dagster.private import EventLogStorage
from beaf_dagster.sync.events import EventKind
from beaf_dagster.sync.listing import Listing
from beaf_dagster.sync.recorded import mend, recorded_versions

#: The version of a partition without a session: nothing was written, and nothing is amiss.
CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be told of one asset.

    Attributes:
        listing: what is there.
        kind: what is told of it.
        partitions: what is new or changed, of `PARTITIONS`.
        new: how many of them the event log does not know.
        vanished: partitions that it knows, and that are not there any more.
        mended: how many events of a killed writer were completed.
    """

    listing: Listing
    kind: EventKind
    partitions: pl.DataFrame
    new: int
    vanished: tuple[str, ...] = ()
    mended: int = 0

    @property
    def changed(self) -> int:
        """How many partitions have another version than the event log knows."""
        return self.partitions.height - self.new

    @property
    def unchanged(self) -> int:
        """How many partitions it knows as they are."""
        return self.listing.partitions.height - self.partitions.height


def make_plan(
    storage: EventLogStorage, listing: Listing, kind: EventKind, *, may_mend: bool
) -> Plan:
    """Compare what is there with what the event log knows, by data version.

    Args:
        storage: the event log.
        listing: what is there.
        kind: what is to be told.
        may_mend: whether events of a killed writer are completed first.
    """
    mended = mend(storage, listing.asset, kind) if may_mend else 0
    recorded = recorded_versions(storage, listing.asset, kind)
    there = listing.partitions
    if recorded.is_empty():  # a join would cost 100 MB for a million partitions
        return Plan(listing, kind, there, there.height, mended=mended)
    known = there.select("key", "version").join(recorded, on="key", how="inner")
    same = known.filter(pl.col("version") == pl.col("recorded"))
    # A join would copy them all: a million take 200 MB.
    wanted = there if same.is_empty() else there.join(same, on="key", how="anti")
    written = listing.expected(recorded.filter(pl.col("recorded") != CLOSED))
    vanished = tuple(written.join(there, on="key", how="anti")["key"].sort())
    return Plan(listing, kind, wanted, there.height - known.height, vanished, mended)
