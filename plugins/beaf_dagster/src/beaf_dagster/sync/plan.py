"""What has to be written, so that the event log knows what is there?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import dagster as dg
import polars as pl

from beaf_core import UsageError
from beaf_dagster.private import EventLogStorage
from beaf_dagster.sync.events import PARTITIONS, EventKind, nothing
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
        closed: days without a session that it knows; no listing would find them again.
        outside: how many partitions it knows that nobody has looked for.
        wiped: whether what was recorded has been forgotten.
    """

    listing: Listing
    kind: EventKind
    partitions: pl.DataFrame
    new: int
    vanished: tuple[str, ...] = ()
    mended: int = 0
    closed: pl.DataFrame = field(default_factory=nothing)
    outside: int = 0
    wiped: bool = False

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
    expected = listing.expected(recorded)
    gone = expected.join(there, on="key", how="anti")
    vanished = tuple(gone.filter(pl.col("recorded") != CLOSED)["key"].sort())
    return Plan(
        listing,
        kind,
        wanted,
        there.height - known.height,
        vanished,
        mended,
        _closed(gone.filter(pl.col("recorded") == CLOSED)),
        recorded.height - expected.height,
    )


def start_over(instance: dg.DagsterInstance, plans: Sequence[Plan]) -> list[Plan]:
    """Forget what is recorded of an asset, and plan to tell of all that is there.

    Args:
        instance: what knows it.
        plans: of one asset, one for each kind of event.

    Raises:
        UsageError: more is recorded than was looked for; nothing is forgotten then.
    """
    listing, outside = plans[0].listing, max(each.outside for each in plans)
    if outside:
        raise UsageError(
            f"of {listing.asset.to_user_string()}, {outside:,} recorded partitions lie outside "
            "the days that were looked for, and starting over would forget them",
            remedy="leave --start_date and --end_date out, or let them hold all days that are "
            "recorded",
        )
    instance.wipe_assets([listing.asset])
    return [_anew(each) for each in plans]


def _anew(plan: Plan) -> Plan:
    there = plan.listing.partitions
    return replace(plan, partitions=there, new=there.height, wiped=True)


def _closed(recorded: pl.DataFrame) -> pl.DataFrame:
    """Make partitions of recorded days without a session: no rows, and no place."""
    rows = ((key, *key.split("|"), CLOSED, "", 0, None) for key in recorded["key"])
    return pl.DataFrame(rows, schema=PARTITIONS, orient="row")
