"""Who may count machines and submit? One process at a time; the system frees what a dead one held.

The file stays when its holder is gone, and says nothing: the lock is the system's, not the file.
`filelock` is of no use here: where a file system has no locks, it takes the file itself for one,
and a killed submitter would stop all others for good.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beaf_bmll.submit.clock import Clock
from beaf_core import LockedError, ResourceError

_FILE = "submit.lock"
_POLL_SECONDS = 0.1
#: How a file system says that it has no locks.
_NONE = {errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK, errno.EINVAL}


@contextmanager
def one_at_a_time(folder: Path, timeout: float, clock: Clock) -> Iterator[None]:
    """Hold the lock of a folder's submissions.

    Where the folder's file system has no locks, submitters of this machine lock a file of its own;
    those of other machines are kept apart by counting again once a run has started.

    Raises:
        LockedError: another process has held it for all of that time.
        ResourceError: the folder cannot be written.
    """
    # Guess: whether the areas' file system has locks, and whether they hold between machines.
    handle = _lockable(folder)
    try:
        _take(handle, folder, timeout, clock)
        yield
    finally:
        os.close(handle)  # the system takes the lock back, as it does where a process dies


def _lockable(folder: Path) -> int:
    handle = _open(folder / _FILE)
    if _has_locks(handle):
        return handle
    os.close(handle)
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return _open(Path(tempfile.gettempdir(), f"beaf-bmll-{os.getuid()}-{name}.lock"))


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ResourceError(
            f"the lock {path} cannot be made: {error.strerror or error}",
            remedy="see who may write there, or set BMLL_JOBS.jobs_dir",
        ) from error


def _has_locks(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_UN)  # gives back what nobody holds, and disturbs nobody
    except OSError as error:
        if error.errno in _NONE:
            return False
        raise
    return True


def _take(handle: int, folder: Path, timeout: float, clock: Clock) -> None:
    for _ in clock.deadline(timeout).pauses(_POLL_SECONDS, _POLL_SECONDS):
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
    raise LockedError(
        f"another process has been submitting for {timeout:g} s: it holds {folder / _FILE}",
        remedy="wait for it, or see which process has that file open",
    )
