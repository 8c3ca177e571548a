"""Does a sync that is killed, really and at any moment, lose or double nothing?"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest
from tests.event_logs import (
    definition,
    events_of,
    instance_of,
    partitions,
    postgres_home,
    sqlite_home,
    tags_of,
)
from tests.postgres import PostgresServer

from beaf_dagster import get_and_update_asset_status_cache_value
from beaf_dagster.sync.listing import Listing
from beaf_dagster.sync.run import Choices, synchronize
from beaf_dagster.sync.writers.choose import WriterName

pytestmark = pytest.mark.soak

COUNT = 4_000
ASSET = dg.AssetKey(["sync", "killed"])

# The program that is killed: it says when it begins to write.
_PROGRAM = """
import sys
from tests.event_logs import instance_of
from test_dagster_sync_kills import synced
with instance_of(sys.argv[1]) as instance:
    print("begins", flush=True)
    synced(instance, sys.argv[2])
"""


def synced(instance: dg.DagsterInstance, writer: str) -> int:
    """Tell of all partitions, some at once; how many events that took."""
    listing = Listing(ASSET, definition(), ("date", "universe"), "outputs", partitions(COUNT))
    choices = Choices(writer=WriterName(writer), batch_size=150)
    return sum(each.written for each in synchronize(instance, [listing], choices, print))


def _killed_after(home: Path, writer: str, seconds: float) -> bool:
    """Kill a sync; False where it had ended by itself."""
    root = Path(__file__).parents[4]
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(home), writer],
        env={**os.environ, "PYTHONPATH": f"{root}:{Path(__file__).parent}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begins\n"
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("writer", ["batch", "transaction", "copy"])
def test_syncs_that_are_killed_add_up_on_postgresql(
    dagster_postgres: PostgresServer, tmp_path: Path, writer: str
) -> None:
    home = postgres_home(tmp_path, dagster_postgres.create_database())
    _check(home, writer)


def test_syncs_that_are_killed_add_up_on_sqlite(tmp_path: Path) -> None:
    _check(sqlite_home(tmp_path), "transaction")


def _check(home: Path, writer: str) -> None:
    chance = random.Random(writer)
    kills = 0
    for _ in range(5):
        kills += _killed_after(home, writer, chance.uniform(0.05, 1.2))
    assert kills
    with instance_of(home) as instance:
        synced(instance, writer)
        assert synced(instance, writer) == 0
        assert len(events_of(instance, ASSET)) == COUNT
        assert len(tags_of(instance, ASSET)) == 3 * COUNT
        counted = get_and_update_asset_status_cache_value(instance, ASSET, definition())
        assert counted is not None
        subset = counted.deserialize_materialized_partition_subsets(definition())
        assert len(subset) == COUNT
