"""What has this process used so far: processor, time, memory?"""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass

_MAXRSS_UNIT = 1024  # Linux counts in KiB


@dataclass(frozen=True, slots=True)
class Reading:
    """Seconds of processor (user and system, own and of ended children) and of the wall clock."""

    cpu: float
    wall: float

    def since(self, earlier: Reading) -> Reading:
        """Return what has passed."""
        return Reading(self.cpu - earlier.cpu, self.wall - earlier.wall)


def read_clock() -> Reading:
    """Read the clocks of this process."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Reading(sum(each.ru_utime + each.ru_stime for each in used), time.perf_counter())


def peak_memory() -> int:
    """Return the most bytes that this process, or one of its ended children, held at once."""
    whom = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(who).ru_maxrss for who in whom) * _MAXRSS_UNIT
