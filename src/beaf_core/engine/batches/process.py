"""How is one worker process started, asked, and ended?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import IO

from beaf_core.engine.batches.wire import Answer, Task
from beaf_core.model.errors import ResourceError

COMMAND = (sys.executable, "-m", "beaf_core.engine.worker")
THREADS = "POLARS_MAX_THREADS"
#: From the end of a process's pipe to its own; to write a core of many GB takes seconds.
SECONDS_TO_DIE = 30


class WorkerDiedError(Exception):
    """A worker ended in the midst of a task."""


class WorkerProcess:
    """A process that computes one task after another, and ends when its pipe is closed.

    Args:
        threads: how many threads polars may use in it.
    """

    def __init__(self, threads: int) -> None:
        environment: Mapping[str, str] = {**os.environ, THREADS: str(threads)}
        try:
            # A new interpreter: a fork after polars has used its threads hangs.
            self._process = subprocess.Popen(  # noqa: S603 — our own interpreter and module
                COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
                encoding="utf-8",
            )
        except OSError as error:
            raise ResourceError(
                f"no worker process can be started: {error.strerror or error}",
                remedy="lower NUM_WORKERS; 0 computes in the run's own process",
            ) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._tasks: IO[str] = self._process.stdin
        self._answers: IO[str] = self._process.stdout

    def ask(self, task: Task) -> Answer:
        """Have a task computed, and wait for it.

        Raises:
            WorkerDiedError: how the worker ended.
        """
        try:
            self._tasks.write(task.to_line())
            self._tasks.flush()
            line = self._answers.readline()
        except (OSError, ValueError):  # the pipe is broken, or closed by `end`
            line = ""
        if not line.endswith("\n"):
            raise WorkerDiedError(_ending(self._code()))
        return Answer.from_line(line)

    def _code(self) -> int:
        try:
            return self._process.wait(SECONDS_TO_DIE)
        except subprocess.TimeoutExpired:  # it has only closed its pipe
            self._process.kill()
            return self._process.wait()

    def end(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._tasks, self._answers):
            try:
                pipe.close()
            except OSError:  # what was not sent any more
                continue


def _ending(code: int) -> str:
    if code == -signal.SIGKILL:
        return "it was killed, perhaps since memory ran out"
    if code == -signal.SIGABRT:
        return "it aborted, perhaps since memory ran out"
    return f"it ended by signal {-code}" if code < 0 else f"it ended with code {code}"


def cores() -> int:
    """Count the processors that this process may use; POLARS_MAX_THREADS may say fewer."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    there = len(affinity(0)) if affinity else os.cpu_count() or 1
    wished = os.environ.get(THREADS, "")
    return min(there, max(int(wished), 1)) if wished.isdecimal() else there
