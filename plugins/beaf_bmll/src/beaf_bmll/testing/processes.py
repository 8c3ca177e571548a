"""How does a machine end, with all that was started on it?

A process group is not enough: what a script starts as a daemon leaves it. So every process of a
machine is known by a variable of its environment, where the system tells it, as Linux does.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

#: The variable by which processes are known as a machine's.
MARK = "BMLL_EMULATED_MACHINE"


def end_all(machine: str) -> None:
    """Kill every process of a machine, until there is none."""
    while found := list(_processes(machine)):
        for process in found:
            with suppress(ProcessLookupError):  # it ended by itself
                os.kill(process, signal.SIGKILL)


def _processes(machine: str) -> Iterator[int]:
    mark = f"{MARK}={machine}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        # Other people's processes are not ours to read, and some end while we look; a zombie has
        # no environment any more, so that none is found for ever.
        with suppress(OSError):
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name)
