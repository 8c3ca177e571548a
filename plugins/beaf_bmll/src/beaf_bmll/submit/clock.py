"""What time is it, how long is left, and how long do we wait before we look again?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, as far as submissions need it; tests bring their own."""

    now: Callable[[], datetime] = _now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def deadline(self, seconds: float) -> Deadline:
        """Begin to count down."""
        return Deadline(self, self.monotonic() + seconds, seconds)


@dataclass(frozen=True, slots=True)
class Deadline:
    """When something must have happened."""

    clock: Clock
    at: float = field(repr=False)
    seconds: float

    @property
    def left(self) -> float:
        """Seconds that are left; never less than none."""
        return max(0.0, self.at - self.clock.monotonic())

    @property
    def passed(self) -> bool:
        """Whether none are left."""
        return not self.left

    def pauses(self, first: float, longest: float) -> Iterator[None]:
        """Give one turn at once, then others after ever longer pauses, until the time is up.

        The last turn comes when the time is up, so that what happened meanwhile is seen.
        """
        pause = first
        yield
        while not self.passed:
            self.clock.sleep(min(pause, self.left))
            pause = min(2 * pause, longest)
            yield
