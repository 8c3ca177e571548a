"""Which refusals of a server pass by themselves, and how long is it asked again?"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import stamina

Answer = TypeVar("Answer")

ATTEMPTS = 6
#: After this many seconds a server is not asked again.
SECONDS = 45.0

# Retries are told once, by their number: without a handler, each would be a line on stderr.
logging.getLogger("stamina").addHandler(logging.NullHandler())


class PassingError(Exception):
    """A refusal that may pass: the server is busy, or cannot be reached at the moment."""


def repeated_until_answered(
    request: Callable[[], Answer],
    on_repeat: Callable[[], None],
    *,
    attempts: int = ATTEMPTS,
    seconds: float = SECONDS,
    first_pause: float = 0.1,
    longest_pause: float = 5.0,
) -> Answer:
    """Send a request again while it raises `PassingError`, after pauses that grow, with jitter.

    Args:
        request: what to do; done twice, it must come to the same.
        on_repeat: called before each repetition.
        attempts: how many, with the first.
        seconds: after which no further one begins.
        first_pause: in seconds.
        longest_pause: in seconds.

    Raises:
        PassingError: the last one, where the server has not come round in time.
    """
    for attempt in stamina.retry_context(
        on=PassingError,
        attempts=attempts,
        timeout=seconds,
        wait_initial=first_pause,
        wait_max=longest_pause,
        wait_jitter=10 * first_pause,
    ):
        with attempt:
            if attempt.num > 1:
                on_repeat()
            return request()
    raise AssertionError("stamina raises the last error itself")
