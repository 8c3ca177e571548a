"""How does a daemon run for some hours, and end as if nothing had happened?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from beaf_core import UsageError
from beaf_dagster.homes.home import VARIABLE as HOME
from beaf_dagster.launcher.worker import FAST_EVENTS, PIPELINES

#: How long a daemon may take to end; its code servers and heartbeats want a moment. Whoever looks
#: after us is patient for 30 s, and we have to be there when the daemon has to be made to end.
_GRACE_SECONDS = 25.0


def refuse_second_daemon(home: Path) -> None:
    """Refuse where a daemon is alive over an instance: two would launch everything twice.

    Raises:
        UsageError: one is.
    """
    from beaf_dagster.launcher.daemons import is_live, seconds_since_heartbeat
    from beaf_dagster.sync.instance import opened_instance

    with opened_instance(str(home)) as instance:
        if is_live(instance):
            raise UsageError(
                f"a daemon is alive over {home}: its heart has beaten "
                f"{seconds_since_heartbeat(instance):.0f} s ago, and a second one would launch "
                "every schedule twice",
                remedy="stop that one first (beaf dagster scheduler status); one that was killed "
                "counts as gone after 90 s",
            )


def serving_args(
    home: Path, definitions: Sequence[str], pipeline: Path | None, hours: float
) -> tuple[str, ...]:
    """Write the command that serves: the one that `beaf dagster scheduler` hands to a launcher."""
    loaded = ("--pipeline", str(pipeline)) if pipeline else ("--workspace", definitions[1])
    return (
        *(sys.executable, "-m", "beaf_core", "dagster", "scheduler", "serve", *loaded),
        *("--dagster_home", str(home), "--max_runtime_hours", f"{hours:g}"),
    )


def serve(home: Path, definitions: Sequence[str], pipeline: str | None, seconds: float) -> int:
    """Run `dagster-daemon run` over some definitions for a time; 0 where that time was up.

    Args:
        home: the instance.
        definitions: what it loads: `-w FILE` or `-m MODULE`.
        pipeline: what `beaf_dagster.definitions` loads.
        seconds: how long.

    Returns:
        The exit code.
    """
    variables = {**FAST_EVENTS, **os.environ, HOME: str(home)}
    if pipeline is not None:
        variables[PIPELINES] = pipeline
    asked = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: asked.set())
    daemon = subprocess.Popen(  # noqa: S603 — Dagster's own program, a list of words
        (sys.executable, "-m", "dagster._daemon", "run", *definitions),
        env=variables,
        stdin=subprocess.DEVNULL,
        # In our own group: whoever makes us end makes the daemon end as well.
    )
    waited = 0.0
    while daemon.poll() is None and waited < seconds and not asked.is_set():
        asked.wait(min(0.5, seconds - waited))
        waited += 0.5
    code = daemon.poll()
    if code is None:
        _end(daemon)
        code = 0
    _forget_heartbeats(home)
    return code


def _end(daemon: subprocess.Popen[bytes]) -> None:
    daemon.send_signal(signal.SIGINT)
    try:
        daemon.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()


def _forget_heartbeats(home: Path) -> None:
    """Forget the heartbeats of the daemon that has ended: the next one need not wait for them."""
    from beaf_dagster.sync.instance import opened_instance

    with opened_instance(str(home)) as instance:
        instance.wipe_daemon_heartbeats()
