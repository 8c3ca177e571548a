"""How do two runs at once stay out of each other's outputs?"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from beaf_core.model.errors import LockedError, ResourceError

if TYPE_CHECKING:
    from beaf_core.model.partition import PartitionRun
    from beaf_core.model.run import LaunchRequest, Target

_UNSAFE = re.compile(r"[^\w.=+-]")


@contextmanager
def locked(request: LaunchRequest, target: Target, partition: PartitionRun) -> Iterator[None]:
    """Hold the one lock of a dataset, pass and universe.

    The operating system keeps it (flock), so that it ends with its holder, however that dies.

    Raises:
        LockedError: another run holds it, and waiting is not wanted, or was in vain.
        ResourceError: the folder of locks cannot be written.
    """
    from filelock import FileLock, Timeout  # 35 ms

    path = _path(request, target, partition)
    seconds = request.lock_timeout if request.on_lock == "wait" else 0
    lock = FileLock(path, timeout=seconds)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        waited = f"; waited {seconds:g} seconds for it" if request.on_lock == "wait" else ""
        raise LockedError(
            f"another run is writing {target.dataset}, pass {target.pass_name}, "
            f"universe {partition.universe.spec}{waited}",
            remedy="wait until it has ended, or wait longer with --lock_timeout",
        ) from None
    except OSError as error:
        raise ResourceError(
            f"the lock {path} cannot be taken: {error.strerror or error}",
            remedy="make the project's folder writable, or make room",
        ) from error
    try:
        yield
    finally:
        lock.release()


def _path(request: LaunchRequest, target: Target, partition: PartitionRun) -> Path:
    names = (target.dataset, target.pass_name, partition.universe.spec)
    # Readable, and distinct although what a file's name cannot hold is replaced.
    text = "--".join(_UNSAFE.sub("_", each)[:60] for each in names)
    digest = hashlib.sha256("\0".join(names).encode()).hexdigest()[:8]
    return Path(request.project, ".beaf", "locks", f"{text}--{digest}.lock")
