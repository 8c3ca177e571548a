"""How does the event log come to know what is there? List, compare, write, verify, count anew."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import dagster as dg
import polars as pl

from beaf_core import ResourceError
from beaf_dagster.private import EventLogStorage
from beaf_dagster.sync.events import EventKind, Telling
from beaf_dagster.sync.listing import Listing
from beaf_dagster.sync.plan import Plan, make_plan, start_over
from beaf_dagster.sync.recorded import counted_at, recorded_versions
from beaf_dagster.sync.status import recounted, wipe_asset_cached_status
from beaf_dagster.sync.writers.batch import BatchWriter
from beaf_dagster.sync.writers.choose import Tell, WriterName, choose_writer
from beaf_dagster.sync.writers.refusal import WriterRefusedError


@dataclass(frozen=True, slots=True)
class Choices:
    """How a person wants it done.

    Attributes:
        kinds: what is told: that partitions were made, that they were seen, or both.
        writer: by whom.
        batch_size: how many events at once; the writer's own number, if None.
        count: whether Dagster's counts are made anew at once; else they are wiped alone.
        dry_run: write nothing.
        start_over: forget what is recorded of assets of which partitions have vanished, and tell
            of all that is there.
    """

    kinds: tuple[EventKind, ...] = (EventKind.MATERIALIZATION,)
    writer: WriterName = WriterName.AUTO
    batch_size: int | None = None
    count: bool = True
    dry_run: bool = False
    start_over: bool = False


@dataclass(frozen=True, slots=True)
class Synced:
    """What became of one asset.

    Attributes:
        plan: what was to be told.
        written: how many events were.
        writer: by whom; None where there was nothing to write.
        materialized: how many of its partitions Dagster counts now; None where it was not asked.
    """

    plan: Plan
    written: int = 0
    writer: str | None = None
    materialized: int | None = None

    @property
    def wiped(self) -> bool:
        """Whether what was recorded was forgotten first."""
        return self.plan.wiped


def synchronize(
    instance: dg.DagsterInstance, listings: Sequence[Listing], choices: Choices, tell: Tell
) -> Iterator[Synced]:
    """Tell the event log of assets what it does not know, one asset after another.

    A chunk of events is written whole or not at all; whoever is interrupted goes on later.

    Raises:
        ResourceError: what was written is not what the event log has.
        UsageError: a writer that does not fit the event log; or starting over would forget what
            was not looked for.
    """
    for listing in listings:
        for plan in _plans(instance, listing, choices):
            yield Synced(plan) if choices.dry_run else _synchronized(instance, plan, choices, tell)


def _plans(
    instance: dg.DagsterInstance, listing: Listing, choices: Choices
) -> Sequence[Plan] | Iterator[Plan]:
    """Plan each kind of event; starting over forgets all kinds at once, before any is told."""
    storage, may_mend = instance.event_log_storage, not choices.dry_run
    plans = (make_plan(storage, listing, each, may_mend=may_mend) for each in choices.kinds)
    if choices.dry_run or not choices.start_over:
        return plans
    known = list(plans)
    return start_over(instance, known) if any(each.vanished for each in known) else known


def _synchronized(instance: dg.DagsterInstance, plan: Plan, choices: Choices, tell: Tell) -> Synced:
    # Where nothing is forgotten the event log still knows its closed days.
    wanted = pl.concat([plan.partitions, plan.closed]) if plan.wiped else plan.partitions
    if wanted.is_empty():
        return Synced(plan)
    done = _write(instance.event_log_storage, plan, wanted, choices, tell)
    return replace(done, materialized=_counted(instance, plan, choices))


def _write(
    storage: EventLogStorage, plan: Plan, wanted: pl.DataFrame, choices: Choices, tell: Tell
) -> Synced:
    telling = Telling(plan.listing.asset, plan.listing.dimensions, plan.kind, time.time())
    writer = choose_writer(storage, choices.writer, wanted.height, tell)
    written = 0
    while written < wanted.height:
        piece = wanted.slice(written, choices.batch_size or writer.chunk)
        try:
            written += writer.write(telling, piece)
        except WriterRefusedError as refusal:
            tell(f"the event log is written by Dagster's own batches, more slowly: {refusal}")
            writer = BatchWriter(storage)
    _verify(storage, telling, wanted)
    return Synced(plan, written, writer.name)


def _verify(storage: EventLogStorage, telling: Telling, wanted: pl.DataFrame) -> None:
    """Hold what was written against what the event log has.

    Raises:
        ResourceError: they differ.
    """
    found = counted_at(storage, telling)
    if found is None:  # a storage that hides its tables
        recorded = recorded_versions(storage, telling.asset, telling.kind)
        same = wanted.join(recorded, on="key").filter(pl.col("version") == pl.col("recorded"))
        found = same.height
    if found != wanted.height:
        raise ResourceError(
            f"{wanted.height} events of {telling.asset.to_user_string()} were written, and the "
            f"event log has {found} of them",
            remedy="run the sync again: it writes what lacks",
        )


def _counted(instance: dg.DagsterInstance, plan: Plan, choices: Choices) -> int | None:
    listing = plan.listing
    if plan.kind is not EventKind.MATERIALIZATION:
        return None
    if listing.definition is None or not choices.count:
        wipe_asset_cached_status(instance, [listing.asset])
        return None
    counted = recounted(instance, listing.asset, listing.definition)
    if counted is not None and counted < listing.partitions.height:
        raise ResourceError(
            f"Dagster counts {counted} partitions of {listing.asset.to_user_string()}, and "
            f"{listing.partitions.height} are there",
            remedy="run the sync again; if it stays so, report it with `beaf dagster doctor`",
        )
    return counted
