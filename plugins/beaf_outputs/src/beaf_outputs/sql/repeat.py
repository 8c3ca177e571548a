"""When is a transaction done again, and for how long?

A connection that breaks takes its transaction along, so nothing of it is there. A server that
restarts is back within seconds.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import stamina

from beaf_outputs.sql.drivers.faults import LostError

ATTEMPTS = 6
SECONDS = 45.0

# Repetitions are told once, by their number: without a handler, each would be a line on stderr.
logging.getLogger("stamina").addHandler(logging.NullHandler())

Answer = TypeVar("Answer")


def repeated(step: Callable[[], Answer]) -> tuple[Answer, int]:
    """Do a step until it is not lost; what it answers, and how often it was done again."""
    number = 0
    for attempt in stamina.retry_context(
        on=LostError, attempts=ATTEMPTS, timeout=SECONDS, wait_initial=0.2, wait_max=5.0
    ):
        with attempt:
            number = attempt.num
            answer = step()
    return answer, number - 1
