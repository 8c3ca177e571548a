"""When is a transaction done again, and how often was it?

A connection that breaks takes its transaction along, so nothing of it is there. A server that
restarts is back within seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from beaf_outputs.stores.retries import repeated_until_answered

Answer = TypeVar("Answer")


def repeated(step: Callable[[], Answer]) -> tuple[Answer, int]:
    """Do a step until it is not lost; what it answers, and how often it was done again."""
    repeats = 0

    def count() -> None:
        nonlocal repeats
        repeats += 1

    # A server that restarts needs some seconds, so the pauses grow to as many.
    answer = repeated_until_answered(step, count, first_pause=0.2)
    return answer, repeats
