"""What has a run said, each line once, and what has it said since?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from beaf_bmll.gateway import JobGateway, JobRun, LogKind, LogLine
from beaf_bmll.sdk.wire import time_of

#: The path of each kind of log below a run.
PATHS: dict[LogKind, str] = {"general": "logs", "stream": "stream"}
# Guess: a line can be read at most so long after the time that it bears.
_LATE = timedelta(minutes=2)
# Clocks differ.
# Guess: a window may end in the future, as it does in the vendor's own examples.
_AHEAD = timedelta(hours=1)
#: How far back to look where the states of a run tell no time.
_BEFORE = timedelta(days=7)


def window(run: JobRun, start: datetime | None, end: datetime | None) -> tuple[str, str]:
    """Say from when to when: since the run began, where nobody says; the vendor's is today's."""
    now = datetime.now(UTC)
    known = [at for _, at in run.states]
    first = start or min(known, default=now - _BEFORE)
    last = end or max([now, *known]) + _AHEAD
    return _told(first), _told(last + timedelta(seconds=1))


def line_of(event: Any) -> LogLine:
    """Read one event.

    Raises:
        ValueError: it has another shape.
    """
    # Guess: {"timestamp": milliseconds or ISO text, "message": text, …}
    if not isinstance(event, Mapping) or "message" not in event or "timestamp" not in event:
        raise ValueError(f"an event of a log without timestamp and message: {_short(event)}")
    at = event["timestamp"]
    time = time_of(at) if isinstance(at, str) else datetime.fromtimestamp(at / 1000, UTC)
    return LogLine(time, str(event["message"]).rstrip("\r\n"))


class Follower:
    """Reads on where it stopped: what is late is found, and no line is told twice.

    Equal lines of equal time are told as often as they are there.
    """

    def __init__(self, gateway: JobGateway, run: JobRun, kind: LogKind = "stream") -> None:
        self._gateway, self._run, self._kind = gateway, run, kind
        self._told: Counter[LogLine] = Counter()
        self._newest: datetime | None = None

    def new_lines(self) -> Iterator[LogLine]:
        """Read what has come since the last time, oldest first."""
        yield from self._unseen(self._newest - _LATE if self._newest else None)

    def rest(self) -> Iterator[LogLine]:
        """Read the whole once more, when the run has ended, and give what is still untold."""
        yield from self._unseen(None)

    def _unseen(self, start: datetime | None) -> Iterator[LogLine]:
        seen: Counter[LogLine] = Counter()
        for line in self._gateway.logs(self._run, self._kind, start):
            seen[line] += 1
            if seen[line] > self._told[line]:
                self._told[line] += 1
                self._newest = max(line.at, self._newest or line.at)
                yield line


def _told(at: datetime) -> str:
    """Write a time as the vendor's client does."""
    # Guess: it is read as UTC.
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _short(event: Any) -> str:
    return json.dumps(event, default=str)[:80]
