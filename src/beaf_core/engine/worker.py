"""What does a worker process do? It reads tasks, computes them, and answers.

`python -m beaf_core.engine.worker`, started by `process.py`. It compiles for itself from the
request, lives as long as its parent's pipe, and leaves the standard output to the protocol alone.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from polars import DataFrame

    from beaf_core.engine.batches.wire import Answer, PassTask, Task
    from beaf_core.engine.session import Session
    from beaf_core.engine.work import PassWork
    from beaf_core.model.run import LaunchRequest


def main() -> None:
    """Serve the parent until its pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    tasks, answers = _private_channels()
    lines: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_listen, args=(tasks, lines.put), daemon=True).start()
    worker = _Worker()
    while True:
        answers.write(worker.answer(lines.get()).to_line())
        answers.flush()


def _private_channels() -> tuple[TextIO, TextIO]:
    """Take both ends of the protocol away from whatever a plugin prints or reads."""
    tasks = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return tasks, answers


def _listen(tasks: TextIO, heard: Callable[[str], None]) -> None:
    for line in tasks:
        heard(line)
    # The parent is gone, perhaps in the midst of a computation that nobody waits for any more.
    os._exit(0)


@dataclass
class _Worker:
    """Computes tasks; what it prepared for the last one serves the next, where that is alike."""

    _request: LaunchRequest | None = None
    _session: Session | None = None
    _work: dict[PassTask, PassWork] = field(default_factory=dict)

    def answer(self, line: str) -> Answer:
        """Carry out a task, whatever becomes of it."""
        # Half a second of imports: not before the channels are safe from what they may print.
        from beaf_core.engine.batches.memory import peak_resident, resident
        from beaf_core.engine.batches.wire import Answer, Task, describe

        error, differs = None, None
        try:
            differs = self._carry_out(Task.from_line(line))
        except BaseException as raised:  # noqa: BLE001 — whatever it is, the parent tells it
            error = describe(raised)
        return Answer(error, differs, resident(), peak_resident())

    def _carry_out(self, task: Task) -> str | None:
        """Compute a task and store its frames; say why, where it cannot be the parent's task."""
        from beaf_core.engine.batches.recluster import with_inputs
        from beaf_core.engine.batches.wire import digest
        from beaf_core.engine.compiler.compute import compute
        from beaf_core.model.errors import BeafError

        try:
            work = self._prepared(task)
        except BeafError as error:  # the parent could
            return error.message
        for asked, own in zip(task.passes, work, strict=True):
            if digest(own) != asked.digest:
                return f"the declarations, listings or inputs of the pass {asked.name} differ"
        work = [with_inputs(each, task.inputs) for each in work]
        for frame, path in zip(compute(work, task.batch), task.paths, strict=True):
            store(frame, path)
        return None

    def _prepared(self, task: Task) -> list[PassWork]:
        from beaf_core.engine.session import open_session

        if self._session is None or self._request != task.request:
            self._request, self._session = task.request, open_session(task.request)
            self._work = {}
        session = self._session
        self._work = {
            each: self._work.get(each) or prepare_work(session, task.request, each)
            for each in task.passes
        }
        return list(self._work.values())


def store(frame: DataFrame, path: str) -> None:
    """Write a frame for the parent.

    Raises:
        ResourceError: there is no room for it.
    """
    from polars.exceptions import PolarsError

    from beaf_core.model.errors import ResourceError

    try:
        frame.write_ipc(path)
    except (PolarsError, OSError) as error:
        raise ResourceError(
            f"the result of a batch cannot be written to {path}: {error}",
            remedy="make room, or set TEMP_DIR to a folder on another disk",
        ) from error


def prepare_work(session: Session, request: LaunchRequest, asked: PassTask) -> PassWork:
    """Prepare a pass of a task from its request alone, as the parent did."""
    from beaf_core.engine.planning.plans import Planner
    from beaf_core.engine.work import PassWork
    from beaf_core.model.errors import UsageError
    from beaf_core.model.partition import DatePartition, PartitionRun, parse_universe_spec

    resolved = next((each for each in session.pipeline.passes if each.name == asked.name), None)
    if resolved is None:
        raise UsageError(f"there is no pass {asked.name}")
    spec, start, end = asked.partition
    partition = PartitionRun(parse_universe_spec(spec), DatePartition(start, end))
    plans = Planner(session, request).plans(resolved, partition)
    return PassWork(resolved, [each for each in plans if each.day.isoformat() in asked.days])


if __name__ == "__main__":
    main()
