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
    from beaf_core.engine.outputs.overlaps import Overlaps
    from beaf_core.model.outputs import Target
    from beaf_core.model.partition import PartitionRun
    from beaf_core.model.run import LaunchRequest

_UNSAFE = re.compile(r"[^\w.=+-]")
#: Lock files of a dataset, pass and universe that its partitions share: as many of them can be
#: computed at once, and a million partitions leave no million files.
_STRIPES = 64


@contextmanager
def locked(request: LaunchRequest, target: Target, partition: PartitionRun) -> Iterator[None]:
    """Hold the lock of a partition of a dataset and pass, while it is settled and computed.

    Other partitions go on beside it. The operating system keeps the lock (flock), so that it ends
    with its holder, however that dies.

    Raises:
        LockedError: another run holds it, and waiting is not wanted, or was in vain.
        ResourceError: the folder of locks cannot be written.
    """
    seconds = request.lock_timeout if request.on_lock == "wait" else 0
    digest = hashlib.sha256(partition.key.encode()).digest()
    path = _path(request, target, partition, str(digest[0] % _STRIPES))
    with _held(path, seconds) as held:
        if not held:
            waited = f"; waited {seconds:g} seconds for it" if request.on_lock == "wait" else ""
            raise LockedError(
                f"another run is writing {target.dataset}, pass {target.pass_name}, "
                f"{partition.key}{waited}",
                remedy="wait until it has ended, or wait longer with --lock_timeout",
            )
        yield


@contextmanager
def publishing(
    request: LaunchRequest, target: Target, partition: PartitionRun, overlaps: Overlaps
) -> Iterator[None]:
    """Let runs of a dataset, pass and universe write one after another.

    What others have written since its outputs were listed is seen: the last to write leaves a mark
    beside the lock.

    Raises:
        LockedError: another run has been writing for longer than a run waits.
        ResourceError: the folder of locks cannot be written.
    """
    path = _path(request, target, partition, "publish")
    with _held(path, request.lock_timeout) as held:
        if not held:
            raise LockedError(
                f"another run has been writing {target.dataset}, pass {target.pass_name}, universe "
                f"{partition.universe.spec}, for {request.lock_timeout:g} seconds",
                remedy="wait until it has ended, or wait longer with --lock_timeout",
            )
        mark = path.with_suffix(".mark")  # taking a lock empties its own file
        overlaps.see(target, mark.read_text() if mark.exists() else "")
        try:
            yield
        finally:
            mark.write_text(overlaps.sign(target))


@contextmanager
def _held(path: Path, seconds: float) -> Iterator[bool]:
    """Hold a lock file; False where it cannot be had in time."""
    from filelock import FileLock, Timeout  # 35 ms

    lock = FileLock(path, timeout=seconds)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        yield False
        return
    except OSError as error:
        raise ResourceError(
            f"the lock {path} cannot be taken: {error.strerror or error}",
            remedy="make the project's folder writable, or make room",
        ) from error
    try:
        yield True
    finally:
        lock.release()


def _path(request: LaunchRequest, target: Target, partition: PartitionRun, part: str) -> Path:
    names = (target.dataset, target.pass_name, partition.universe.spec)
    # Readable, and distinct although what a file's name cannot hold is replaced.
    text = "--".join(_UNSAFE.sub("_", each)[:60] for each in names)
    digest = hashlib.sha256("\0".join(names).encode()).hexdigest()[:8]
    return Path(request.project, ".beaf", "locks", f"{text}--{digest}--{part}.lock")
