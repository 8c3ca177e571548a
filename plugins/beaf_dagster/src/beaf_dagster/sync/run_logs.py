"""What do runs leave in the event log that is no event of an asset, and how is it removed?

The lines that steps wrote and what Dagster says of their way. That a run started, how it ended, and
all that it told of assets and checks stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
import sqlalchemy as db

from beaf_dagster.private import SqlEventLogStorage, SqlEventLogStorageTable
from beaf_dagster.sync.prune import sql_storage

#: What these events begin with stays.
_STAYS = ("PIPELINE_", "ASSET_")
#: Looked up at once.
_RUNS = 500


@dataclass(frozen=True, slots=True)
class RunLogs:
    """What runs have left.

    Attributes:
        runs: how many runs.
        rows: how many rows of the event log.
        removed: how many were removed.
    """

    runs: int
    rows: int
    removed: int = 0


def prune_run_logs(
    instance: dg.DagsterInstance, assets: Sequence[dg.AssetKey], days: int, *, apply: bool
) -> RunLogs:
    """Remove the logs of runs that ended so many days ago; without `apply`, count them.

    Only of runs that told of these assets, and of no others.
    """
    sql = sql_storage(instance)
    ids = list(_old_runs(instance, sql, assets, days))
    rows = removed = 0
    for run_id in ids:
        found = _count(sql, run_id)
        rows += found
        removed += _remove(sql, run_id) if apply and found else 0
    return RunLogs(len(ids), rows, removed)


def _old_runs(
    instance: dg.DagsterInstance,
    sql: SqlEventLogStorage,
    assets: Sequence[dg.AssetKey],
    days: int,
) -> Iterator[str]:
    before = datetime.now(UTC) - timedelta(days=days)
    own, others = _runs_of(sql, assets)
    candidates = sorted(own - others)
    for at in range(0, len(candidates), _RUNS):
        chosen = dg.RunsFilter(run_ids=candidates[at : at + _RUNS], updated_before=before)
        yield from (each.run_id for each in instance.get_runs(filters=chosen) if each.is_finished)


def _runs_of(sql: SqlEventLogStorage, assets: Sequence[dg.AssetKey]) -> tuple[set[str], set[str]]:
    """Name the runs that told of these assets, and those that told of others."""
    events = SqlEventLogStorageTable.c
    keys = {each.to_string() for each in assets}
    query = db.select(events.run_id, events.asset_key).where(events.asset_key.is_not(None))
    own: set[str] = set()
    others: set[str] = set()
    with sql.index_connection() as connection:
        for run_id, key in connection.execute(query.distinct()):
            (own if key in keys else others).add(run_id)
    return own - {"", None}, others


def _of_run(run_id: str) -> db.ColumnElement[bool]:
    events = SqlEventLogStorageTable.c
    kind = events.dagster_event_type
    stays = db.or_(*(kind.startswith(each, autoescape=True) for each in _STAYS))
    return db.and_(
        events.run_id == run_id,
        events.asset_key.is_(None),
        db.or_(kind.is_(None), db.not_(stays)),
    )


def _count(sql: SqlEventLogStorage, run_id: str) -> int:
    query = db.select(db.func.count()).select_from(SqlEventLogStorageTable).where(_of_run(run_id))
    with sql.run_connection(run_id) as connection:
        return int(connection.execute(query).scalar_one())


def _remove(sql: SqlEventLogStorage, run_id: str) -> int:
    # SQLite keeps them in a file of the run's own, everything else beside all others.
    with sql.run_connection(run_id) as connection:
        return connection.execute(SqlEventLogStorageTable.delete().where(_of_run(run_id))).rowcount
