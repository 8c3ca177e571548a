"""What has this process used so far: processor, time, memory?"""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass

_MAXRSS_UNIT = 1024  # Linux counts in KiB


@dataclass(frozen=True, slots=True)
class Reading:
    """Seconds of processor, user and system, and of the wall clock."""

    cpu: float
    wall: float

    def since(self, earlier: Reading) -> Reading:
        """Return what has passed."""
        return Reading(self.cpu - earlier.cpu, self.wall - earlier.wall)


def read_clock() -> Reading:
    """Read the clocks of this process."""
    return Reading(_cpu(resource.RUSAGE_SELF), time.perf_counter())


def children_cpu() -> float:
    """Return the seconds of processor of all children that have ended: till then none counts."""
    return _cpu(resource.RUSAGE_CHILDREN)


def _cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def peak_memory() -> int:
    """Return the most bytes that this process, or one of its ended children, held at once."""
    whom = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(who).ru_maxrss for who in whom) * _MAXRSS_UNIT
