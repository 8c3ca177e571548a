"""What does a child of the crew do? Write, until it is done or dead."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from beaf_core import BeafError
from tests.outputs.places import Place, write


def write_some(
    place: Mapping[str, Any],
    journal: str,
    versions: Sequence[tuple[int, int]],
    height: int = 3000,
    deadly: tuple[str, int] | None = None,
    count: str | None = None,
    limit: int | None = None,
    start_at: float | None = None,
) -> int:
    """Write versions of partitions one after another, and keep a journal of it.

    Args:
        place: as `Place.to_json` renders it.
        journal: a file that says what was begun and what was done.
        versions: pairs of a partition's number and a version.
        height: about how many rows each has.
        deadly: the step to die before, and at which of its occurrences.
        count: a file that all steps are counted in.
        limit: bytes that no file may grow beyond, as on a full disk.
        start_at: when to begin, by `time.time`, so that many begin at once.

    Returns:
        0, or the exit code of what BEAF told.
    """
    there = Place.from_json(place)
    if limit is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    log = os.open(journal, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    steps: Counter[str] = Counter()
    if deadly or count:
        sys.setprofile(_watch(steps, *(deadly or (None, 0))))
    if start_at is not None:
        time.sleep(max(0.0, start_at - time.time()))
    try:
        for number, version in versions:
            os.write(log, f"begun {number} {version}\n".encode())
            write(there, number, version, height=height)
            os.write(log, f"done {number} {version}\n".encode())
    except BeafError as error:
        sys.setprofile(None)
        print(error)
        return int(error.exit_code)
    sys.setprofile(None)
    if count:
        Path(count).write_text(json.dumps(steps))
    return 0


def _watch(
    steps: Counter[str], deadly: str | None, occurrence: int
) -> Callable[[FrameType, str, Any], None]:
    """Count the steps of the outputs' own code: all that it calls, before and after the call."""

    def step(frame: FrameType, event: str, _argument: Any) -> None:
        acting: FrameType | None = frame
        if "beaf_outputs" not in frame.f_code.co_filename:
            acting = frame.f_back if event in {"call", "return"} else None
            if acting is None or "beaf_outputs" not in acting.f_code.co_filename:
                return
        name = f"{Path(acting.f_code.co_filename).name}:{acting.f_lineno}:{event}"
        steps[name] += 1
        if name == deadly and steps[name] == occurrence:
            os.kill(os.getpid(), signal.SIGKILL)

    return step
