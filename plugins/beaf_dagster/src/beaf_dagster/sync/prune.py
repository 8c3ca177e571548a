"""Which events of BEAF's assets does nobody need any more, and how are they removed?

Of each partition the newest event of each kind stays, and with it every count, version and page.
What goes is history: earlier materializations and observations, and plans that newer
materializations have overtaken. Runs that have not ended are left as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dagster as dg
import sqlalchemy as db

from beaf_core import UsageError
from beaf_dagster.private import (
    NOT_FINISHED_STATUSES,
    AssetEventTagsTable,
    SqlEventLogStorage,
    SqlEventLogStorageTable,
)
from beaf_dagster.sync import storage as log

#: Removed in one transaction.
CHUNK = 5_000

_MADE, _SEEN, _PLANNED = (
    "ASSET_MATERIALIZATION",
    "ASSET_OBSERVATION",
    "ASSET_MATERIALIZATION_PLANNED",
)


@dataclass(frozen=True, slots=True)
class Superfluous:
    """Events of one asset that newer ones have overtaken.

    Attributes:
        asset: its key.
        counts: kind → how many events.
        removed: how many were removed.
    """

    asset: dg.AssetKey
    counts: dict[str, int]
    removed: int = 0

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.counts.values())


def prune_events(
    instance: dg.DagsterInstance, assets: Sequence[dg.AssetKey], *, apply: bool
) -> Iterator[Superfluous]:
    """Remove what newer events have overtaken; without `apply`, count it.

    Raises:
        UsageError: the event log is none of Dagster's SQL storages.
    """
    sql = sql_storage(instance)
    busy = unfinished_runs(instance)
    for asset in assets:
        ids = {kind: _overtaken(sql, asset, kind, busy) for kind in (_MADE, _SEEN, _PLANNED)}
        counts = {kind: len(found) for kind, found in ids.items()}
        removed = sum(_removed(sql, found) for found in ids.values()) if apply else 0
        yield Superfluous(asset, counts, removed)


def sql_storage(instance: dg.DagsterInstance) -> SqlEventLogStorage:
    """Return the event log of an instance, whose schema has to be the one that is known.

    Raises:
        UsageError: it is another one; nothing is removed from it.
    """
    sql = log.as_sql(instance.event_log_storage)
    if sql is None:
        raise UsageError(
            "the event log is not one of Dagster's SQL storages, so it is not pruned",
            remedy="prune it by its own means",
        )
    reason = log.drift(sql)
    if reason is not None:
        raise UsageError(
            f"the event log is not pruned: {reason}", remedy="run `dagster instance migrate`"
        )
    return sql


def unfinished_runs(instance: dg.DagsterInstance) -> list[str]:
    """Name the runs that have not ended."""
    filters = dg.RunsFilter(statuses=list(NOT_FINISHED_STATUSES))
    return [each.run_id for each in instance.get_runs(filters=filters)]


def _overtaken(
    sql: SqlEventLogStorage, asset: dg.AssetKey, kind: str, busy: Sequence[str]
) -> list[int]:
    """List the events of a kind that are older than the newest of their partition."""
    events = SqlEventLogStorageTable.c
    # A plan is overtaken by what was made; everything else by its own kind.
    overtaking = _MADE if kind == _PLANNED else kind
    newest = (
        db.select(_partition(), db.func.max(events.id).label("newest"))
        .where(
            events.asset_key == asset.to_string(),
            events.dagster_event_type == overtaking,
        )
        .group_by(_partition())
        .subquery()
    )
    query = (
        db.select(events.id)
        .join(newest, newest.c.partition_or_none == _partition())
        .where(
            events.asset_key == asset.to_string(),
            events.dagster_event_type == kind,
            events.id < newest.c.newest,
            events.run_id.not_in(busy) | events.run_id.is_(None),
        )
        .order_by(events.id)
    )
    with sql.index_connection() as connection:
        return [int(row[0]) for row in connection.execute(query)]


def _partition() -> db.Label[str]:
    """Name a partition, and what has none alike."""
    return db.func.coalesce(SqlEventLogStorageTable.c.partition, "").label("partition_or_none")


def _removed(sql: SqlEventLogStorage, ids: Sequence[int]) -> int:
    """Remove events and their tags, some at once; whoever is interrupted has removed whole ones."""
    events, tags = SqlEventLogStorageTable, AssetEventTagsTable
    removed = 0
    for at in range(0, len(ids), CHUNK):
        some = list(ids[at : at + CHUNK])
        with log.transaction(sql) as connection:
            connection.execute(tags.delete().where(tags.c.event_id.in_(some)))
            removed += connection.execute(events.delete().where(events.c.id.in_(some))).rowcount
    return removed
