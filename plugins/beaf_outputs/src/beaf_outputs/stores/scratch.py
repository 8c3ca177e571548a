"""Where is a file made that then goes elsewhere, and who tidies up after a killed process?"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from beaf_outputs.stores.local import told
from beaf_outputs.stores.locks import held

_PREFIX = "beaf-staged-"
#: A younger folder may belong to a process that has not locked it yet.
_SECONDS = 60.0


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder of one's own below the temporary one, and remove it at the end.

    It is locked meanwhile. The operating system ends the lock with its holder, so that what killed
    processes left is told from what others still use, and is removed by the next one.

    Raises:
        ResourceError: the temporary folder cannot be written.
    """
    try:
        _sweep()
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise told(error, tempfile.gettempdir(), "written") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


@contextmanager
def scratch_lock(name: str) -> Iterator[None]:
    """Hold a lock that processes of this user and machine share.

    Raises:
        ResourceError: the temporary folder cannot be written.
    """
    folder = Path(tempfile.gettempdir(), f"beaf-locks-{os.getuid()}")
    with ExitStack() as stack:
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            digest = hashlib.sha256(name.encode()).hexdigest()[:16]
            stack.enter_context(held(folder / f"{digest}.lock"))
        except OSError as error:
            raise told(error, str(folder), "locked") from error
        yield


def _sweep() -> None:
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(FileNotFoundError):  # another process sweeps, too
            stat = left.stat()
            if stat.st_uid == os.getuid() and time.time() - stat.st_mtime > _SECONDS:
                _remove_if_left(left)


def _remove_if_left(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # its owner lives
    else:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(handle)
