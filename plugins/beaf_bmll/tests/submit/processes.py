"""Submitters in processes of their own, with the vendor's package: a crowd, or victims.

python -m plugins.beaf_bmll.tests.submit.processes crowd|victims FOLDER NAME NUMBER

The package takes seconds to import: one process does it, and forks.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plugins.beaf_bmll.tests.submit.compute import submission

from beaf_bmll.config import Config
from beaf_bmll.errors import CapReachedError
from beaf_bmll.sdk import connect
from beaf_bmll.submit import Ledger, Submitter

CONFIG = Config(lab_org_id="emulated", http_timeout=10.0)
CAP = 3
_CALLS = ("create_job", "update_job", "execute", "jobs", "runs_of", "active_runs", "get_job")


def crowd(folder: Path, name: str, number: int) -> None:
    """Let many submit at once; write what became of each."""
    starts, start = os.pipe()
    children = []
    for each in range(number):
        if (child := os.fork()) == 0:
            os.close(start)
            os.read(starts, 1)  # until the parent has closed its end: all at once
            _say(folder / f"{name}-{each}.txt", _refused_or_started(folder, f"{name} {each}"))
            os._exit(0)
        children.append(child)
    os.close(start)
    assert [os.waitpid(each, 0)[1] for each in children] == [0] * number


def victims(folder: Path, name: str, number: int) -> None:
    """Kill a submitter at its first event, another one at its second, until one comes through."""
    for nth in range(1, number):
        if (child := os.fork()) == 0:
            gateway = connect(CONFIG)
            _kill_at(gateway, nth, folder / f"{name}-{nth}.txt")
            Submitter(gateway, CONFIG, folder).submit(submission(f"{name} {nth}"))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status == 0:
            return
        assert os.WTERMSIG(status) == signal.SIGKILL, status
    raise AssertionError("no submitter came through")


def _refused_or_started(folder: Path, name: str) -> str:
    try:
        Submitter(connect(CONFIG), CONFIG, folder).submit(submission(name, cap=CAP))
    except CapReachedError:
        return "refused"
    return "started"


def _kill_at(gateway: Any, nth: int, death: Path) -> None:
    left = [nth]

    def tick(what: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            _say(death, what)
            os.kill(os.getpid(), signal.SIGKILL)

    def around(what: str, deed: Callable[..., Any]) -> Callable[..., Any]:
        def mortal(*given: Any, **named: Any) -> Any:
            tick(f"before {what}")
            done = deed(*given, **named)
            done = iter(list(done)) if what in ("jobs", "active_runs") else done
            tick(f"after {what}")
            return done

        return mortal

    for call in _CALLS:
        setattr(gateway, call, around(call, getattr(gateway, call)))
    setattr(Ledger, "write", around("a page", Ledger.write))  # noqa: B010  # mypy: a method


def _say(path: Path, what: str) -> None:
    path.write_text(what, encoding="utf-8")


if __name__ == "__main__":
    import bmll  # noqa: F401  # before the forks

    {"crowd": crowd, "victims": victims}[sys.argv[1]](
        Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    )
