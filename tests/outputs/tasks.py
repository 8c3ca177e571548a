"""What does a child of the crew do? Write, until it is done or dead."""

from __future__ import annotations

import json
import os
import resource
import runpy
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from tests.outputs.places import Place, now, write
from tests.outputs.standing import names

from beaf_core import BeafError

#: Whose steps are watched.
OWN = "beaf_outputs/src/"
#: A step of a writer: where in the code, and which of its occurrences.
Step = tuple[str, int]


def write_some(
    place: Mapping[str, Any],
    journal: str,
    versions: Sequence[tuple[int, int]],
    height: int = 3000,
    deadly: Step | None = None,
    count: str | None = None,
    limit: int | None = None,
    fatal: bool = False,
    start_at: float | None = None,
) -> int:
    """Write versions of partitions one after another, and keep a journal of it.

    Args:
        place: as `Place.to_json` renders it.
        journal: a file that says what was begun and what was done.
        versions: pairs of a partition's number and a version.
        height: about how many rows each has.
        deadly: the step to die before.
        count: a file that all steps are told in.
        limit: bytes that no file may grow beyond, as on a full disk.
        fatal: whether to die of it.
        start_at: when to begin, by `time.time`, so that many begin at once.

    Returns:
        0, or the exit code of what BEAF told.
    """
    there = Place.from_json(place)
    if limit is not None:
        _limit_files(limit, fatal)
    log = os.open(journal, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    states: list[list[Step]] = []
    if count:
        sys.setprofile(_watch(_telling(there, states)))
    elif deadly:
        sys.setprofile(_watch(_dying(deadly)))
    if start_at is not None:
        time.sleep(max(0.0, start_at - time.time()))
    since = now()
    try:
        for number, version in versions:
            os.write(log, f"begun {number} {version}\n".encode())
            write(there, number, version, height, since)
            os.write(log, f"done {number} {version}\n".encode())
    except BeafError as error:
        sys.setprofile(None)
        print(error)
        return int(error.exit_code)
    sys.setprofile(None)
    if count:
        Path(count).write_text(json.dumps(states))
    return 0


def run_program(path: str, arguments: Sequence[str], limit: int | None = None) -> int:
    """Run a file as a program with these arguments; what it costs to import is spared.

    Args:
        path: the file.
        arguments: those that follow its name.
        limit: bytes that no file may grow beyond, as on a full disk.

    Returns:
        0, or the exit code of what BEAF told.
    """
    if limit is not None:
        _limit_files(limit, fatal=False)
    sys.argv = [path, *arguments]
    try:
        runpy.run_path(path, run_name="__main__")
    except BeafError as error:
        print(error)
        return int(error.exit_code)
    return 0


def _limit_files(limit: int, fatal: bool) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL if fatal else signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _watch(hear: Callable[[Step], None]) -> Callable[[FrameType, str, Any], None]:
    """Tell of every step of the outputs' own code: all that it calls, before and after the call."""
    seen: Counter[str] = Counter()

    def step(frame: FrameType, event: str, _argument: Any) -> None:
        acting: FrameType | None = frame
        if OWN not in frame.f_code.co_filename:
            acting = frame.f_back if event in {"call", "return"} else None
            if acting is None or OWN not in acting.f_code.co_filename:
                return
        path = acting.f_code.co_filename.partition(OWN)[2]
        name = f"{path}:{acting.f_lineno}:{event}"
        seen[name] += 1
        hear((name, seen[name]))

    return step


def _dying(deadly: Step) -> Callable[[Step], None]:
    wanted = tuple(deadly)

    def hear(step: Step) -> None:
        if step == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    return hear


def _telling(place: Place, states: list[list[Step]]) -> Callable[[Step], None]:
    """Gather steps by what stands at the place while they are taken."""
    last: list[Any] = [None, 0.0]

    def hear(step: Step) -> None:
        # A server is asked again only where there was time for a request to it.
        if not states or place.is_local or time.perf_counter() - last[1] > 0.0005:
            found = names(place)
            if found != last[0]:
                last[0] = found
                states.append([])
        states[-1].append(step)
        last[1] = time.perf_counter()

    return hear
