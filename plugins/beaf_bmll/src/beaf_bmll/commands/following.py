"""How is a run followed to its end: its log as it comes, and how it stands?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from beaf_bmll.commands.finding import Found, find
from beaf_bmll.commands.service import Service
from beaf_bmll.commands.standing import Standing, standing_of
from beaf_bmll.errors import BMLLError
from beaf_core import redact_text

if TYPE_CHECKING:
    from beaf_bmll.gateway import LogKind, LogLine

#: So many answers in a row may fail before we stop asking after a run; it goes on all the same.
_PATIENCE = 10


def follow_run(
    found: Found, service: Service, say: Callable[[str], object], kind: LogKind = "stream"
) -> Standing:
    """Say each line of a run's log as it comes, until it has ended, and how.

    Raises:
        BMLLError: the vendor does not answer for long; the run goes on.
    """
    from beaf_bmll.commands.log_files import kept_lines
    from beaf_bmll.sdk import Follower

    found = _listed(found, service)
    if found.run is None:
        for line in kept_lines(found, service, kind):
            say(line)
        return standing_of(found, service)
    follower = Follower(service.gateway, found.run, kind)
    standing = wait_for(found, service, lambda: _say(follower.new_lines(), say))
    _say(follower.rest(), say)
    return standing


def wait_for(
    found: Found, service: Service, meanwhile: Callable[[], object] = lambda: None
) -> Standing:
    """Wait until a run has ended, and say how.

    Args:
        found: the run.
        service: who knows of it.
        meanwhile: what is done each time before it is asked after.

    Raises:
        BMLLError: the vendor does not answer for long; the run goes on.
    """
    faults = 0
    while True:
        try:
            meanwhile()
            standing = standing_of(found, service)
            if not standing.goes_on:
                return standing
            faults = 0
        except BMLLError as error:
            faults += 1
            if not error.retryable or faults == _PATIENCE:
                raise
        time.sleep(service.config.poll_seconds)
        found = _again(found, service)


def _listed(found: Found, service: Service) -> Found:
    """Wait until the vendor lists a run that was started this moment; what has ended is no such."""
    while found.run is None and standing_of(found, service).goes_on:
        time.sleep(service.config.poll_seconds)
        found = _again(found, service)
    return found


def _again(found: Found, service: Service) -> Found:
    return find(found.run_id, service)


def _say(lines: Iterable[LogLine], say: Callable[[str], object]) -> None:
    for line in lines:
        say(redact_text(line.text))
