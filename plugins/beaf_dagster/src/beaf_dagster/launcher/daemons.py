"""Is a daemon alive over an instance? Two would launch every schedule twice."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg

#: A daemon writes its heartbeat every 30 seconds; after three that are missing it is gone.
LIVE_SECONDS = 90.0


def seconds_since_heartbeat(instance: dg.DagsterInstance) -> float | None:
    """Say how long ago a daemon's heart has beaten; None if none ever has."""
    beats = [each.timestamp for each in instance.get_daemon_heartbeats().values()]
    return time.time() - max(beats) if beats else None


def is_live(instance: dg.DagsterInstance) -> bool:
    """Say whether a daemon is alive."""
    since = seconds_since_heartbeat(instance)
    return since is not None and since < LIVE_SECONDS
